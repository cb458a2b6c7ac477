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
  // Of S3.
  readonly disableMultiregionAccessPoints: false;
  readonly disableS3ExpressSessionAuth: false;
  readonly requestChecksumCalculation: 'WHEN_SUPPORTED';
  readonly responseChecksumValidation: 'WHEN_SUPPORTED';
  readonly sigv4aSigningRegionSet: () => Promise<undefined>;
  readonly useArnRegion: () => Promise<undefined>;
  /** Names who asks, and for what, without a signature: nobody checks it, and to make it is a third of what a call costs the SDK. */
  readonly signerConstructor: typeof Unsigned;
  /** Connections that clients share; without it each has its own. */
  readonly requestHandler?: { readonly httpAgent: Agent };
}

/** Gives a request the scope of a signature, which emulators look at, and no signature. */
class Unsigned {
  readonly #region: string | (() => Promise<string>);
  readonly #service: string;

  constructor({ region, service }: { readonly region: string | (() => Promise<string>); readonly service: string }) {
    this.#region = region;
    this.#service = service;
  }

  async sign<R extends { readonly headers: Record<string, string> }>(
    request: R,
    { signingRegion, signingService }: { readonly signingRegion?: string; readonly signingService?: string } = {},
  ): Promise<R> {
    const region = signingRegion ?? (typeof this.#region === 'string' ? this.#region : await this.#region());
    request.headers['authorization'] = authorization(region, signingService ?? this.#service);
    return request;
  }
}

function authorization(region: string, service: string): string {
  return `AWS4-HMAC-SHA256 Credential=testing/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;
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
 * SDK configuration for an emulator, with credentials that are none. Requests are not signed: their header `Authorization` names service and region, and its
 * signature is 0.
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
    disableMultiregionAccessPoints: false,
    disableS3ExpressSessionAuth: false,
    requestChecksumCalculation: 'WHEN_SUPPORTED',
    responseChecksumValidation: 'WHEN_SUPPORTED',
    sigv4aSigningRegionSet: async () => undefined,
    useArnRegion: async () => undefined,
    signerConstructor: Unsigned,
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
      authorization: authorization('us-east-1', 'sts'),
    },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  });
  const text = await reply.text();
  const account = /<Account>(\d{12})<\/Account>/.exec(text)?.[1];
  if (!reply.ok || !isAccountId(account))
    throw new TypeError(`${endpoint} does not answer sts:GetCallerIdentity (status ${reply.status}); give account.accountId.`);
  return { account, arn: /<Arn>([^<]+)<\/Arn>/.exec(text)?.[1] ?? identityOf(account).arn };
}
