import { ACMClient, RequestCertificateCommand } from '@aws-sdk/client-acm';
import { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  AddTagsCommand as AddClassicTagsCommand,
  CreateLoadBalancerCommand as CreateClassicLoadBalancerCommand,
  DescribeLoadBalancerAttributesCommand as DescribeClassicAttributesCommand,
  ElasticLoadBalancingClient,
  type Listener,
  type LoadBalancerAttributes,
  ModifyLoadBalancerAttributesCommand as ModifyClassicAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  AddTagsCommand,
  CreateListenerCommand,
  type CreateListenerCommandInput,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient, UploadServerCertificateCommand } from '@aws-sdk/client-iam';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import {
  enableAccessLogging,
  enableClassicAccessLogging,
  enableCrossZone,
  enableDeletionProtection,
  redirectHttpToHttps,
  reportInsecureListener,
  reportInsecureListenerV2,
} from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const account = { endpoint: inject('moto') };
const client = (sdk: Sdk) => new ElasticLoadBalancingV2Client(sdk.config);
const arnOf = ({ region, account: owner, id }: ResourceRef) => `arn:aws:elasticloadbalancing:${region}:${owner}:loadbalancer/${id}`;
const refTo = (sdk: Sdk, id: string) => resource({ type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', id, account: sdk.account, region: sdk.region });

interface Given {
  readonly attributes?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly kind?: 'application' | 'gateway';
}
const set = async (sdk: Sdk, LoadBalancerArn: string, attributes: Readonly<Record<string, string>>) => {
  const Attributes = Object.entries(attributes).map(([Key, Value]) => ({ Key, Value }));
  await client(sdk).send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn, Attributes }));
};
const make = async (sdk: Sdk, { attributes = {}, tags = {}, kind = 'application' }: Given = {}): Promise<string> => {
  const { Subnets = [] } = await new EC2Client(sdk.config).send(new DescribeSubnetsCommand({}));
  const { LoadBalancers: [made] = [] } = await client(sdk).send(
    new CreateLoadBalancerCommand({
      Name: sdk.name('lb'),
      Type: kind,
      Subnets: Subnets.slice(0, 2).map(({ SubnetId = '' }) => SubnetId),
      Tags: Object.entries({ team: 'web', ...tags }).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
  const arn = made?.LoadBalancerArn ?? '';
  await set(sdk, arn, { 'idle_timeout.timeout_seconds': '120', ...attributes });
  // The first answer says that it is being made, and every one after it that it is there.
  await client(sdk).send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }));
  return arn;
};
const idOf = (arn: string) => arn.slice(arn.indexOf('/') + 1);
const loadBalancer = (given?: Given) => async (sdk: Sdk) => refTo(sdk, idOf(await make(sdk, given)));
const tag: Scenario['tag'] = async (sdk, ref, Key, Value) => {
  await client(sdk).send(new AddTagsCommand({ ResourceArns: [arnOf(ref)], Tags: [{ Key, Value }] }));
};
/** All attributes but those of one kind, and the listeners. */
const restOf =
  (own: string): Scenario['rest'] =>
  async (sdk, ref) => {
    const LoadBalancerArn = arnOf(ref);
    const { Attributes = [] } = await client(sdk).send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
    const { Listeners = [] } = await client(sdk).send(new DescribeListenersCommand({ LoadBalancerArn }));
    return JSON.stringify([
      Attributes.filter(({ Key = '' }) => !Key.startsWith(own)).sort((a, b) => String(a.Key).localeCompare(String(b.Key))),
      Listeners.map(({ DefaultActions, ...each }) => (own === 'listener' && each.Protocol === 'HTTP' ? each : { ...each, DefaultActions })),
    ]);
  };
const gone: Scenario = { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, `app/${sdk.name('gone')}/0123456789abcdef`) };
const whoModifies: Scenario['event'] = (ref) =>
  cloudTrailEvent({
    account: ref.account,
    region: ref.region,
    service: 'elasticloadbalancing',
    operation: 'ModifyLoadBalancerAttributes',
    request: { loadBalancerArn: arnOf(ref) },
  });
