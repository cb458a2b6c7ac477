import { type Digest, digestOf, type Json, type JsonObject } from './model/json.js';
import type { Outcome } from './model/outcome.js';
import { GLOBAL_REGION, type ResourceRef } from './model/resource.js';
import { NEVER_SWEPT, type Swept } from './swept.js';

/**
 * The kind of a record in a resource's stream.
 *
 * - `decision`: a pass that did not act, and why.
 * - `intent`: an execution begins; from here on the resource is leased.
 * - `lease`: an open execution was taken over, because its worker was lost.
 * - `call`: one write of an execution, with its request ID.
 * - `outcome`: an execution is closed.
 * - `duplicate`: another input asked for what an execution already does or did.
 * - `approval`: a person's answer: to a plan that they were shown, or that a refused call may be retried. In the stream of an account: an
 *   attestation of what nothing can evaluate.
 * - `sweep`: the result of one remediator's sweep of an account and region, in the stream of the account; the arrival of the canary, in the
 *   stream of its parameter; or the position in a message with many findings, in a stream of the message.
 * - `breaker`: a remediator's circuit breaker in an account was opened, or closed by a person; in the stream that {@link breakerOf} names.
 * - `notice`: the result of a notification about an earlier record of the stream, or about the digest of a day. No other record says that
 *   anybody was notified.
 */
export type RecordKind = 'decision' | 'intent' | 'lease' | 'call' | 'outcome' | 'duplicate' | 'approval' | 'sweep' | 'breaker' | 'notice';

/**
 * One record. Its RFC 8785 text is stored and hashed. `prev` is the SHA-256 of the previous record in the same stream, so that an edit, an
 * insertion or a deletion in the middle is found.
 */
export interface EvidenceRecord {
  readonly v: 1;
  /** {@link streamOf} the resource. */
  readonly stream: Digest;
  /** From 1, without gaps. */
  readonly seq: number;
  readonly prev: Digest | null;
  /** ISO 8601 with milliseconds, UTC. */
  readonly time: string;
  readonly kind: RecordKind;
  readonly execution: string | null;
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly body: JsonObject;
  /** Content-addressed documents that belong to it: `before`, `after`, `plan`, … They are written before the record. */
  readonly blobs: { readonly [name: string]: Digest };
}

/** The place of a record. */
export interface RecordRef {
  readonly stream: Digest;
  readonly seq: number;
  readonly digest: Digest;
}

/** A record with its documents. */
export interface StoredRecord extends RecordRef {
  readonly record: EvidenceRecord;
  /** By the names in `record.blobs`. A document whose retention has ended is absent. */
  readonly documents: { readonly [name: string]: Json };
}

/** A record to append. The journal adds stream, number, chain and digests. */
export interface Entry {
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly body: JsonObject;
  /** Stored content-addressed, before the record. */
  readonly documents?: { readonly [name: string]: Json };
}

/** Maximum of changes in one budget: the journal on AWS keeps a budget in one item, which holds 400 KB. */
export const MOST_CHANGES = 5000;

/** At most `changes` executions that send a write within `window`, counted over all workers. */
export interface Budget {
  /** What is counted together, for example `remediator=ec2-revoke-sg-open-ssh,account=111111111111`. */
  readonly key: string;
  readonly changes: number;
  /** Milliseconds. */
  readonly window: number;
}

/** The longest lease, in milliseconds. A lease that ends later was taken by a worker whose clock was ahead. */
export const LONGEST_LEASE = 3_600_000;

/** A request to begin an execution. */
export interface BeginRequest extends Entry {
  /** Names the change: two requests with equal keys ask for the same thing. */
  readonly planDigest: Digest;
  /** {@link StreamView.generation} before the resource was observed. If it has changed since, something happened in between. */
  readonly generation: number;
  /** ID of a new execution, from {@link newExecution}, so that the caller can open its session meanwhile. Default: the journal creates one. */
  readonly execution?: string;
  readonly budgets: readonly Budget[];
  /** Duration of the lease, in milliseconds. */
  readonly lease: number;
  /** Take over an open execution whose lease has run out, instead of beginning one: a `lease` record and a new fence, no budget. */
  readonly resume?: string;
  /**
   * With `resume`: a person states that the worker is gone, although the lease has not ended. Only for a lease that lasts longer than
   * {@link LONGEST_LEASE} from now, because the clock of that worker was ahead.
   */
  readonly gone?: true;
  /** The approval that this execution is based on. The execution uses it up, and returns it only if nothing was sent. */
  readonly approval?: string;
  /** A rollback may run under an open circuit breaker; nothing else may. */
  readonly breaker?: 'ignored';
}

