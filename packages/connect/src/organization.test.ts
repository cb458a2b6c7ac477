import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { organization } from './organization.js';

const servers: Server[] = [];
beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

type Asked = { operation: string; input: Record<string, string>; key: string };

/** Organizations and its STS on loopback. */
async function serving(answer: (asked: Asked) => { status?: number; body: unknown }): Promise<{ endpoint: string; asked: Asked[] }> {
  const all: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const target = request.headers['x-amz-target'];
      const key = /Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (target === undefined) {
        const body = new URLSearchParams(text);
        all.push({ operation: body.get('Action') ?? '', input: Object.fromEntries(body), key });
        response
          .writeHead(200, { 'content-type': 'text/xml' })
          .end(
            `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:aws:sts::999999999999:assumed-role/r/s</Arn></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>`,
          );
        return;
      }
      const asked = { operation: String(target).split('.')[1] ?? '', input: JSON.parse(text) as Record<string, string>, key };
      all.push(asked);
      const { status = 200, body } = answer(asked);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: all };
}

const account = (Id: string, more: object = { State: 'ACTIVE', Status: 'ACTIVE' }) => ({ Id, ...more });

it('lists accounts over all pages, even after an empty one, and omits closed accounts', async () => {
  const pages: Record<string, object> = {
    '': { Accounts: [account('111111111111'), account('222222222222', { State: 'SUSPENDED', Status: 'ACTIVE' })], NextToken: 'a' },
    a: { Accounts: [], NextToken: 'b' },
    b: { Accounts: [account('333333333333', { Status: 'ACTIVE' }), account('444444444444', { Status: 'SUSPENDED' }), account('555555555555', {})] },
  };
  const { endpoint } = await serving(({ input }) => ({ body: pages[input['NextToken'] ?? ''] }));
  // An account without a state is read: nothing says that it is closed.
  expect(await organization({ endpoint, region: 'eu-west-1' }).accounts()).toEqual(['111111111111', '333333333333', '555555555555']);
});

it('finds accounts below a unit, at any depth', async () => {
  const accounts: Record<string, object[]> = { 'ou-ab12-aaaaaaaa': [account('111111111111')], 'ou-ab12-cccccccc': [account('333333333333')] };
  const units: Record<string, object[]> = { 'ou-ab12-aaaaaaaa': [{ Id: 'ou-ab12-bbbbbbbb' }], 'ou-ab12-bbbbbbbb': [{ Id: 'ou-ab12-cccccccc' }] };
  const { endpoint } = await serving(({ operation, input }) => ({
    body:
      operation === 'ListAccountsForParent'
        ? { Accounts: accounts[input['ParentId'] ?? ''] ?? [] }
        : { OrganizationalUnits: units[input['ParentId'] ?? ''] ?? [] },
  }));
  expect(await organization({ endpoint, region: 'eu-west-1' }).within('ou-ab12-aaaaaaaa')).toEqual(['111111111111', '333333333333']);
});

it('reads the tags of an account', async () => {
  const { endpoint, asked } = await serving(({ input }) => ({
    body: input['NextToken'] === undefined ? { Tags: [{ Key: 'stage', Value: 'prod' }], NextToken: 'a' } : { Tags: [{ Key: 'team', Value: '' }] },
  }));
  expect(await organization({ endpoint, region: 'eu-west-1' }).tags('111111111111')).toEqual({ stage: 'prod', team: '' });
  expect(asked.map(({ input }) => input['ResourceId'])).toEqual(['111111111111', '111111111111']);
});

it('uses a session of the configured role', async () => {
  const { endpoint, asked } = await serving(() => ({ body: { Accounts: [account('111111111111')] } }));
  await organization({ endpoint, region: 'eu-west-1', roleArn: 'arn:aws:iam::999999999999:role/List', externalId: 'external' }).accounts();
  expect(asked.map(({ operation, key }) => [operation, key])).toEqual([
    ['AssumeRole', 'AKIDEXAMPLE'],
    ['ListAccounts', 'ASIAROLE'],
  ]);
  expect(asked[0]?.input).toMatchObject({ RoleArn: 'arn:aws:iam::999999999999:role/List', ExternalId: 'external', RoleSessionName: 'redress-organization' });
});

it('reports the next step if Organizations denies this account', async () => {
  const { endpoint } = await serving(() => ({ status: 400, body: { __type: 'AccessDeniedException', Message: 'no' } }));
  await expect(organization({ endpoint, region: 'eu-west-1' }).accounts()).rejects.toMatchObject({
    code: 'aws/denied',
    message: expect.stringContaining('organizations:ListAccounts: AccessDeniedException') as string,
    next: expect.stringContaining('delegated administrators') as string,
  });
});

it.each(['List', 'arn:aws:iam::999999999999:role/*', 'arn:aws:iam::999999999999:user/List', ''])('refuses the role %j', (roleArn) => {
  expect(() => organization({ roleArn })).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
});
