import * as z from '@redress/core/parameters';
import { defineLaunchTemplateSetting, each } from './launch-template.js';

type Volume = Readonly<Record<string, unknown>> | undefined;
const volumeOf = (device: Readonly<Record<string, unknown>>) => device['Ebs'] as Volume;
const isPlain = (volume: Volume) => volume !== undefined && volume['Encrypted'] !== true;

/**
 * Encrypts the volumes that the default version of a launch template names. One from a snapshot is encrypted as that is: such a template is left to people.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-181
 */
export const encryptVolumesInLaunchTemplate = defineLaunchTemplateSetting({
  id: 'ec2-encrypt-volumes-in-launch-template',
  title: 'Create a launch template version that encrypts its volumes',
  controls: { 'aws-fsbp': ['EC2.181'] },
  rules: {
    EC2_LAUNCH_TEMPLATES_EBS_VOLUME_ENCRYPTED: 'ec2-launch-templates-ebs-volume-encrypted',
    EC2_LAUNCHTEMPLATE_EBS_ENCRYPTED: 'ec2-launchtemplate-ebs-encrypted',
  },
  blindSpots: [
    'Whether the Auto Scaling service role, and those who launch instances, may use the key: if not, launches fail.',
    'Previous-generation instance types that cannot attach encrypted volumes.',
    'Volumes of the image that the template does not list: encryption by default applies to those.',
  ],
  inCode: {
    cloudFormation: 'AWS::EC2::LaunchTemplate BlockDeviceMappings.Ebs.Encrypted',
    terraform: 'aws_launch_template block_device_mappings.ebs.encrypted',
  },
  parameters: z.strictObject({
    kmsKeyId: z
      .optional(z.string().check(z.regex(/^(?:arn:[a-z-]+:kms:[^:]+:[0-9]{12}:(?:key|alias)\/.+|alias\/.+)$/, 'the ARN of a key, or an alias')))
      .check(z.describe('The KMS key for volumes that name none. Without it, EBS uses the default key of the account.')),
  }),
  member: 'BlockDeviceMappings',
  fix: (devices, { kmsKeyId }) =>
    each(devices, (device) => {
      const volume = volumeOf(device);
      return isPlain(volume)
        ? { ...device, Ebs: { ...volume, Encrypted: true, ...(kmsKeyId === undefined || volume?.['KmsKeyId'] !== undefined ? {} : { KmsKeyId: kmsKeyId }) } }
        : device;
    }),
  manual(devices) {
    const rest = Array.isArray(devices) ? devices.filter((device) => isPlain(volumeOf(device)) && volumeOf(device)?.['SnapshotId'] !== undefined) : [];
    return rest.length === 0
      ? null
      : {
          message: `It creates volumes from snapshots that are not shown to be encrypted (${rest.map((device) => volumeOf(device)?.['SnapshotId']).join(', ')}), and EC2 accepts no encryption setting together with a snapshot, so nothing is changed.`,
          steps: ['Copy each snapshot with encryption.', 'Create a version of the template that uses the copies, and make it the default.'],
        };
  },
  hazards: [
    {
      code: 'customer-key',
      effect: 'approve',
      what: 'The policy names a KMS key: launches by roles or services that are not allowed to use it will fail.',
      advice: 'Check that the key policy lets launch roles and the Auto Scaling service role use the key. Then approve.',
      when: (_, { kmsKeyId }) => (kmsKeyId === undefined ? null : `Its volumes would be encrypted with ${kmsKeyId}`),
    },
  ],
  summary: 'encrypt its volumes',
});
