import { type Digest, digestOf, type Json, type JsonObject } from './model/json.js';
import type { Outcome } from './model/outcome.js';
import { GLOBAL_REGION, type ResourceRef } from './model/resource.js';
import { NEVER_SWEPT, type Swept } from './swept.js';

/**
 * What a record in a resource's stream says.
 *
 * - `decision`: a pass that did not act, and why.
 * - `intent`: an execution begins; from here on the resource is leased.
 * - `lease`: an open execution whose worker is gone was taken over.
 * - `call`: one writing call of an execution, with its request id.
 * - `outcome`: an execution is closed.
 * - `duplicate`: another input asked for what an execution already does or did.
 * - `approval`: what a person said: of a plan that they were shown, that what AWS has refused is to be tried again, or, in the stream of an account,
 *   of what nothing can evaluate.
 * - `sweep`: what one remediator's sweep of an account and region came to, in the stream of the account; that the canary arrived, in that of
 *   its parameter; or how far a message with many findings has come, in one of its own.
 * - `breaker`: a remediator's circuit breaker in an account was opened, or closed by a person; in the stream that {@link breakerOf} names.
 * - `notice`: what became of notifying people of an earlier record of the stream, or of the digest of a day. No other record says that anybody
 *   was notified.
 */
export type RecordKind = 'decision' | 'intent' | 'lease' | 'call' | 'outcome' | 'duplicate' | 'approval' | 'sweep' | 'breaker' | 'notice';

/**
 * One record. Its RFC 8785 text is what is stored and hashed; `prev` is the SHA-256 of the record before it in the same stream, so
 * that an edit, an insertion or a deletion in the middle is found.
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
  /** Content-addressed documents that belong to it: `before`, `after`, `plan`, … Written before the record is. */
  readonly blobs: { readonly [name: string]: Digest };
}

/** Where a record is. */
export interface RecordRef {
  readonly stream: Digest;
  readonly seq: number;
  readonly digest: Digest;
}

/** A record with its documents. */
export interface StoredRecord extends RecordRef {
  readonly record: EvidenceRecord;
  /** By the names in `record.blobs`. A document that its retention removed is absent. */
  readonly documents: { readonly [name: string]: Json };
}

/** What is appended; the journal adds stream, number, chain and digests. */
export interface Entry {
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly body: JsonObject;
  /** Stored content-addressed, before the record. */
  readonly documents?: { readonly [name: string]: Json };
}

/** What a journal counts at most in one budget: that of AWS keeps it in one item, which holds 400 KB. */
export const MOST_CHANGES = 5000;

/** At most `changes` executions that send a write within `window`, counted over all workers. */
export interface Budget {
  /** What is counted together, for example `remediator=ec2-revoke-sg-open-ssh,account=111111111111`. */
  readonly key: string;
  readonly changes: number;
  /** Milliseconds. */
  readonly window: number;
}

/** No lease lasts longer: one that ends later was taken by a clock that was ahead. Milliseconds. */
export const LONGEST_LEASE = 3_600_000;

/** Asks to begin an execution. */
export interface BeginRequest extends Entry {
  /** Names the change: two requests with equal keys ask for the same thing. */
  readonly planDigest: Digest;
  /** {@link StreamView.generation} as it was before the resource was observed; another one means that something happened in between. */
  readonly generation: number;
  /** The id of a new execution, from {@link newExecution}: whoever begins may open its session meanwhile. Default: the journal makes one. */
  readonly execution?: string;
  readonly budgets: readonly Budget[];
  /** Milliseconds that the lease lasts. */
  readonly lease: number;
  /** Take over an open execution whose lease has run out, instead of beginning one: a `lease` record and a new fence, no budget. */
  readonly resume?: string;
  /**
   * With `resume`: a person says that its worker is gone, whatever its lease says. Only of a lease that lasts longer than {@link LONGEST_LEASE}
   * from now: the clock of that worker was ahead.
   */
  readonly gone?: true;
  /** The approval that this execution rests on: used up by it, and given back only when nothing was sent. */
  readonly approval?: string;
  /** A rollback goes on under an open circuit breaker; nothing else does. */
  readonly breaker?: 'ignored';
}

/** A leased, open execution. `fence` grows with each lease on the resource: an older holder is refused. */
export interface Lease {
  readonly execution: string;
  readonly fence: number;
  /** Epoch milliseconds. */
  readonly until: number;
}

