// The way of a rule's word through the engine: with the SDK, over HTTP, and a journal.
import { createRedress, definePolicy, defineRegister, type Journal, type Redress, type RedressOptions, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { packOf } from '@redress/frameworks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigService } from '../test/config-service.js';
import { isTracked, trackedRule, trackedRules } from './index.js';

const HERE = { account: '111111111111', region: 'eu-west-1' } as const;
const DATABASE = 'AWS::RDS::DBInstance';
const RULE = { identifier: 'RDS_MULTI_AZ_SUPPORT', name: 'rds-multi-az-support', types: [DATABASE] } as const;
const IN_ACCOUNT = 'rds-multi-az-support-conformance-pack-abc123';
const START = Date.parse('2026-11-28T10:00:00Z');

let service: ConfigService;
let time: number;
let journal: Journal;
beforeAll(async () => {
  service = await ConfigService.start();
});
afterAll(() => service.stop());

const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
beforeEach(() => {
  time = START;
  journal = memoryJournal({ clock });
  service.rules.clear();
  service.rules.set(IN_ACCOUNT, { owner: 'AWS', identifier: 'RDS_MULTI_AZ_SUPPORT' });
  service.rules.set('restricted-ssh', { owner: 'AWS', identifier: 'INCOMING_SSH_DISABLED' });
  service.results = [];
  service.tags.clear();
  service.denied.clear();
  service.calls.length = 0;
});

const found = (id: string, compliance: 'COMPLIANT' | 'NON_COMPLIANT', rule = IN_ACCOUNT, annotation?: string) => {
  service.results = service.results.filter((each) => each.id !== id || each.rule !== rule);
  service.results.push({ rule, type: DATABASE, id, compliance, ...(annotation === undefined ? {} : { annotation }) });
};
const engine = (over: Partial<RedressOptions> = {}): Redress =>
  createRedress({
    remediators: [trackedRule(RULE)],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [HERE.account] } } }),
    journal,
    connect: async ({ region }) => ({
      config: { region, endpoint: service.endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } },
      identity: async () => ({ account: HERE.account, arn: `arn:aws:sts::${HERE.account}:assumed-role/Redress/test` }),
    }),
    clock,
    ...over,
  });
const database = (id: string) => resource({ type: DATABASE, id, ...HERE, partition: 'aws' });
/** `Config Rules Compliance Change`, as EventBridge delivers it. */
const event = (id: string, state = 'NON_COMPLIANT', { type = DATABASE as string, rule = IN_ACCOUNT } = {}) => {
  const at = new Date(time).toISOString();
  const result = (complianceType: string) => ({
    evaluationResultIdentifier: {
      evaluationResultQualifier: { configRuleName: rule, resourceType: type, resourceId: id },
      orderingTimestamp: at,
    },
    complianceType,
    resultRecordedTime: at,
    configRuleInvokedTime: at,
  });
  return {
    version: '0',
    id: `0d079340-135a-4f2c-95c6-${String(time).slice(-12).padStart(12, '0')}`,
    'detail-type': 'Config Rules Compliance Change',
    source: 'aws.config',
    account: HERE.account,
    region: HERE.region,
    time: at,
    resources: [],
    detail: {
      resourceId: id,
      resourceType: type,
      awsRegion: HERE.region,
      awsAccountId: HERE.account,
      configRuleName: rule,
      recordVersion: '1.0',
      configRuleARN: `arn:aws:config:${HERE.region}:${HERE.account}:config-rule/config-rule-a1b2c3`,
      messageType: 'ComplianceChangeNotification',
      newEvaluationResult: result(state),
      oldEvaluationResult: result(state === 'COMPLIANT' ? 'NON_COMPLIANT' : 'COMPLIANT'),
      notificationCreationTime: at,
    },
  };
};
const open = async () => (await journal.standing()).gaps.map(({ remediator, resource: { id }, message }) => [remediator, id, message]);