const KUBERNETES = { 'elbv2.k8s.aws/cluster': 'shop' };

const protection: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: restOf('deletion_protection'),
  breakAgain: (sdk, ref) => set(sdk, arnOf(ref), { 'deletion_protection.enabled': 'false' }),
};
describeRemediator(enableDeletionProtection, {
  account,
  scenarios: [
    { ...protection, name: 'a load balancer without it', expect: 'change', arrange: loadBalancer() },
    { ...protection, name: 'someone has just turned it off', expect: 'change', arrange: loadBalancer(), event: whoModifies },
    { ...protection, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: loadBalancer({ tags: { purpose: 'preview' } }) },
    { ...protection, name: 'one of Kubernetes', expect: 'change', hazards: ['of-a-controller'], arrange: loadBalancer({ tags: KUBERNETES }) },
    { ...protection, name: 'a load balancer with it', expect: 'compliant', arrange: loadBalancer({ attributes: { 'deletion_protection.enabled': 'true' } }) },
    gone,
  ],
});

const logging: Pick<Scenario, 'tag' | 'rest' | 'breakAgain' | 'parameters'> = {
  tag,
  rest: restOf('access_logs'),
  breakAgain: (sdk, ref) => set(sdk, arnOf(ref), { 'access_logs.s3.enabled': 'false' }),
  parameters: { bucket: 'logs-of-all', prefix: 'elb' },
};
const own = { 'access_logs.s3.enabled': 'true', 'access_logs.s3.bucket': 'own-logs', 'access_logs.s3.prefix': 'web' };
describeRemediator(enableAccessLogging, {
  account,
  scenarios: [
    { ...logging, name: 'a load balancer without them', expect: 'change', arrange: loadBalancer() },
    {
      ...logging,
      name: 'someone has just turned them off',
      expect: 'change',
      arrange: loadBalancer({ attributes: { ...own, 'access_logs.s3.enabled': 'false' } }),
      event: whoModifies,
    },
    { ...logging, name: 'the policy names no bucket', expect: 'manual', parameters: { bucket: undefined } as never, arrange: loadBalancer() },
    { ...logging, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: loadBalancer({ tags: { purpose: 'preview' } }) },
    { ...logging, name: 'one of Kubernetes', expect: 'change', hazards: ['of-a-controller'], arrange: loadBalancer({ tags: KUBERNETES }) },
    { ...logging, name: 'a gateway load balancer', expect: 'not-applicable', arrange: loadBalancer({ kind: 'gateway' }) },
    { ...logging, name: 'one with them, in a bucket of its own', expect: 'compliant', arrange: loadBalancer({ attributes: own }) },
    gone,
  ],
});

