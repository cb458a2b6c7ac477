import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { RedressError } from '../model/errors.js';
import type { JsonObject } from '../model/json.js';
import { resource } from '../model/resource.js';
import type { Claim, Remediator } from './define.js';
import { accountEverywhere, accountInRegion, defineResource, tagsIn } from './resource-type.js';
import { defineService } from './service.js';
import { defineReport, defineSetting, needs, sharedOnPurpose, shortLived } from './setting.js';

function command<I extends object, O extends object>() {
  return class {
    readonly input: I;
    constructor(input: I) {
      this.input = input;
    }
    resolveMiddleware(): (args: unknown) => Promise<{ output: O }> {
      throw new Error('only its type is used');
    }
  };
}
interface Box {
  readonly Arn?: string;
  readonly Made?: Date;
  readonly Open?: boolean;
  readonly Days?: number;
  readonly Colour?: string;
}
const boxes = defineService({
  id: 'boxes',
  client: class {
    send = async () => ({});
  },
  operations: {
    GetBox: { command: command<{ Name: string }, { Box?: Box }>() },
    GetOwner: { command: command<{ Name: string }, { Owner?: string }>() },
    ListTags: { command: command<{ Arn: string }, { Tags?: { Key: string; Value: string }[] }>() },
    ListBoxes: { command: command<object, { Boxes?: (Box & { Name: string })[] }>() },
    PutBox: { command: command<{ Name: string; Open?: boolean; Days?: number; Colour?: string }, object>(), retry: 'idempotent' },
  },
});
const box = defineResource({
  type: 'AWS::Box::Box',
  arn: ['arn:{partition}:boxes:{region}:{account}:box/{id}', 'arn:{partition}:boxes:{region}:{account}:box/{id}/all'],
  find: { reads: [boxes.pick('GetBox')], of: async ({ aws, id }) => (await aws.boxes.GetBox({ Name: id })).Box },
  created: ({ Made }) => Made,
  arnOf: ({ Arn }) => Arn,
  tags: { reads: [boxes.pick('ListTags')], of: async ({ aws, arn }) => tagsIn((await aws.boxes.ListTags({ Arn: arn })).Tags) },
  list: {
    reads: [boxes.pick('ListBoxes')],
    async *of({ aws }) {
      for (const found of (await aws.boxes.ListBoxes({})).Boxes ?? []) yield { id: found.Name, found };
    },
  },
  except: ({ id }) => (id.startsWith('virtual-') ? 'Virtual boxes cannot be closed.' : null),
});
const about = {
  package: { name: 'boxes', version: '1.0.0' },
  controls: { 'aws-fsbp': ['Box.1'], own: ['B-1', 'B-2'] },
  rules: { BOX_CLOSED: 'box-closed' },
  calls: { 'boxes:PutBox': 'request.box.name' },
  blindSpots: ['What is in it.'],
} as const;

/** The whole box is replaced by a put: its colour is not ours, and carried over. */
const close = defineSetting({
  ...about,
  on: box,
  id: 'box-close',
  title: 'Close boxes',
  ceiling: 'enforce',
  at: ({ Open, Days, Colour }) => ({ open: Open, days: Days, colour: Colour }),
  absent: { days: null, colour: 'brown' },
  parameters: z.strictObject({ minDays: z._default(z.int(), 7) }),
  context: { reads: [boxes.pick('GetOwner')], of: async ({ aws, id }) => ({ owner: (await aws.boxes.GetOwner({ Name: id })).Owner ?? null }) },
  ruleParameters: { MinDays: 'minDays' },
  hazards: [
    shortLived('it cannot be thrown away any more'),
    {
      code: 'owned',
      effect: 'approve',
      what: 'Somebody owns it.',
      advice: 'Ask them.',
      when: ({ context, id }) => (context?.owner == null ? null : `${context.owner} owns ${id}.`),
    },
  ],
  rollback: { restores: 'exact', what: 'It is opened again.', not: [] },
  instead: ({ now, id }) => (now.colour === 'red' ? { status: 'manual', message: `${id} is red.` } : null),
  wanted: ({ now, parameters: { minDays } }) => ({ ...now, open: false, days: now.days === null ? null : Math.max(now.days, minDays) }),
  writes: [boxes.pick('PutBox')],
  write: ({ id, to }) => boxes.call('PutBox', { Name: id, Open: to.open, Colour: to.colour, ...(to.days === null ? {} : { Days: to.days }) }),
  summary: ({ id }) => `close ${id}`,
});