describe('a tracked gap', () => {
  it('opens on an event that the source confirms, and its record names the source', async () => {
    found('db-1', 'NON_COMPLIANT', IN_ACCOUNT, 'One zone only.');
    const { results } = await engine().handle(event('db-1'));
    expect(results.flatMap(({ passes }) => passes.map(({ outcome }) => outcome))).toEqual(['notified']);
    expect(await open()).toEqual([['tracked-rds-multi-az-support', 'db-1', expect.stringContaining('Reported only by AWS Config')]]);
    const [[, , message] = []] = await open();
    expect(message).toContain(`${IN_ACCOUNT} finds it not compliant: One zone only.`);
  });

  it('does not open on an event that the source does not confirm', async () => {
    found('db-1', 'COMPLIANT');
    await engine().handle(event('db-1'));
    expect(await open()).toEqual([]);
  });

  it('closes when the source reports it, and its record says so', async () => {
    found('db-1', 'NON_COMPLIANT');
    await engine().handle(event('db-1'));
    found('db-1', 'COMPLIANT');
    time += 3_600_000;
    const { results } = await engine().handle(event('db-1', 'COMPLIANT'));
    expect(results.flatMap(({ passes }) => passes.map(({ outcome, message }) => [outcome, message]))).toEqual([
      ['no-op', expect.stringContaining('Reported only by AWS Config')],
    ]);
    expect(await open()).toEqual([]);
  });

  it('stays open while one of several rules of the kind still finds it', async () => {
    service.rules.set('securityhub-rds-multi-az-support-0a1b2c', { owner: 'AWS', identifier: 'RDS_MULTI_AZ_SUPPORT' });
    found('db-1', 'COMPLIANT');
    found('db-1', 'NON_COMPLIANT', 'securityhub-rds-multi-az-support-0a1b2c');
    // Another rule on the same resource is none of ours.
    found('db-1', 'NON_COMPLIANT', 'restricted-ssh');
    await engine().handle(event('db-1'));
    const [[, , message] = []] = await open();
    expect(message).toContain('securityhub-rds-multi-az-support-0a1b2c finds it not compliant');
    expect(message).not.toContain('restricted-ssh');
  });

  it('is not tracked for an internal rule of an AWS service, whose evaluations are not published; that is reported', async () => {
    found('db-1', 'NON_COMPLIANT');
    await engine().sweep({ targets: [HERE] });
    service.rules.clear();
    service.rules.set('aws-internal-multi-az', { owner: 'AWS', identifier: 'RDS_MULTI_AZ_SUPPORT', visibility: 'INTERNAL' });
    service.results = [];
    time += 3_600_000;
    const [pass] = await engine().run(database('db-1'));
    expect(pass).toMatchObject({ outcome: 'denied', message: expect.stringContaining('aws-internal-multi-az is internal to a service of AWS') });
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'failed', message: expect.stringContaining('does not publish its evaluations') });
    // Beside one that people may read it does not count.
    service.rules.set(IN_ACCOUNT, { owner: 'AWS', identifier: 'RDS_MULTI_AZ_SUPPORT', visibility: 'STANDARD' });
    found('db-1', 'COMPLIANT');
    time += 3_600_000;
    expect((await engine().run(database('db-1')))[0]?.outcome).toBe('no-op');
  });

  it('is found and closed by a sweep if events were lost, over all pages', async () => {
    for (const id of ['db-1', 'db-2', 'db-3', 'db-4', 'db-5']) found(id, 'NON_COMPLIANT');
    found('db-6', 'COMPLIANT');
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ remediator: 'tracked-rds-multi-az-support', status: 'complete', looked: 5, outcomes: { notified: 5 } });
    expect((await open()).map(([, id]) => id).sort()).toEqual(['db-1', 'db-2', 'db-3', 'db-4', 'db-5']);
    for (const id of ['db-1', 'db-2', 'db-3', 'db-4']) found(id, 'COMPLIANT');
    time += 3_600_000;
    await engine().sweep({ targets: [HERE] });
    expect((await open()).map(([, id]) => id)).toEqual(['db-5']);
  });

  it('closes when the source no longer evaluates the resource, and stays if the rule is gone', async () => {
    found('db-1', 'NON_COMPLIANT');
    await engine().sweep({ targets: [HERE] });
    const all = service.results;
    service.results = [];
    service.rules.delete(IN_ACCOUNT);
    time += 3_600_000;
    const [pass] = await engine().run(database('db-1'));
    expect(pass).toMatchObject({ outcome: 'denied', message: expect.stringContaining('rds-multi-az-support') });
    expect(await open()).not.toEqual([]);
    service.rules.set(IN_ACCOUNT, { owner: 'AWS', identifier: 'RDS_MULTI_AZ_SUPPORT' });
    expect(all).toHaveLength(1);
    time += 3_600_000;
    await engine().sweep({ targets: [HERE] });
    expect(await open()).toEqual([]);
  });

  it('is exempt by the register, and restricted by a tag that Config has recorded', async () => {
    found('db-1', 'NON_COMPLIANT');
    const exceptions = defineRegister([
      { id: 'EXC-1', scope: { account: HERE.account, resource: 'db-1' }, reason: 'r', owner: 'a', approver: 'b', expires: new Date(START + 1e9).toISOString() },
    ]);
    const [exempt] = await engine({ exceptions }).run(database('db-1'));
    expect(exempt?.outcome).toBe('exempt');
    service.tags.set('db-1', { 'redress:exception': 'yes' });
    const [tagged] = await engine().run(database('db-1'));
    expect(tagged?.decision?.results.map(({ code }) => code)).toContain('tag-without-entry');
  });

  it('is denied, and people are notified, if the source cannot be read', async () => {
    found('db-1', 'NON_COMPLIANT');
    service.denied.add('GetComplianceDetailsByResource');
    const [pass] = await engine().run(database('db-1'));
    expect(pass?.outcome).toBe('denied');
    service.denied.clear();
    service.denied.add('GetComplianceDetailsByConfigRule');
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary?.status).toBe('failed');
  });

  it('fails a sweep that finds an untracked type instead of skipping it', async () => {
    service.results.push({ rule: IN_ACCOUNT, type: 'AWS::RDS::DBCluster', id: 'c-1', compliance: 'NON_COMPLIANT' });
    const [summary] = await engine().sweep({ targets: [HERE] });
    expect(summary).toMatchObject({ status: 'failed', message: expect.stringContaining('AWS::RDS::DBCluster') });
  });

  it('is never changed, whatever the policy is: it declares no write', async () => {
    const [remediator] = engine().remediators;
    expect(remediator?.uses.writes).toEqual([]);
    expect(remediator?.ceiling).toBe('notify');
    found('db-1', 'NON_COMPLIANT');
    const policy = definePolicy({
      version: 1,
      environments: { dev: { accounts: [HERE.account] } },
      remediators: { 'tracked-rds-multi-az-support': { dev: 'enforce' } },
    });
    const [pass] = await engine({ policy }).run(database('db-1'));
    expect(pass?.outcome).toBe('notified');
    expect(service.calls.filter((name) => !/^(?:Get|Describe)/.test(name))).toEqual([]);
  });

  it('of a custom rule is identified by its name, even from a pack', async () => {
    service.rules.set('keep-zones-conformance-pack-x1y2z3', { owner: 'CUSTOM_LAMBDA', identifier: 'arn:aws:lambda:x' });
    service.results.push({ rule: 'keep-zones-conformance-pack-x1y2z3', type: DATABASE, id: 'db-9', compliance: 'NON_COMPLIANT' });
    const own = trackedRule({ identifier: null, name: 'keep-zones', types: [DATABASE] });
    await engine({ remediators: [own] }).sweep({ targets: [HERE] });
    expect((await open()).map(([remediator, id]) => [remediator, id])).toEqual([['tracked-keep-zones', 'db-9']]);
  });
});

