import { accountInRegion, classifyAwsError, defineSetting, given } from '@redress/core';
import { securityhub } from './client.js';
import { packageRef } from './package-ref.js';

/** Security Hub answers InvalidAccessException where it is off, as it does where access is refused: only its text says which. */
const isOff = (error: unknown) => {
  const { name, message } = classifyAwsError(error instanceof Error ? (error.cause ?? error) : error);
  return (name === 'InvalidAccessException' || name === 'ResourceNotFoundException') && /not subscribed|not enabled|not found/i.test(message);
};

/**
 * Turns on Security Hub in a region, without standards: which ones count is a decision of its own.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/securityhub-enabled.html
 */
export const enableSecurityHub = defineSetting({
  on: accountInRegion,
  id: 'securityhub-enable',
  title: 'Turn on Security Hub in the region',
  package: packageRef,
  controls: { 'cis-aws-foundations-benchmark/v/3.0.0': ['4.16'], 'cis-aws-foundations-benchmark/v/5.0.0': ['4.16'] },
  rules: { SECURITYHUB_ENABLED: 'securityhub-enabled' },
  calls: { 'securityhub:DisableSecurityHub': 'account' },
  ceiling: 'enforce',
  blindSpots: [
    'What its checks and findings cost.',
    'Whether AWS Config records here: without it most controls find nothing.',
    'Whether a central configuration of the organization keeps it off: then it is turned off again.',
  ],
  read: {
    reads: [securityhub.pick('DescribeHub')],
    async of({ aws }) {
      try {
        const hub = await aws.securityhub.DescribeHub({});
        // Since when shows that nobody has turned it off and on again.
        return { enabled: hub.HubArn === undefined ? undefined : true, since: given(hub, 'SubscribedAt') };
      } catch (error) {
        if (isOff(error)) return { enabled: false, since: null };
        throw error;
      }
    },
  },
  hazards: [],
  rollback: {
    restores: 'exact',
    by: 'person',
    what: 'A person turns it off again. No role of Redress may.',
    not: ['Its findings, and what was set up in it in the meantime.'],
  },
  alsoFoundBy: { prowler: ['securityhub_enabled'] },
  inCode: { cloudFormation: 'AWS::SecurityHub::Hub', terraform: 'aws_securityhub_account' },
  wanted: ({ now }) => ({ ...now, enabled: true }),
  writes: [securityhub.pick('EnableSecurityHub')],
  undoes: [securityhub.pick('DisableSecurityHub')],
  write: () => securityhub.call('EnableSecurityHub', { EnableDefaultStandards: false }),
  undo: ({ resource }) => ({
    calls: [securityhub.call('DisableSecurityHub', {})],
    restores: 'exact',
    destroys: `the findings of Security Hub in ${resource.region}, and its settings`,
  }),
  summary: ({ resource }) => `turn on Security Hub in ${resource.region}`,
});
