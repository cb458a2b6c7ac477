/**
 * The cost of `plan --live` over an account with one resource of each kind and with every remediator, compared with the dry run of Cloud Custodian with as
 * many policies over the same account, alternating, with network latency for each call.
 *
 * A policy of Cloud Custodian stands for each remediator. It filters on data that describing its kind of resource returns anyway. So it only makes the calls
 * to list and describe, and its cache is on, so that its policies share the listing of a kind. Remediators that the emulator does not support, and kinds
 * that Cloud Custodian does not have, are omitted on both sides, and named.
 *
 * Run it with `npm run bench -- plan-all [--rounds N] [--latency MS] [--json]`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectAws } from '@redress/connect';
import { createRedress, definePolicy, type Remediator, type SweepSummary } from '@redress/core';
import { remediators as all } from '@redress/remediators';
import { ACCOUNT, REGION } from '../demo/events.ts';
import { startMoto } from '../scripts/moto.mjs';
import { pythonOf } from '../scripts/setup.mjs';
import { useNoCredentials } from './support/credentials.ts';
import { slowed } from './support/latency.ts';
import { type Report, toLine } from './support/report.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    latency: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const [ROUNDS, LATENCY] = [options.rounds, options.latency].map(Number) as [number, number];
for (const each of [ROUNDS, LATENCY]) if (!Number.isSafeInteger(each) || each < 1) throw new RangeError('--rounds and --latency are whole numbers.');

/** The goal for the ratio. */
const GOAL = 0.3;

/** Cloud Custodian's name for each kind, and a member of its description. */
const KINDS: Readonly<Record<string, readonly [resource: string, key: string]>> = {
  'AWS::::Account': ['aws.account', 'account_id'],
  'AWS::ACM::Certificate': ['aws.acm-certificate', 'DomainName'],
  'AWS::ApiGateway::Stage': ['aws.rest-stage', 'stageName'],
  'AWS::CloudTrail::Trail': ['aws.cloudtrail', 'Name'],
  'AWS::DynamoDB::Table': ['aws.dynamodb-table', 'TableName'],
  'AWS::EC2::Image': ['aws.ami', 'ImageId'],
  'AWS::EC2::Instance': ['aws.ec2', 'InstanceId'],
  'AWS::EC2::InternetGateway': ['aws.internet-gateway', 'InternetGatewayId'],
  'AWS::EC2::NetworkAcl': ['aws.network-acl', 'NetworkAclId'],
  'AWS::EC2::RouteTable': ['aws.route-table', 'RouteTableId'],
  'AWS::EC2::SecurityGroup': ['aws.security-group', 'GroupId'],
  'AWS::EC2::Snapshot': ['aws.ebs-snapshot', 'SnapshotId'],
  'AWS::EC2::Subnet': ['aws.subnet', 'SubnetId'],
  'AWS::EC2::TransitGateway': ['aws.transit-gateway', 'TransitGatewayId'],
  'AWS::EC2::VPC': ['aws.vpc', 'VpcId'],
  'AWS::EC2::Volume': ['aws.ebs', 'VolumeId'],
  'AWS::ECS::TaskDefinition': ['aws.ecs-task-definition', 'family'],
  'AWS::EFS::FileSystem': ['aws.efs', 'FileSystemId'],
  'AWS::ElasticLoadBalancing::LoadBalancer': ['aws.elb', 'LoadBalancerName'],
  'AWS::ElasticLoadBalancingV2::LoadBalancer': ['aws.app-elb', 'LoadBalancerName'],
  'AWS::IAM::Group': ['aws.iam-group', 'GroupName'],
  'AWS::IAM::Policy': ['aws.iam-policy', 'PolicyName'],
  'AWS::IAM::Role': ['aws.iam-role', 'RoleName'],
  'AWS::IAM::User': ['aws.iam-user', 'UserName'],
  'AWS::KMS::Key': ['aws.kms-key', 'KeyId'],
  'AWS::Lambda::Function': ['aws.lambda', 'FunctionName'],
  'AWS::Logs::LogGroup': ['aws.log-group', 'logGroupName'],
  'AWS::OpenSearch::Domain': ['aws.elasticsearch', 'DomainName'],
  'AWS::RDS::DBCluster': ['aws.rds-cluster', 'DBClusterIdentifier'],
  'AWS::RDS::DBClusterSnapshot': ['aws.rds-cluster-snapshot', 'DBClusterSnapshotIdentifier'],
  'AWS::RDS::DBInstance': ['aws.rds', 'DBInstanceIdentifier'],
  'AWS::RDS::DBSnapshot': ['aws.rds-snapshot', 'DBSnapshotIdentifier'],
  'AWS::Redshift::Cluster': ['aws.redshift', 'ClusterIdentifier'],
  'AWS::S3::Bucket': ['aws.s3', 'Name'],
  'AWS::SSM::Document': ['aws.ssm-document', 'Name'],
  'AWS::SageMaker::NotebookInstance': ['aws.sagemaker-notebook', 'NotebookInstanceName'],
  'AWS::SecretsManager::Secret': ['aws.secrets-manager', 'Name'],
  'AWS::WAFv2::WebACL': ['aws.wafv2', 'Name'],
};

