import { CANARY, CANARY_TAG, type Clock, canaryArrival, canaryResource, type HandleResult, isCanaryTick, type Journal } from '@redress/core';
import { describe } from './log.js';
import type { Metrics } from './metrics.js';
import type { HandlerLogger, SqsRecord } from './types.js';

/** Input of Systems Manager's `AddTagsToResource`, as far as it is used. */
export interface CanaryInput {
  ResourceType: 'Parameter';
  ResourceId: string;
  Tags: { Key: string; Value: string }[];
}

/** A harmless change that AWS itself reports, once a day: when its event comes back, events arrive. */
export interface CanaryOptions {
  /** Name of a parameter that is there for nothing else. */
  readonly parameter: string;
  /**
   * Tags it. The SDK's command fits; for several regions send to a client of each.
   *
   * @example (input) => new SSMClient({}).send(new AddTagsToResourceCommand(input))
   * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
   */
  send(input: CanaryInput): Promise<unknown>;
}

/** Whether an input is the tick, also as the body of a message. */
export function asksForCanary(input: unknown): boolean {
  if (isCanaryTick(input)) return true;
  const { body, eventSource } = (typeof input === 'object' && input !== null ? input : {}) as Partial<SqsRecord>;
  // Anything longer is something else, and need not be parsed twice.
  if (eventSource !== 'aws:sqs' || typeof body !== 'string' || body.length > 2048) return false;
  try {
    return isCanaryTick(JSON.parse(body));
  } catch {
    return false;
  }
}

/** Sends the canary: the time goes along as a tag, which CloudTrail shows; a parameter's value it does not. */
export async function sendCanary({ parameter, send }: CanaryOptions, logger: HandlerLogger, now: number): Promise<void> {
  const sent = new Date(now).toISOString();
  await send({ ResourceType: 'Parameter', ResourceId: parameter, Tags: [{ Key: CANARY_TAG, Value: sent }] });
  logger.info('canary sent', { kind: 'canary-sent', parameter, sent });
}

/** Records canaries that came back. */
export async function receiveCanaries(
  { parameter }: CanaryOptions,
  result: HandleResult,
  { journal, logger, metrics, clock }: { journal: Journal; logger: HandlerLogger; metrics: Metrics; clock: Clock },
): Promise<void> {
  for (const { finding } of result.results) {
    const arrival = canaryArrival(finding, parameter, clock.now());
    if (arrival === null) continue;
    const { account, region, inTime } = arrival;
    const took = Math.round(arrival.took / 1000);
    const sent = new Date(arrival.sentAt).toISOString();
    logger[inTime ? 'info' : 'warn'](inTime ? 'canary arrived' : 'canary arrived too late', {
      // Who counts lines of this kind counts proofs.
      kind: inTime ? 'canary' : 'canary-late',
      account,
      region,
      sent,
      seconds: took,
    });
    if (!inTime) continue;
    metrics.add('CanaryArrived', 'Count', 1);
    try {
      await journal.append({
        kind: 'sweep',
        resource: canaryResource(parameter, account, region),
        remediator: CANARY,
        body: {
          sweep: { status: 'arrived', message: `Events of ${region} arrive: sent on ${sent}, here after ${took} s.` },
          canary: { sent, seconds: took, finding: finding.id },
        },
      });
    } catch (error) {
      // The metric says so, too; nothing else waits for it.
      logger.warn('the arrival of the canary could not be recorded', { kind: 'canary-unrecorded', error: describe(error) });
    }
  }
}
