import type { Fact, Trigger } from '../guardrails/guardrail.js';
import type { ResourceRef } from '../model/resource.js';
import type { Identity } from '../ports.js';
import type { Remediator } from '../remediator/define.js';
import { SharedReads } from './gate.js';
import type { PassResult, RunBudget } from './types.js';

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

/** The end of a step: its result, and the next step. */
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
  /** Who takes their turn, in their order. */
  readonly remediators: readonly Remediator[];
  /** The same question is asked of AWS once. */
  readonly reads: SharedReads;
  /** Which resource is meant is asked once, whatever is changed in between: a pass has one. */
  readonly names: SharedReads;
  /** Calls that were decided on and not made: another remediator does not decide on them again. By digest of the call. */
  readonly decided: Map<string, PassResult>;
}

/** Begins a pass over a resource. */
export function resourcePass(remediators: readonly Remediator[] = [], reads = new SharedReads()): ResourcePass {
  return { remediators, reads, names: new SharedReads(reads), decided: new Map() };
}

/** What stays the same on the way of one remediator over one resource. */
export interface Way {
  readonly remediator: Remediator;
  readonly ref: ResourceRef;
  readonly identity: Fact<Identity>;
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

/** The remediators that handle the same resource next. */
export function following({ together: { remediators }, remediator, ref }: Pick<Way, 'together' | 'remediator' | 'ref'>): readonly Remediator[] {
  const at = remediators.indexOf(remediator);
  return at < 0 ? [] : remediators.slice(at + 1).filter(({ resourceTypes }) => resourceTypes.includes(ref.type));
}

/** Who requests a pass, about what. */
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
