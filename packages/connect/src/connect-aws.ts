import type { Agent as HttpAgent } from 'node:http';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import {
  type Connect,
  type Connection,
  type ConnectTarget,
  classifyAwsError,
  type Identity,
  isRedressError,
  type JsonObject,
  messageOf,
  partitionOf,
  RedressError,
  regionsOf,
} from '@redress/core';
import { checkedPolicy, policyTooLarge, roleSessions, type Session, type SessionRequest } from './assume-role.js';
import { type AwsCredentials, type CredentialsProvider, renewing } from './credentials.js';
import { sessionNameOf } from './session-name.js';

/** Options of {@link connectAws}; all have defaults. */
export interface ConnectAwsOptions {
  /** Endpoint of every service, for an emulator: `http://127.0.0.1:5000`. Default: AWS. */
  readonly endpoint?: string;
  /** Profile of the shared configuration files. Default: the SDK's own chain decides. */
  readonly profile?: string;
  /** Credentials, or a provider of them, instead of the SDK's own chain. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>);
  /**
   * The role to assume for a target; undefined: none, the ambient credentials are used directly. Without this option they are used for every target, and the
   * gate denies every account but their own. {@link memberRoles} creates such a function. As for every function here, the same target has to give the same
   * result.
   */
  readonly roleArn?: (target: ConnectTarget) => string | undefined;
  /** External id that the roles require. */
  readonly externalId?: string | ((target: ConnectTarget) => string | undefined);
  /**
   * Session name of assumed roles, which CloudTrail shows with each call. Default: the execution, and `redress-<access>` outside of one. If it is a text,
   * executions share a session as long as the role and all other session settings are the same.
   */
  readonly sessionName?: string | ((target: ConnectTarget) => string);
  /**
   * Source identity of assumed roles. CloudTrail shows it with each call, including calls of roles that these sessions assume. The trust policies have to
   * allow `sts:SetSourceIdentity`. Default: none is set, and that of the caller stays.
   */
  readonly sourceIdentity?: string | ((target: ConnectTarget) => string | undefined);
  /**
   * Policy that narrows the session of a role further: it may do what both allow. Maximum 2,048 characters. See {@link onlyDeclared}.
   *
   * @example ({ execution }) => execution === null ? undefined : { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: `arn:aws:s3:::${execution.resource.id}` }] }
   */
  readonly sessionPolicy?: (target: ConnectTarget) => JsonObject | undefined;
  /** Region whose STS issues sessions. Default: that of the environment (`AWS_REGION`), else that of the target. */
  readonly stsRegion?: string;
  /** Maximum open connections per host. Default 50. */
  readonly maxSockets?: number;
}

/**
 * Connects to AWS: configuration for SDK clients, and the identity of the credentials. With a role, each execution has its own session, with its name in
 * CloudTrail. Reads share one session per role.
 *
 * @example connectAws()
 * @example connectAws({ roleArn: ({ account, access }) => `arn:aws:iam::${account}:role/redress-${access}`, externalId: 'o-abc' })
 * @throws {RedressError} `compose/invalid` if a session is to be narrowed or named, but no role is assumed
 */
