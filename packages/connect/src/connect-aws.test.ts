import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Connection, type ConnectTarget, isRedressError, redact, resource } from '@redress/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ConnectAwsOptions, connectAws } from './connect-aws.js';
import { memberRoles } from './member-roles.js';

const target = { partition: 'aws', account: '111111111111', region: 'eu-west-1', access: 'read', execution: null } as const;
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const servers: Server[] = [];

/** A fake STS on loopback, so that requests can be counted and rejected. */
async function sts(
  answer: (body: URLSearchParams, count: number) => { status?: number; body: string },
): Promise<{ endpoint: string; requests: URLSearchParams[]; auth: string[] }> {
  const requests: URLSearchParams[] = [];
  const auth: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const body = new URLSearchParams(text);
      requests.push(body);
      auth.push(request.headers.authorization ?? '');
      const reply = answer(body, requests.length);
      response.writeHead(reply.status ?? 200, { 'content-type': 'text/xml' }).end(reply.body);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, auth };
}

const caller = (account: string, arn: string) =>
  `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>u</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
const denied =
  '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>';
const role = (name: string, ends: Date, arn = 'arn:aws:sts::222222222222:assumed-role/r/s') =>
  `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA${name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${ends.toISOString()}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId><Arn>${arn}</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>`;

/** The content of an AssumeRole request. */
const said = (request: URLSearchParams) => {
  const { Version: _, ...rest } = Object.fromEntries(request);
  return rest;
};
const signer = (connection: Connection) => (connection.config as { credentials(): Promise<{ accessKeyId: string }> }).credentials();
/** An STS that issues sessions, each with its own keys. */
const assuming = () =>
  sts((body, count) => {
    if (body.get('Action') !== 'AssumeRole') return { body: caller('111111111111', 'arn:aws:iam::111111111111:user/a') };
    const arn = (body.get('RoleArn') ?? '').replace(':iam:', ':sts:').replace(/:role\/(?:.*\/)?/, ':assumed-role/');
    return { body: role(String(count), new Date(Date.now() + 3_600_000), `${arn}/${body.get('RoleSessionName')}`) };
  });
const inAccount = (account: string, access: ConnectTarget['access'], id: string | null = null): ConnectTarget => ({
  ...target,
  account,
  access,
  execution: id === null ? null : { id, remediator: 'r', resource: resource({ type: 'AWS::S3::Bucket', id: 'b', account, region: 'eu-west-1' }) },
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('connectAws', () => {
  it('reads the identity once per connection, even concurrently', async () => {
    const { endpoint, requests } = await sts(() => ({ body: caller('111111111111', 'arn:aws:iam::111111111111:user/a') }));
    const connection = await connectAws({ endpoint, credentials })(target);
    const [one, two] = await Promise.all([connection.identity(), connection.identity()]);
    expect(one).toEqual({ account: '111111111111', arn: 'arn:aws:iam::111111111111:user/a' });
    expect(two).toBe(one);
    expect(await connection.identity()).toBe(one);
    expect(requests.map((each) => each.get('Action'))).toEqual(['GetCallerIdentity']);
  });

  it('does not cache a failed read, and reports the next step', async () => {
    const { endpoint } = await sts((_, count) =>
      count === 1 ? { status: 403, body: denied } : { body: caller('111111111111', 'arn:aws:iam::111111111111:user/a') },
    );
    const connection = await connectAws({ endpoint, credentials })(target);
    const error: unknown = await connection.identity().catch((thrown: unknown) => thrown);
    expect(isRedressError(error) && { code: error.code, retryable: error.retryable }).toEqual({ code: 'aws/denied', retryable: false });
    expect(isRedressError(error) && error.next).toContain('role');
    expect((await connection.identity()).account).toBe('111111111111');
  });

  it('reports that there are no credentials', async () => {
    const why = 'Could not load credentials from any providers';
    const connection = await connectAws({ credentials: () => Promise.reject(Object.assign(new Error(why), { name: 'CredentialsProviderError' })) })(target);
    const error: unknown = await connection.identity().catch((thrown: unknown) => thrown);
    expect(isRedressError(error) && { code: error.code, retryable: error.retryable }).toEqual({ code: 'aws/unreachable', retryable: true });
    expect(isRedressError(error) && error.next).toContain('profile');
    // A word after "credentials:" would be redacted as a secret.
    expect(isRedressError(error) && redact(error.message)).toBe(`There are no AWS credentials. ${why}`);
  });

  it.each(['option', 'AWS_PROFILE'])('names a missing profile (%s), and the existing ones', async (by) => {
    const folder = mkdtempSync(join(tmpdir(), 'redress-profiles-'));
    writeFileSync(join(folder, 'config'), '[profile audit]\nregion = eu-west-1\n[default]\nregion = eu-west-1\n');
    writeFileSync(join(folder, 'credentials'), '[break-glass]\naws_access_key_id = A\naws_secret_access_key = S\n');
    vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
    if (by === 'AWS_PROFILE') vi.stubEnv('AWS_PROFILE', 'aduit');
    try {
      const connection = await connectAws(by === 'option' ? { profile: 'aduit' } : {})(target);
      await expect(connection.identity()).rejects.toMatchObject({
        code: 'compose/invalid',
        message: 'There is no profile "aduit" in the shared AWS configuration.',
        next: 'Known: audit, break-glass, default.',
      });
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });

  it('names an unknown region if it cannot be reached, and does not for a known one', async () => {
    const nobody = { endpoint: 'http://127.0.0.1:1', credentials };
    const asked = async (region: string) => (await connectAws(nobody)({ ...target, region })).identity().catch((thrown: unknown) => thrown);
    const unknown = await asked('eu-west-9');
    expect(unknown).toMatchObject({
      code: 'aws/unreachable',
      message: expect.stringContaining('The region "eu-west-9" is not known'),
      next: expect.stringContaining('eu-west-1'),
    });
    expect(await asked('eu-west-1')).toMatchObject({ code: 'aws/unreachable', message: expect.not.stringContaining('is not known') });
  });

  it('uses the ambient credentials for every target without roleArn', async () => {
    const { endpoint, requests, auth } = await sts(() => ({ body: caller('111111111111', 'arn:aws:iam::111111111111:user/a') }));
    const connection = await connectAws({ endpoint, credentials })({ ...target, account: '222222222222' });
    // It returns its identity. That this is the wrong account is for the gate to reject.
    expect((await connection.identity()).account).toBe('111111111111');
    expect(requests).toHaveLength(1);
    expect(auth[0]).toContain('AKIDEXAMPLE');
  });

  it('assumes the role of a target once, with external id and session name, for identity and clients', async () => {
    const { endpoint, requests } = await assuming();
    const connection = await connectAws({
      endpoint,
      credentials,
      roleArn: ({ account, access }) => `arn:aws:iam::${account}:role/redress-${access}`,
      externalId: 'o-1',
      sessionName: ({ access }) => `red ress/${access}`,
    })({ ...target, account: '222222222222', access: 'rollback' });
    expect(await connection.identity()).toEqual({
      account: '222222222222',
      arn: 'arn:aws:sts::222222222222:assumed-role/redress-rollback/red-ress-rollback',
      actsAs: ['read', 'write', 'rollback'].map((access) => `arn:aws:iam::222222222222:role/redress-${access}`),
    });
    expect((await signer(connection)).accessKeyId).toBe('ASIA1');
    expect(requests.map(said)).toEqual([
      { Action: 'AssumeRole', RoleArn: 'arn:aws:iam::222222222222:role/redress-rollback', ExternalId: 'o-1', RoleSessionName: 'red-ress-rollback' },
    ]);
  });

  it('renews credentials before they expire', async () => {
    const { endpoint, requests } = await sts((_, count) => ({ body: role(String(count), new Date(Date.now() + 60_000)) }));
    const connection = await connectAws({ endpoint, credentials, roleArn: () => 'arn:aws:iam::111111111111:role/r' })(target);
    const { credentials: ask } = connection.config as { credentials(): Promise<{ accessKeyId: string }> };
    expect([(await ask()).accessKeyId, (await ask()).accessKeyId]).toEqual(['ASIA1', 'ASIA2']);
    expect(requests).toHaveLength(2);
  });

  it('configures S3 only for a custom endpoint', async () => {
    expect((await connectAws({ endpoint: 'http://127.0.0.1:1', credentials })(target)).config).toMatchObject({
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:1',
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    const { config } = await connectAws({ credentials })(target);
    expect(Object.keys(config).sort()).toEqual(['credentials', 'region', 'requestHandler']);
  });

  describe('with roles in each account', () => {
    const roles = memberRoles({ read: 'RedressRead', fix: 'security/RedressFix', rollback: 'RedressRollback', externalId: 'o-1' });

    it('gives each execution its own session, by its name, and reads one per role', async () => {
      const { endpoint, requests } = await assuming();
      const connect = connectAws({ endpoint, credentials, ...roles });
      const places = [
        inAccount('222222222222', 'read'),
        { ...inAccount('222222222222', 'read'), region: 'us-west-2' },
        inAccount('222222222222', 'write', 'x-1'),
        inAccount('222222222222', 'write', 'x-2'),
        inAccount('222222222222', 'rollback'),
        inAccount('222222222222', 'rollback', 'x-3'),
        inAccount('333333333333', 'read'),
      ];
      const connections = await Promise.all(places.map(connect));
      const arns = await Promise.all(connections.map(async (each) => (await each.identity()).arn.split(':').slice(4).join(' ')));
      expect(arns).toEqual([
        '222222222222 assumed-role/RedressRead/redress-read',
        '222222222222 assumed-role/RedressRead/redress-read',
        '222222222222 assumed-role/RedressFix/x-1',
        '222222222222 assumed-role/RedressFix/x-2',
        '222222222222 assumed-role/RedressRollback/redress-rollback',
        '222222222222 assumed-role/RedressRollback/x-3',
        '333333333333 assumed-role/RedressRead/redress-read',
      ]);
      // Two regions, one session.
      expect(requests).toHaveLength(6);
      expect(connections.map((each) => each.perExecution)).toEqual([false, false, true, true, true, true, false]);
      expect(said(requests.find((each) => each.get('RoleSessionName') === 'x-1') as URLSearchParams)).toEqual({
        Action: 'AssumeRole',
        RoleArn: 'arn:aws:iam::222222222222:role/security/RedressFix',
        RoleSessionName: 'x-1',
        ExternalId: 'o-1',
        SourceIdentity: 'redress-x-1',
      });
      expect(requests.map((each) => each.get('SourceIdentity')).filter((each) => each === 'redress')).toHaveLength(3);
    });

    it('caches no session of an execution, and only one if its options do not depend on an execution', async () => {
      const { endpoint, requests } = await assuming();
      const own = connectAws({ endpoint, credentials, ...roles });
      for (const _ of [1, 2]) await (await own(inAccount('222222222222', 'write', 'x-1'))).identity();
      expect(requests).toHaveLength(2);
      const { sourceIdentity: _, ...plain } = roles;
      const one = connectAws({ endpoint, credentials, ...plain, sessionName: 'all', sourceIdentity: 'hub' });
      for (const id of ['x-1', 'x-2', null]) {
        const connection = await one(inAccount('222222222222', 'write', id));
        expect(connection.perExecution).toBe(false);
        await connection.identity();
      }
      expect(requests.slice(2).map(said)).toMatchObject([{ RoleSessionName: 'all', SourceIdentity: 'hub' }]);
    });

    it('lets no execution use the connection of another one: role, external id or neither, even under one name', async () => {
      const ids = ['x-1', 'x-2'];
      const made = async (options: ConnectAwsOptions) => {
        const { endpoint, requests } = await assuming();
        const connect = connectAws({ endpoint, credentials, sessionName: 'all', ...options });
        const connections = await Promise.all(ids.map((id) => connect(inAccount('222222222222', 'write', id))));
        for (const connection of connections) await connection.identity();
        return { kept: connections.map(({ perExecution }) => perExecution), requests: requests.map(said) };
      };
      const roleArn = ({ account }: ConnectTarget) => `arn:aws:iam::${account}:role/Fix`;
      const ofRole = await made({ roleArn: ({ account, execution }) => `arn:aws:iam::${account}:role/Fix-${execution?.id}` });
      expect(ofRole.kept).toEqual([true, true]);
      expect(ofRole.requests.map(({ RoleArn }) => RoleArn?.split('/')[1])).toEqual(['Fix-x-1', 'Fix-x-2']);
      const ofExternalId = await made({ roleArn, externalId: ({ execution }) => `o-${execution?.id}` });
      expect(ofExternalId.kept).toEqual([true, true]);
      expect(ofExternalId.requests.map(({ ExternalId }) => ExternalId)).toEqual(['o-x-1', 'o-x-2']);
      // The first has none, and the second must have one.
      const ofNone = await made({ roleArn: ({ execution }) => (execution?.id === 'x-1' ? undefined : 'arn:aws:iam::222222222222:role/Fix') });
      expect(ofNone.kept).toEqual([true, true]);
      expect(ofNone.requests.map(({ Action }) => Action)).toEqual(['GetCallerIdentity', 'AssumeRole']);
      // Functions that do not read the execution share a session among all executions.
      const ofAll = await made({ roleArn, externalId: ({ account }) => `o-${account}`, sessionPolicy: () => ({ Statement: [] }) });
      expect(ofAll.kept).toEqual([false, false]);
      expect(ofAll.requests).toHaveLength(1);
    });

    it('reports which roles it acts as, as far as it may', async () => {
      const { endpoint } = await assuming();
      const { actsAs } = await (await connectAws({ endpoint, credentials, ...roles })(inAccount('222222222222', 'read'))).identity();
      expect(actsAs?.map((arn) => arn.split('/').at(-1))).toEqual(['RedressRead', 'RedressFix', 'RedressRollback']);
      const without = memberRoles({ read: 'RedressRead', fix: 'RedressFix', externalId: 'o-1' });
      const identity = await (await connectAws({ endpoint, credentials, ...without })(inAccount('222222222222', 'read'))).identity();
      expect(identity.actsAs).toEqual(['arn:aws:iam::222222222222:role/RedressRead', 'arn:aws:iam::222222222222:role/RedressFix']);
    });

    it('calls STS in its own region, whatever the region of the target', async () => {
      const { endpoint, auth } = await assuming();
      const connect = connectAws({ endpoint, credentials, ...roles, stsRegion: 'eu-central-1' });
      const connection = await connect({ ...inAccount('222222222222', 'read'), region: 'af-south-1' });
      await connection.identity();
      expect(auth[0]).toContain('/eu-central-1/sts/');
      expect(connection.config).toMatchObject({ region: 'af-south-1' });
    });

    it('limits a session by a policy, and refuses one that STS would not accept', async () => {
      const { endpoint, requests } = await assuming();
      const only = ({ execution }: ConnectTarget) =>
        execution === null
          ? undefined
          : { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: `arn:aws:s3:::${execution.resource.id}` }] };
      const connect = connectAws({ endpoint, credentials, ...roles, sessionPolicy: only });
      await (await connect(inAccount('222222222222', 'write', 'x-1'))).identity();
      expect(JSON.parse(requests[0]?.get('Policy') ?? 'null')).toMatchObject({ Statement: [{ Resource: 'arn:aws:s3:::b' }] });
      await (await connect(inAccount('222222222222', 'read'))).identity();
      expect(requests[1]?.has('Policy')).toBe(false);

      const large = (length: number) =>
        connectAws({ endpoint, credentials, ...roles, sessionPolicy: () => ({ Statement: 'x'.repeat(length - '{"Statement":""}'.length) }) });
      await expect(large(2049)(inAccount('222222222222', 'write', 'x-1'))).rejects.toMatchObject({ code: 'connect/policy-too-large', retryable: false });
      expect(requests).toHaveLength(2);
      await (await large(2048)(inAccount('222222222222', 'write', 'x-1'))).identity();
      expect(requests).toHaveLength(3);
    });

    it('reports that STS cannot pack the policy', async () => {
      const { endpoint } = await sts(() => ({ status: 400, body: denied.replace('AccessDenied', 'PackedPolicyTooLarge') }));
      const connection = await connectAws({ endpoint, credentials, ...roles })(inAccount('222222222222', 'write', 'x-1'));
      await expect(connection.identity()).rejects.toMatchObject({ code: 'connect/policy-too-large' });
    });

    it('does not cache a session that was refused, and reports what to check', async () => {
      const { endpoint } = await sts((_, count) =>
        count === 1
          ? { status: 403, body: denied }
          : { body: role('2', new Date(Date.now() + 3_600_000), 'arn:aws:sts::222222222222:assumed-role/RedressRead/redress-read') },
      );
      const connect = connectAws({ endpoint, credentials, ...roles });
      const connection = await connect(inAccount('222222222222', 'read'));
      await expect(connection.identity()).rejects.toMatchObject({ code: 'aws/denied', next: expect.stringContaining('external id') });
      expect(await connection.identity()).toMatchObject({ account: '222222222222' });
    });
  });

  it('refuses options without effect: a policy or a source identity without a role', async () => {
    const invalid = expect.objectContaining({ code: 'compose/invalid' });
    expect(() => connectAws({ sessionPolicy: () => ({}) })).toThrow(invalid);
    expect(() => connectAws({ sourceIdentity: 'redress' })).toThrow(invalid);
    const connect = connectAws({ credentials, roleArn: () => undefined, sessionPolicy: () => ({ Statement: [] }) });
    await expect(connect(target)).rejects.toMatchObject({ code: 'compose/invalid' });
  });

  it('shares one socket pool between all clients, and closing a client does not close it', async () => {
    let sockets = 0;
    const { endpoint } = await assuming();
    servers.at(-1)?.on('connection', () => sockets++);
    const connect = connectAws({ endpoint, credentials });
    for (const region of ['eu-west-1', 'us-west-2', 'ap-south-1']) {
      const client = new STSClient((await connect({ ...target, region })).config as object);
      for (const _ of [1, 2]) await client.send(new GetCallerIdentityCommand({}));
      client.destroy();
    }
    expect(sockets).toBe(1);
  });
});
