import {
  CreateClusterCommand,
  type CreateClusterCommandInput,
  CreateClusterParameterGroupCommand,
  CreateTagsCommand,
  DescribeClusterParametersCommand,
  DescribeClustersCommand,
  DisableLoggingCommand,
  EnableLoggingCommand,
  ModifyClusterCommand,
  ModifyClusterParameterGroupCommand,
  PauseClusterCommand,
  RedshiftClient,
} from '@aws-sdk/client-redshift';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import {
  allowVersionUpgrade,
  disablePublicAccess,
  enableAuditLogging,
  enableAutomatedSnapshots,
  enableEnhancedVpcRouting,
  encryptCluster,
  requireTls,
} from '../src/index.js';
import { parameterService } from './parameter-service.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const account = { endpoint: inject('moto') };
const client = (sdk: Sdk) => new RedshiftClient(sdk.config);

interface Given extends Partial<CreateClusterCommandInput> {
  readonly days?: number;
  readonly logs?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
}
const cluster =
  ({ days = 1, logs = false, tags = {}, ...more }: Given = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const ClusterIdentifier = sdk.name('cluster');
    await client(sdk).send(
      new CreateClusterCommand({
        ClusterIdentifier,
        NodeType: 'ra3.large',
        MasterUsername: 'admin',
        MasterUserPassword: 'Not-a-passw0rd',
        AutomatedSnapshotRetentionPeriod: days,
        ...more,
        Tags: Object.entries({ team: 'reports', ...tags }).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    // The first answer says that it is being made, and every one after it that it is there.
    await client(sdk).send(new DescribeClustersCommand({ ClusterIdentifier }));
    if (logs) await client(sdk).send(new EnableLoggingCommand({ ClusterIdentifier, LogDestinationType: 'cloudwatch', LogExports: ['connectionlog'] }));
    return resource({ type: 'AWS::Redshift::Cluster', id: ClusterIdentifier, account: sdk.account, region: sdk.region });
  };
const commonFor = (own: string): Pick<Scenario, 'tag' | 'rest'> => ({
  tag: async (sdk, { region, account: owner, id }, Key, Value) => {
    await client(sdk).send(new CreateTagsCommand({ ResourceName: `arn:aws:redshift:${region}:${owner}:cluster:${id}`, Tags: [{ Key, Value }] }));
  },
  rest: async (sdk, ref) => {
    const { Clusters: [found] = [] } = await client(sdk).send(new DescribeClustersCommand({ ClusterIdentifier: ref.id }));
    return JSON.stringify(Object.entries(found ?? {}).filter(([member]) => ![own, 'ClusterStatus'].includes(member)));
  },
});
const common = commonFor('AutomatedSnapshotRetentionPeriod');
const gone: Scenario = {
  name: 'a cluster that is gone',
  expect: 'compliant',
  arrange: async (sdk) => resource({ type: 'AWS::Redshift::Cluster', id: sdk.name('gone'), account: sdk.account, region: sdk.region }),
};

describeRemediator(enableAutomatedSnapshots, {
  account,
  scenarios: [
    {
      ...common,
      name: 'snapshots that are kept for a day',
      expect: 'change',
      arrange: cluster(),
      breakAgain: async (sdk, ref) => {
        await client(sdk).send(new ModifyClusterCommand({ ClusterIdentifier: ref.id, AutomatedSnapshotRetentionPeriod: 2 }));
      },
    },
    {
      ...common,
      name: 'someone has just lowered it',
      expect: 'change',
      parameters: { minDays: 14 },
      arrange: cluster({ days: 7 }),
      event: ({ account: owner, region, id }) =>
        cloudTrailEvent({ account: owner, region, service: 'redshift', operation: 'ModifyCluster', request: { clusterIdentifier: id } }),
    },
    { ...common, name: 'a scratch cluster', expect: 'change', hazards: ['short-lived'], arrange: cluster({ tags: { purpose: 'scratch' } }) },
    { ...common, name: 'a longer retention', expect: 'compliant', arrange: cluster({ days: 30 }) },
    gone,
  ],
});

describeRemediator(enableAuditLogging, {
  account,
  scenarios: [
    {
      ...common,
      name: 'a cluster without it',
      expect: 'change',
      arrange: cluster(),
      breakAgain: async (sdk, ref) => {
        await client(sdk).send(new DisableLoggingCommand({ ClusterIdentifier: ref.id }));
      },
    },
    { ...common, name: 'a scratch cluster', expect: 'change', hazards: ['short-lived'], arrange: cluster({ tags: { purpose: 'scratch' } }) },
    { ...common, name: 'a cluster with it', expect: 'compliant', arrange: cluster({ logs: true }) },
    gone,
  ],
});

const modified =
  (change: object): Scenario['breakAgain'] =>
  async (sdk, ref) => {
    await client(sdk).send(new ModifyClusterCommand({ ClusterIdentifier: ref.id, ...change }));
  };
const whoModifies: Scenario['event'] = ({ account: owner, region, id }) =>
  cloudTrailEvent({ account: owner, region, service: 'redshift', operation: 'ModifyCluster', request: { clusterIdentifier: id } });
const paused = (given: Given) => async (sdk: Sdk) => {
  const ref = await cluster(given)(sdk);
  await client(sdk).send(new PauseClusterCommand({ ClusterIdentifier: ref.id }));
  return ref;
};

const upgrading = { ...commonFor('AllowVersionUpgrade'), breakAgain: modified({ AllowVersionUpgrade: false }) };
const fixed = { AllowVersionUpgrade: false };
describeRemediator(allowVersionUpgrade, {
  account,
  scenarios: [
    { ...upgrading, name: 'a cluster that takes no versions', expect: 'change', arrange: cluster(fixed) },
    { ...upgrading, name: 'someone has just turned it off', expect: 'change', arrange: cluster(fixed), event: whoModifies },
    { ...upgrading, name: 'a pinned cluster', expect: 'change', hazards: ['pinned-version'], arrange: cluster({ ...fixed, tags: { version: 'pinned' } }) },
    { ...upgrading, name: 'a cluster that is paused', expect: 'change', hazards: ['busy'], arrange: paused(fixed) },
    { ...upgrading, name: 'a cluster that takes them', expect: 'compliant', arrange: cluster({ AllowVersionUpgrade: true }) },
    gone,
  ],
});

const routing = { ...commonFor('EnhancedVpcRouting'), breakAgain: modified({ EnhancedVpcRouting: false }) };
const open = { EnhancedVpcRouting: false };
describeRemediator(enableEnhancedVpcRouting, {
  account,
  scenarios: [
    { ...routing, name: 'a cluster without it', expect: 'change', arrange: cluster(open) },
    { ...routing, name: 'someone has just turned it off', expect: 'change', arrange: cluster(open), event: whoModifies },
    { ...routing, name: 'a cluster that is paused', expect: 'change', hazards: ['busy'], arrange: paused(open) },
    { ...routing, name: 'a cluster with it', expect: 'compliant', arrange: cluster({ EnhancedVpcRouting: true }) },
    gone,
  ],
});

const publicly = { ...commonFor('PubliclyAccessible'), breakAgain: modified({ PubliclyAccessible: true }) };
describeRemediator(disablePublicAccess, {
  account,
  scenarios: [
    { ...publicly, name: 'a public cluster', expect: 'change', arrange: cluster({ PubliclyAccessible: true }) },
    { ...publicly, name: 'someone has just made it public', expect: 'change', arrange: cluster({ PubliclyAccessible: true }), event: whoModifies },
    { ...publicly, name: 'a cluster that is paused', expect: 'change', hazards: ['busy'], arrange: paused({ PubliclyAccessible: true }) },
    { ...publicly, name: 'a private cluster', expect: 'compliant', arrange: cluster({ PubliclyAccessible: false }) },
    gone,
  ],
});

const encrypting = {
  ...commonFor('Encrypted'),
  breakAgain: modified({ Encrypted: false }),
  parameters: { kmsKeyArn: 'arn:aws:kms:{region}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
};
describeRemediator(encryptCluster, {
  account,
  scenarios: [
    { ...encrypting, name: 'a cluster that is not encrypted', expect: 'change', arrange: cluster({ Encrypted: false }) },
    { ...encrypting, name: 'someone has just decrypted it', expect: 'change', arrange: cluster({ Encrypted: false }), event: whoModifies },
    { ...encrypting, name: 'a cluster that is paused', expect: 'change', hazards: ['busy'], arrange: paused({ Encrypted: false }) },
    { ...encrypting, name: 'the policy names no key', expect: 'manual', parameters: {}, arrange: cluster({ Encrypted: false }) },
    { ...encrypting, name: 'an encrypted cluster', expect: 'compliant', arrange: cluster({ Encrypted: true }) },
    gone,
  ],
});

// moto does not change parameters.
const parametric = await parameterService(account.endpoint);
afterAll(() => parametric.close());
const require = async (sdk: Sdk, ParameterGroupName: string, on: boolean) => {
  const Parameters = [{ ParameterName: 'require_ssl', ParameterValue: String(on) }];
  await client(sdk).send(new ModifyClusterParameterGroupCommand({ ParameterGroupName, Parameters }));
};
const groupOf = async (sdk: Sdk, ref: ResourceRef) => {
  const { Clusters: [found] = [] } = await client(sdk).send(new DescribeClustersCommand({ ClusterIdentifier: ref.id }));
  return found?.ClusterParameterGroups?.[0]?.ParameterGroupName ?? '';
};
const grouped =
  (on: boolean, shared = false) =>
  async (sdk: Sdk) => {
    const ParameterGroupName = sdk.name('group');
    await client(sdk).send(new CreateClusterParameterGroupCommand({ ParameterGroupName, ParameterGroupFamily: 'redshift-2.0', Description: 'a test' }));
    await require(sdk, ParameterGroupName, on);
    if (shared) await cluster({ ClusterParameterGroupName: ParameterGroupName })(sdk);
    return cluster({ ClusterParameterGroupName: ParameterGroupName })(sdk);
  };
const tls: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  ...(common.tag === undefined ? {} : { tag: common.tag }),
  rest: async (sdk, ref) => {
    const { Parameters = [] } = await client(sdk).send(new DescribeClusterParametersCommand({ ParameterGroupName: await groupOf(sdk, ref) }));
    const { Clusters } = await client(sdk).send(new DescribeClustersCommand({ ClusterIdentifier: ref.id }));
    return JSON.stringify([Parameters.filter(({ ParameterName }) => ParameterName !== 'require_ssl'), Clusters]);
  },
  breakAgain: async (sdk, ref) => require(sdk, await groupOf(sdk, ref), false),
};
describeRemediator(requireTls, {
  account: parametric,
  scenarios: [
    { ...tls, name: 'a cluster with a parameter group of its own', expect: 'change', arrange: grouped(false) },
    { ...tls, name: 'someone has just changed the cluster', expect: 'change', arrange: grouped(false), event: whoModifies },
    { ...tls, name: 'a parameter group of two clusters', expect: 'change', hazards: ['shared-group'], arrange: grouped(false, true) },
    { ...tls, name: 'a default parameter group', expect: 'manual', arrange: cluster() },
    { ...tls, name: 'a parameter group that requires it', expect: 'compliant', arrange: grouped(true) },
    gone,
  ],
});
