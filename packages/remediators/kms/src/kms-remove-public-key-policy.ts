import { defineSetting, given, leftToAccount, nameOfStatement, opennessOf, type Statement, sharedOnPurpose, statementsOf } from '@redress/core';
import { kms } from './client.js';
import { key } from './key.js';
import { packageRef } from './package-ref.js';

/** Bytes that KMS takes. */
const LARGEST = 32_768;
/** What a key policy shows in place of a user or role that was deleted. KMS takes no policy that names one, so it could not be put, nor put back. */
const DELETED = /"A(?:ROA|IDA)[A-Z0-9]{12,}"/;
/** `kms:ViaService` alone binds to no account: others call through the same service. */
const OWN = { binding: /^kms:calleraccount$/ };
const isOpen = (statement: Statement) => opennessOf(statement, OWN) === 'everybody';
const namesOf = (policy: string, of: (statement: Statement) => boolean) =>
  (statementsOf(policy) ?? []).flatMap((each, at) => (of(each) ? [nameOfStatement(each, at)] : []));

/**
 * Leaves using a key, where its policy lets everybody do it, to the account. The statements stay, and so does all else of the policy. KMS itself refuses a
 * policy by which whoever puts it could not put another one.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/kms-controls.html#kms-5
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
 */
export const removePublicKeyPolicy = defineSetting({
  on: key,
  id: 'kms-remove-public-key-policy',
  title: 'Remove public access from a key policy',
  package: packageRef,
  controls: { 'aws-fsbp': ['KMS.5'] },
  rules: { KMS_KEY_POLICY_NO_PUBLIC_ACCESS: 'kms-key-policy-no-public-access' },
  calls: { 'kms:CreateKey': 'response.keyMetadata.keyId', 'kms:PutKeyPolicy': 'request.keyId' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Other accounts and AWS services that use the key only through the open statement: CloudTrail names them, and is not read.',
    'Users and roles of the account whose own policies do not allow the use of the key: from now on, IAM decides.',
    'Grants: they stay, and remain valid for the principals that they name.',
  ],
  read: {
    reads: [kms.pick('GetKeyPolicy')],
    async of({ aws, id, found }) {
      // The policies of keys of AWS are nobody's to change.
      const own = given(await found(), 'KeyManager') === 'CUSTOMER';
      return { own, policy: own ? given(await aws.kms.GetKeyPolicy({ KeyId: id, PolicyName: 'default' }), 'Policy') : '' };
    },
  },
  hazards: [sharedOnPurpose('other accounts could no longer decrypt what they encrypted with it')],
  rollback: { restores: 'exact', what: 'The earlier key policy is restored.', not: ['Calls that failed in the meantime because the key could not be used.'] },
  alsoFoundBy: { prowler: ['kms_key_not_publicly_accessible'] },
  inCode: { cloudFormation: 'AWS::KMS::Key KeyPolicy', terraform: 'aws_kms_key policy' },
  instead({ now: { own, policy }, id }) {
    if (!own) return { status: 'not-applicable', reason: 'It is an AWS key: nobody else can change its policy.' };
    if (statementsOf(policy) === null)
      return { status: 'manual', message: `The policy of ${id} could not be interpreted.`, steps: ['Find out whom it allows to use the key, and replace it.'] };
    const open = namesOf(policy, isOpen);
    const why = DELETED.test(policy)
      ? 'it names a principal that was deleted'
      : policy.length + 150 * open.length > LARGEST
        ? 'it has no room for more text'
        : null;
    if (open.length > 0)
      return why === null
        ? null
        : {
            status: 'manual',
            message: `The policy of ${id} lets everyone use the key through ${open.join(', ')}, and KMS would reject a narrower policy: ${why}.`,
            steps: ['Remove deleted principals from the policy, and try again. Or name those who need the key by hand.'],
          };
    const unknown = namesOf(policy, (each) => opennessOf(each, OWN) === 'unknown');
    return unknown.length === 0
      ? null
      : {
          status: 'manual',
          message: `${id} may be open to everyone, through statements that Redress cannot evaluate: ${unknown.join(', ')}.`,
          steps: [
            'Name the users of the key in these statements, or restrict them to a fixed account or organization (kms:CallerAccount, aws:PrincipalOrgID).',
          ],
        };
  },
  wanted({ now, resource }) {
    if (namesOf(now.policy, isOpen).length === 0) return now;
    const Statement = (statementsOf(now.policy) ?? []).map((each) => (isOpen(each) ? leftToAccount(each, resource) : each));
    return { ...now, policy: JSON.stringify({ ...(JSON.parse(now.policy) as object), Statement }) };
  },
  writes: [kms.pick('PutKeyPolicy')],
  write: ({ id, to: { policy } }) => kms.call('PutKeyPolicy', { KeyId: id, PolicyName: 'default', Policy: policy }),
  compliant: () => 'Its policy names everyone who may use it.',
  summary: ({ id, now: { policy } }) => `restrict use of the key ${id} through its policy statements ${namesOf(policy, isOpen).join(', ')} to the account`,
});
