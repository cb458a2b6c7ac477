import { accountInRegion, defineSetting } from '@redress/core';
import { guardduty } from './client.js';
import { packageRef } from './package-ref.js';

/** Plans besides the foundational one: each is billed apart, so that none comes on by the way. */
const PLANS = ['S3_DATA_EVENTS', 'EKS_AUDIT_LOGS', 'EBS_MALWARE_PROTECTION', 'RDS_LOGIN_EVENTS', 'LAMBDA_NETWORK_LOGS', 'RUNTIME_MONITORING'] as const;

/**
 * Turns on GuardDuty in a region: a detector is made, or one that is suspended goes on. It reads logs on the side.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/guardduty-controls.html#guardduty-1
 */
export const enableGuardDuty = defineSetting({
  on: accountInRegion,
  id: 'guardduty-enable',
  title: 'Turn on GuardDuty in the region',
  package: packageRef,
  controls: { 'aws-fsbp': ['GuardDuty.1'] },
  rules: { GUARDDUTY_ENABLED_CENTRALIZED: 'guardduty-enabled-centralized' },
  calls: { 'guardduty:DeleteDetector': 'account', 'guardduty:UpdateDetector': 'account' },
  ceiling: 'enforce',
  blindSpots: [
    'What it costs, depending on the volume of logs.',
    'Whether a delegated administrator turns it on for the organization: an account without a detector does not show it. Whether an administrator suspended the detector, and will do so again.',
    'Which protection plans are wanted in addition to the foundational one: a new detector has none.',
  ],
  read: {
    reads: [guardduty.pick('ListDetectors', 'GetDetector')],
    async of({ aws }) {
      const [detector = null] = (await aws.guardduty.ListDetectors({})).DetectorIds ?? [];
      return { detector, status: detector === null ? 'NONE' : (await aws.guardduty.GetDetector({ DetectorId: detector })).Status };
    },
  },
  hazards: [],
  rollback: {
    restores: 'equivalent',
    what: 'The detector is suspended.',
    not: ['A created detector stays, suspended.', 'Its findings stay.'],
  },
  alsoFoundBy: { prowler: ['guardduty_is_enabled'] },
  inCode: { cloudFormation: 'AWS::GuardDuty::Detector Enable', terraform: 'aws_guardduty_detector enable' },
  wanted: ({ now }) => ({ ...now, status: 'ENABLED' }),
  writes: [guardduty.pick('CreateDetector', 'UpdateDetector')],
  undoes: [guardduty.pick('UpdateDetector')],
  write: ({ now: { detector } }) =>
    detector === null
      ? guardduty.call('CreateDetector', { Enable: true, Features: PLANS.map((Name) => ({ Name, Status: 'DISABLED' as const })) })
      : guardduty.call('UpdateDetector', { DetectorId: detector, Enable: true }),
  undo: ({ now: { detector } }) => ({
    calls: [guardduty.call('UpdateDetector', { DetectorId: detector ?? { $response: '/DetectorId' }, Enable: false })],
    restores: 'equivalent',
  }),
  equivalent: ({ before, after }) => before.status !== 'ENABLED' && after.status !== 'ENABLED',
  summary: ({ resource, now }) => `${now.detector === null ? 'turn on' : 'resume'} GuardDuty in ${resource.region}`,
});
