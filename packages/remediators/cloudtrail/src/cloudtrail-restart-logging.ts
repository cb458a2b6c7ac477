import { defineSetting } from '@redress/core';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { copiesOf, READS, retired, stopping } from './recorders.js';
import { trail } from './trail.js';

/**
 * Starts a trail that was stopped. Whoever attacks stops logging first.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html
 */
export const restartLogging = defineSetting({
  on: trail,
  id: 'cloudtrail-restart-logging',
  title: 'Start a trail that was stopped',
  package: packageRef,
  controls: {
    'aws-fsbp': ['CloudTrail.1', 'CloudTrail.3'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['3.1'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['3.1'],
  },
  rules: { CLOUD_TRAIL_ENABLED: 'cloudtrail-enabled' },
  calls: { 'cloudtrail:StopLogging': 'request.name', 'cloudtrail:CreateTrail': 'request.name' },
  ceiling: 'enforce',
  blindSpots: [
    'Events while it was stopped: they are in the 90-day event history, but in no trail.',
    'Whether its bucket still accepts its deliveries.',
    'Single-region trails of other regions, and event data stores, that already record the same events: each further copy is billed.',
  ],
  read: {
    reads: [cloudtrail.pick('GetTrailStatus')],
    async of({ aws, id }) {
      const { IsLogging, StartLoggingTime } = await aws.cloudtrail.GetTrailStatus({ Name: id });
      // When it was started shows that it is still the same start.
      return { logging: IsLogging, since: StartLoggingTime?.toISOString() };
    },
  },
  absent: { since: null },
  context: { reads: READS, of: async ({ aws, arn }) => ({ copies: await copiesOf(arn, aws.cloudtrail) }) },
  contextHolds: true,
  hazards: [
    {
      code: 'second-copy',
      effect: 'approve',
      what: 'Another trail records management events: this one may have been stopped because it is a further copy, which is billed.',
      advice: 'Ask its owner. Approve if it records more than the other one; otherwise record an exception.',
      when: ({ context }) => (context === undefined || context.copies.length === 0 ? null : `${context.copies.join(', ')} records management events`),
    },
    retired,
  ],
  rollback: {
    restores: 'equivalent',
    by: 'person',
    what: 'A person stops the trail again. No role of Redress may.',
    not: ['Logs delivered until then stay in its bucket.', 'Events after that are not in the trail.'],
  },
  alsoFoundBy: { prowler: ['cloudtrail_multi_region_enabled'] },
  inCode: { cloudFormation: 'AWS::CloudTrail::Trail IsLogging', terraform: 'aws_cloudtrail enable_logging' },
  wanted: ({ now }) => ({ ...now, logging: true }),
  writes: [cloudtrail.pick('StartLogging')],
  undoes: [cloudtrail.pick('StopLogging')],
  write: ({ id }) => cloudtrail.call('StartLogging', { Name: id }),
  undo: ({ id }) => stopping(id),
  equivalent: ({ before, after }) => before.logging === after.logging,
  summary: ({ id }) => `start the trail ${id}`,
});
