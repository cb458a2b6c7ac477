import { describe, expect, it } from 'vitest';
import { celRules } from './cel.js';
import { createRedress } from './engine/redress.js';
import { decide, type Facts, known } from './guardrails/guardrail.js';
import { ACCOUNT, apiCallFinding, facts, group, revoke } from './internal/testing/facts.js';
import { parsePolicy } from './policy/policy.js';

const policy = (...rules: { when: string; effect?: string }[]) =>
  parsePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    rules: rules.map((rule) => ({ effect: 'approve', because: 'a reason', ...rule })),
  });
const asked = (when: string, tags: Record<string, string> = {}) =>
  celRules().evaluate(facts({ policy: known(policy({ when })), observation: known({ state: {}, tags }) }));

describe('rules', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['resource.tags["criticality"] == "high"', { criticality: 'high' }, true],
    ['resource.tags["criticality"] == "high"', { criticality: 'low' }, false],
    ['resource.tags["criticality"] == "high"', {}, false],
    // A tag that is missing is not the one that is asked for.
    ['resource.tags["env"] != "dev"', {}, true],
    ['resource.tags["constructor"] != ""', {}, false],
    ['resource.id.startsWith("sg-")', {}, true],
    ['resource.environment == "dev" && resource.region in ["us-east-1", "eu-west-1"]', {}, true],
    ['remediator.id == "other" || remediator.ceiling == "approve"', {}, false],
    ['trigger.by == "finding" && trigger.kind == "api-call" && trigger.actor.contains("mallory")', {}, true],
    ['plan.operations.exists(each, each == "ec2:RevokeSecurityGroupIngress")', {}, true],
    ['plan.subjects.all(each, each.startsWith("tcp 22"))', {}, true],
    ['now.getHours("Australia/Sydney") == 21', {}, true],
    ['size(plan.hazards) > 0', {}, false],
  ])('%s of %j', (when, tags, matches) => {
    expect(asked(when, tags)).toMatchObject(
      matches ? { effect: 'approve', code: 'rule', message: `a reason (${when}).` } : { effect: 'allow', code: 'no-rule' },
    );
  });

  it('apply the most restrictive match, and all matches are named', () => {
    const rules = policy(
      { when: 'true' },
      { when: 'resource.id != ""', effect: 'deny' },
      { when: 'true && true', effect: 'notify' },
      { when: 'false', effect: 'deny' },
    );
    expect(celRules().evaluate(facts({ policy: known(rules) }))).toMatchObject({
      effect: 'deny',
      data: { rules: ['true', 'resource.id != ""', 'true && true'] },
    });
  });

  it('deny if one cannot be evaluated', () => {
    const decision = decide([celRules()], facts({ policy: known(policy({ when: '1 / (size(plan.hazards)) > 0' })) }));
    expect(decision).toMatchObject({ effect: 'deny', results: [{ guardrail: 'rules', code: 'guardrail-failed' }] });
    expect(decide([celRules()], facts({ policy: known(policy({ when: 'nobody == 1' })) })).effect).toBe('deny');
  });

  it('cannot use more than the name of a missing resource', () => {
    expect(celRules().evaluate(facts({ policy: known(policy({ when: 'resource.tags["a"] == ""' })), observation: known('gone') }))).toMatchObject({
      effect: 'approve',
    });
  });

  it('get an empty text if there is no actor', () => {
    const trigger = { by: 'finding' as const, finding: apiCallFinding({ actor: null }) };
    expect(celRules().evaluate(facts({ trigger, policy: known(policy({ when: 'trigger.actor == ""' })) }))).toMatchObject({ effect: 'approve' });
  });
});

