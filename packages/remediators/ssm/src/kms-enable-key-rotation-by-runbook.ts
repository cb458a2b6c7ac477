import { allOf, given, inParallel, isGone, paginate } from '@redress/core';
import { kms } from './client.js';
import { packageRef } from './package-ref.js';
import { runbookRemediator } from './runbook-remediator.js';

const TOKEN = { input: 'Marker', output: 'NextMarker' };
const ARN = /^arn:[^:]+:kms:[^:]+:[0-9]{12}:key\/(.+)$/;

interface Key {
  /** Whether KMS can rotate it: made by KMS, symmetric, of the customer, in use. */
  readonly rotatable: boolean;
  readonly rotates: boolean;
}

/**
 * Turns on the yearly rotation of a customer managed key, by AWS's own runbook. Existing ciphertexts stay readable: KMS keeps old material.
 *
 * @see https://docs.aws.amazon.com/systems-manager-automation-runbooks/latest/userguide/automation-aws-enable-key-rotation.html
 */
export const enableKeyRotationByRunbook = runbookRemediator({
  id: 'kms-enable-key-rotation-by-runbook',
  title: 'Turn on rotation of a customer managed key with a runbook',
  package: packageRef,
  resourceTypes: ['AWS::KMS::Key'],
  controls: [
    { framework: 'aws-fsbp', id: 'KMS.4' },
    { framework: 'cis-aws-foundations-benchmark/v/1.4.0', id: '3.8' },
    { framework: 'cis-aws-foundations-benchmark/v/3.0.0', id: '3.6' },
  ],
  triggers: {
    configRules: ['CMK_BACKING_KEY_ROTATION_ENABLED', 'cmk-backing-key-rotation-enabled'],
    apiCalls: {
      'kms:DisableKeyRotation': ({ request }) => (typeof request?.['keyId'] === 'string' && request['keyId'] !== '' ? [{ id: request['keyId'] }] : []),
    },
  },
  ceiling: 'approve',
  blindSpots: ['Copies of the key material outside AWS, and who compares them.', 'What each further key version costs per month.'],
  hazards: [],
  rollback: {
    restores: 'exact',
    what: 'The rotation is turned off again.',
    not: ['A rotation in the meantime: the newer key material stays current.'],
  },
  runbook: {
    document: 'AWSConfigRemediation-EnableKeyRotation',
    waits: 'PT30M',
    parameters: ({ id }) => ({ KeyId: id }),
    resourceOf: ({ KeyId }) => KeyId?.[0] ?? null,
  },
  alsoFoundBy: { prowler: ['kms_cmk_rotation_enabled'] },
  uses: {
    reads: [kms.pick('DescribeKey', 'GetKeyRotationStatus', 'ListResourceTags', 'ListKeys')],
    undoes: [kms.pick('DisableKeyRotation')],
    finds: [kms.pick('ListKeys')],
    decides: [kms.pick('ListResourceTags')],
  },
  async identify({ resource }) {
    return { id: ARN.exec(resource.id)?.[1] ?? resource.id };
  },
  async observe({ aws, resource, purpose }) {
    const KeyId = resource.id;
    try {
      const [described, listed] = await inParallel(
        aws.kms.DescribeKey({ KeyId }),
        purpose === 'verification' ? [] : allOf(paginate(aws.kms.ListResourceTags, { KeyId }, 'Tags', TOKEN)),
      );
      const key = given(described, 'KeyMetadata');
      const rotatable =
        given(key, 'KeyManager') === 'CUSTOMER' &&
        given(key, 'KeySpec') === 'SYMMETRIC_DEFAULT' &&
        given(key, 'Origin') === 'AWS_KMS' &&
        given(key, 'KeyState') === 'Enabled';
      // Of a key that it does not rotate KMS refuses to say whether it does.
      const state: Key = { rotatable, rotates: rotatable && (await aws.kms.GetKeyRotationStatus({ KeyId })).KeyRotationEnabled === true };
      const tags = Object.fromEntries(listed.flatMap(({ TagKey, TagValue }) => (TagKey === undefined ? [] : [[TagKey, TagValue ?? '']])));
      return { state, tags };
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
  },
  assess({ state, resource }) {
    if (!state.rotatable) return { status: 'not-applicable', reason: 'KMS rotates only enabled symmetric keys with its own key material.' };
    return state.rotates ? { status: 'compliant', message: 'Rotation is on.' } : { status: 'gap', summary: `turn on rotation of ${resource.id}` };
  },
  undo: ({ resource }) => ({ calls: [kms.call('DisableKeyRotation', { KeyId: resource.id })], restores: 'exact' }),
  async *discover({ aws }) {
    for await (const { KeyId } of paginate(aws.kms.ListKeys, {}, 'Keys', TOKEN)) if (KeyId !== undefined) yield { type: 'AWS::KMS::Key', id: KeyId };
  },
});
