// Loaded with the first schedule or message of a sweep.
import { messageOf, type Redress, type SweepSummary, type SweepTarget, unfinished } from '@redress/core';
import { describe } from './log.js';
import type { Metrics } from './metrics.js';
import { RetryError } from './retry-error.js';
import type { SweepMessage } from './sweep-message.js';
import type { HandlerLogger, SqsRecord } from './types.js';

/**
 * A FIFO queue for what a schedule asks for, whose messages this function gets, one at a time: a message for each account, then one for each of its
 * regions. One place is swept by one worker at a time, since its messages are of one group; and no event waits behind a sweep.
 */
export interface SweepQueue {
  /** Ends when all are in the queue, which does not take an `id` twice within five minutes. `queueMessages` of `@redress/connect` fits. */
  send(messages: readonly { readonly group: string; readonly id: string; readonly body: string }[]): Promise<void>;
  /** Which regions of an account can be looked at, and why the others cannot; without it all are swept. `accountRegions` of `@redress/connect` fits. */
  regions?(account: string, regions: readonly string[]): Promise<SweepRegions>;
}

/** Where an account can be looked at. */
export interface SweepRegions {
  readonly enabled: readonly string[];
  /** `region` null: nowhere in this account. */
  readonly left: readonly { readonly region: string | null; readonly reason: 'denied' | 'not-enabled' | 'no-endpoint'; readonly message: string }[];
}

type Place = Extract<SweepMessage, { region: unknown }>;

/** What handles the messages. */
export interface SweepWork {
  readonly redress: Redress;
  readonly queue: SweepQueue;
  readonly logger: HandlerLogger;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** Sweeps one place, and returns the result. */
  readonly sweep: (target: SweepTarget) => Promise<readonly SweepSummary[]>;
}

/** After this many deliveries a message is given up: each was started, and none completed. The next schedule sends one for the same place. */
const DELIVERIES = 5;

/**
 * Puts one message for each account into the queue.
 *
 * @param round when the schedule asked; epoch milliseconds.
 */
export async function beginRound(queue: SweepQueue, targets: readonly SweepTarget[], round: number, logger: HandlerLogger): Promise<void> {
  const accounts = new Map<string, string[]>();
  for (const { account, region } of targets) accounts.set(account, [...(accounts.get(account) ?? []), region]);
  await queue.send([...accounts].map(([account, regions]) => ({ group: account, id: `${round}/${account}`, body: written({ round, account, regions }) })));
  logger.info('a round of sweeps began', { kind: 'sweep-round', round: new Date(round).toISOString(), accounts: accounts.size, places: targets.length });
}

/**
 * Handles one message, so that afterwards it can go: what is left of it is another message.
 *
 * @throws {RetryError} when it has to come again: it did not come on.
 */
export async function handleSweepMessage(message: SweepMessage, record: SqsRecord, work: SweepWork): Promise<void> {
  const { logger, metrics } = work;
  const { account } = message;
  const place = { account, ...('region' in message ? { region: message.region } : {}) };
  if (Number(record.attributes?.ApproximateReceiveCount) > DELIVERIES) {
    metrics.add('SweepFailed', 'Count', 1);
    logger.error('a sweep is abandoned until the next schedule: it was started five times without progress', {
      kind: 'sweep-left',
      ...place,
      reason: 'given-up',
    });
    return;
  }
  try {
    await ('region' in message ? sweepPlace(message, record.messageId, work) : spread(message, work));
  } catch (error) {
    if (error instanceof RetryError) throw error;
    logger.error('a sweep could not be made', { messageId: record.messageId, ...place, error: describe(error) });
    throw new RetryError(messageOf(error), { cause: error });
  }
}

/** One message for each region of an account that can be looked at. What cannot is said, once for all of its remediators and resources. */
async function spread({ round, account, regions }: Extract<SweepMessage, { regions: unknown }>, { queue, logger, metrics }: SweepWork): Promise<void> {
  const { enabled, left } = queue.regions === undefined ? { enabled: regions, left: [] } : await queue.regions(account, regions);
  for (const { region, reason, message } of left) {
    // A region that nobody uses is as it should be. An account that does not let us in is one whose gaps nobody sees.
    if (reason !== 'not-enabled') metrics.add('SweepFailed', 'Count', 1);
    logger[reason === 'not-enabled' ? 'info' : 'error'](`not swept: ${message}`, {
      kind: 'sweep-left',
      account,
      ...(region === null ? {} : { region }),
      reason,
    });
  }
  await queue.send(
    enabled.map((region, index) => ({
      group: `${account}/${region}`,
      id: `${round}/${account}/${region}`,
      body: written({ round, account, region, global: index === 0, at: null }),
    })),
  );
}

/** Sweeps a place from where the journal says; what is left goes to a message of its own, before this one is gone. */
async function sweepPlace(message: Place, messageId: string, work: SweepWork): Promise<void> {
  const { redress, queue, logger, metrics, now } = work;
  const { round, account, region, global, at } = message;
  if (at !== null && at > now()) throw new RetryError('The rest of this sweep cannot be continued yet.', { retryAt: at });
  // Sent twice, or overtaken by a later round: it was swept since.
  const since = await redress.swept({ account, region, global });
  if (since !== null && since >= round) {
    logger.info('swept already', { kind: 'sweep-skipped', account, region, round: new Date(round).toISOString() });
    return;
  }
  const summaries = await work.sweep({ account, region, global });
  metrics.add('SweepAge', 'Seconds', Math.max(0, now() - round) / 1000);
  const failed = summaries.filter(({ status }) => status === 'failed').length;
  if (failed > 0) metrics.add('SweepFailed', 'Count', failed);
  const [left] = unfinished(summaries);
  if (left === undefined && summaries.length > 0) return;
  if (summaries.every(({ looked }) => looked === 0)) throw new RetryError('The sweep made no progress: there was no time to read anything.');
  const next = left === undefined || left.at <= now() ? null : left.at;
  await queue.send([{ group: `${account}/${region}`, id: `${messageId}/next`, body: written({ ...message, at: next }) }]);
  logger.info('the sweep continues with another message', { kind: 'sweep-continued', account, region, round: new Date(round).toISOString() });
}

function written(message: SweepMessage): string {
  const { round, ...rest } = message;
  const at = 'at' in rest && rest.at !== null ? { at: new Date(rest.at).toISOString() } : { at: undefined };
  return JSON.stringify({ redress: 'sweep', ...rest, round: new Date(round).toISOString(), ...at });
}
