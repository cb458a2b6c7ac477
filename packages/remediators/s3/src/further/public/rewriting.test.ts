import { describe, expect, it } from 'vitest';
import { assess } from '../../../../../../tests/support/look.js';
import { bucket } from '../../../test/fake.js';
import { removePublicRead, removeWildcardPrincipal, restrictCrossAccountPolicyActions } from '../../index.js';

const REF = bucket('invoices');
const ROOT = 'arn:aws:iam::111111111111:root';
const none = (code: string) => Object.assign(new Error(code), { code: 'aws/gone', cause: Object.assign(new Error(code), { name: code }) });
const text = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Id: 'own', Statement });
const replies = (policy: string, { isPublic = true, website = false } = {}) => ({
  s3: {
    ListBuckets: { Buckets: [{ Name: 'invoices', BucketRegion: 'eu-west-1', CreationDate: new Date(0) }] },
    GetBucketTagging: { TagSet: [] },
    GetBucketPolicy: { Policy: policy },
    GetBucketPolicyStatus: { PolicyStatus: { IsPublic: isPublic } },
    GetBucketWebsite: website ? { IndexDocument: { Suffix: 'index.html' } } : none('NoSuchWebsiteConfiguration'),
    GetBucketAcl: { Owner: { ID: 'a1b2' }, Grants: [] },
    GetPublicAccessBlock: none('NoSuchPublicAccessBlockConfiguration'),
  },
  s3control: { GetPublicAccessBlock: none('NoSuchPublicAccessBlockConfiguration') },
});
const allow = (more: object) => ({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'r', ...more });
/** The statements that take the place of others; the undo puts back the whole text. */
async function after(remediator: typeof removeWildcardPrincipal, statements: readonly object[], how: Parameters<typeof replies>[1] = {}) {
  const policy = text(...statements);
  const assessment = await assess(remediator, REF, replies(policy, how));
  if (assessment.status !== 'change') return assessment.status;
  const owner = { Bucket: 'invoices', ExpectedBucketOwner: '111111111111' };
  expect(assessment.changes).toMatchObject([{ undo: { restores: 'exact', calls: [{ operation: 'PutBucketPolicy', input: { ...owner, Policy: policy } }] } }]);
  const document = JSON.parse(String(assessment.changes[0]?.call.input['Policy'])) as { Id: string; Statement: object[] };
  expect(document.Id).toBe('own');
  return document.Statement;
}

describe('everybody in a bucket policy', () => {
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'r' };
  it('becomes the account, and every other statement stays', async () => {
    const partner = allow({ Principal: { AWS: 'arn:aws:iam::222222222222:root' } });
    expect(await after(removeWildcardPrincipal, [deny, allow({ Sid: 'all', Action: 's3:*' }), partner])).toEqual([
      deny,
      allow({ Sid: 'all', Action: 's3:*', Principal: { AWS: ROOT } }),
      partner,
    ]);
  });
  it.each([
    ['an organization', { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } }],
    ['an endpoint', { StringEquals: { 'aws:SourceVpce': 'vpce-1' } }],
    ['access points of an account', { StringEquals: { 's3:DataAccessPointAccount': '111111111111' } }],
    ['addresses', { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } }],
  ])('with a condition on %s stays next to what is open', async (_, Condition) => {
    expect(await after(removeWildcardPrincipal, [allow({}), allow({ Sid: 'bound', Condition })])).toEqual([
      allow({ Principal: { AWS: ROOT } }),
      allow({ Sid: 'bound', Condition }),
    ]);
  });
  it.each([
    ['conditions on variable principals', { Condition: { StringLike: { 'aws:PrincipalOrgID': '*' } } }],
    ['excluded principals', { Principal: undefined, NotPrincipal: { AWS: ROOT } }],
  ])('with %s needs manual steps', async (_, more) => {
    expect(await after(removeWildcardPrincipal, [allow(more)])).toBe('manual');
  });
  it('is open with a condition on how a request is made', async () => {
    expect(await after(removeWildcardPrincipal, [allow({ Condition: { Bool: { 'aws:SecureTransport': 'true' } } })])).toHaveLength(1);
  });
  it('does not count if S3 does not report the policy as public', async () => {
    expect(await after(removeWildcardPrincipal, [allow({})], { isPublic: false })).toBe('compliant');
  });
  it('keeps the visitors of a website', async () => {
    expect(await assess(removeWildcardPrincipal, REF, replies(text(allow({})), { website: true }))).toMatchObject({
      hazards: [{ code: 'website', effect: 'notify' }],
    });
  });
});

