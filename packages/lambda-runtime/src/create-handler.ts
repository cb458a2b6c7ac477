import {
  canaryArrival,
  createRedress,
  type Evaluation,
  formatResource,
  type HandleResult,
  messageOf,
  type Outcome,
  type PassResult,
  type Redress,
  RedressError,
  type RedressOptions,
  type RunBudget,
  retryAtOf,
  type SweepSummary,
  type SweepTarget,
  systemClock,
  unasked,
} from '@redress/core';
import { handleBatch } from './batch.js';
import { asksForCanary, type CanaryOptions, receiveCanaries, sendCanary } from './canary.js';
import type { PutEvaluations } from './config-rule.js';
import { describe, logPass, logSweep, makeLogger, redactingLogger } from './log.js';
import { defaultSink, Metrics, type MetricsSink, timeToClose } from './metrics.js';
import { RetryError } from './retry-error.js';
import { sweepMessageOf } from './sweep-message.js';
import type { SweepQueue } from './sweep-round.js';
import type { BatchResponse, HandlerLogger, InvocationContext, SqsEvent, SqsRecord } from './types.js';
import { bringBack, type ChangeVisibility, holdOn, PATIENCE } from './visibility.js';

/** What {@link createHandler} takes: that of `createRedress`, with a journal. */
export interface HandlerOptions extends Omit<RedressOptions, 'journal' | 'onWarning'> {
  /** There is no default, and a folder is refused inside Lambda: it would be gone with the sandbox. */
  readonly journal: NonNullable<RedressOptions['journal']>;
  /** What a schedule sweeps: an EventBridge rule or schedule whose event comes here. Without it schedules are only counted. */
  readonly sweep?: {
    /** Places, or a function that returns them: it is called at each schedule, for places that follow from a policy that is read live. */
    readonly targets: readonly SweepTarget[] | (() => Promise<readonly SweepTarget[] | SweepPlaces>);
    /** Resources per second, at most; default 5. */
    readonly perSecond?: number;
    /** Where one message goes for each account and each place. Without it the invocation of the schedule sweeps all of them, as far as its time goes. */
    readonly queue?: SweepQueue;
  };
  /** Answers custom Config rules whose function this is; without it they are only counted. */
  readonly putEvaluations?: PutEvaluations;
  /** Sends a canary when the input `{ "redress": "canary" }` comes, and records its arrival. Without it there is no proof that events arrive. */
  readonly canary?: CanaryOptions;
  /**
   * Has a message of a queue delivered again when it can be decided: the resource has settled, or nobody holds it any more. Without it such a message
   * comes when the queue's visibility time-out ends, and the function sleeps while a resource settles.
   */
  readonly changeVisibility?: ChangeVisibility;
  /** Default: CloudWatch's embedded format on standard output, inside Lambda. */
  readonly metrics?: MetricsSink;
  /** Default: a Powertools Logger, which `POWERTOOLS_…` variables configure. */
  readonly logger?: HandlerLogger;
}

/** Where a schedule sweeps, and what else may be there. */
export interface SweepPlaces {
  readonly targets: readonly SweepTarget[];
  /** What could not be determined, each in a sentence: these places are not swept, and an alarm reports it. */
  readonly left: readonly string[];
}

/** What a direct invocation answers. */
export interface HandlerSummary {
  readonly findings: number;
  readonly passes: readonly { readonly remediator: string; readonly resource: string; readonly outcome: Outcome | 'busy'; readonly execution: string | null }[];
  /** Findings that needed no decision, by disposition. */
  readonly counted: Readonly<Record<string, number>>;
  /** What a custom Config rule was answered. */
  readonly evaluations: readonly Evaluation[];
  /** What a schedule led to. */
  readonly sweeps: readonly Pick<SweepSummary, 'remediator' | 'account' | 'region' | 'status' | 'looked' | 'outcomes'>[];
}

/** A Lambda handler. SQS gets a partial batch answer, anything else a summary. */
export type Handler = (event: unknown, context: InvocationContext) => Promise<BatchResponse | HandlerSummary>;

/** What one invocation has: its end, and its count of changes. */
type Run = { readonly deadline: number; readonly budget: RunBudget };

/** A message is not begun with less time than this: a fix with its verification needs it. */
const NEEDED = 30_000;
/** Recovery is not begun with less time than this: what came in goes first. */
const NEEDED_FOR_RECOVERY = 60_000;

