// What an exception is on: the resource, a part of it, what uses it, or a call that another remediator plans too; and what it is not on.
import { describe, expect, it } from 'vitest';
import { ACCOUNT, facts, group, NOW, revoke } from '../internal/testing/facts.js';
import { emptyView } from '../journal.js';
import type { Json } from '../model/json.js';
import type { Change } from '../model/plan.js';
import { streamOf } from '../model/resource.js';
import { definePolicy } from '../policy/policy.js';
import { defineRegister, type RegisterInput } from '../policy/register.js';
import type { Observation, Tagged } from '../remediator/define.js';
import { exceptions, setApart } from './exceptions.js';
import { callOf } from './fights.js';
import { type Facts, known, unreadable } from './guardrail.js';

const REMEDIATOR = 'ec2-revoke-sg-open-ssh';
const NARROWER = 'ec2-narrow-sg';
const HOUR = 3_600_000;
const DAY = 86_400_000;
const UNTIL = '2026-11-25T10:00:00.000Z';
const entry = (scope: object, over: object = {}) => ({
  id: 'EXC-1',
  scope: { account: ACCOUNT, ...scope },
  reason: 'vendor',
  owner: 'ann',
  approver: 'bob',
  expires: UNTIL,
  ...over,
});
const register = (...entries: object[]) => known(defineRegister(entries as RegisterInput));
/** One rule of the group, and the change that closes it. */
const rule = (id: string, tags: Record<string, string> = {}) => ({ type: 'AWS::EC2::SecurityGroupRule', id, subject: `of ${id}`, tags });
const change = (id: string): Change => ({ ...revoke, subject: `of ${id}`, call: { ...revoke.call, input: { GroupId: 'sg-0abc', Rule: id } } });
const [ONE, TWO] = [change('sgr-1'), change('sgr-2')];
const seen = (over: Partial<Observation<Json, unknown>> = {}) => known({ state: {}, tags: {}, ...over });
const twoRules = (first: Record<string, string> = {}, second: Record<string, string> = {}) => seen({ parts: [rule('sgr-1', first), rule('sgr-2', second)] });
const instance = (id: string, tags: Record<string, string> = {}): Tagged => ({ type: 'AWS::EC2::Instance', id, tags });
const asked = (over: Partial<Facts>) => exceptions.evaluate(facts(over));
const apart = (over: Partial<Facts>, ...changes: readonly Change[]) => changes.map((each) => setApart(facts(over), each));

describe('an entry on the resource', () => {
  it('exempts it, with its expiry, reason and owner', () => {
    expect(asked({ register: register(entry({ resource: 'sg-0abc' })) })).toEqual({
      effect: 'exempt',
      code: 'exception',
      message: `Exception EXC-1 covers it until ${UNTIL}: vendor (owner ann, approved by bob).`,
      data: { id: 'EXC-1', owner: 'ann', approver: 'bob', expires: UNTIL },
    });
  });

  it('exempts it whether or not something has to be changed, and for every part', () => {
    const held = { register: register(entry({ resource: 'sg-0abc' })), observation: twoRules() };
    for (const changes of [[], [ONE], [TWO], [ONE, TWO]]) expect(asked({ ...held, changes })).toMatchObject({ effect: 'exempt', code: 'exception' });
    expect(apart(held, ONE, TWO)).toEqual(['', '']);
  });

  it('by a tag does not exempt what cannot have tags', () => {
    const held = { register: register(entry({ tag: '0=u' })), observation: seen({ tags: 'untaggable' }) };
    expect(asked(held)).toMatchObject({ effect: 'allow', code: 'no-exception' });
  });

  it('that has expired is named once, with the others', () => {
    const ended = register(
      entry({ resource: 'sg-0abc' }, { expires: '2026-11-24T09:00:00Z' }),
      entry({ resource: 'sg-0abc' }, { id: 'EXC-2', expires: '2026-11-23T09:00:00Z' }),
    );
    expect(asked({ register: ended, changes: [ONE, TWO] })).toEqual({
      effect: 'allow',
      code: 'exception-expired',
      message: 'No live exception covers it. Exception EXC-1 expired on 2026-11-24T09:00:00.000Z, EXC-2 expired on 2026-11-23T09:00:00.000Z.',
      data: { expired: ['EXC-1', 'EXC-2'] },
    });
    expect(asked({})).toEqual({ effect: 'allow', code: 'no-exception', message: 'No live exception covers it.', data: { expired: [] } });
  });
});

