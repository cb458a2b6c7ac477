/** Credentials as the SDK knows them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** What provides them. */
export type CredentialsProvider = () => Promise<AwsCredentials>;

/** Credentials are renewed this long before they end, so that a write does not run out of them. */
const RENEW_BEFORE = 5 * 60_000;

/** Asks once and keeps the answer until shortly before it ends. Clients do the same, but each for itself: many clients, many calls to STS. */
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
