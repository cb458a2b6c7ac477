import { defineResource, defineSetting, given, needs, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { packageRef } from '../package-ref.js';
import { tagsOf } from '../security-group.js';
import { ec2 } from './client.js';
import { inRequest } from './network.js';

/** A Client VPN endpoint. One that is deleted is shown for an hour, and is gone. */
const clientVpnEndpoint = defineResource({
  type: 'AWS::EC2::ClientVpnEndpoint',
  arn: 'arn:{partition}:ec2:{region}:{account}:client-vpn-endpoint/{id}',
  find: {
    reads: [ec2.pick('DescribeClientVpnEndpoints')],
    async of({ aws, id }) {
      const endpoints = given(await aws.ec2.DescribeClientVpnEndpoints({ ClientVpnEndpointIds: [id] }), 'ClientVpnEndpoints');
      const found = endpoints.find((each) => each.ClientVpnEndpointId === id);
      return found?.Status?.Code === 'deleted' ? null : found;
    },
  },
  created: ({ CreationTime }) => CreationTime,
  tags: { of: async ({ found }) => tagsOf((await found()).Tags) },
  list: {
    reads: [ec2.pick('DescribeClientVpnEndpoints')],
    async *of({ aws }) {
      for await (const found of paginate(aws.ec2.DescribeClientVpnEndpoints, {}, 'ClientVpnEndpoints'))
        if (found.ClientVpnEndpointId !== undefined && found.Status?.Code !== 'deleted') yield { id: found.ClientVpnEndpointId, found };
    },
  },
});

/**
 * Logs who connects to a Client VPN endpoint, to a log group that the policy names. Connections that are there stay up: EC2 resets them for another DNS server
 * alone.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-51
 * @see https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/connection-logging.html
 */
export const enableClientVpnLogging = defineSetting({
  on: clientVpnEndpoint,
  id: 'ec2-enable-client-vpn-logging',
  title: 'Turn on connection logging of a Client VPN endpoint',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.51'] },
  rules: { EC2_CLIENT_VPN_CONNECTION_LOG_ENABLED: 'ec2-client-vpn-connection-log-enabled' },
  calls: {
    'ec2:CreateClientVpnEndpoint': 'response.CreateClientVpnEndpointResponse.clientVpnEndpointId',
    'ec2:ModifyClientVpnEndpoint': inRequest('ModifyClientVpnEndpoint', 'ClientVpnEndpointId'),
  },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether the log group exists (if not, EC2 rejects the call), and how long it keeps events.',
    'Names and addresses of people, which such logs contain.',
  ],
  parameters: z.strictObject({
    logGroup: z
      .optional(z.string().check(z.regex(/^[\w./#-]{1,512}$/, 'the name of a log group')))
      .check(z.describe('The log group that receives them, in the same region.')),
    logStream: z
      .optional(z.string().check(z.regex(/^[^:*]{1,512}$/, 'the name of a log stream')))
      .check(z.describe('The log stream in it. Without one, EC2 creates one.')),
  }),
  at: ({ ConnectionLogOptions: options }) => ({
    enabled: options?.Enabled,
    group: options?.CloudwatchLogGroup,
    stream: options?.CloudwatchLogStream,
    policyContext: options?.IncludeAuthorizationPolicyContext,
  }),
  absent: { group: null, stream: null, policyContext: null },
  hazards: [],
  rollback: { restores: 'exact', what: 'Connections are no longer logged.', not: ['Logs written in the meantime stay in the log group.'] },
  alsoFoundBy: { prowler: ['ec2_client_vpn_endpoint_connection_logging_enabled'] },
  inCode: { cloudFormation: 'AWS::EC2::ClientVpnEndpoint ConnectionLogOptions', terraform: 'aws_ec2_client_vpn_endpoint connection_log_options' },
  instead: ({ now, id, parameters: { logGroup } }) => (now.enabled ? null : needs('ec2-enable-client-vpn-logging', `${id} logs no connections`, { logGroup })),
  wanted: ({ now, parameters: { logGroup = null, logStream = null } }) => (now.enabled ? now : { ...now, enabled: true, group: logGroup, stream: logStream }),
  writes: [ec2.pick('ModifyClientVpnEndpoint')],
  write: ({ id, to }) =>
    ec2.call('ModifyClientVpnEndpoint', {
      ClientVpnEndpointId: id,
      ConnectionLogOptions: {
        Enabled: to.enabled,
        ...(to.group === null ? {} : { CloudwatchLogGroup: to.group }),
        ...(to.stream === null ? {} : { CloudwatchLogStream: to.stream }),
        ...(to.policyContext === null ? {} : { IncludeAuthorizationPolicyContext: to.policyContext }),
      },
    }),
  summary: ({ id, to }) => `log connections of ${id} to ${to.group}`,
});
