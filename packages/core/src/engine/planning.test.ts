import { describe, expect, it } from 'vitest';
import { digestOf } from '../model/json.js';
import type { Assessment, Change, Hazard } from '../model/plan.js';
import { resource } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { type Approved, isPlan, makePlan, type Part, partition, remaining } from './planning.js';

const wide: Hazard = { code: 'wide', effect: 'approve', message: 'It opens more.' };
const used: Hazard = { code: 'used', effect: 'approve', message: 'It is used.' };
const change = (name: string, over: object = {}): Change =>
  ({
    call: { service: 'lamp', operation: 'SwitchOff', input: { Id: name }, retry: 'idempotent' },
    summary: name,
    resolves: true,
    ...over,
  }) as unknown as Change;
const rule = (name: string, ...hazards: Hazard[]) => change(name, { subject: name, ...(hazards.length === 0 ? {} : { hazards }) });
const plans = (changes: readonly Change[], hazards?: readonly Hazard[]): Assessment => ({
  status: 'change',
  changes,
  ...(hazards === undefined ? {} : { hazards }),
});
const told = (parts: readonly Part[]) => parts.map(({ key, changes, hazards }) => [key, changes.map((each) => each.summary), hazards.map((each) => each.code)]);

describe('the parts of an assessment', () => {
  it.each<Assessment>([{ status: 'compliant' }, { status: 'manual', message: 'x' }, { status: 'not-applicable', reason: 'x' }])(
    'do not include any of %j',
    (assessment) => {
      expect(partition(assessment, 'all')).toEqual([]);
    },
  );

  it('are what is new and what is old, by their hazards; what is new and harmless comes first', () => {
    const changes = [rule('old-wide', wide), rule('old'), rule('new-wide', used, wide), rule('new'), rule('new-too'), rule('new-wide-too', wide, used)];
    expect(told(partition(plans(changes), new Set(['new', 'new-too', 'new-wide', 'new-wide-too'])))).toEqual([
      ['fresh|', ['new', 'new-too'], []],
      ['fresh|approve:used,approve:wide', ['new-wide', 'new-wide-too'], ['used', 'wide']],
      ['old|', ['old'], []],
      ['old|approve:wide', ['old-wide'], ['wide']],
    ]);
  });

  it('are all new, or none, if the event says so; without subjects they stay together', () => {
    const changes = [change('a', { hazards: [wide] }), change('b')];
    expect(told(partition(plans(changes), 'all'))).toEqual([['fresh|together', ['a', 'b'], ['wide']]]);
    expect(told(partition(plans(changes), 'nothing'))).toEqual([['old|together', ['a', 'b'], ['wide']]]);
    // A set of subjects says nothing of what has none.
    expect(told(partition(plans(changes), new Set(['a'])))).toEqual([['old|together', ['a', 'b'], ['wide']]]);
    expect(told(partition(plans([rule('a')]), 'all'))).toEqual([['fresh|', ['a'], []]]);
    expect(told(partition(plans([rule('a')]), 'nothing'))).toEqual([['old|', ['a'], []]]);
  });

  it('have the hazards of the whole and their own, each once', () => {
    expect(told(partition(plans([rule('a', wide), rule('b')], [used, used]), 'all'))).toEqual([
      ['fresh|', ['b'], ['used']],
      ['fresh|approve:wide', ['a'], ['used', 'wide']],
    ]);
    expect(told(partition(plans([rule('a', wide)], [wide]), 'all'))).toEqual([['fresh|approve:wide', ['a'], ['wide']]]);
  });

  it('are separate if an exception covers some of them', () => {
    const apart = ({ summary }: Change) => (summary === 'b' ? 'EXC-1' : '');
    expect(told(partition(plans([rule('a'), rule('b'), rule('c')]), 'all', [], apart))).toEqual([
      ['fresh|', ['a', 'c'], []],
      ['fresh||EXC-1', ['b'], []],
    ]);
  });

  describe('after an approval', () => {
    const approved = (subjects: readonly string[], over: Partial<Approved> = {}): Approved => ({
      id: 'a-1',
      fresh: true,
      subjects,
      holds: () => true,
      ...over,
    });
    it('are first those that were approved together, then the rest', () => {
      const parts = partition(plans([rule('a', wide), rule('b'), rule('c')]), 'nothing', [approved(['a', 'b'], { fresh: false })]);
      expect(told(parts)).toEqual([
        ['approved|a-1', ['a', 'b'], ['wide']],
        ['old|', ['c'], []],
      ]);
      expect(parts.map((part) => part.approval)).toEqual([{ id: 'a-1', fresh: false }, undefined]);
    });
    it('are the same as before if it is no longer valid, or is about something else', () => {
      const asked: Part[] = [];
      const none = approved(['a'], { holds: (part) => (asked.push(part), false) });
      expect(told(partition(plans([rule('a'), rule('b')]), 'nothing', [none, approved(['x'])]))).toEqual([['old|', ['a', 'b'], []]]);
      expect(told(asked)).toEqual([['approved|a-1', ['a'], []]]);
    });
    it('are the same as before if an exception was added for one of them', () => {
      const apart = ({ summary }: Change) => (summary === 'b' ? 'EXC-1' : '');
      expect(told(partition(plans([rule('a'), rule('b')]), 'nothing', [approved(['a', 'b'])], apart))).toEqual([
        ['old|', ['a'], []],
        ['old||EXC-1', ['b'], []],
      ]);
      expect(told(partition(plans([rule('b')]), 'nothing', [approved(['b'])], apart))).toEqual([['approved|a-1', ['b'], []]]);
    });
    it('are approved once: by the first valid one', () => {
      const both = [approved(['a']), approved(['a', 'b'], { id: 'a-2' })];
      expect(told(partition(plans([rule('a'), rule('b')]), 'nothing', both))).toEqual([
        ['approved|a-1', ['a'], []],
        ['approved|a-2', ['b'], []],
      ]);
    });
  });
});

