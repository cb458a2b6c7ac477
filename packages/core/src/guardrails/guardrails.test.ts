import { describe, expect, it } from 'vitest';
import { ACCOUNT, apiCallFinding, facts, group, NOW, revoke } from '../internal/testing/facts.js';
import { emptyView, type StreamView } from '../journal.js';
import { definePolicy, parsePolicy } from '../policy/policy.js';
import { defineRegister } from '../policy/register.js';
import { builtinGuardrails } from './builtin.js';
import { freshness, shownBy } from './freshness.js';
import { decide, decisive, defineGuardrail, EFFECTS, type Facts, known, unreadable } from './guardrail.js';

const past = (over: Partial<StreamView>) => known({ ...emptyView('sha256:x'), ...over });
const all = [...builtinGuardrails, freshness(() => true)];
const codes = (over: Partial<Facts>) => {
  const decision = decide(all, facts(over));
  return { effect: decision.effect, codes: decisive(decision).map((each) => each.code) };
};
const policy = (extra: object) =>
  known(definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforce' } }, ...extra }));
const entry = {
  id: 'EXC-1',
  scope: { account: ACCOUNT, resource: 'sg-0abc' },
  reason: 'vendor',
  owner: 'a',
  approver: 'b',
  expires: new Date(NOW + 1000).toISOString(),
};

describe('decide', () => {
  it('allows when every guardrail allows, and records the answer of each', () => {
    const decision = decide(all, facts());
    expect(decision.effect).toBe('allow');
    expect(decision.results.map((each) => each.guardrail)).toEqual([
      'kill-switch',
      'authenticity',
      'replay',
      'failed-call',
      'self-event',
      'mode',
      'environments',
      'freeze',
      'windows',
      'ceiling',
      'exceptions',
      'managed-by-iac',
      'hazards',
      'secrets',
      'settling',
      'hold',
      'fights',
      'circuit-breaker',
      'refusals',
      'limits',
      'grace',
      'freshness',
    ]);
  });

  it('denies without any guardrail: silence permits nothing', () => {
    expect(decide([], facts()).effect).toBe('deny');
  });

  it('evaluates all guardrails, even after one has denied', () => {
    const asked: string[] = [];
    const spy = (id: string, effect: 'allow' | 'deny') =>
      defineGuardrail({ id, needs: [], evaluate: () => (asked.push(id), { effect, code: id, message: id }) });
    decide([spy('a', 'deny'), spy('b', 'allow'), spy('c', 'deny')], facts());
    expect(asked).toEqual(['a', 'b', 'c']);
  });

  it('denies if a guardrail throws or returns something unknown', () => {
    const broken = defineGuardrail({
      id: 'broken',
      needs: [],
      evaluate: () => {
        throw new Error('no');
      },
    });
    const odd = defineGuardrail({ id: 'odd', needs: [], evaluate: () => ({ effect: 'yes' as 'allow', code: 'x', message: 'x' }) });
    expect(decide([broken], facts()).results[0]).toMatchObject({ effect: 'deny', code: 'guardrail-failed' });
    expect(decide([odd], facts()).effect).toBe('deny');
  });

  it.each(['policy', 'register', 'stop', 'identity', 'observation', 'assessment', 'history', 'track'] as const)('denies if %s is unreadable', (fact) => {
    expect(codes({ [fact]: unreadable(new Error('down')) })).toEqual({ effect: 'deny', codes: expect.arrayContaining(['unreadable']) });
  });

  it('applies the most restrictive answer, whatever the order', () => {
    for (const [index, worst] of EFFECTS.entries()) {
      const guardrails = EFFECTS.slice(0, index + 1).map((effect) =>
        defineGuardrail({ id: effect, needs: [], evaluate: () => ({ effect, code: effect, message: effect }) }),
      );
      expect(decide(guardrails, facts()).effect).toBe(worst);
      expect(decide(guardrails.reverse(), facts()).effect).toBe(worst);
    }
  });
});

describe('each guardrail restricts', () => {
  it.each([
    ['kill switch in addition to the policy', { stop: known('changes' as const) }, 'deny', 'stopped'],
    ['kill switch in the policy', { policy: policy({ stop: 'everything' }) }, 'deny', 'stopped'],
    ['credentials of another account', { identity: known({ account: '222222222222', arn: 'arn:aws:iam::222222222222:role/x' }) }, 'deny', 'foreign-account'],
    [
      'an event from another source than that of its kind',
      {
        trigger: {
          by: 'finding' as const,
          finding: apiCallFinding({ envelope: { id: 'e', source: 'com.evil', detailType: 'x', account: ACCOUNT, region: null, time: null, replayName: null } }),
        },
      },
      'deny',
      'wrong-source',
    ],
    [
      'an event that another account sent',
      {
        trigger: {
          by: 'finding' as const,
          finding: apiCallFinding({
            envelope: { id: 'e', source: 'aws.ec2', detailType: 'x', account: '222222222222', region: null, time: null, replayName: null },
          }),
        },
      },
      'deny',
      'foreign-envelope',
    ],
    ['a bare record', { trigger: { by: 'finding' as const, finding: apiCallFinding({ envelope: null }) } }, 'approve', 'no-envelope'],
    ['a replay', { trigger: { by: 'finding' as const, finding: apiCallFinding({ replayed: true }) } }, 'deny', 'replayed'],
    [
      'a failed call',
      {
        trigger: {
          by: 'finding' as const,
          finding: apiCallFinding({
            call: {
              service: 'ec2',
              operation: 'AuthorizeSecurityGroupIngress',
              request: null,
              response: null,
              errorCode: 'Client.DryRunOperation',
              readOnly: false,
            },
          }),
        },
      },
      'deny',
      'call-failed',
    ],
    [
      'a call of our own role',
      {
        trigger: {
          by: 'finding' as const,
          finding: apiCallFinding({
            actor: {
              arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/other-session`,
              type: 'AssumedRole',
              issuerArn: `arn:aws:iam::${ACCOUNT}:role/team/Redress`,
              invokedBy: null,
            },
          }),
        },
      },
      'deny',
      'own-call',
    ],
    ['a role named as our own in the policy', { policy: policy({ self: [`arn:aws:iam::${ACCOUNT}:user/mallory`] }) }, 'deny', 'own-call'],
    [
      'an account without an environment',
      {
        policy: known(
          definePolicy({ version: 1, environments: { dev: { accounts: ['222222222222'] } }, remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforce' } } }),
        ),
      },
      'notify',
      'mode-notify',
    ],
    ['a remediator that the policy does not name', { policy: policy({ remediators: {} }) }, 'notify', 'mode-notify'],
    ['mode approve', { policy: policy({ remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'approve' } } }) }, 'approve', 'mode-approve'],
    ['mode plan', { policy: policy({ remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'plan' } } }) }, 'notify', 'mode-plan'],
    ['mode off', { policy: policy({ remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'off' } } }) }, 'deny', 'mode-off'],
    [
      'enforce above the lowest environment, unproven',
      { policy: policy({ environments: { test: { accounts: [] }, dev: { accounts: [ACCOUNT], after: { environment: 'test', fixes: 5, bake: 'P7D' } } } }) },
      'approve',
      'promotion-unproven',
    ],
    ['a ceiling of approve', { remediator: { ...facts().remediator, ceiling: 'approve' as const } }, 'approve', 'ceiling-approve'],
    ['a ceiling of notify', { remediator: { ...facts().remediator, ceiling: 'notify' as const } }, 'notify', 'ceiling-notify'],
    ['an irreversible change', { changes: [{ ...revoke, undo: { irreversible: 'gone for good' } }] }, 'approve', 'irreversible'],
    ['a live exception', { register: known(defineRegister([entry])) }, 'exempt', 'exception'],
    ['an exception tag without entry', { observation: known({ state: {}, tags: { 'redress:exception': 'x' } }) }, 'notify', 'tag-without-entry'],
    ['a hazard', { hazards: [{ code: 'bastion', effect: 'approve' as const, message: 'm' }] }, 'approve', 'bastion'],
    [
      'a hazard that only notifies',
      {
        hazards: [
          { code: 'a', effect: 'approve' as const, message: 'm' },
          { code: 'website', effect: 'notify' as const, message: 'm' },
        ],
      },
      'notify',
      'website',
    ],
    [
      'a hold after a rollback',
      {
        history: past({ holds: [{ remediator: 'ec2-revoke-sg-open-ssh', until: NOW + 1, owner: 'ops', execution: 'x-1' }] }),
      },
      'notify',
      'held',
    ],
    ['the limit per run', { policy: policy({ limits: [{ per: ['run'], changes: 2 }] }), run: { changes: 2 } }, 'deny', 'limit-run'],
  ])('%s', (_name, over, effect, code) => {
    expect(codes(over as Partial<Facts>)).toEqual({ effect, codes: expect.arrayContaining([code]) });
  });

  it('accepts a Security Hub administrator named in the policy for a member, and nobody else', () => {
    const finding = apiCallFinding({
      kind: 'finding-imported',
      call: null,
      envelope: { id: 'e', source: 'aws.securityhub', detailType: 'x', account: '222222222222', region: null, time: null, replayName: null },
    });
    expect(codes({ trigger: { by: 'finding', finding } }).codes).toContain('foreign-envelope');
    expect(codes({ trigger: { by: 'finding', finding }, policy: policy({ securityHub: { administrators: ['222222222222'] } }) }).effect).toBe('allow');
  });
});

describe('freeze', () => {
  const at = (from: number, to: number, environments?: string[]) =>
    policy({
      freeze: [
        {
          from: new Date(NOW + from).toISOString(),
          to: new Date(NOW + to).toISOString(),
          reason: 'year end',
          ...(environments === undefined ? {} : { environments }),
        },
      ],
    });
  it.each([
    ['before it', 1, 1000, undefined, 'allow'],
    ['from its first moment', 0, 1000, undefined, 'notify'],
    ['until its last', -1000, 1, undefined, 'notify'],
    ['not in the moment that it ends', -1000, 0, undefined, 'allow'],
    ['in an environment of it', -1000, 1000, ['dev'], 'notify'],
  ] as const)('%s', (_name, from, to, environments, effect) => {
    expect(codes({ policy: at(from, to, environments === undefined ? undefined : [...environments]) }).effect).toBe(effect);
  });
  it('of another environment has no effect here; one of all environments also covers accounts without one', () => {
    const two = { environments: { dev: { accounts: [ACCOUNT] }, prod: { accounts: ['222222222222'], after: 'none', because: 'b' } } };
    const freeze = [{ from: new Date(NOW - 1).toISOString(), to: new Date(NOW + 1).toISOString(), reason: 'r', environments: ['prod'] }];
    expect(codes({ policy: policy({ ...two, freeze }) }).effect).toBe('allow');
    const decision = decide(all, facts({ policy: known(parsePolicy({ version: 1, freeze: [{ ...freeze[0], environments: undefined }] })) }));
    expect(decision.results.find((each) => each.guardrail === 'freeze')).toMatchObject({ effect: 'notify', code: 'frozen', data: { reason: 'r' } });
  });
});

describe('exceptions', () => {
  it('of an expired entry exempts nothing, and is named', () => {
    const decision = decide(all, facts({ register: known(defineRegister([{ ...entry, expires: new Date(NOW).toISOString() }])) }));
    expect(decision.effect).toBe('allow');
    expect(decision.results.find((each) => each.guardrail === 'exceptions')).toMatchObject({ code: 'exception-expired', data: { expired: ['EXC-1'] } });
  });

  it('of an entry out of scope exempts nothing', () => {
    for (const scope of [
      { account: '222222222222' },
      { account: ACCOUNT, resource: 'sg-other' },
      { account: ACCOUNT, remediators: ['other-remediator'] },
      { tag: 'team=a' },
      { account: ACCOUNT, region: 'eu-west-1' },
    ]) {
      expect(codes({ register: known(defineRegister([{ ...entry, scope }])) }).effect).toBe('allow');
    }
  });

  it.each([
    ['its id', { resource: 'sg-0abc' }, 'exempt'],
    ['its ARN', { resource: `arn:aws:ec2:us-east-1:${ACCOUNT}:security-group/sg-0abc` }, 'exempt'],
    ['the ARN of another account', { resource: 'arn:aws:ec2:us-east-1:222222222222:security-group/sg-0abc' }, 'allow'],
    ['the ARN of another kind', { resource: `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:sg-0abc` }, 'allow'],
  ])('of an entry that names it by %s', (_name, scope, effect) => {
    expect(codes({ register: known(defineRegister([{ ...entry, scope }])) }).effect).toBe(effect);
  });

  it('by tag apply in any capitalization', () => {
    expect(codes({ observation: known({ state: {}, tags: { 'Redress:Exception': 'please' } }) }).effect).toBe('notify');
  });

  it('by an entry with a tag exempt what has the tag', () => {
    expect(
      codes({ register: known(defineRegister([{ ...entry, scope: { tag: 'team=a' } }])), observation: known({ state: {}, tags: { team: 'a' } }) }).effect,
    ).toBe('exempt');
  });

  it('by a tag alone end three days after its first sight', () => {
    const seen = (first: number) => ({
      observation: known({ state: {}, tags: { 'redress:exception': '' } }),
      history: past({ tagFirstSeen: { 'ec2-revoke-sg-open-ssh': first } }),
    });
    expect(codes(seen(NOW - 259_199_999)).effect).toBe('notify');
    expect(codes(seen(NOW - 259_200_000)).effect).toBe('allow');
  });

  it('ignore a tag from the prototype', () => {
    expect(codes({ policy: policy({ exceptions: { tag: 'constructor' } }) }).effect).toBe('allow');
  });
});

describe('repeated reverts', () => {
  const DAY = 86_400_000;
  const fix = (execution: string, ago: number, over: object = {}) => ({
    execution,
    remediator: 'ec2-revoke-sg-open-ssh',
    planDigest: 'sha256:x' as const,
    subjects: ['tcp 22-22 0.0.0.0/0'],
    outcome: 'remediated' as const,
    begunAt: NOW - ago,
    closedAt: NOW - ago,
    sent: 1,
    verified: true,
    retryable: false,
    version: '1.0.0',
    parameters: '',
    drill: false,
    rollbackOf: null,
    ...over,
  });
  const after = (...closed: ReturnType<typeof fix>[]) => codes({ history: past({ closed }) });
  it('after one fix: it is made again', () => {
    expect(after(fix('x-1', DAY)).effect).toBe('allow');
  });
  it('after two fixes: the gap is contested', () => {
    expect(after(fix('x-2', DAY), fix('x-1', 7 * DAY - 1))).toEqual({ effect: 'notify', codes: ['contested'] });
    // Whoever made them: the same thing was undone.
    expect(after(fix('x-2', DAY), fix('x-1', 2 * DAY, { remediator: 'other' }))).toEqual({ effect: 'notify', codes: ['contested'] });
  });
  it.each([
    ['one is a week old', fix('x-1', 7 * DAY)],
    ['one was of another part', fix('x-1', 2 * DAY, { subjects: ['tcp 22-22 ::/0'] })],
    ['one changed nothing', fix('x-1', 2 * DAY, { outcome: 'failed' })],
    ['one was a rollback', fix('x-1', 2 * DAY, { rollbackOf: 'x-0' })],
  ])('do not count if %s', (_name, other) => {
    expect(after(fix('x-2', DAY), other).effect).toBe('allow');
  });
  it('do not count if a person rolled one back', () => {
    expect(after(fix('r-1', 2 * DAY, { outcome: 'rolled-back', rollbackOf: 'x-1' }), fix('x-2', DAY), fix('x-1', 3 * DAY)).effect).toBe('allow');
  });
});

describe('freshness', () => {
  const reader = {
    apiCalls: { 'ec2:AuthorizeSecurityGroupIngress': () => [{ id: 'sg-0abc', subjects: ['tcp 22-22 0.0.0.0/0'] }] },
    freshWithin: 1_800_000,
    showsNew: ['INCOMING_SSH_DISABLED'],
  };
  const names = { configRules: { 'acme-no-ssh': 'INCOMING_SSH_DISABLED', 'incoming-ssh-disabled': 'VPC_SG_PORT_RESTRICTION_CHECK' } };
  const shown = (over: Parameters<typeof apiCallFinding>[0]) =>
    shownBy({ by: 'finding', finding: apiCallFinding(over) }, reader, group, ['sg-0abc'], names, NOW);
  const at = (ago: number, before = 300_000) => ({
    extra: { capturedAt: new Date(NOW - ago).toISOString(), previousCapturedAt: new Date(NOW - before).toISOString() },
  });
  const config = { kind: 'config-compliance-change' as const, call: null, state: 'NON_COMPLIANT', configRule: 'acme-no-ssh', ...at(60_000) };
  const transition = { ...config, previousState: 'COMPLIANT' };

  it('of an API call covers the parts that it names', () => {
    expect(shown({})).toEqual(new Set(['tcp 22-22 0.0.0.0/0']));
  });

  it.each([
    ['too old', { observedAt: new Date(NOW - 1_800_001).toISOString() }],
    ['from the future', { observedAt: new Date(NOW + 3_600_000).toISOString() }],
    ['without a time', { observedAt: null }],
    ['with an invalid time', { observedAt: 'yesterday' }],
    ['replayed', { replayed: true }],
    ['without an envelope', { envelope: null }],
    ['a first evaluation', { ...config, previousState: null }],
    ['still failing', { ...config, previousState: 'NON_COMPLIANT' }],
    ['a transition of a rule that checks more', { ...transition, configRule: 'vpc-sg-port-restriction-check' }],
    ['a transition of a rule whose name the policy gives to another', { ...transition, configRule: 'incoming-ssh-disabled' }],
    ['a transition of a rule without a name', { ...transition, configRule: null }],
    ['a transition on an old configuration: the rule was changed', { ...transition, ...at(86_400_000) }],
    ['a transition to a record from the future', { ...transition, ...at(-3_600_000) }],
    ['a transition without its configuration', { ...transition, extra: {} }],
    ['a transition whose earlier record is old: the time of the change is unknown', { ...transition, ...at(60_000, 1_800_001) }],
    ['a transition whose earlier record has no time', { ...transition, extra: { capturedAt: new Date(NOW - 60_000).toISOString() } }],
    ['a transition between a record and itself', { ...transition, ...at(60_000, 60_000) }],
    ['a transition whose earlier record is the later one', { ...transition, ...at(60_000, 59_999) }],
    ['a finding', { kind: 'finding-imported' as const, call: null }],
    ['another call', { call: { service: 'ec2', operation: 'CreateTags', request: {}, response: null, errorCode: null, readOnly: false } }],
    ['a call on the prototype', { call: { service: 'ec2', operation: 'toString', request: {}, response: null, errorCode: null, readOnly: false } }],
  ])('is not proven by an event: %s', (_name, over) => {
    expect(shown(over)).toBe('nothing');
  });

  it('is proven by a transition from COMPLIANT of a rule that checks for the same', () => {
    expect(shown(transition)).toBe('all');
    const unread = shownBy({ by: 'finding', finding: apiCallFinding({ ...transition, configRule: 'incoming-ssh-disabled' }) }, reader, group, [], null, NOW);
    expect(unread).toBe('all');
  });

  it('is not proven by a sweep or a request; without freshWithin everything counts as new', () => {
    expect(shownBy({ by: 'sweep' }, reader, group, [], names, NOW)).toBe('nothing');
    expect(shownBy({ by: 'sweep' }, { ...reader, freshWithin: null }, group, [], names, NOW)).toBe('all');
  });

  it('requires approval for what is not proven, and names it', () => {
    expect(decide([freshness(() => false)], facts()).results[0]).toMatchObject({
      effect: 'approve',
      code: 'not-fresh',
      data: { subjects: ['tcp 22-22 0.0.0.0/0'] },
    });
  });
});