/**
 * Makes the Lambda handler.
 *
 * A message that may fare better later comes again; one that can never be read is logged and acknowledged, since coming again would not
 * change it; no message takes others along. What came without a queue is retried by throwing.
 *
 * @example
 * export const handler = createHandler({ remediators: [...s3Remediators, mine], policy, journal, connect: connectAws() });
 * @throws {RedressError} `compose/invalid`, `policy/invalid`
 */
export function createHandler(options: HandlerOptions): Handler {
  return handlerOf(options, summarize);
}

/** {@link createHandler}, with an answer of its own to what comes without a queue. */
export function handlerOf<Answer>(
  options: HandlerOptions,
  answer: (result: HandleResult, evaluations: readonly Evaluation[], sweeps: readonly SweepSummary[]) => Answer,
): (event: unknown, context: InvocationContext) => Promise<BatchResponse | Answer> {
  if (options.journal === undefined || options.journal === null) {
    throw new RedressError('compose/invalid', 'The handler needs a journal: the record is what permits a change.', {
      next: 'Give createHandler a journal of @redress/evidence.',
    });
  }
  if (options.journal.kind === 'folder' && process.env['AWS_LAMBDA_FUNCTION_NAME'] !== undefined) {
    throw new RedressError('compose/invalid', 'A journal in a folder cannot be used in Lambda: sandboxes do not share it, and it is lost with them.', {
      next: 'Use a journal that all sandboxes share.',
    });
  }
  const clock = options.clock ?? systemClock;
  const redress: Redress = createRedress({ ...options, onWarning: (message, error) => logger.warn(message, { error: describe(error) }) });
  const logger: HandlerLogger = redactingLogger(options.logger ?? makeLogger(), redress.redact);
  const { canary, journal, changeVisibility } = options;
  let recovered = false;

  /** Sweeps places, and returns the result. */
  const sweep = async (targets: readonly SweepTarget[], run: Run, metrics: Metrics): Promise<readonly SweepSummary[]> => {
    const onPass = (pass: PassResult) => {
      logPass(logger, pass, null, 'sweep');
      metrics.pass(pass);
    };
    const perSecond = options.sweep?.perSecond;
    const summaries = await redress.sweep({ ...(perSecond === undefined ? {} : { perSecond }), targets, ...run, onPass });
    const complete = summaries.filter((each) => each.status === 'complete').length;
    if (complete > 0) metrics.add('SweepCompleted', 'Count', complete);
    for (const summary of summaries) logSweep(logger, summary);
    return summaries;
  };

  /** A schedule that AWS sent asks for a sweep, after what came in with it. Without a queue what it does not come to is left to the next one. */
  const swept = async (result: HandleResult, run: Run, metrics: Metrics): Promise<readonly SweepSummary[]> => {
    const asked = result.results.find(({ finding }) => finding.kind === 'scheduled' && finding.envelope !== null && !finding.replayed);
    if (asked === undefined || options.sweep === undefined) return [];
    const { targets, left } = await placesOf(options.sweep.targets, logger);
    for (const each of left) {
      metrics.add('SweepFailed', 'Count', 1);
      logger.error(`not swept: ${each}`, { kind: 'sweep-left', reason: 'unknown' });
    }
    if (options.sweep.queue === undefined) return sweep(targets, run, metrics);
    const at = Date.parse(asked.finding.envelope?.time ?? '');
    try {
      const { beginRound } = await import('./sweep-round.js');
      await beginRound(options.sweep.queue, targets, Number.isNaN(at) ? clock.now() : at, logger);
    } catch (error) {
      logger.error('a round of sweeps could not begin', { error: describe(error) });
      throw new RetryError(`Nothing was swept: ${messageOf(error)}`, { cause: error });
    }
    return [];
  };

  /** What an input came to, for logs and metrics. */
  const came = async (result: HandleResult, messageId: string | null, metrics: Metrics): Promise<void> => {
    report(logger, result, messageId, clock.now(), canary);
    const left = result.results.filter(({ passes, error, retryable: again }) => again && error === null && passes.length === 0).length;
    if (left > 0) logger.info('findings left for another invocation', { messageId, reason: 'no-time-left', findings: result.results.length - left, left });
    for (const each of result.results) metrics.finding(each, clock.now());
    if (canary !== undefined) await receiveCanaries(canary, result, { journal, logger, metrics, clock });
  };

  const invoke = async (event: unknown, context: InvocationContext, metrics: Metrics): Promise<BatchResponse | Answer> => {
    const remaining = context.getRemainingTimeInMillis();
    const deadline = clock.now() + remaining;
    if (!recovered && remaining >= NEEDED_FOR_RECOVERY) {
      recovered = true;
      // At most half of the time, so that what came in has its own.
      await recover(redress, logger, clock.now() + remaining / 2);
    }
    if (remaining < NEEDED)
      logger.warn('the time of this invocation is too short for any change', {
        remainingMs: remaining,
        neededMs: NEEDED,
        next: 'Raise the timeout of the function to at least 60 s.',
      });
    // One invocation is one run: limits per run count over all of its messages.
    const run = { deadline, budget: { changes: 0 } };

    if (!isSqs(event)) {
      if (canary !== undefined && asksForCanary(event)) {
        await sendCanary(canary, logger, clock.now());
        return answer({ results: [], retry: [], counted: {} }, [], []);
      }
      const result = await redress.handle(event, run);
      await came(result, null, metrics);
      const again = retryable(result);
      if (again !== null) throw new RetryError(`It has to be delivered again: ${again}`, { retryAt: retryAtOf(result.results) });
      const { putEvaluations } = options;
      const evaluations =
        putEvaluations === undefined
          ? []
          : await (await import('./config-rule.js')).answerRule(redress, putEvaluations, event as { resultToken?: unknown }, result, deadline);
      for (const each of evaluations) logger.info('evaluated', { kind: 'evaluation', ...each });
      return answer(result, evaluations, await swept(result, run, metrics));
    }

    const handle = async (record: SqsRecord): Promise<void> => {
      if (context.getRemainingTimeInMillis() < NEEDED) {
        logger.info('message left for another invocation', { messageId: record.messageId, reason: 'no-time-left' });
        throw new RetryError('Not enough time is left.');
      }
      const place = options.sweep?.queue === undefined ? null : sweepMessageOf(record);
      if (place !== null && options.sweep?.queue !== undefined) {
        // The queue hides a message for as long as six invocations take. A sweep goes on as soon as its worker can only be gone.
        if (changeVisibility !== undefined) await holdOn(changeVisibility, record, { context, logger });
        const { handleSweepMessage } = await import('./sweep-round.js');
        return handleSweepMessage(place, record, {
          redress,
          queue: options.sweep.queue,
          logger,
          metrics,
          now: () => clock.now(),
          sweep: (target) => sweep([target], run, metrics),
        });
      }
      const sent = Number(record.attributes?.SentTimestamp);
      if (sent > 0) metrics.add('QueueWait', 'Seconds', Math.max(0, clock.now() - sent) / 1000);
      // Without the time at which it came in first, what says no time of its own would have to settle again at each delivery.
      const delivered = sent > 0 ? { ...run, seenAt: sent, ...(changeVisibility === undefined ? {} : { patience: PATIENCE }) } : run;
      let result: HandleResult;
      try {
        if (canary !== undefined && asksForCanary(record)) return await sendCanary(canary, logger, clock.now());
        result = await redress.handle({ Records: [record] }, delivered);
      } catch (error) {
        logger.error('message could not be handled', { messageId: record.messageId, error: describe(error) });
        throw new RetryError(messageOf(error), { cause: error });
      }
      await came(result, record.messageId, metrics);
      const again = retryable(result);
      if (again !== null) throw new RetryError(again, { retryAt: retryAtOf(result.results) });
      await swept(result, run, metrics);
    };
    return handleBatch(event, handle, async (messages, inOrder) => {
      if (changeVisibility !== undefined) await bringBack(changeVisibility, messages, { context, logger, now: clock.now(), inOrder });
    });
  };

  return async (event, context) => {
    const metrics = new Metrics(options.metrics ?? defaultSink());
    try {
      return await invoke(event, context, metrics);
    } catch (error) {
      // Lambda itself logs what is thrown.
      throw redress.redact(error);
    } finally {
      try {
        metrics.flush(clock.now());
      } catch (error) {
        // What was done is done: nothing has to come again for it.
        logger.error('the metrics could not be written', { error: describe(error) });
      }
    }
  };
}