describe('an entry on what uses the resource', () => {
  it.each([
    ['its id', entry({ resource: 'i-2' })],
    ['a tag of its own', entry({ tag: 'team=payments' })],
  ])('by %s exempts the resource, and names what it is on', (_what, each) => {
    const observation = seen({ usedBy: [instance('i-1'), instance('i-2', { team: 'payments' })] });
    const answer = asked({ register: register(each), observation });
    expect(answer).toMatchObject({ effect: 'exempt', code: 'exception', data: { id: 'EXC-1', on: { type: 'AWS::EC2::Instance', id: 'i-2' } } });
    expect(answer.message).toContain('Exception EXC-1 covers i-2 until');
  });

  it('of another type, but with the same id, names what it is on', () => {
    const observation = seen({ tags: {}, usedBy: [{ ...instance('sg-0abc'), tags: { team: 'payments' } }] });
    expect(asked({ register: register(entry({ tag: 'team=payments' })), observation })).toMatchObject({
      data: { on: { type: 'AWS::EC2::Instance', id: 'sg-0abc' } },
    });
  });
});

describe('an entry on a part', () => {
  const held = { register: register(entry({ resource: 'sgr-1' })), observation: twoRules() };

  it('exempts what changes that part and nothing else', () => {
    expect(asked({ ...held, changes: [ONE] })).toMatchObject({
      effect: 'exempt',
      code: 'exception',
      data: { id: 'EXC-1', on: { type: 'AWS::EC2::SecurityGroupRule', id: 'sgr-1' } },
    });
    expect(asked({ ...held, changes: [TWO] })).toMatchObject({ effect: 'allow', code: 'no-exception' });
    expect(asked({ ...held, changes: [] })).toMatchObject({ effect: 'allow', code: 'no-exception' });
  });

  it('covers everything that is decided on together with it', () => {
    expect(asked({ ...held, changes: [TWO, ONE] })).toMatchObject({ effect: 'exempt', data: { id: 'EXC-1' } });
  });

  it('separates its change from the others', () => {
    expect(apart(held, ONE, TWO)).toEqual(['EXC-1', '']);
    const several = register(entry({ resource: 'sgr-1' }), entry({ resource: 'sgr-1' }, { id: 'EXC-2' }), entry({ resource: 'sgr-2' }, { id: 'EXC-3' }));
    expect(apart({ ...held, register: several }, ONE, TWO)).toEqual(['EXC-1 EXC-2', 'EXC-3']);
  });

  it('is not reported for the part if it covers the whole resource', () => {
    const both = register(entry({ resource: 'sg-0abc' }), entry({ resource: 'sgr-1' }, { id: 'EXC-2' }));
    expect(apart({ ...held, register: both }, ONE, TWO)).toEqual(['EXC-2', '']);
  });

  it('has no effect on a change that names no part', () => {
    const { subject: _, ...whole } = ONE;
    expect(asked({ ...held, changes: [whole] })).toMatchObject({ effect: 'allow', code: 'no-exception' });
    expect(apart(held, whole)).toEqual(['']);
  });

  it('has no effect on a missing resource', () => {
    expect(asked({ ...held, observation: known('gone'), changes: [ONE] })).toEqual({ effect: 'allow', code: 'gone', message: 'The resource is gone.' });
    expect(apart({ ...held, observation: known('gone') }, ONE)).toEqual(['']);
    // The resource is held by its id all the same: a part of it has nothing else that is said of it.
    expect(apart({ register: register(entry({ resource: 'sg-0abc' })), observation: known('gone') }, ONE)).toEqual(['']);
  });

  it.each<[string, Partial<Facts>]>([
    ['the policy', { policy: unreadable('no') }],
    ['the register', { register: unreadable('no') }],
    ['the resource', { observation: unreadable('no') }],
  ])('separates nothing if %s cannot be read', (_what, over) => {
    expect(apart({ ...held, ...over }, ONE)).toEqual(['']);
  });
});

