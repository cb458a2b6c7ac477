import { canonicalJson, type Json, type JsonObject } from '@redress/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucket, fakeS3 } from '../test/fake.js';
import { enforceDefaultEncryption as remediator } from './s3-enforce-default-encryption.js';

const STRENGTH: Readonly<Record<string, number>> = { AES256: 1, 'aws:kms': 2, 'aws:kms:dsse': 3 };

const rule = fc.record(
  {
    ApplyServerSideEncryptionByDefault: fc.record(
      { SSEAlgorithm: fc.constantFrom('AES256', 'aws:kms', 'aws:kms:dsse', 'aws:next'), KMSMasterKeyID: fc.constantFrom('alias/one', 'alias/two') },
      { requiredKeys: ['SSEAlgorithm'] },
    ),
    BucketKeyEnabled: fc.boolean(),
    BlockedEncryptionTypes: fc.record({ EncryptionType: fc.subarray(['NONE', 'SSE-C']) }, { requiredKeys: [] }),
    // A member that S3 may have one day.
    SomethingNew: fc.string(),
  },
  { requiredKeys: [] },
);
const rules = fc.option(fc.array(rule, { maxLength: 3 }), { nil: null });
const parameters = fc.oneof(
  fc.constant({}),
  fc.record(
    { algorithm: fc.constant('aws:kms'), kmsKeyId: fc.constantFrom('alias/one', 'alias/three'), bucketKey: fc.boolean() },
    { requiredKeys: ['algorithm'] },
  ),
) as fc.Arbitrary<JsonObject>;
type Rules = readonly JsonObject[] | null;

const plan = (state: Rules, given: JsonObject) =>
  remediator.plan({
    state: { rules: state as Json },
    context: { logs: [] },
    resource: bucket('invoices'),
    parameters: remediator.parameters(given),
    observedAt: 0,
  });

/** The rules as observed, which is the only way that they come in. */
async function observed(given: Rules): Promise<Rules> {
  const { aws } = fakeS3({ invoices: given === null ? {} : { rules: given } });
  const seen = await remediator.observe({ aws, resource: bucket('invoices'), parameters: remediator.parameters({}) });
  if (seen === 'gone') throw new Error('gone');
  return (seen.state as { rules: Rules }).rules;
}

/** The rules that a planned change leaves, and those that its undo puts back. */
function planned(state: Rules, given: JsonObject): { after: readonly JsonObject[]; undone: Rules } | null {
  const assessment = plan(state, given);
  if (assessment.status !== 'change') return null;
  const [only] = assessment.changes;
  if (only === undefined || assessment.changes.length !== 1 || !('calls' in only.undo)) throw new Error('not one change with an undo');
  const rulesOf = (input: JsonObject) => (input['ServerSideEncryptionConfiguration'] as { Rules: readonly JsonObject[] }).Rules;
  const [back] = only.undo.calls;
  return { after: rulesOf(only.call.input), undone: back === undefined || back.operation === 'DeleteBucketEncryption' ? null : rulesOf(back.input) };
}

const algorithmOf = (each: JsonObject) => (each['ApplyServerSideEncryptionByDefault'] as { SSEAlgorithm: string } | undefined)?.SSEAlgorithm;
const others = ({ ApplyServerSideEncryptionByDefault: _, BucketKeyEnabled: __, ...rest }: JsonObject) => rest;
const bag = (list: readonly unknown[]) => list.map((each) => canonicalJson(each)).sort();

describe('for every configuration', () => {
  it('one change is enough', async () => {
    await fc.assert(
      fc.asyncProperty(rules, parameters, async (given, wanted) => {
        const change = planned(await observed(given as Rules), wanted);
        if (change !== null) expect(plan(await observed(change.after), wanted).status).toBe('compliant');
      }),
    );
  });

  it('no rule gets weaker or is removed', async () => {
    await fc.assert(
      fc.asyncProperty(rules, parameters, async (given, wanted) => {
        const before = await observed(given as Rules);
        const change = planned(before, wanted);
        if (change === null || before === null || before.length === 0) return;
        expect(change.after).toHaveLength(before.length);
        const strengths = (list: readonly JsonObject[]) => list.map((each) => STRENGTH[algorithmOf(each) ?? ''] ?? 0).sort();
        const weakest = strengths(before);
        for (const [at, strength] of strengths(change.after).entries()) expect(strength).toBeGreaterThanOrEqual(weakest[at] ?? 0);
      }),
    );
  });

  it('what is at the baseline or above is not changed', async () => {
    const strong = fc.array(
      rule.filter((each) => (STRENGTH[each.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? ''] ?? 0) >= 2),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(strong, parameters, async (given, wanted) => {
        expect(plan(await observed(given as Rules), wanted).status).toBe('compliant');
      }),
    );
  });

  it('every other member of every rule stays', async () => {
    await fc.assert(
      fc.asyncProperty(rules, parameters, async (given, wanted) => {
        const before = await observed(given as Rules);
        const change = planned(before, wanted);
        if (change === null || before === null || before.length === 0) return;
        expect(bag(change.after.map(others))).toEqual(bag(before.map(others)));
        // The bucket key only where it was asked for.
        if (wanted['bucketKey'] === undefined)
          expect(bag(change.after.map((each) => each['BucketKeyEnabled'] ?? null))).toEqual(bag(before.map((each) => each['BucketKeyEnabled'] ?? null)));
      }),
    );
  });

  it('compliant rules stay unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(rules, parameters, async (given, wanted) => {
        const before = await observed(given as Rules);
        const change = planned(before, wanted);
        if (change === null) return;
        const after = bag(change.after);
        for (const good of bag((before ?? []).filter((each) => (STRENGTH[algorithmOf(each) ?? ''] ?? 0) >= 2))) expect(after).toContain(good);
      }),
    );
  });

  it('the undo restores the previous configuration', async () => {
    await fc.assert(
      fc.asyncProperty(rules, parameters, async (given, wanted) => {
        const before = await observed(given as Rules);
        const change = planned(before, wanted);
        if (change === null) return;
        expect(remediator.equivalent({ rules: before as Json }, { rules: (await observed(change.undone)) as Json })).toBe(true);
        if (before !== null && before.length > 0) expect(await observed(change.undone)).toEqual(before);
      }),
    );
  });

  it('the order in the response does not matter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { maxLength: 3 }), parameters, async (given, wanted) => {
        const turned = [...given].reverse() as Rules;
        expect(await observed(turned)).toEqual(await observed(given as Rules));
        expect(plan(await observed(turned), wanted)).toEqual(plan(await observed(given as Rules), wanted));
      }),
    );
  });

  it('KMS always needs an approval, and is never used for a bucket that receives logs', async () => {
    await fc.assert(
      fc.asyncProperty(rules, async (given) => {
        const state = { rules: (await observed(given as Rules)) as Json };
        const ask = (logs: readonly string[]) =>
          remediator.plan({
            state,
            context: { logs },
            resource: bucket('invoices'),
            parameters: remediator.parameters({ algorithm: 'aws:kms' }),
            observedAt: 0,
          });
        const free = ask([]);
        if (free.status === 'change') expect(free.hazards?.map((hazard) => hazard.effect)).toEqual(['approve']);
        expect(ask(['its policy']).status).not.toBe('change');
      }),
    );
  });
});
