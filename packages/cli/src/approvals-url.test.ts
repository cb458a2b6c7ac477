import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connect, createRedress, definePolicy, type Journal } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { createApprovalHandler } from '@redress/lambda-runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { openedEvent, revokeOpenRules, Widgets } from '../../../tests/support/widgets.js';
import { command } from '../test/support/command.js';

const ACCOUNT = '111111111111';
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/Lead/alice`;
const KEY = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', sessionToken: 'a/token+with=signs' };
const POLICY = `version: 1\nenvironments: { prod: { accounts: ["${ACCOUNT}"] } }\nremediators: { widget-revoke-open: { prod: approve } }\napprovers: { prod: ["arn:aws:iam::${ACCOUNT}:role/Lead"] }\n`;

/**
 * Signature Version 4, written from its description and not from the signer that is used.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function isSigned(request: IncomingMessage, body: string, region: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const found = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/lambda\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? '',
  );
  if (found === null) return false;
  const [, id, day = '', where = '', names = '', signature] = found;
  const header = (name: string) =>
    String(request.headers[name] ?? '')
      .trim()
      .replace(/ +/g, ' ');
  const date = header('x-amz-date');
  const must = ['host', 'x-amz-date', 'x-amz-security-token', ...(body === '' ? [] : ['content-type'])];
  if (id !== KEY.accessKeyId || where !== region || !date.startsWith(day) || !must.every((name) => names.split(';').includes(name))) return false;
  if (
    header('x-amz-security-token') !== KEY.sessionToken ||
    Math.abs(Date.now() - Date.parse(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))) > 300_000
  )
    return false;
  const url = new URL(request.url ?? '', 'http://x');
  const path = url.pathname
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
  const canonical = [request.method, path, url.search.slice(1), ...names.split(';').map((name) => `${name}:${header(name)}`), '', names, hash(body)].join('\n');
  const scope = `${day}/${where}/lambda/aws4_request`;
  const key = [where, 'lambda', 'aws4_request'].reduce((last, part) => mac(last, part), mac(`AWS4${KEY.secretAccessKey}`, day));
  return mac(key, ['AWS4-HMAC-SHA256', date, scope, hash(canonical)].join('\n')).toString('hex') === signature;
}

const log = logOfEachTest();
let directory: string;
let widgets: Widgets;
let journal: Journal;
let server: Server;
let url: string;
let asked: string[];
/** What stands between the function and the world, for a test. */
let between: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;

/** A function URL with AuthType AWS_IAM: verifies the signature, says who signed, and invokes. */
function functionUrl(): Server {
  const handler = createApprovalHandler({
    remediators: [revokeOpenRules],
    policy,
    journal,
    connect: widgets.connect,
  });
  return createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const body = Buffer.concat(chunks).toString('utf8');
      asked.push(`${request.method} ${request.url}`);
      if (between?.(request, response) === true) return;
      if (!isSigned(request, body, 'eu-west-1')) {
        response
          .writeHead(403, { 'content-type': 'application/json' })
          .end('{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see …"}');
        return;
      }
      const path = new URL(request.url ?? '', 'http://x').pathname;
      const answer = await handler(
        {
          version: '2.0',
          rawPath: path,
          headers: request.headers,
          requestContext: {
            authentication: null,
            authorizer: {
              iam: {
                accountId: ACCOUNT,
                callerId: 'AROAEXAMPLEEXAMPLE123:alice',
                cognitoIdentity: null,
                userArn: SESSION,
                userId: 'AROAEXAMPLEEXAMPLE123:alice',
              },
            },
            http: { method: request.method, path },
          },
          ...(body === '' ? {} : { body: Buffer.from(body).toString('base64') }),
          isBase64Encoded: true,
        },
        { getRemainingTimeInMillis: () => 300_000 },
      );
      response.writeHead(answer.statusCode, answer.headers).end(answer.body);
    });
  });
}

const policy = definePolicy({
  version: 1,
  environments: { prod: { accounts: [ACCOUNT] } },
  remediators: { 'widget-revoke-open': { prod: 'approve' } },
  approvers: { prod: [`arn:aws:iam::${ACCOUNT}:role/Lead`] },
});

async function redress(credentials: object | undefined, ...argv: string[]): Promise<{ exit: number; out: string; err: string; json: unknown }> {
  const connect: Connect = async ({ region }) => ({
    config: { region, ...(credentials === undefined ? {} : { credentials }) },
    identity: async () => ({ account: ACCOUNT, arn: SESSION }),
  });
  const { exit, out, err } = await command([...argv, '--region', 'eu-west-1'], directory, { remediators: [revokeOpenRules], connect });
  return { exit, out, err, json: argv.includes('--json') ? (JSON.parse(out) as unknown) : null };
}

const ask = async (): Promise<string> => {
  const redress = createRedress({ remediators: [revokeOpenRules], policy, journal, connect: widgets.connect });
  const { results } = await redress.handle(openedEvent('w', 'open-1', Date.now() - 1000));
  return results[0]?.passes[0]?.approval as string;
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-url-'));
  writeFileSync(join(directory, 'redress.yaml'), POLICY);
  widgets = new Widgets();
  widgets.put('w', ['open-1', 'closed']);
  journal = memoryJournal();
  asked = [];
  between = null;
  server = functionUrl();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  rmSync(directory, { recursive: true, force: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('approvals at their Function URL', () => {
  it('are listed, shown and given with a signed request, in the highest environment', async () => {
    const id = await ask();
    expect((await redress(KEY, 'approvals', 'list', '--url', url, '--json')).json).toMatchObject([{ id, verdict: 'none' }]);
    const shown = await redress(KEY, 'approvals', 'show', id, '--url', url);
    expect(shown.out).toContain('not seen  none in a test');
    const { exit, json } = await redress(KEY, 'approvals', 'approve', id, '--reason', 'CHG-1, “quoted” & more', '--url', url, '--json');
    expect({ exit, json }).toMatchObject({
      exit: 0,
      json: { by: SESSION, verified: true, approval: id, repeated: false, passes: [{ outcome: 'remediated' }] },
    });
    expect(widgets.rules('w')).toEqual(['closed']);
    const again = await redress(KEY, 'approvals', 'approve', id, '--reason', 'CHG-1', '--url', url);
    expect([again.exit, again.out]).toEqual([0, `${SESSION} approved ${id} earlier; nothing was done this time.\n`]);
    expect(widgets.writes).toEqual(['RevokeRule']);
    expect(log.lines.filter(({ kind }) => kind === 'approval')).toMatchObject([
      { level: 'INFO', message: 'approval approved', approval: id, by: SESSION, repeated: false },
      { level: 'INFO', message: 'approval approved', approval: id, by: SESSION, repeated: true },
    ]);
  });

  it('are denied, and report why they are refused', async () => {
    const id = await ask();
    expect((await redress(KEY, 'approvals', 'deny', id, '--reason', 'in use', '--url', url)).out).toBe(`${SESSION} denied ${id}.\n`);
    expect(await redress(KEY, 'approvals', 'approve', id, '--reason', 'r', '--url', url, '--json')).toMatchObject({
      exit: 1,
      json: { error: { code: 'approval/answered' } },
    });
    expect(widgets.writes).toEqual([]);
  });

  it('is not valid with another secret', async () => {
    const id = await ask();
    const answer = await redress({ ...KEY, secretAccessKey: 'x' }, 'approvals', 'approve', id, '--reason', 'r', '--url', url, '--json');
    expect(answer).toMatchObject({
      exit: 1,
      json: { error: { code: 'remote/unreadable', message: expect.stringContaining('403'), next: expect.stringContaining('InvokeFunctionUrl') } },
    });
    expect(widgets.writes).toEqual([]);
  });

  it('follow no redirect, and accept no web page as an answer', async () => {
    between = (_request, response) => {
      response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end();
      return true;
    };
    expect((await redress(KEY, 'approvals', 'list', '--url', url, '--json')).json).toMatchObject({ error: { code: 'remote/unreachable' } });
    between = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>\u001b[2J');
      return true;
    };
    const page = await redress(KEY, 'approvals', 'list', '--url', url);
    expect([page.exit, page.out]).toEqual([1, '']);
    expect(page.err).not.toContain('\u001b');
  });

  it('are sent once, and never over plain HTTP', async () => {
    between = (request) => {
      request.socket.destroy();
      return true;
    };
    expect(await redress(KEY, 'approvals', 'approve', 'a-0000000000000000', '--reason', 'r', '--url', url, '--json')).toMatchObject({
      exit: 1,
      json: { error: { code: 'remote/unreachable', next: expect.stringContaining('approvals show') } },
    });
    expect(asked).toEqual(['POST /approvals/a-0000000000000000/approve']);
    for (const bad of ['http://example.com', 'ftp://127.0.0.1', 'x', 'https://user:pass@example.com'])
      expect(await redress(KEY, 'approvals', 'list', '--url', bad, '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/usage' } } });
    expect(await redress(undefined, 'approvals', 'list', '--url', url, '--json')).toMatchObject({ exit: 2, json: { error: { code: 'cli/config' } } });
  });
});
