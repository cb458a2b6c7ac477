// A domain of OpenSearch Service has a type for each engine in AWS Config and in Security Hub. It is one resource: what is decided under one name holds
// under the other. OpenSearch Service is simulated.
import {
  createRedress,
  definePolicy,
  defineRegister,
  type Journal,
  namesOfType,
  normalize,
  type PassResult,
  type RedressOptions,
  resource,
  streamOf,
} from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { publishErrorLogs } from '@redress/remediator-opensearch';
import { remediators as everything } from '@redress/remediators';
import { EVERYTHING, indexOf } from '@redress/report';
import {
  cloudTrailEvent,
  configComplianceEvent,
  type FakeClock,
  fakeClock,
  type SimulatedAccount,
  SimulatedError,
  securityHubEvent,
  simulatedAccount,
} from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { configurationItem, ruleInvocation } from '../../packages/core/src/events/fixtures/events.js';
import { bound, recordsOf } from '../support/journal.js';

const ACCOUNT = '111111111111';
const WHERE = { account: ACCOUNT, region: 'eu-west-1' } as const;
const ARN = `arn:aws:es:eu-west-1:${ACCOUNT}:domain/search`;
const ID = publishErrorLogs.id;
const domain = resource({ type: 'AWS::OpenSearch::Domain', id: 'search', ...WHERE });

let aws: SimulatedAccount;
let clock: FakeClock;
let journal: Journal;
beforeEach(() => {
  clock = fakeClock(Date.parse('2026-11-24T10:00:00Z'));
  journal = memoryJournal({ clock });
  aws = simulatedAccount({
    account: ACCOUNT,
    clock,
    services: {
      es: {
        DescribeDomain({ custom }, { DomainName }: { readonly DomainName: string }) {
          if (DomainName !== 'search') throw new SimulatedError('ResourceNotFoundException', 409);
          const ServiceSoftwareOptions = { UpdateAvailable: custom['update'] === true, UpdateStatus: 'COMPLETED' };
          return { DomainStatus: { DomainName, Processing: custom['busy'] === true, ServiceSoftwareOptions, LogPublishingOptions: custom['logs'] ?? {} } };
        },
        ListTags: () => ({ TagList: [] }),
        ListDomainNames: () => ({ DomainNames: [{ DomainName: 'search' }] }),
        UpdateDomainConfig({ custom }, { LogPublishingOptions }: { readonly LogPublishingOptions: object }) {
          custom['logs'] = LogPublishingOptions;
          return {};
        },
      },
    },
  });
});

// Enforced, so that only what a test is about holds a change back.
const enforced = { ...publishErrorLogs, ceiling: 'enforce' as const };
const policyOf = (mode: 'approve' | 'enforce') =>
  definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: { [ID]: { dev: mode, parameters: { logGroup: 'arn:aws:logs:{region}:{account}:log-group:errors' } } },
  });
const engine = (over: Partial<RedressOptions> = {}) =>
  createRedress({ remediators: [enforced], policy: policyOf('enforce'), journal, connect: aws.connect, clock, ...over });
const writes = () => aws.calls.filter(({ write }) => write).length;

/** A rule's event, with the type and the ID that AWS Config has. */
const byRule = (type: string, rule: string) => () => {
  const event = configComplianceEvent({ resource: domain, resourceId: `${ACCOUNT}/search`, rule, time: new Date(clock.now()) });
  return JSON.parse(JSON.stringify(event).replaceAll(domain.type, type)) as unknown;
};
/** A control's event, with the type that Security Hub has. */
const byControl = (type: string, control: string) => () => {
  const event = securityHubEvent({ resource: domain, resourceId: ARN, control, time: new Date(clock.now()) });
  return JSON.parse(JSON.stringify(event).replaceAll(domain.type, type)) as unknown;
};
const byCall = (operation: string) => () =>
  cloudTrailEvent({ ...WHERE, service: 'es', operation, request: { domainName: 'search' }, time: new Date(clock.now()) });
