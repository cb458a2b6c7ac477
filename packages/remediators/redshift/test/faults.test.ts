import { type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { allowVersionUpgrade, enableAuditLogging, enableAutomatedSnapshots, enableEnhancedVpcRouting } from '../src/index.js';

interface Cluster {
  days: number;
  logged: boolean;
  upgrades: boolean;
  routed: boolean;
  tags: { Key: string; Value: string }[];
}
type Named = { readonly ClusterIdentifier: string };
type Modify = Named & { readonly AutomatedSnapshotRetentionPeriod?: number; readonly AllowVersionUpgrade?: boolean; readonly EnhancedVpcRouting?: boolean };
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
      Tags: known(custom, id).tags,
    })),
  }),
  DescribeLoggingStatus: ({ custom }, { ClusterIdentifier }: Named) => ({ LoggingEnabled: known(custom, ClusterIdentifier).logged }),
  ModifyCluster: ({ custom }, { ClusterIdentifier, AutomatedSnapshotRetentionPeriod, AllowVersionUpgrade, EnhancedVpcRouting }: Modify) => {
    const found = known(custom, ClusterIdentifier);
    found.days = AutomatedSnapshotRetentionPeriod ?? found.days;
    found.upgrades = AllowVersionUpgrade ?? found.upgrades;
    found.routed = EnhancedVpcRouting ?? found.routed;
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
const sound = (): Cluster => ({ days: 30, logged: true, upgrades: true, routed: true, tags: [] });

it.each<[id: string, Remediator, broken: Partial<Cluster>]>([
  [enableAutomatedSnapshots.id, enableAutomatedSnapshots, { days: 1 }],
  [enableAuditLogging.id, enableAuditLogging, { logged: false }],
  [allowVersionUpgrade.id, allowVersionUpgrade, { upgrades: false }],
  [enableEnhancedVpcRouting.id, enableEnhancedVpcRouting, { routed: false }],
])('%s survives every fault at every call', async (_, remediator, broken) => {
  const report = await faultMatrix(remediator, {
    services: { redshift },
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