useNoCredentials(REGION);

const work = mkdtempSync(join(tmpdir(), 'redress-plan-all-'));

/** Waits for a process without blocking this one, which has to read the emulator's output. */
async function ran(command: string, args: readonly string[], more: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): Promise<string> {
  const child = spawn(command, args, { ...more, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (data) => (err = (err + String(data)).slice(-2000)));
  const status = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (status !== 0) throw new Error(`${command} ended with ${String(status)}: ${err}`);
  return err;
}

/** `plan --live`: a dry sweep, in a process with empty caches. */
async function plan(remediators: readonly Remediator[], endpoint: string): Promise<readonly SweepSummary[]> {
  const policy = definePolicy({
    version: 1,
    environments: { dev: { accounts: [ACCOUNT] } },
    remediators: Object.fromEntries(remediators.map(({ id, ceiling }) => [id, { dev: ceiling }])),
  });
  const redress = createRedress({ remediators, policy, connect: connectAws({ endpoint }) });
  try {
    return await redress.sweep({ targets: [{ account: ACCOUNT, region: REGION }], dryRun: true });
  } finally {
    redress.close();
  }
}

const policiesOf = (remediators: readonly Remediator[]) =>
  remediators.map(({ id, resourceTypes: [type = ''] }) => {
    const [resource, key] = KINDS[type] ?? ['', ''];
    return { name: id, resource, filters: [{ type: 'value', key, value: 'present' }] };
  });

/** Cloud Custodian, which reports its CPU time at its end; seconds. */
const MEASURED = `
import atexit, resource, sys
atexit.register(lambda: print('CPU', sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), file=sys.stderr))
from c7n.cli import main
main()`;

/** A dry run of Cloud Custodian with its own cache, which starts empty; its CPU time in seconds. */
async function custodian(name: string, policies: readonly object[], endpoint: string): Promise<number> {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'policy.json'), JSON.stringify({ policies }));
  const cache = join(folder, 'cache');
  const args = ['-c', MEASURED, 'run', '--dryrun', '--region', REGION, '--cache', cache, '-s', folder, join(folder, 'policy.json')];
  const said = await ran(pythonOf('c7n'), args, { cwd: folder, env: { ...process.env, AWS_ENDPOINT_URL: endpoint } });
  return Number(/CPU ([\d.]+)\s*$/.exec(said)?.[1]);
}

