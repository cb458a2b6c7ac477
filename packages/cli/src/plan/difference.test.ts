import { describe, expect, it } from 'vitest';
import { differencesOf, valueText } from './difference.js';

const call = (operation: string, input: object) => ({ operation, input: input as never });

describe('the effect of a change on a resource', () => {
  it('is before and after, if call and undo are one operation', () => {
    expect(differencesOf(call('logs:Put', { name: 'a', days: 365 }), [call('logs:Put', { name: 'a', days: 30 })])).toEqual({
      members: [{ kind: 'changed', path: 'days', before: 30, after: 365 }],
      unchanged: 1,
    });
    expect(differencesOf(call('s3:Put', { b: 1, c: 2 }), [call('s3:Put', { a: 1, b: 1 })]).members).toEqual([
      { kind: 'removed', path: 'a', before: 1 },
      { kind: 'added', path: 'c', after: 2 },
    ]);
  });

  it('is what the undo would restore, if the call removes', () => {
    const rule = { IpProtocol: 'tcp', FromPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    expect(
      differencesOf(call('ec2:RevokeSecurityGroupIngress', { GroupId: 'sg-1', SecurityGroupRuleIds: ['sgr-1'] }), [
        call('ec2:AuthorizeSecurityGroupIngress', { GroupId: 'sg-1', IpPermissions: [rule] }),
      ]),
    ).toEqual({
      members: [
        { kind: 'removed', path: 'IpPermissions[0].IpProtocol', before: 'tcp' },
        { kind: 'removed', path: 'IpPermissions[0].FromPort', before: 22 },
        { kind: 'removed', path: 'IpPermissions[0].IpRanges[0].CidrIp', before: '0.0.0.0/0' },
      ],
      unchanged: 1,
    });
  });

  it('is what the call sets, if the undo removes it, and if nothing undoes it', () => {
    expect(differencesOf(call('logs:PutRetentionPolicy', { name: 'a', days: 365 }), [call('logs:DeleteRetentionPolicy', { name: 'a' })])).toEqual({
      members: [{ kind: 'added', path: 'days', after: 365 }],
      unchanged: 1,
    });
    expect(differencesOf(call('x:Enable', { name: 'a' }), []).members).toEqual([{ kind: 'added', path: 'name', after: 'a' }]);
  });

  it('also covers documents in texts, and treats a list of plain values as one', () => {
    const policy = (action: string) => JSON.stringify({ Statement: [{ Effect: 'Deny', Action: action }], Ids: ['a', 'b'] });
    expect(differencesOf(call('s3:PutBucketPolicy', { Policy: policy('s3:*') }), [call('s3:PutBucketPolicy', { Policy: policy('s3:Get*') })])).toEqual({
      members: [{ kind: 'changed', path: 'Policy.Statement[0].Action', before: 's3:Get*', after: 's3:*' }],
      unchanged: 2,
    });
    expect(differencesOf(call('x:Put', { Text: '{ no document' }), []).members).toEqual([{ kind: 'added', path: 'Text', after: '{ no document' }]);
  });
});

it('a value is shown unchanged, and a missing or unknown one in words', () => {
  expect([undefined, '', 'a', 1, null, ['a'], { $response: '/Id' }, {}].map((each) => valueText(each))).toEqual([
    '(not set)',
    '""',
    'a',
    '1',
    'null',
    '["a"]',
    '(from the reply to the call)',
    '{}',
  ]);
});
