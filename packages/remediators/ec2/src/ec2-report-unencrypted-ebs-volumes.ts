import { defineRemediator, given, isGone, pages } from '@redress/core';
import { ec2, HIDDEN_TOO } from './client.js';
import { packageRef } from './package-ref.js';

/**
 * Tells about volumes that are not encrypted. Changes nothing: a volume cannot be encrypted in place, and swapping it stops what runs on it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-3
 */
export const reportUnencryptedEbsVolumes = defineRemediator({
  id: 'ec2-report-unencrypted-ebs-volumes',
  title: 'Report existing unencrypted EBS volumes',
  package: packageRef,
  resourceTypes: ['AWS::EC2::Volume'],
  controls: [{ framework: 'aws-fsbp', id: 'EC2.3' }],
  triggers: {
    configRules: ['ENCRYPTED_VOLUMES', 'encrypted-volumes'],
    apiCalls: {
      'ec2:CreateVolume': ({ response }) => (typeof response?.['volumeId'] === 'string' ? [{ id: response['volumeId'] }] : []),
      'ec2:AttachVolume': ({ request, response }) => {
        const id = request?.['volumeId'] ?? response?.['volumeId'];
        return typeof id === 'string' ? [{ id }] : [];
      },
    },
  },
  ceiling: 'notify',
  blindSpots: ['What is on the volume, and whether anything else encrypts it (LUKS, BitLocker).', 'AWS Marketplace product codes that forbid a copy.'],
  hazards: [],
  alsoFoundBy: { prowler: ['ec2_ebs_volume_encryption'] },
  uses: { reads: [ec2.pick('DescribeVolumes')], writes: [], undoes: [] },
  async observe({ aws, resource }) {
    let reply: Awaited<ReturnType<typeof aws.ec2.DescribeVolumes>>;
    try {
      reply = await aws.ec2.DescribeVolumes({ VolumeIds: [resource.id], ...HIDDEN_TOO });
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
    const volume = given(reply, 'Volumes').find((each) => each.VolumeId === resource.id);
    if (volume === undefined) return 'gone';
    if (typeof volume.Encrypted !== 'boolean') throw new Error(`DescribeVolumes did not say whether ${resource.id} is encrypted.`);
    return {
      state: { encrypted: volume.Encrypted },
      context: {
        attachments: (volume.Attachments ?? []).map((each) => `${each.InstanceId ?? '?'} as ${each.Device ?? '?'}`),
        size: volume.Size ?? null,
        state: volume.State ?? null,
        operator: volume.Operator?.Managed === true ? (volume.Operator.Principal ?? 'an AWS service') : null,
      },
      tags: Object.fromEntries((volume.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
    };
  },
  plan({ state, context, resource }) {
    if (state.encrypted) return { status: 'compliant', message: 'The volume is encrypted.' };
    const attached = context?.attachments ?? [];
    const operator = context?.operator ?? null;
    const message = `Volume ${resource.id}${context?.size == null ? '' : ` (${context.size} GiB)`} is not encrypted${attached.length === 0 ? ', and not attached' : `; attached to ${attached.join(', ')}`}`;
    if (operator !== null)
      return {
        status: 'manual',
        message: `${message}. ${operator} manages it.`,
        steps: [`Turn on encryption in the configuration that ${operator} uses for its volumes. Only ${operator} may replace them.`],
      };
    return {
      status: 'manual',
      message: `${message}.`,
      steps: [
        'Snapshot the volume, and copy the snapshot with encryption.',
        'Create a volume from the copy in the same Availability Zone.',
        attached.length === 0
          ? 'Delete the old volume when nothing needs it.'
          : 'In a maintenance window, stop what uses it, swap the volumes, and start again. Keep the old volume until it is clear that nobody needs it.',
      ],
    };
  },
  async *observeMany({ aws }) {
    for await (const page of pages(aws.ec2.DescribeVolumes, { MaxResults: 1000, ...HIDDEN_TOO }, 'Volumes'))
      yield page.flatMap(({ VolumeId: id, Encrypted: encrypted }) =>
        id === undefined ? [] : [{ type: 'AWS::EC2::Volume', id, seen: encrypted === true ? { state: { encrypted } } : null }],
      );
  },
});
