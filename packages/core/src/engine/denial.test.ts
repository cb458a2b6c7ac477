import { describe, expect, it } from 'vitest';
import { facts, revoke } from '../internal/testing/facts.js';
import { type AwsFailure, classifyAwsError } from './aws-errors.js';
import { denialOf, deniedBody, toldOf } from './denial.js';

const thrown = (name: string, message: string, status = 403) =>
  classifyAwsError(Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } }));
const SAYS =
  'User: arn:aws:sts::111111111111:assumed-role/Fix/x-1 is not authorized to perform: logs:PutRetentionPolicy on resource: arn:aws:logs:eu-west-1:111111111111:log-group:/aws/ct';

describe('the refusal of a call by AWS', () => {
  it.each<[string, string, string, string | null, string | null, string]>([
    [
      'a service control policy',
      'AccessDeniedException',
      `${SAYS} with an explicit deny in a service control policy`,
      'service-control-policy',
      null,
      'a service control policy',
    ],
    [
      'a policy by its ARN, and the authorization id',
      'AccessDeniedException',
      `${SAYS} with an explicit deny in a service control policy: arn:aws:organizations::999999999999:policy/o-abc/service_control_policy/p-guard. Authorization ID: 7f3k2q9z`,
      'service-control-policy',
      '7f3k2q9z',
      'arn:aws:organizations::999999999999:policy/o-abc/service_control_policy/p-guard',
    ],
    [
      'a resource control policy',
      'AccessDenied',
      `${SAYS} with an explicit deny in a resource control policy`,
      'resource-control-policy',
      null,
      'a resource control policy',
    ],
    [
      'a boundary',
      'AccessDenied',
      `${SAYS} because no permissions boundary allows the logs:PutRetentionPolicy action`,
      'permissions-boundary',
      null,
      'no permissions boundary',
    ],
    [
      'no policy that allows it',
      'AccessDenied',
      `${SAYS} because no identity-based policy allows it`,
      'identity-based-policy',
      null,
      'no identity-based policy',
    ],
    [
      'the policy of the principal',
      'AccessDenied',
      `${SAYS} with an explicit deny in an identity-based policy`,
      'identity-based-policy',
      null,
      'an identity-based policy',
    ],
    ['a VPC endpoint policy', 'AccessDenied', `${SAYS} with an explicit deny in a VPC endpoint policy`, 'vpc-endpoint-policy', null, 'a VPC endpoint policy'],
    [
      'EC2 in its older form',
      'UnauthorizedOperation',
      'You are not authorized to perform this operation. Encoded authorization failure message: Zm9v',
      null,
      null,
      'UnauthorizedOperation',
    ],
    ['S3 without a reason', 'AccessDenied', 'Access Denied (authorization id = "abc123")', null, 'abc123', 'AccessDenied'],
  ])('%s', (_name, name, message, policyType, authorizationId, by) => {
    expect(denialOf(thrown(name, message))).toEqual({ by, policyType, authorizationId });
  });
  it.each(['ThrottlingException', 'ExpiredToken', 'InvalidClientTokenId', 'SignatureDoesNotMatch', 'UnrecognizedClientException', 'AuthFailure'])(
    'is nothing for %s',
    (name) => {
      expect(denialOf(thrown(name, 'no', name === 'ThrottlingException' ? 400 : 403))).toBeNull();
    },
  );
  it('is described, with what makes Redress retry the call', () => {
    expect(toldOf({ by: 'a service control policy', policyType: 'service-control-policy', authorizationId: 'q1' })).toBe(
      '(denied by a service control policy, authorization id q1). It is tried again when the policy or the role of Redress changes, after seven days, or by `redress retry`.',
    );
    expect(toldOf({ by: 'no identity-based policy', policyType: 'identity-based-policy', authorizationId: null })).toMatch(
      /^\(no identity-based policy allows it\)/,
    );
    expect(toldOf({ by: 'AccessDenied', policyType: null, authorizationId: null })).toMatch(/^\(AWS does not say by which policy\)/);
  });
});

describe('the refusal in an outcome', () => {
  const failure = thrown('AccessDenied', SAYS);
  const other = { ...revoke, subject: 'other', call: { ...revoke.call, input: { GroupId: 'other' } } };
  const of = (done: number, unsure: number, why: AwsFailure | null = failure) => deniedBody({ failure: why, done, unsure }, [revoke, other], facts());
  it('names the call that was refused, and not those that were made', () => {
    expect(of(1, 0)).toMatchObject({
      denied: { by: 'AccessDenied', calls: [{ subject: 'other', operation: `${other.call.service}:${other.call.operation}` }] },
    });
  });
  it('is missing if a reply was lost before, if all calls were made, or if it failed otherwise', () => {
    expect([of(0, 1), of(2, 0), of(0, 0, null), of(0, 0, thrown('ThrottlingException', 'no', 400))]).toEqual([{}, {}, {}, {}]);
  });
});
