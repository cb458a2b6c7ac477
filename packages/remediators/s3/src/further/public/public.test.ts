import { type JsonObject, type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../../tests/support/look.js';
import { bucket } from '../../../test/fake.js';
import { enableAccountPublicAccessBlock, removeGlobalAclGrants, removePublicRead, removePublicWrite, requireKmsDefaultEncryption } from '../../index.js';

const plan = (remediator: Remediator, state: JsonObject, context?: unknown, given: JsonObject = {}) =>
  remediator.plan({
    state: { created: 'x', ...state },
    context,
    resource: bucket('invoices'),
    parameters: remediator.parameters(given),
    observedAt: 0,
  });
const text = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Id: 'own', Statement });
const open = (Action: string | readonly string[], more: object = {}) => ({ Sid: 'all', Effect: 'Allow', Principal: '*', Action, Resource: 'r', ...more });
const ROOT = 'arn:aws:iam::111111111111:root';
/** The statements that the change leaves; its undo puts the whole text back. */
const after = (remediator: Remediator, ...statements: readonly object[]) => {
  const policy = text(...statements);
  const assessment = plan(remediator, { policy, policyIsPublic: true, publicGrants: [] });
  if (assessment.status !== 'change') return assessment.status;
  expect(assessment.changes).toMatchObject([{ undo: { restores: 'exact', calls: [{ operation: 'PutBucketPolicy', input: { Policy: policy } }] } }]);
  const document = JSON.parse(String(assessment.changes[0]?.call.input['Policy'])) as { Id: string; Statement: object[] };
  expect(document.Id).toBe('own');
  return document.Statement;
};

describe('a bucket policy that allows everybody', () => {
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'r' };
  const partner = open('s3:GetObject', { Principal: { AWS: 'arn:aws:iam::222222222222:root' } });
  it('limits reads to the account, and keeps every other statement', () => {
    expect(after(removePublicRead, deny, open('s3:GetObject'), partner)).toEqual([deny, open('s3:GetObject', { Principal: { AWS: ROOT } }), partner]);
  });
  it.each<[boolean, readonly object[]]>([
    [true, [{ code: 'website', effect: 'notify', message: 'invoices serves a website: its visitors would lose access.' }]],
    [false, []],
  ])('is not changed if it is a website: %s', (website, hazards) => {
    const state = { policy: text(open('s3:GetObject')), policyIsPublic: true, publicGrants: [] };
    expect(plan(removePublicRead, state, { own: { website }, said: {} })).toMatchObject({ status: 'change', hazards });
  });
  it.each([[removePublicRead], [removePublicWrite]])(
    'is not restored if S3 refuses public policies by then, which $id declares for its rollback',
    ({ rollback }) => {
      expect(rollback?.not).toEqual([expect.stringMatching(/^If BlockPublicPolicy is on, S3 rejects/)]);
    },
  );
  it('keeps named principals next to everybody', () => {
    expect(after(removePublicRead, open('s3:GetObject', { Principal: { AWS: ['222222222222', '*'], Service: 'x.amazonaws.com' } }))).toEqual([
      open('s3:GetObject', { Principal: { AWS: ['222222222222', ROOT], Service: 'x.amazonaws.com' } }),
    ]);
  });
  it('loses only the actions of its kind', () => {
    const both = open(['s3:GetObject', 's3:PutObject', 's3:ListBucket']);
    const { Sid: _, ...unnamed } = open(['s3:GetObject', 's3:ListBucket'], { Principal: { AWS: ROOT } });
    expect(after(removePublicRead, both)).toEqual([open(['s3:PutObject']), unnamed]);
    const { Sid: __, ...writing } = open(['s3:PutObject'], { Principal: { AWS: ROOT } });
    expect(after(removePublicWrite, both)).toEqual([open(['s3:GetObject', 's3:ListBucket']), writing]);
  });
  it.each<[string, boolean, boolean]>([
    ['s3:GetObject', true, false],
    ['S3:getobjectversion', true, false],
    ['s3:List*', true, false],
    ['s3:PutObject', false, true],
    ['s3:DeleteObject', false, true],
    ['s3:AbortMultipartUpload', false, true],
    ['s3:*', true, true],
    ['*', true, true],
    ['s3:*Object', true, true],
    ['s3:Ge?Object', true, true],
  ])('%s allows reading: %s, and writing: %s', (action, reads, writes) => {
    expect([removePublicRead, removePublicWrite].map((each) => after(each, open(action)) !== 'compliant')).toEqual([reads, writes]);
  });
  it('treats NotAction as everything else', () => {
    const { Action: _, ...not } = open('');
    for (const each of [removePublicRead, removePublicWrite])
      expect(after(each, { ...not, NotAction: 's3:DeleteBucket' })).toEqual([{ ...not, NotAction: 's3:DeleteBucket', Principal: { AWS: ROOT } }]);
  });
  it('needs manual steps if it depends on conditions, or on excluded principals', () => {
    const bound = open('s3:GetObject', { Condition: { IpAddress: { 'aws:SourceIp': '0.0.0.0/1' } } });
    const { Principal: _, ...rest } = open('s3:GetObject');
    for (const each of [bound, { ...rest, NotPrincipal: { AWS: ROOT } }]) expect(after(removePublicRead, each)).toBe('manual');
    // What is bound is not touched where another statement is open.
    expect(after(removePublicRead, bound, open('s3:GetObject'))).toEqual([bound, open('s3:GetObject', { Principal: { AWS: ROOT } })]);
  });
  it('is not changed if nothing of it is public, or a block overrides it', () => {
    for (const policy of [text(open('s3:GetObject')), null])
      expect(plan(removePublicRead, { policy, policyIsPublic: false, publicGrants: [] }).status).toBe('compliant');
  });
  it('needs manual steps if it cannot be parsed, or becomes too long', () => {
    const state = (policy: string) => plan(removePublicRead, { policy, policyIsPublic: true, publicGrants: [] }).status;
    expect(state('{')).toBe('manual');
    expect(state(text(open('s3:GetObject', { Resource: 'r'.repeat(20_200) })))).toBe('manual');
  });
  it('is not the only public access', () => {
    const state = { policy: null, policyIsPublic: false, publicGrants: ['AllUsers: READ'] };
    expect(plan(removePublicRead, state)).toMatchObject({ status: 'manual', message: expect.stringContaining('AllUsers: READ') });
    expect(plan(removePublicWrite, state).status).toBe('compliant');
    expect(plan(removePublicWrite, { ...state, publicGrants: ['AuthenticatedUsers: FULL_CONTROL'] }).status).toBe('manual');
  });
});

