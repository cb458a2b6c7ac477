import { createRedress, definePolicy, type Journal, RedressError, type RedressOptions } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { type ApprovalAnswer, type ApprovalHandlerOptions, createApprovalHandler } from '@redress/lambda-runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { kindsOf } from '../support/journal.js';
import { logOfEachTest } from '../support/lambda-log.js';
import { openedEvent, revokeOpenRules, Widgets } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const LEAD = `arn:aws:iam::${ACCOUNT}:role/security/Lead`;
const LEAD_SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/Lead/alice`;
const START = Date.parse('2026-11-24T10:00:00Z');
const DAY = 86_400_000;
const HOUR = { awsRequestId: 'r', getRemainingTimeInMillis: () => 300_000 };

let aws: Widgets;
let time: number;
let journal: Journal;
const log = logOfEachTest();
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
// The only environment is the highest one, where an unverified approver is refused.
const policy = definePolicy({
  version: 1,
  environments: { prod: { accounts: [ACCOUNT] } },
  remediators: { 'widget-revoke-open': { prod: 'approve' } },
  approvers: { prod: [LEAD, `arn:aws:iam::${ACCOUNT}:user/mallory`] },
});
const options = (over: Partial<RedressOptions> = {}) => ({ remediators: [revokeOpenRules], policy, journal, connect: aws.connect, clock, ...over });
const handlerOf = (over: Partial<ApprovalHandlerOptions> = {}) => createApprovalHandler({ ...options(), ...over });
const asked = async (id = 'w'): Promise<string> => {
  const { results } = await createRedress(options()).handle(openedEvent(id, 'open-1', time - 1000));
  return results[0]?.passes[0]?.approval as string;
};
const iam = (over: Record<string, unknown> = {}) => ({
  accessKey: 'ASIAEXAMPLE',
  accountId: ACCOUNT,
  callerId: 'AROAEXAMPLEEXAMPLE123:alice',
  cognitoIdentity: null,
  principalOrgId: 'o-abcdefghij',
  userArn: LEAD_SESSION,
  userId: 'AROAEXAMPLEEXAMPLE123:alice',
  ...over,
});
/** As Lambda hands the request of a function URL over. */
function request(method: string, path: string, body?: unknown, over: Record<string, unknown> = {}, context: Record<string, unknown> = {}): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: { 'content-type': 'application/json', host: 'x.lambda-url.eu-west-1.on.aws' },
    requestContext: {
      accountId: ACCOUNT,
      apiId: 'x',
      authentication: null,
      authorizer: { iam: iam() },
      domainName: 'x.lambda-url.eu-west-1.on.aws',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      requestId: 'r',
      ...context,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    isBase64Encoded: false,
    ...over,
  };
}
const as = (over: Record<string, unknown>) => ({ authorizer: { iam: iam(over) } });
const send = async (event: unknown, handler = handlerOf(), context = HOUR) => {
  const { statusCode, body, headers } = await handler(event, context);
  expect(headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  return { status: statusCode, json: JSON.parse(body) as Record<string, unknown> & { error: { code: string; message: string } }, body };
};
const approve = (id: string, more: object = {}) => request('POST', `/approvals/${id}/approve`, { reason: 'CHG-1', ...more });
const kinds = () => kindsOf(journal);

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', ['open-1', 'closed']);
  time = START;
  journal = memoryJournal({ clock });
});

describe('the approval endpoint', () => {
  it('lists, shows and carries out what was shown, in the highest environment', async () => {
    const id = await asked();
    expect((await send(request('GET', '/approvals'))).json).toMatchObject([{ id, verdict: 'none', requested: new Date(START).toISOString() }]);
    const shown = (await send(request('GET', `/approvals/${id}`))).json;
    expect(shown).toMatchObject({
      id,
      plan: { changes: [{ subject: 'open-1' }], digest: shown['planDigest'] },
      reasons: [{ guardrail: 'mode' }],
      blindSpots: ['none in a test'],
    });
    expect(await send(approve(id))).toMatchObject({
      status: 200,
      json: {
        approval: id,
        verdict: 'approved',
        by: LEAD_SESSION,
        verified: true,
        repeated: false,
        passes: [{ outcome: 'remediated', plan: shown['planDigest'] }],
      },
    });
    expect(aws.rules('w')).toEqual(['closed']);
    expect(await kinds()).toEqual(['decision', 'approval', 'intent', 'call', 'outcome']);
    for await (const { record } of journal.read({ all: true }))
      if (record.kind === 'approval') expect(record.body).toMatchObject({ reason: 'CHG-1', approval: { by: { name: LEAD_SESSION, verified: true } } });
    expect((await send(request('GET', '/approvals'))).json).toEqual([]);
  });

  it('returns the same result the second time, and does nothing', async () => {
    const id = await asked();
    const resource = ((await send(request('GET', `/approvals/${id}`))).json as { resource?: unknown }).resource;
    const [done] = ((await send(approve(id, { resource }))).json as unknown as ApprovalAnswer).passes;
    aws.put('w', ['open-1']);
    expect(await send(approve(id, { resource }))).toMatchObject({
      status: 200,
      json: { verdict: 'approved', repeated: true, passes: [], usedBy: done?.execution },
    });
    // Another yes than the one that was used is none.
    expect(await send(request('POST', `/approvals/${id}/deny`, { reason: 'no', resource }))).toMatchObject({
      status: 409,
      json: { error: { code: 'approval/answered' } },
    });
    // Without the resource a used one is not found; nothing is done either.
    expect(await send(approve(id))).toMatchObject({ status: 404, json: { error: { code: 'approval/not-found' } } });
    expect(aws.writes).toEqual(['RevokeRule']);
    expect(aws.rules('w')).toEqual(['open-1']);
  });

  it('finds the approval by its id alone if it was answered', async () => {
    const id = await asked();
    const handler = handlerOf();
    const { json } = await send(approve(id), handler);
    const execution = (json as unknown as ApprovalAnswer).passes[0]?.execution;
    expect(await send(approve(id), handler)).toMatchObject({ status: 200, json: { repeated: true, passes: [], usedBy: execution } });
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('changes once if two people answer at the same time', async () => {
    const id = await asked();
    await Promise.all([send(approve(id)), send(approve(id), handlerOf())]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });

  it('denies, once, and is not asked again', async () => {
    const id = await asked();
    const no = request('POST', `/approvals/${id}/deny`, { reason: 'in use' });
    expect(await send(no)).toMatchObject({ status: 200, json: { verdict: 'denied', repeated: false, passes: [] } });
    expect(await send(no)).toMatchObject({ status: 200, json: { verdict: 'denied', repeated: true } });
    expect(await send(approve(id))).toMatchObject({ status: 409, json: { error: { code: 'approval/answered' } } });
    expect((await kinds()).filter((kind) => kind === 'approval')).toHaveLength(1);
    expect(aws.writes).toEqual([]);
  });

  it('asks again when the state differs from what was shown', async () => {
    const id = await asked();
    aws.put('w', ['open-1', 'open-2', 'closed']);
    const { status, json } = await send(approve(id));
    const answer = json as unknown as ApprovalAnswer;
    expect([status, answer.passes.map((each) => each.outcome)]).toEqual([200, ['superseded', 'awaiting-approval']]);
    expect(answer.passes[1]?.approval).not.toBe(id);
    expect(aws.writes).toEqual([]);
  });

  it('refuses an expired request, whoever caused it, and whoever is not listed', async () => {
    const id = await asked();
    // The event of the change names this user.
    const mallory = as({ userArn: `arn:aws:iam::${ACCOUNT}:user/mallory`, callerId: 'AIDAEXAMPLEEXAMPLE123', userId: 'AIDAEXAMPLEEXAMPLE123' });
    expect(await send(request('POST', `/approvals/${id}/approve`, { reason: 'r' }, {}, mallory))).toMatchObject({
      status: 403,
      json: { error: { code: 'approval/refused', message: expect.stringContaining('caused it') } },
    });
    const other = as({ userArn: `arn:aws:sts::${ACCOUNT}:assumed-role/Other/alice` });
    expect(await send(request('POST', `/approvals/${id}/approve`, { reason: 'r' }, {}, other))).toMatchObject({
      status: 403,
      json: { error: { code: 'approval/refused' } },
    });
    // A role of the same name in another account is another role.
    const foreign = as({ userArn: LEAD_SESSION.replace(ACCOUNT, '222222222222'), accountId: '222222222222' });
    expect(await send(request('POST', `/approvals/${id}/approve`, { reason: 'r' }, {}, foreign))).toMatchObject({ status: 403 });
    time += 7 * DAY;
    expect(await send(approve(id))).toMatchObject({ status: 409, json: { error: { code: 'approval/expired' } } });
    expect(await kinds()).toEqual(['decision']);
    expect(aws.writes).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['no authorizer', {}, { authorizer: undefined }],
    ['an authorizer that is null, as with AuthType NONE', {}, { authorizer: null }],
    ['an empty one', {}, { authorizer: {} }],
    ['an empty identity', {}, { authorizer: { iam: {} } }],
    ['a list', {}, { authorizer: [{ iam: iam() }] }],
    ['a JWT authorizer', {}, { authorizer: { jwt: { claims: { sub: LEAD, userArn: LEAD_SESSION }, scopes: null } } }],
    ['a Lambda authorizer', {}, { authorizer: { lambda: { iam: iam(), userArn: LEAD_SESSION } } }],
    ['a JWT authorizer in addition', {}, { authorizer: { iam: iam(), jwt: {} } }],
    ['a REST API’s identity', { version: '1.0' }, { authorizer: undefined, identity: { userArn: LEAD_SESSION, accountId: ACCOUNT, caller: 'AROA' } }],
    ['a REST API’s authorizer', { version: '1.0' }, {}],
    ['an identity as text', {}, { authorizer: { iam: JSON.stringify(iam()) } }],
    ['headers', { headers: { 'content-type': 'application/json', 'x-amzn-iam-user-arn': LEAD_SESSION, userArn: LEAD_SESSION } }, { authorizer: null }],
    ['a body', { body: JSON.stringify({ reason: 'r', requestContext: { authorizer: { iam: iam() } } }) }, { authorizer: null }],
    ['an account that differs from its ARN', {}, as({ accountId: '222222222222' })],
    ['a session that differs from its id', {}, as({ callerId: 'AROAEXAMPLEEXAMPLE123:bob' })],
    ['a user’s id for a role', {}, as({ callerId: 'AIDAEXAMPLEEXAMPLE123' })],
    ['no id', {}, as({ callerId: null })],
    ['the ARN of the role itself, which never signs', {}, as({ userArn: LEAD })],
    ['the root user', {}, as({ userArn: `arn:aws:iam::${ACCOUNT}:root`, callerId: ACCOUNT })],
    ['two lines', {}, as({ userArn: `${LEAD_SESSION}\n` })],
    ['a Cognito identity', {}, as({ cognitoIdentity: { identityId: 'x' } })],
    ['a client certificate', {}, { authentication: { clientCert: {} } }],
  ])('trusts no claim about the caller: %s', async (_name, over, context) => {
    const id = await asked();
    for (const event of [request('GET', '/approvals', undefined, over, context), request('POST', `/approvals/${id}/approve`, { reason: 'r' }, over, context)])
      expect(await send(event)).toMatchObject({ status: 403, json: { error: { code: 'request/unidentified' } } });
    expect([await kinds(), aws.writes]).toEqual([['decision'], []]);
  });

  it('accepts only its own organization, if it has one', async () => {
    const handler = handlerOf({ organization: 'o-abcdefghij' });
    expect((await send(request('GET', '/approvals'), handler)).status).toBe(200);
    for (const principalOrgId of ['o-zzzzzzzzzz', null, ''])
      expect((await send(request('GET', '/approvals', undefined, {}, as({ principalOrgId })), handler)).status).toBe(403);
  });

  it.each<[string, number, string, (id: string) => object]>([
    [
      'another media type',
      415,
      'request/media-type',
      (id) => request('POST', `/approvals/${id}/approve`, { reason: 'r' }, { headers: { 'content-type': 'text/plain' } }),
    ],
    ['no media type', 415, 'request/media-type', (id) => request('POST', `/approvals/${id}/approve`, { reason: 'r' }, { headers: {} })],
    ['no body', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`)],
    ['no JSON', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`, '{')],
    ['no UTF-8', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`, '//79', { isBase64Encoded: true })],
    ['a list', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`, [])],
    ['no reason', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`, { reason: ' ' })],
    ['a reason with a control character', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`, { reason: 'a\u001b[2J' })],
    ['a long reason', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`, { reason: 'x'.repeat(1001) })],
    ['a forged name', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`, { reason: 'r', by: LEAD, verified: true })],
    ['an invalid resource', 400, 'request/invalid', (id) => request('POST', `/approvals/${id}/approve`, { reason: 'r', resource: { id: '*' } })],
    ['a large body', 413, 'request/too-large', (id) => request('POST', `/approvals/${id}/approve`, { reason: 'x'.repeat(20_000) })],
    ['a huge body', 413, 'request/too-large', (id) => request('POST', `/approvals/${id}/approve`, 'x'.repeat(5_000_000))],
    ['GET to approve', 405, 'request/method', (id) => request('GET', `/approvals/${id}/approve`)],
    ['POST to list', 405, 'request/method', () => request('POST', '/approvals', { reason: 'r' })],
    ['another path', 404, 'request/not-found', (id) => request('POST', `/approvals/${id}/approve/now`, { reason: 'r' })],
    ['another verb', 404, 'request/not-found', (id) => request('POST', `/approvals/${id}/delete`, { reason: 'r' })],
    ['an invalid id of an approval', 404, 'approval/not-found', () => request('GET', '/approvals/..%2f')],
    ['an unknown id', 404, 'approval/not-found', () => request('GET', '/approvals/a-0000000000000000')],
  ])('refuses %s', async (_name, status, code, event) => {
    const id = await asked();
    expect(await send(event(id))).toMatchObject({ status, json: { error: { code } } });
    expect([await kinds(), aws.writes]).toEqual([['decision'], []]);
  });

  it('records no approval without time to carry it out', async () => {
    const id = await asked();
    const short = { awsRequestId: 'r', getRemainingTimeInMillis: () => 34_999 };
    expect(await send(approve(id), handlerOf(), short)).toMatchObject({ status: 503, json: { error: { code: 'request/no-time-left' } } });
    expect(await kinds()).toEqual(['decision']);
    // A no needs none: nothing follows from it.
    const no = request('POST', `/approvals/${id}/deny`, { reason: 'CHG-1' });
    expect(await send(no, handlerOf(), short)).toMatchObject({ status: 200, json: { verdict: 'denied' } });
    expect(await kinds()).toEqual(['decision', 'approval']);
  });

  it('does not reveal internal errors; the log does', async () => {
    const broken = (error: Error): Journal => ({ ...journal, kind: 'memory', approvals: () => Promise.reject(error) });
    const away = new RedressError('journal/unavailable', 'table arn:aws:dynamodb:secret is away', { retryable: true });
    for (const [error, status, code] of [
      [new Error('password hunter2'), 500, 'internal'],
      [away, 503, 'journal/unavailable'],
    ] as const) {
      const answer = await send(request('GET', '/approvals'), handlerOf({ journal: broken(error) }));
      expect(answer).toMatchObject({ status, json: { error: { code } } });
      expect(answer.body).not.toMatch(/hunter2|dynamodb/);
    }
    const refused = { level: 'ERROR', message: 'approval request refused', kind: 'approval', caller: LEAD_SESSION };
    expect(log.lines).toMatchObject([
      { ...refused, code: 'internal', error: { name: 'Error', message: 'password hunter2' } },
      { ...refused, code: 'journal/unavailable', error: { code: 'journal/unavailable', message: 'table arn:aws:dynamodb:secret is away' } },
    ]);
  });

  it('escapes control characters in names from accounts', async () => {
    const id = await asked();
    const stream = { read: () => journal.read({ all: true }) };
    const dirty: Journal = {
      ...journal,
      kind: 'memory',
      read: () => stream.read(),
      approvals: async () => (await journal.approvals()).map((each) => ({ ...each, subjects: ['\u001b[2J\u202eevil\u2028'] })),
    };
    const { body, json } = await send(request('GET', `/approvals/${id}`), handlerOf({ journal: dirty }));
    expect(body).toContain('\\u001b[2J\\u202eevil\\u2028');
    expect(json['subjects']).toEqual(['\u001b[2J\u202eevil\u2028']);
  });

  it('needs a shared journal', () => {
    expect(() => createApprovalHandler({ ...options(), journal: undefined as unknown as Journal })).toThrow(/journal/);
  });
});
