// How far the sweep of a place has come, as the journal has it: in the stream of the account in that region, written by whoever swept last, and read
// by whoever goes on.
import type { Gap } from '../../journal.js';
import { isRecord, type Json, type JsonObject } from '../../model/json.js';
import { GLOBAL_REGION, type ResourceRef, resource } from '../../model/resource.js';
import { NEVER_SWEPT, roundOf, type Swept, sweptAfter } from '../../swept.js';
import { persist } from '../recorder.js';
import type { Runtime } from '../runtime.js';
import type { SweepSummary, SweepTarget } from '../types.js';

/** Under this name it is in the journal. */
const SWEEP = 'redress-sweep';
/** What is left of an older round is begun from the start, and comes first in it; milliseconds. */
const DAY = 86_400_000;
/** The maximum number of attempts to decide on a resource in a round. After that, the next round does. */
export const TRIES = 3;

/** A resource that was found and not decided on. */
export interface LeftOver {
  readonly type: string;
  readonly id: string;
  readonly region: string;
  /** Those that have not decided on it. */
  readonly remediators: readonly string[];
  /** When it was seen first: what it changed has settled after that. Epoch milliseconds. */
  readonly seenAt: number;
  /** From when on it can be decided on; epoch milliseconds. */
  readonly due: number;
  readonly tries: number;
}

/** A round of a place that is not finished. */
interface Progress {
  /** When it began; epoch milliseconds. */
  readonly began: number;
  /** Keys of the groups that it is through with, but for what is left of them. */
  readonly done: readonly string[];
  /** In the groups that it is in the middle of: the resource that everything before, and it itself, was looked at. */
  readonly after: Readonly<Record<string, string>>;
  readonly left: readonly LeftOver[];
  /** How often lists of a group did not come to their end. */
  readonly lists: Readonly<Record<string, number>>;
  /** Remediators whose list was not completed, and why: the round is not complete for them. */
  readonly unlisted: Readonly<Record<string, string>>;
}

/** What is known of a place before it is swept. */
export interface Before {
  readonly swept: Swept;
  /** The same, where the journal knows it only by all records of the place: said in the next one. */
  readonly unfolded: Swept | null;
  /** What stands there. */
  readonly stands: readonly Gap[];
  /** Where to go on; null: a new round begins. */
  readonly progress: Progress | null;
  /** What earlier rounds did not decide on: it comes first in a new one. */
  readonly overdue: readonly LeftOver[];
}

export const NOTHING_BEFORE: Before = { swept: NEVER_SWEPT, unfolded: null, stands: [], progress: null, overdue: [] };

/** Sweeps are recorded in the stream of the account in its region. */
export function accountOf({ account, region }: SweepTarget): ResourceRef {
  return resource({ type: 'AWS::::Account', id: account, account, region });
}

/**
 * The results of the sweeps of a place so far. It reads the head of its stream. Only if an earlier version wrote the stream does it read all of it,
 * once.
 */
export async function sweptSoFar(runtime: Runtime, target: SweepTarget): Promise<{ readonly swept: Swept; readonly folded: boolean }> {
  const journal = runtime.needJournal('A sweep');
  const { swept } = await journal.view(accountOf(target));
  if (swept !== null) return { swept, folded: true };
  let read: Swept = NEVER_SWEPT;
  for await (const { record } of journal.read({ resource: accountOf(target) })) read = sweptAfter(read, record) ?? read;
  return { swept: read, folded: false };
}

/** Reads when remediators last swept a place, which gaps are open there, and where the selected remediators continue. */
export async function readBefore(runtime: Runtime, target: SweepTarget, asked: readonly string[]): Promise<Before> {
  const [{ swept, folded }, stands] = await Promise.all([sweptSoFar(runtime, target), standingIn(runtime, target)]);
  const before = { swept, unfolded: folded ? null : swept, stands };
  const last = progressIn(swept.rounds.find((each) => each.asked === roundOf(asked))?.next);
  if (last === null) return { ...before, progress: null, overdue: [] };
  const goesOn = last.again && last.began > runtime.clock.now() - DAY;
  return { ...before, progress: goesOn ? last : null, overdue: goesOn ? [] : last.left };
}

/** The gaps that stand in a place, and, where what has no region is swept, those of the account that have none. */
export async function standingIn(runtime: Runtime, { account, region, global = true }: SweepTarget): Promise<readonly Gap[]> {
  const journal = runtime.needJournal('A sweep');
  const places = [region, ...(global ? [GLOBAL_REGION] : [])];
  return (await Promise.all(places.map((each) => journal.standing({ account, region: each })))).flatMap(({ gaps }) => gaps);
}

/** Where a record says to continue, if it matches. Otherwise it is ignored, and everything is checked again. */
function progressIn(value: unknown): (Progress & { readonly again: boolean }) | null {
  if (!isRecord(value) || !Array.isArray(value['left']) || !Array.isArray(value['done'])) return null;
  const { began, done, after, left, lists, unlisted, again } = value;
  const isLeft = (each: unknown): each is LeftOver =>
    isRecord(each) &&
    ['type', 'id', 'region'].every((member) => typeof each[member] === 'string') &&
    ['seenAt', 'due', 'tries'].every((member) => typeof each[member] === 'number') &&
    Array.isArray(each['remediators']);
  if (typeof began !== 'number' || !isRecord(after) || !isRecord(lists) || !left.every(isLeft)) return null;
  return {
    began,
    done: done.map(String),
    after: after as Record<string, string>,
    left,
    lists: lists as Record<string, number>,
    unlisted: isRecord(unlisted) ? (unlisted as Record<string, string>) : {},
    again: again === true,
  };
}

/** The result of the sweep of a place. */
export interface Came {
  readonly asked: readonly string[];
  readonly began: number;
  readonly startedAt: number;
  readonly status: SweepSummary['status'];
  readonly message: string;
  readonly remediators: Readonly<Record<string, JsonObject>>;
  readonly progress: Progress;
  /** Whether this round goes on; else what is left waits for the next one. */
  readonly again: boolean;
  /** The sum of earlier records, if this one has to contain it. */
  readonly before: Swept | null;
}

/** Records the result, and where the next sweep continues. */
export function recordCame(runtime: Runtime, target: SweepTarget, came: Came) {
  const { asked, began, startedAt, status, message, remediators, progress, again, before } = came;
  const next = again || progress.left.length > 0 ? ({ ...progress, again } as unknown as Json) : null;
  const body: JsonObject = {
    sweep: {
      ...{ status, message, began, startedAt: new Date(startedAt).toISOString(), asked: [...asked].sort(), remediators: { ...remediators }, next },
      ...(before === null ? {} : { before: before as unknown as Json }),
    },
  };
  return persist(runtime, (journal) => journal.append({ kind: 'sweep', resource: accountOf(target), remediator: SWEEP, body }));
}