/** Answer to {@link BeginRequest}. Exactly one begins; nothing is recorded for the others. */
export type BeginResult =
  | { readonly status: 'begun'; readonly lease: Lease; readonly record: RecordRef | null }
  /** Someone holds the resource, or left an open execution behind. */
  | { readonly status: 'busy'; readonly open: OpenExecution }
  /** What the decision rests on is not so any more: an execution was closed, an approval used, a circuit breaker opened. Look again. */
  | { readonly status: 'stale'; readonly generation: number }
  | { readonly status: 'over-budget'; readonly budget: Budget; readonly used: number };

/** What an intent says of itself besides its plan. */
export interface Terms {
  /** Version of the remediator. */
  readonly version: string;
  /** Digest of its parameters. */
  readonly parameters: string;
  /** Made to try things out: it proves nothing. */
  readonly drill: boolean;
  readonly rollbackOf: string | null;
}

/** An execution without an outcome. */
export interface OpenExecution extends Terms {
  readonly execution: string;
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly planDigest: Digest;
  /** What it is about (`body.subjects` of its intent): parts of the resource, or digests of calls. */
  readonly subjects: readonly string[];
  readonly fence: number;
  /** Epoch milliseconds; past means that its worker is gone. */
  readonly leaseUntil: number;
  readonly begunAt: number;
}

/** An execution that has its outcome. */
export interface ClosedExecution extends Terms {
  readonly execution: string;
  readonly remediator: string;
  readonly planDigest: Digest;
  readonly subjects: readonly string[];
  readonly outcome: Outcome;
  readonly begunAt: number;
  readonly closedAt: number;
  /** Writing calls that reached AWS, as far as known. */
  readonly sent: number;
  /** A second look confirmed it. */
  readonly verified: boolean;
  /** It failed for a reason that may be gone later. */
  readonly retryable: boolean;
  /** AWS refused a call permanently, which is kept: not a failure of the remediator. Absent: no, or recorded before this was kept. */
  readonly denied?: true;
}

/** A closed execution, and where it was. */
export interface TrackedExecution extends ClosedExecution {
  readonly resource: ResourceRef;
  /** Rolled back since. */
  readonly rolledBack: boolean;
}

/** A change that is announced, and made when nobody has said no in time. */
export interface Grace {
  /** Milliseconds from the first notice to the change. */
  readonly period: number;
  /** How long before its end people are reminded; milliseconds, longest first. */
  readonly remind: readonly number[];
  /** Notices that were delivered, and when (epoch milliseconds): 0 is the first, `n` the reminder `remind[n - 1]`. */
  readonly sent: readonly { readonly notice: number; readonly at: number }[];
  /** The notice that a worker is sending: claimed by a record of this number, until then (epoch milliseconds). */
  readonly sending: { readonly notice: number; readonly record: number; readonly until: number } | null;
  /** Why it ended without the change; null while it has not. */
  readonly ended: string | null;
}

/** A plan that needs an approval, and the answer. */
export interface Approval {
  /** `a-` and 16 hexadecimal digits. */
  readonly id: string;
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly planDigest: Digest;
  /** What it is about, as in {@link OpenExecution}. */
  readonly subjects: readonly string[];
  /** Digests of the calls that it is about. Absent, as the next two: asked for before this was kept. */
  readonly calls?: readonly Digest[];
  /** The guardrails that asked for it. */
  readonly asks?: readonly string[];
  /** How wide the remediator that planned it is. */
  readonly breadth?: number;
  /** The answers of guardrails that it discharges, exactly as they were shown: digests of guardrail, code and data. */
  readonly discharges: readonly Digest[];
  /** Whether an event showed it to be new when it was asked: waiting for an answer makes nothing older. */
  readonly fresh: boolean;
  /**
   * Who may have caused it, as far as the journal knows now, whoever has asked: ARNs and source identities. Those whose events name what the
   * plan would undo; else all who did anything to the resource since it was last seen without it; else it is unknown, which null says, and all
   * of whom the journal knows an event are among them. None of them may approve.
   */
  readonly causedBy: readonly (string | null)[];
  /** Epoch milliseconds. */
  readonly requestedAt: number;
  readonly expires: number;
  readonly verdict: 'none' | 'approved' | 'denied';
  /** Who gave the verdict; `verified` when a signed request named them. */
  readonly by: { readonly name: string; readonly verified: boolean } | null;
  /** When; epoch milliseconds. Absent: nobody has answered. */
  readonly answeredAt?: number;
  /** The execution that used it. */
  readonly usedBy: string | null;
  /** The plan is carried out without an answer, when its grace period is over. Absent: it waits for one. */
  readonly grace?: Grace;
}