const NEW = byRule('AWS::OpenSearch::Domain', 'opensearch-logs-to-cloudwatch');
const OLD = byRule('AWS::Elasticsearch::Domain', 'elasticsearch-logs-to-cloudwatch');
const sources: readonly (readonly [string, () => unknown])[] = [
  ['a Config rule for OpenSearch', NEW],
  ['a Config rule for Elasticsearch', OLD],
  ['a control for OpenSearch', byControl('AwsOpenSearchServiceDomain', 'Opensearch.4')],
  ['a control for Elasticsearch', byControl('AwsElasticsearchDomain', 'ES.4')],
  ['a call of the API of OpenSearch', byCall('UpdateDomainConfig')],
  ['a call of the API of Elasticsearch', byCall('UpdateElasticsearchDomainConfig')],
  [
    'the Automation of AWS Config',
    () => ({
      redress: 'config-remediation',
      configRule: 'elasticsearch-logs-to-cloudwatch',
      automationExecution: 'a-1',
      resourceType: 'AWS::Elasticsearch::Domain',
      resourceId: `${ACCOUNT}/search`,
      ...WHERE,
    }),
  ],
];
const handle = async (event: () => unknown, over: Partial<RedressOptions> = {}): Promise<readonly PassResult[]> =>
  (await engine(over).handle(event())).results.flatMap(({ passes }) => passes);
const outcomes = (passes: readonly PassResult[]) => passes.map(({ outcome }) => outcome);

