// Compares records and the trail in both directions.
import type { Digest } from '@redress/core';
import { principal } from '@redress/core';
import type { Coverage, Period } from './coverage.js';
import { executionIn, type Recorded, type RecordedCall, roleName } from './recorded.js';
import type { TrailEvent } from './trail.js';

/** Input of {@link reconcile}. */
export interface Comparison {
  readonly recorded: Recorded;
  /** Events that {@link isWanted} selects, from some time before the period to some time after it, because clocks differ. */
  readonly events: Iterable<TrailEvent>;
  readonly coverage: Coverage;
  readonly period: Period;
  /** Undefined: all. */
  readonly accounts?: ReadonlySet<string>;
  /** Principals of Redress in addition to those in the records: ARNs of roles, sessions and users, and names of roles. */
  readonly principals?: readonly string[];
  /** Operations that are not changes of Redress, with their names in CloudTrail: `logs:CreateLogStream`. */
  readonly ignored?: readonly string[];
  /** Milliseconds to wait for the event of a record before it counts as a ghost. */
  readonly grace: number;
  /** Milliseconds within which CloudTrail delivers an event. */
  readonly delay: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Where a record is. */
interface RecordPlace {
  readonly stream: Digest;
  readonly seq: number;
}

/** A difference between records and trail. */
export interface Discrepancy {
  /**
   * - `orphan`: a change by Redress, or in its name, without a record.
   * - `ghost`: a record of a call without an event in CloudTrail, although the trail covers that time and place.
   * - `contradiction`: record and event of the same call differ.
   */
  readonly kind: 'orphan' | 'ghost' | 'contradiction';
  readonly message: string;
  readonly account: string;
  readonly region: string;
  /** Of the event, else of the record; ISO 8601. */
  readonly time: string;
  readonly operation: string;
  readonly requestId: string | null;
  readonly caller: string | null;
  readonly execution: string | null;
  /** `eventID`; null: there is none. */
  readonly event: string | null;
  /** Null: there is none. */
  readonly record: RecordPlace | null;
}

/** A record without an event in the trail. */
export interface Unconfirmed extends RecordPlace {
  readonly account: string;
  readonly region: string;
  readonly time: string;
  readonly operation: string;
  readonly requestId: string | null;
  readonly execution: string;
}

/** A place and a time that the trail does not cover. */
export interface Uncovered {
  readonly account: string;
  readonly region: string;
  /** Of the first and the last record there; ISO 8601. */
  readonly from: string;
  readonly until: string;
  readonly records: number;
  readonly reason: string;
}

/** Result of {@link reconcile}. */
export interface Reconciliation {
  readonly principals: readonly string[];
  readonly events: {
    /** Of Redress, in the period. */
    readonly ours: number;
    /** Matched by request ID. */
    readonly byRequest: number;
    /** Matched by execution, in the session name or the source identity: a reply was lost, or a worker died before it could record the call. */
    readonly byExecution: number;
    /** Failed calls, which changed nothing. They need no record. */
    readonly failed: number;
    /** Made by a service with the permissions of Redress, because of a call by Redress, which has its own event. */
    readonly byServices: number;
    readonly ignored: number;
  };
  readonly records: {
    /** Recorded calls in the period. */
    readonly calls: number;
    readonly confirmed: number;
    /** Calls that cannot be matched: they have no request ID, and no session of their own. */
    readonly notComparable: number;
  };
  readonly discrepancies: readonly Discrepancy[];
  /** Younger than the grace period. `late`: CloudTrail should have delivered it. */
  readonly waiting: readonly (Unconfirmed & { readonly late: boolean })[];
  readonly uncovered: readonly Uncovered[];
}

/** Not changes by executions: a function creates the log stream that it writes to. */
const OWN_NEEDS: readonly string[] = ['logs:CreateLogStream'];

/**
 * Whether an event is of Redress, or may match one of its records. All other events are dropped before they are stored.
 *
 * @param principals as in {@link Comparison}
 */
export function isWanted(recorded: Recorded, principals: readonly string[] = []): (event: TrailEvent) => boolean {
  const requests = new Set(recorded.calls.map(({ requestId }) => requestId));
  const ours = oursBy(recorded, principals);
  return (event) => (event.requestId !== null && requests.has(event.requestId)) || ours(event);
}

function oursBy({ principals }: Recorded, more: readonly string[]): (event: TrailEvent) => boolean {
  const known = new Set([...principals, ...more.map((each) => (each.startsWith('arn:') ? principal(each) : `role/${each.replace(/^.*\//, '')}`))]);
  const acts = (arn: string | null): boolean => {
    if (arn === null) return false;
    const spelled = principal(arn);
    return known.has(spelled) || known.has(roleName(spelled) ?? '');
  };
  return ({ caller, role, sessionName, sourceIdentity }) =>
    acts(caller) || acts(role) || executionIn(sessionName) !== null || sourceIdentity === 'redress' || executionIn(sourceIdentity) !== null;
}

/**
 * Compares the calls in records with those in CloudTrail, both ways.
 *
 * An event of Redress is matched by its request ID. Otherwise it may be matched by its execution, which is in its session name or source identity: at
 * most as many events as the execution has calls with a lost reply, and workers that died. A record is confirmed by the event with its request ID, or,
 * if its reply was lost, by an event of its execution.
 *
 * @example const { discrepancies } = reconcile({ recorded, events, coverage, period, grace: 86_400_000, delay: 900_000, now: Date.now() });
 */
export function reconcile(comparison: Comparison): Reconciliation {
  const { recorded, coverage, period, accounts, principals = [], ignored = [], grace, delay, now } = comparison;
  const isOurs = oursBy(recorded, principals);
  const leftOut = new Set([...OWN_NEEDS, ...ignored]);
  const within = ({ time, account }: { readonly time: number; readonly account: string }) =>
    period.from <= time && time < period.until && (accounts === undefined || accounts.has(account));
  const events = sortedOnce(comparison.events);
  const eventsOf = new Map<string, TrailEvent[]>();
  for (const event of events) if (event.requestId !== null) eventsOf.set(event.requestId, [...(eventsOf.get(event.requestId) ?? []), event]);

  const discrepancies: Discrepancy[] = [];
  const joined = new Set<TrailEvent>();
  const confirmed = new Set<RecordedCall>();
  for (const call of recorded.calls) {
    const same = call.requestId === null ? undefined : eventsOf.get(call.requestId);
    if (same === undefined) continue;
    for (const event of same) joined.add(event);
    confirmed.add(call);
    const wrong = within(call) ? contradiction(call, same) : null;
    if (wrong !== null) discrepancies.push(wrong);
  }

  // Events that can only be identified by their execution.
  const lost = grouped(
    recorded.calls
      .filter((call) => call.lost && !confirmed.has(call))
      // Calls that a look has shown to be made can match an event.
      .sort((a, b) => Number(b.status === 'applied') - Number(a.status === 'applied')),
  );
  const unfinished = new Map([...recorded.executions].map(([id, execution]) => [id, execution.unfinished]));
  let byExecution = 0;
  let [ours, byRequest, failed, byServices, left] = [0, 0, 0, 0, 0];
  for (const event of events) {
    const known = joined.has(event);
    if (!known && !isOurs(event)) continue;
    const counts = within(event);
    if (counts) ours++;
    if (known) {
      if (counts) byRequest++;
      continue;
    }
    if (event.errorCode !== null) failed += counts ? 1 : 0;
    else if (event.invokedBy?.endsWith('.amazonaws.com') === true) byServices += counts ? 1 : 0;
    else if (leftOut.has(event.operation)) left += counts ? 1 : 0;
    else {
      const execution = executionIn(event.sessionName) ?? executionIn(event.sourceIdentity);
      const own = execution !== null && recorded.executions.get(execution)?.account === event.account ? execution : null;
      const call = own === null ? undefined : lost.get(own)?.shift();
      const workers = own === null ? 0 : (unfinished.get(own) ?? 0);
      if (call !== undefined) confirmed.add(call);
      else if (own !== null && workers > 0) unfinished.set(own, workers - 1);
      else {
        if (counts) discrepancies.push(orphan(event, execution, recorded));
        continue;
      }
      if (counts) byExecution++;
    }
  }

  const waiting: Reconciliation['waiting'][number][] = [];
  const gaps: { call: RecordedCall; reason: string }[] = [];
  let [calls, sure, notComparable] = [0, 0, 0];
  for (const call of recorded.calls) {
    // A read showed the effect of a runbook. Redress made no call.
    if (!within(call) || call.status !== 'applied' || (call.requestId === null && call.caller === null)) continue;
    calls++;
    if (confirmed.has(call)) sure++;
    else if (call.requestId === null && executionIn(call.caller) !== call.execution) notComparable++;
    else if (call.time + grace > now) waiting.push({ ...unconfirmed(call), late: call.time + delay <= now });
    else {
      const reason = coverage.gap(call);
      if (reason === null) discrepancies.push(ghost(call));
      else gaps.push({ call, reason });
    }
  }
  return {
    principals: [...new Set([...recorded.principals, ...principals])].sort(),
    events: { ours, byRequest, byExecution, failed, byServices, ignored: left },
    records: { calls, confirmed: sure, notComparable },
    discrepancies: discrepancies.sort((a, b) => compare(a.time, b.time) || compare(a.operation, b.operation) || compare(a.event ?? '', b.event ?? '')),
    waiting: waiting.sort((a, b) => compare(a.time, b.time)),
    uncovered: uncoveredOf(gaps),
  };
}

/** Each event once, however many files have it; oldest first. */
function sortedOnce(events: Iterable<TrailEvent>): readonly TrailEvent[] {
  const byId = new Map<string, TrailEvent>();
  for (const event of events) byId.set(`${event.account}/${event.id}`, event);
  return [...byId.values()].sort((a, b) => a.time - b.time || compare(a.id, b.id));
}

function grouped(calls: readonly RecordedCall[]): Map<string, RecordedCall[]> {
  const groups = new Map<string, RecordedCall[]>();
  for (const call of calls) groups.set(call.execution, [...(groups.get(call.execution) ?? []), call]);
  return groups;
}

/** How an event contradicts the record of its call. An event shared with another account appears twice; one of them has to agree. */
function contradiction(call: RecordedCall, events: readonly TrailEvent[]): Discrepancy | null {
  const here = events.filter((event) => event.account === call.account);
  const [event = events[0]] = here;
  if (event === undefined) return null;
  const found = (message: string): Discrepancy => ({ ...ofEvent(event, call.execution), kind: 'contradiction', message, record: place(call) });
  if (here.length === 0) return found(`The record names account ${call.account}; CloudTrail has the call in account ${event.account}.`);
  if (call.status === 'applied' && !call.lost && here.every(({ errorCode }) => errorCode !== null))
    return found(`The record says that the call was made; CloudTrail says that it failed with ${String(event.errorCode)}.`);
  if (call.status === 'refused' && here.every(({ errorCode }) => errorCode === null))
    return found('The record says that the call was refused; CloudTrail says that it was made.');
  return null;
}

function orphan(event: TrailEvent, execution: string | null, { executions }: Recorded): Discrepancy {
  const known = execution === null ? undefined : executions.get(execution);
  const why =
    execution === null
      ? 'its session belongs to no execution'
      : known === undefined
        ? 'its execution is in no record'
        : known.account === event.account
          ? 'its execution is recorded, but this call is not'
          : `its execution belongs to account ${known.account}`;
  return { ...ofEvent(event, execution), kind: 'orphan', message: `Redress made a change that has no record: ${why}.`, record: null };
}

function ghost(call: RecordedCall): Discrepancy {
  const { execution, caller } = call;
  const message = call.lost
    ? 'The reply was lost, and a read has shown the change; CloudTrail has no such call of the execution. Somebody else may have made it.'
    : 'The record says that the call was made; CloudTrail does not have it.';
  const { account, region, time, operation, requestId } = unconfirmed(call);
  return { ...{ kind: 'ghost', message, account, region, time, operation, requestId, caller, execution, event: null }, record: place(call) };
}

function ofEvent(event: TrailEvent, execution: string | null): Omit<Discrepancy, 'kind' | 'message' | 'record'> {
  const { account, region, operation, requestId, caller, id } = event;
  return { account, region, time: iso(event.time), operation, requestId, caller, execution, event: id };
}

function unconfirmed(call: RecordedCall): Unconfirmed {
  const { stream, seq, account, region, operation, requestId, execution } = call;
  return { stream, seq, account, region, time: iso(call.time), operation, requestId, execution };
}

function place({ stream, seq }: RecordedCall): RecordPlace {
  return { stream, seq };
}

function uncoveredOf(gaps: readonly { readonly call: RecordedCall; readonly reason: string }[]): readonly Uncovered[] {
  const groups = new Map<string, RecordedCall[]>();
  const reasons = new Map<string, string>();
  for (const { call, reason } of gaps) {
    const key = `${call.account} ${call.region} ${reason}`;
    groups.set(key, [...(groups.get(key) ?? []), call]);
    reasons.set(key, reason);
  }
  return [...groups]
    .sort(([a], [b]) => compare(a, b))
    .flatMap(([key, calls]) => {
      const times = calls.map(({ time }) => time).sort((a, b) => a - b);
      const [first] = calls;
      const [from, until] = [times[0], times.at(-1)];
      if (first === undefined || from === undefined || until === undefined) return [];
      const { account, region } = first;
      return [{ account, region, from: iso(from), until: iso(until), records: calls.length, reason: reasons.get(key) ?? '' }];
    });
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
