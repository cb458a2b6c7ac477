import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isRedressError } from '@redress/core';
import { afterEach, describe, expect, it } from 'vitest';
import { connectAws } from './connect-aws.js';

const target = { partition: 'aws', account: '111111111111', region: 'eu-west-1', access: 'read' } as const;
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const servers: Server[] = [];

/** An STS of our own on loopback, so that requests can be counted and refused. */
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
const role = (name: string, ends: Date) =>
  `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIA${name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${ends.toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('connectAws', () => {
  it('reads the identity once per connection, also when asked at the same time', async () => {
    const { endpoint, requests } = await sts(() => ({ body: caller('111111111111', 'arn:aws:iam::111111111111:user/a') }));
    const connection = await connectAws({ endpoint, credentials })(target);
    const [one, two] = await Promise.all([connection.identity(), connection.identity()]);
    expect(one).toEqual({ account: '111111111111', arn: 'arn:aws:iam::111111111111:user/a' });
    expect(two).toBe(one);
    expect(await connection.identity()).toBe(one);
    expect(requests.map((each) => each.get('Action'))).toEqual(['GetCallerIdentity']);
  });

  it('does not keep a failed read, and says what to do', async () => {
    const { endpoint } = await sts((_, count) =>
      count === 1 ? { status: 403, body: denied } : { body: caller('111111111111', 'arn:aws:iam::111111111111:user/a') },
    );
    const connection = await connectAws({ endpoint, credentials })(target);
    const error: unknown = await connection.identity().catch((thrown: unknown) => thrown);
    expect(isRedressError(error) && { code: error.code, retryable: error.retryable }).toEqual({ code: 'aws/denied', retryable: false });
    expect(isRedressError(error) && error.next).toContain('role');
    expect((await connection.identity()).account).toBe('111111111111');
  });

  it('says that there are no credentials', async () => {
    const connection = await connectAws({ credentials: () => Promise.reject(Object.assign(new Error('nothing found'), { name: 'CredentialsProviderError' })) })(
      target,
    );
    const error: unknown = await connection.identity().catch((thrown: unknown) => thrown);
    expect(isRedressError(error) && { code: error.code, retryable: error.retryable }).toEqual({ code: 'aws/unreachable', retryable: true });
    expect(isRedressError(error) && error.next).toContain('profile');
  });

  it('uses the ambient credentials for every target without roleArn', async () => {
    const { endpoint, requests, auth } = await sts(() => ({ body: caller('111111111111', 'arn:aws:iam::111111111111:user/a') }));
    const connection = await connectAws({ endpoint, credentials })({ ...target, account: '222222222222' });
    // It says who it is; that this is the wrong account is for the gate to refuse.
    expect((await connection.identity()).account).toBe('111111111111');
    expect(requests).toHaveLength(1);
    expect(auth[0]).toContain('AKIDEXAMPLE');
  });

  it('assumes the role of a target once, with external id and session name, for identity and clients', async () => {
    const { endpoint, requests, auth } = await sts((body) =>
      body.get('Action') === 'AssumeRole'
        ? { body: role('ROLE', new Date(Date.now() + 3_600_000)) }
        : { body: caller('222222222222', 'arn:aws:sts::222222222222:assumed-role/r/s') },
    );
    const connection = await connectAws({
      endpoint,
      credentials,
      roleArn: ({ account, access }) => `arn:aws:iam::${account}:role/redress-${access}`,
      externalId: 'o-1',
      sessionName: ({ access }) => `red ress/${access}`,
    })({ ...target, account: '222222222222', access: 'rollback' });
    expect((await connection.identity()).account).toBe('222222222222');
    await (connection.config as { credentials(): Promise<unknown> }).credentials();
    expect(requests.map((each) => each.get('Action'))).toEqual(['AssumeRole', 'GetCallerIdentity']);
    expect(Object.fromEntries([...(requests[0] as URLSearchParams)].filter(([key]) => ['RoleArn', 'ExternalId', 'RoleSessionName'].includes(key)))).toEqual({
      RoleArn: 'arn:aws:iam::222222222222:role/redress-rollback',
      ExternalId: 'o-1',
      RoleSessionName: 'red-ress-rollback',
    });
    expect(auth[1]).toContain('ASIAROLE');
  });

  it('renews credentials before they end', async () => {
    const { endpoint, requests } = await sts((_, count) => ({ body: role(String(count), new Date(Date.now() + 60_000)) }));
    const connection = await connectAws({ endpoint, credentials, roleArn: () => 'arn:aws:iam::111111111111:role/r' })(target);
    const { credentials: ask } = connection.config as { credentials(): Promise<{ accessKeyId: string }> };
    expect([(await ask()).accessKeyId, (await ask()).accessKeyId]).toEqual(['ASIA1', 'ASIA2']);
    expect(requests).toHaveLength(2);
  });

  it('configures S3 for a custom endpoint only', async () => {
    expect((await connectAws({ endpoint: 'http://127.0.0.1:1', credentials })(target)).config).toMatchObject({
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:1',
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    });
    const { config } = await connectAws({ credentials })(target);
    expect(Object.keys(config).sort()).toEqual(['credentials', 'region', 'requestHandler']);
  });
});