/**
 * The places of this sweep. An empty list is an error: it would look like a sweep that found nothing.
 *
 * @throws {RetryError} if they cannot be determined: the schedule is retried, and then goes to the dead letters.
 */
async function placesOf(targets: NonNullable<HandlerOptions['sweep']>['targets'], logger: HandlerLogger): Promise<SweepPlaces> {
  if (typeof targets !== 'function') return { targets, left: [] };
  try {
    const given = await targets();
    const places = 'targets' in given ? given : { targets: given, left: [] };
    if (places.targets.length === 0) throw new RedressError('compose/invalid', 'There is no place to sweep.');
    return places;
  } catch (error) {
    logger.error('nothing was swept: the targets could not be read', { error: describe(error) });
    throw new RetryError(`Nothing was swept: ${messageOf(error)}`, { cause: error });
  }
}

async function recover(redress: Redress, logger: HandlerLogger, deadline: number): Promise<void> {
  try {
    for (const pass of await redress.recover({ deadline })) logPass(logger, pass, null, 'recovery');
  } catch (error) {
    // What came in does not wait for it; the next sandbox tries again, and each pass recovers its own resource.
    logger.error('recovery failed', { error: describe(error) });
  }
}

function report(logger: HandlerLogger, result: HandleResult, messageId: string | null, now: number, canary: CanaryOptions | undefined): void {
  for (const each of result.results) {
    const { finding, passes, error } = each;
    if (finding.disposition === 'rejected') {
      logger.warn('input rejected', {
        messageId: finding.itemId ?? messageId,
        finding: finding.id,
        source: finding.source,
        kind: finding.kind,
        reason: finding.reason,
        via: finding.via,
      });
    }
    // Recognised, and not acted on: a detection is for people, who find it here.
    if (finding.disposition === 'record-only') {
      logger.info('recorded only', {
        kind: 'finding',
        messageId: finding.itemId ?? messageId,
        finding: finding.id,
        source: finding.source,
        findingKind: finding.kind,
        account: finding.account,
        region: finding.region,
        resources: finding.resources.map(({ type, id }) => `${type} ${id}`),
        reason: finding.reason,
      });
    }
    const nobody = unasked(each);
    // A canary is asked about by nobody, on purpose.
    if (nobody !== null && (canary === undefined || canaryArrival(finding, canary.parameter, now) === null)) {
      logger.warn('no remediator handles it', {
        kind: 'finding',
        messageId: finding.itemId ?? messageId,
        finding: finding.id,
        source: finding.source,
        findingKind: finding.kind,
        account: finding.account,
        region: finding.region,
        resources: finding.resources.map(({ type, id }) => `${type} ${id}`),
        configRule: finding.configRule,
        controls: finding.controls,
        call: finding.call === null ? null : `${finding.call.service}:${finding.call.operation}`,
        reason: nobody,
      });
    }
    for (const pass of passes) logPass(logger, pass, messageId, 'pass', timeToClose(finding, pass, now));
    if (error !== null) logger.error('finding could not be handled', { messageId: finding.itemId ?? messageId, finding: finding.id, error });
  }
}

