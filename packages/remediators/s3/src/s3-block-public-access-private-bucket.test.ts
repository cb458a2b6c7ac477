import { describe, expect, it } from 'vitest';
import { bucket, type FakeBucket, fakeS3, s3Error } from '../test/fake.js';
import { blockPublicAccess as remediator } from './s3-block-public-access-private-bucket.js';

const ALL = 'http://acs.amazonaws.com/groups/global/AllUsers';
const POINTS = JSON.stringify({
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: '*', Condition: { StringEquals: { 's3:DataAccessPointAccount': '111111111111' } } }],
});
const ON = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };

async function look(state: FakeBucket, refuse: Parameters<typeof fakeS3>[1] = {}, accountBlock?: object) {
  const fake = fakeS3({ invoices: state }, refuse, accountBlock);
  const parameters = remediator.parameters({});
  const seen = await remediator.observe({ aws: fake.aws, resource: bucket('invoices'), parameters });
  if (seen === 'gone') return { seen, assessment: null };
  return { seen, assessment: remediator.plan({ state: seen.state, context: seen.context, resource: bucket('invoices'), parameters, observedAt: 0 }) };
}
const changes = async (state: FakeBucket) => {
  const { assessment } = await look(state);
  if (assessment?.status !== 'change') throw new Error(`${assessment?.status ?? 'gone'}, not a change`);
  return assessment;
};

describe('a private bucket', () => {
  it('gets the complete block, and the undo removes it if there was none', async () => {
    const {
      changes: [change],
      hazards,
    } = await changes({});
    expect(change?.call).toMatchObject({ operation: 'PutPublicAccessBlock', input: { Bucket: 'invoices', PublicAccessBlockConfiguration: ON } });
    expect(change?.undo).toMatchObject({ restores: 'exact', calls: [{ operation: 'DeletePublicAccessBlock' }] });
    expect(hazards).toEqual([]);
  });
  it('gets what was missing, and the undo restores what was there', async () => {
    const before = { ...ON, RestrictPublicBuckets: false };
    const {
      changes: [change],
    } = await changes({ block: before });
    expect(change?.undo).toMatchObject({ calls: [{ operation: 'PutPublicAccessBlock', input: { PublicAccessBlockConfiguration: before } }] });
  });
  it('is not changed if it has the block, or is missing', async () => {
    expect((await look({ block: ON })).assessment?.status).toBe('compliant');
    expect((await look({}, { GetPublicAccessBlock: s3Error('NoSuchBucket') })).seen).toBe('gone');
  });
  it.each<[string, FakeBucket, string, string]>([
    ['objects with their own ACLs', { ownership: 'ObjectWriter' }, 'object-acls', 'approve'],
    ['no ownership controls', { ownership: null }, 'object-acls', 'approve'],
    ['a website that is not public yet', { website: { IndexDocument: { Suffix: 'index.html' } } }, 'website', 'notify'],
    ['a policy that delegates access to access points', { policyIsPublic: false, policy: POINTS }, 'access-points', 'approve'],
    ['a policy that cannot be parsed', { policyIsPublic: false, policy: '{' }, 'access-points', 'approve'],
  ])('needs an approval with %s', async (_name, state, code, effect) => {
    expect((await changes(state)).hazards).toMatchObject([{ code, effect }]);
  });
});

it('a bucket needs no approval if its policy names its principals, or its account blocks access points already', async () => {
  const partner = JSON.stringify({ Statement: [{ Effect: 'Allow', Principal: { AWS: '222222222222' }, Action: 's3:GetObject', Resource: '*' }] });
  expect((await look({ policyIsPublic: false, policy: partner })).assessment).toMatchObject({ status: 'change', hazards: [] });
  expect((await look({ policyIsPublic: false, policy: POINTS }, {}, ON)).assessment).toMatchObject({ status: 'change', hazards: [] });
});

describe('a bucket that is public today', () => {
  it.each<[string, FakeBucket]>([
    ['by its policy', { policyIsPublic: true }],
    ['by its ACL', { grants: [{ uri: ALL, permission: 'READ' }] }],
    ['by its policy, with half a block', { policyIsPublic: true, block: { ...ON, RestrictPublicBuckets: false } }],
    ['by its ACL, with half a block', { grants: [{ uri: ALL, permission: 'READ' }], block: { ...ON, IgnorePublicAcls: false } }],
  ])('%s is never closed', async (_name, state) => {
    expect((await look(state)).assessment).toMatchObject({ status: 'manual', message: expect.stringContaining('is public today') });
  });
  it('gets the rest of the block if a part of it already overrides that', async () => {
    expect((await changes({ policyIsPublic: true, block: { ...ON, BlockPublicAcls: false } })).changes).toHaveLength(1);
  });
});

