import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { enableSiteVpnLogging } from '../index.js';

const vpn = resource({ type: 'AWS::EC2::VPNConnection', id: 'vpn-1', account: '111111111111', region: 'eu-west-1' });
const GROUP = 'arn:aws:logs:{region}:111111111111:log-group:vpn';
const HERE = 'arn:aws:logs:eu-west-1:111111111111:log-group:vpn';
const ON = { LogEnabled: true, LogGroupArn: 'own' };
/** Tunnels: what each logs, and whether it is up. */
type Tunnels = readonly (readonly [log: object | undefined, up: boolean | undefined])[];
const world = (...tunnels: Tunnels) => ({
  ec2: {
    DescribeVpnConnections: {
      VpnConnections: [
        {
          VpnConnectionId: 'vpn-1',
          State: 'available',
          Tags: [],
          Options: {
            TunnelOptions: tunnels.map(([CloudWatchLogOptions], at) => ({
              OutsideIpAddress: `203.0.113.${at + 1}`,
              PreSharedKey: 'not-to-be-kept',
              ...(CloudWatchLogOptions === undefined ? {} : { LogOptions: { CloudWatchLogOptions } }),
            })),
          },
          VgwTelemetry: tunnels.flatMap(([, up], at) => (up === undefined ? [] : [{ OutsideIpAddress: `203.0.113.${at + 1}`, Status: up ? 'UP' : 'DOWN' }])),
        },
      ],
    },
  },
});
const parameters = { logGroupArn: GROUP };
const modify = (address: string, CloudWatchLogOptions: object) => ({
  operation: 'ModifyVpnTunnelOptions',
  retry: 'verify-first',
  input: { VpnConnectionId: 'vpn-1', VpnTunnelOutsideIpAddress: address, TunnelOptions: { LogOptions: { CloudWatchLogOptions } } },
});

describe('tunnels of a VPN connection without logs', () => {
  it('are changed one at a time: the first of two, and the second stays open', async () => {
    const assessment = await assess(enableSiteVpnLogging, vpn, world([undefined, true], [{ LogEnabled: false }, true]), { parameters });
    expect(assessment).toMatchObject({
      status: 'change',
      open: ['203.0.113.2 is not logged yet: it follows when 203.0.113.1 is up again'],
      changes: [
        {
          call: modify('203.0.113.1', { LogEnabled: true, LogGroupArn: HERE }),
          undo: { restores: 'equivalent', calls: [modify('203.0.113.1', { LogEnabled: false })] },
          resolves: false,
        },
      ],
    });
    expect(assessment.status === 'change' && assessment.changes).toHaveLength(1);
  });
  it('have not drifted if one comes up or goes down, and both are read again right before the change', async () => {
    const seen = async (up: boolean) => {
      const { ec2 } = world([undefined, true], [ON, up]);
      const aws = { ec2: { DescribeVpnConnections: async () => ec2.DescribeVpnConnections } } as never;
      return enableSiteVpnLogging.observe({ aws, resource: vpn, parameters, purpose: 'confirmation', observedAt: 0 } as never);
    };
    const [up, down] = [await seen(true), await seen(false)];
    expect(up).toMatchObject({ context: { up: ['203.0.113.1', '203.0.113.2'] } });
    expect(down).toMatchObject({ context: { up: ['203.0.113.1'] } });
    expect(up !== 'gone' && down !== 'gone' && up.state).toEqual(down !== 'gone' && down.state);
  });
  it('are changed while the other one is up, with their own log options and not those of the other one, and nothing is left then', async () => {
    const own = { LogOutputFormat: 'text', BgpLogEnabled: true, BgpLogGroupArn: 'bgp' };
    const other = { ...ON, LogOutputFormat: 'json', BgpLogEnabled: false, BgpLogOutputFormat: 'json' };
    const assessment = await assess(enableSiteVpnLogging, vpn, world([other, true], [{ LogEnabled: false, ...own }, false]), { parameters });
    const { changes = [] } = assessment.status === 'change' ? assessment : {};
    expect(changes.map(({ call, undo, resolves }) => ({ call, undo, resolves }))).toEqual([
      {
        call: { service: 'ec2', ...modify('203.0.113.2', { LogEnabled: true, LogGroupArn: HERE, ...own }) },
        undo: { restores: 'equivalent', calls: [{ service: 'ec2', ...modify('203.0.113.2', { LogEnabled: false, ...own }) }] },
        resolves: true,
      },
    ]);
    expect(assessment).not.toHaveProperty('open');
  });
  it.each<[string, Tunnels]>([
    [
      'is down',
      [
        [undefined, true],
        [ON, false],
      ],
    ],
    [
      'has an unknown status',
      [
        [undefined, true],
        [ON, undefined],
      ],
    ],
  ])('are not changed if the other one %s', async (_, tunnels) => {
    expect(await assess(enableSiteVpnLogging, vpn, world(...tunnels), { parameters })).toMatchObject({
      hazards: [{ code: 'other-tunnel-down', effect: 'notify', message: 'The change takes 203.0.113.1 down, and 203.0.113.2 is not known to be up' }],
    });
  });
  it('are not changed if there is no other one, or the connection is being changed', async () => {
    expect((await assess(enableSiteVpnLogging, vpn, world([undefined, true]), { parameters })).status).toBe('manual');
    const { ec2 } = world([undefined, true], [ON, true]);
    const [connection] = ec2.DescribeVpnConnections.VpnConnections;
    const modifying = { ec2: { DescribeVpnConnections: { VpnConnections: [{ ...connection, State: 'modifying' }] } } };
    expect(await assess(enableSiteVpnLogging, vpn, modifying, { parameters })).toMatchObject({ hazards: [{ message: 'vpn-1 is modifying' }] });
  });
  it('need a log group in the policy', async () => {
    expect(await assess(enableSiteVpnLogging, vpn, world([ON, true], [undefined, true]))).toMatchObject({
      status: 'manual',
      message: 'vpn-1 does not log 203.0.113.2. The policy does not name logGroupArn, so nothing is changed.',
    });
  });
  it('have keys in the same response, which are not stored', async () => {
    const seen = await enableSiteVpnLogging.observe({
      aws: { ec2: { DescribeVpnConnections: async () => world([ON, true], [ON, true]).ec2.DescribeVpnConnections } },
      resource: vpn,
      parameters,
      purpose: 'decision',
      observedAt: 0,
    } as never);
    expect(JSON.stringify(seen)).toContain('203.0.113.1');
    expect(JSON.stringify(seen)).not.toContain('not-to-be-kept');
  });
  it('cannot be read if EC2 omits them', async () => {
    const replies = {
      ec2: { DescribeVpnConnections: { VpnConnections: [{ VpnConnectionId: 'vpn-1', State: 'available', Options: {}, VgwTelemetry: [], Tags: [] }] } },
    };
    await expect(look(enableSiteVpnLogging, vpn, replies)).rejects.toThrow('TunnelOptions');
  });
});
