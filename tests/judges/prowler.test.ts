// A scanner that knows nothing of Redress looks at an account in which each mistake was made that remediators close, before and after they did.
import { createRedress, definePolicy, type Journal, type JsonObject, type Mode, type PassResult, type ResourceRef } from '@redress/core';
import { answerTo } from '@redress/deploy';
import { memoryJournal } from '@redress/evidence';
import { packOf } from '@redress/frameworks';
import { fakeClock, type Scenario, testConnect } from '@redress/testing';
import { expect, inject, it } from 'vitest';
import { APPROVER, Bench } from '../../packages/testing/src/bench.js';
import { conformanceKits, type Kit } from './support/kits.js';
import { type Row, scan } from './support/prowler.js';

const [REGION, ACCOUNT] = ['us-east-1', '123456789012'];

/** Which scenario has what Prowler calls a mistake, where it is not the first one that is changed without a person. */
const SCENARIOS: Readonly<Record<string, readonly string[]>> = {
  'rds-export-logs-to-cloudwatch': ['a MySQL instance, whose logs may hold statements'],
  'rds-enable-automated-backups': ['an instance with none'],
  'ec2-revoke-sg-open-admin-ipv6': ['a bastion'],
  'ec2-revoke-nacl-open-admin-ports': ['everybody reach SSH', 'everybody reach RDP'],
  'ec2-revoke-sg-open-high-risk-ports': ['MySQL, SMB and Kibana', 'Postgres, SQL Server'],
  's3-enforce-default-encryption': ['a bucket without default encryption', 'KMS'],
  's3-remove-global-acl-grants': ['a list that lets everybody list', 'everybody with an account write'],
};

/** Checks that cannot judge a remediator in this account, and why: by `check remediator`. One that can, after all, fails. */
const NO_JUDGES: Readonly<Record<string, string>> = {
  'ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389 ec2-revoke-sg-open-admin-ipv6':
    'its scenarios open RDP to half of IPv6, and Prowler detects only all of IPv6',
  'ec2_instance_imdsv2_enabled ec2-require-imdsv2-on-instance': 'the emulator stores metadata options, but describes instances without them',
  'ec2_instance_account_imdsv2_enabled ec2-set-imdsv2-account-default':
    'the emulator has no such defaults: the tests simulate them, and Prowler asks the emulator',
  'ec2_client_vpn_endpoint_connection_logging_enabled ec2-enable-client-vpn-logging':
    'the emulator has no Client VPN endpoints: the tests simulate them, and Prowler asks the emulator',
  'ec2_launch_template_no_public_ip ec2-remove-public-ip-from-launch-template':
    'Prowler checks every version, and no version is deleted: the old one is no longer the default',
  'ec2_ebs_volume_protected_by_backup_plan ec2-add-ebs-volume-to-backup-plan':
    'its backup plan is in a different emulator, because moto has no selections, and Prowler asks only one',
  'dynamodb_table_protected_by_backup_plan dynamodb-add-to-backup-plan':
    'its backup plan is in a different emulator, because moto has no selections, and Prowler asks only one',
  'rds_instance_protected_by_backup_plan rds-add-to-backup-plan':
    'its backup plan is in a different emulator, because moto has no selections, and Prowler asks only one',
  'rds_cluster_protected_by_backup_plan rds-add-cluster-to-backup-plan':
    'its backup plan is in a different emulator, because moto has no selections, and Prowler asks only one',
  'iam_user_accesskey_unused iam-deactivate-unused-access-key': 'Prowler passes keys that were never used, and the emulator records no use',
  'cloudtrail_cloudwatch_logging_enabled cloudtrail-send-to-cloudwatch-logs':
    'its trail is in a different emulator from the other trails, and Prowler asks only one',
  'cloudtrail_multi_region_enabled_logging_management_events cloudtrail-enable-multi-region-trail':
    'its trail is in a different emulator from the other trails, and Prowler asks only one',
  'cloudtrail_s3_dataevents_write_enabled s3-enable-object-write-data-events':
    'its trail is in a different emulator from the other trails, and Prowler asks only one',
  'cloudtrail_s3_dataevents_read_enabled s3-enable-object-read-data-events':
    'its trail is in a different emulator from the other trails, and Prowler asks only one',
  's3_account_level_public_access_blocks s3-enable-account-public-access-block':
    'its account is in a separate emulator, because other buckets would count, and Prowler asks only one',
  'awslambda_function_not_publicly_accessible lambda-remove-public-permission':
    'the emulator does not have the policies that it changes: the tests simulate them, and Prowler asks the emulator',
  'dynamodb_tables_kms_cmk_encryption_enabled dynamodb-encrypt-with-kms':
    'its table is in a different emulator from the other tables, and Prowler asks only one',
  'rds_instance_enhanced_monitoring_enabled rds-enable-enhanced-monitoring': 'Prowler checks the ARN of the log stream, which the emulator does not return',
  'rds_instance_no_public_access rds-disable-public-access': 'Prowler also requires an open security group in a public subnet',
  'redshift_cluster_public_access redshift-disable-public-access': 'Prowler also requires an open security group in a public subnet',
  'redshift_cluster_automated_snapshot redshift-enable-automated-snapshots': 'Prowler checks whether there is a snapshot, not how long snapshots are kept',
  'securityhub_enabled securityhub-enable': 'Prowler reads the standards and integrations of an enabled hub, which the emulator does not have',
};

