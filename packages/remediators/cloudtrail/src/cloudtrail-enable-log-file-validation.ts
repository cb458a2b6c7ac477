import { defineSetting } from '@redress/core';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { trail } from './trail.js';

/**
 * Turns on log file validation of a trail: digests are delivered beside the logs.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/cloudtrail-controls.html#cloudtrail-4
 */
export const enableLogFileValidation = defineSetting({
  on: trail,
  id: 'cloudtrail-enable-log-file-validation',
  title: 'Turn on log file validation of a trail',
  package: packageRef,
  controls: {
    'aws-fsbp': ['CloudTrail.4'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['3.2'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['3.2'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['3.2'],
  },
  rules: { CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED: 'cloud-trail-log-file-validation-enabled' },
  calls: { 'cloudtrail:CreateTrail': 'request.name', 'cloudtrail:UpdateTrail': 'request.name' },
  ceiling: 'enforce',
  blindSpots: ['Logs delivered earlier: they have no digests.', 'Programs that read every object of the bucket, and do not expect digest files.'],
  at: ({ LogFileValidationEnabled }) => ({ validated: LogFileValidationEnabled }),
  hazards: [],
  rollback: { restores: 'exact', what: 'Log file validation is turned off again.', not: ['Digest files delivered in the meantime stay.'] },
  alsoFoundBy: { prowler: ['cloudtrail_log_file_validation_enabled'] },
  inCode: { cloudFormation: 'AWS::CloudTrail::Trail EnableLogFileValidation', terraform: 'aws_cloudtrail enable_log_file_validation' },
  wanted: () => ({ validated: true }),
  writes: [cloudtrail.pick('UpdateTrail')],
  write: ({ id, to }) => cloudtrail.call('UpdateTrail', { Name: id, EnableLogFileValidation: to.validated }),
  summary: ({ id }) => `turn on log file validation of the trail ${id}`,
});