/** Why an input has to come again, or null. */
function retryable(result: HandleResult): string | null {
  const found = result.results.find((each) => each.retryable);
  if (found === undefined) return null;
  const pass = found.passes.find((each) => each.retryable);
  return pass === undefined ? (found.error?.message ?? found.reason) : `${pass.remediator}: ${formatResource(pass.resource)}: ${pass.message}`;
}

function summarize(result: HandleResult, evaluations: readonly Evaluation[], sweeps: readonly SweepSummary[]): HandlerSummary {
  return {
    findings: result.results.length,
    passes: result.results
      .flatMap((each) => each.passes)
      .map(({ remediator, resource, outcome, execution }) => ({ remediator, resource: formatResource(resource), outcome, execution })),
    counted: result.counted,
    evaluations,
    sweeps: sweeps.map(({ remediator, account, region, status, looked, outcomes }) => ({ remediator, account, region, status, looked, outcomes })),
  };
}

function isSqs(event: unknown): event is SqsEvent {
  const records = typeof event === 'object' && event !== null ? (event as { Records?: unknown }).Records : undefined;
  return (
    Array.isArray(records) &&
    records.length > 0 &&
    records.every(
      (record) =>
        typeof record === 'object' && record !== null && (record as SqsRecord).eventSource === 'aws:sqs' && typeof (record as SqsRecord).messageId === 'string',
    )
  );
}
