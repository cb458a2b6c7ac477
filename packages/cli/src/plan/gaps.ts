// Gaps, counted once each however many remediators plan to close them: one rule that is open to everything is one gap.
import type { ResourceRef } from '@redress/core';
import type { PlannedPass } from '../passes.js';
import { type Judgement, ORDER, type Verdict } from './verdicts.js';

/** A gap, and its verdict. */
export interface Gap extends Judgement {
  readonly resource: ResourceRef;
  /** What people call the resource; null: nothing says. */
  readonly name: string | null;
  /** The remediator that would close it, or that comes closest. */
  readonly remediator: string;
  /** Others that plan the same. */
  readonly alsoPlannedBy: readonly string[];
  /** Of the policy; null: the account is in none. */
  readonly environment: string | null;
  /** What would be changed; of a gap that only a person can close, what is open. */
  readonly changes: readonly string[];
  /** The verdict if the policy enforced every remediator here. */
  readonly ifEnforced: Judgement;
  /** ISO 8601: nothing is changed until then, by a hold or a freeze; null where nothing holds it. */
  readonly heldUntil: string | null;
  /** Places in the passes that it is made of. */
  readonly passes: readonly number[];
}

const rankOf = (verdict: Verdict) => ORDER.indexOf(verdict);
const better = (one: Judgement, other: Judgement) => (rankOf(other.verdict) < rankOf(one.verdict) ? other : one);

/** A part of a gap as one pass plans it. */
interface Piece {
  readonly at: number;
  readonly pass: PlannedPass;
  readonly changes: readonly string[];
}

/**
 * The gaps of passes, in the order of those. Changes of one subject (a rule) are one gap, and so are equal calls on one resource; what a plan changes
 * without naming a subject is one gap as a whole. What has nothing to change is none.
 */
export function gapsOf(passes: readonly PlannedPass[]): readonly Gap[] {
  const sets = new Sets<Piece>();
  for (const [at, pass] of passes.entries()) {
    if (pass.verdict === 'nothing-to-change') continue;
    const { resource, changes } = pass;
    const where = `${resource.partition}/${resource.account}/${resource.region}/${resource.type}/${resource.id}`;
    const keyOf = ({ subject, call }: PlannedPass['changes'][number]) => `${where}\n${subject ?? JSON.stringify([call.operation, call.input])}`;
    const whole = changes.filter(({ subject }) => subject === null);
    if (changes.length === 0)
      sets.add([`${where}\n${pass.remediator}\n${pass.message}`], { at, pass, changes: pass.open.length > 0 ? pass.open : [pass.message] });
    if (whole.length > 0) sets.add(whole.map(keyOf), { at, pass, changes: whole.map(({ summary }) => summary) });
    for (const change of changes) if (change.subject !== null) sets.add([keyOf(change)], { at, pass, changes: [change.summary] });
  }
  return sets.all().map(gapOf);
}

function gapOf(pieces: readonly [Piece, ...Piece[]]): Gap {
  // Of equals the first: the passes come narrow before wide.
  const best = pieces.reduce((found, each) => (rankOf(each.pass.verdict) < rankOf(found.pass.verdict) ? each : found));
  const { resource, remediator, verdict, code, environment } = best.pass;
  const holds = pieces.flatMap(({ pass }) => pass.heldUntil ?? []).sort();
  return {
    resource,
    name: pieces.find(({ pass }) => pass.name !== null)?.pass.name ?? null,
    remediator,
    alsoPlannedBy: [...new Set(pieces.map(({ pass }) => pass.remediator))].filter((each) => each !== remediator),
    environment,
    verdict,
    code,
    changes: best.changes,
    ifEnforced: pieces.map(({ pass }): Judgement => pass.ifEnforced ?? { verdict: pass.verdict, code: pass.code }).reduce(better),
    heldUntil: holds.at(-1) ?? null,
    passes: pieces.map(({ at }) => at),
  };
}

/** Sets that become one when a key is in both. */
class Sets<T> {
  readonly #of = new Map<string, [T, ...T[]]>();
  readonly #sets = new Set<[T, ...T[]]>();