describe('a domain', () => {
  it.each(sources)('is one resource for %s, and one remediator is asked', async (_, event) => {
    expect((await handle(event)).map((each) => [each.remediator, each.resource, each.outcome])).toEqual([[ID, domain, 'remediated']]);
    const streams = (await recordsOf(journal)).filter(({ record }) => record.resource.id.includes('search')).map(({ stream }) => stream);
    expect([...new Set(streams)]).toEqual([streamOf(domain)]);
  });

  it('is one resource for a sweep and a person as well, and its history is found by either name', async () => {
    await engine().sweep({ targets: [WHERE] });
    const asked = await engine().run({ ...domain, type: 'AWS::Elasticsearch::Domain' });
    expect([...asked, ...(await handle(OLD))].map((each) => [each.resource, each.outcome])).toEqual([
      [domain, 'no-op'],
      [domain, 'no-op'],
    ]);
    expect(writes()).toBe(1);
    const index = await indexOf(journal.read({ all: true }));
    const found = (subject: string) => [...index.query({ ...EVERYTHING, resources: [subject] })];
    expect(found('AWS::Elasticsearch::Domain/search').map(({ outcome }) => outcome)).toContain('remediated');
    expect(found('AWS::Elasticsearch::Domain/search')).toEqual(found('AWS::OpenSearch::Domain/search'));
    index.close();
  });

  it.each<[string, object]>([
    ['the type of Elasticsearch', { resource: 'search', resourceType: 'AWS::Elasticsearch::Domain' }],
    ['the type of OpenSearch', { resource: 'search', resourceType: 'AWS::OpenSearch::Domain' }],
    ['its ARN', { resource: ARN }],
    ['its ID in AWS Config', { resource: `AWS::Elasticsearch::Domain:${ACCOUNT}/search` }],
  ])('that an exception names by %s is exempt, whatever else names it', async (_, scope) => {
    const exceptions = defineRegister([{ id: 'EXC-1', scope, reason: 'vendor', owner: 'search', approver: 'security', expires: '2027-11-24T10:00:00Z' }]);
    for (const [, event] of sources) expect(outcomes(await handle(event, { exceptions }))).toEqual(['exempt']);
    expect(outcomes(await engine({ exceptions }).run(domain))).toEqual(['exempt']);
    expect(writes()).toBe(0);
  });

  it('whose lease another worker has is left alone, whatever names it', async () => {
    const [pass] = await engine().plan(ID, domain);
    const { generation } = await journal.view(domain);
    const planDigest = pass?.plan?.digest ?? `sha256:${'0'.repeat(64)}`;
    await journal.begin({
      resource: domain,
      remediator: ID,
      planDigest,
      generation,
      budgets: [],
      lease: 600_000,
      body: {},
    });
    for (const event of [OLD, NEW]) expect(outcomes(await handle(event))).toEqual(['busy']);
    expect(writes()).toBe(0);
  });

  it.each([
    ['OpenSearch', OLD, NEW],
    ['Elasticsearch', NEW, OLD],
  ])('whose fix was rolled back is on hold for a finding under %s, too', async (_, first, second) => {
    const [fixed] = await handle(first);
    expect(await engine().rollback(fixed?.execution ?? '', { by: 'ops', reason: 'cost' })).toMatchObject({ outcome: 'rolled-back' });
    clock.advance(3_600_000);
    expect(outcomes(await handle(second))).toEqual(['notified']);
    clock.advance(7 * 86_400_000);
    expect(outcomes(await handle(second))).toEqual(['remediated']);
  });

  it('is changed once, however many findings of both engines come', async () => {
    for (const [, event] of sources) await handle(event);
    expect(writes()).toBe(1);
  });

  it.each([
    ['gets an update of its service software', 'update'],
    ['is being changed', 'busy'],
  ])('that %s after the decision is left alone', async (_, what) => {
    // The second look begins together with the step that takes the lease.
    const begin: Journal['begin'] = async (request) => {
      aws.state.custom[what] = true;
      return journal.begin(request);
    };
    expect(outcomes(await handle(NEW, { journal: { ...bound(journal), begin } }))[0]).toBe('superseded');
    expect(writes()).toBe(0);
  });

  it('is called in the answer to a custom rule what AWS Config called it', async () => {
    for (const type of namesOfType(domain.type)) {
      const named = { resourceType: type, resourceId: `${ACCOUNT}/search` };
      const messageType = 'ConfigurationItemChangeNotification';
      const question = ruleInvocation({ messageType, configurationItem: configurationItem(named) }, { configRuleName: 'elasticsearch-logs-to-cloudwatch' });
      const [finding] = normalize(question);
      if (finding === undefined) throw new Error('There is no finding.');
      expect(await engine().evaluate(finding)).toMatchObject([{ ...named, compliance: 'NON_COMPLIANT' }]);
    }
  });

  it('waits for one approval', async () => {
    const asking = { policy: policyOf('approve') };
    const ids = new Set<string | undefined>();
    for (const event of [OLD, NEW]) {
      const [pass] = await handle(event, asking);
      expect(pass?.outcome).toBe('awaiting-approval');
      ids.add(pass?.plan?.digest);
    }
    expect(ids.size).toBe(1);
    expect(await journal.approvals()).toHaveLength(1);
  });
});

describe('the remediators of domains', () => {
  it('are asked by the rules of both engines, and there is one for each setting', () => {
    const asked = (rule: string) => everything.filter(({ configRules }) => configRules.includes(rule)).map(({ id }) => id);
    for (const check of ['LOGS_TO_CLOUDWATCH', 'NODE_TO_NODE_ENCRYPTION_CHECK', 'ENCRYPTED_AT_REST', 'IN_VPC_ONLY']) {
      expect(asked(`OPENSEARCH_${check}`)).toHaveLength(1);
      expect(asked(`ELASTICSEARCH_${check}`)).toEqual(asked(`OPENSEARCH_${check}`));
    }
    expect(everything.filter(({ id }) => id.startsWith('opensearch-'))).toHaveLength(3);
    expect(everything.length).toBeGreaterThanOrEqual(75);
  });

  it.each(['publish-error-logs', 'enable-node-to-node-encryption', 'report-encryption-or-access'])(
    'of Elasticsearch alone is refused in a policy, which says to use opensearch-%s',
    (name) => {
      const id = `opensearch-${name.replace('-', '-elasticsearch-')}`;
      const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { [id]: 'notify' } });
      expect(() => createRedress({ remediators: everything, policy, connect: aws.connect })).toThrow(
        `"${id}" is not a remediator (did you mean opensearch-${name}?)`,
      );
    },
  );
});
