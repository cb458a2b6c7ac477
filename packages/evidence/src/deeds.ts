// Who may have caused what a plan would undo: the events that a stream keeps, part by part, until the part was seen absent.
import { type Approval, deedOf, type EvidenceRecord, isRecord, type OpenExecution, samePerson } from '@redress/core';

/** Maximum number of events kept for a resource. */
const KEPT = 100;
/** Number of parts and remediators for which the time of the last clean look is kept. Forgetting one adds possible causes, and never removes any. */
const SEEN = 50;
/** Reads may lag: a look that finds no gap says nothing about changes within this time before it; milliseconds. */
const LATE = 300_000;

/** A principal who did something, and what it affected. */
interface Done {
  readonly who: string | null;
  /** Null: the resource as a whole, as `remediator` reads the event. */
  readonly part: string | null;
  readonly remediator: string | null;
  /** The last time, in epoch milliseconds. */
  readonly at: number;
}

/** What a stream knows of who did what. */
export interface Deeds {
  readonly done: readonly Done[];
  /** Per part, or per call that a plan makes: changes before this time are undone, because an execution that closed the part began then. Epoch milliseconds. */
  readonly absent: { readonly [part: string]: number };
  /** The same for everything that a remediator looks for: a look that found nothing. */
  readonly compliant: { readonly [remediator: string]: number };
  /** The time of the newest event that is no longer kept; null: all are kept. */
  readonly forgotten: number | null;
}

/** Nobody has done anything. */
export const NO_DEEDS: Deeds = { done: [], absent: {}, compliant: {}, forgotten: null };

/** For a state from before events were kept: everything that was done is forgotten. */
export function deedsOf({ deeds, lastTime }: { readonly deeds?: Deeds; readonly lastTime: number }): Deeds {
  return deeds ?? { ...NO_DEEDS, forgotten: lastTime };
}

/**
 * The events after one more record.
 *
 * @param closed The execution that an outcome closes.
 */
export function witnessed(deeds: Deeds, record: EvidenceRecord, closed: OpenExecution | null): Deeds {
  const after = withDeed(deeds, record);
  const time = Date.parse(record.time);
  if (record.body['compliant'] === true) return { ...after, compliant: newest({ ...after.compliant, [record.remediator]: time - LATE }) };
  if (record.kind !== 'outcome' || closed === null) return after;
  if (closed.rollbackOf !== null) {
    // The part is back, caused by whoever caused it before.
    const back = closed.subjects;
    const absent = Object.fromEntries(Object.entries(after.absent).filter(([part]) => back.length > 0 && !back.includes(part)));
    const compliant = Object.fromEntries(Object.entries(after.compliant).filter(([remediator]) => remediator !== closed.remediator));
    return { ...after, absent, compliant };
  }
  const own = record.body['journal'];
  const did = isRecord(own) && ['remediated', 'flagged'].includes(String(own['outcome']));
  // `verified` alone is not enough: partial and failed executions have it too.
  if (!did || record.body['verified'] !== 'verified') return after;
  return { ...after, absent: newest({ ...after.absent, ...Object.fromEntries(closed.subjects.map((part) => [part, closed.begunAt])) }) };
}

function withDeed(deeds: Deeds, record: EvidenceRecord): Deeds {
  const deed = deedOf(record);
  if (deed === null) return deeds;
  const on = deed.parts === null ? [{ part: null, remediator: deed.remediator }] : deed.parts.map((part) => ({ part, remediator: null }));
  const made = (deed.who ?? [null]).flatMap((who) => on.map((each): Done => ({ who, ...each, at: deed.at })));
  const known = new Map(deeds.done.map((each) => [keyOf(each), each]));
  for (const each of made) known.set(keyOf(each), { ...each, at: Math.max(each.at, known.get(keyOf(each))?.at ?? each.at) });
  const done = [...known.values()].sort((a, b) => a.at - b.at);
  const dropped = done.slice(0, -KEPT).at(-1);
  return { ...deeds, done: done.slice(-KEPT), forgotten: dropped === undefined ? deeds.forgotten : Math.max(dropped.at, deeds.forgotten ?? dropped.at) };
}

const keyOf = ({ who, part, remediator }: Done) => JSON.stringify([who, part, remediator]);

function newest(seen: { readonly [name: string]: number }): { readonly [name: string]: number } {
  const all = Object.entries(seen);
  return all.length <= SEEN ? seen : Object.fromEntries(all.sort(([, a], [, b]) => b - a).slice(0, SEEN));
}

/** Who may have caused what an approval is about; see {@link Approval.causedBy}. */
function causesOf({ done, absent, compliant, forgotten }: Deeds, { subjects = [], remediator, causedBy = [] }: Approval): Approval['causedBy'] {
  const causes = new Set<string | null>();
  const when = (seen: { readonly [name: string]: number }, name: string | null) =>
    name !== null && Object.hasOwn(seen, name) ? (seen[name] ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;
  // Requested before the subject of a request was kept, so nothing is known of it.
  for (const subject of subjects.length === 0 ? [null] : subjects) {
    const seen = Math.max(when(absent, subject), when(compliant, remediator));
    const since = done.filter((each) => each.at > seen);
    const named = since.filter((each) => (each.part === null ? each.remediator === remediator : each.part === subject));
    const found = named.length > 0 ? named : since;
    const unknown = found.length === 0 || found.some((each) => each.who === null) || (forgotten !== null && forgotten > seen);
    for (const { who } of unknown ? done : found) causes.add(who);
    // It may have been any of them, and whoever caused the event behind the request.
    if (unknown) for (const who of causedBy) causes.add(who);
    if (unknown && (done.length > 0 || forgotten !== null)) causes.add(null);
  }
  return [...causes];
}

/** The approvals of a stream, each with those who may have caused its subject, according to all records so far. */
export function approvalsOf({ approvals, deeds }: { readonly approvals: readonly Approval[]; readonly deeds: Deeds }): readonly Approval[] {
  return approvals.map((each) => ({ ...each, causedBy: causesOf(deeds, each) }));
}

/** Whether somebody has approved what they may have caused themselves, because an event became known after their answer. */
export function byItsCause(deeds: Deeds, approval: Approval): boolean {
  const { by } = approval;
  return by !== null && causesOf(deeds, approval).some((each) => each !== null && samePerson(each, by.name));
}