  add(keys: readonly string[], item: T): void {
    const met = new Set<[T, ...T[]]>();
    for (const key of keys) {
      const known = this.#of.get(key);
      if (known !== undefined) met.add(known);
    }
    const [first, ...others] = met;
    const set = first ?? [item];
    if (first !== undefined) set.push(item);
    for (const other of others) {
      set.push(...other);
      this.#sets.delete(other);
      for (const [key, of] of this.#of) if (of === other) this.#of.set(key, set);
    }
    this.#sets.add(set);
    for (const key of keys) this.#of.set(key, set);
  }

  all(): readonly (readonly [T, ...T[]])[] {
    return [...this.#sets];
  }
}

/** How many gaps have each verdict, and why those that are held back are. */
export interface Summary {
  readonly gaps: number;
  readonly wouldFix: number;
  readonly wouldFlag: number;
  readonly needApproval: number;
  readonly heldBack: number;
  readonly notRead: number;
  /** Looks of a remediator at a resource that found nothing to change. */
  readonly nothingToChange: number;
  /** Of those that need an approval or are held back, by code. */
  readonly because: readonly (Judgement & { readonly count: number })[];
}

/** Counts judgements of gaps; `nothing` looks found nothing to change. */
export function summarize(judged: readonly Judgement[], nothing = 0): Summary {
  const count = (...verdicts: Verdict[]) => judged.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const because = new Map<string, Judgement & { count: number }>();
  for (const { verdict, code } of judged) {
    if (!['needs-approval', 'notify-only', 'exempt', 'denied', 'not-read'].includes(verdict)) continue;
    const entry = because.get(`${verdict}/${code}`) ?? { verdict, code, count: 0 };
    entry.count++;
    because.set(`${verdict}/${code}`, entry);
  }
  return {
    gaps: judged.length,
    wouldFix: count('would-fix'),
    wouldFlag: count('would-flag'),
    needApproval: count('needs-approval'),
    heldBack: count('notify-only', 'exempt', 'denied'),
    notRead: count('not-read'),
    nothingToChange: nothing,
    because: [...because.values()].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
  };
}

/** What enforcing would make of the gaps of an environment. */
export interface EnforcedEnvironment {
  /** Null: accounts that are in none. */
  readonly environment: string | null;
  readonly now: Summary;
  readonly ifEnforced: Summary;
}

/** By environment, in the order of the policy; accounts that are in none come last. */
export function byEnvironment(gaps: readonly Gap[], order: readonly string[]): readonly EnforcedEnvironment[] {
  return [...order, null].flatMap((environment) => {
    const mine = gaps.filter((gap) => gap.environment === environment);
    return mine.length === 0 ? [] : [{ environment, now: summarize(mine), ifEnforced: summarize(mine.map(({ ifEnforced }) => ifEnforced)) }];
  });
}

/** Gaps alike: shown once, with what they have in common. */
export interface GapGroup extends Judgement {
  readonly remediator: string;
  readonly environment: string | null;
  readonly gaps: readonly Gap[];
}

/** Like gaps together: what would happen first comes first, then the largest group. */
export function groupsOf(gaps: readonly Gap[]): readonly GapGroup[] {
  const groups = Map.groupBy(gaps, ({ verdict, remediator, code, environment }) => `${verdict}\n${remediator}\n${code}\n${environment ?? ''}`);
  return [...groups.values()]
    .flatMap((of) => {
      const [first] = of;
      return first === undefined ? [] : [{ verdict: first.verdict, code: first.code, remediator: first.remediator, environment: first.environment, gaps: of }];
    })
    .sort((a, b) => rankOf(a.verdict) - rankOf(b.verdict) || b.gaps.length - a.gaps.length || (a.remediator < b.remediator ? -1 : 1));
}

/** What no read can show about the changes, once per remediator. */
export function blindSpotsOf(passes: readonly PlannedPass[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    passes.flatMap(({ changes, blindSpots, remediator }) => (changes.length > 0 && blindSpots.length > 0 ? [[remediator, blindSpots] as const] : [])),
  );
}