/** An open circuit breaker: a remediator may change nothing in an account until a person closes it. */
export interface Breaker {
  readonly remediator: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly reason: string;
}

/** A promise to leave a resource alone after a rollback. */
export interface Hold {
  readonly remediator: string;
  /** What was rolled back, as in {@link OpenExecution}. Absent: recorded before this was kept. */
  readonly subjects?: readonly string[];
  /** Epoch milliseconds. */
  readonly until: number;
  readonly owner: string;
  readonly execution: string;
}

/** A call that AWS has refused for good: not for throttling, but because somebody forbids it. */
export interface Refusal {
  /** As in `logs:PutRetentionPolicy`. */
  readonly operation: string;
  /** Digest of the call. */
  readonly call: Digest;
  /** The part of the resource that it was about; null: the whole. */
  readonly subject: string | null;
  /** Who planned it, and in which execution. */
  readonly remediator: string;
  readonly execution: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Who refuses, as far as AWS says: ARN or type of a policy, else its error. */
  readonly by: string;
  /** `service-control-policy`, …; null where AWS does not say. */
  readonly policyType: string | null;
  /** Names the decision of AWS to who asks IAM for it; null where there is none. */
  readonly authorizationId: string | null;
  /** Digests of the policy and of the roles of Redress that it was sent under; null: not known. */
  readonly policy: Digest | null;
  readonly role: Digest | null;
  /** Whether the resource had the exception tag then. */
  readonly tagged: boolean;
}

/** A person's word for what nothing can evaluate, in the stream of an account that {@link breakerOf} names. */
export interface Attestation {
  /** What asks for it. */
  readonly remediator: string;
  readonly by: { readonly name: string; readonly verified: boolean };
  /** When it was said, and until when it holds; epoch milliseconds. One that was withdrawn ends when it was. */
  readonly at: number;
  readonly until: number;
  /** What it rests on: a document, a ticket, a link. */
  readonly evidence: string;
}

/**
 * A gap that stands: it was decided on, and is not closed. The same gap is what {@link gapKey} names alike, whatever asked, and whenever. A
 * sweep that finds it unchanged records nothing in its stream: the record of that sweep says when it was seen.
 */
export interface Gap {
  readonly key: string;
  readonly resource: ResourceRef;
  readonly remediator: string;
  /** What it is about, as in {@link OpenExecution}; `manual` and `unread` where nothing would be changed. */
  readonly subjects: readonly string[];
  readonly outcome: Outcome;
  /** At most 300 characters. */
  readonly message: string;
  /** Equal as long as nothing has changed that people act on: outcome, reasons, what would be changed, what stays open. */
  readonly state: string;
  /** Code of what holds every gap of the account back alike, in the last sweep; null: nothing does. */
  readonly held: string | null;
  /** Open requests for an approval. */
  readonly approval: string | null;
  /** When the approval runs out, the exception ends, or the policy wants it closed; epoch milliseconds. */
  readonly deadline: number | null;
  /** The deadline is near. */
  readonly near: boolean;
  /** Nobody has to hear of it. */
  readonly quiet: boolean;
  /** It stands for so many resources that something holds back alike; null: for itself. */
  readonly members: number | null;
  /** When it appeared; epoch milliseconds. */
  readonly since: number;
  /** When it was last recorded; epoch milliseconds. Sweeps may have seen it since. */
  readonly seenAt: number;
  /** Number of the record that made it what it is now. */
  readonly record: number;
  /** When it was last tried to notify people of it, or it changed; epoch milliseconds. */
  readonly triedAt: number;
  /** What people were last notified of, when, and by which channels (of a notifier that says so); null: of nothing. */
  readonly told: {
    readonly state: string;
    readonly approval: string | null;
    readonly at: number;
    readonly channels: readonly string[];
  } | null;
}