describe('a plan', () => {
  const remediator = { id: 'lamp-off', package: { name: '@lamps/redress', version: '1.2.3' } } as unknown as Remediator;
  const ref = resource({ type: 'AWS::Test::Lamp', id: 'l', account: '111111111111', region: 'eu-west-1' });
  it('is data under its digest, and cannot be changed', () => {
    const plan = makePlan(remediator, ref, { on: true }, { changes: [rule('a')], hazards: [wide] });
    const { digest, ...content } = plan;
    expect(content).toEqual({
      schema: 1,
      remediator: { id: 'lamp-off', package: '@lamps/redress', version: '1.2.3' },
      resource: ref,
      before: { on: true },
      changes: [rule('a')],
      hazards: [wide],
    });
    expect(digest).toBe(digestOf(content));
    expect([Object.isFrozen(plan), Object.isFrozen(plan.changes), Object.isFrozen(plan.changes[0])]).toEqual([true, true, true]);
    expect(isPlan(plan)).toBe(true);
  });
  it('of anything other than data is refused, with its cause', () => {
    const made = () => makePlan(remediator, ref, {}, { changes: [change('a', { when: new Map() })], hazards: [] });
    expect(made).toThrow(expect.objectContaining({ code: 'remediator/invalid', cause: expect.objectContaining({ code: 'json/not-json' }) }));
  });
  it('is not valid without changes, of another schema, or of another digest', () => {
    const of = (content: object) => isPlan({ ...content, digest: digestOf(content as never) });
    expect(of({ schema: 1, changes: [] })).toBe(true);
    for (const other of [{ schema: 2, changes: [] }, { changes: [] }, { schema: 1 }, { schema: 1, changes: {} }]) expect(of(other)).toBe(false);
    for (const other of [null, 'x', [], { schema: 1, changes: [], digest: 'sha256:x' }, { schema: 1, changes: [] }]) expect(isPlan(other)).toBe(false);
  });
});

describe('the remaining changes', () => {
  it('are those that a later read still requires: the same call, or another one about the same subject', () => {
    const was = [change('a'), change('b'), rule('r'), rule('s')];
    const later = plans([change('b', { summary: 'in other words' }), { ...rule('x'), subject: 'r' }]);
    expect(remaining(was, later).map((each) => each.summary)).toEqual(['b', 'r']);
    expect(remaining(was, plans(was))).toEqual(was);
  });
  it('do not include another call, or the same call about another subject', () => {
    const call = (over: object) => change('a', { call: { service: 'lamp', operation: 'SwitchOff', input: { Id: 'a' }, retry: 'idempotent', ...over } });
    for (const other of [{ service: 'fan' }, { operation: 'SwitchOn' }, { input: { Id: 'b' } }])
      expect(remaining([change('a')], plans([call(other)]))).toEqual([]);
    expect(remaining([change('a')], plans([call({ retry: 'client-token' })]))).toHaveLength(1);
    expect(remaining([change('a', { subject: 's' })], plans([change('a', { subject: 't' })]))).toEqual([]);
    expect(remaining([change('a')], plans([change('a', { subject: 't' })]))).toEqual([]);
  });
  it.each<Assessment>([{ status: 'compliant' }, { status: 'manual', message: 'x' }])('are empty after %j', (later) => {
    expect(remaining([change('a')], later)).toEqual([]);
  });
});
