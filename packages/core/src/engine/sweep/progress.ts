// How far the sweep of a place has come, as the journal has it: in the stream of the account in that region, written by whoever swept last, and read
// by whoever goes on.
import { isRecord, type Json, type JsonObject } from '../../model/json.js';
import { type ResourceRef, resource } from '../../model/resource.js';
import { persist } from '../recorder.js';
import type { Runtime } from '../runtime.js';
import type { SweepSummary, SweepTarget } from '../types.js';

/** Under this name it is in the journal. */
const SWEEP = 'redress-sweep';
/** What is left of an older round is begun from the start, and comes first in it; milliseconds. */
const DAY = 86_400_000;
/** So often in a round it is tried to decide on a resource; after that the next round does. */
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
export interface Progress {
  /** When it began; epoch milliseconds. */
  readonly began: number;
  /** Keys of the groups that it is through with, but for what is left of them. */
  readonly done: readonly string[];
  /** In the groups that it is in the middle of: the resource that everything before, and it itself, was looked at. */
  readonly after: Readonly<Record<string, string>>;
  readonly left: readonly LeftOver[];
  /** How often lists of a group did not come to their end. */
  readonly lists: Readonly<Record<string, number>>;
}

/** When a remediator swept a place last. */
export interface Last {
  readonly time: number;
  /** When the last round that was complete began; epoch milliseconds, null: none was. */
  readonly complete: number | null;
}

/** What is known of a place before it is swept. */
export interface Before {
  readonly lasts: ReadonlyMap<string, Last>;
  /** When anybody swept it last; 0: nobody has. */
  readonly time: number;
  /** Where to go on; null: a new round begins. */
  readonly progress: Progress | null;
  /** What earlier rounds did not decide on: it comes first in a new one. */
  readonly overdue: readonly LeftOver[];
}

export const NOTHING_BEFORE: Before = { lasts: new Map(), time: 0, progress: null, overdue: [] };

/** Sweeps are recorded in the stream of the account in its region. */
export function accountOf({ account, region }: SweepTarget): ResourceRef {
  return resource({ type: 'AWS::::Account', id: account, account, region });
}

/** What each remediator's sweep came to, that a record of sweeps tells of: of the whole place, or, in records of earlier versions, of one remediator. */
export function sweepsOf(record: {
  readonly kind: string;
  readonly remediator: string;
  readonly body: JsonObject;
}): readonly { readonly remediator: string; readonly status: string }[] {
  const own = record.kind === 'sweep' ? record.body['sweep'] : undefined;
  if (!isRecord(own)) return [];
  const each = own['remediators'];
  if (!isRecord(each)) return [{ remediator: record.remediator, status: String(own['status']) }];
  return Object.entries(each).flatMap(([remediator, of]) => (isRecord(of) ? [{ remediator, status: String(of['status']) }] : []));
}

/** Reads when remediators swept a place last, and where those that are asked now go on. */
export async function readBefore(runtime: Runtime, target: SweepTarget, asked: readonly string[]): Promise<Before> {
  const lasts = new Map<string, Last>();
  let time = 0;
  let newest: unknown = null;
  for await (const { record } of runtime.needJournal('A sweep').read({ resource: accountOf(target) })) {
    const own = record.kind === 'sweep' ? record.body['sweep'] : undefined;
    if (!isRecord(own)) continue;
    time = Date.parse(record.time);
    const started = typeof own['began'] === 'number' ? own['began'] : Date.parse(String(own['startedAt']));
    for (const { remediator, status } of sweepsOf(record)) {
      const complete = status === 'complete' ? (Number.isNaN(started) ? time : started) : (lasts.get(remediator)?.complete ?? null);
      lasts.set(remediator, { time, complete });
    }
    // What others ask for has a round of its own.
    if (record.remediator === SWEEP && String(own['asked']) === String([...asked].sort())) newest = own['next'];
  }
  const last = progressIn(newest);
  if (last === null) return { lasts, time, progress: null, overdue: [] };
  const goesOn = last.again && last.began > runtime.clock.now() - DAY;
  return { lasts, time, progress: goesOn ? last : null, overdue: goesOn ? [] : last.left };
}

/** When remediators swept a place last. */
export async function lastSweeps(runtime: Runtime, target: SweepTarget): Promise<ReadonlyMap<string, Last>> {
  return (await readBefore(runtime, target, [])).lasts;
}

/** What a record says of where to go on, if it fits: else it is as if there were nothing, and everything is looked at once more. */
function progressIn(value: unknown): (Progress & { readonly again: boolean }) | null {
  if (!isRecord(value) || !Array.isArray(value['left']) || !Array.isArray(value['done'])) return null;
  const { began, done, after, left, lists, again } = value;
  const isLeft = (each: unknown): each is LeftOver =>
    isRecord(each) &&
    ['type', 'id', 'region'].every((member) => typeof each[member] === 'string') &&
    ['seenAt', 'due', 'tries'].every((member) => typeof each[member] === 'number') &&
    Array.isArray(each['remediators']);
  if (typeof began !== 'number' || !isRecord(after) || !isRecord(lists) || !left.every(isLeft)) return null;
  return { began, done: done.map(String), after: after as Record<string, string>, left, lists: lists as Record<string, number>, again: again === true };
}

/** What a sweep of a place came to. */
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
}

/** Records it, and with it where the next one goes on. */
export function recordCame(runtime: Runtime, target: SweepTarget, came: Came) {
  const { asked, began, startedAt, status, message, remediators, progress, again } = came;
  const next = again || progress.left.length > 0 ? ({ ...progress, again } as unknown as Json) : null;
  const body: JsonObject = {
    sweep: { status, message, began, startedAt: new Date(startedAt).toISOString(), asked: [...asked].sort(), remediators: { ...remediators }, next },
  };
  return persist(runtime, (journal) => journal.append({ kind: 'sweep', resource: accountOf(target), remediator: SWEEP, body }));
}
