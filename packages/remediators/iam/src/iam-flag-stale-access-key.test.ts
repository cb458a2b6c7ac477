import { type Actor, type Assessment, createRedress, definePolicy, GLOBAL_REGION, type JsonObject, resource } from '@redress/core';
import { parametersJsonSchema } from '@redress/core/schema';
import { memoryJournal } from '@redress/evidence';
import { configComplianceEvent, fakeClock, type SimulatedAccountOptions, simulatedAccount } from '@redress/testing';
import { describe, expect, it } from 'vitest';
import { type FakeUser, fakeIam, iamError, user } from '../test/fake.js';
import { iam } from './client.js';
import { flagStaleAccessKey as remediator } from './iam-flag-stale-access-key.js';
import * as published from './index.js';

/** Written here, not taken from there: what a version calls it the next one has to find. */
const FLAG = 'redress:stale-access-key';

const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const DAY = 86_400_000;
const ago = (days: number, milliseconds = 0) => new Date(NOW - days * DAY - milliseconds).toISOString();
const A = 'AKIAAAAAAAAAAAAAAAAA';
const B = 'AKIABBBBBBBBBBBBBBBB';

interface State {
  readonly keys?: readonly { readonly id: string; readonly created: string }[];
  readonly flag?: string | null;
  readonly room?: boolean;
}

function plan(state: State, parameters: JsonObject = {}, context: unknown = undefined): Assessment {
  return remediator.plan({
    state: { keys: [], flag: null, room: true, ...state } as never,
    context,
    resource: user('deploy'),
    parameters: remediator.parameters(parameters),
    observedAt: NOW,
  });
}

const tag = (value: string) => ({
  service: 'iam',
  operation: 'TagUser',
  retry: 'idempotent',
  input: { UserName: 'deploy', Tags: [{ Key: FLAG, Value: value }] },
});
const untag = { service: 'iam', operation: 'UntagUser', retry: 'idempotent', input: { UserName: 'deploy', TagKeys: [FLAG] } };

describe('parameters', () => {
  it('have defaults and a closed JSON Schema', () => {
    expect(remediator.parameters(undefined)).toEqual({ maxAgeDays: 90 });
    expect(parametersJsonSchema(remediator)).toMatchObject({
      additionalProperties: false,
      properties: { maxAgeDays: { type: 'integer', minimum: 1, default: 90 } },
    });
  });
  it.each([[{ maxAgeDays: 0 }], [{ maxAgeDays: -1 }], [{ maxAgeDays: 1.5 }], [{ maxAgeDays: '90' }], [{ maxAgeDays: null }], [{ maxAge: 90 }]])(
    'refuse %j',
    (parameters) => {
      expect(() => remediator.parameters(parameters)).toThrow('parameters');
    },
  );
});

describe('age', () => {
  it.each([
    ['no key', [], 'compliant'],
    ['a new key', [{ id: A, created: ago(0) }], 'compliant'],
    ['a key of exactly the age', [{ id: A, created: ago(90) }], 'compliant'],
    ['a key a millisecond older', [{ id: A, created: ago(90, 1) }], 'change'],
    ['a key from the future', [{ id: A, created: ago(-1) }], 'compliant'],
    [
      'an old key beside a new one',
      [
        { id: A, created: ago(1) },
        { id: B, created: ago(400) },
      ],
      'change',
    ],
  ] as const)('%s: %s', (_name, keys, status) => {
    expect(plan({ keys }).status).toBe(status);
  });

  it('is judged by the parameter', () => {
    expect(plan({ keys: [{ id: A, created: ago(31) }] }, { maxAgeDays: 30 }).status).toBe('change');
    expect(plan({ keys: [{ id: A, created: ago(364) }] }, { maxAgeDays: 365 }).status).toBe('compliant');
  });
});

