import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { allowVersionUpgrade, enableEnhancedVpcRouting } from './index.js';

const REF = resource({ type: 'AWS::Redshift::Cluster', id: 'reports', account: '111111111111', region: 'eu-west-1' });
const MADE = new Date('2026-01-02T03:04:05Z');

async function assess(found: object) {
  const Clusters = [{ ClusterIdentifier: 'reports', ClusterCreateTime: MADE, ClusterStatus: 'available', EnhancedVpcRouting: false, Tags: [], ...found }];
  const aws = { redshift: { DescribeClusters: async () => ({ Clusters }) } };
  const seen = await enableEnhancedVpcRouting.observe({ aws, resource: REF, parameters: {}, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('It is there.');
  return enableEnhancedVpcRouting.plan({ state: seen.state, context: seen.context, resource: REF, parameters: {}, observedAt: 0 } as never);
}

describe('enhanced VPC routing', () => {
  it('that Redshift is turning on is not turned on again', async () => {
    expect(await assess({ PendingModifiedValues: { EnhancedVpcRouting: true } })).toMatchObject({ status: 'manual' });
    expect(await assess({ PendingModifiedValues: { EnhancedVpcRouting: false } })).toMatchObject({ status: 'change' });
  });
  it('of a cluster that is not available needs an approval', async () => {
    expect(await assess({})).toMatchObject({ status: 'change', hazards: [] });
    expect(await assess({ ClusterStatus: 'resizing' })).toMatchObject({ hazards: [{ code: 'busy', effect: 'approve' }] });
  });
  it('that Redshift is turning off counts as off', () => {
    const state = (routed: boolean, pending: boolean | null) => ({ created: MADE.toISOString(), routed, pending });
    expect(enableEnhancedVpcRouting.equivalent(state(false, null), state(true, false))).toBe(true);
    expect(enableEnhancedVpcRouting.equivalent(state(false, null), state(true, null))).toBe(false);
  });
});

it('a rule about more than versions is not judged by them', async () => {
  const judge = (parameters: Record<string, string> | null) =>
    allowVersionUpgrade.judge?.({
      state: { created: MADE.toISOString(), upgrades: true },
      claim: { controls: [], configRule: 'redshift-cluster-maintenancesettings-check', isRule: () => true, parameters, observedAt: 0 },
      resource: REF,
      parameters: {},
    } as never);
  expect(await judge({ allowVersionUpgrade: 'true' })).toEqual([]);
  expect(await judge({ allowVersionUpgrade: 'true', preferredMaintenanceWindow: 'sun:03:00-sun:04:00' })).toBeNull();
});
