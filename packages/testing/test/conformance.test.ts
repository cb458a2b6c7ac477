import { defineRemediator, type Remediator } from '@redress/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkRemediator, type Scenario } from '../src/index.js';
import { arrangeThing, encryptThings, tag, toy, toyCall, toyCloud, toyOptions } from './toy.js';

let cloud: Awaited<ReturnType<typeof toyCloud>>;
beforeAll(async () => {
  cloud = await toyCloud();
});
afterAll(() => cloud.close());

const about = {
  resourceTypes: ['AWS::Toy::Thing'],
  controls: [],
  triggers: { configRules: ['toy-rule'] },
  ceiling: 'enforce',
  blindSpots: ['what a toy is for'],
} as const;
const encrypted: Scenario = { name: 'an encrypted thing', expect: 'compliant', arrange: (sdk) => arrangeThing(sdk, { encrypted: true }), tag };
const plain: Scenario = { name: 'a plain thing', expect: 'change', arrange: (sdk) => arrangeThing(sdk, {}), tag };

/** Tells, and puts a note on what it tells of. */
const flagThings = defineRemediator({
  ...about,
  id: 'toy-flag',
  title: 'Flag things that are not encrypted',
  uses: { reads: [toy.pick('GetThing', 'ListTags')], writes: [toy.pick('PutNote')], undoes: [toy.pick('PutNote')] },
  async observe({ aws, resource: ref }) {
    const thing = await aws.toy.GetThing({ Id: ref.id });
    return { state: { encrypted: thing.Encrypted === true, note: thing.Note ?? '' }, tags: (await aws.toy.ListTags({ Id: ref.id })).Tags ?? {} };
  },
  plan({ state, resource: ref }) {
    if (state.encrypted) return { status: 'compliant' };
    if (state.note !== '') return { status: 'manual', message: 'It is flagged, and still not encrypted.' };
    const flag = (note: string) => toy.call('PutNote', { Id: ref.id, Note: note });
    return {
      status: 'change',
      open: ['someone has to encrypt it'],
      changes: [{ call: flag('encrypt me'), undo: { calls: [flag('')], restores: 'exact' }, summary: `flag ${ref.id}`, resolves: false }],
    };
  },
});

/** Two doors get a lock each; a lock has an id that only the reply tells. */
const lockThings = defineRemediator({
  ...about,
  id: 'toy-lock',
  title: 'Lock both doors',
  ceiling: 'approve',
  uses: { reads: [toy.pick('GetThing', 'ListTags')], writes: [toy.pick('AddLock')], undoes: [toy.pick('RemoveLock')] },
  async observe({ aws, resource: ref }) {
    const thing = await aws.toy.GetThing({ Id: ref.id });
    return { state: { locked: Object.values(thing.Locks ?? {}).sort() }, tags: (await aws.toy.ListTags({ Id: ref.id })).Tags ?? {} };
  },
  plan({ state, resource: ref }) {
    const open = ['back', 'front'].filter((door) => !state.locked.includes(door));
    if (open.length === 0) return { status: 'compliant' };
    return {
      status: 'change',
      changes: open.map((door) => ({
        call: toy.call('AddLock', { Id: ref.id, Door: door }),
        undo: { calls: [toy.call('RemoveLock', { Id: ref.id, LockId: { $response: '/LockId' } })], restores: 'exact' as const },
        summary: `lock the ${door} door of ${ref.id}`,
        resolves: true,
        subject: door,
      })),
    };
  },
});

/** Replaces what cannot be had back, or only at a loss. */
const oneWay = (undo: 'irreversible' | 'destroys') =>
  defineRemediator({
    ...about,
    id: `toy-${undo}`,
    title: 'Encrypt for good',
    uses: { reads: [toy.pick('GetThing', 'ListTags')], writes: [toy.pick('PutEncryption')], undoes: [toy.pick('PutEncryption')] },
    async observe({ aws, resource: ref }) {
      return { state: { encrypted: (await aws.toy.GetThing({ Id: ref.id })).Encrypted === true }, tags: (await aws.toy.ListTags({ Id: ref.id })).Tags ?? {} };
    },
    plan({ state, resource: ref }) {
      if (state.encrypted) return { status: 'compliant' };
      const put = (value: boolean) => toy.call('PutEncryption', { Id: ref.id, Encrypted: value });
      return {
        status: 'change',
        changes: [
          {
            call: put(true),
            undo: undo === 'destroys' ? { calls: [put(false)], restores: 'exact', destroys: 'the key' } : { irreversible: 'the plain text is gone' },
            summary: `encrypt ${ref.id}`,
            resolves: true,
          },
        ],
      };
    },
  });

const locked: Scenario = { name: 'a locked thing', expect: 'compliant', arrange: (sdk) => arrangeThing(sdk, { locks: { a: 'back', b: 'front' } }), tag };
const half: Scenario = { name: 'a thing with one door open', expect: 'change', arrange: (sdk) => arrangeThing(sdk, { locks: { a: 'back' } }), tag };
const flagged: Scenario = { name: 'a flagged thing', expect: 'manual', arrange: (sdk) => arrangeThing(sdk, { note: 'encrypt me' }), tag };

it.each<[what: string, remediator: Remediator, scenarios: readonly Scenario[]]>([
  ['flags, and leaves the rest to people', flagThings, [plain, encrypted, flagged]],
  ['makes two changes, with ids in its undo from a response', lockThings, [plain, half, locked]],
  ['rolls back only with a loss', oneWay('destroys'), [plain, encrypted]],
])('finds nothing wrong with a remediator that %s', async (_, remediator, scenarios) => {
  expect(await checkRemediator(remediator, toyOptions(cloud.endpoint, scenarios))).toEqual([]);
});

it('finds nothing wrong with a remediator in all sorts of scenarios', async () => {
  expect(await checkRemediator(encryptThings, toyOptions(cloud.endpoint))).toEqual([]);
});

it('does not change what cannot be rolled back', async () => {
  const remediator = oneWay('irreversible');
  expect(await checkRemediator(remediator, toyOptions(cloud.endpoint, [{ ...plain, irreversible: true }, encrypted]))).toEqual([]);
  expect((await checkRemediator(remediator, toyOptions(cloud.endpoint, [plain, encrypted])))[0]?.problem).toMatch(
    /it cannot be rolled back \(the plain text is gone\)/,
  );
});

it('detects a gap that returns', async () => {
  const breakAgain: NonNullable<Scenario['breakAgain']> = async (sdk, ref) => {
    await toyCall(sdk.config.endpoint, 'PutNote', { Id: ref.id, Note: '' });
  };
  expect(await checkRemediator(flagThings, toyOptions(cloud.endpoint, [{ ...plain, breakAgain }, encrypted, flagged]))).toEqual([]);
});