/** Checks that pass on a mistake and fail once it is closed, and why that is right: by `check remediator`. One that does not, after all, fails. */
const AFTERWARDS: Readonly<Record<string, string>> = {
  'kms_cmk_are_used kms-cancel-key-deletion':
    'a key whose deletion is cancelled is left disabled: Prowler passes a key that is pending deletion, and fails an unused key',
};

/** Where services are asked that are not in the emulator of the others: by their ids, and whose conformance tests say where. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  API_GATEWAY: 'apigateway-enable-execution-logging',
  // moto neither gives a group a key nor takes one: what stands in front of it does, and passes all else on.
  CLOUDWATCH_LOGS: 'logs-encrypt-log-group',
  EFS: 'efs-enable-automatic-backups',
  // What stands in front of moto has the parameters of parameter groups, and passes all else on.
  RDS: 'rds-require-tls',
  REDSHIFT: 'redshift-require-tls',
};

const kits = await conformanceKits();
const remediators = kits.map(({ remediator }) => remediator);
const clock = fakeClock();
const checksOf = ({ remediator }: Kit) => remediator.alsoFoundBy?.['prowler'] ?? [];
/** Reports change nothing, so no check can go over by them. */
const closing = kits.filter((kit) => checksOf(kit).length > 0 && kit.remediator.uses.writes.length > 0);
const isJudge = ({ remediator }: Kit, check: string) => !Object.hasOwn(NO_JUDGES, `${check} ${remediator.id}`);

/** A mistake that was made. */
interface Mistake {
  readonly kit: Kit;
  readonly scenario: Scenario;
  readonly resource: ResourceRef;
  readonly parameters: JsonObject;
}

function scenariosOf({ remediator, options: { scenarios } }: Kit): readonly Scenario[] {
  const changes = scenarios.filter((each) => each.expect === 'change');
  const wanted = SCENARIOS[remediator.id]?.map((name) => changes.find((each) => each.name.includes(name))) ?? [
    changes.find((each) => (each.hazards ?? []).length === 0 && each.irreversible !== true) ?? changes[0],
  ];
  return wanted.map((each) => {
    if (each === undefined) throw new Error(`${remediator.id}: there is no such scenario.`);
    return each;
  });
}

async function make(kit: Kit): Promise<readonly Mistake[]> {
  const bench = await Bench.open(kit.remediator, { ...kit.options, account: { ...kit.options.account, region: REGION } });
  try {
    const made: Mistake[] = [];
    for (const scenario of scenariosOf(kit)) {
      const { resource, parameters } = await bench.stage(scenario);
      made.push({ kit, scenario, resource, parameters });
    }
    return made;
  } finally {
    await bench.close();
  }
}

/** A sweep of the whole account, with a yes to all that waits. */
async function sweep({ kit: { remediator, options }, parameters }: Mistake, journal: Journal, mode: Mode): Promise<readonly PassResult[]> {
  const redress = createRedress({
    remediators: [remediator],
    journal,
    clock,
    policy: definePolicy({
      version: 1,
      environments: { judged: { accounts: [ACCOUNT] } },
      approvers: { judged: [APPROVER] },
      remediators: { [remediator.id]: { judged: mode, parameters } },
      limits: [{ per: ['run'], changes: 1000 }],
    }),
    connect: testConnect({ endpoint: options.account.endpoint, accountId: ACCOUNT }),
  });
  const passes: PassResult[] = [];
  try {
    await redress.sweep({ targets: [{ account: ACCOUNT, region: REGION }], perSecond: 10_000, onPass: (pass) => void passes.push(pass) });
    for (const { id } of await journal.approvals()) passes.push(...(await redress.approve(id, { by: { name: APPROVER, verified: true }, reason: 'a judge' })));
    return passes;
  } finally {
    redress.close();
  }
}

/** How many gaps of each rule of the pack are open, by what the journal says of the remediators that answer it; rules without any are left out. */
async function openGaps(journal: Journal): Promise<ReadonlyMap<string, number>> {
  const { gaps } = await journal.standing();
  const { rules } = await packOf('apra-cpg-234');
  const all = rules.map((rule) => {
    const ids = answerTo(rule, remediators).remediators.map(({ id }) => id);
    return [rule.name, gaps.filter(({ remediator }) => ids.includes(remediator)).length] as const;
  });
  return new Map(all.filter(([, open]) => open > 0));
}

/** What a check says of a resource; of the account, where it names none. */
function said(rows: readonly Row[], check: string, { id, type }: ResourceRef): string {
  const all = rows.filter((row) => row.check === check);
  const last = id.split('/').at(-1) ?? id;
  const own = all.filter(({ uid, name }) => type === 'AWS::::Account' || uid.includes(id) || name === id || name === last);
  const statuses = (own.length > 0 ? own : all.filter(({ name }) => name === ACCOUNT)).map(({ status }) => status);
  return statuses.includes('FAIL') ? 'FAIL' : (statuses[0] ?? '-');
}

