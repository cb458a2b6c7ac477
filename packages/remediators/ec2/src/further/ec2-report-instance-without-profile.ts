import { defineReport } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { instance, launched } from './network.js';

/**
 * Reports an instance without an instance profile.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/ec2-instance-profile-attached.html
 */
export const reportInstanceWithoutProfile = defineReport({
  on: instance,
  id: 'ec2-report-instance-without-profile',
  title: 'Report instances without an instance profile',
  package: packageRef,
  controls: {
    'cis-aws-foundations-benchmark/v/1.4.0': ['1.18'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['1.18'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['1.17'],
  },
  rules: { EC2_INSTANCE_PROFILE_ATTACHED: 'ec2-instance-profile-attached' },
  calls: { 'ec2:RunInstances': launched },
  alsoFoundBy: { prowler: ['ec2_instance_profile_attached'] },
  blindSpots: ['Access keys on the instance, and whether its programs would prefer the role to them.', 'Whether it calls AWS at all.'],
  at: ({ IamInstanceProfile }) => ({ profile: IamInstanceProfile?.Arn ?? null }),
  absent: { profile: null },
  gap: ({ now, id }) =>
    now.profile !== null
      ? null
      : {
          message: `Instance ${id} has no instance profile: its programs call AWS with access keys, or not at all.`,
          steps: [
            'Find out which credentials it uses to call AWS. If it makes no calls, a profile for Session Manager is enough.',
            'Create a role with the permissions that it needs, and attach its instance profile.',
            'Check that it works with the role, and then remove the access keys from the instance.',
          ],
        },
  closed: 'the instance has an instance profile, or is gone',
});