const ACCOUNT = '111111111111';
const ref = (id = 'one', account = ACCOUNT) => resource({ type: 'AWS::Box::Box', id, account, region: 'eu-west-1' });
const ARN = `arn:aws:boxes:eu-west-1:${ACCOUNT}:box/one`;
const MADE = new Date('2026-01-02T03:04:05Z');
const OPEN: Box = { Arn: ARN, Made: MADE, Open: true, Days: 3, Colour: 'blue' };
const gone = () => new RedressError('aws/gone', 'NoSuchBox');

interface World {
  box?: Box | null | Error;
  tags?: Record<string, string> | Error;
  owner?: string | Error;
}
function world({ box: it = OPEN, tags = {}, owner }: World) {
  const calls: string[] = [];
  const say = async <T>(call: string, answer: T | Error): Promise<T> => {
    calls.push(call);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const aws = {
    boxes: {
      GetBox: () => say<object>('GetBox', it instanceof Error ? it : it === null ? {} : { Box: it }),
      GetOwner: () => say<object>('GetOwner', owner instanceof Error ? owner : { Owner: owner }),
      ListTags: ({ Arn }: { Arn: string }) =>
        say<object>(`ListTags ${Arn}`, tags instanceof Error ? tags : { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
      ListBoxes: () =>
        say('ListBoxes', {
          Boxes: [
            { Name: 'one', ...OPEN },
            { Name: 'two', ...OPEN, Open: false, Days: 9 },
            { Name: 'three', Made: MADE },
          ],
        }),
    },
  };
  return { aws: aws as never, calls };
}
async function look(
  given: World,
  remediator: Remediator = close,
  input: JsonObject = {},
  purpose: 'decision' | 'confirmation' | 'verification' = 'decision',
  id = 'one',
) {
  const { aws, calls } = world(given);
  const parameters = remediator.parameters(input);
  const seen = await remediator.observe({ aws, resource: ref(id), parameters, purpose });
  if (seen === 'gone') return { seen, calls, assessment: null };
  return { seen, calls, assessment: remediator.plan({ state: seen.state, context: seen.context, resource: ref(id), parameters, observedAt: 0 }) };
}

describe('a setting', () => {
  it('is read, compared and written as a whole, and its undo writes back the previous value', async () => {
    const { seen, assessment, calls } = await look({ tags: { team: 'a' } });
    expect(seen).toMatchObject({ state: { created: '2026-01-02T03:04:05.000Z', open: true, days: 3, colour: 'blue' }, tags: { team: 'a' } });
    const put = (input: object) => ({ service: 'boxes', operation: 'PutBox', retry: 'idempotent', input: { Name: 'one', Colour: 'blue', ...input } });
    expect(assessment).toEqual({
      status: 'change',
      hazards: [],
      changes: [
        { call: put({ Open: false, Days: 7 }), undo: { calls: [put({ Open: true, Days: 3 })], restores: 'exact' }, summary: 'close one', resolves: true },
      ],
    });
    expect(calls).toEqual(['GetBox', `ListTags ${ARN}`, 'GetOwner']);
  });
  it('that is already correct is left unchanged, even if a member with a default is missing', async () => {
    expect((await look({ box: { Arn: ARN, Made: MADE, Open: false } })).assessment).toMatchObject({ status: 'compliant' });
    expect((await look({ box: { Arn: ARN, Made: MADE, Open: false } })).seen).toMatchObject({ state: { days: null, colour: 'brown' } });
  });
  it('with a missing member without a default cannot be read', async () => {
    await expect(look({ box: { Arn: ARN, Made: MADE, Days: 9 } })).rejects.toThrow('did not return open of one');
    await expect(look({ box: { Arn: ARN, Open: true } })).rejects.toThrow('when one was created');
    await expect(look({ box: { Made: MADE, Open: true } })).rejects.toThrow('did not return the ARN of one');
  });
  it('checks first for a status instead', async () => {
    expect((await look({ box: { ...OPEN, Colour: 'red' } })).assessment).toEqual({ status: 'manual', message: 'one is red.' });
  });
  it('has hazards from its value and from tags', async () => {
    const { assessment } = await look({ owner: 'ops', tags: { purpose: 'MyTempBox' } });
    expect(assessment).toMatchObject({
      hazards: [
        { code: 'short-lived', effect: 'approve', message: expect.stringContaining('purpose=MyTempBox') },
        { code: 'owned', effect: 'approve', message: 'ops owns one.' },
      ],
    });
  });
  it('reads for a verification what it compares, and for a confirmation also the tags', async () => {
    expect((await look({}, close, {}, 'verification')).calls).toEqual(['GetBox']);
    const confirmed = await look({ owner: 'ops', tags: { temp: 'yes' } }, close, {}, 'confirmation');
    expect(confirmed.calls).toEqual(['GetBox', `ListTags ${ARN}`]);
    expect(confirmed.seen).not.toHaveProperty('context');
    expect(close.uses).toMatchObject({
      reads: [{ operations: ['GetBox', 'ListTags', 'GetOwner', 'ListBoxes'] }],
      finds: [{ operations: ['ListBoxes'] }],
      decides: [{ operations: ['ListTags', 'GetOwner'] }],
      writes: [{ operations: ['PutBox'] }],
      undoes: [{ operations: ['PutBox'] }],
    });
  });
  it('lists what uses it, by whose tags hazards are named, and reads that again right before the change', async () => {
    const shared = defineSetting({
      ...about,
      on: box,
      id: 'box-close-shared',
      title: 'Close boxes',
      ceiling: 'approve',
      at: ({ Open }) => ({ open: Open }),
      context: { reads: [boxes.pick('GetOwner')], of: async ({ aws, id }) => ({ owner: (await aws.boxes.GetOwner({ Name: id })).Owner ?? '?' }) },
      usedBy: ({ owner }) => [{ type: 'AWS::Box::Owner', id: owner, tags: { purpose: 'temp', keep: 'open' } }],
      exceptionTypes: ['AWS::Box::Owner'],
      hazards: [shortLived('it cannot be thrown away any more')],
      rollback: { restores: 'exact', what: 'It is opened again.', not: [] },
      wanted: ({ now }) => ({ ...now, open: false }),
      writes: [boxes.pick('PutBox')],
      write: ({ id, to }) => boxes.call('PutBox', { Name: id, Open: to.open }),
      summary: ({ id }) => `close ${id}`,
    });
    expect(shared.exceptionTypes).toEqual(['AWS::Box::Owner']);
    const usedBy = [{ type: 'AWS::Box::Owner', id: 'ops', tags: { purpose: 'temp', keep: 'open' } }];
    for (const purpose of ['decision', 'confirmation'] as const) {
      const { seen, assessment } = await look({ owner: 'ops' }, shared, {}, purpose);
      expect(seen).toMatchObject({ usedBy, tags: {} });
      expect(assessment).toMatchObject({ hazards: [{ code: 'short-lived', message: expect.stringContaining('(purpose=temp of ops)') }] });
    }
    const verified = await look({ owner: 'ops' }, shared, {}, 'verification');
    expect(verified.seen).not.toHaveProperty('usedBy');
    expect(verified.calls).toEqual(['GetBox']);
  });
  it('with hazards that may appear at any time reads them again right before the change', async () => {
    const held = defineSetting({
      ...about,
      on: box,
      id: 'box-close-held',
      title: 'Close boxes',
      ceiling: 'approve',
      at: ({ Open }) => ({ open: Open }),
      context: { reads: [boxes.pick('GetOwner')], of: async ({ aws, id }) => ({ owner: (await aws.boxes.GetOwner({ Name: id })).Owner ?? null }) },
      contextHolds: true,
      hazards: [{ code: 'owned', effect: 'notify', what: 'Somebody owns it.', advice: 'Ask them.', when: ({ context }) => context?.owner ?? null }],
      rollback: { restores: 'exact', what: 'It is opened again.', not: [] },
      wanted: ({ now }) => ({ ...now, open: false }),
      writes: [boxes.pick('PutBox')],
      write: ({ id, to }) => boxes.call('PutBox', { Name: id, Open: to.open }),
      summary: ({ id }) => `close ${id}`,
    });
    expect((await look({ owner: 'ops' }, held, {}, 'confirmation')).assessment).toMatchObject({ hazards: [{ code: 'owned', message: 'ops' }] });
    expect((await look({ owner: 'ops' }, held, {}, 'verification')).calls).toEqual(['GetBox']);
  });
  it('of a resource without such settings is not read', async () => {
    const { assessment, calls } = await look({}, close, {}, 'decision', 'virtual-1');
    expect([assessment, calls]).toEqual([{ status: 'not-applicable', reason: 'Virtual boxes cannot be closed.' }, []]);
  });
});

describe('a missing resource', () => {
  it.each<[string, World]>([
    ['by an error', { box: gone(), tags: gone(), owner: gone() }],
    ['by a response without it', { box: null }],
  ])('is recognized %s', async (_, given) => {
    expect((await look(given)).seen).toBe('gone');
  });
  it('is not reported if only a part is missing', async () => {
    await expect(look({ owner: gone() })).rejects.toThrow('NoSuchBox');
    await expect(look({ tags: gone() })).rejects.toThrow('NoSuchBox');
  });
  it('is not reported for a read that was refused', async () => {
    const denied = new RedressError('aws/denied', 'no');
    for (const given of [{ box: denied }, { tags: denied }, { owner: denied }, { tags: gone(), owner: denied }])
      await expect(look(given)).rejects.toThrow('no');
  });
  it('is another one if it was recreated', async () => {
    const [first, second] = [await look({}), await look({ box: { ...OPEN, Made: new Date('2026-02-02T00:00:00Z') } })];
    expect(first.seen).not.toEqual(second.seen);
  });
});

describe('names', () => {
  const { aws } = world({});
  it.each<[string, unknown]>([
    ['one', { id: 'one' }],
    [ARN, { id: 'one', region: 'eu-west-1' }],
    [`${ARN}/all`, { id: 'one/all', region: 'eu-west-1' }],
    [ARN.replace(ACCOUNT, '222222222222'), null],
    ['arn:aws:s3:::bucket', null],
  ])('%s is %j', async (id, name) => {
    expect(await close.identify?.({ aws, resource: ref(id) })).toEqual(name);
  });
  it('of tags are the ARN from the service', async () => {
    const other = ARN.replace('box/one', 'box/ONE');
    expect((await look({ box: { ...OPEN, Arn: other } })).calls).toEqual(['GetBox', `ListTags ${ARN}`, 'GetOwner', `ListTags ${other}`]);
  });
  it('are found in calls', () => {
    const call = (request: JsonObject | null) =>
      ({ service: 'boxes', operation: 'PutBox', request, response: null, errorCode: null, readOnly: false, account: ACCOUNT, region: 'eu-west-1' }) as const;
    const read = close.apiCalls['boxes:PutBox'];
    expect(read?.(call({ box: { name: 'one' } }))).toEqual([{ id: 'one' }]);
    for (const request of [null, {}, { box: 'one' }, { box: { name: 1 } }, { box: { name: '' } }]) expect(read?.(call(request))).toEqual([]);
  });
  it('are refused for an ARN without an id', () => {
    expect(() => defineResource({ type: 'AWS::Box::Lid', arn: 'arn:{partition}:boxes:lid', tags: 'untaggable' })).toThrow('names no {id}');
  });
});

it('a definition has everything that a remediator declares', () => {
  expect(close).toMatchObject({
    resourceTypes: ['AWS::Box::Box'],
    controls: [
      { framework: 'aws-fsbp', id: 'Box.1' },
      { framework: 'own', id: 'B-1' },
      { framework: 'own', id: 'B-2' },
    ],
    configRules: ['BOX_CLOSED', 'box-closed'],
    hazards: [
      { code: 'short-lived', effect: 'approve' },
      { code: 'owned', effect: 'approve', what: 'Somebody owns it.', advice: 'Ask them.' },
    ],
  });
  expect(close.hazards?.every((each) => Object.keys(each).join() === 'code,effect,what,advice')).toBe(true);
});

it('a sweep yields what the listing shows as open, and what it does not show', async () => {
  const { aws } = world({});
  const ids: string[] = [];
  const args = { aws, account: ACCOUNT, region: 'eu-west-1', partition: 'aws' as const, parameters: close.parameters({}) };
  for await (const { id } of close.discover?.(args) ?? []) ids.push(id);
  expect(ids).toEqual(['one', 'three']);
});

describe('a claim', () => {
  const judge = async (parameters: Record<string, string> | null, given: Box) => {
    const { seen } = await look({ box: given });
    if (seen === 'gone') throw new Error('gone');
    const claim: Claim = { controls: [], configRule: 'box-closed', isRule: () => true, parameters, observedAt: 0 };
    return close.judge?.({ state: seen.state, context: seen.context, claim, resource: ref(), parameters: close.parameters({ minDays: 7 }) });
  };
  const closed: Box = { ...OPEN, Open: false, Days: 9 };
  it.each<[string, Record<string, string> | null, readonly string[] | null]>([
    ['without parameters is closed', null, []],
    ['that requires no more is closed', { MinDays: '9' }, []],
    ['that requires more is open', { MinDays: '30' }, ['box-closed looks for MinDays = 30 on one: the policy has less']],
    ['with an unknown parameter cannot be judged', { MinDays: '9', Shape: 'round' }, null],
  ])('%s', async (_, parameters, open) => {
    expect(await judge(parameters, closed)).toEqual(open);
  });
});

describe('a report', () => {
  const report = defineReport({
    ...about,
    on: box,
    id: 'box-report-open',
    title: 'Report open boxes',
    at: ({ Open, Colour }) => ({ open: Open, colour: Colour }),
    absent: { colour: 'brown' },
    exempt: ({ now }) => (now.colour === 'glass' ? 'It is of glass.' : null),
    gap: ({ now, id }) => (now.open ? { message: `${id} is open.`, steps: ['Close it.'] } : null),
    closed: 'the box is closed, or gone',
  });
  it('notifies at most, with the steps and the criteria', async () => {
    expect([report.ceiling, report.uses.writes, report.uses.undoes]).toEqual(['notify', [], []]);
    expect((await look({}, report)).assessment).toEqual({
      status: 'manual',
      message: 'one is open.',
      steps: ['Close it.', 'It is closed when the next read shows: the box is closed, or gone.'],
    });
    expect((await look({ box: { ...OPEN, Open: false } }, report)).assessment).toMatchObject({ status: 'compliant' });
    expect((await look({ box: { ...OPEN, Colour: 'glass' } }, report)).assessment).toEqual({ status: 'not-applicable', reason: 'It is of glass.' });
  });
});

describe('settings of an account', () => {
  it.each([
    ['in a region', accountInRegion, false, undefined],
    ['everywhere', accountEverywhere, true, 'aws-global'],
  ] as const)('%s have no tags, and exist once', async (_, on, global, region) => {
    const setting = defineReport({
      ...about,
      calls: { 'boxes:PutBox': 'account' },
      on,
      id: 'box-account',
      title: 'Boxes',
      at: () => ({ on: true }),
      gap: () => null,
      closed: 'it is on',
    });
    expect([setting.global, setting.identify]).toEqual([global, null]);
    const found: unknown[] = [];
    for await (const each of setting.discover?.({ aws: {} as never, account: ACCOUNT, region: 'eu-west-1', partition: 'aws', parameters: {} }) ?? [])
      found.push(each);
    expect(found).toEqual([{ type: 'AWS::::Account', id: ACCOUNT, ...(region === undefined ? {} : { region }) }]);
    const seen = await setting.observe({ aws: {} as never, resource: ref(), parameters: {} });
    expect(seen).toEqual({ state: { on: true }, tags: 'untaggable' });
    const call = {
      service: 'boxes',
      operation: 'PutBox',
      request: null,
      response: null,
      errorCode: null,
      readOnly: false,
      account: ACCOUNT,
      region: 'eu-west-1',
    } as const;
    expect(setting.apiCalls['boxes:PutBox']?.(call)).toEqual([{ id: ACCOUNT, ...(region === undefined ? {} : { region }) }]);
  });
});

it('a missing list of tags is not an empty list', () => {
  expect(tagsIn([])).toEqual({});
  expect(tagsIn([{ Key: 'team', Value: 'a' }, { Key: 'empty' }])).toEqual({ team: 'a', empty: '' });
  expect(() => tagsIn(undefined)).toThrow('did not return the tags');
  expect(() => tagsIn([{ Key: 'team', Value: 'a' }, { Value: 'no key' }])).toThrow('did not return Key');
});

it('what has to exist is named in the policy, or reported as missing', () => {
  expect(needs('box-close', 'one is open', { lidArn: 'arn:lid' })).toBeNull();
  expect(needs('box-close', 'one is open', { lidArn: undefined, roleArn: 'arn:role' })).toEqual({
    status: 'manual',
    message: 'one is open. The policy does not name lidArn, so nothing is changed.',
    steps: ['Create or find it, and name it in the policy: remediators: { box-close: { parameters: { lidArn: … } } }.'],
  });
});

it('hazards in words are kebab-case, require approval, and name what would break', () => {
  for (const hazard of [shortLived('x breaks'), sharedOnPurpose('x breaks')]) {
    expect(hazard).toMatchObject({ effect: 'approve', what: expect.stringContaining('x breaks.') });
    expect(hazard.code).toMatch(/^[a-z]+(-[a-z]+)+$/);
  }
});

describe('a setting without an undo', () => {
  const final = {
    ...about,
    on: box,
    id: 'box-melt',
    title: 'Close boxes for good',
    at: ({ Open }: Box) => ({ open: Open }),
    hazards: [],
    rollback: { restores: 'nothing', what: 'Nobody can open it again.', not: [] },
    wanted: () => ({ open: false }),
    writes: [boxes.pick('PutBox')],
    write: ({ id }: { readonly id: string }) => boxes.call('PutBox', { Name: id, Open: false }),
    summary: ({ id }: { readonly id: string }) => `close ${id} for good`,
  } as const;

  it('can be left to a person: then no role gets the operation of the undo, and the ceiling is free', async () => {
    const restores = { restores: 'exact', what: 'A person opens it.', not: [] } as const;
    const open = ({ id }: { readonly id: string }) => ({ calls: [boxes.call('PutBox', { Name: id, Open: true })], restores: 'exact' as const });
    const left = defineSetting({ ...final, ceiling: 'enforce', rollback: { ...restores, by: 'person' }, undo: open });
    expect(left.uses).toMatchObject({ undoes: [], undoesByPerson: [{ operations: ['PutBox'] }] });
    expect((await look({}, left)).assessment).toMatchObject({ status: 'change', changes: [{ undo: { restores: 'exact' } }] });
    const own = defineSetting({ ...final, ceiling: 'enforce', rollback: restores, undo: open });
    expect([own.uses.undoes.length, own.uses.undoesByPerson]).toEqual([1, undefined]);
    const wrong = (rollback: object) => () => defineSetting({ ...final, ceiling: 'approve', rollback: rollback as never });
    expect(wrong({ ...restores, by: 'Person' })).toThrow('rollback.by');
    expect(wrong({ ...restores, restores: 'nothing', by: 'person' })).toThrow('rollback.by');
  });
  it('has that in its plan, and declares no operation for it', async () => {
    const melt = defineSetting({ ...final, ceiling: 'approve' });
    expect(melt.uses.undoes).toEqual([]);
    const { assessment } = await look({}, melt);
    expect(assessment).toMatchObject({
      status: 'change',
      changes: [{ call: { operation: 'PutBox', input: { Name: 'one', Open: false } }, undo: { irreversible: 'Nobody can open it again.' } }],
    });
  });

  it('may not be changed automatically', () => {
    expect(() => defineSetting({ ...final, ceiling: 'enforce' })).toThrow(
      expect.objectContaining({ code: 'remediator/invalid', message: expect.stringContaining('it has no undo: its ceiling') }),
    );
  });

  it('has to be declared', () => {
    expect(() => defineSetting({ ...final, ceiling: 'approve', undoes: [], rollback: { restores: 'exact', what: 'x', not: [] } })).toThrow(
      expect.objectContaining({ code: 'remediator/invalid', message: expect.stringContaining('it writes, but declares no undo operations') }),
    );
  });
});

describe('a setting that takes several calls', () => {
  const put = (Name: string, more: object) => boxes.call('PutBox', { Name, ...more });
  const stepped = {
    ...about,
    on: box,
    id: 'box-step',
    title: 'Close boxes in steps',
    ceiling: 'approve',
    at: ({ Open, Colour }: Box) => ({ open: Open, colour: Colour }),
    hazards: [],
    wanted: () => ({ open: false, colour: 'grey' }),
    writes: [boxes.pick('PutBox')],
    write: ({ id, now }: { readonly id: string; readonly now: { readonly open: boolean; readonly colour: string } }) => [
      { call: put(id, { Open: false }), undo: { calls: [put(id, { Open: now.open })], restores: 'exact' as const }, summary: 'close it' },
      { call: put(id, { Colour: 'grey' }), summary: 'paint it' },
    ],
    summary: () => 'close and paint it',
  } as const;
  it('has a change for each, with its own undo and summary, in their order', async () => {
    const remediator = defineSetting({ ...stepped, rollback: { restores: 'exact', what: 'Paint stays.', not: [] } });
    expect((await look({}, remediator)).assessment).toMatchObject({
      changes: [
        {
          call: { input: { Name: 'one', Open: false } },
          undo: { restores: 'exact', calls: [{ input: { Name: 'one', Open: true } }] },
          summary: 'close it',
          resolves: true,
        },
        { call: { input: { Name: 'one', Colour: 'grey' } }, undo: { irreversible: 'Paint stays.' }, summary: 'paint it', resolves: true },
      ],
    });
  });
  it('has no undo in any of them if nothing is restored', async () => {
    const remediator = defineSetting({ ...stepped, rollback: { restores: 'nothing', what: 'Nobody opens it.', not: [] } });
    const { assessment } = await look({}, remediator);
    expect(assessment?.status === 'change' && assessment.changes.map(({ undo }) => undo)).toEqual([
      { irreversible: 'Nobody opens it.' },
      { irreversible: 'Nobody opens it.' },
    ]);
  });
  it('cannot have an undo by writing back, which would be several calls for one', async () => {
    const remediator = defineSetting({
      ...stepped,
      rollback: { restores: 'exact', what: 'It is opened again.', not: [] },
      write: ({ id, to }: { readonly id: string; readonly to: { readonly open: boolean } }) =>
        to.open ? [{ call: put(id, { Open: true }), summary: 'open it' }] : put(id, { Open: false }),
    });
    await expect(look({}, remediator)).rejects.toMatchObject({ code: 'remediator/invalid' });
  });
});

it('a report may depend on the time of the read, and a claim on the time of judgement', async () => {
  const report = defineReport({
    ...about,
    on: box,
    id: 'box-report-late',
    title: 'Report boxes that are late',
    parameters: z.strictObject({ minDays: z._default(z.int(), 7) }),
    ruleParameters: { MinDays: 'minDays' },
    at: ({ Days }) => ({ days: Days }),
    absent: { days: 0 },
    gap: ({ now, observedAt, parameters: { minDays } }) => (observedAt < minDays + now.days ? null : { message: 'late', steps: [] }),
    closed: 'it is not late',
  });
  const at = (observedAt: number) =>
    report.plan({ state: { created: 'x', days: 3 }, context: undefined, resource: ref('one'), parameters: { minDays: 7 }, observedAt }).status;
  expect([at(9), at(10)]).toEqual(['compliant', 'manual']);
  const judge = (observedAt: number, MinDays: string) =>
    report.judge?.({
      state: { created: 'x', days: 3 },
      context: undefined,
      resource: ref('one'),
      parameters: { minDays: 7 },
      claim: { controls: [], configRule: null, isRule: () => false, parameters: { MinDays }, observedAt },
    });
  expect(judge(9, '6')).toHaveLength(1);
  expect(judge(8, '6')).toEqual([]);
});

describe('a role that is passed', () => {
  const passing = {
    ...about,
    on: box,
    id: 'box-send',
    title: 'Send boxes',
    ceiling: 'enforce',
    at: ({ Open }: Box) => ({ open: Open }),
    hazards: [],
    rollback: { restores: 'exact', what: 'It is opened again.', not: [] },
    wanted: () => ({ open: false }),
    undoes: [boxes.pick('PutBox')],
    write: ({ id }: { readonly id: string }) => boxes.call('PutBox', { Name: id, Open: false }),
    summary: ({ id }: { readonly id: string }) => `send ${id}`,
  } as const;
  const passes = [{ parameter: 'roleArn', service: 'boxes.amazonaws.com' }];

  it('is declared with its service', () => {
    expect(defineSetting({ ...passing, writes: [boxes.pickWith('PutBox', 'iam:PassRole')], passes }).passes).toEqual(passes);
  });

  it('is refused if it is not configured, and if no operation passes it', () => {
    expect(() => defineSetting({ ...passing, writes: [boxes.pickWith('PutBox', 'iam:PassRole')] })).toThrow('it declares iam:PassRole, but not which role');
    expect(() => defineSetting({ ...passing, writes: [boxes.pick('PutBox')], passes })).toThrow('no operation of it declares iam:PassRole');
  });
});

describe('an operation that needs more permissions for one use', () => {
  it('has them only there, and is the same binding', () => {
    const passing = boxes.pickWith('PutBox', 'iam:PassRole');
    expect(passing.service.operations.get('PutBox')?.iam).toEqual(['boxes:PutBox', 'iam:PassRole']);
    expect(boxes.pick('PutBox').service.operations.get('PutBox')?.iam).toEqual(['boxes:PutBox']);
    expect(passing.service.sdk).toBe(boxes.pick('PutBox').service.sdk);
  });
  it.each([[[]], [['iam:*']], [['PassRole']]])('refuses %j', (more) => {
    expect(() => boxes.pickWith('PutBox', ...more)).toThrow('whole actions');
  });
});
