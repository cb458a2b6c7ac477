import { describe, expect, it } from 'vitest';
import type { Journal } from '../journal.js';
import { digestOf, type Json } from '../model/json.js';
import type { Change } from '../model/plan.js';
import { readExecution, resolveUndo } from './story.js';

const undo = (input: object): Pick<Change, 'undo'> =>
  ({ undo: { calls: [{ service: 'lamp', operation: 'SwitchOn', input, retry: 'idempotent' }], restores: 'exact' } }) as unknown as Pick<Change, 'undo'>;
const filled = (input: object, response: unknown) => (resolveUndo(undo(input), response) as { input: Json }[]).map((each) => each.input);

describe('an undo uses from the reply', () => {
  it.each<[string, unknown, Json]>([
    ['a text', { Id: 'l-1' }, 'l-1'],
    ['an empty text', { Id: '' }, ''],
    ['a number', { Id: 7 }, 7],
    ['zero', { Id: 0 }, 0],
    ['true', { Id: true }, true],
    ['false', { Id: false }, false],
    ['null for a missing value', {}, { $unresolved: '/Id' }],
    ['null without a reply', null, { $unresolved: '/Id' }],
    ['no object', { Id: { a: 1 } }, { $unresolved: '/Id' }],
    ['no list', { Id: ['l-1'] }, { $unresolved: '/Id' }],
    ['no null', { Id: null }, { $unresolved: '/Id' }],
  ])('%s', (_name, response, expected) => {
    expect(filled({ Lamp: { $response: '/Id' }, Fixed: 1 }, response)).toEqual([{ Lamp: expected, Fixed: 1 }]);
  });

  it('values at any depth; anything that is not a pointer stays', () => {
    const input = { Lamps: [{ Id: { $response: '/Lamp/Id' } }, 'l-2', null, [{ $response: '/Lamp/Id' }]], Odd: { $response: 7 }, None: null, Yes: true };
    expect(filled(input, { Lamp: { Id: 'l-1' } })).toEqual([{ Lamps: [{ Id: 'l-1' }, 'l-2', null, ['l-1']], Odd: { $response: 7 }, None: null, Yes: true }]);
  });

  it('values for the same call, to be sent unchanged', () => {
    expect(resolveUndo(undo({ Id: { $response: '/Id' } }), { Id: 'l-1', Other: 2 })).toEqual([
      { service: 'lamp', operation: 'SwitchOn', input: { Id: 'l-1' }, retry: 'idempotent' },
    ]);
  });

  it('nothing if it has no calls', () => {
    expect(resolveUndo({ undo: { impossible: 'it cannot be' } } as unknown as Pick<Change, 'undo'>, {})).toBeNull();
  });
});

