import { type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { enableAccessLogging, enableClassicAccessLogging, enableCrossZone, enableDeletionProtection, redirectHttpToHttps } from '../src/index.js';

interface Balancer {
  attributes: Record<string, string>;
  tags: { Key: string; Value: string }[];
  actions: object[];
}
type Input = Readonly<Record<string, unknown>>;
const PREFIX = 'arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/';
const known = (custom: Record<string, unknown>, arn: unknown): Balancer => {
  const found = (custom as Record<string, Balancer>)[String(arn).replace(PREFIX, '')];
  if (found === undefined) throw new SimulatedError('LoadBalancerNotFound', 400);
  return found;
};
const listeners = (arn: unknown, { actions }: Balancer) => [
  { ListenerArn: `${arn}/http`, Protocol: 'HTTP', Port: 80, DefaultActions: actions },
  { ListenerArn: `${arn}/https`, Protocol: 'HTTPS', Port: 443, DefaultActions: [] },
];
/** As much of Elastic Load Balancing as the package uses. */
const elasticloadbalancing: Readonly<Record<string, Operation>> = {
  DescribeLoadBalancers: ({ custom }, { LoadBalancerArns }: { readonly LoadBalancerArns?: readonly string[] }) => ({
    LoadBalancers: (LoadBalancerArns ?? Object.keys(custom).map((id) => PREFIX + id)).map((arn) => {
      known(custom, arn);
      return { LoadBalancerArn: arn, Type: 'application', CreatedTime: new Date('2026-01-02T03:04:05Z') };
    }),
  }),
  DescribeTags: ({ custom }, { ResourceArns: [arn] }: { readonly ResourceArns: readonly string[] }) => ({
    TagDescriptions: [{ ResourceArn: arn, Tags: known(custom, arn).tags }],
  }),
  DescribeLoadBalancerAttributes: ({ custom }, { LoadBalancerArn }: Input) => ({
    Attributes: Object.entries(known(custom, LoadBalancerArn).attributes).map(([Key, Value]) => ({ Key, Value })),
  }),
  ModifyLoadBalancerAttributes: (
    { custom },
    { LoadBalancerArn, Attributes }: Input & { readonly Attributes: readonly { readonly Key: string; readonly Value: string }[] },
  ) => {
    Object.assign(known(custom, LoadBalancerArn).attributes, Object.fromEntries(Attributes.map(({ Key, Value }) => [Key, Value])));
    return {};
  },
  DescribeListeners: ({ custom }, { LoadBalancerArn }: Input) => ({ Listeners: listeners(LoadBalancerArn, known(custom, LoadBalancerArn)) }),
  DescribeRules: () => ({ Rules: [{ IsDefault: true }] }),
  ModifyListener: ({ custom }, { ListenerArn, DefaultActions }: Input & { readonly DefaultActions: object[] }) => {
    known(custom, String(ListenerArn).replace('/http', '')).actions = DefaultActions;
    return {};
  },
};
const REDIRECT = [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } }];
const sound = (): Balancer => ({
  attributes: {
    'deletion_protection.enabled': 'true',
    'access_logs.s3.enabled': 'true',
    'access_logs.s3.bucket': 'logs-of-all',
    'access_logs.s3.prefix': '',
  },
  tags: [{ Key: 'team', Value: 'web' }],
  actions: REDIRECT,
});

it.each<
  [id: string, Remediator, open: (it: Balancer) => void, isOpen: (it: Balancer) => boolean, fix: (it: Balancer) => void, parameters?: { bucket: string }]
