import {
  type Change,
  decide,
  deepFreeze,
  definePolicy,
  defineRegister,
  digestOf,
  EFFECTS,
  type Effect,
  emptyView,
  type Facts,
  type Finding,
  type Guardrail,
  known,
  resource,
  streamOf,
  unreadable,
} from '@redress/core';
import { describe, expect, it } from 'vitest';

const ACCOUNT = '111111111111';
const NOW = Date.parse('2026-11-24T10:00:00Z');

/**
 * Facts of a pass that every built-in guardrail allows: a rule opened SSH a minute ago, in an account where the remediator is enforced. A test
 * of a guardrail overrides the facts that it is about.
 *
 * @example guardrail.evaluate(guardrailFacts({ now: Date.parse('2026-11-24T22:00:00Z') }))
 */
export function guardrailFacts(over: Partial<Facts> = {}): Facts {
  const group = resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-0abc', account: ACCOUNT, region: 'us-east-1' });
  const change: Change = {
    call: { service: 'ec2', operation: 'RevokeSecurityGroupIngress', input: { GroupId: 'sg-0abc', SecurityGroupRuleIds: ['sgr-1'] }, retry: 'idempotent' },
    undo: { calls: [], restores: 'equivalent' },
    summary: 'revoke sgr-1',
    resolves: true,
    subject: 'tcp 22-22 0.0.0.0/0',
  };
  const finding: Finding = {
    id: 'event-1',
    source: 'cloudtrail',
    kind: 'api-call',
    disposition: 'candidate',
    reason: '',
    account: ACCOUNT,
    region: 'us-east-1',
    resources: [{ type: group.type, id: group.id }],
    controls: [],
    configRule: null,
    state: null,
    previousState: null,
    actor: { arn: `arn:aws:iam::${ACCOUNT}:user/mallory`, type: 'IAMUser', issuerArn: null, invokedBy: null },
    observedAt: new Date(NOW - 60_000).toISOString(),
    call: { service: 'ec2', operation: 'AuthorizeSecurityGroupIngress', request: { groupId: 'sg-0abc' }, response: null, errorCode: null, readOnly: false },
    replayed: false,
    envelope: { id: 'e', source: 'aws.ec2', detailType: 'AWS API Call via CloudTrail', account: ACCOUNT, region: 'us-east-1', time: null, replayName: null },
    via: [],
    itemId: null,
    extra: {},
  };
  const id = 'ec2-revoke-sg-open-ssh';
  return {
    now: NOW,
    trigger: { by: 'finding', finding },
    resource: group,
    remediator: { id, version: '1.0.0', ceiling: 'enforce', freshWithin: 1_800_000, settle: 60_000, breadth: 0 },
    alsoPlannedBy: new Map(),
    parameters: digestOf({}),
    lastChange: NOW - 60_000,
    changes: [change],
    plan: digestOf({ plan: 1 }),
    hazards: [],
    policy: known(definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { [id]: { dev: 'enforce' } } })),
    register: known(defineRegister([])),
    stop: known('none'),
    identity: known({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/session` }),
    observation: known({ state: {}, tags: {} }),
    assessment: known({ status: 'change', changes: [change] }),
    history: known(emptyView(streamOf(group))),
    track: known([]),
    run: { changes: 0 },
    ...over,
  };
}

/** The expected answer of a guardrail in one situation. */
export interface GuardrailCase {
  readonly name: string;
  /** In addition to, or instead of, those of {@link guardrailFacts}. */
  readonly facts: Partial<Facts>;
  readonly effect: Effect;
  readonly code: string;
}

/**
 * Tests a guardrail's decision table with vitest, and the properties that every guardrail has. It is pure and synchronous, and does not modify
 * its facts. It answers with a known effect, a code and a sentence. It denies if a fact that it needs cannot be read. It makes no decision
 * less restrictive.
 *
 * @example
 * describeGuardrail(officeHours, [
 *   { name: 'at noon', facts: { now: Date.parse('2026-11-24T12:00:00Z') }, effect: 'allow', code: 'day' },
 *   { name: 'at night', facts: { now: Date.parse('2026-11-24T22:00:00Z') }, effect: 'approve', code: 'night' },
 * ]);
 * @param cases at least one that allows, and one that does not.
 */
export function describeGuardrail(guardrail: Guardrail, cases: readonly GuardrailCase[]): void {
  describe(`the guardrail ${guardrail.id}`, () => {
    it('has a case that allows, and one that restricts', () => {
      expect(cases.some(({ effect }) => effect === 'allow')).toBe(true);
      expect(cases.some(({ effect }) => effect !== 'allow')).toBe(true);
      expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    });
    it('has a name', () => {
      expect(guardrail.id).toMatch(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);
    });
    it.each(cases.map((each) => ({ ...each })))('$name: $effect ($code)', ({ facts, effect, code }) => {
      const given = deepFreeze(guardrailFacts(facts));
      const answer = guardrail.evaluate(given);
      expect(answer).toMatchObject({ effect, code });
      expect(EFFECTS).toContain(answer.effect);
      expect(answer.code).toMatch(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/);
      expect(answer.message.trim()).not.toBe('');
      // An answer is recorded: what is not JSON could not be.
      expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
      expect(guardrail.evaluate(given)).toEqual(answer);
    });
    it.each(guardrail.needs.map((need) => [need]))('denies if %s cannot be read', (need) => {
      expect(guardrail.evaluate(guardrailFacts({ [need]: unreadable(new Error('down')) }))).toMatchObject({ effect: 'deny', code: 'unreadable' });
    });
    it('makes no decision less restrictive', () => {
      for (const { facts } of cases)
        for (const effect of EFFECTS) {
          const other: Guardrail = { id: 'other', needs: [], evaluate: () => ({ effect, code: 'other', message: 'other' }) };
          const decision = decide([guardrail, other], guardrailFacts(facts));
          expect(EFFECTS.indexOf(decision.effect)).toBeGreaterThanOrEqual(EFFECTS.indexOf(effect));
        }
    });
  });
}