describe('the flag', () => {
  const old = [{ id: A, created: ago(100) }];

  it('is set, and undone by removing it; the gap stays open', () => {
    expect(plan({ keys: old })).toEqual({
      status: 'change',
      changes: [{ call: tag(A), undo: { calls: [untag], restores: 'exact' }, summary: `flag deploy: ${A}`, resolves: false }],
      open: [`rotate key ${A} of user deploy (created 2026-02-21)`],
    });
  });

  it('names every stale key and no other', () => {
    expect(plan({ keys: [...old, { id: B, created: ago(91) }, { id: 'AKIACCCCCCCCCCCCCCCC', created: ago(1) }] })).toMatchObject({
      changes: [{ call: tag(`${A} ${B}`) }],
      open: [expect.stringContaining(A), expect.stringContaining(B)],
    });
  });

  it.each([
    ['used in the last 30 days', ago(0)],
    ['used in the last 30 days', ago(30)],
    ['not used for 30 days', ago(30, 1)],
    ['never used, as far as IAM knows', null],
  ])('says %s, if that is known, and the same after each use: nobody is notified again because of it', (use, last) => {
    expect(plan({ keys: old }, {}, { lastUsed: { [A]: last } })).toMatchObject({ open: [`rotate key ${A} of user deploy (created 2026-02-21; ${use})`] });
  });

  it('that is correct is not changed, and the gap stays open: a flag closes nothing', () => {
    expect(plan({ keys: old, flag: A })).toEqual({
      status: 'manual',
      message: `User deploy is flagged. Still open: rotate key ${A} of user deploy (created 2026-02-21).`,
      steps: [expect.stringContaining('Create a second key'), expect.stringContaining('deactivate it')],
      flagged: true,
    });
  });

  it('that names another key is set again; the undo restores the old one', () => {
    expect(plan({ keys: old, flag: B })).toMatchObject({ changes: [{ call: tag(A), undo: { calls: [tag(B)], restores: 'exact' }, resolves: false }] });
  });

  it.each([[A], ['']])('%j is removed if no key is stale', (flag) => {
    expect(plan({ keys: [{ id: B, created: ago(1) }], flag })).toMatchObject({
      status: 'change',
      changes: [{ call: untag, undo: { calls: [tag(flag)], restores: 'exact' }, resolves: false }],
    });
  });

  it('has no room next to fifty tags: people are notified', () => {
    expect(plan({ keys: old, room: false })).toMatchObject({ status: 'manual', message: expect.stringContaining(A) });
    expect(plan({ room: false }).status).toBe('compliant');
  });
});

