import { type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import {
  allowVersionUpgrade,
  disablePublicAccess,
  enableAuditLogging,
  enableAutomatedSnapshots,
  enableEnhancedVpcRouting,
  encryptCluster,
  requireTls,
} from '../src/index.js';

interface Cluster {
  days: number;
  logged: boolean;
  upgrades: boolean;
  routed: boolean;
  public: boolean;
  encrypted: boolean;
  tls: boolean;
  tags: { Key: string; Value: string }[];
}
type Named = { readonly ClusterIdentifier: string };
interface Modify extends Named {
  readonly AutomatedSnapshotRetentionPeriod?: number;
  readonly AllowVersionUpgrade?: boolean;
  readonly EnhancedVpcRouting?: boolean;
  readonly PubliclyAccessible?: boolean;
  readonly Encrypted?: boolean;
}
interface OfGroup {
  readonly ParameterGroupName: string;
  readonly Parameters?: readonly { readonly ParameterName: string; readonly ParameterValue: string }[];
}
const KEY = 'arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
/** Each cluster has a parameter group of its own. */
const groupOf = (id: string) => `group-of-${id}`;
const known = (custom: Record<string, unknown>, id: string): Cluster => {
  const found = (custom as Record<string, Cluster>)[id];
  if (found === undefined) throw new SimulatedError('ClusterNotFoundFault', 404);
  return found;
};
/** As much of Redshift as the package uses. */
const redshift: Readonly<Record<string, Operation>> = {
  DescribeClusters: ({ custom }, { ClusterIdentifier }: Partial<Named>) => ({
    Clusters: (ClusterIdentifier === undefined ? Object.keys(custom).sort() : [ClusterIdentifier]).map((id) => ({
      ClusterIdentifier: id,
      ClusterCreateTime: new Date('2026-01-02T03:04:05Z'),
      ClusterStatus: 'available',
      AutomatedSnapshotRetentionPeriod: known(custom, id).days,
      AllowVersionUpgrade: known(custom, id).upgrades,
      EnhancedVpcRouting: known(custom, id).routed,
      PubliclyAccessible: known(custom, id).public,
      Encrypted: known(custom, id).encrypted,
      ClusterParameterGroups: [{ ParameterGroupName: groupOf(id) }],
      Tags: known(custom, id).tags,
    })),
  }),
  DescribeLoggingStatus: ({ custom }, { ClusterIdentifier }: Named) => ({ LoggingEnabled: known(custom, ClusterIdentifier).logged }),
  DescribeClusterParameters: ({ custom }, { ParameterGroupName }: OfGroup) => ({
    Parameters: [{ ParameterName: 'require_ssl', ParameterValue: String(known(custom, ParameterGroupName.replace(groupOf(''), '')).tls) }],
  }),
  ModifyClusterParameterGroup: ({ custom }, { ParameterGroupName, Parameters: [first] = [] }: OfGroup) => {
    if (first?.ParameterName !== 'require_ssl') throw new SimulatedError('InvalidParameterValue', 400);
    known(custom, ParameterGroupName.replace(groupOf(''), '')).tls = first.ParameterValue === 'true';
    return {};
  },
  ModifyCluster: ({ custom }, { ClusterIdentifier, ...given }: Modify) => {
    const found = known(custom, ClusterIdentifier);
    found.days = given.AutomatedSnapshotRetentionPeriod ?? found.days;
    found.upgrades = given.AllowVersionUpgrade ?? found.upgrades;
    found.routed = given.EnhancedVpcRouting ?? found.routed;
    found.public = given.PubliclyAccessible ?? found.public;
    found.encrypted = given.Encrypted ?? found.encrypted;
    return {};
  },
  EnableLogging: ({ custom }, { ClusterIdentifier }: Named) => {
    known(custom, ClusterIdentifier).logged = true;
    return {};
  },
  DisableLogging: ({ custom }, { ClusterIdentifier }: Named) => {
    known(custom, ClusterIdentifier).logged = false;
    return {};
  },
};
const sound = (): Cluster => ({ days: 30, logged: true, upgrades: true, routed: true, public: false, encrypted: true, tls: true, tags: [] });

it.each<[id: string, Remediator, broken: Partial<Cluster>]>([
  [enableAutomatedSnapshots.id, enableAutomatedSnapshots, { days: 1 }],
  [enableAuditLogging.id, enableAuditLogging, { logged: false }],
  [allowVersionUpgrade.id, allowVersionUpgrade, { upgrades: false }],
  [enableEnhancedVpcRouting.id, enableEnhancedVpcRouting, { routed: false }],
  [disablePublicAccess.id, disablePublicAccess, { public: true }],
  [requireTls.id, requireTls, { tls: false }],
  [encryptCluster.id, encryptCluster, { encrypted: false }],
])('%s survives every fault at every call', async (_, remediator, broken) => {
  const report = await faultMatrix(remediator, {
    services: { redshift },
    ...(remediator === encryptCluster ? { parameters: { kmsKeyArn: KEY } } : {}),
    arrange(account) {
      Object.assign(account.state.custom, { beside: sound(), subject: sound() });
      const [member] = Object.keys(broken) as [keyof Cluster];
      const subject = () => known(account.state.custom, 'subject');
      return reportedGap({
        resource: resource({ type: 'AWS::Redshift::Cluster', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(subject(), broken),
        isOpen: () => account.state.custom['subject'] !== undefined && subject()[member] === broken[member],
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(subject(), { [member]: sound()[member] }),
          change: () => subject().tags.push({ Key: 'team', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});
