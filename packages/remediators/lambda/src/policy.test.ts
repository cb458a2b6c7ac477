import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { policyCalls } from './function.js';
import { removePublicPermission } from './index.js';

const REF = resource({ type: 'AWS::Lambda::Function', id: 'orders', account: '111111111111', region: 'eu-west-1' });
const ARN = 'arn:aws:lambda:eu-west-1:111111111111:function:orders';
const ROOT = 'arn:aws:iam::111111111111:root';
const named = (name: string) => Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 404 }, code: 'aws/gone' });
const replies = (policy: unknown, url: unknown = named('ResourceNotFoundException')) => ({
  lambda: {
    GetFunctionConfiguration: { FunctionName: 'orders' },
    ListTags: { Tags: {} },
    GetResourcePolicy: policy instanceof Error ? policy : { Policy: typeof policy === 'string' ? policy : JSON.stringify(policy), RevisionId: 'r1' },
    GetFunctionUrlConfig: url,
  },
});
const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Id: 'default', Statement });
const open = (more: object = {}) => ({ Sid: 'all', Effect: 'Allow', Principal: '*', Action: 'lambda:InvokeFunction', Resource: ARN, ...more });
const when = (operator: string, key: string, value: unknown) => ({ Condition: { [operator]: { [key]: value } } });

it('is replaced as a whole, if it is the revision that was read, and restored', async () => {
  const partner = open({ Sid: 'partner', Principal: { AWS: 'arn:aws:iam::222222222222:root' } });
  const before = policy(
    partner,
    open(),
    open({ Sid: 'url', Principal: { AWS: ['*', '333333333333'] }, ...when('StringEquals', 'lambda:FunctionUrlAuthType', 'NONE') }),
  );
  const assessment = await assess(removePublicPermission, REF, replies(before));
  expect(assessment).toMatchObject({
    status: 'change',
    changes: [
      {
        call: { operation: 'PutResourcePolicy', input: { ResourceArn: ARN, RevisionId: 'r1' } },
        undo: { restores: 'exact', calls: [{ operation: 'PutResourcePolicy', input: { ResourceArn: ARN, Policy: JSON.stringify(before) } }] },
        summary: 'restrict calls of orders through the policy statements all, url to the account',
      },
    ],
  });
  const after = assessment.status === 'change' ? String(assessment.changes[0]?.call.input['Policy']) : '';
  expect(JSON.parse(after)).toEqual(
    policy(
      partner,
      open({ Principal: { AWS: ROOT } }),
      open({ Sid: 'url', Principal: { AWS: ['333333333333', ROOT] }, ...when('StringEquals', 'lambda:FunctionUrlAuthType', 'NONE') }),
    ),
  );
  expect((await assess(removePublicPermission, REF, replies(after))).status).toBe('compliant');
});

it.each<[string, object, string]>([
  ['everybody', {}, 'change'],
  ['everybody, in another form', { Principal: { AWS: '*' } }, 'change'],
  ['every caller of the URL', when('Bool', 'lambda:InvokedViaFunctionUrl', 'true'), 'change'],
  ['nobody', { Effect: 'Deny' }, 'compliant'],
  ['a service', { Principal: { Service: 'events.amazonaws.com' } }, 'compliant'],
  ['its organization', when('StringEquals', 'aws:PrincipalOrgID', 'o-1'), 'compliant'],
  ['a topic', when('ArnLike', 'AWS:SourceArn', 'arn:aws:sns:eu-west-1:222222222222:t'), 'compliant'],
  ['a skill', when('StringEquals', 'lambda:EventSourceToken', 'amzn1.ask.skill.x'), 'compliant'],
  ['every source', when('ArnLike', 'AWS:SourceArn', '*'), 'manual'],
  ['two sources, of which one is every source', when('StringLike', 'aws:SourceAccount', ['111111111111', '*']), 'manual'],
  ['every account, by a policy variable', when('StringEquals', 'aws:PrincipalAccount', '${aws:PrincipalAccount}'), 'manual'],
  ['every caller, by a policy variable', when('ArnLike', 'aws:PrincipalArn', '${aws:PrincipalArn}'), 'manual'],
  ['everybody except one', when('StringNotEquals', 'aws:SourceAccount', '111111111111'), 'manual'],
  ['every caller without a source', when('StringEqualsIfExists', 'aws:SourceAccount', '111111111111'), 'manual'],
  ['an address', when('IpAddress', 'aws:SourceIp', '0.0.0.0/0'), 'manual'],
  ['everybody who is not excluded', { Principal: undefined, NotPrincipal: { AWS: ROOT } }, 'manual'],
])('that allows %s: %s is %s', async (_, more, status) => {
  expect((await assess(removePublicPermission, REF, replies(policy(open(more))))).status).toBe(status);
});
it('needs manual steps if it cannot be parsed', async () => {
  expect((await assess(removePublicPermission, REF, replies('{'))).status).toBe('manual');
});
it('may be missing', async () => {
  expect(await assess(removePublicPermission, REF, replies(named('ResourceNotFoundException')))).toMatchObject({
    status: 'compliant',
    message: 'It has no policy.',
  });
  await expect(look(removePublicPermission, REF, replies(Object.assign(new Error('denied'), { code: 'aws/denied' })))).rejects.toThrow('denied');
});

describe('a URL', () => {
  const hazards = async (url: unknown) => {
    const assessment = await assess(removePublicPermission, REF, replies(policy(open()), url));
    return assessment.status === 'change' ? (assessment.hazards ?? []).map(({ code }) => code) : null;
  };
  it('without required credentials, or without an answer to that, is reported', async () => {
    expect(await hazards({ AuthType: 'NONE' })).toEqual(['open-url']);
    expect(await hazards({})).toEqual(['open-url']);
    expect(await hazards({ AuthType: 'AWS_IAM' })).toEqual([]);
    expect(await hazards(named('ResourceNotFoundException'))).toEqual([]);
  });
});

it('that allows S3 for buckets of any account is open only for Security Hub', async () => {
  const s3 = open({ Sid: 'notify', Principal: { Service: 's3.amazonaws.com' }, ...when('ArnLike', 'AWS:SourceArn', 'arn:aws:s3:::uploads') });
  const seen = await look(removePublicPermission, REF, replies(policy(s3)));
  if (seen === 'gone') throw new Error('It is there.');
  expect(seen.assessment.status).toBe('compliant');
  expect(seen.judge({ controls: ['Lambda.1'] })).toEqual(['orders allows S3 for buckets of any account (notify): aws:SourceAccount is not required']);
  expect(seen.judge({ configRule: 'lambda-function-public-access-prohibited' })).toEqual([]);
});

it.each([
  ['lambda:AddPermission20150331v2', { functionName: 'orders' }],
  ['lambda:PutResourcePolicy20260709', { resourceArn: ARN }],
] as const)('is named by %s', (operation, request) => {
  expect(policyCalls[operation]({ request, response: null } as never)).toEqual([{ id: 'orders' }]);
});
