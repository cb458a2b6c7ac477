import { allOf, defineSetting, given, paginate, tagsIn } from '@redress/core';
import { redshift } from './client.js';
import { cluster, clusterCalls } from './cluster.js';
import { packageRef } from './package-ref.js';

const MARKER = { input: 'Marker', output: 'Marker' } as const;
const PARAMETER = 'require_ssl';

/**
 * Lets only connections with TLS reach a cluster, by its parameter group. It holds when the cluster is rebooted the next time.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-2
 */
export const requireTls = defineSetting({
  on: cluster,
  id: 'redshift-require-tls',
  title: 'Require TLS for connections to a cluster',
  package: packageRef,
  controls: { 'aws-fsbp': ['Redshift.2'] },
  rules: { REDSHIFT_REQUIRE_TLS_SSL: 'redshift-require-tls-ssl' },
  // A call that changes a parameter group names no cluster: sweeps, and AWS Config, find those that use it.
  calls: clusterCalls,
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Clients whose drivers connect without TLS: they are rejected after the next reboot. The connection log shows how each one connects.',
    'When the cluster is rebooted: until then nothing changes. Redress does not reboot it.',
    'Clusters that use the parameter group later.',
  ],
  read: {
    reads: [redshift.pick('DescribeClusterParameters')],
    async of({ aws, found }) {
      const group = (await found()).ClusterParameterGroups?.[0]?.ParameterGroupName;
      if (group === undefined) return { group, required: undefined };
      for await (const each of paginate(aws.redshift.DescribeClusterParameters, { ParameterGroupName: group }, 'Parameters', MARKER))
        if (each.ParameterName === PARAMETER) return { group, required: each.ParameterValue === 'true' };
      return { group, required: undefined };
    },
  },
  context: {
    reads: [redshift.pick('DescribeClusters')],
    async of({ aws, found, id }) {
      const group = (await found()).ClusterParameterGroups?.[0]?.ParameterGroupName;
      const all = await allOf(paginate(aws.redshift.DescribeClusters, {}, 'Clusters', MARKER));
      const using = all.filter((each) => given(each, 'ClusterParameterGroups').some((each) => each.ParameterGroupName === group));
      const others = using.filter((each) => each.ClusterIdentifier !== id);
      const tagged = others.map(({ ClusterIdentifier: other = '?', Tags }) => ({ type: cluster.type, id: other, tags: tagsIn(Tags) }));
      return { using: tagged.sort((a, b) => (a.id < b.id ? -1 : 1)) };
    },
  },
  // The change reaches them, too.
  usedBy: ({ using }) => using,
  exceptionTypes: [cluster.type],
  hazards: [
    {
      code: 'shared-group',
      effect: 'approve',
      what: 'Other clusters use the same parameter group: their clients need TLS, too, after a reboot.',
      advice: 'Ask the owners of the other clusters, or give this cluster its own parameter group first.',
      when: ({ context, now }) =>
        context === undefined || context.using.length === 0
          ? null
          : `${now.group} is also the parameter group of ${context.using.map((each) => each.id).join(', ')}`,
    },
  ],
  rollback: {
    restores: 'exact',
    what: 'The parameter is set back, with effect from the next reboot.',
    not: ['That the parameter was never set: it now counts as set by a user.'],
  },
  alsoFoundBy: { prowler: ['redshift_cluster_in_transit_encryption_enabled'] },
  inCode: { cloudFormation: 'AWS::Redshift::ClusterParameterGroup Parameters require_ssl', terraform: 'aws_redshift_parameter_group parameter require_ssl' },
  instead: ({ now: { group, required }, id }) =>
    required || !group.startsWith('default.')
      ? null
      : {
          status: 'manual',
          message: `${id} accepts connections without TLS, and its parameter group ${group} is a default group of Redshift, which cannot be changed.`,
          steps: [
            `Create a parameter group of the same family with ${PARAMETER} = true, and with all other settings that the cluster needs.`,
            `Assign it to the cluster: aws redshift modify-cluster --cluster-identifier ${id} --cluster-parameter-group-name NAME`,
            'Reboot the cluster when its clients connect with TLS.',
          ],
        },
  wanted: ({ now }) => ({ ...now, required: true }),
  writes: [redshift.pick('ModifyClusterParameterGroup')],
  // Only what is named is changed; the other parameters of the group stay.
  write: ({ to: { group, required } }) =>
    redshift.call('ModifyClusterParameterGroup', {
      ParameterGroupName: group,
      Parameters: [{ ParameterName: PARAMETER, ParameterValue: String(required) }],
    }),
  compliant: () => 'Its parameter group requires TLS. If that is new, it takes effect with the next reboot of the cluster.',
  summary: ({ id, now }) => `require TLS for connections to ${id} from its next reboot, with the parameter group ${now.group}`,
});
