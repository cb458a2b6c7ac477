import { CloudTrailClient, LookupEventsCommand, type LookupEventsCommandOutput } from '@aws-sdk/client-cloudtrail';
import { type Clock, type Connect, classifyAwsError, partitionOf, type SweepTarget } from '@redress/core';
import { readTrail } from '@redress/evidence/reconcile';
import { inOrder } from '../in-order.js';
import type { Gathered } from './trail.js';

/** CloudTrail answers two requests a second for each account and region. */
const SPACE = 500;
/** Its history goes back so far; milliseconds. */
const HISTORY = 90 * 86_400_000;
/** Places that are asked at the same time. */
const AT_ONCE = 10;
const TRIES = 6;

/** Queries LookupEvents in places, for calls that are not reads. A place that cannot be queried is in the errors, and is not covered. */
export async function gatherLookups(connect: Connect, clock: Clock, places: readonly SweepTarget[], gathered: Gathered): Promise<void> {
  await inOrder(places, AT_ONCE, async ({ account, region }) => {
    const place = `cloudtrail:LookupEvents ${account}/${region}`;
    try {
      const { config } = await connect({ partition: partitionOf(region), account, region, access: 'read', execution: null });
      // Tried again here, at a pace that it takes.
      const client = new CloudTrailClient({ ...config, maxAttempts: 1 });
      try {
        await lookUp((input) => client.send(new LookupEventsCommand(input)), clock, { account, region, gathered, place });
      } finally {
        client.destroy();
      }
    } catch (cause) {
      const failure = classifyAwsError(cause);
      const code = failure.code === 'aws/denied' ? 'trail/denied' : 'trail/unreadable';
      gathered.errors.push({ code, message: `${failure.name}: ${failure.message}`, place: { file: place } });
    }
  });
}

/** What is asked for. */
interface Ask {
  readonly StartTime: Date;
  readonly EndTime: Date;
  readonly MaxResults: number;
  readonly LookupAttributes: [{ readonly AttributeKey: 'ReadOnly'; readonly AttributeValue: 'false' }];
  readonly NextToken?: string;
}

/**
 * Asks page by page, two a second at most; when that is too many, more slowly.
 *
 * @throws what AWS answers, when it does so several times in a row
 */
export async function lookUp(
  send: (ask: Ask) => Promise<Pick<LookupEventsCommandOutput, 'Events' | 'NextToken'>>,
  clock: Clock,
  { account, region, gathered, place }: { readonly account: string; readonly region: string; readonly gathered: Gathered; readonly place: string },
): Promise<void> {
  const { wanted, coverage, keep, events, errors } = gathered;
  const from = Math.max(wanted.from, clock.now() - HISTORY);
  let next: string | undefined;
  let tries = 0;
  for (;;) {
    const began = clock.now();
    try {
      const { Events = [], NextToken } = await send({
        StartTime: new Date(from),
        EndTime: new Date(wanted.until),
        MaxResults: 50,
        // Only one attribute can be asked for. Data events are not in this history.
        LookupAttributes: [{ AttributeKey: 'ReadOnly', AttributeValue: 'false' }],
        ...(next === undefined ? {} : { NextToken: next }),
      });
      const read = readTrail({ Events });
      gathered.records += read.records;
      gathered.more?.();
      const [mistake] = read.mistakes;
      if (mistake !== undefined) errors.push({ code: mistake.code, message: mistake.message, place: { file: place, path: mistake.path ?? '' } });
      for (const event of read.events) if (event.account === account && event.region === region && keep(event)) events.push(event);
      next = NextToken;
      tries = 0;
      if (next === undefined || next === '') break;
    } catch (cause) {
      if (!classifyAwsError(cause).retryable || ++tries >= TRIES) throw cause;
      await clock.sleep(SPACE * 2 ** tries);
    }
    const early = began + SPACE - clock.now();
    if (early > 0) await clock.sleep(early);
  }
  // Of what comes after now nothing was said.
  coverage.asked(account, region, { from, until: Math.min(wanted.until, clock.now()) });
}