describe('a domain, which AWS Config has two types for', () => {
  const HTTPS = trackedRule({ identifier: 'OPENSEARCH_HTTPS_REQUIRED', name: 'opensearch-https-required', types: ['AWS::OpenSearch::Domain'] });
  const MASTERS = trackedRule({ identifier: 'ACME_MASTERS', name: 'acme-masters', types: ['AWS::Elasticsearch::Domain'] });
  const domain = resource({ type: 'AWS::OpenSearch::Domain', id: 'search', ...HERE });
  const say = (type: string, rule: string, compliance: 'COMPLIANT' | 'NON_COMPLIANT', id = `${HERE.account}/search`) => {
    service.results = service.results.filter((each) => each.rule !== rule);
    service.results.push({ rule, type, id, compliance });
  };
  beforeEach(() => {
    service.rules.set('https', { owner: 'AWS', identifier: 'OPENSEARCH_HTTPS_REQUIRED' });
    service.rules.set('masters', { owner: 'AWS', identifier: 'ACME_MASTERS' });
  });

  it('is one resource, and AWS Config is asked by its own names', async () => {
    say('AWS::Elasticsearch::Domain', 'masters', 'NON_COMPLIANT');
    say('AWS::OpenSearch::Domain', 'https', 'NON_COMPLIANT', 'search');
    const named = event(`${HERE.account}/search`, 'NON_COMPLIANT', { type: 'AWS::Elasticsearch::Domain', rule: 'acme-masters' });
    const { results } = await engine({ remediators: [HTTPS, MASTERS] }).handle(named);
    expect(results.flatMap(({ passes }) => passes.map((each) => [each.outcome, each.resource]))).toEqual([['notified', domain]]);
    await engine({ remediators: [HTTPS, MASTERS] }).sweep({ targets: [HERE] });
    expect((await journal.standing()).gaps.map((gap) => [gap.remediator, gap.resource])).toEqual([
      ['tracked-acme-masters', domain],
      ['tracked-opensearch-https-required', domain],
    ]);
    say('AWS::Elasticsearch::Domain', 'masters', 'COMPLIANT');
    time += 3_600_000;
    await engine({ remediators: [HTTPS, MASTERS] }).sweep({ targets: [HERE] });
    expect((await open()).map(([remediator]) => remediator)).toEqual(['tracked-opensearch-https-required']);
  });

  it.each(['AWS::OpenSearch::Domain', 'AWS::Elasticsearch::Domain'])('is exempt under both if an exception names it by %s', async (type) => {
    say('AWS::Elasticsearch::Domain', 'masters', 'NON_COMPLIANT');
    service.tags.set(`${HERE.account}/search`, { team: 'search' });
    const expires = new Date(START + 1e9).toISOString();
    const exceptions = defineRegister([
      { id: 'EXC-1', scope: { resource: 'search', resourceType: type, tag: 'team=search' }, reason: 'r', owner: 'a', approver: 'b', expires },
    ]);
    expect((await engine({ remediators: [MASTERS], exceptions }).run(domain))[0]?.outcome).toBe('exempt');
  });
});

describe('the rules to track', () => {
  it('are those that no remediator judges, each under its own id; a process check is attested by a person', async () => {
    const { rules } = await packOf('apra-cpg-234');
    const all = trackedRules(rules, []);
    expect(all).toHaveLength(130);
    expect(new Set(all.map(({ id }) => id)).size).toBe(130);
    expect(all.filter(({ attested }) => attested === true).map(({ id }) => id)).toEqual(['attested-security-awareness-program-exists']);
    for (const each of all) expect([each.id, isTracked(each), each.uses.writes.length, each.resourceTypes.length > 0]).toEqual([each.id, true, 0, true]);
    const fewer = trackedRules(rules, [{ configRules: ['RDS_MULTI_AZ_SUPPORT'] }, { configRules: ['restricted-ssh'] }]);
    expect(fewer).toHaveLength(128);
    expect(fewer.map(({ id }) => id)).not.toContain('tracked-rds-multi-az-support');
  });

  it('need a type', () => {
    expect(() => trackedRule({ identifier: null, name: 'x-y', types: [] })).toThrow(expect.objectContaining({ code: 'remediator/invalid' }));
  });
});
