import { defineResource, defineSetting, given, needs } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { tagsOf } from '../security-group.js';
import { ec2 } from './client.js';
import { inRequest } from './network.js';

/** A Site-to-Site VPN connection. One that is deleted is shown for some time, and is gone. */
const vpnConnection = defineResource({
  type: 'AWS::EC2::VPNConnection',
  arn: 'arn:{partition}:ec2:{region}:{account}:vpn-connection/{id}',
  find: {
    reads: [ec2.pick('DescribeVpnConnections')],
    async of({ aws, id }) {
      const connections = given(await aws.ec2.DescribeVpnConnections({ VpnConnectionIds: [id] }), 'VpnConnections');
      const found = connections.find((each) => each.VpnConnectionId === id);
      return found?.State === 'deleted' ? null : found;
    },
  },
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeVpnConnections')],
    async *of({ aws }) {
      for (const found of given(await aws.ec2.DescribeVpnConnections({}), 'VpnConnections'))
        if (found.VpnConnectionId !== undefined && found.State !== 'deleted') yield { id: found.VpnConnectionId, found };
    },
  },
});

/** A tunnel, and where its logs go. */
interface Tunnel {
  readonly address: string;
  readonly log: { readonly LogEnabled?: boolean; readonly LogGroupArn?: string; readonly LogOutputFormat?: string };
}
const isSilent = ({ log }: Tunnel) => log.LogEnabled !== true;
/** The tunnel whose turn it is. */
const nextOf = (tunnels: readonly Tunnel[]) => tunnels.find(isSilent);
/** Lets a tunnel log as it says; one that says nothing of it logs nothing. */
const logAs = (id: string, tunnel: Tunnel | undefined) =>
  ec2.call('ModifyVpnTunnelOptions', {
    VpnConnectionId: id,
    VpnTunnelOutsideIpAddress: tunnel?.address,
    TunnelOptions: { LogOptions: { CloudWatchLogOptions: { LogEnabled: false, ...tunnel?.log } } },
  });

/**
 * Turns on the logs of one tunnel of a Site-to-Site VPN connection, while the other one is up: EC2 replaces the tunnel, which is down for some minutes. The
 * other tunnel is changed by a run of its own, once this one is up again.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-171
 * @see https://docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-logs.html
 */
export const enableSiteVpnLogging = defineSetting({
  on: vpnConnection,
  id: 'ec2-enable-site-vpn-logging',
  title: 'Turn on tunnel logs of a Site-to-Site VPN connection, one tunnel at a time',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.171'] },
  rules: { EC2_VPN_CONNECTION_LOGGING_ENABLED: 'ec2-vpn-connection-logging-enabled' },
  calls: {
    'ec2:CreateVpnConnection': 'response.vpnConnection.vpnConnectionId',
    'ec2:ModifyVpnTunnelOptions': inRequest('ModifyVpnTunnelOptions', 'VpnConnectionId'),
  },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether the customer gateway fails over to the other tunnel automatically: some need a manual change.',
    'Whether the log group exists (if not, EC2 rejects the call), and whether Site-to-Site VPN may write to it.',
  ],
  parameters: z.strictObject({
    logGroupArn: z.optional(z.logGroupArn()).check(z.describe('The log group that receives them, in the region of the connection.')),
  }),
  // The keys of the tunnels are in the same reply, and are not kept.
  at: (found) => ({
    tunnels: given(given(found, 'Options'), 'TunnelOptions')
      .map((tunnel): Tunnel => {
        const address = given(tunnel, 'OutsideIpAddress');
        return { address, log: { ...tunnel.LogOptions?.CloudWatchLogOptions } as Tunnel['log'] };
      })
      .sort((a, b) => (a.address < b.address ? -1 : 1)),
  }),
  // Not of the state: a tunnel that comes up again is no drift.
  context: {
    async of({ found }) {
      const { State, VgwTelemetry = [] } = await found();
      return { state: State ?? 'unknown', up: VgwTelemetry.flatMap(({ OutsideIpAddress = '', Status }) => (Status === 'UP' ? [OutsideIpAddress] : [])) };
    },
  },
  contextHolds: true,
  hazards: [
    {
      code: 'other-tunnel-down',
      effect: 'notify',
      what: 'The change takes a tunnel down, and no other tunnel is known to be up.',
      advice: 'Bring the other tunnel up, and check that the customer gateway can use either. A tunnel that has just been changed needs some minutes.',
      when({ context, now: { tunnels }, id }) {
        if (context === undefined) return null;
        if (context.state !== 'available') return `${id} is ${context.state}`;
        const next = nextOf(tunnels);
        const down = tunnels.filter((each) => each !== next && !context.up.includes(each.address)).map(({ address }) => address);
        return down.length === 0 ? null : `The change takes ${next?.address} down, and ${down.join(' and ')} is not known to be up`;
      },
    },
  ],
  rollback: {
    restores: 'equivalent',
    what: 'The tunnel no longer logs anything. The rollback also takes it down for some minutes, even if the other tunnel is down.',
    not: ['Logs written in the meantime stay in the log group.'],
  },
  inCode: { cloudFormation: 'AWS::EC2::VPNConnection VpnTunnelOptionsSpecifications.LogOptions', terraform: 'aws_vpn_connection tunnel1_log_options' },
  instead({ now: { tunnels }, id, parameters: { logGroupArn } }) {
    const silent = tunnels.filter(isSilent);
    if (silent.length === 0) return null;
    const gap = `${id} does not log ${silent.map(({ address }) => address).join(' and ')}`;
    const missing = needs('ec2-enable-site-vpn-logging', gap, { logGroupArn });
    if (missing !== null || tunnels.length > 1) return missing;
    return {
      status: 'manual',
      message: `${gap}, and the change would take down its only tunnel, so nothing is changed.`,
      steps: ['Add a second tunnel, and check that the customer gateway can use either.'],
    };
  },
  wanted({ now, parameters: { logGroupArn = '' } }) {
    const next = nextOf(now.tunnels);
    const log = { LogEnabled: true, LogGroupArn: logGroupArn };
    return { ...now, tunnels: now.tunnels.map((each) => (each === next ? { ...each, log: { ...each.log, ...log } } : each)) };
  },
  writes: [ec2.pick('ModifyVpnTunnelOptions')],
  write: ({ id, now, to }) =>
    logAs(
      id,
      to.tunnels.find(({ address, log }) => now.tunnels.some((each) => each.address === address && each.log !== log)),
    ),
  undo: ({ id, now }) => ({ calls: [logAs(id, nextOf(now.tunnels))], restores: 'equivalent' }),
  equivalent: ({ before, after }) =>
    before.tunnels.length === after.tunnels.length &&
    before.tunnels.every(({ address, log }) => after.tunnels.some((each) => each.address === address && isSilent(each) === (log.LogEnabled !== true))),
  open({ now, to }) {
    const left = to.tunnels.filter(isSilent).map(({ address }) => address);
    return left.length === 0 ? undefined : left.map((address) => `${address} is not logged yet: it follows when ${nextOf(now.tunnels)?.address} is up again`);
  },
  summary: ({ id, now }) => `log tunnel ${nextOf(now.tunnels)?.address} of ${id}, which takes it down for some minutes`,
});
