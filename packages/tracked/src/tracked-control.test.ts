// The way of a control's word through the engine: with the SDK, over HTTP, and a journal.
import { createRedress, definePolicy, defineRegister, type Journal, type Redress, type RedressOptions, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Found, SecurityHub } from '../test/security-hub.js';
import { isTracked, trackedControl, trackedControls } from './index.js';

const HERE = { account: '111111111111', region: 'eu-west-1' } as const;
const DATABASE = 'AWS::RDS::DBInstance';
const RDS5 = { control: 'RDS.5', types: [DATABASE] } as const;
const START = Date.parse('2026-11-28T10:00:00Z');
let hub: SecurityHub;
let time: number;
let journal: Journal;
beforeAll(async () => {
  hub = await SecurityHub.start();
});
afterAll(() => hub.stop());
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
beforeEach(() => {
  time = START;
  journal = memoryJournal({ clock });
  hub.findings = [];
  hub.controls.clear();
  hub.controls.set('RDS.5', 'ENABLED');
  hub.denied.clear();
  hub.calls.length = 0;
});
const arn = (id: string) => `arn:aws:rds:eu-west-1:111111111111:db:${id}`;
const found = (id: string, status: Found['status'], over: Partial<Found> = {}) => {
  const one: Found = { id: `finding-${id}`, control: 'RDS.5', type: 'AwsRdsDbInstance', resource: arn(id), status, ...over };
  hub.findings = [...hub.findings.filter((each) => each.id !== one.id), one];
};
const engine = (over: Partial<RedressOptions> = {}): Redress =>
  createRedress({
    remediators: [trackedControl(RDS5)],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [HERE.account] } } }),
    journal,
    connect: async ({ region }) => ({
      config: { region, endpoint: hub.endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } },
      identity: async () => ({ account: HERE.account, arn: `arn:aws:sts::${HERE.account}:assumed-role/Redress/test` }),
    }),
    clock,
    ...over,
  });
const database = (id: string) => resource({ type: DATABASE, id, ...HERE, partition: 'aws' });
/** `Security Hub Findings - Imported`, as EventBridge delivers it. */
const event = (id: string, Status: Found['status'] = 'FAILED') => {
  const at = new Date(time).toISOString();
  return {
    version: '0',
    id: `8e5622f9-d81c-4d81-612a-${String(time).slice(-12).padStart(12, '0')}`,
    'detail-type': 'Security Hub Findings - Imported',
    source: 'aws.securityhub',
    account: HERE.account,
    region: HERE.region,
    time: at,
    resources: [],
    detail: {
      findings: [
        {
          SchemaVersion: '2018-10-08',
          Id: `finding-${id}`,
          ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/securityhub',
          AwsAccountId: HERE.account,
          Region: HERE.region,
          UpdatedAt: at,
          Compliance: { Status, SecurityControlId: 'RDS.5' },
          RecordState: 'ACTIVE',
          Workflow: { Status: 'NEW' },
          Resources: [{ Type: 'AwsRdsDbInstance', Id: arn(id), Partition: 'aws', Region: HERE.region }],
        },
      ],
    },
  };
};
const open = async () => (await journal.standing()).gaps.map(({ remediator, resource: { id }, message }) => [remediator, id, message]);
/** That nobody could look is a gap of its own. */
const failing = async () => (await open()).filter(([, , message]) => message?.includes('RDS.5 fails')).map(([, id]) => id);
const sweep = async (redress = engine()) => (await redress.sweep({ targets: [HERE] }))[0];