describe('a bucket that would be public without the block of the account or its organization', () => {
  const cut: [string, FakeBucket, object][] = [
    ['its policy', { policyIsPublic: true }, { RestrictPublicBuckets: true }],
    ['its list', { grants: [{ uri: ALL, permission: 'READ' }] }, { IgnorePublicAcls: true }],
    ['both, half by its own block', { policyIsPublic: true, grants: [{ uri: ALL, permission: 'READ' }], block: { IgnorePublicAcls: true } }, ON],
  ];
  it.each(cut)('%s: gets the block, which affects nobody', async (_name, state, account) => {
    const { assessment } = await look(state, {}, account);
    if (assessment?.status !== 'change') throw new Error(assessment?.status ?? 'gone');
    expect(assessment.changes[0]?.call).toMatchObject({ operation: 'PutPublicAccessBlock', input: { PublicAccessBlockConfiguration: ON } });
  });
  it('is public if they block something else', async () => {
    expect((await look({ policyIsPublic: true }, {}, { ...ON, RestrictPublicBuckets: false })).assessment?.status).toBe('manual');
    expect((await look({ grants: [{ uri: ALL, permission: 'READ' }] }, {}, { ...ON, IgnorePublicAcls: false })).assessment?.status).toBe('manual');
  });
  it('may have objects with their own ACLs, which are ignored', async () => {
    const { assessment } = await look({ ownership: 'ObjectWriter' }, {}, ON);
    expect(assessment).toMatchObject({ status: 'change', hazards: [] });
  });
  it('has another state as soon as they no longer block it', async () => {
    const [blocked, open] = [await look({ policyIsPublic: true }, {}, ON), await look({ policyIsPublic: true })];
    if (blocked.seen === 'gone' || open.seen === 'gone') throw new Error('gone');
    expect(blocked.seen.state).not.toEqual(open.seen.state);
  });
  it('is an error if what they block cannot be read', async () => {
    await expect(look({}, { GetAccountPublicAccessBlock: s3Error('AccessDenied', 'aws/denied') })).rejects.toMatchObject({ code: 'aws/denied' });
  });
  it('is not restored by a rollback, which changes only the bucket', () => {
    const state = (more: object): never =>
      ({ created: '2026-01-02T03:04:05.000Z', block: null, accountBlock: null, policyIsPublic: true, publicGrants: [], ...more }) as never;
    expect(remediator.equivalent(state({ accountBlock: ON }), state({}))).toBe(true);
    expect(remediator.equivalent(state({}), state({ block: ON }))).toBe(false);
    expect(remediator.equivalent(state({}), state({ publicGrants: ['AllUsers: READ'] }))).toBe(false);
  });
});

it('a bucket that was recreated under its name has another state', async () => {
  const [first, second] = [await look({ created: '2026-01-01T00:00:00Z' }), await look({ created: '2026-06-01T00:00:00Z' })];
  if (first.seen === 'gone' || second.seen === 'gone') throw new Error('gone');
  expect(first.seen.state).not.toEqual(second.seen.state);
});

it('reads the complete state for a verification', async () => {
  const fake = fakeS3({ invoices: { block: ON, policyIsPublic: false, tags: { team: 'billing' } } });
  const args = { aws: fake.aws, resource: bucket('invoices'), parameters: remediator.parameters({}) };
  const seen = await remediator.observe({ ...args, purpose: 'verification' });
  expect(fake.calls.map((call) => call.operation).sort()).toEqual(['GetBucketAcl', 'GetBucketPolicyStatus', 'GetPublicAccessBlock', 'ListBuckets']);
  const decided = await remediator.observe(args);
  expect(seen === 'gone' ? seen : seen.state).toEqual(decided === 'gone' ? decided : decided.state);
});

it('what cannot be read is not missing', async () => {
  for (const operation of [
    'GetPublicAccessBlock',
    'GetBucketPolicyStatus',
    'GetBucketPolicy',
    'GetBucketAcl',
    'GetBucketWebsite',
    'GetBucketOwnershipControls',
    'GetBucketTagging',
  ])
    await expect(look({ policyIsPublic: false, policy: '{}' }, { [operation]: s3Error('AccessDenied', 'aws/denied') })).rejects.toThrow('AccessDenied');
});