const certificate = async (sdk: Sdk) => {
  const { ServerCertificateMetadata: made } = await new IAMClient(sdk.config).send(
    new UploadServerCertificateCommand({ ServerCertificateName: sdk.name('certificate'), CertificateBody: 'body', PrivateKey: 'key' }),
  );
  return made?.Arn ?? '';
};
const listen = async (sdk: Sdk, LoadBalancerArn: string, more: Partial<CreateListenerCommandInput>) => {
  const { TargetGroups: [group] = [] } = await client(sdk).send(
    new CreateTargetGroupCommand({
      Name: sdk.name('targets'),
      Protocol: 'HTTP',
      Port: 8080,
      VpcId: (await client(sdk).send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [LoadBalancerArn] }))).LoadBalancers?.[0]?.VpcId,
    }),
  );
  const DefaultActions = [{ Type: 'forward' as const, TargetGroupArn: group?.TargetGroupArn }];
  const { Listeners: [made] = [] } = await client(sdk).send(
    new CreateListenerCommand({ LoadBalancerArn, Protocol: 'HTTP', Port: 80, DefaultActions, ...more }),
  );
  return { ListenerArn: made?.ListenerArn ?? '', DefaultActions };
};
const secure = async (sdk: Sdk, arn: string) => listen(sdk, arn, { Protocol: 'HTTPS', Port: 443, Certificates: [{ CertificateArn: await certificate(sdk) }] });
const REDIRECT = [{ Type: 'redirect' as const, RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' as const } }];

const redirecting: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag,
  rest: restOf('listener'),
  breakAgain: async (sdk, ref) => {
    const { Listeners = [] } = await client(sdk).send(new DescribeListenersCommand({ LoadBalancerArn: arnOf(ref) }));
    const forwards = Listeners.find(({ Protocol }) => Protocol === 'HTTPS')?.DefaultActions?.[0];
    const http = Listeners.find(({ Protocol }) => Protocol === 'HTTP');
    await client(sdk).send(
      new ModifyListenerCommand({ ListenerArn: http?.ListenerArn, DefaultActions: [{ Type: 'forward', TargetGroupArn: forwards?.TargetGroupArn }] }),
    );
  },
};
const both =
  (given?: Given, http: Partial<CreateListenerCommandInput> = {}) =>
  async (sdk: Sdk) => {
    const arn = await make(sdk, given);
    await secure(sdk, arn);
    return { resource: refTo(sdk, idOf(arn)), listener: (await listen(sdk, arn, http)).ListenerArn };
  };
describeRemediator(redirectHttpToHttps, {
  account,
  scenarios: [
    { ...redirecting, name: 'a listener that forwards', expect: 'change', arrange: both() },
    {
      ...redirecting,
      name: 'someone has just let it forward',
      expect: 'change',
      parameters: { permanent: true },
      arrange: both(),
      event: ({ account: owner, region }, { listener }) =>
        cloudTrailEvent({
          account: owner,
          region,
          service: 'elasticloadbalancing',
          operation: 'ModifyListener',
          request: { listenerArn: String(listener) },
        }),
    },
    {
      ...redirecting,
      name: 'a listener with rules of its own',
      expect: 'change',
      hazards: ['rules-of-its-own'],
      arrange: async (sdk) => {
        const { resource: ref, listener } = await both()(sdk);
        await client(sdk).send(
          new CreateRuleCommand({
            ListenerArn: listener,
            Priority: 1,
            Conditions: [{ Field: 'path-pattern', Values: ['/health'] }],
            Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }],
          }),
        );
        return ref;
      },
    },
    { ...redirecting, name: 'one of Kubernetes', expect: 'change', hazards: ['of-a-controller'], arrange: both({ tags: KUBERNETES }) },
    {
      ...redirecting,
      name: 'nothing to redirect to',
      expect: 'manual',
      arrange: async (sdk) => {
        const arn = await make(sdk);
        await listen(sdk, arn, {});
        return refTo(sdk, idOf(arn));
      },
    },
    {
      ...redirecting,
      name: 'two listeners that forward',
      expect: 'manual',
      arrange: async (sdk) => {
        const { resource: ref } = await both()(sdk);
        await listen(sdk, arnOf(ref), { Port: 8080 });
        return ref;
      },
    },
    { ...redirecting, name: 'a listener that redirects', expect: 'compliant', arrange: both({}, { DefaultActions: REDIRECT }) },
    { ...redirecting, name: 'no listener at all', expect: 'compliant', arrange: loadBalancer() },
    gone,
  ],
});

const certificateOf = async (sdk: Sdk) =>
  (await new ACMClient(sdk.config).send(new RequestCertificateCommand({ DomainName: 'shop.example' }))).CertificateArn ?? '';
const listening =
  (...listeners: readonly Partial<CreateListenerCommandInput>[]) =>
  async (sdk: Sdk) => {
    const LoadBalancerArn = await make(sdk);
    for (const each of listeners)
      await client(sdk).send(
        new CreateListenerCommand({
          LoadBalancerArn,
          ...(each.Protocol === 'HTTPS' ? { Certificates: [{ CertificateArn: await certificateOf(sdk) }] } : {}),
          DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200' } }],
          ...each,
        } as CreateListenerCommandInput),
      );
    return refTo(sdk, idOf(LoadBalancerArn));
  };
