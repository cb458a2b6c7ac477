// What each look costs: calls, by the round trips that they go out in. Whoever changes a remediator so that it reads more, or one after another,
// sees it here.
import { createRedress, type ObservationPurpose } from '@redress/core';
import { fakeClock, simulatedAccount } from '@redress/testing';
import { expect, it } from 'vitest';
import { ACCOUNT, enforcing, makers, writing } from '../../campaign/world.ts';

type Functions = Record<string, Record<string, (input: unknown) => Promise<unknown>>>;

/** The reads of a look, those that went out together in one text. */
function waved(aws: Functions) {
  const sent: string[][] = [];
  let answered = 0;
  const services = Object.entries(aws).map(([service, functions]) => [
    service,
    Object.fromEntries(
      Object.entries(functions).map(([operation, call]) => [
        operation,
        async (input: unknown) => {
          (sent[answered] ??= []).push(operation);
          try {
            return await call(input);
          } finally {
            await new Promise((resolve) => setImmediate(resolve));
            answered++;
          }
        },
      ]),
    ),
  ]);
  return { aws: Object.fromEntries(services) as never, trips: () => sent.filter((wave) => wave !== undefined).map((wave) => wave.sort().join(' ')) };
}

async function tripsOf(id: string): Promise<Record<ObservationPurpose, string[]>> {
  const clock = fakeClock();
  const account = simulatedAccount({ account: ACCOUNT, clock });
  const gap = makers[id]?.(account, 'round-trips');
  const remediator = writing.find((each) => each.id === id);
  if (gap === undefined || remediator === undefined) throw new Error(id);
  gap.open(clock.now());
  const found: Partial<Record<ObservationPurpose, string[]>> = {};
  const watched = {
    ...remediator,
    // Looks for every purpose go out as one role.
    uses: { reads: remediator.uses.reads, writes: remediator.uses.writes, undoes: remediator.uses.undoes },
    observe: async (args: Parameters<typeof remediator.observe>[0]) => {
      const decision = waved(args.aws as Functions);
      const earlier = await remediator.observe({ ...args, aws: decision.aws });
      found.decision = decision.trips();
      for (const purpose of ['confirmation', 'verification'] as const) {
        const look = waved(args.aws as Functions);
        await remediator.observe({ ...args, aws: look.aws, purpose, earlier: earlier === 'gone' ? null : earlier });
        found[purpose] = look.trips();
      }
      return earlier;
    },
  };
  const redress = createRedress({ remediators: [watched], policy: enforcing([watched]), connect: account.connect, clock });
  const [pass] = await redress.plan(id, gap.ref);
  redress.close();
  expect(pass?.plan?.changes.length).toBeGreaterThan(0);
  return found as Record<ObservationPurpose, string[]>;
}

const group = {
  decision: ['DescribeInstances DescribeNetworkInterfaces DescribeSecurityGroupRules DescribeSecurityGroups'],
  confirmation: ['DescribeSecurityGroupRules DescribeTags'],
  verification: ['DescribeSecurityGroupRules'],
};
const passwords = ['GetAccountPasswordPolicy'];
const expected: Record<string, Record<ObservationPurpose, string[]>> = {
  'ec2-revoke-sg-open-ssh': group,
  'ec2-revoke-sg-open-rdp': group,
  'ec2-revoke-sg-open-admin-ipv6': group,
  'ec2-revoke-sg-open-admin-existing': group,
  'ec2-enable-ebs-encryption-by-default': {
    decision: ['GetEbsDefaultKmsKeyId GetEbsEncryptionByDefault'],
    confirmation: ['GetEbsEncryptionByDefault'],
    verification: ['GetEbsEncryptionByDefault'],
  },
  's3-enforce-default-encryption': {
    decision: ['GetBucketEncryption GetBucketTagging ListBuckets'],
    confirmation: ['GetBucketEncryption GetBucketTagging ListBuckets'],
    verification: ['GetBucketEncryption ListBuckets'],
  },
  // What the account blocks is verified only where the bucket's own block leaves something open.
  's3-block-public-access-private-bucket': {
    decision: [
      'GetBucketAcl GetBucketOwnershipControls GetBucketPolicyStatus GetBucketTagging GetBucketWebsite GetPublicAccessBlock GetPublicAccessBlock ListBuckets',
    ],
    confirmation: ['GetBucketAcl GetBucketPolicyStatus GetBucketTagging GetPublicAccessBlock GetPublicAccessBlock ListBuckets'],
    verification: ['GetBucketAcl GetBucketPolicyStatus GetPublicAccessBlock ListBuckets', 'GetPublicAccessBlock'],
  },
  // When a key was last used is asked for by its id.
  'iam-flag-stale-access-key': {
    decision: ['GetUser ListAccessKeys', 'GetAccessKeyLastUsed'],
    confirmation: ['GetUser ListAccessKeys'],
    verification: ['GetUser ListAccessKeys'],
  },
  'iam-strengthen-password-policy': { decision: passwords, confirmation: passwords, verification: passwords },
  'logs-raise-retention': {
    decision: ['DescribeLogGroups ListTagsForResource'],
    confirmation: ['DescribeLogGroups ListTagsForResource'],
    verification: ['DescribeLogGroups'],
  },
};

it.each(Object.keys(makers))('%s', async (id) => {
  expect({ [id]: await tripsOf(id) }).toEqual({ [id]: expected[id] });
});