describe('observing', () => {
  const observe = async (state: FakeUser, refuse: Parameters<typeof fakeIam>[1] = {}) => {
    const seen = await remediator.observe({ aws: fakeIam({ deploy: state }, refuse).aws, resource: user('deploy'), parameters: remediator.parameters({}) });
    if (seen === 'gone') throw new Error('gone');
    return seen;
  };

  it('reads every page, keeps active keys, and sorts them', async () => {
    const { state, context, tags } = await observe({
      keys: [
        { id: B, created: '2026-01-02T03:04:05Z' },
        { id: 'AKIACCCCCCCCCCCCCCCC', created: ago(900), status: 'Inactive' },
        { id: 'AKIADDDDDDDDDDDDDDDD', created: ago(900), status: 'Expired' },
        { id: A, created: '2026-03-01T00:00:00Z', used: { at: '2026-05-30T12:00:00Z', service: 's3', region: 'eu-west-1' } },
      ],
      tags: { team: 'ci', [FLAG]: A },
    });
    expect(state).toEqual({
      user: 'AIDADEPLOY00000000000',
      keys: [
        { id: A, created: '2026-03-01T00:00:00.000Z' },
        { id: B, created: '2026-01-02T03:04:05.000Z' },
      ],
      flag: A,
      room: true,
    });
    expect(context).toEqual({ lastUsed: { [A]: '2026-05-30T12:00:00.000Z', [B]: null } });
    expect(tags).toEqual({ team: 'ci', [FLAG]: A });
  });

  it('does not read the last use for a verification, which only affects the notice', async () => {
    const fake = fakeIam({ deploy: { keys: [{ id: A, created: ago(200) }], tags: { [FLAG]: A } } });
    const args = { aws: fake.aws, resource: user('deploy'), parameters: remediator.parameters({}) };
    const seen = await remediator.observe({ ...args, purpose: 'verification' });
    expect(fake.calls.sort()).toEqual(['GetUser', 'ListAccessKeys']);
    expect(seen).toMatchObject({ state: (await observe({ keys: [{ id: A, created: ago(200) }], tags: { [FLAG]: A } })).state });
  });

  it.each([
    [49, {}, true],
    [50, {}, false],
    [50, { 'aws:createdBy': 'x' }, false],
    [49, { 'aws:createdBy': 'x' }, true],
    [49, { [FLAG]: A }, true],
  ])('%i tags and %j: room for a flag: %s', async (count, more, room) => {
    expect((await observe({ tags: { ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`tag-${at}`, 'x'])), ...more } })).state).toMatchObject({
      room,
    });
  });

  it('recognizes the flag under a key in capitals, which IAM treats as the same', async () => {
    const seen = await observe({ tags: { 'Redress:Stale-Access-Key': A } });
    expect(seen.state).toMatchObject({ flag: A });
  });

  it('has no other tags in the state', async () => {
    expect((await observe({ tags: { team: 'ci' } })).state).toEqual((await observe({ tags: { other: 'x', another: 'y' } })).state);
  });

  it('recognizes a missing user', async () => {
    expect(await remediator.observe({ aws: fakeIam({}).aws, resource: user('deploy'), parameters: remediator.parameters({}) })).toBe('gone');
  });

  it.each(['ListAccessKeys', 'GetUser', 'GetAccessKeyLastUsed'])('fails when %s is denied', async (operation) => {
    await expect(observe({ keys: [{ id: A, created: ago(1) }] }, { [operation]: iamError('AccessDenied', 'aws/denied') })).rejects.toMatchObject({
      code: 'aws/denied',
    });
  });

  it('detects a user who was deleted and recreated', async () => {
    const [first, again] = [await observe({ id: 'AIDA1234567890ABCDEFG' }), await observe({ id: 'AIDAGFEDCBA0987654321' })];
    expect([first.state, again.state]).toMatchObject([{ user: 'AIDA1234567890ABCDEFG' }, { user: 'AIDAGFEDCBA0987654321' }]);
    const aws = { iam: { ListAccessKeys: async () => ({ AccessKeyMetadata: [] }), GetUser: async () => ({}) } } as never;
    await expect(remediator.observe({ aws, resource: user('deploy'), parameters: remediator.parameters({}) })).rejects.toThrow('returned no id');
  });

  it('fails on a key without a date', async () => {
    const aws = {
      iam: {
        ListAccessKeys: async () => ({ AccessKeyMetadata: [{ AccessKeyId: A, Status: 'Active' }], IsTruncated: false }),
        GetUser: async () => ({ User: { UserId: 'AIDA1234567890ABCDEFG' } }),
      },
    } as never;
    await expect(remediator.observe({ aws, resource: user('deploy'), parameters: remediator.parameters({}) })).rejects.toThrow('returned no creation date');
  });
});

describe('identifying', () => {
  const identify = (fake: ReturnType<typeof fakeIam>, id: string, region?: string) => remediator.identify?.({ aws: fake.aws, resource: user(id, region) });
  const ID = 'AIDA1234567890ABCDEFG';

  it('uses a name unchanged, without a call', async () => {
    const fake = fakeIam({});
    expect(await identify(fake, 'deploy', 'eu-west-1')).toEqual({ id: 'deploy', region: 'aws-global' });
    expect(await identify(fake, 'AIDAn')).toEqual({ id: 'AIDAn', region: 'aws-global' });
    expect(fake.calls).toEqual([]);
  });

  it('finds the name of a unique id, on every page', async () => {
    expect(await identify(fakeIam({ a: {}, b: {}, deploy: { id: ID } }), ID)).toEqual({ id: 'deploy', region: 'aws-global' });
  });

  it('does not act on an unknown id', async () => {
    expect(await identify(fakeIam({ a: {}, b: {} }), ID)).toBeNull();
  });

  it('uses a name that looks like an id, unless somebody has that id', async () => {
    expect(await identify(fakeIam({ [ID]: {} }), ID)).toEqual({ id: ID, region: 'aws-global' });
    expect(await identify(fakeIam({ [ID]: {}, deploy: { id: ID } }), ID)).toEqual({ id: 'deploy', region: 'aws-global' });
  });
});