/** What happened, and nobody could be notified of so far. */
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
  /** The worker that is sending it: claimed by a record of this number, until then (epoch milliseconds). */
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
  /** Calls that AWS refused, and that nobody has made since or wants tried again; newest first, at most 50. */
  readonly refusals: readonly Refusal[];
  /** What people say of what nothing can evaluate: the newest of each remediator. */
  readonly attestations: readonly Attestation[];
  /** Gaps that stand, oldest first; at most 50. */
  readonly gaps: readonly Gap[];
  /** The newest digest that was recorded here. */
  readonly digest: DigestSent | null;
  /** What sweeps of a place came to, in the stream of its account and region; null: not known without reading its records (an earlier version wrote it). */
  readonly swept: Swept | null;
}

/** The id of an execution that begins now (epoch milliseconds): `x-` with the time and 80 random bits, so sortable by time and unique. */
export function newExecution(now: number): string {
  const random = crypto.getRandomValues(new Uint8Array(10));
  return `x-${now.toString(36).padStart(9, '0')}-${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Where the circuit breakers of an account are recorded. */
export function breakerOf(ref: Pick<ResourceRef, 'account' | 'partition'>): ResourceRef {
  return { type: 'AWS::::Account', id: ref.account, account: ref.account, region: GLOBAL_REGION, partition: ref.partition };
}

/** Under which name the first sight of an exception tag is kept: that of a part apart from that of the resource. */
export function tagFirstSeenKey(remediator: string, part: string | null): string {
  return part === null ? remediator : `${remediator} ${part}`;
}

/** Names a gap: equal for the same remediator and the same parts of a resource, in any order. */
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
  /** Writing calls that reached AWS; 0 gives the budget back. */
  readonly sent: number;
  readonly hold?: { readonly until: number; readonly owner: string };
}

/** What {@link Journal.append} takes. */
export type AppendRequest = Entry &
  (
    | { readonly kind: 'decision' | 'duplicate' | 'sweep' | 'approval' | 'breaker' | 'notice'; readonly execution?: string }
    | { readonly kind: 'call'; readonly lease: Lease }
  );

/** What to read. */
export type RecordQuery = { readonly resource: ResourceRef } | { readonly execution: string } | { readonly all: true };

/**
 * The one store port: leases, budgets and evidence together, because they share one transaction. A change cannot happen without its
 * record, since the record is what permits the change. Implemented in `@redress/evidence`; its contract suite tells whether an
 * implementation is sound.
 *
 * Every method throws `journal/unavailable` (retryable) when the store cannot be reached, and `journal/corrupt` when what it reads
 * does not verify. What goes over many streams (`open`, `approvals`, `standing`) may leave out one that does not, instead.
 */
export interface Journal {
  /** `memory` and `folder` are for one machine; `createHandler` refuses a folder inside Lambda. */
  readonly kind: string;
  /** What decisions need to know of a stream. */
  view(resource: ResourceRef): Promise<StreamView>;
  /**
   * One durable, atomic step: takes the lease, reserves the budgets and appends the `intent` record.
   * Fails without any effect otherwise.
   */
  begin(request: BeginRequest): Promise<BeginResult>;
  /**
   * Appends one record: with a lease a `call` of that execution, else one of a kind that needs none.
   *
   * @throws {RedressError} `journal/lost-lease` when the lease is not the newest or its execution is closed.
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
  /** What waits, or waited, for a person: every approval that no execution has used, oldest first. */
  approvals(): Promise<readonly Approval[]>;
  /**
   * Gaps that stand, and what nobody could be notified of; oldest first. Over all resources, or, with a place, over those that are of it: then what it
   * costs does not grow with what stands elsewhere.
   */
  standing(place?: Pick<ResourceRef, 'account' | 'region'>): Promise<{ readonly gaps: readonly Gap[]; readonly unsaid: readonly Unsaid[] }>;
  /** What a remediator has done in accounts, over all resources, newest first: at most 50 of each resource. */
  trackRecord(query: { readonly remediator: string; readonly accounts: readonly string[] }): Promise<readonly TrackedExecution[]>;
  /** Records in order, each stream verified as it is read; of `all`, one that does not verify is named after the others. For an execution: its records only. */
  read(query: RecordQuery): AsyncIterable<StoredRecord>;
  /**
   * A key that is made once for this journal, at random, and is the same for all who use it: what stands for a secret in its records is an HMAC
   * under it. No record, export or seal holds it. Absent: each process has one of its own.
   */
  redactionKey?(): Promise<string>;
  /** Releases files and connections. */
  close?(): Promise<void>;
}
