import * as sdk from '@aws-sdk/client-kms';
import { defineRemediator, defineService, isGone, paginate } from '@redress/core';

const kms = defineService({
  id: 'kms',
  client: sdk.KMSClient,
  operations: {
    DescribeKey: { command: sdk.DescribeKeyCommand },
    GetKeyRotationStatus: { command: sdk.GetKeyRotationStatusCommand },
    ListKeys: { command: sdk.ListKeysCommand },
    ListResourceTags: { command: sdk.ListResourceTagsCommand },
    EnableKeyRotation: { command: sdk.EnableKeyRotationCommand, retry: 'idempotent' },
    DisableKeyRotation: { command: sdk.DisableKeyRotationCommand, retry: 'idempotent' },
  },
});

/** Turns on yearly rotation of customer managed keys that can rotate. Old key material stays, so nothing has to be encrypted anew. */
export const rotateKeys = defineRemediator({
  id: 'acme-kms-rotate',
  title: 'Turn on rotation of a customer managed KMS key',
  package: { name: '@acme/redress-kms', version: '1.0.0' },
  resourceTypes: ['AWS::KMS::Key'],
  controls: [{ framework: 'aws-fsbp', id: 'KMS.4' }],
  triggers: {
    configRules: ['CMK_BACKING_KEY_ROTATION_ENABLED', 'cmk-backing-key-rotation-enabled'],
    apiCalls: {
      'kms:DisableKeyRotation': ({ request }) =>
        typeof request?.['keyId'] === 'string' ? [{ id: request['keyId'].slice(request['keyId'].lastIndexOf('/') + 1) }] : [],
    },
  },
  ceiling: 'enforce',
  blindSpots: ['Clients outside AWS that pin the key material.'],
  uses: {
    reads: [kms.pick('DescribeKey', 'GetKeyRotationStatus', 'ListKeys', 'ListResourceTags')],
    writes: [kms.pick('EnableKeyRotation')],
    undoes: [kms.pick('DisableKeyRotation')],
  },
  async observe({ aws, resource: { id: KeyId } }) {
    try {
      const { KeyMetadata: key } = await aws.kms.DescribeKey({ KeyId });
      const tags: Record<string, string> = {};
      for await (const tag of paginate(aws.kms.ListResourceTags, { KeyId }, 'Tags', { input: 'Marker', output: 'NextMarker' }))
        tags[tag.TagKey ?? ''] = tag.TagValue ?? '';
      const able = key?.KeyManager === 'CUSTOMER' && key.Origin === 'AWS_KMS' && key.KeySpec === 'SYMMETRIC_DEFAULT' && key.KeyState === 'Enabled';
      const rotates = able ? (await aws.kms.GetKeyRotationStatus({ KeyId })).KeyRotationEnabled === true : null;
      return { state: { rotates }, tags };
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
  },
  plan({ state, resource: { id: KeyId } }) {
    if (state.rotates === null) return { status: 'not-applicable', reason: 'Only enabled symmetric customer keys with key material of KMS rotate.' };
    if (state.rotates) return { status: 'compliant' };
    const undo = { calls: [kms.call('DisableKeyRotation', { KeyId })], restores: 'exact' } as const;
    return { status: 'change', changes: [{ call: kms.call('EnableKeyRotation', { KeyId }), undo, summary: `turn on rotation of ${KeyId}`, resolves: true }] };
  },
  async *discover({ aws }) {
    for await (const key of paginate(aws.kms.ListKeys, {}, 'Keys', { input: 'Marker', output: 'NextMarker' }))
      if (key.KeyId !== undefined) yield { type: 'AWS::KMS::Key', id: key.KeyId };
  },
});