const keyOf = ({ check, uid }: Row) => `${check} ${uid}`;
const failing = (rows: readonly Row[]) => new Set(rows.filter(({ status }) => status === 'FAIL').map(({ check }) => check));
/** What passed, and fails now. */
function worse(before: readonly Row[], after: readonly Row[]): readonly string[] {
  const was = new Map(before.map((row) => [keyOf(row), row.status]));
  return after.filter((row) => row.status === 'FAIL' && was.get(keyOf(row)) === 'PASS').map((row) => `${keyOf(row)}: ${row.why}`);
}

it('finds each mistake before a sweep in which everything is approved, none of them after it, and nothing that is worse', async ({ task }) => {
  const mistakes: Mistake[] = [];
  // With such an instance the emulator fails at every look for what uses a security group.
  for (const kit of closing) if (kit.remediator.id !== 'ec2-require-imdsv2-on-instance') mistakes.push(...(await make(kit)));
  const services = [...new Set(closing.flatMap(checksOf).map((check) => check.split('_')[0] as string))].sort();
  const endpointOf = (id: string) => kits.find(({ remediator }) => remediator.id === id)?.options.account.endpoint ?? '';
  const where = {
    region: REGION,
    services,
    endpoint: inject('moto'),
    others: Object.fromEntries(Object.entries(ELSEWHERE).map(([id, of]) => [id, endpointOf(of)])),
  };

  const before = await scan(where);
  const journal = memoryJournal({ clock });
  for (const mistake of mistakes) await sweep(mistake, journal, 'notify');
  const openBefore = await openGaps(journal);
  const unread: string[] = [];
  for (const mistake of mistakes)
    for (const { outcome, resource, message } of await sweep(mistake, journal, mistake.kit.remediator.ceiling))
      if (resource.id === mistake.resource.id && (outcome === 'failed' || outcome === 'denied'))
        unread.push(`${mistake.kit.remediator.id}, ${resource.id}: ${message}`);
  const after = await scan(where);
  const openAfter = await openGaps(journal);

  const rows = mistakes.flatMap(({ kit, resource, scenario }) =>
    checksOf(kit).map((check) => ({ check, kit, scenario, before: said(before, check, resource), after: said(after, check, resource) })),
  );
  // Of several scenarios one is enough: each has what another check looks for.
  const isClosed = (row: (typeof rows)[number]) =>
    rows.some((each) => each.check === row.check && each.kit === row.kit && each.before === 'FAIL' && each.after === 'PASS');
  const verdict = (row: (typeof rows)[number]) => (isClosed(row) ? '' : ` (no judge: ${NO_JUDGES[`${row.check} ${row.kit.remediator.id}`] ?? '?'})`);
  const table = rows.map((row) => `${row.check} | ${row.kit.remediator.id} | ${row.before} | ${row.after}${verdict(row)}`).sort();
  const closed = new Set(rows.filter(isClosed).map(({ check }) => check));
  const [was, is] = [failing(before), failing(after)];
  const over = [...was].filter((check) => !is.has(check));
  task.meta.said = [
    `${closed.size} checks went from FAIL to PASS on what remediators closed, ${Object.keys(NO_JUDGES).length} cannot judge; of ${was.size} failing checks of ${services.length} services ${over.length} fail nowhere any more; nothing that passed fails`,
    `of the rules of the pack for APRA CPG 234, ${openBefore.size} had open gaps here before, ${openAfter.size} have after; gaps: ${[...openBefore].map(([name, open]) => `${name} ${open} → ${openAfter.get(name) ?? 0}`).join(', ')}`,
    ...table,
    ...Object.entries(NO_JUDGES).flatMap(([name, why]) =>
      rows.some(({ check, kit }) => `${check} ${kit.remediator.id}` === name) ? [] : [`${name.replace(' ', ' | ')} | not made (no judge: ${why})`],
    ),
  ].join('\n     ');

  expect(unread).toEqual([]);
  const wrong = rows.filter((row) => isJudge(row.kit, row.check) && !isClosed(row));
  expect(wrong.map((row) => `${row.check}, ${row.kit.remediator.id}, ${row.scenario.name}: ${row.before}, then ${row.after}`)).toEqual([]);
  expect(rows.filter((row) => !isJudge(row.kit, row.check) && isClosed(row)).map(({ check }) => check)).toEqual([]);
  const worsened = worse(before, after);
  const isExpected = (each: string) =>
    mistakes.some(({ kit, resource }) => Object.hasOwn(AFTERWARDS, `${each.split(' ')[0]} ${kit.remediator.id}`) && each.includes(resource.id));
  expect(worsened.filter((each) => !isExpected(each))).toEqual([]);
  expect(worsened.filter(isExpected)).toHaveLength(Object.keys(AFTERWARDS).length);
  expect(closed.size).toBeGreaterThanOrEqual(58);

  // It has eyes: the other way round each of them is worse.
  expect(new Set(worse(after, before).map((each) => each.split(' ')[0])).size).toBeGreaterThan(30);
});