>([
  [
    enableDeletionProtection.id,
    enableDeletionProtection,
    (it) => Object.assign(it.attributes, { 'deletion_protection.enabled': 'false' }),
    (it) => it.attributes['deletion_protection.enabled'] === 'false',
    (it) => Object.assign(it.attributes, { 'deletion_protection.enabled': 'true' }),
  ],
  [
    enableAccessLogging.id,
    enableAccessLogging,
    (it) => Object.assign(it.attributes, { 'access_logs.s3.enabled': 'false', 'access_logs.s3.bucket': '' }),
    (it) => it.attributes['access_logs.s3.enabled'] === 'false',
    (it) => Object.assign(it.attributes, sound().attributes),
    { bucket: 'logs-of-all' },
  ],
  [
    redirectHttpToHttps.id,
    redirectHttpToHttps,
    (it) => Object.assign(it, { actions: [{ Type: 'forward', TargetGroupArn: 'arn:targets' }] }),
    (it) => !JSON.stringify(it.actions).includes('redirect'),
    (it) => Object.assign(it, { actions: REDIRECT }),
  ],
])('%s survives every fault at every call', async (_, remediator, open, isOpen, fix, parameters) => {
  const report = await faultMatrix(remediator, {
    services: { elasticloadbalancing },
    ...(parameters === undefined ? {} : { parameters }),
    arrange(account) {
      Object.assign(account.state.custom, { 'app/beside/1': sound(), 'app/subject/1': sound() });
      const subject = () => known(account.state.custom, 'app/subject/1');
      return reportedGap({
        resource: resource({ type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', id: 'app/subject/1', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => open(subject()),
        isOpen: () => account.state.custom['app/subject/1'] !== undefined && isOpen(subject()),
        others: {
          delete: () => delete account.state.custom['app/subject/1'],
          fix: () => fix(subject()),
          change: () => subject().tags.push({ Key: 'more', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(160);
});

interface Classic {
  cross: boolean;
  log: { Enabled: boolean; S3BucketName?: string; S3BucketPrefix?: string; EmitInterval?: number };
  tags: { Key: string; Value: string }[];
}
const classicOf = (custom: Record<string, unknown>, name: unknown): Classic => {
  const found = (custom as Record<string, Classic>)[String(name)];
  if (found === undefined) throw new SimulatedError('AccessPointNotFound', 400);
  return found;
};
/** As much of Classic Load Balancers. */
const classic: Readonly<Record<string, Operation>> = {
  DescribeLoadBalancers: ({ custom }, { LoadBalancerNames }: { readonly LoadBalancerNames?: readonly string[] }) => ({
    LoadBalancerDescriptions: (LoadBalancerNames ?? Object.keys(custom).sort()).map((name) => {
      classicOf(custom, name);
      return { LoadBalancerName: name, CreatedTime: new Date('2026-01-02T03:04:05Z'), AvailabilityZones: ['us-east-1a', 'us-east-1b'] };
    }),
  }),
  DescribeTags: ({ custom }, { LoadBalancerNames: [name] }: { readonly LoadBalancerNames: readonly string[] }) => ({
    TagDescriptions: [{ LoadBalancerName: name, Tags: classicOf(custom, name).tags }],
  }),
  DescribeLoadBalancerAttributes: ({ custom }, { LoadBalancerName }: Input) => {
    const { cross, log } = classicOf(custom, LoadBalancerName);
    return { LoadBalancerAttributes: { CrossZoneLoadBalancing: { Enabled: cross }, AccessLog: log } };
  },
  ModifyLoadBalancerAttributes: (
    { custom },
    {
      LoadBalancerName,
      LoadBalancerAttributes: { CrossZoneLoadBalancing: crossing, AccessLog: log },
    }: Input & { readonly LoadBalancerAttributes: { readonly CrossZoneLoadBalancing?: { readonly Enabled: boolean }; readonly AccessLog?: Classic['log'] } },
  ) => {
    const it = classicOf(custom, LoadBalancerName);
    if (crossing !== undefined) it.cross = crossing.Enabled;
    if (log !== undefined) it.log = log;
    return {};
  },
};
const soundClassic = (): Classic => ({
  cross: true,
  log: { Enabled: true, S3BucketName: 'logs-of-all', EmitInterval: 60 },
  tags: [{ Key: 'team', Value: 'web' }],
});

it.each<[id: string, Remediator, broken: Partial<Classic>, isOpen: (it: Classic) => boolean, parameters: { readonly bucket?: string }]>([
  [enableCrossZone.id, enableCrossZone, { cross: false }, (it) => !it.cross, {}],
  [enableClassicAccessLogging.id, enableClassicAccessLogging, { log: { Enabled: false } }, (it) => !it.log.Enabled, { bucket: 'logs-of-all' }],
])('%s survives every fault at every call', async (_, remediator, broken, isOpen, parameters) => {
  const report = await faultMatrix(remediator, {
    services: { elasticloadbalancing: classic },
    parameters,
    arrange(account) {
      Object.assign(account.state.custom, { beside: soundClassic(), subject: soundClassic() });
      const subject = () => classicOf(account.state.custom, 'subject');
      return reportedGap({
        resource: resource({ type: 'AWS::ElasticLoadBalancing::LoadBalancer', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(subject(), broken),
        isOpen: () => account.state.custom['subject'] !== undefined && isOpen(subject()),
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(subject(), soundClassic()),
          change: () => subject().tags.push({ Key: 'more', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(160);
});
