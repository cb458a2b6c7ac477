import { defineSetting, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { redshift } from './client.js';
import { cluster } from './cluster.js';
import { packageRef } from './package-ref.js';

const parameters = z.strictObject({
  bucket: z.optional(z.bucketName()).check(z.describe('The bucket that receives the logs. Default: CloudWatch Logs.')),
  prefix: z.optional(z.string()).check(z.describe('The prefix of their object keys.')),
});

/**
 * Turns on audit logging of a cluster: connections and users. Delivery is on the side, and needs no restart.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-4
 */
export const enableAuditLogging = defineSetting({
  on: cluster,
  id: 'redshift-enable-audit-logging',
  title: 'Turn on audit logging of a cluster',
  package: packageRef,
  controls: { 'aws-fsbp': ['Redshift.4'] },
  rules: { REDSHIFT_AUDIT_LOGGING_ENABLED: 'redshift-audit-logging-enabled', REDSHIFT_CLUSTER_CONFIGURATION_CHECK: 'redshift-cluster-configuration-check' },
  calls: { 'redshift:CreateCluster': 'request.clusterIdentifier', 'redshift:DisableLogging': 'request.clusterIdentifier' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'The user activity log, which a parameter group has to turn on.',
    'What the logs cost.',
    'Whether the bucket policy lets redshift.amazonaws.com deliver: if not, Redshift rejects the call.',
    'Encryption of the cluster and its node type, which REDSHIFT_CLUSTER_CONFIGURATION_CHECK also checks.',
  ],
  parameters,
  read: {
    reads: [redshift.pick('DescribeLoggingStatus')],
    async of({ aws, id }) {
      const { LoggingEnabled, LogDestinationType, LogExports, BucketName, S3KeyPrefix } = await aws.redshift.DescribeLoggingStatus({ ClusterIdentifier: id });
      // Where it goes is compared as well: logging that somebody has set up otherwise since is not turned off by a rollback.
      const to = [LogDestinationType ?? null, BucketName ?? null, S3KeyPrefix ?? null, ...(LogExports ?? []).toSorted()];
      return { logged: LoggingEnabled, to: LoggingEnabled === true ? to : [] };
    },
  },
  hazards: [shortLived('its logs cost money, and nobody reads them')],
  rollback: { restores: 'exact', what: 'Audit logging is turned off again.', not: ['Logs delivered in the meantime stay where they are.'] },
  alsoFoundBy: { prowler: ['redshift_cluster_audit_logging'] },
  inCode: { cloudFormation: 'AWS::Redshift::Cluster LoggingProperties', terraform: 'aws_redshift_logging' },
  // It looks for encryption, too, which is not judged here.
  judge: ({ claim, state }) => (state.logged && claim.isRule('REDSHIFT_CLUSTER_CONFIGURATION_CHECK') ? null : []),
  wanted: ({ now }) => ({ ...now, logged: true }),
  writes: [redshift.pick('EnableLogging')],
  undoes: [redshift.pick('DisableLogging')],
  write({ id, to, parameters: { bucket, prefix } }) {
    if (!to.logged) return redshift.call('DisableLogging', { ClusterIdentifier: id });
    return redshift.call('EnableLogging', {
      ClusterIdentifier: id,
      ...(bucket === undefined
        ? { LogDestinationType: 'cloudwatch', LogExports: ['connectionlog', 'userlog'] }
        : { LogDestinationType: 's3', BucketName: bucket, ...(prefix === undefined ? {} : { S3KeyPrefix: prefix }) }),
    });
  },
  summary: ({ id, parameters: { bucket } }) => `turn on audit logging of ${id}, to ${bucket ?? 'CloudWatch Logs'}`,
});
