import { defineSetting, given, shortLived } from '@redress/core';
import { kms } from './client.js';
import { key } from './key.js';
import { packageRef } from './package-ref.js';

/**
 * Turns on the yearly rotation of a customer managed key. Its id stays, and so does older material, by which what was encrypted is still read.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-4
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
 */
export const enableKeyRotation = defineSetting({
  on: key,
  id: 'kms-enable-key-rotation',
  title: 'Turn on rotation of a customer managed key',
  package: packageRef,
  controls: {
    'aws-fsbp': ['KMS.4'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['3.8'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['3.6'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['3.6'],
  },
  rules: { CMK_BACKING_KEY_ROTATION_ENABLED: 'cmk-backing-key-rotation-enabled' },
  calls: { 'kms:CreateKey': 'response.keyMetadata.keyId', 'kms:DisableKeyRotation': 'request.keyId' },
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: ['Copies of the key material outside AWS, and who compares them.'],
  read: {
    reads: [kms.pick('GetKeyRotationStatus')],
    async of({ aws, id, found }) {
      const one = await found();
      const kind = (['KeyManager', 'KeySpec', 'Origin', 'KeyState'] as const).map((member) => given(one, member)).join(' ');
      // Replicas rotate with their primary key, and KMS refuses to set it on them.
      const rotatable = kind === 'CUSTOMER SYMMETRIC_DEFAULT AWS_KMS Enabled' && one.MultiRegionConfiguration?.MultiRegionKeyType !== 'REPLICA';
      // Of a key that it does not rotate KMS refuses to say whether it does.
      return { rotatable, rotates: rotatable && given(await aws.kms.GetKeyRotationStatus({ KeyId: id }), 'KeyRotationEnabled') };
    },
  },
  hazards: [shortLived('each further key version costs money')],
  rollback: {
    restores: 'exact',
    what: 'The rotation is turned off again.',
    not: ['A rotation in the meantime: the newer key material stays current.'],
  },
  alsoFoundBy: { prowler: ['kms_cmk_rotation_enabled'] },
  inCode: { cloudFormation: 'AWS::KMS::Key EnableKeyRotation', terraform: 'aws_kms_key enable_key_rotation' },
  instead: ({ now: { rotatable } }) =>
    rotatable
      ? null
      : {
          status: 'not-applicable',
          reason: 'KMS rotates only enabled, symmetric, customer managed keys with its own key material, and replicas together with their primary key.',
        },
  wanted: ({ now }) => ({ ...now, rotates: true }),
  writes: [kms.pick('EnableKeyRotation')],
  undoes: [kms.pick('DisableKeyRotation')],
  write: ({ id, to: { rotates } }) => kms.call(rotates ? 'EnableKeyRotation' : 'DisableKeyRotation', { KeyId: id }),
  summary: ({ id }) => `turn on rotation of the key ${id}`,
});