describe('public access that a block overrides', () => {
  const NONE = { BlockPublicAcls: false, IgnorePublicAcls: false, BlockPublicPolicy: false, RestrictPublicBuckets: false };
  const all = { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/global/AllUsers' }, Permission: 'READ' };
  const replies = (own: object, account: object, policy = true) => ({
    s3: {
      ListBuckets: { Buckets: [{ Name: 'invoices', BucketRegion: 'eu-west-1', CreationDate: new Date(0) }] },
      GetBucketTagging: { TagSet: [] },
      GetBucketPolicy: { Policy: text(policy ? open('s3:GetObject') : open('s3:GetObject', { Effect: 'Deny' })) },
      GetBucketPolicyStatus: { PolicyStatus: { IsPublic: policy } },
      GetBucketAcl: { Owner: { ID: 'a1' }, Grants: policy ? [] : [all] },
      GetPublicAccessBlock: { PublicAccessBlockConfiguration: { ...NONE, ...own } },
      GetBucketWebsite: Object.assign(new Error('none'), {
        code: 'aws/gone',
        cause: Object.assign(new Error('none'), { name: 'NoSuchWebsiteConfiguration', $metadata: { httpStatusCode: 404 } }),
      }),
    },
    s3control: { GetPublicAccessBlock: { PublicAccessBlockConfiguration: { ...NONE, ...account } } },
  });
  const status = async (remediator: Remediator, ...given: Parameters<typeof replies>) =>
    (await assess(remediator, bucket('invoices'), replies(...given))).status;
  it('is not open, by the bucket or by the account', async () => {
    expect(await status(removePublicRead, {}, {})).toBe('change');
    expect(await status(removePublicRead, { BlockPublicPolicy: true, IgnorePublicAcls: true }, { BlockPublicPolicy: true })).toBe('change');
    expect(await status(removePublicRead, { RestrictPublicBuckets: true }, {})).toBe('compliant');
    expect(await status(removePublicRead, {}, { RestrictPublicBuckets: true })).toBe('compliant');
  });
  it('is not open by an ACL that is ignored', async () => {
    for (const [remediator, open] of [
      [removePublicRead, 'manual'],
      [removeGlobalAclGrants, 'change'],
    ] as const) {
      expect(await status(remediator, {}, {}, false)).toBe(open);
      expect(await status(remediator, { BlockPublicAcls: true, RestrictPublicBuckets: true }, {}, false)).toBe(open);
      expect(await status(remediator, { IgnorePublicAcls: true }, {}, false)).toBe('compliant');
      expect(await status(remediator, {}, { IgnorePublicAcls: true }, false)).toBe('compliant');
    }
  });
});

describe('an ACL that grants everybody something', () => {
  const owner = { ID: 'a1' };
  const own = { Grantee: { ID: 'a1', Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' };
  const logs = { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/s3/LogDelivery' }, Permission: 'WRITE' };
  const all = { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers' }, Permission: 'READ' };
  const mail = { Grantee: { Type: 'AmazonCustomerByEmail', EmailAddress: 'a@example.org' }, Permission: 'READ' };
  it('loses only that: the owner and log delivery stay', () => {
    expect(plan(removeGlobalAclGrants, { owner, grants: [own, all, logs], isIgnored: false })).toMatchObject({
      status: 'change',
      changes: [
        {
          call: { operation: 'PutBucketAcl', input: { Bucket: 'invoices', AccessControlPolicy: { Owner: owner, Grants: [own, logs] } } },
          undo: { calls: [{ input: { AccessControlPolicy: { Owner: owner, Grants: [own, all, logs] } } }] },
          summary: 'remove AuthenticatedUsers: READ from the access control list of invoices',
        },
      ],
    });
  });
  it('needs manual steps if the undo would name a grantee by e-mail', () => {
    expect(plan(removeGlobalAclGrants, { owner, grants: [own, all, mail], isIgnored: false }).status).toBe('manual');
    expect(plan(removeGlobalAclGrants, { owner, grants: [own, mail], isIgnored: false }).status).toBe('compliant');
  });
  it('grants nothing if it is ignored', () => {
    expect(plan(removeGlobalAclGrants, { owner, grants: [own, all], isIgnored: true }).status).toBe('compliant');
  });
});

describe('a KMS key by default', () => {
  const KEY = 'arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const given = { kmsKeyArn: KEY.replace('eu-west-1', '{region}') };
  const nobody = { logs: [], identity: false, others: [] };
  const sse = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } };
  it('is the one in the policy, and the rest of the rule stays', () => {
    expect(plan(requireKmsDefaultEncryption, { rules: [sse] }, nobody, given)).toMatchObject({
      status: 'change',
      changes: [
        {
          call: {
            input: {
              ServerSideEncryptionConfiguration: {
                Rules: [
                  {
                    ...sse,
                    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY },
                    BucketKeyEnabled: true,
                  },
                ],
              },
            },
          },
          undo: { restores: 'exact', calls: [{ operation: 'PutBucketEncryption', input: { ServerSideEncryptionConfiguration: { Rules: [sse] } } }] },
        },
      ],
    });
  });
  it('is removed again if there was no rule', () => {
    expect(plan(requireKmsDefaultEncryption, { rules: [] }, nobody, given)).toMatchObject({
      changes: [{ undo: { restores: 'equivalent', calls: [{ operation: 'DeleteBucketEncryption' }] } }],
    });
  });
  it.each(['aws:kms', 'aws:kms:dsse'])('is not replaced if the bucket has %s', (SSEAlgorithm) => {
    expect(plan(requireKmsDefaultEncryption, { rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm } }] }, nobody, given).status).toBe('compliant');
  });
  it.each<[string, object, unknown, object]>([
    ['no key is named', { rules: [sse] }, nobody, {}],
    ['the key is of another region', { rules: [sse] }, nobody, { kmsKeyArn: KEY.replace('eu-west-1', 'us-east-1') }],
    ['logs are delivered into it', { rules: [sse] }, { ...nobody, logs: ['x'] }, given],
    ['its algorithm is unknown', { rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'rot13' } }] }, nobody, given],
  ])('needs manual steps if %s', (_, state, context, parameters) => {
    expect(plan(requireKmsDefaultEncryption, state as JsonObject, context, parameters as JsonObject).status).toBe('manual');
  });
  it('is judged by the keys that a rule requires', () => {
    const judge = (parameters: Readonly<Record<string, string>> | null) =>
      requireKmsDefaultEncryption.judge?.({
        state: { created: 'x', rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY } }] },
        context: undefined,
        claim: { controls: [], configRule: null, isRule: () => true, parameters, observedAt: 0 },
        resource: bucket('invoices'),
        parameters: {},
      });
    expect(judge(null)).toEqual([]);
    expect(judge({ kmsKeyArns: `x, ${KEY}` })).toEqual([]);
    expect(judge({ kmsKeyArns: 'x' })).toEqual([`invoices encrypts with ${KEY}, and x are required`]);
    expect(judge({ other: 'x' })).toBeNull();
  });
});

