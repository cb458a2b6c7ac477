import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, bucket, type FakeBucket, fakeS3, s3Error } from '../test/fake.js';
import { reportPublicWebsiteBucket as remediator } from './s3-report-public-website-bucket.js';

const ALL = 'http://acs.amazonaws.com/groups/global/AllUsers';
const ANY_CUSTOMER = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';
const LOGS = 'http://acs.amazonaws.com/groups/s3/LogDelivery';
const read = (uri: string) => ({ grants: [{ uri, permission: 'READ' }] });
const site = { website: { IndexDocument: { Suffix: 'index.html' } } };
const open = { policyIsPublic: true };

async function look(state: FakeBucket, refuse: Parameters<typeof fakeS3>[1] = {}, accountBlock?: object) {
  const fake = fakeS3({ invoices: state }, refuse, accountBlock);
  const parameters = remediator.parameters({});
  const seen = await remediator.observe({ aws: fake.aws, resource: bucket('invoices'), parameters });
  if (seen === 'gone') throw new Error('gone');
  return {
    ...fake,
    ...seen,
    assessment: remediator.plan({ state: seen.state, context: seen.context, resource: bucket('invoices'), parameters, observedAt: 0 }),
  };
}

describe('a report', () => {
  it('declares no write', () => {
    expect(remediator.uses.writes).toEqual([]);
    expect(remediator.uses.undoes).toEqual([]);
    expect(remediator.ceiling).toBe('notify');
  });

  it('plans no change for any bucket at all', async () => {
    const any = fc.record(
      {
        website: fc.constantFrom({ IndexDocument: { Suffix: 'index.html' } }, { RedirectAllRequestsTo: { HostName: 'example.com' } }),
        policyIsPublic: fc.boolean(),
        grants: fc.array(
          fc.record({ uri: fc.constantFrom(ALL, ANY_CUSTOMER, LOGS), permission: fc.constantFrom('READ', 'WRITE', 'READ_ACP', 'WRITE_ACP', 'FULL_CONTROL') }),
        ),
        block: fc.record(
          { IgnorePublicAcls: fc.boolean(), RestrictPublicBuckets: fc.boolean(), BlockPublicAcls: fc.boolean(), BlockPublicPolicy: fc.boolean() },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(any, async (given) => {
        const { assessment } = await look(given as FakeBucket);
        expect(['compliant', 'manual']).toContain(assessment.status);
        const byPolicy = given.policyIsPublic === true && given.block?.RestrictPublicBuckets !== true;
        const byAcl = (given.grants ?? []).some((grant) => grant.uri !== LOGS) && given.block?.IgnorePublicAcls !== true;
        expect(assessment.status === 'manual').toBe(byPolicy || byAcl);
      }),
    );
  });
});

describe('a public bucket', () => {
  it.each([
    ['by policy', open],
    ['by a grant to all', read(ALL)],
    ['by a grant to every AWS customer', read(ANY_CUSTOMER)],
    ['although new public policies are blocked', { ...open, block: { BlockPublicPolicy: true, BlockPublicAcls: true, IgnorePublicAcls: true } }],
  ])('%s, with a website: reported with an alternative', async (_name, state) => {
    const { assessment } = await look({ ...state, ...site });
    if (assessment.status !== 'manual') throw new Error(assessment.status);
    expect(assessment.message).toContain('static website');
    expect(assessment.message).toContain('take the site down');
    expect(assessment.steps?.join(' ')).toMatch(/CloudFront.*origin access control.*block public access/s);
  });

  it('with a website that only redirects: reported as such', async () => {
    const { assessment } = await look({ ...open, website: { RedirectAllRequestsTo: { HostName: 'example.com' } } });
    expect(assessment).toMatchObject({ status: 'manual', message: expect.stringContaining('redirects all requests') });
  });

  it('without a website: reported differently', async () => {
    const { assessment } = await look({ ...open, grants: [...read(ALL).grants, { uri: ALL, permission: 'WRITE' }] });
    if (assessment.status !== 'manual') throw new Error(assessment.status);
    expect(assessment.message).toBe(
      'Bucket invoices is public: its policy is public, and its access control list grants AllUsers: READ, AllUsers: WRITE. It is not an S3 website, and its users are unknown, so it is not closed.',
    );
    expect(assessment.steps?.join(' ')).not.toContain('website');
  });
});

describe('no public bucket', () => {
  it.each([
    ['a private one', {}],
    ['a private website', site],
    ['a policy that is not public', { policyIsPublic: false, ...site }],
    ['a grant for log delivery', read(LOGS)],
    ['a public policy that is overridden', { ...open, ...site, block: { RestrictPublicBuckets: true } }],
    ['a public grant that is ignored', { ...read(ALL), block: { IgnorePublicAcls: true } }],
  ])('%s', async (_name, state) => {
    expect((await look(state)).assessment.status).toBe('compliant');
  });
});

describe('the block of the account or its organization', () => {
  it.each<[string, FakeBucket, object]>([
    ['a public policy', open, { RestrictPublicBuckets: true }],
    ['a public grant', read(ALL), { IgnorePublicAcls: true }],
    ['both, half of it by the bucket itself', { ...open, ...read(ALL), block: { IgnorePublicAcls: true } }, { RestrictPublicBuckets: true }],
  ])('makes a bucket private: %s', async (_name, state, account) => {
    expect((await look({ ...state, ...site }, {}, account)).assessment).toEqual({
      status: 'compliant',
      message: 'The bucket has public statements or grants, but the public access block of the account or its organization makes them ineffective.',
    });
  });
  it.each<[string, FakeBucket, object]>([
    ['new policies', open, { BlockPublicPolicy: true, BlockPublicAcls: true, IgnorePublicAcls: true }],
    ['ACLs', { ...open, ...read(ALL) }, { IgnorePublicAcls: true }],
    ['nothing', open, {}],
  ])('leaves it public if it only blocks %s', async (_name, state, account) => {
    expect((await look(state, {}, account)).assessment.status).toBe('manual');
  });
  it('is only read if the bucket itself is public', async () => {
    const asked = async (state: FakeBucket) => (await look(state)).calls.some(({ operation }) => operation === 'GetAccountPublicAccessBlock');
    expect([await asked({}), await asked({ ...open, block: { RestrictPublicBuckets: true } }), await asked(open)]).toEqual([false, false, true]);
  });
  it('that cannot be read is not empty', async () => {
    await expect(look(open, { GetAccountPublicAccessBlock: s3Error('AccessDenied', 'aws/denied') })).rejects.toMatchObject({ code: 'aws/denied' });
  });
});

describe('observing', () => {
  it('reads the tags, sorts sets, and names the owner in each call', async () => {
    const { state, tags, calls } = await look({ tags: { team: 'web' }, grants: [...read(ANY_CUSTOMER).grants, ...read(ALL).grants, ...read(ALL).grants] });
    expect(state).toEqual({
      website: null,
      policyIsPublic: false,
      publicGrants: ['AllUsers: READ', 'AuthenticatedUsers: READ'],
      block: null,
      accountBlock: null,
    });
    expect(tags).toEqual({ team: 'web' });
    // The account's setting names the account.
    expect(calls.map((call) => call.input['ExpectedBucketOwner'] ?? call.input['AccountId'])).toEqual(calls.map(() => ACCOUNT));
  });

  it.each(['GetBucketWebsite', 'GetBucketPolicyStatus', 'GetBucketAcl', 'GetPublicAccessBlock', 'GetBucketTagging'])(
    'fails when %s is denied',
    async (operation) => {
      await expect(look(open, { [operation]: s3Error('AccessDenied', 'aws/denied') })).rejects.toMatchObject({ code: 'aws/denied' });
    },
  );

  it('fails if S3 omits whether the policy is public', async () => {
    await expect(look({ policyIsPublic: null as never })).rejects.toThrow('did not return');
  });

  it('recognizes a missing bucket', async () => {
    expect(await remediator.observe({ aws: fakeS3({}).aws, resource: bucket('invoices'), parameters: {} })).toBe('gone');
  });

  it('does not read a directory bucket', async () => {
    const { aws, calls } = fakeS3({});
    const seen = await remediator.observe({ aws, resource: bucket('fast--use1-az4--x-s3', 'us-east-1'), parameters: {} });
    expect(calls).toEqual([]);
    if (seen === 'gone') throw new Error('gone');
    expect(
      remediator.plan({ state: seen.state, context: undefined, resource: bucket('fast--use1-az4--x-s3', 'us-east-1'), parameters: {}, observedAt: 0 }).status,
    ).toBe('not-applicable');
  });
});
