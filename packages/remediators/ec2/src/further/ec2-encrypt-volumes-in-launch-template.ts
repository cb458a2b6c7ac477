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
  title: 'Make a version of a launch template that encrypts its volumes',
  controls: { 'aws-fsbp': ['EC2.181'] },
  rules: {
    EC2_LAUNCH_TEMPLATES_EBS_VOLUME_ENCRYPTED: 'ec2-launch-templates-ebs-volume-encrypted',
    EC2_LAUNCHTEMPLATE_EBS_ENCRYPTED: 'ec2-launchtemplate-ebs-encrypted',
  },
  blindSpots: [
    'Whether the role of Auto Scaling, and those who start instances, may use the key: launches fail where they may not.',
    'Instance types of earlier generations that cannot attach encrypted volumes.',
    'Volumes of the image that the template does not name: encryption by default decides on those.',
  ],
  inCode: {
    cloudFormation: 'AWS::EC2::LaunchTemplate BlockDeviceMappings.Ebs.Encrypted',
    terraform: 'aws_launch_template block_device_mappings.ebs.encrypted',
  },
  parameters: z.strictObject({
    kmsKeyId: z
      .optional(z.string().check(z.regex(/^(?:arn:[a-z-]+:kms:[^:]+:[0-9]{12}:(?:key|alias)\/.+|alias\/.+)$/, 'the ARN of a key, or an alias')))
      .check(z.describe('The KMS key for volumes that name none. Without it, EBS takes the default key of the account.')),
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
          message: `It makes volumes of snapshots that are not shown to be encrypted (${rest.map((device) => volumeOf(device)?.['SnapshotId']).join(', ')}), and EC2 takes no encryption next to a snapshot: nothing is changed.`,
          steps: ['Copy each snapshot with encryption.', 'Make a version of the template that names the copies, and make it the default.'],
        };
  },
  hazards: [
    {
      code: 'customer-key',
      effect: 'approve',
      what: 'The policy names a key: launches by roles or services that may not use it fail.',
      advice: 'See that the key policy lets those who launch, and the role of Auto Scaling, use the key. Then approve.',
      when: (_, { kmsKeyId }) => (kmsKeyId === undefined ? null : `Its volumes would be encrypted with ${kmsKeyId}`),
    },
  ],
  summary: 'encrypt its volumes',
});
