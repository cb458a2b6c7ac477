import { Agent } from 'node:http';
import { type Connect, type Identity, isAccountId } from '@redress/core';

/** Client configuration of the AWS SDK v3 for an emulator. */
export interface SdkConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** For S3: an emulator on loopback has no host name per bucket. */
  readonly forcePathStyle: true;
  // The SDK's own defaults. Said, it does not look for them in the environment and in files, once for each client: half of what a client costs.
  readonly authSchemePreference: string[];
  readonly defaultsMode: 'standard';
  readonly maxAttempts: number;
  readonly retryMode: 'standard';
  readonly useDualstackEndpoint: false;
  readonly useFipsEndpoint: false;
  readonly userAgentAppId: () => Promise<undefined>;
  /** Connections that clients share; without it each has its own. */
  readonly requestHandler?: { readonly httpAgent: Agent };
}

/** Options of {@link testConnect}. */
export interface TestConnectOptions {
  /** Where the calls go: an emulator, or a {@link recordingProxy} before one. */
  readonly endpoint: string;
  /** Account of the emulator; default: what its STS returns, read once. */
  readonly accountId?: string;
  /** Endpoint for STS, if its call should not be counted; default: `endpoint`. */
  readonly identityEndpoint?: string;
  /** Connections that all clients share; default: each client has its own. See {@link sharedConnections}, and `connections` of a {@link recordingProxy}. */
  readonly connections?: Agent;
}

/** Connections that outlive the clients that use them: a client that is destroyed leaves them to the others. */
export class SharedConnections extends Agent {
  constructor() {
    // Idle ones end before a server would end them, so that no call goes out on one that is just being closed.
    super({ keepAlive: true, timeout: 1000 });
  }

  /** For a client: nothing. */
  override destroy(): void {}

  /** Closes them. */
  close(): void {
    super.destroy();
  }
}

/**
 * Shared connections for {@link testConnect} and {@link sdkConfig}. Without them, an engine for each read opens a connection for each call.
 *
 * @example const connections = sharedConnections(); sdkConfig(endpoint, region, connections); connections.close();
 */
export function sharedConnections(): SharedConnections {
  return new SharedConnections();
}

/**
 * SDK configuration for an emulator, with credentials that are none.
 *
 * @param connections that clients share; default: each client has its own.
 */
export function sdkConfig(endpoint: string, region: string, connections?: Agent): SdkConfig {
  return {
    endpoint,
    region,
    credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
    forcePathStyle: true,
    authSchemePreference: [],
    defaultsMode: 'standard',
    maxAttempts: 3,
    retryMode: 'standard',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: async () => undefined,
    ...(connections === undefined ? {} : { requestHandler: { httpAgent: connections } }),
  };
}

/**
 * A `connect` for tests against an emulator. Needs no credentials and no STS client.
 *
 * @example createRedress({ remediators, policy, connect: testConnect({ endpoint: 'http://127.0.0.1:5000' }) })
 */
export function testConnect(options: TestConnectOptions): Connect {
  let identity: Promise<Identity> | undefined;
  return async (target) => ({
    config: sdkConfig(options.endpoint, target.region, options.connections),
    identity: () => {
      identity ??=
        options.accountId === undefined ? callerIdentity(options.identityEndpoint ?? options.endpoint) : Promise.resolve(identityOf(options.accountId));
      return identity;
    },
  });
}

function identityOf(account: string): Identity {
  return { account, arn: `arn:aws:sts::${account}:assumed-role/redress-conformance/kit` };
}

/**
 * Who an emulator says that the test credentials are.
 *
 * @throws {TypeError} when it does not say; then the caller has to.
 */
export async function callerIdentity(endpoint: string): Promise<Identity> {
  const reply = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      // Emulators look at the scope only; nothing is signed.
      authorization: 'AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  });
  const text = await reply.text();
  const account = /<Account>(\d{12})<\/Account>/.exec(text)?.[1];
  if (!reply.ok || !isAccountId(account))
    throw new TypeError(`${endpoint} does not answer sts:GetCallerIdentity (status ${reply.status}); give account.accountId.`);
  return { account, arn: /<Arn>([^<]+)<\/Arn>/.exec(text)?.[1] ?? identityOf(account).arn };
}