describe('a tracked control', () => {
  it('opens on an event that Security Hub confirms, and its record names the source', async () => {
    found('db-1', 'FAILED');
    const { results } = await engine().handle(event('db-1'));
    expect(results.flatMap(({ passes }) => passes.map(({ outcome }) => outcome))).toEqual(['notified']);
    expect(await open()).toEqual([['tracked-rds-5', 'db-1', expect.stringContaining('Reported only by Security Hub: RDS.5 fails: RDS.5 should hold')]]);
  });

  it('does not open on an event that Security Hub does not confirm', async () => {
    found('db-1', 'PASSED');
    await engine().handle(event('db-1'));
    expect(await open()).toEqual([]);
  });

  it('closes when Security Hub reports it, and its record says so', async () => {
    found('db-1', 'FAILED');
    await engine().handle(event('db-1'));
    found('db-1', 'PASSED');
    time += 3_600_000;
    const { results } = await engine().handle(event('db-1', 'PASSED'));
    expect(results.flatMap(({ passes }) => passes.map(({ outcome, message }) => [outcome, message]))).toEqual([
      ['no-op', 'Reported only by Security Hub: RDS.5 passes.'],
    ]);
    expect(await open()).toEqual([]);
  });

  it('stays open while the finding of one of several standards fails', async () => {
    found('db-1', 'FAILED', { id: 'finding-db-1-pci' });
    found('db-1', 'PASSED');
    // Another control on the same resource is none of ours.
    found('db-1', 'FAILED', { id: 'finding-db-1-other', control: 'RDS.6' });
    await engine().handle(event('db-1'));
    expect((await open()).map(([, id]) => id)).toEqual(['db-1']);
    found('db-1', 'PASSED', { id: 'finding-db-1-pci' });
    time += 3_600_000;
    await engine().handle(event('db-1', 'PASSED'));
    expect(await open()).toEqual([]);
  });

  it('is found and closed by a sweep if events were lost, over all pages', async () => {
    for (const id of ['db-1', 'db-2', 'db-3', 'db-4', 'db-5']) found(id, 'FAILED');
    found('db-6', 'PASSED');
    // Of another account, and of another region: an administrator sees them too.
    found('db-7', 'FAILED', { account: '222222222222' });
    found('db-8', 'FAILED', { region: 'us-east-1' });
    expect(await sweep()).toMatchObject({ remediator: 'tracked-rds-5', status: 'complete', outcomes: { notified: 5 } });
    expect((await open()).map(([, id]) => id).sort()).toEqual(['db-1', 'db-2', 'db-3', 'db-4', 'db-5']);
    for (const id of ['db-1', 'db-2', 'db-3', 'db-4']) found(id, 'PASSED');
    time += 3_600_000;
    await sweep();
    expect((await open()).map(([, id]) => id)).toEqual(['db-5']);
  });

  it('closes when Security Hub no longer evaluates the resource, and stays if the control is off or withdrawn', async () => {
    found('db-1', 'FAILED');
    await sweep();
    found('db-1', 'FAILED', { record: 'ARCHIVED' });
    for (const is of ['DISABLED', null] as const) {
      if (is === null) hub.controls.delete('RDS.5');
      else hub.controls.set('RDS.5', is);
      time += 3_600_000;
      const [pass] = await engine().run(database('db-1'));
      expect(pass).toMatchObject({ outcome: 'denied', message: expect.stringMatching(is === null ? /does not know the control RDS\.5/ : /RDS\.5 is off/) });
      expect(await failing()).toEqual(['db-1']);
      expect(await sweep()).toMatchObject({ status: 'failed' });
      expect(await failing()).toEqual(['db-1']);
    }
    hub.controls.set('RDS.5', 'ENABLED');
    time += 3_600_000;
    await engine().run(database('db-1'));
    expect(await failing()).toEqual([]);
  });

  it('ignores findings that people have suppressed in Security Hub, and counts those that could not be evaluated', async () => {
    found('db-1', 'FAILED', { workflow: 'SUPPRESSED' });
    found('db-2', 'NOT_AVAILABLE');
    await sweep();
    expect(await open()).toEqual([['tracked-rds-5', 'db-2', expect.stringContaining('could not be evaluated (NOT_AVAILABLE)')]]);
  });

  it('respects an exception from the register, and a tag in its finding', async () => {
    found('db-1', 'FAILED', { tags: { 'redress:exception': 'E-1' } });
    const entry = { id: 'E-1', reason: 'r', owner: 'a', approver: 'b', expires: '2027-12-31T00:00:00Z', scope: { tag: 'redress:exception=E-1' } };
    const [byTag] = await engine({ exceptions: defineRegister([entry]) }).run(database('db-1'));
    expect(byTag?.outcome).toBe('exempt');
  });

  it.each(['GetFindings', 'BatchGetSecurityControls'])('is never closed if %s cannot be read', async (operation) => {
    found('db-1', 'FAILED');
    await sweep();
    hub.findings = [];
    hub.denied.add(operation);
    time += 3_600_000;
    const [pass] = await engine().run(database('db-1'));
    expect(pass?.outcome).toBe('denied');
    expect((await sweep())?.status).toBe('failed');
    expect(await failing()).toEqual(['db-1']);
  });

  it('fails a sweep that finds an untracked type instead of skipping it', async () => {
    found('c-1', 'FAILED', { type: 'AwsRdsDbCluster', resource: 'arn:aws:rds:eu-west-1:111111111111:cluster:c-1' });
    expect(await sweep()).toMatchObject({ status: 'failed', message: expect.stringContaining('AWS::RDS::DBCluster') });
  });

  it('is never changed, whatever the policy is: it declares no write', async () => {
    const [remediator] = engine().remediators;
    expect([remediator?.uses.writes, remediator?.ceiling, isTracked(remediator as never)]).toEqual([[], 'notify', true]);
    found('db-1', 'FAILED');
    const policy = definePolicy({ version: 1, environments: { dev: { accounts: [HERE.account] } }, remediators: { 'tracked-rds-5': { dev: 'enforce' } } });
    expect((await engine({ policy }).run(database('db-1')))[0]?.outcome).toBe('notified');
    expect(hub.calls.filter((name) => !/^(?:Get|BatchGet)/.test(name))).toEqual([]);
  });
});