describe('the public access block of an account', () => {
  const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'aws-global' });
  const ON = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  const named = (name: string) => Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 400 } });
  const replies = (block: object | undefined, organization: unknown, isPublic = false) => ({
    s3control: { GetPublicAccessBlock: { PublicAccessBlockConfiguration: block } },
    organizations: { DescribeEffectivePolicy: organization },
    s3: {
      ListBuckets: { Buckets: ['a', 'b'].map((Name) => ({ Name })) },
      GetPublicAccessBlock: ({ Bucket }: { readonly Bucket: string }) => ({ PublicAccessBlockConfiguration: Bucket === 'a' ? ON : {} }),
      GetBucketPolicyStatus: { PolicyStatus: { IsPublic: isPublic } },
      GetBucketAcl: { Grants: [] },
    },
  });
  const managed = (PolicyContent: string | undefined) => ({ EffectivePolicy: { PolicyType: 'S3_POLICY', PolicyContent } });
  const content = JSON.stringify({ s3_attributes: { public_access_block_configuration: 'none' } });
  it.each(['EffectivePolicyNotFoundException', 'AWSOrganizationsNotInUseException'])('is set if Organizations returns %s', async (name) => {
    expect(await assess(enableAccountPublicAccessBlock, REF, replies({ ...ON, BlockPublicPolicy: false }, named(name)))).toMatchObject({
      status: 'change',
      hazards: [],
      changes: [
        {
          call: { operation: 'PutPublicAccessBlock', input: { AccountId: '111111111111', PublicAccessBlockConfiguration: ON } },
          undo: { calls: [{ input: { PublicAccessBlockConfiguration: { ...ON, BlockPublicPolicy: false } } }] },
        },
      ],
    });
    expect(await assess(enableAccountPublicAccessBlock, REF, replies(undefined, named(name)))).toMatchObject({
      changes: [{ undo: { calls: [{ operation: 'DeletePublicAccessBlock', input: { AccountId: '111111111111' } }] } }],
    });
  });
  it.each([content, undefined])('is left to the organization that manages it: %s', async (text) => {
    expect(await assess(enableAccountPublicAccessBlock, REF, replies(undefined, managed(text)))).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('its organization manages that setting'),
    });
    expect((await assess(enableAccountPublicAccessBlock, REF, replies(ON, managed(text)))).status).toBe('compliant');
  });
  it('is set if the policy of the organization is about something else', async () => {
    expect((await assess(enableAccountPublicAccessBlock, REF, replies(undefined, managed('{"s3_attributes":{}}')))).status).toBe('change');
  });
  it('is not judged if Organizations does not answer', async () => {
    await expect(look(enableAccountPublicAccessBlock, REF, replies(undefined, named('AccessDeniedException')))).rejects.toThrow('AccessDeniedException');
  });
  it('waits while a bucket is public', async () => {
    expect(await assess(enableAccountPublicAccessBlock, REF, replies(undefined, named('EffectivePolicyNotFoundException'), true))).toMatchObject({
      status: 'change',
      hazards: [{ code: 'public-bucket', effect: 'notify', message: 'A bucket of account 111111111111 would be cut off: b.' }],
    });
  });
});
