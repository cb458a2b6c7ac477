/** Credentials as the SDK knows them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** A provider of credentials. */
export type CredentialsProvider = () => Promise<AwsCredentials>;

/** Credentials are renewed this long before they expire, so that none expire during a write. */
const RENEW_BEFORE = 5 * 60_000;

/**
 * Requests credentials once and caches them until shortly before they expire. Clients do the same, but each on its own, so many clients would mean many calls
 * to STS.
 */
export function renewing<T>(ask: () => Promise<T>, ends: (answer: T) => Date | undefined): () => Promise<T> {
  let current: Promise<T> | null = null;
  let until = Number.POSITIVE_INFINITY;
  return async () => {
    if (current === null || Date.now() >= until) {
      until = Number.POSITIVE_INFINITY;
      const asked = ask();
      current = asked;
      asked.then(
        (answer) => {
          const expiration = ends(answer);
          if (current === asked && expiration !== undefined) until = expiration.getTime() - RENEW_BEFORE;
        },
        () => {
          if (current === asked) current = null;
        },
      );
    }
    return current;
  };
}
