// For any records: with all events nothing differs. Without one, or with one more, exactly that is found.
import { digestOf, type JsonObject, resource } from '@redress/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { repeated } from '../../../tests/support/size.js';
import { memoryJournal } from './memory.js';
import { Coverage, isWanted, readTrail, reconcile, recordedOf } from './reconcile.js';

const NOON = Date.parse('2026-11-20T12:00:00Z');
const DAY = 86_400_000;
const REGION = 'eu-west-1';
const ACCOUNTS = ['111111111111', '222222222222'];

const executions = fc.array(
  fc.record({
    account: fc.constantFrom(...ACCOUNTS),
    resource: fc.constantFrom('a', 'b', 'c'),
    calls: fc.array(fc.constantFrom('applied', 'refused', 'lost', 'unknown'), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 8 },
);

it('finds one missing event, one superfluous event, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(executions, fc.nat(), fc.nat(), async (made, drop, add) => {
      let now = NOON;
      const journal = memoryJournal({ clock: { now: () => now } });
      const records: JsonObject[] = [];
      /** Events of the calls that were made according to the records. */
      const claimed: JsonObject[] = [];
      const sessions: { account: string; session: string }[] = [];
      for (const { account, resource: id, calls } of made) {
        now += 1000;
        const of = { resource: resource({ type: 'AWS::S3::Bucket', id, account, region: REGION }), remediator: 'r' };
        const { generation } = await journal.view(of.resource);
        const begun = await journal.begin({ ...of, planDigest: digestOf(id), generation, budgets: [], lease: 60_000, body: {} });
        if (begun.status !== 'begun') throw new Error(begun.status);
        const { lease } = begun;
        const caller = `arn:aws:sts::${account}:assumed-role/Fix/${lease.execution}`;
        sessions.push({ account, session: lease.execution });
        for (const status of calls) {
          const requestId = `r-${records.length}`;
          const lost = { requestId: null, ...(status === 'lost' ? { status: 'applied', observedBy: 'look' } : { status }) };
          const call = status === 'lost' || status === 'unknown' ? lost : { status, requestId };
          await journal.append({ ...of, kind: 'call', lease, body: { call: { service: 's3', operation: 'PutBucketEncryption', caller, ...call } } });
          const event = eventOf(account, lease.execution, requestId, now, status === 'refused' ? 'AccessDenied' : null);
          records.push(event);
          if (status === 'applied') claimed.push(event);
        }
        await journal.finish({ ...of, lease, outcome: 'remediated', sent: calls.length, body: {} });
      }
      const recorded = await recordedOf(journal.read({ all: true }));
      const coverage = new Coverage(0);
      for (const account of ACCOUNTS) coverage.asked(account, REGION, { from: NOON - DAY, until: NOON + DAY });
      const found = (given: readonly JsonObject[]) =>
        reconcile({
          recorded,
          events: readTrail({ Records: given }).events.filter(isWanted(recorded)),
          ...{ coverage, period: { from: NOON - DAY, until: NOON + DAY }, grace: DAY, delay: 0, now: NOON + 3 * DAY },
        }).discrepancies.map(({ kind, requestId }) => [kind, requestId]);

      expect(found(records)).toEqual([]);
      const gone = claimed[drop % Math.max(claimed.length, 1)];
      if (gone !== undefined) expect(found(records.filter((each) => each !== gone))).toEqual([['ghost', gone['requestID']]]);
      const who = sessions[add % sessions.length] as (typeof sessions)[number];
      expect(found([...records, eventOf(who.account, who.session, 'more', now + 500, null)])).toEqual([['orphan', 'more']]);
    }),
    { numRuns: repeated(80, 200) },
  );
});

function eventOf(account: string, session: string, requestID: string, time: number, errorCode: string | null): JsonObject {
  return {
    userIdentity: { type: 'AssumedRole', arn: `arn:aws:sts::${account}:assumed-role/Fix/${session}`, accountId: account },
    eventTime: new Date(time).toISOString(),
    ...{ eventSource: 's3.amazonaws.com', eventName: 'PutBucketEncryption', awsRegion: REGION, requestID, eventID: `e-${requestID}` },
    ...{ eventType: 'AwsApiCall', readOnly: false, recipientAccountId: account, ...(errorCode === null ? {} : { errorCode }) },
  };
}