describe('an entry for another remediator', () => {
  const scope = { resource: 'sg-0abc', remediators: [NARROWER] };
  const planned = { alsoPlannedBy: new Map([[callOf(ONE), [NARROWER]]]), observation: twoRules() };

  it('covers the calls that both plan, and names its remediator', () => {
    const held = { ...planned, register: register(entry(scope)) };
    expect(asked({ ...held, changes: [ONE] })).toMatchObject({ effect: 'exempt', code: 'exception', data: { id: 'EXC-1', from: NARROWER } });
    expect(asked({ ...held, changes: [TWO] })).toMatchObject({ effect: 'allow', code: 'no-exception' });
    expect(asked({ ...held, changes: [] })).toMatchObject({ effect: 'allow', code: 'no-exception' });
    expect(apart(held, ONE, TWO)).toEqual(['EXC-1', '']);
  });

  it("is not reported as another's if it also covers this one", () => {
    const answer = asked({ ...planned, register: register(entry({ ...scope, remediators: [NARROWER, REMEDIATOR] })), changes: [ONE] });
    expect(answer).toMatchObject({ effect: 'exempt' });
    expect(answer.data).not.toHaveProperty('from');
  });

  it('applies even if the resource has no parts', () => {
    expect(asked({ ...planned, observation: seen(), register: register(entry(scope)), changes: [ONE] })).toMatchObject({ data: { from: NARROWER } });
  });
});

describe('the exception tag', () => {
  const tag = { 'redress:exception': 'x' };
  const view = (tagFirstSeen: Record<string, number>) => known({ ...emptyView(streamOf(group)), tagFirstSeen });

  it('on the resource holds it back for three days, and has the time when it ends', () => {
    const observation = seen({ tags: tag });
    expect(asked({ observation })).toEqual({
      effect: 'notify',
      code: 'tag-without-entry',
      message: 'It has the tag redress:exception, but no live register entry: notification only until 2026-11-27T10:00:00.000Z, then the tag has no effect.',
      data: { tag: 'redress:exception', until: '2026-11-27T10:00:00.000Z' },
    });
    expect(asked({ observation, history: view({ [REMEDIATOR]: NOW - 3 * DAY }) })).toEqual({
      effect: 'allow',
      code: 'tag-without-effect',
      message: 'It has the tag redress:exception, but for more than three days no live register entry; the tag has no effect.',
      data: { tag: 'redress:exception' },
    });
  });

  it('on what uses it holds the resource back, and is named', () => {
    const answer = asked({ observation: seen({ usedBy: [instance('i-1'), instance('i-2', tag)] }) });
    expect(answer).toMatchObject({ effect: 'notify', code: 'tag-without-entry', data: { on: { type: 'AWS::EC2::Instance', id: 'i-2' } } });
    expect(answer.data).not.toHaveProperty('part');
    expect(answer.message).toContain('i-2 has the tag redress:exception, but');
  });

  it('on a part holds back only that part, for its own three days', () => {
    const observation = twoRules(tag);
    expect(asked({ observation, changes: [ONE] })).toMatchObject({
      effect: 'notify',
      code: 'tag-without-entry',
      data: { part: 'of sgr-1', on: { type: 'AWS::EC2::SecurityGroupRule', id: 'sgr-1' } },
    });
    expect(asked({ observation, changes: [TWO] })).toMatchObject({ effect: 'allow', code: 'no-exception' });
    expect(asked({ observation, changes: [] })).toMatchObject({ effect: 'allow', code: 'no-exception' });
    expect(apart({ observation }, ONE, TWO)).toEqual(['of sgr-1', '']);
    // The days of the whole resource are not those of the part.
    expect(asked({ observation, changes: [ONE], history: view({ [REMEDIATOR]: NOW - 3 * DAY }) })).toMatchObject({ effect: 'notify' });
    expect(asked({ observation, changes: [ONE], history: view({ [`${REMEDIATOR} of sgr-1`]: NOW - 3 * DAY }) })).toMatchObject({
      effect: 'allow',
      code: 'tag-without-effect',
      data: { part: 'of sgr-1' },
    });
  });

  it('on the resource holds back every part together', () => {
    const observation = seen({ tags: tag, parts: [rule('sgr-1', tag), rule('sgr-2')] });
    expect(apart({ observation }, ONE, TWO)).toEqual(['', '']);
    const answer = asked({ observation, changes: [ONE] });
    expect(answer).toMatchObject({ effect: 'notify' });
    expect(answer.data).toEqual({ tag: 'redress:exception', until: '2026-11-27T10:00:00.000Z' });
  });

  it('separates a part in addition to its entry', () => {
    expect(apart({ register: register(entry({ resource: 'sgr-1' })), observation: twoRules(tag, tag) }, ONE, TWO)).toEqual(['EXC-1 of sgr-1', 'of sgr-2']);
  });

  it('has no effect next to a valid entry', () => {
    expect(asked({ register: register(entry({ resource: 'sgr-1' })), observation: twoRules(tag), changes: [ONE] })).toMatchObject({ effect: 'exempt' });
  });

  it('cannot be on what cannot have tags', () => {
    const policy = known(definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, exceptions: { tag: '0' } }));
    expect(asked({ policy, observation: seen({ tags: 'untaggable' }) })).toMatchObject({ effect: 'allow', code: 'no-exception' });
  });
});