const HTTPS = { Protocol: 'HTTPS', Port: 443 } as const;
describeRemediator(reportInsecureListenerV2, {
  account,
  scenarios: [
    { name: 'a listener without TLS', expect: 'manual', arrange: listening({ Protocol: 'HTTP', Port: 8080 }), tag },
    {
      name: 'someone has just made one',
      expect: 'manual',
      arrange: listening(HTTPS, { Protocol: 'HTTP', Port: 80 }),
      tag,
      event: (ref) =>
        cloudTrailEvent({
          account: ref.account,
          region: ref.region,
          service: 'elasticloadbalancing',
          operation: 'CreateListener',
          request: { loadBalancerArn: arnOf(ref) },
        }),
    },
    {
      name: 'a listener that redirects, beside one with a certificate of Certificate Manager',
      expect: 'compliant',
      arrange: listening(HTTPS, {
        Protocol: 'HTTP',
        Port: 80,
        DefaultActions: [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } }],
      }),
      tag,
    },
    { name: 'a gateway load balancer', expect: 'not-applicable', arrange: loadBalancer({ kind: 'gateway' }), tag },
    { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => refTo(sdk, `app/${sdk.name('gone')}/50dc6c495c0c9188`) },
  ],
});

const CLASSIC = 'AWS::ElasticLoadBalancing::LoadBalancer';
const classicClient = (sdk: Sdk) => new ElasticLoadBalancingClient(sdk.config);
const ofClassic = (sdk: Sdk, id: string) => resource({ type: CLASSIC, id, account: sdk.account, region: sdk.region });
const setClassic = async (sdk: Sdk, LoadBalancerName: string, attributes: Partial<LoadBalancerAttributes>) => {
  await classicClient(sdk).send(new ModifyClassicAttributesCommand({ LoadBalancerName, LoadBalancerAttributes: attributes }));
};
const classicBalancer =
  ({
    attributes = {},
    tags = {},
    listener = {},
    zones = ['us-east-1a', 'us-east-1b'],
  }: {
    readonly attributes?: Partial<LoadBalancerAttributes>;
    readonly tags?: Readonly<Record<string, string>>;
    readonly listener?: Partial<Listener>;
    readonly zones?: string[];
  } = {}) =>
  async (sdk: Sdk) => {
    const LoadBalancerName = sdk.name('lb');
    await classicClient(sdk).send(
      new CreateClassicLoadBalancerCommand({
        LoadBalancerName,
        Listeners: [{ Protocol: 'HTTP', LoadBalancerPort: 80, InstancePort: 80, ...listener }],
        AvailabilityZones: zones,
        Tags: Object.entries({ team: 'web', ...tags }).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    await setClassic(sdk, LoadBalancerName, { ConnectionSettings: { IdleTimeout: 120 }, CrossZoneLoadBalancing: { Enabled: false }, ...attributes });
    return ofClassic(sdk, LoadBalancerName);
  };
const classicCommon = (changed: keyof LoadBalancerAttributes): Pick<Scenario, 'tag' | 'rest'> => ({
  tag: async (sdk, { id }, Key, Value) => {
    await classicClient(sdk).send(new AddClassicTagsCommand({ LoadBalancerNames: [id], Tags: [{ Key, Value }] }));
  },
  rest: async (sdk, { id }) => {
    const { LoadBalancerAttributes: all = {} } = await classicClient(sdk).send(new DescribeClassicAttributesCommand({ LoadBalancerName: id }));
    return JSON.stringify(
      Object.entries(all)
        // moto adds the same attribute again with each change.
        .filter(([name]) => name !== changed && name !== 'AdditionalAttributes')
        .sort(),
    );
  },
});
const classicEvent =
  (operation: string): Scenario['event'] =>
  ({ account: owner, region, id }) =>
    cloudTrailEvent({ account: owner, region, service: 'elasticloadbalancing', operation, request: { loadBalancerName: id } });
const goneClassic: Scenario = { name: 'one that is gone', expect: 'compliant', arrange: async (sdk) => ofClassic(sdk, sdk.name('gone')) };

const crossing: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  ...classicCommon('CrossZoneLoadBalancing'),
  breakAgain: (sdk, { id }) => setClassic(sdk, id, { CrossZoneLoadBalancing: { Enabled: false } }),
};
describeRemediator(enableCrossZone, {
  account,
  scenarios: [
    { ...crossing, name: 'each zone for itself', expect: 'change', arrange: classicBalancer() },
    { ...crossing, name: 'someone has just turned it off', expect: 'change', arrange: classicBalancer(), event: classicEvent('ModifyLoadBalancerAttributes') },
    { ...crossing, name: 'one zone', expect: 'change', hazards: ['one-zone'], arrange: classicBalancer({ zones: ['us-east-1a'] }) },
    {
      ...crossing,
      name: 'one that a controller made',
      expect: 'change',
      hazards: ['of-a-controller'],
      arrange: classicBalancer({ tags: { 'kubernetes.io/service-name': 'shop/web' } }),
    },
    { ...crossing, name: 'all zones together', expect: 'compliant', arrange: classicBalancer({ attributes: { CrossZoneLoadBalancing: { Enabled: true } } }) },
    goneClassic,
  ],
});

const classicLogging: Pick<Scenario, 'tag' | 'rest' | 'breakAgain' | 'parameters'> = {
  ...classicCommon('AccessLog'),
  breakAgain: (sdk, { id }) => setClassic(sdk, id, { AccessLog: { Enabled: false } }),
  parameters: { bucket: 'logs-of-all', prefix: 'classic' },
};
describeRemediator(enableClassicAccessLogging, {
  account,
  scenarios: [
    { ...classicLogging, name: 'a load balancer without logs', expect: 'change', arrange: classicBalancer() },
    { ...classicLogging, name: 'someone has just made it', expect: 'change', arrange: classicBalancer(), event: classicEvent('CreateLoadBalancer') },
    { ...classicLogging, name: 'a preview', expect: 'change', hazards: ['short-lived'], arrange: classicBalancer({ tags: { purpose: 'preview' } }) },
    { ...classicLogging, name: 'of a controller', expect: 'change', hazards: ['of-a-controller'], arrange: classicBalancer({ tags: { 'k8s.io/role': 'lb' } }) },
    { ...classicLogging, name: 'no bucket is named', expect: 'manual', parameters: {}, arrange: classicBalancer() },
    {
      ...classicLogging,
      name: 'logs that go elsewhere',
      expect: 'compliant',
      arrange: classicBalancer({ attributes: { AccessLog: { Enabled: true, S3BucketName: 'others', EmitInterval: 5 } } }),
    },
    goneClassic,
  ],
});

const { tag: tagClassic } = crossing;
describeRemediator(reportInsecureListener, {
  account,
  scenarios: [
    { name: 'a listener without TLS', expect: 'manual', arrange: classicBalancer(), tag: tagClassic },
    {
      name: 'a certificate of IAM, just set',
      expect: 'manual',
      arrange: classicBalancer({
        listener: { Protocol: 'HTTPS', LoadBalancerPort: 443, SSLCertificateId: 'arn:aws:iam::123456789012:server-certificate/old' },
      }),
      tag: tagClassic,
      event: classicEvent('SetLoadBalancerListenerSSLCertificate'),
    },
    {
      name: 'a certificate of Certificate Manager',
      expect: 'compliant',
      arrange: async (sdk) => classicBalancer({ listener: { Protocol: 'HTTPS', LoadBalancerPort: 443, SSLCertificateId: await certificateOf(sdk) } })(sdk),
      tag: tagClassic,
    },
    goneClassic,
  ],
});