describe('a rule can use', () => {
  const matches = (when: string, over: Partial<Facts> = {}) => celRules().evaluate(facts({ policy: known(policy({ when })), ...over })).code === 'rule';
  const { subject: _, ...whole } = revoke;
  it.each<[string, Partial<Facts>]>([
    ['resource.type == "AWS::EC2::SecurityGroup" && resource.id == "sg-0abc" && resource.partition == "aws"', {}],
    [`resource.account == "${ACCOUNT}" && resource.region == "us-east-1"`, {}],
    ['remediator.id == "ec2-revoke-sg-open-ssh" && remediator.version == "1.0.0" && remediator.ceiling == "enforce"', {}],
    ['trigger.source == "cloudtrail" && trigger.kind == "api-call"', {}],
    ['trigger.by == "sweep" && trigger.source == "" && trigger.kind == "" && trigger.actor == ""', { trigger: { by: 'sweep' } }],
    [
      'plan.operations == ["ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"] && plan.subjects == ["tcp 22-22 0.0.0.0/0"]',
      { changes: [whole, revoke] },
    ],
    ['plan.hazards == ["wide"]', { hazards: [{ code: 'wide', effect: 'approve', message: 'm' }] }],
    ['now == timestamp("2026-11-24T10:00:00Z")', {}],
    // An account that is in no environment.
    ['resource.environment == ""', { resource: { ...group, account: '999999999999' } }],
    ['resource.tags["a"] == ""', { observation: known({ state: {}, tags: 'untaggable' }) }],
  ])('%s', (when, over) => {
    expect(matches(when, over)).toBe(true);
  });

  it('what uses the resource, each with its own tags: one is enough', () => {
    const user = (id: string, tags: Record<string, string>) => ({ type: 'AWS::EC2::Instance', id, tags });
    const observation = known({ state: {}, tags: { team: 'web', env: 'dev' }, usedBy: [user('i-1', { team: 'shop' }), user('i-2', { tier: 'gold' })] });
    const seen = (when: string) => matches(when, { observation });
    expect([seen('resource.tags["team"] == "shop"'), seen('resource.tags["tier"] == "gold"'), seen('resource.tags["team"] == "web"')]).toEqual([
      true,
      true,
      true,
    ]);
    // They are hit by a change as the resource is.
    expect(seen('resource.tags["team"] == "shop" && resource.tags["env"] == "dev"')).toBe(true);
    // None has the tags of another.
    expect(seen('resource.tags["team"] == "shop" && resource.tags["tier"] == "gold"')).toBe(false);
  });

  it("AWS's other name for the type: what a rule says of either holds", () => {
    const resource = { ...group, type: 'AWS::OpenSearch::Domain' };
    for (const when of ['resource.type == "AWS::Elasticsearch::Domain"', 'resource.type.contains("Elastic")', 'resource.type == "AWS::OpenSearch::Domain"'])
      expect([when, matches(when, { resource })]).toEqual([when, true]);
    expect(matches('resource.type.contains("Elastic")', { resource: group })).toBe(false);
  });

  it('the result is allow if the policy has no rule, or none matches', () => {
    const said = (...rules: { when: string }[]) => celRules().evaluate(facts({ policy: known(policy(...rules)) }));
    expect(said()).toMatchObject({ effect: 'allow', code: 'no-rules' });
    expect(said({ when: 'false' })).toMatchObject({ effect: 'allow', code: 'no-rule' });
    expect(said({ when: 'true' }, { when: '1 < 2' })).toEqual({
      effect: 'approve',
      code: 'rule',
      message: 'a reason (true). a reason (1 < 2).',
      data: { rules: ['true', '1 < 2'] },
    });
  });

  it('and one that cannot be read is named with the reason', () => {
    const given = facts({ policy: known(policy({ when: 'nobody == 1' })) });
    expect(() => celRules().evaluate(given)).toThrow(
      new TypeError('the rule nobody == 1 cannot be read: Unknown variable: nobody (column 1); allowed: resource, remediator, trigger, plan, now'),
    );
  });
});

describe('a policy with rules', () => {
  const compose = (rules: ReturnType<typeof policy>, guardrails = [celRules()]) =>
    createRedress({ remediators: [], policy: rules, guardrails, connect: async () => Promise.reject(new Error('no')) });
  it.each([
    [`${'('.repeat(60)}true${')'.repeat(60)}`, /Exceeded maxDepth \(50\)/],
    ['1 +', /rules\.0\.when: Unexpected token: EOF \(column 4\)$/m],
    ['resource.idd == "x"', /No such key: idd \(column 10\); allowed: type, id, account, region, partition, environment, tags$/m],
    ['true &&\n  plan.hazard == []', /No such key: hazard \(line 2, column 8\); allowed: operations, subjects, hazards$/m],
    ['resource.id == 1', /no such overload: string == int \(column 1\)$/m],
    ['resource.id', /it is string, not true or false/],
    ['nobody.id == "x"', /Unknown variable: nobody \(column 1\); allowed: resource, remediator, trigger, plan, now$/m],
    ['resource.id > 3', /no such overload/],
    ['"env" in resource.tags', /compare it/],
    ['has(resource.tags.env)', /compare it/],
    ['"env" in\tresource  .  tags', /compare it/],
    ['has  (  resource . tags.env )', /compare it/],
    ['!(resource.id == "x" || "env" in resource.tags)', /compare it/],
  ])('is refused for %s', (when, message) => {
    expect(() => compose(policy({ when }))).toThrow(message);
  });
  it('is refused without a guardrail that evaluates them', () => {
    expect(() => compose(policy({ when: 'true' }), [])).toThrow(/no guardrail evaluates these rules/);
  });
  it('is accepted if they are valid', () => {
    expect(() => compose(policy({ when: 'resource.tags["a"] == "b"' }))).not.toThrow();
  });
});
