import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { type Connect, type Connection, type ConnectTarget, classifyAwsError, type Identity, messageOf, RedressError } from '@redress/core';
import { temporaryCredentials } from './assume-role.js';
import { sessionNameOf } from './session-name.js';

/** Credentials as the SDK knows them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** What {@link connectAws} takes; everything has a default. */
export interface ConnectAwsOptions {
  /** Endpoint of every service, for an emulator: `http://127.0.0.1:5000`. Default: AWS. */
  readonly endpoint?: string;
  /** Profile of the shared configuration files. Default: what the SDK's own chain finds. */
  readonly profile?: string;
  /** Credentials, or what provides them, instead of the SDK's own chain. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
  /**
   * The role to assume for a target; undefined: none, the ambient credentials are used as they are. Without this option they are used for
   * every target, and the gate refuses every account but their own.
   */
  readonly roleArn?: (target: ConnectTarget) => string | undefined;
  /** External id that the roles ask for. */
  readonly externalId?: string | ((target: ConnectTarget) => string | undefined);
  /** Session name of assumed roles, which CloudTrail shows with each call. Default: `redress-<access>`. */
  readonly sessionName?: string | ((target: ConnectTarget) => string);
  /** Connections that are open at a time, per client. Default 16. */
  readonly maxSockets?: number;
}

type CredentialsProvider = () => Promise<AwsCredentials>;

/** Credentials are renewed this long before they end, so that a write does not run out of them. */
const RENEW_BEFORE = 5 * 60_000;

/**
 * Connects to AWS: configuration for SDK clients, and who the credentials are.
 *
 * @example connectAws()
 * @example connectAws({ roleArn: ({ account, access }) => `arn:aws:iam::${account}:role/redress-${access}`, externalId: 'o-abc' })
 */
export function connectAws(options: ConnectAwsOptions = {}): Connect {
  const { endpoint, profile } = options;
  // One provider for all: made here, it reads files and metadata once, not once per client.
  const ambient: CredentialsProvider = renewing(provider(options.credentials) ?? defaultProvider(profile === undefined ? {} : { profile }));
  const shared = {
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          // An emulator has one host name for all buckets, and not every one knows the checksums that newer SDKs send unasked.
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
    requestHandler: {
      httpAgent: { keepAlive: true, maxSockets: options.maxSockets ?? 16 },
      httpsAgent: { keepAlive: true, maxSockets: options.maxSockets ?? 16 },
      connectionTimeout: 3000,
      requestTimeout: 30_000,
      // Else it is only a warning, and a read that hangs holds a lease until its end.
      throwOnRequestTimeout: true,
    },
  } as const;

  return async (target): Promise<Connection> => {
    const role = options.roleArn?.(target);
    const credentials = role === undefined ? ambient : assumed(role, target, ambient, shared, options);
    const config = { region: target.region, credentials, ...shared };
    let reading: Promise<Identity> | null = null;
    return {
      config,
      identity() {
        if (reading === null) {
          reading = callerIdentity(config);
          // A failed read is not kept: the next pass asks again.
          reading.catch(() => {
            reading = null;
          });
        }
        return reading;
      },
    };
  };
}

async function callerIdentity(config: { region: string; credentials: CredentialsProvider }): Promise<Identity> {
  const client = new STSClient({ ...config, maxAttempts: 3 });
  try {
    const { Account: account, Arn: arn } = await client.send(new GetCallerIdentityCommand({}));
    if (account === undefined || arn === undefined) throw new RedressError('aws/unknown', 'sts:GetCallerIdentity did not say whose the credentials are.');
    return { account, arn };
  } catch (error) {
    if (error instanceof RedressError) throw error;
    throw identityError(error);
  } finally {
    client.destroy();
  }
}

function identityError(error: unknown): RedressError {
  const failure = classifyAwsError(error);
  if (failure.name === 'CredentialsProviderError' || failure.name === 'TokenProviderError') {
    // Metadata services fail for a moment, too: it is worth another try.
    return new RedressError('aws/unreachable', `There are no AWS credentials: ${failure.message}`, {
      cause: error,
      retryable: true,
      next: 'Give a profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`.',
    });
  }
  const next =
    failure.code === 'aws/denied'
      ? 'Check that the credentials are valid, and that the role may be assumed by them (trust policy, external id).'
      : failure.code === 'aws/unreachable'
        ? 'Check endpoint, region and network.'
        : undefined;
  return new RedressError(failure.code, `The identity could not be read: ${failure.name}: ${messageOf(error)}`, {
    cause: error,
    retryable: failure.retryable,
    ...(next === undefined ? {} : { next }),
  });
}

function assumed(role: string, target: ConnectTarget, ambient: CredentialsProvider, shared: object, options: ConnectAwsOptions): CredentialsProvider {
  const externalId = typeof options.externalId === 'function' ? options.externalId(target) : options.externalId;
  const sessionName = typeof options.sessionName === 'function' ? options.sessionName(target) : (options.sessionName ?? `redress-${target.access}`);
  return renewing(
    temporaryCredentials(
      { region: target.region, ...shared, credentials: ambient },
      { RoleArn: role, RoleSessionName: sessionNameOf(sessionName), ...(externalId === undefined ? {} : { ExternalId: externalId }) },
    ),
  );
}

function provider(credentials: ConnectAwsOptions['credentials']): CredentialsProvider | undefined {
  if (credentials === undefined || typeof credentials === 'function') return credentials;
  return async () => credentials;
}

/** Asks once and keeps the answer until shortly before it ends. Clients do the same, but each for itself: many clients, many AssumeRole calls. */
function renewing(ask: CredentialsProvider): CredentialsProvider {
  let current: Promise<AwsCredentials> | null = null;
  let until = Number.POSITIVE_INFINITY;
  return async () => {
    if (current === null || Date.now() >= until) {
      until = Number.POSITIVE_INFINITY;
      const asked = ask();
      current = asked;
      asked.then(
        ({ expiration }) => {
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