describe('an execution in its records', () => {
  const changes = [1, 2].map((n) => ({ call: { operation: `Off${n}` }, summary: `off ${n}`, ...undo({ Id: `l-${n}` }) }));
  const content = { schema: 1, changes };
  const plan = { ...content, digest: digestOf(content) };
  const resource = { type: 'AWS::Test::Lamp', id: 'l' };
  const stored = (kind: string, body: object = {}, documents: object = {}) => ({ record: { kind, body, resource, blobs: {} }, documents });
  const intent = (body: object = {}, documents: object = { plan }) => stored('intent', body, documents);
  const applied = (index: number, over: object = {}) => stored('call', { call: { index, status: 'applied', undo: [{ operation: `On${index}` }], ...over } });
  const told = (...records: object[]) => {
    const asked: unknown[] = [];
    const read = async function* (query: unknown) {
      asked.push(query);
      yield* records;
    };
    return { asked, story: readExecution({ read } as unknown as Journal, 'x-1') };
  };

  it('is found by its name, and an unknown one is an error', async () => {
    const { asked, story } = told(stored('call'), stored('outcome'));
    await expect(story).rejects.toMatchObject({ code: 'journal/not-found', message: 'There is no execution x-1.' });
    expect(asked).toEqual([{ execution: 'x-1' }]);
  });

  it.each<[string, object]>([
    ['without a plan', {}],
    ['of another digest', { plan: { ...plan, digest: `sha256:${'0'.repeat(64)}` } }],
    ['changed since', { plan: { ...plan, changes: [] } }],
    ['of another schema', { plan: (({ schema: _, ...rest }) => ({ ...rest, schema: 2, digest: digestOf({ ...rest, schema: 2 }) }))(content) }],
    ['without changes', { plan: { schema: 1, digest: digestOf({ schema: 1 }) } }],
  ])('%s is corrupt', async (_name, documents) => {
    await expect(told(intent({}, documents)).story).rejects.toMatchObject({ code: 'journal/corrupt', message: 'The plan of x-1 does not match its digest.' });
  });

  it('that is open has no outcome, and belongs to recovery if no person is named', async () => {
    expect(await told(intent()).story).toEqual({
      ref: resource,
      plan,
      outcome: null,
      after: null,
      expected: null,
      rollbackOf: null,
      by: 'recovery',
      holdFor: 604_800_000,
      appliedUndo: [],
      isCertain: false,
    });
  });

  it('has its owner, what it undoes, what it should restore, and what it left', async () => {
    const body = { by: { name: 'ops' }, rollbackOf: 'x-0', holdFor: 5 };
    const outcome = stored('outcome', { journal: { outcome: 'rolled-back' } }, { after: { on: false } });
    expect(await told(intent(body, { plan, expected: { on: true } }), outcome).story).toMatchObject({
      outcome: 'rolled-back',
      after: { on: false },
      expected: { on: true },
      rollbackOf: 'x-0',
      by: 'ops',
      holdFor: 5,
    });
    expect(await told(intent({ by: 'ops', rollbackOf: 7, holdFor: '5' })).story).toMatchObject({ by: 'recovery', rollbackOf: null, holdFor: 604_800_000 });
    expect(await told(intent({ by: { name: 7 } })).story).toMatchObject({ by: 'recovery' });
  });

  it('has each change that was made once, with the calls that undo it', async () => {
    const records = [
      intent(),
      applied(1),
      applied(1),
      applied(0, { status: 'not-applied' }),
      applied(7),
      stored('call', { call: 'x' }),
      stored('note', { call: { index: 0, status: 'applied' } }),
    ];
    expect((await told(...records).story).appliedUndo).toEqual([{ change: changes[1], calls: [{ operation: 'On1' }] }]);
    expect((await told(intent(), applied(0, { undo: null })).story).appliedUndo).toEqual([{ change: changes[0], calls: [] }]);
  });

  it.each<[string, ReturnType<typeof stored>[], boolean]>([
    ['acknowledged by AWS, with the state that it left', [applied(0), applied(1), stored('outcome', { journal: {} }, { after: {} })], true],
    ['made in part, with the state that it left', [applied(0), stored('outcome', { journal: {} }, { after: {} })], true],
    ['without the state that it left', [applied(0), applied(1), stored('outcome', { journal: {} })], false],
    ['shown only by reading the resource again', [applied(0), applied(1, { observedBy: 'look' }), stored('outcome', { journal: {} }, { after: {} })], false],
    ['ended by recovery', [applied(0), applied(1), stored('outcome', { observedBy: 'recovery', journal: {} }, { after: {} })], false],
    ['made by others, in part', [applied(0), stored('outcome', { foundDone: ['1'], journal: {} }, { after: {} })], false],
    ['still open', [applied(0)], false],
  ])('is certain if it is its own work: %s', async (_name, records, isCertain) => {
    expect((await told(intent(), ...records).story).isCertain).toBe(isCertain);
  });

  it.each<[string, object, number]>([
    ['remediated, found by recovery', { observedBy: 'recovery', journal: { outcome: 'remediated' } }, 2],
    ['flagged, found by recovery', { observedBy: 'recovery', journal: { outcome: 'flagged' } }, 2],
    ['partial, found by recovery', { observedBy: 'recovery', journal: { outcome: 'partial' } }, 1],
    ['remediated, by its worker', { journal: { outcome: 'remediated' } }, 1],
  ])('%s: %j', async (_name, body, made) => {
    const { appliedUndo } = await told(intent(), applied(1), stored('outcome', body)).story;
    expect(appliedUndo.map(({ change }) => change.summary)).toEqual(['off 2', 'off 1'].slice(0, made));
    // What has no record of its own is taken back as its plan says.
    if (made === 2) expect(appliedUndo[1]?.calls).toEqual([{ service: 'lamp', operation: 'SwitchOn', input: { Id: 'l-1' }, retry: 'idempotent' }]);
  });

  it('has no undo for a change that cannot be undone', async () => {
    const lasting = { schema: 1, changes: [{ summary: 'off', undo: { impossible: 'no' } }] };
    const outcome = stored('outcome', { observedBy: 'recovery', journal: { outcome: 'remediated' } });
    expect((await told(intent({}, { plan: { ...lasting, digest: digestOf(lasting) } }), outcome).story).appliedUndo).toEqual([]);
  });
});
