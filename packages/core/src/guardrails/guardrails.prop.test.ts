import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, facts, NOW } from '../internal/testing/facts.js';
import { definePolicy } from '../policy/policy.js';
import { defineRegister } from '../policy/register.js';
import { builtinGuardrails } from './builtin.js';
import { freshness } from './freshness.js';
import { decide, defineGuardrail, EFFECTS, type Facts, known, unreadable } from './guardrail.js';

const all = [...builtinGuardrails, freshness(() => true)];
const rank = (effect: (typeof EFFECTS)[number]) => EFFECTS.indexOf(effect);

const someFacts: fc.Arbitrary<Facts> = fc
  .record({
    mode: fc.constantFrom('enforce', 'approve', 'plan', 'notify', 'off'),
    ceiling: fc.constantFrom('enforce', 'approve', 'notify'),
    tag: fc.boolean(),
    stop: fc.constantFrom('none', 'changes', 'everything'),
    foreign: fc.boolean(),
    hazard: fc.constantFrom(null, 'approve', 'notify'),
  })
  .map(({ mode, ceiling, tag, stop, foreign, hazard }) =>
    facts({
      policy: known(definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'ec2-revoke-sg-open-ssh': { dev: mode } } })),
      remediator: { ...facts().remediator, ceiling: ceiling as 'enforce', freshWithin: null },
      observation: known({ state: {}, tags: tag ? { 'redress:exception': 'x' } : {} }),
      stop: known(stop as 'none'),
      identity: known({ account: foreign ? '999999999999' : ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:role/Redress` }),
      hazards: hazard === null ? [] : [{ code: 'h', effect: hazard as 'approve', message: 'm' }],
    }),
  );

describe('restriction is monotone', () => {
  it('an exemption never adds an action', () => {
    fc.assert(
      fc.property(someFacts, (given) => {
        const entry = { id: 'E', scope: { account: ACCOUNT }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(NOW + 1).toISOString() };
        const after = decide(all, { ...given, register: known(defineRegister([entry])) });
        expect(rank(after.effect)).toBeGreaterThanOrEqual(Math.max(rank('exempt'), rank(decide(all, given).effect)));
      }),
    );
  });

  it('an added guardrail can only restrict', () => {
    fc.assert(
      fc.property(someFacts, fc.constantFrom(...EFFECTS), (given, effect) => {
        const added = defineGuardrail({ id: 'mine', needs: [], evaluate: () => ({ effect, code: 'c', message: 'm' }) });
        expect(rank(decide([...all, added], given).effect)).toBe(Math.max(rank(decide(all, given).effect), rank(effect)));
      }),
    );
  });

  it('a fact that becomes unreadable denies', () => {
    fc.assert(
      fc.property(someFacts, fc.constantFrom('policy', 'register', 'stop', 'identity', 'observation', 'assessment', 'history'), (given, name) => {
        expect(decide(all, { ...given, [name]: unreadable('down') }).effect).toBe('deny');
      }),
    );
  });

  it('allows only if mode and ceiling are enforce and nothing objects', () => {
    fc.assert(
      fc.property(someFacts, (given) => {
        if (decide(all, given).effect !== 'allow') return;
        expect(given.remediator.ceiling).toBe('enforce');
        expect(given.stop).toEqual(known('none'));
        expect(given.hazards).toEqual([]);
      }),
    );
  });
});
