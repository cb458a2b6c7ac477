// What the records of sweeps say, folded: when a place was swept last and where the next one goes on. A record is enough to go on from the one before,
// so nobody has to read a stream that grows with every sweep.
import { isRecord, type Json, type JsonObject } from './model/json.js';

/** The last sweep of a place by a remediator. */
export interface LastSweep {
  /** Epoch milliseconds. */
  readonly time: number;
  /** When the last round began that was complete, or showed that nothing can be there; epoch milliseconds, null: there was none. */
  readonly complete: number | null;
}

/** Results of the sweeps of a place so far. */
export interface Swept {
  /** Time of the last sweep by any remediator; epoch milliseconds, 0: there was none. */
  readonly time: number;
  /** By remediator; `*`: the place could not be swept at all, which was recorded once for all of them. */
  readonly lasts: Readonly<Record<string, LastSweep>>;
  /** Where to continue, by the selected remediators: each selection has its own round. Newest last. */
  readonly rounds: readonly { readonly asked: string; readonly next: Json }[];
}

/** What of a record says whether a place was swept. */
interface Recorded {
  readonly kind: string;
  readonly remediator: string;
  readonly time: string;
  readonly body: JsonObject;
}

/** A place that was never swept. */
export const NEVER_SWEPT: Swept = { time: 0, lasts: {}, rounds: [] };

/** Rounds that are kept in mind: of the deployment, and of people who ask for some remediators only. */
const ROUNDS = 8;
/** Of everything in a place at once. */
const ALL = '*';

/** Names a round: equal for the same remediators, in any order. */
export function roundOf(asked: readonly string[]): string {
  return [...asked].sort().join(',');
}

/** The last sweep of a remediator, or the last record for all of them that nothing can be there. */
export function lastSweepOf({ lasts }: Swept, remediator: string): LastSweep | null {
  const [own, all] = [lasts[remediator], lasts[ALL]];
  if (own === undefined || all === undefined) return own ?? all ?? null;
  const complete = Math.max(own.complete ?? 0, all.complete ?? 0);
  return { time: Math.max(own.time, all.time), complete: complete === 0 ? null : complete };
}

/** The results of the remediators in a record of sweeps: of the whole place, or, in records of earlier versions, of one remediator. */
export function sweepsOf(record: Omit<Recorded, 'time'>): readonly { readonly remediator: string; readonly status: string }[] {
  const own = record.kind === 'sweep' ? record.body['sweep'] : undefined;
  if (!isRecord(own)) return [];
  const each = own['remediators'];
  if (!isRecord(each)) return [{ remediator: record.remediator, status: String(own['status']) }];
  return Object.entries(each).flatMap(([remediator, of]) => (isRecord(of) ? [{ remediator, status: String(of['status']) }] : []));
}

/**
 * The same after one more record of the place's stream.
 *
 * @param before null: not known, because an earlier version wrote the records so far. The next record contains their sum.
 */
export function sweptAfter(before: Swept | null, record: Recorded): Swept | null {
  const own = record.kind === 'sweep' ? record.body['sweep'] : undefined;
  if (!isRecord(own)) return before;
  const known = before ?? readBack(own['before']);
  if (known === null) return null;
  const time = Date.parse(record.time);
  const started = typeof own['began'] === 'number' ? own['began'] : Date.parse(String(own['startedAt']));
  const lasts = { ...known.lasts };
  for (const { remediator, status } of sweepsOf(record)) {
    const ended = status === 'complete' || status === 'absent';
    lasts[remediator] = { time, complete: ended ? (Number.isNaN(started) ? time : started) : (lasts[remediator]?.complete ?? null) };
  }
  const { asked, next } = own as JsonObject;
  if (!Array.isArray(asked)) return { ...known, time, lasts };
  const round = roundOf(asked.map(String));
  const others = known.rounds.filter((each) => each.asked !== round);
  return { time, lasts, rounds: next === undefined || next === null ? others : [...others, { asked: round, next }].slice(-ROUNDS) };
}

/** What a record carries over from those before it, if it has that form. */
function readBack(value: unknown): Swept | null {
  if (!isRecord(value) || typeof value['time'] !== 'number' || !isRecord(value['lasts']) || !Array.isArray(value['rounds'])) return null;
  return value as unknown as Swept;
}