describe('recorded calls', () => {
  const call = (request: JsonObject | null, response: JsonObject | null = null) =>
    remediator.apiCalls['iam:CreateAccessKey']?.({
      service: 'iam',
      operation: 'CreateAccessKey',
      request,
      response,
      errorCode: null,
      readOnly: false,
      account: '111111111111',
      region: 'us-east-1',
    });
  it.each([
    [{ userName: 'deploy' }, null, ['deploy']],
    [null, { accessKey: { userName: 'alice', accessKeyId: A } }, ['alice']],
    [{ userName: 'deploy' }, { accessKey: { userName: 'deploy' } }, ['deploy']],
    [{ userName: '' }, null, []],
    [null, null, []],
    [{ userName: ['deploy'] }, { accessKey: 'x' }, []],
  ])('%j, %j: %j', (request, response, names) => {
    expect(call(request, response)).toEqual(names.map((id) => ({ id, region: 'aws-global' })));
  });

  const changed = (request: JsonObject | null, actor: Actor | null) =>
    remediator.apiCalls['iam:UpdateAccessKey']?.({
      service: 'iam',
      operation: 'UpdateAccessKey',
      request,
      response: null,
      errorCode: null,
      readOnly: false,
      account: '111111111111',
      region: 'us-east-1',
      actor,
    });
  const alice: Actor = { type: 'IAMUser', arn: 'arn:aws:iam::111111111111:user/people/alice', issuerArn: null, invokedBy: null };
  const own = { accessKeyId: A, status: 'Inactive' };
  it("of one's own key names the caller, even without a name in the request", () => {
    expect(changed(own, alice)).toEqual([{ id: 'alice', region: 'aws-global' }]);
    expect(changed({ ...own, userName: 'deploy' }, alice)).toEqual([{ id: 'deploy', region: 'aws-global' }]);
  });
  it.each([
    ['the request is omitted: it may name somebody else', { omitted: true }, alice],
    ['there is no request', null, alice],
    ['a role made the call', own, { ...alice, type: 'AssumedRole', arn: 'arn:aws:sts::111111111111:assumed-role/ops/alice' }],
    ['the caller is of another account', own, { ...alice, arn: 'arn:aws:iam::222222222222:user/alice' }],
    ['the caller is unknown', own, null],
  ])('names nobody if %s', (_name, request, actor) => {
    expect(changed(request, actor)).toEqual([]);
  });

  it('of a rule with a shorter age than the policy names what is too old for it', () => {
    const judge = (maxAccessKeyAge: string | null) =>
      remediator.judge?.({
        state: { keys: [{ id: A, created: '2026-10-01T00:00:00.000Z' }], flag: null, room: true } as never,
        context: undefined,
        resource: { id: 'deploy' } as never,
        parameters: { maxAgeDays: 90 },
        claim: {
          controls: [],
          configRule: 'access-keys-rotated',
          isRule: () => true,
          parameters: maxAccessKeyAge === null ? null : { maxAccessKeyAge },
          observedAt: Date.parse('2026-11-24T00:00:00Z'),
        },
      });
    expect(judge('30')).toEqual([`key ${A} of user deploy, created 2026-10-01, is older than the required 30 days; the policy has 90`]);
    for (const fine of ['60', '90', '365', null]) expect(judge(fine)).toEqual([]);
  });
});

it('discovery returns every user, in the global region', async () => {
  const found: unknown[] = [];
  for await (const each of remediator.discover?.({
    aws: fakeIam({ a: {}, b: {} }).aws,
    account: '111111111111',
    region: 'eu-west-1',
    partition: 'aws',
    parameters: {},
  }) ?? [])
    found.push(each);
  expect(found).toEqual(['a', 'b'].map((id) => ({ type: 'AWS::IAM::User', id, region: 'aws-global' })));
});

it('nothing in the package can deactivate or delete a key', () => {
  const refused = () => {
    // @ts-expect-error an operation that the package does not bind
    iam.call('DeleteAccessKey', { UserName: 'deploy', AccessKeyId: A });
  };
  expect(refused).toThrow('no operation');
  expect([...iam.operations.values()].filter((each) => each.access === 'write').flatMap((each) => each.iam)).toEqual([
    'iam:UpdateAccountPasswordPolicy',
    'iam:DeleteAccountPasswordPolicy',
    'iam:TagUser',
    'iam:UntagUser',
  ]);
});

