import { decisive, type HandleResult, isRecord, type PassResult } from '@redress/core';
import { type HandlerOptions, handlerOf } from './create-handler.js';
import type { InvocationContext } from './types.js';

/** What {@link createConfigHandler} takes: that of `createHandler`, without what comes on a schedule. */
export type ConfigHandlerOptions = Omit<HandlerOptions, 'sweep' | 'putEvaluations' | 'canary' | 'changeVisibility'>;

/**
 * The answer to the Automation that AWS Config starts. `fixed`: the gap is closed, seen by reading the resource. `held-back`: it is open, on
 * purpose, and the journal says why. `failed`: it is open, and should not be. It says nothing about the resource itself: the caller may be in another account.
 */
export interface RemediationAnswer {
  readonly answer: 'fixed' | 'held-back' | 'failed';
  /** One sentence. */
  readonly message: string;
  readonly passes: readonly {
    readonly remediator: string;
    readonly outcome: PassResult['outcome'];
    readonly execution: string | null;
    /** Codes of the guardrails that decided. */
    readonly reasons: readonly string[];
  }[];
}

/** Answers the Automation document of `@redress/deploy`. */
export type ConfigHandler = (event: unknown, context: InvocationContext) => Promise<RemediationAnswer>;

const REQUEST = 'config-remediation';
const MEMBERS = ['configRule', 'resourceType', 'resourceId', 'account', 'region', 'automationExecution'] as const;

/**
 * Makes the Lambda handler that AWS Config's remediation asks, by an Automation document whose step invokes it. It is a function of its own:
 * member accounts may invoke it, and whoever may invoke the one for events could hand it any event. This one takes this one request, and
 * nothing else in it.
 *
 * A request is trusted for what it asks about, not for what it says: the resource is read, and the same guardrails decide as for everything
 * else. It shows nothing to be new, so what may only be changed while it is new waits for a person.
 *
 * @example export const config = createConfigHandler({ remediators, policy, journal, connect: connectAws() });
 * @throws {RedressError} `compose/invalid`, `policy/invalid`
 */
export function createConfigHandler(options: ConfigHandlerOptions): ConfigHandler {
  const { sweep: _, putEvaluations: __, canary: ___, changeVisibility: ____, ...own } = options as HandlerOptions;
  const handler = handlerOf(own, answerOf);
  return async (event, context) => {
    const request = readRequest(event);
    if (request === null) return { answer: 'failed', message: 'This function only answers remediation requests of AWS Config.', passes: [] };
    return (await handler(request, context)) as RemediationAnswer;
  };
}

/** The request, rebuilt from its own members: an additional batch or envelope would be read as one. */
function readRequest(event: unknown): Record<string, string> | null {
  if (!isRecord(event) || event['redress'] !== REQUEST) return null;
  const request: Record<string, string> = { redress: REQUEST };
  for (const member of MEMBERS) {
    const value = event[member];
    if (typeof value === 'string') request[member] = value;
  }
  return request;
}

const isRight = (outcome: PassResult['outcome']) => outcome === 'remediated' || outcome === 'no-op';
const FAILED: readonly PassResult['outcome'][] = ['failed', 'partial', 'unknown'];

/** What it came to. While another worker is at it there is nothing to say yet: the handler below throws, and it comes again. */
function answerOf({ results }: Pick<HandleResult, 'results'>): RemediationAnswer {
  const passes = results.flatMap((each) => each.passes);
  const told = passes.map(({ remediator, outcome, execution, decision }) => ({
    remediator,
    outcome,
    execution,
    // Where nothing is open, nothing was held back.
    reasons: decision === null || decision.effect === 'allow' || isRight(outcome) ? [] : decisive(decision).map((each) => each.code),
  }));
  const say = (answer: RemediationAnswer['answer'], message: string): RemediationAnswer => ({ answer, message, passes: told });
  if (passes.length === 0) return say('failed', `Nothing was done: ${results[0]?.reason ?? 'there is no request.'}`);
  const closed = results.every((each) => each.gap.closed);
  const why = told
    .filter(({ outcome }) => closed || !isRight(outcome))
    .map(({ remediator, outcome, reasons }) => `${remediator}: ${outcome}${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`)
    .join('; ');
  if (closed) return say('fixed', `Fixed and verified: ${why}.`);
  if (told.some(({ outcome }) => FAILED.includes(outcome))) return say('failed', `Not fixed: ${why}.`);
  return say('held-back', `Held back: ${why === '' ? 'a person has to do a part' : why}.`);
}