/** A leased, open execution. `fence` grows with each lease on the resource, so that an earlier holder is refused. */
export interface Lease {
  readonly execution: string;
  readonly fence: number;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Result of {@link BeginRequest}. Exactly one request begins; nothing is recorded for the others. */
export type BeginResult =
  | { readonly status: 'begun'; readonly lease: Lease; readonly record: RecordRef | null }
  /** Someone holds the resource, or left an open execution behind. */
  | { readonly status: 'busy'; readonly open: OpenExecution }
  /** The basis of the decision has changed: an execution was closed, an approval used, or a circuit breaker opened. Read and decide again. */
  | { readonly status: 'stale'; readonly generation: number }
  | { readonly status: 'over-budget'; readonly budget: Budget; readonly used: number };

/** What an intent records about itself, in addition to its plan. */
export interface Terms {
  /** Version of the remediator. */
  readonly version: string;
  /** Digest of its parameters. */
  readonly parameters: string;
  /** An execution for testing: it proves nothing for a higher environment. */
  readonly drill: boolean;
  readonly rollbackOf: string | null;
}

/** An execution without an outcome. */
export interface OpenExecution extends Terms {
  readonly execution: string;
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly planDigest: Digest;
  /** Its subjects (`body.subjects` of its intent): parts of the resource, or digests of calls. */
  readonly subjects: readonly string[];
  readonly fence: number;
  /** Epoch milliseconds. If it is in the past, the worker was lost. */
  readonly leaseUntil: number;
  readonly begunAt: number;
}

/** An execution that has an outcome. */
export interface ClosedExecution extends Terms {
  readonly execution: string;
  readonly remediator: string;
  readonly planDigest: Digest;
  readonly subjects: readonly string[];
  readonly outcome: Outcome;
  readonly begunAt: number;
  readonly closedAt: number;
  /** Writes that reached AWS, as far as known. */
  readonly sent: number;
  /** A second read confirmed it. */
  readonly verified: boolean;
  /** It failed for a reason that may be temporary. */
  readonly retryable: boolean;
  /** AWS refused a call permanently. The refusal is kept, and is not a failure of the remediator. Absent: no, or an older record. */
  readonly denied?: true;
}

/** A closed execution, with its resource. */
export interface TrackedExecution extends ClosedExecution {
  readonly resource: ResourceRef;
  /** Rolled back since. */
  readonly rolledBack: boolean;
}

/** The grace period of a change: it is announced, and made if nobody objects in time. */
export interface Grace {
  /** Milliseconds from the first notice to the change. */
  readonly period: number;
  /** How long before its end people are reminded, in milliseconds, longest first. */
  readonly remind: readonly number[];
  /** Notices that were delivered, and when (epoch milliseconds): 0 is the first, `n` the reminder `remind[n - 1]`. */
  readonly sent: readonly { readonly notice: number; readonly at: number }[];
  /** The notice that a worker is sending: the record with this number claims it, until that time (epoch milliseconds). */
  readonly sending: { readonly notice: number; readonly record: number; readonly until: number } | null;
  /** Why it ended without the change; null if it has not. */
  readonly ended: string | null;
}

/** A plan that needs an approval, and the answer. */
export interface Approval {
  /** `a-` and 16 hexadecimal digits. */
  readonly id: string;
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly planDigest: Digest;
  /** Its subjects, as in {@link OpenExecution}. */
  readonly subjects: readonly string[];
  /** Digests of the calls that it is about. Absent in older records, like the next two members. */
  readonly calls?: readonly Digest[];
  /** The guardrails that require it. */
  readonly asks?: readonly string[];
  /** Breadth of the remediator that planned it. */
  readonly breadth?: number;
  /** The answers of guardrails that it discharges, exactly as they were shown: digests of guardrail, code and data. */
  readonly discharges: readonly Digest[];
  /** Whether an event showed that the gap was new when the approval was requested. Waiting for an answer does not change this. */
  readonly fresh: boolean;
  /**
   * Who may have caused the gap, as far as the journal knows now: ARNs and source identities. None of them may approve. These are the actors
   * whose events name what the plan would undo. Without such events, they are all who changed the resource since it was last seen without the
   * gap. Otherwise the cause is unknown: the list has null, and everyone of whom the journal knows an event.
   */
  readonly causedBy: readonly (string | null)[];
  /** Epoch milliseconds. */
  readonly requestedAt: number;
  readonly expires: number;
  readonly verdict: 'none' | 'approved' | 'denied';
  /** Who gave the verdict; `verified` if a signed request named them. */
  readonly by: { readonly name: string; readonly verified: boolean } | null;
  /** Time of the answer, in epoch milliseconds. Absent: no answer yet. */
  readonly answeredAt?: number;
  /** The execution that used it. */
  readonly usedBy: string | null;
  /** The plan is carried out without an answer when its grace period ends. Absent: it waits for an answer. */
  readonly grace?: Grace;
}

/** An open circuit breaker: a remediator may change nothing in an account until a person closes it. */
export interface Breaker {
  readonly remediator: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly reason: string;
}

/** Suppression after a rollback: until it ends, the same fix is only notified. */
export interface Hold {
  readonly remediator: string;
  /** Subjects that were rolled back, as in {@link OpenExecution}. Absent in older records. */
  readonly subjects?: readonly string[];
  /** Epoch milliseconds. */
  readonly until: number;
  readonly owner: string;
  readonly execution: string;
}

/** A call that AWS has refused permanently, because a policy denies it, and not because of throttling. */
export interface Refusal {
  /** As in `logs:PutRetentionPolicy`. */
  readonly operation: string;
  /** Digest of the call. */
  readonly call: Digest;
  /** The part of the resource that it was about; null: the whole resource. */
  readonly subject: string | null;
  /** The remediator that planned it, and the execution. */
  readonly remediator: string;
  readonly execution: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** What refuses it, as far as AWS says: ARN or type of a policy, else the error of AWS. */
  readonly by: string;
  /** `service-control-policy`, …; null if AWS does not say. */
  readonly policyType: string | null;
  /** Identifies the decision of AWS in a request to IAM; null if there is none. */
  readonly authorizationId: string | null;
  /** Digests of the policy and of the roles of Redress under which it was sent; null: unknown. */
  readonly policy: Digest | null;
  readonly role: Digest | null;
  /** Whether the resource had the exception tag then. */
  readonly tagged: boolean;
}

/** A person's attestation of what nothing can evaluate, in the stream of an account that {@link breakerOf} names. */
export interface Attestation {
  /** The remediator that needs it. */
  readonly remediator: string;
  readonly by: { readonly name: string; readonly verified: boolean };
  /** When it was made, and until when it holds, in epoch milliseconds. If it was withdrawn, it ends at that time. */
  readonly at: number;
  readonly until: number;
  /** The evidence for it: a document, a ticket, a link. */
  readonly evidence: string;
}

/**
 * An open gap: it was decided on, and is not closed. {@link gapKey} identifies it, whatever the event was, and whenever it came. A sweep that
 * finds it unchanged records nothing in its stream: the record of that sweep says when it was seen.
 */
export interface Gap {
  readonly key: string;
  readonly resource: ResourceRef;
  readonly remediator: string;
  /** Its subjects, as in {@link OpenExecution}; `manual` and `unread` if nothing would be changed. */
  readonly subjects: readonly string[];
  readonly outcome: Outcome;
  /** At most 300 characters. */
  readonly message: string;
  /** Equal as long as nothing changes that people act on: outcome, reasons, what would be changed, what stays open. */
  readonly state: string;
  /** Code of the reason that held back every gap of the account in the last sweep; null: none. */
  readonly held: string | null;
  /** Open requests for an approval. */
  readonly approval: string | null;
  /** When the approval or the exception expires, or when the policy requires the gap to be closed; epoch milliseconds. */
  readonly deadline: number | null;
  /** The deadline is near. */
  readonly near: boolean;
  /** Nobody has to be notified of it. */
  readonly quiet: boolean;
  /** Number of resources that it represents, because the same reason holds them back; null: only itself. */
  readonly members: number | null;
  /** When it appeared; epoch milliseconds. */
  readonly since: number;
  /** When it was last recorded; epoch milliseconds. Sweeps may have seen it since. */
  readonly seenAt: number;
  /** Number of the record that made it what it is now. */
  readonly record: number;
  /** When the last notification about it was attempted, or when it changed; epoch milliseconds. */
  readonly triedAt: number;
  /** The last notification about it: what, when, and through which channels (if the notifier reports them); null: none. */
  readonly told: {
    readonly state: string;
    readonly approval: string | null;
    readonly at: number;
    readonly channels: readonly string[];
  } | null;
}

/** An outcome of which nobody could be notified so far. */
export interface Unsaid {
  readonly resource: ResourceRef;
  readonly remediator: string;
  /** Number of its record. */
  readonly of: number;
  readonly execution: string | null;
  readonly outcome: string;
  readonly message: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The digest of a day, in the stream where its notices are recorded. */
export interface DigestSent {
  /** `2026-11-28`, in UTC. */
  readonly day: string;
  readonly sent: boolean;
  /** The worker that is sending it: the record with this number claims it, until that time (epoch milliseconds). */
  readonly sending: { readonly record: number; readonly until: number } | null;
}

/** What a decision needs to know of a resource's stream, in one read. */
export interface StreamView {
  readonly stream: Digest;
  /** Records so far. */
  readonly length: number;
  /** Closed executions and answers of people so far. */
  readonly generation: number;
  readonly open: OpenExecution | null;
  /** Newest first; at most 50. */
  readonly closed: readonly ClosedExecution[];
  readonly holds: readonly Hold[];
  /** When an exception tag without a live register entry was first seen, by {@link tagFirstSeenKey}; epoch milliseconds. */
  readonly tagFirstSeen: { readonly [key: string]: number };
  /** Oldest first; at most 50. */
  readonly approvals: readonly Approval[];
  /** Open ones of the resource's account. */
  readonly breakers: readonly Breaker[];
  /** Refused calls that have not succeeded since, and that nobody wants retried; newest first, at most 50. */
  readonly refusals: readonly Refusal[];
  /** Attestations: the newest of each remediator. */
  readonly attestations: readonly Attestation[];
  /** Open gaps, oldest first; at most 50. */
  readonly gaps: readonly Gap[];
  /** The newest digest that was recorded here. */
  readonly digest: DigestSent | null;
  /** Results of the sweeps of a place, in the stream of its account and region; null: unknown without reading the records (of an earlier version). */
  readonly swept: Swept | null;
}

/** ID of an execution that begins now (epoch milliseconds): `x-` with the time and 80 random bits. It is unique, and sortable by time. */
export function newExecution(now: number): string {
  const random = crypto.getRandomValues(new Uint8Array(10));
  return `x-${now.toString(36).padStart(9, '0')}-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** The resource in whose stream the circuit breakers of an account are recorded. */
export function breakerOf(ref: Pick<ResourceRef, 'account' | 'partition'>): ResourceRef {
  return { type: 'AWS::::Account', id: ref.account, account: ref.account, region: GLOBAL_REGION, partition: ref.partition };
}

/** Key for the time at which an exception tag was first seen. A part has a key of its own, separate from that of the resource. */
export function tagFirstSeenKey(remediator: string, part: string | null): string {
  return part === null ? remediator : `${remediator} ${part}`;
}

/** Key of a gap: equal for the same remediator and the same parts of a resource, in any order. */
export function gapKey(remediator: string, subjects: readonly string[]): string {
  return `g-${digestOf([remediator, ...[...subjects].sort()]).slice('sha256:'.length, 'sha256:'.length + 16)}`;
}

/** A stream in which nothing has happened. */
export function emptyView(stream: Digest): StreamView {
  return {
    stream,
    length: 0,
    generation: 0,
    open: null,
    closed: [],
    holds: [],
    tagFirstSeen: {},
    approvals: [],
    breakers: [],
    refusals: [],
    attestations: [],
    gaps: [],
    digest: null,
    swept: NEVER_SWEPT,
  };
}

/** Closes an execution. */
export interface FinishRequest extends Entry {
  readonly lease: Lease;
  readonly outcome: Outcome;
  /** Writes that reached AWS; 0 returns the budget. */
  readonly sent: number;
  readonly hold?: { readonly until: number; readonly owner: string };
}

/** Input of {@link Journal.append}. */
export type AppendRequest = Entry &
  (
    | { readonly kind: 'decision' | 'duplicate' | 'sweep' | 'approval' | 'breaker' | 'notice'; readonly execution?: string }
    | { readonly kind: 'call'; readonly lease: Lease }
  );

/** Which records to read. */
export type RecordQuery = { readonly resource: ResourceRef } | { readonly execution: string } | { readonly all: true };

/**
 * The one store port: leases, budgets and evidence together, because they share one transaction. The engine cannot make a change without its
 * record, because the record is what permits the change. `@redress/evidence` implements it, and has a contract test suite for other
 * implementations.
 *
 * Every method throws `journal/unavailable` (retryable) if the store cannot be reached, and `journal/corrupt` if what it reads does not
 * verify. Methods over many streams (`open`, `approvals`, `standing`) may omit a stream that does not verify instead.
 */
export interface Journal {
  /** `memory` and `folder` are for one machine; `createHandler` refuses a folder inside Lambda. */
  readonly kind: string;
  /** What decisions need to know of a stream. */
  view(resource: ResourceRef): Promise<StreamView>;
  /**
   * One durable, atomic step: takes the lease, reserves the budgets and appends the `intent` record.
   * If it fails, it has no effect.
   */
  begin(request: BeginRequest): Promise<BeginResult>;
  /**
   * Appends one record: with a lease a `call` of that execution, else a record of a kind that needs no lease.
   *
   * @throws {RedressError} `journal/lost-lease` if the lease is not the newest or its execution is closed.
   */
  append(entry: AppendRequest): Promise<RecordRef>;
  /**
   * Appends the `outcome`, closes the execution, releases the lease, settles the budget.
   *
   * @throws {RedressError} `journal/lost-lease` as for `append`.
   */
  finish(request: FinishRequest): Promise<RecordRef>;
  /** Executions without an outcome, oldest first. */
  open(): Promise<readonly OpenExecution[]>;
  /** Every approval that no execution has used, answered or not, oldest first. */
  approvals(): Promise<readonly Approval[]>;
  /**
   * Open gaps, and outcomes of which nobody could be notified; oldest first. They are of all resources, or of those of one place. With a place,
   * the cost does not depend on what is open elsewhere.
   */
  standing(place?: Pick<ResourceRef, 'account' | 'region'>): Promise<{ readonly gaps: readonly Gap[]; readonly unsaid: readonly Unsaid[] }>;
  /** Executions of a remediator in accounts, over all resources, newest first: at most 50 of each resource. */
  trackRecord(query: { readonly remediator: string; readonly accounts: readonly string[] }): Promise<readonly TrackedExecution[]>;
  /**
   * Records in order. Each stream is verified as it is read. With `all`, a stream that does not verify is reported after the others. For an
   * execution: its records only.
   */
  read(query: RecordQuery): AsyncIterable<StoredRecord>;
  /**
   * A random key that is created once for this journal, and is the same for all who use it. In records an HMAC under this key replaces each
   * secret. No record, export or seal contains the key. Absent: each process has its own key.
   */
  redactionKey?(): Promise<string>;
  /** Releases files and connections. */
  close?(): Promise<void>;
}
