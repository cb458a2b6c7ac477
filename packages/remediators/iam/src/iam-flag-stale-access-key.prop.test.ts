import type { JsonObject } from '@redress/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { user } from '../test/fake.js';
import { flagValue, flagStaleAccessKey as remediator } from './iam-flag-stale-access-key.js';

/** Written here, not taken from there: what a version calls it the next one has to find. */
const FLAG = 'redress:stale-access-key';

const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const DAY = 86_400_000;

const keyId = fc.stringMatching(/^AKIA[A-Z2-7]{16}$/);
const key = fc.record({ id: keyId, created: fc.integer({ min: NOW - 400 * DAY, max: NOW + DAY }).map((at) => new Date(at).toISOString()) });
const state = fc
  .record({
    keys: fc.uniqueArray(key, { selector: (each) => each.id, maxLength: 2 }).map((keys) => keys.sort((a, b) => (a.id < b.id ? -1 : 1))),
    flag: fc.option(fc.oneof(keyId, fc.constant('')), { nil: null }),
    room: fc.boolean(),
  })
  .map((each) => ({ ...each, room: each.room || each.flag !== null }));
type State = typeof state extends fc.Arbitrary<infer S> ? S : never;

const plan = (given: State, maxAgeDays: number) =>
  remediator.plan({ state: given, context: undefined, resource: user('deploy'), parameters: { maxAgeDays }, observedAt: NOW });

/** What IAM makes of a call. */
function applied(given: State, call: { readonly operation: string; readonly input: JsonObject }): State {
  if (call.operation === 'UntagUser') return { ...given, flag: null };
  const [tag] = call.input['Tags'] as readonly { readonly Key: string; readonly Value: string }[];
  return { ...given, flag: tag?.Value ?? null };
}

describe('for every user', () => {
  it('one change is enough, and its undo restores the state before', () => {
    fc.assert(
      fc.property(state, fc.integer({ min: 1, max: 300 }), (given, days) => {
        const assessment = plan(given, days);
        if (assessment.status !== 'change') return;
        const [only] = assessment.changes;
        if (only === undefined || assessment.changes.length !== 1 || !('calls' in only.undo)) throw new Error('not one change with an undo');
        const after = applied(given, only.call);
        expect(plan(after, days)).toMatchObject(after.flag === null ? { status: 'compliant' } : { status: 'manual', flagged: true });
        expect(only.undo.calls.reduce(applied, after)).toEqual(given);
      }),
    );
  });

  it('only the flag is written, and it closes no gap', () => {
    fc.assert(
      fc.property(state, fc.integer({ min: 1, max: 300 }), (given, days) => {
        const assessment = plan(given, days);
        if (assessment.status !== 'change') return;
        for (const change of assessment.changes) {
          expect(change.resolves).toBe(false);
          for (const call of [change.call, ...('calls' in change.undo ? change.undo.calls : [])]) {
            expect(['TagUser', 'UntagUser']).toContain(call.operation);
            expect(call.input['UserName']).toBe('deploy');
            expect(call.operation === 'TagUser' ? (call.input['Tags'] as readonly JsonObject[]).map((tag) => tag['Key']) : call.input['TagKeys']).toEqual([
              FLAG,
            ]);
          }
        }
      }),
    );
  });

  it('there is a flag after the change exactly if a key is stale, and it names those keys', () => {
    fc.assert(
      fc.property(state, fc.integer({ min: 1, max: 300 }), (given, days) => {
        const assessment = plan(given, days);
        const stale = given.keys.filter((each) => NOW - Date.parse(each.created) > days * DAY).map((each) => each.id);
        const after = assessment.status === 'change' ? assessment.changes.reduce((at, change) => applied(at, change.call), given) : given;
        if (assessment.status === 'manual' && assessment.flagged !== true) expect(given.room).toBe(false);
        else expect(after.flag).toBe(stale.length === 0 ? null : stale.join(' '));
      }),
    );
  });

  it('a flag is a valid tag value for IAM, whatever the number of keys, and does not depend on their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(keyId, { minLength: 1, maxLength: 30 }), (ids) => {
        const value = flagValue(ids.map((id) => ({ id })));
        expect(value).toMatch(/^[\w+=.@:/ -]{1,256}$/);
        expect(flagValue([...ids].reverse().map((id) => ({ id })))).toBe(value);
      }),
    );
  });
});