interface Taken {
  readonly ms: number;
  readonly calls: number;
  /** Seconds. */
  readonly cpu: number;
}
/** The CPU time of this process for it, in seconds. */
async function busy(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const moto = await startMoto();
try {
  await ran(pythonOf('c7n'), [join(import.meta.dirname, 'support', 'one-of-each.py'), moto.endpoint, REGION]);

  // The remediators that this emulator supports, found in a round that is not measured.
  const known = all.filter(({ resourceTypes: [type = ''] }) => Object.hasOwn(KINDS, type));
  const first = await plan(known, moto.endpoint);
  const fine = (id: string) => first.some(({ remediator, complete, looked, errors }) => remediator === id && complete && looked > 0 && errors === 0);
  const remediators = known.filter(({ id }) => fine(id));
  if (remediators.length === 0) throw new Error('Nothing could be looked at.');
  const left = all.filter((each) => !remediators.includes(each)).map(({ id }) => id);

  const proxy = await slowed({ latency: { control: LATENCY, dynamodb: LATENCY, objects: LATENCY }, upstream: moto.endpoint, dynamodb: moto.endpoint });
  const counted = async (run: () => Promise<number>): Promise<Taken> => {
    await proxy.take();
    const started = performance.now();
    const cpu = await run();
    const ms = performance.now() - started;
    return { ms, cpu, calls: (await proxy.take()).length };
  };
  /** Its start without work is subtracted. */
  const theirs = async (round: number): Promise<Taken> => {
    const { ms, calls, cpu } = await counted(() => custodian(`c7n-${round}`, policiesOf(remediators), proxy.endpoint));
    const nothing = await counted(() => custodian(`nothing-${round}`, [{ name: 'nothing', resource: 'aws.account' }], proxy.endpoint));
    return { ms: ms - nothing.ms, calls, cpu: cpu - nothing.cpu };
  };
  // The thread that delays calls is in this process too, and its time counts as ours.
  const ours = () => counted(() => busy(() => plan(remediators, proxy.endpoint)));
  const rounds: { readonly plan: Taken; readonly c7n: Taken }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Alternating; the order changes with each round. Neither changes anything.
    if (round % 2 === 0) {
      const c7n = await theirs(round);
      rounds.push({ c7n, plan: await ours() });
    } else {
      const mine = await ours();
      rounds.push({ plan: mine, c7n: await theirs(round) });
    }
    process.stderr.write(`round ${round + 1} of ${ROUNDS}\n`);
  }
  await proxy.close();
  const of = (what: 'plan' | 'c7n', member: keyof Taken) => median(rounds.map((each) => each[what][member]));
  const ratio = of('plan', 'ms') / of('c7n', 'ms');
  const report: Report = {
    name: 'plan-all',
    results: [
      ...(['plan', 'c7n'] as const).flatMap((what) => [
        { name: what, value: of(what, 'ms') / 1000, unit: 's' },
        { name: `${what}.calls`, value: of(what, 'calls'), unit: 'calls' },
        { name: `${what}.cpu`, value: of(what, 'cpu'), unit: 's' },
      ]),
      { name: 'remediators', value: remediators.length, unit: 'remediators' },
      { name: 'left-out', value: left.length, unit: 'remediators' },
      { name: 'kinds', value: new Set(remediators.flatMap(({ resourceTypes }) => resourceTypes.slice(0, 1))).size, unit: 'kinds' },
    ],
    ratios: [
      { name: 'plan --live / c7n', value: ratio },
      { name: 'plan --live / c7n, CPU', value: of('plan', 'cpu') / of('c7n', 'cpu') },
    ],
  };
  if (options.json) console.log(toLine(report));
  else {
    console.log('| | seconds | calls | CPU seconds |\n| --- | --- | --- | --- |');
    for (const what of ['plan', 'c7n'] as const)
      console.log(`| ${what} | ${(of(what, 'ms') / 1000).toFixed(1)} | ${of(what, 'calls')} | ${of(what, 'cpu').toFixed(1)} |`);
    console.log(`plan --live / c7n: ${ratio.toFixed(2)} (goal ${GOAL}) ${ratio <= GOAL ? 'met' : 'NOT MET'}`);
    console.log(`${remediators.length} remediators, and as many policies; left out: ${left.join(', ') || 'none'}.`);
    console.log(`Medians of ${ROUNDS} rounds, ${LATENCY} ms a call, in turn. Node ${process.version}, c7n 0.9.53.`);
  }
} finally {
  await moto.stop();
  rmSync(work, { recursive: true, force: true });
}