export function connectAws(options: ConnectAwsOptions = {}): Connect {
  const { endpoint, profile, roleArn, sessionName, sourceIdentity, sessionPolicy } = options;
  // An option that is set but has no effect would protect nothing.
  if (roleArn === undefined && (sourceIdentity !== undefined || sessionPolicy !== undefined))
    throw new RedressError('compose/invalid', 'A source identity or session policy without a role has no effect.', { next: 'Give `roleArn`.' });
  // One provider for all: created here, it reads files and metadata once, not once per client.
  const ambient = renewing(provider(options.credentials) ?? fromEnvironment(profile), ({ expiration }) => expiration);
  let made: Shared | null = null;
  const shared = (): Shared => {
    made ??= sharedConfig(endpoint, options.maxSockets ?? 50);
    return made;
  };
  const stsRegion = options.stsRegion ?? process.env['AWS_REGION'];
  const ask = new Map<string, (request: SessionRequest) => Promise<Session>>();
  /** Connections that serve more than one execution: one per role, name and other settings. */
  const sessions = new Map<string, () => Promise<Session>>();

  const sessionOf = (role: string, target: ConnectTarget, ofExecution: () => boolean, config: Shared): (() => Promise<Session>) => {
    const policy = checkedPolicy(sessionPolicy?.(target));
    const identity = of(sourceIdentity, target);
    const request: SessionRequest = {
      role,
      name: sessionNameOf(of(sessionName, target) ?? target.execution?.id ?? `redress-${target.access}`),
      externalId: of(options.externalId, target),
      sourceIdentity: identity === undefined ? undefined : sessionNameOf(identity),
      policy,
    };
    const region = stsRegion ?? target.region;
    const key = JSON.stringify([region, request]);
    const known = sessions.get(key);
    if (known !== undefined) return known;
    const assume = ask.get(region) ?? roleSessions({ region, credentials: ambient, ...config });
    ask.set(region, assume);
    const session = renewing(
      () => assume(request),
      ({ credentials }) => credentials.expiration,
    );
    // The session of an execution ends with its connection.
    if (!ofExecution()) sessions.set(key, session);
    return session;
  };

  return async (asked): Promise<Connection> => {
    const { target, looked } = watched(asked);
    // A session for reads is shared by all. Any other session is only shared if none of its settings depended on this execution.
    const perExecution = () => looked() && (asked.access !== 'read' || asked.execution !== null);
    const role = roleArn?.(target);
    if (role === undefined) {
      if (sessionPolicy?.(target) !== undefined)
        throw new RedressError('compose/invalid', `No role is assumed in ${target.account}, so its session policy has no effect.`, {
          next: 'Give `roleArn` a role for it, or leave out `sessionPolicy`.',
        });
      return { ...asAmbient({ region: target.region, credentials: ambient, ...shared() }), perExecution: perExecution() };
    }
    const config = shared();
    const session = sessionOf(role, target, () => perExecution() && asked.execution !== null, config);
    const actsAs = rolesOf(roleArn, asked);
    return {
      config: { region: target.region, credentials: async () => (await session()).credentials, ...config },
      async identity() {
        try {
          return { ...(await session()).identity, actsAs };
        } catch (error) {
          throw identityError(error, target.region);
        }
      },
      perExecution: perExecution(),
    };
  };
}

/** A target that records whether its execution was read. Settings that did not read it are the same for every execution in the same place. */
function watched(target: ConnectTarget): { readonly target: ConnectTarget; looked(): boolean } {
  let looked = false;
  return {
    target: {
      ...target,
      get execution() {
        looked = true;
        return target.execution;
      },
    },
    looked: () => looked,
  };
}

/** The ambient credentials do not say whose they are. */
function asAmbient(config: { readonly region: string; readonly credentials: CredentialsProvider }): Connection {
  let reading: Promise<Identity> | null = null;
  return {
    config,
    identity() {
      if (reading === null) {
        reading = callerIdentity(config);
        // A failed read is not cached: the next pass tries again.
        reading.catch(() => {
          reading = null;
        });
      }
      return reading;
    },
  };
}

async function callerIdentity(config: { readonly region: string; readonly credentials: CredentialsProvider }): Promise<Identity> {
  const { GetCallerIdentityCommand, STSClient } = await import('./sts.js');
  const client = new STSClient({ ...config, maxAttempts: 3 });
  try {
    const { Account: account, Arn: arn } = await client.send(new GetCallerIdentityCommand({}));
    if (account === undefined || arn === undefined)
      throw new RedressError('aws/unknown', 'sts:GetCallerIdentity did not return the identity of the credentials.');
    return { account, arn };
  } catch (error) {
    throw identityError(error, config.region);
  } finally {
    client.destroy();
  }
}