it('the package exports its remediators, and nothing of its client', () => {
  expect(Object.keys(published).sort()).toEqual([
    'deactivateStaleAccessKey',
    'deactivateUnusedAccessKey',
    'detachCloudShellFullAccess',
    'flagStaleAccessKey',
    'furtherIamRemediators',
    'iamRemediators',
    'reportAdminPolicy',
    'reportDecryptAllInlinePolicies',
    'reportDecryptAllPolicies',
    'reportExpiredServerCertificate',
    'reportFullServicePolicy',
    'reportInlinePolicies',
    'reportLongLivedApiKey',
    'reportMissingSupportRole',
    'reportRootAccessKey',
    'reportRootHardwareMfa',
    'reportRootMfa',
    'reportUnusedConsolePassword',
    'reportUnusedGroup',
    'reportUserAttachedPolicies',
    'reportUserWithoutMfa',
    'setPasswordExpiration',
    'strengthenPasswordPolicy',
  ]);
  expect(published.iamRemediators.every((each) => each.package.name === '@redress/remediator-iam')).toBe(true);
});

describe('a flagged user', () => {
  const flagged = async ({ disturb = () => null }: Pick<SimulatedAccountOptions, 'disturb'> = {}) => {
    const clock = fakeClock();
    const account = simulatedAccount({ clock, disturb });
    account.act('iam', 'CreateUser', { UserName: 'deploy' });
    account.act('iam', 'CreateAccessKey', { UserName: 'deploy' });
    await clock.sleep(120 * DAY);
    const journal = memoryJournal({ clock });
    const notices: string[] = [];
    const redress = createRedress({
      remediators: [remediator],
      policy: definePolicy({ version: 1, environments: { dev: { accounts: [account.account] } }, remediators: { [remediator.id]: { dev: 'enforce' } } }),
      journal,
      connect: account.connect,
      clock,
      notify: async ({ outcome }) => void notices.push(outcome),
    });
    const ref = resource({ type: 'AWS::IAM::User', id: 'deploy', account: account.account, region: GLOBAL_REGION });
    const reported = async () => {
      const event = configComplianceEvent({ resource: ref, rule: 'access-keys-rotated', time: new Date(clock.now()) });
      const [only] = (await redress.handle(event)).results;
      await clock.sleep(3_600_000);
      return [only?.passes.map(({ outcome }) => outcome), only?.gap.closed, only?.gap.open.length];
    };
    const sweep = () => redress.sweep({ targets: [{ account: account.account, region: 'us-east-1' }] });
    const gaps = async () => (await journal.standing()).gaps.map(({ remediator: by, outcome }) => [by, outcome]);
    return { account, notices, reported, sweep, gaps, person: () => account.state.users['deploy'] };
  };

  it('has the gap for every event and sweep until the key is gone, is notified about once, and no further call is made', async () => {
    const { notices, reported, sweep, gaps, person } = await flagged();
    expect(await reported()).toEqual([['flagged'], false, 1]);
    expect(await reported()).toEqual([['notified'], false, 1]);
    expect(await reported()).toEqual([['notified'], false, 1]);
    await sweep();
    expect(await gaps()).toEqual([[remediator.id, 'notified']]);
    expect(notices.filter((outcome) => outcome === 'notified')).toHaveLength(1);
    expect(person()?.tags).toEqual({ [FLAG]: expect.stringMatching(/^AKIA/) });

    person()?.keys.splice(0);
    await sweep();
    await sweep();
    expect(await gaps()).toEqual([]);
    expect(person()?.tags).toEqual({});
  });

  it('is recognized if the reply was lost: the flag shows that it was set', async () => {
    const { reported, person } = await flagged({ disturb: ({ operation }) => (operation === 'TagUser' ? 'lost' : null) });
    expect(await reported()).toEqual([['flagged'], false, 1]);
    expect(person()?.tags).toEqual({ [FLAG]: expect.stringMatching(/^AKIA/) });
  });
});

describe('a glance', () => {
  const glance = async (state: FakeUser) => {
    const fake = fakeIam({ deploy: state });
    const seen = await remediator.glance?.({ aws: fake.aws as never, resource: user('deploy'), parameters: remediator.parameters({}) });
    return { status: plan(seen?.state as State, {}, seen?.context).status, calls: [...fake.calls].sort() };
  };
  it('does not read when a key was used last', async () => {
    const calls = ['GetUser', 'ListAccessKeys'];
    expect(await glance({ keys: [{ id: A, created: ago(1) }] })).toEqual({ status: 'compliant', calls });
    expect(await glance({ keys: [{ id: A, created: ago(91) }] })).toEqual({ status: 'change', calls });
  });
  it('finds a flag that has to be removed', async () => {
    expect((await glance({ keys: [{ id: A, created: ago(1) }], tags: { [FLAG]: B } })).status).toBe('change');
  });
});
