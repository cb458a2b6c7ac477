// The way of one remediator over one resource, top to bottom: settle, identify, history, look, decide, and for what is allowed begin, send,
// verify, close. Each step is a function of what the one before it found; where a step leads is one of a few things.
import type { Trigger } from '../guardrails/guardrail.js';
import type { ResourceRef } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { decideParts } from './decide.js';
import { SharedReads } from './gate.js';
import { readHistory } from './history.js';
import { identify } from './identify.js';
import { ROUNDS } from './limits.js';
import { lookAt } from './look.js';
import { blank } from './recorder.js';
import type { Runtime } from './runtime.js';
import type { PassResult, RunBudget, RunOptions } from './types.js';
import { awaitTurn, lastChangeBy, mayWait, settledAt } from './wait.js';

/** Where a step leads. */
export type Lead =
  /** This part is decided on; the next one is its turn. */
  | { readonly is: 'go-on' }
  | { readonly is: 'done' }
  /** Something was changed, or is not what it was: what is there now is planned. */
  | { readonly is: 'look-again' }
  /** It changed just now: decided on at that time, epoch milliseconds. */
  | { readonly is: 'settle'; readonly until: number }
  /** Another worker holds the resource. */
  | { readonly is: 'turn' };

/** The end of a step: what it came to, and where it leads. */
export interface End {
  readonly results: readonly PassResult[];
  readonly leads: Lead;
}

/** {@link RunOptions} with nothing left open. */
export interface Run {
  readonly deadline: number | null;
  readonly dryRun: boolean;
  readonly drill: boolean;
  readonly budget: RunBudget;
  readonly patience: number;
}

/** One pass over a resource by several remediators, narrow before wide. */
export interface ResourcePass {
  /** The same question is asked of AWS once. */
  readonly reads: SharedReads;
  /** Which resource is meant is asked once, whatever is changed in between: a pass has one. */
  readonly names: SharedReads;
  /** What became of calls that were decided on, and not made: another remediator does not decide on them again. By digest of the call. */
  readonly decided: Map<string, PassResult>;
}

/** Begins a pass over a resource. */
export function resourcePass(): ResourcePass {
  return { reads: new SharedReads(), names: new SharedReads(), decided: new Map() };
}

/** What stays the same on the way of one remediator over one resource. */
export interface Way {
  readonly remediator: Remediator;
  readonly ref: ResourceRef;
  readonly trigger: Trigger;
  /** The names under which the event knows the resource. */
  readonly ids: readonly string[];
  readonly run: Run;
  readonly together: ResourcePass;
  /** When the resource changed last, at the latest; epoch milliseconds, null where it does not matter. */
  readonly lastChange: number | null;
  /** Keys of the parts of the plan that were decided on. */
  readonly done: Set<string>;
}

/** Who asks for a pass, about what. */
export interface PassRequest {
  readonly remediator: Remediator;
  readonly claimed: ResourceRef;
  readonly ids: readonly string[];
  readonly trigger: Trigger;
  /** When a sweep saw it first; it comes back to it instead of waiting. */
  readonly seenAt?: number;
  /** What came before in the same pass over the resource. */
  readonly together?: ResourcePass;
}

/** One remediator over one resource: looks, plans, and decides and executes each part of the plan. */
export async function runPass(runtime: Runtime, request: PassRequest, options: RunOptions): Promise<readonly PassResult[]> {
  const { remediator, claimed, ids, trigger, together = resourcePass() } = request;
  const run = runOf(options);
  if (!run.dryRun) runtime.needJournal('Changing something');
  const lastChange = run.dryRun ? null : lastChangeBy(trigger, request.seenAt ?? runtime.clock.now(), runtime.clock.now());
  const passes: PassResult[] = [];
  let leads: Lead = settledAt(trigger, lastChange, remediator, runtime.clock.now());
  let way: Way | null = null;
  for (let round = 0; ; round++) {
    const held = await waitFor(runtime, way ?? { remediator, ref: claimed, trigger, run, together }, leads);
    if (held !== null) return [...passes, held];
    // Nothing may be lost for it: the same input is delivered later.
    if (round >= ROUNDS) return [...passes, busy(way ?? { remediator, ref: claimed }, 'The resource keeps changing.', null)];
    if (way === null) {
      const named = await identify(runtime, { remediator, claimed, trigger, run, together });
      if ('end' in named) return named.end;
      way = { remediator, ref: named.ref, trigger, ids, run, together, lastChange, done: new Set() };
    }
    const end: End = await walk(runtime, way);
    passes.push(...end.results);
    if (end.leads.is === 'done' || end.leads.is === 'go-on') return passes;
    leads = end.leads;
  }
}

/** Once over the resource as it is now. */
async function walk(runtime: Runtime, way: Way): Promise<End> {
  const history = await readHistory(runtime, way);
  if (history === null) return { results: [], leads: { is: 'look-again' } };
  const sight = await lookAt(runtime, way, history);
  return decideParts(runtime, way, sight);
}

/** Waits for what a step leads to, if there is the time; else what the input comes back to. */
async function waitFor(runtime: Runtime, way: Pick<Way, 'remediator' | 'ref' | 'trigger' | 'run' | 'together'>, leads: Lead): Promise<PassResult | null> {
  if (leads.is === 'settle') {
    const { until } = leads;
    if (!mayWait(way, until, runtime.clock.now())) return busy(way, `It changed just now, and is decided on after ${new Date(until).toISOString()}.`, until);
    await runtime.clock.sleep(Math.max(1, until - runtime.clock.now()));
    way.together.reads.forget();
  }
  if (leads.is === 'turn') {
    const held = await awaitTurn(runtime, way);
    if (held !== null) return { ...busy(way, `Execution ${held.execution} holds the resource.`, held.leaseUntil), execution: held.execution };
  }
  return null;
}

function busy({ remediator, ref }: Pick<Way, 'remediator' | 'ref'>, message: string, retryAt: number | null): PassResult {
  return { ...blank(remediator, ref), outcome: 'busy', message, retryable: true, retryAt };
}

function runOf(options: RunOptions): Run {
  return {
    deadline: options.deadline ?? null,
    dryRun: options.dryRun ?? false,
    drill: options.drill ?? false,
    budget: options.budget ?? { changes: 0 },
    patience: options.patience ?? Number.POSITIVE_INFINITY,
  };
}