describe('a tag that looks like the exception tag', () => {
  const hint = (tags: Record<string, string>, tag = 'redress:exception') =>
    asked({
      policy: known(definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, exceptions: { tag } })),
      observation: seen({ tags }),
    }).hint;
  it.each([
    ['with one more letter', 'redress:exceptions'],
    ['with other separators', 'redress-exception'],
    ['with two letters missing', 'redres:exeption'],
    ['in the same namespace with the same meaning', 'redress:skip'],
    ['in the same namespace with another separator', 'Redress/Exempt'],
    ['in the same namespace with a hyphen', 'redress-ignore'],
    ['in the same namespace with a dot', 'redress.exclude'],
    ['in the same namespace with an underscore', 'redress_suppress'],
    ['in the same namespace with a space', 'redress excepted'],
  ])('%s is named, and has no effect', (_what, key) => {
    expect(hint({ [key]: 'x' })).toBe(`sg-0abc has the tag ${key}, which is not the exception tag redress:exception, and has no effect.`);
  });
  it.each([
    ['in another namespace', 'team:skip'],
    ['in the same namespace with another meaning', 'redress:owner'],
    ['with three letters missing', 'redres:exeptin'],
    ['with another meaning', 'Name'],
    ['with the same prefix', 'redressed:skip'],
  ])('%s is not', (_what, key) => {
    expect(hint({ [key]: 'x' })).toBeUndefined();
  });

  it('is compared by letters and digits of any script', () => {
    expect(hint({ 'ausnahme-für-7': 'x' }, 'ausnahme:für:7')).toContain('has the tag ausnahme-für-7, which is not');
    expect(hint({ 'für-7': 'x' }, 'für:8')).toBeUndefined();
    expect(hint({ 'abcdef-12345': 'x' }, 'abcdef:99999')).toBeUndefined();
  });

  it('without a namespace is compared only by letters', () => {
    expect(hint({ exceptions: 'x' }, 'exception')).toContain('which is not the exception tag exception');
    expect(hint({ 'exception:skip': 'x' }, 'exception')).toBeUndefined();
  });

  it('is named wherever it is, three at most, each once', () => {
    const usedBy = [instance('i-1', { 'redress:skip': '' }), instance('i-2', { 'redress:skip': '' }), instance('i-3', { 'redress:skip': '' })];
    const parts = [rule('sgr-1', { 'redress:skip': '' }), rule('sgr-2', { 'redress:skip': '' })];
    const said = (id: string) => `${id} has the tag redress:skip, which is not the exception tag redress:exception, and has no effect.`;
    expect(asked({ observation: seen({ usedBy, parts }), changes: [ONE] }).hint).toBe([said('i-1'), said('i-2'), said('i-3')].join(' '));
    expect(asked({ observation: seen({ parts }), changes: [ONE] }).hint).toBe(said('sgr-1'));
    expect(asked({ observation: seen({ parts }), changes: [ONE, ONE] }).hint).toBe(said('sgr-1'));
    expect(asked({ observation: seen({ parts }), changes: [] }).hint).toBeUndefined();
  });

  it('does not matter next to the tag itself', () => {
    expect(hint({ 'Redress:Exception': 'x', 'redress:skip': 'x' })).toBeUndefined();
  });
});

it('the exception tag holds back for three days, to the millisecond', () => {
  const observation = seen({ tags: { 'redress:exception': '' } });
  const at = (first: number) => asked({ observation, history: known({ ...emptyView(streamOf(group)), tagFirstSeen: { [REMEDIATOR]: first } }) }).code;
  expect([at(NOW - HOUR), at(NOW - 3 * DAY + 1), at(NOW - 3 * DAY)]).toEqual(['tag-without-entry', 'tag-without-entry', 'tag-without-effect']);
});
