import { defineSetting, needs } from '@redress/core';
import * as z from '@redress/core/parameters';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { trail } from './trail.js';

const parameters = z.strictObject({
  logGroupArn: z
    .optional(
      z
        .string()
        .check(
          z.regex(
            /^arn:[^:]+:logs:[^:]+:(?:[0-9]{12}|\{account\}):log-group:[^:]+:\*$/,
            'the ARN of a log group, with :* at its end; it may contain {account} and {region}',
          ),
        ),
    )
    .check(z.describe('The log group that receives trail events.')),
  roleArn: z.optional(z.roleArn()).check(z.describe('The role with which CloudTrail writes. It is passed to cloudtrail.amazonaws.com.')),
});

/**
 * Sends a trail to CloudWatch Logs, besides its bucket.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/cloudtrail-controls.html#cloudtrail-5
 */
export const sendToCloudWatchLogs = defineSetting({
  on: trail,
  id: 'cloudtrail-send-to-cloudwatch-logs',
  title: 'Send a trail to CloudWatch Logs',
  package: packageRef,
  controls: { 'aws-fsbp': ['CloudTrail.5'], 'cis-aws-foundations-benchmark/v/1.4.0': ['3.4'] },
  rules: { CLOUD_TRAIL_CLOUD_WATCH_LOGS_ENABLED: 'cloud-trail-cloud-watch-logs-enabled' },
  calls: { 'cloudtrail:CreateTrail': 'request.name', 'cloudtrail:UpdateTrail': 'request.name' },
  ceiling: 'enforce',
  blindSpots: [
    'What the ingestion costs.',
    'Whether the role is allowed to write to the log group: if not, CloudTrail rejects the call.',
    'Who can read the log group, and with it the events of the trail.',
  ],
  parameters,
  at: ({ CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn }) => ({ group: CloudWatchLogsLogGroupArn || undefined, role: CloudWatchLogsRoleArn || undefined }),
  // A trail that is not sent there is described without either, or with empty texts.
  absent: { group: null, role: null },
  hazards: [],
  rollback: { restores: 'exact', what: 'The trail is again delivered only to its bucket.', not: ['Events sent to the log group in the meantime stay there.'] },
  alsoFoundBy: { prowler: ['cloudtrail_cloudwatch_logging_enabled'] },
  inCode: {
    cloudFormation: 'AWS::CloudTrail::Trail CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn',
    terraform: 'aws_cloudtrail cloud_watch_logs_group_arn, cloud_watch_logs_role_arn',
  },
  instead: ({ now, id, parameters: { logGroupArn, roleArn } }) =>
    now.group === null ? needs('cloudtrail-send-to-cloudwatch-logs', `The trail ${id} is not sent to CloudWatch Logs`, { logGroupArn, roleArn }) : null,
  wanted: ({ now, parameters: { logGroupArn = null, roleArn = null } }) => (now.group === null ? { group: logGroupArn, role: roleArn } : now),
  writes: [cloudtrail.pickWith('UpdateTrail', 'iam:PassRole')],
  passes: [{ parameter: 'roleArn', service: 'cloudtrail.amazonaws.com' }],
  undoes: [cloudtrail.pick('UpdateTrail')],
  // Empty texts take both away.
  write: ({ id, to: { group, role } }) =>
    cloudtrail.call('UpdateTrail', { Name: id, CloudWatchLogsLogGroupArn: group ?? '', CloudWatchLogsRoleArn: role ?? '' }),
  summary: ({ id, to }) => `send the trail ${id} to ${to.group}`,
});