describe('a policy that S3 would refuse, now or in a rollback, because it', () => {
  const deleted = allow({ Sid: 'old', Principal: { AWS: 'AROAEXAMPLEID1234567' } });
  it.each([
    ['names a deleted principal', [allow({}), deleted]],
    ['has no room', [allow({}), allow({ Principal: { AWS: ROOT }, Resource: 'x'.repeat(20_200) })]],
  ])('%s', async (_, statements) => {
    for (const remediator of [removeWildcardPrincipal, removePublicRead]) expect(await after(remediator, statements)).toBe('manual');
  });
  it('would have no statement left', async () => {
    const only = allow({ Principal: { AWS: '222222222222' }, Action: 's3:PutBucketPolicy' });
    expect(await assess(restrictCrossAccountPolicyActions, REF, replies(text(only)))).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('no statement left'),
    });
  });
});

describe('another account that may change permissions', () => {
  const OTHER = 'arn:aws:iam::222222222222:role/backup';
  const ACTIONS = ['s3:GetObject', 's3:PutBucketPolicy', 's3:putobjectacl'];
  it('keeps its other actions, and the account and services keep all', async () => {
    const statement = allow({ Sid: 'all', Principal: { AWS: [OTHER, ROOT], Service: 'x.amazonaws.com' }, Action: ACTIONS });
    const { Sid: _, ...nameless } = allow({ Principal: { Service: 'x.amazonaws.com', AWS: ROOT }, Action: ACTIONS.slice(1) }) as Record<string, unknown>;
    expect(await after(restrictCrossAccountPolicyActions, [statement])).toEqual([{ ...statement, Action: ['s3:GetObject'] }, nameless]);
  });
  it('loses the statement if it has no other actions', async () => {
    const reading = allow({ Principal: { AWS: OTHER } });
    const changing = allow({ Principal: { AWS: OTHER }, Action: 's3:DeleteBucketPolicy' });
    expect(await after(restrictCrossAccountPolicyActions, [reading, changing])).toEqual([reading]);
  });
  it('includes everybody, of whom only the account stays', async () => {
    expect(await after(restrictCrossAccountPolicyActions, [allow({ Action: 's3:PutBucketAcl' })])).toEqual([
      allow({ Action: ['s3:PutBucketAcl'], Principal: { AWS: ROOT } }),
    ]);
  });
  it.each([
    ['a pattern', { Action: 's3:Put*' }],
    ['a pattern next to a name', { Action: ['s3:PutBucketAcl', 's3:*'] }],
    ['a pattern of single letters', { Action: 's3:PutBucket???' }],
    ['excluded actions', { Action: undefined, NotAction: 's3:GetObject' }],
    ['excluded principals', { Principal: undefined, NotPrincipal: { AWS: ROOT }, Action: 's3:PutBucketAcl' }],
    ['everybody by conditions', { Principal: '*', Action: 's3:PutBucketAcl', Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } } }],
    ['a canonical user', { Principal: { CanonicalUser: 'a1b2' }, Action: 's3:PutBucketAcl' }],
  ])('with %s needs manual steps', async (_, more) => {
    expect(await after(restrictCrossAccountPolicyActions, [allow({ Principal: { AWS: OTHER }, ...more })])).toBe('manual');
  });
  it.each([
    ['reads', { Action: ['s3:Get*', 's3:PutObject', 's3.PutBucketPolicy'] }],
    ['is excluded from it', { Action: undefined, NotAction: ['s3:Put*', 's3:Delete*'] }],
    ['is denied it', { Effect: 'Deny', Action: 's3:*' }],
    ['is the account itself', { Principal: { AWS: ['111111111111', ROOT] }, Action: 's3:*' }],
    ['is a service', { Principal: { Service: 'x.amazonaws.com' }, Action: 's3:*' }],
  ])('that %s is not changed', async (_, more) => {
    expect(await after(restrictCrossAccountPolicyActions, [allow({ Principal: { AWS: OTHER }, ...more })])).toBe('compliant');
  });
  it('is found by rules that check for the same, and not judged by others', () => {
    const judge = (parameters: Record<string, string> | null, rule = 'S3_BUCKET_BLACKLISTED_ACTIONS_PROHIBITED') =>
      restrictCrossAccountPolicyActions.judge?.({
        state: { policy: null },
        context: undefined,
        claim: { controls: [], configRule: rule, isRule: (known) => known === rule, parameters, observedAt: 0 },
        resource: REF,
        parameters: {},
      });
    expect(judge({ blacklistedActionPattern: 's3:PutBucketPolicy, s3:DeleteBucketPolicy' })).toEqual([]);
    expect(judge({ blacklistedActionPattern: 's3:GetObject' })).toBeNull();
    expect(judge(null)).toEqual([]);
    expect(judge(null, 'S3_BUCKET_POLICY_NOT_MORE_PERMISSIVE')).toBeNull();
    expect(judge({ controlPolicy: '{}' }, 'S3_BUCKET_POLICY_NOT_MORE_PERMISSIVE')).toBeNull();
  });
});
