import { defineSetting, given } from '@redress/core';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { takesManagement } from './selectors.js';
import { trail } from './trail.js';

/** One that was stopped longer ago was not stopped just now by an attacker. */
const RECENT = 7 * 86_400_000;

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
    'Single-region trails of other regions, and event data stores, that record the same events: each further copy is billed.',
  ],
  read: {
    reads: [cloudtrail.pick('GetTrailStatus')],
    async of({ aws, id }) {
      const status = await aws.cloudtrail.GetTrailStatus({ Name: id });
      // Since when shows that nobody has stopped and started it again.
      return { logging: status.IsLogging, since: status.IsLogging === true ? given(status, 'StartLoggingTime').toISOString() : null };
    },
  },
  context: {
    reads: [cloudtrail.pick('GetTrailStatus', 'DescribeTrails', 'GetEventSelectors')],
    async of({ aws, id, arn, found }) {
      const own = await aws.cloudtrail.GetTrailStatus({ Name: id });
      const stopped = own.StopLoggingTime?.getTime() ?? null;
      const copies: string[] = [];
      // Nothing is done about a trail that logs, so the others do not count.
      if (given(own, 'IsLogging')) return { copies, stopped, ofOrganization: false };
      for (const { TrailARN: other = '' } of given(await aws.cloudtrail.DescribeTrails({ includeShadowTrails: true }), 'trailList')) {
        if (other === arn || !given(await aws.cloudtrail.GetTrailStatus({ Name: other }), 'IsLogging')) continue;
        if (takesManagement(await aws.cloudtrail.GetEventSelectors({ TrailName: other }))) copies.push(other);
      }
      return { copies, stopped, ofOrganization: (await found()).IsOrganizationTrail !== false };
    },
  },
  contextHolds: true,
  hazards: [
    {
      code: 'not-stopped-just-now',
      effect: 'approve',
      what: 'It was stopped more than seven days ago, or was never started: that may be on purpose.',
      advice: 'Ask its owner. Approve if it is to record; otherwise record an exception.',
      when({ context, observedAt }) {
        if (context === undefined) return null;
        if (context.stopped === null) return 'It was never started';
        return observedAt - context.stopped > RECENT ? `It was stopped on ${new Date(context.stopped).toISOString()}` : null;
      },
    },
    {
      code: 'second-copy',
      effect: 'approve',
      what: 'Another trail records management events: this one may have been stopped because it is a further copy, which is billed.',
      advice: 'Ask its owner. Approve if it records more than the other one; otherwise record an exception.',
      when: ({ context }) => (context === undefined || context.copies.length === 0 ? null : `${context.copies.join(', ')} records management events`),
    },
    {
      code: 'organization-trail',
      effect: 'approve',
      what: 'It is a trail of the organization: it records every account, and is billed for each that has a trail of its own.',
      advice: 'Find out whether the accounts have trails of their own. Then approve, or record an exception.',
      when: ({ context, id }) => (context?.ofOrganization === true ? `${id} is a trail of the organization` : null),
    },
    {
      code: 'retired',
      effect: 'approve',
      what: 'Tags mark the trail as retired: its deliveries are billed, and may duplicate another trail.',
      advice: 'Ask its owner. Approve if no other trail records the same events; otherwise record an exception.',
      words: ['retired', 'retirement', 'deprecated', 'decommissioned', 'obsolete'],
    },
  ],
  rollback: {
    restores: 'exact',
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
  undo: ({ id }) => ({
    calls: [cloudtrail.call('StopLogging', { Name: id })],
    restores: 'exact',
    destroys: `what ${id} would record from then on, unless another trail records it`,
  }),
  summary: ({ id }) => `start the trail ${id}`,
});