describe('the controls to track', () => {
  it('are those that no remediator judges', () => {
    const judged = [
      {
        controls: [
          { framework: 'aws-fsbp', id: 'RDS.5' },
          { framework: 'other', id: 'RDS.6' },
        ],
      },
    ];
    expect(trackedControls([RDS5, { control: 'RDS.6', types: [DATABASE] }], judged).map(({ id }) => id)).toEqual(['tracked-rds-6']);
  });

  it.each([
    { control: 'RDS.5', types: [] },
    { control: '2.8', types: [DATABASE] },
    { control: 'rds-5', types: [DATABASE] },
  ])('refuses $control for $types', (given) => {
    expect(() => trackedControl(given)).toThrow(expect.objectContaining({ code: 'remediator/invalid' }));
  });
});

it('findings about a domain are about one resource, whichever type Security Hub gives it', async () => {
  hub.controls.set('ES.5', 'ENABLED');
  const domain = 'arn:aws:es:eu-west-1:111111111111:domain/search';
  found('search', 'FAILED', { control: 'ES.5', type: 'AwsElasticsearchDomain', resource: domain });
  const es5 = trackedControl({ control: 'ES.5', types: ['AWS::Elasticsearch::Domain'] });
  await engine({ remediators: [es5] }).sweep({ targets: [HERE] });
  const ref = resource({ type: 'AWS::OpenSearch::Domain', id: 'search', ...HERE });
  expect((await journal.standing()).gaps.map((gap) => [gap.remediator, gap.resource])).toEqual([['tracked-es-5', ref]]);
  found('search', 'PASSED', { control: 'ES.5', type: 'AwsOpenSearchServiceDomain', resource: domain });
  time += 3_600_000;
  expect((await engine({ remediators: [es5] }).run(ref))[0]?.outcome).toBe('no-op');
});