function identityError(error: unknown, region: string): RedressError {
  if (isRedressError(error)) return error;
  const failure = classifyAwsError(error);
  if (failure.name === 'CredentialsProviderError' || failure.name === 'TokenProviderError') {
    // Metadata services can fail briefly, so another try is worthwhile.
    return new RedressError('aws/unreachable', `There are no AWS credentials. ${failure.message}`, {
      cause: error,
      retryable: true,
      next: 'Give a profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws sso login`.',
    });
  }
  const known = regionsOf(partitionOf(region));
  if (failure.code === 'aws/unreachable' && !known.includes(region))
    return new RedressError('aws/unreachable', `The region ${JSON.stringify(region)} is not known, and its endpoint does not answer: ${messageOf(error)}`, {
      cause: error,
      retryable: failure.retryable,
      next: `Give one of ${known.join(', ')}.`,
    });
  if (failure.name.startsWith('PackedPolicyTooLarge')) return policyTooLarge(`STS cannot pack the session policy: ${failure.message}`, error);
  const next =
    failure.code === 'aws/denied'
      ? 'Check that the credentials are valid, and that the role may be assumed by them (trust policy, external id, sts:SetSourceIdentity).'
      : failure.code === 'aws/unreachable'
        ? 'Check endpoint, region and network.'
        : undefined;
  return new RedressError(failure.code, `The identity could not be read: ${failure.name}: ${messageOf(error)}`, {
    cause: error,
    retryable: failure.retryable,
    ...(next === undefined ? {} : { next }),
  });
}

/** The credentials of the environment, or of a profile. For a missing profile, the SDK only says that none of its providers has credentials. */
function fromEnvironment(profile: string | undefined): CredentialsProvider {
  const provide = defaultProvider(profile === undefined ? {} : { profile });
  return async () => {
    try {
      return await provide();
    } catch (error) {
      const named = profile ?? process.env['AWS_PROFILE'];
      if (named === undefined || named === '') throw error;
      const { loadSharedConfigFiles } = await import('@smithy/core/config');
      const { configFile, credentialsFile } = await loadSharedConfigFiles({ ignoreCache: true });
      const known = [...new Set([...Object.keys(configFile), ...Object.keys(credentialsFile)])].sort();
      if (known.includes(named)) throw error;
      throw new RedressError('compose/invalid', `There is no profile ${JSON.stringify(named)} in the shared AWS configuration.`, {
        cause: error,
        next: known.length === 0 ? 'There are no profiles: `aws configure` makes one.' : `Known: ${known.join(', ')}.`,
      });
    }
  };
}

function provider(credentials: ConnectAwsOptions['credentials']): CredentialsProvider | undefined {
  if (credentials === undefined || typeof credentials === 'function') return credentials;
  return async () => credentials;
}

/** All roles that are assumed in an account, according to `roleArn`, which may reject some. */
function rolesOf(roleArn: ConnectAwsOptions['roleArn'], target: ConnectTarget): readonly string[] {
  const roles = (['read', 'write', 'rollback'] as const).flatMap((access) => {
    try {
      return roleArn?.({ ...target, access, execution: null }) ?? [];
    } catch {
      return [];
    }
  });
  return [...new Set(roles)];
}

function of<T>(value: T | ((target: ConnectTarget) => T | undefined) | undefined, target: ConnectTarget): T | undefined {
  return typeof value === 'function' ? (value as (target: ConnectTarget) => T | undefined)(target) : value;
}

type Shared = ReturnType<typeof sharedConfig>;

/** The common settings of all clients. TLS is loaded with them, which takes as long as the rest of a start. */
function sharedConfig(endpoint: string | undefined, maxSockets: number) {
  // An import would read every member, and so load another HTTP client.
  const [http, https] = [process.getBuiltinModule('node:http'), process.getBuiltinModule('node:https')];
  // One pool of sockets, so that a client that only lives for one execution needs no new handshake.
  const sockets = { keepAlive: true, maxSockets };
  return {
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          // An emulator has one host name for all buckets, and not every emulator supports the checksums that newer SDKs send by default.
          forcePathStyle: true,
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
    requestHandler: {
      httpAgent: kept(new http.Agent(sockets)),
      httpsAgent: kept(new https.Agent(sockets)),
      connectionTimeout: 3000,
      requestTimeout: 30_000,
      // Otherwise it is only a warning, and a read that hangs holds a lease until the lease ends.
      throwOnRequestTimeout: true,
    },
  } as const;
}

/** Closing a client would close its sockets, but these are shared. An idle socket does not keep the process alive. */
function kept<A extends HttpAgent>(agent: A): A {
  agent.destroy = () => undefined;
  return agent;
}
