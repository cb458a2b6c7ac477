import type { Decision, Guardrail } from '../guardrails/guardrail.js';
import type { Approval, Attestation, Journal, RecordRef, Refusal } from '../journal.js';
import type { Finding } from '../model/finding.js';
import type { Outcome } from '../model/outcome.js';
import type { Plan } from '../model/plan.js';
import type { Partition, ResourceRef } from '../model/resource.js';
import type { Notify } from '../notify.js';
import type { Policy } from '../policy/policy.js';
import type { Register } from '../policy/register.js';
import type { Clock, ConfigRuleReader, Connect, Live, Stop } from '../ports.js';
import type { Remediator } from '../remediator/define.js';
import type { CallTrace } from './gate.js';
import type { RedactionOptions } from './redaction.js';
import type { CallBudget } from './sweep/budget.js';

/** What {@link createRedress} takes. */
export interface RedressOptions {
  readonly remediators: readonly Remediator[];
  /** A policy, or a source that reads it. A source is read again right before each write. */
  readonly policy: Policy | Live<Policy>;
  /** Required for changes. Reading and planning work without it. */
  readonly journal?: Journal;
  readonly connect: Connect;
  /** Resolves the names and parameters of custom-named Config rules. Without it the policy maps names. */
  readonly configRules?: ConfigRuleReader;
  /** The exceptions register; default: an empty one. */
  readonly exceptions?: Register | Live<Register>;
  /** Added to the built-in ones; they can only restrict. */
  readonly guardrails?: readonly Guardrail[];
  readonly notify?: Notify;
  /** Further names and forms of secrets, and the key of the marks that replace them: equal secrets have equal marks. */
  readonly redaction?: RedactionOptions;
  /** A kill switch in addition to that of the policy: a parameter, a file. */
  readonly killSwitch?: Live<Stop>;
  readonly clock?: Clock;
  /** Each call to AWS, as it happened. */
  readonly onCall?: (trace: CallTrace) => void;
  /** Called before the engine sleeps, with the reason and the end of the wait. */
  readonly onWait?: (wait: Wait) => void;
  /** Problems that do not affect the result, such as a notification that was not delivered. */
  readonly onWarning?: (message: string, error: unknown) => void;
}

/** What an engine waits for while it sleeps. */
export interface Wait {
  /**
   * `settling`: the resource has just changed. `held`: another execution holds the lease. `again`: a read or the journal failed, and is retried.
   */
  readonly reason: 'settling' | 'held' | 'again';
  readonly remediator: string;
  readonly resource: ResourceRef;
  /** Epoch milliseconds: the latest end of the wait. */
  readonly until: number;
}

/** Counts the changes of a run; start it with `{ changes: 0 }`. The engine writes to it. */
export interface RunBudget {
  changes: number;
}

/** Options of one run. */
export interface RunOptions {
  /** Epoch milliseconds at which this process ends (a Lambda's timeout). */
  readonly deadline?: number;
  /** Read, plan and decide, but change and record nothing. */
  readonly dryRun?: boolean;
  /** Counts the changes of a run that consists of several calls, so that the limits per run apply to all of them. Default: each call is a run. */
  readonly budget?: RunBudget;
  /** A drill: recorded as one, and not a proof for a higher environment. */
  readonly drill?: boolean;
  /** The longest wait for a resource to settle, in milliseconds. A longer wait ends the pass with `retryAt`. Default: until `deadline`. */
  readonly patience?: number;
  /**
   * Epoch milliseconds at which the input first arrived (`SentTimestamp` of a queue): what it reports is not younger, however often it is
   * delivered. Default: now.
   */
  readonly seenAt?: number;
}

/** An answer to a request for approval. */
export interface ApprovalOptions {
  /** The ARN of a role or user; `verified` only when a signed request named it. */
  readonly by: { readonly name: string; readonly verified: boolean };
  readonly reason: string;
  readonly deadline?: number;
}

/** An attestation: a person's statement about a check that nothing can evaluate. */
export interface AttestOptions {
  readonly by: string;
  /** Expiry in epoch milliseconds, at most 366 days from now. Null withdraws the earlier attestation. */
  readonly until: number | null;
  /** The evidence: a document, a ticket, a link. */
  readonly evidence: string;
}

/** The result of one remediator's pass over one resource. */
export interface PassResult {
  readonly remediator: string;
  readonly resource: ResourceRef;
  /** What people call the resource: its `Name` tag, else what its service calls it (a group name). Null: nothing says. */
  readonly name: string | null;
  /** `busy`: another worker holds the lease. Retry; nothing was recorded. */
  readonly outcome: Outcome | 'busy';
  /** The execution that this pass made, or the one that a duplicate names. */
  readonly execution: string | null;
  /** Whether the input requested what an execution already does or did. */
  readonly duplicate: boolean;
  /** One sentence. */
  readonly message: string;
  readonly decision: Decision | null;
  /**
   * Of a dry run: what would be decided if the policy enforced the remediator in this account, everything else being as it is. Null where there is
   * nothing to decide on, and in every pass that is not a dry run.
   */
  readonly ifEnforced: Decision | null;
  readonly plan: Plan | null;
  /** What is still open, and why. */
  readonly open: readonly string[];
  /** Steps for a person. */
  readonly steps: readonly string[];
  readonly record: RecordRef | null;
  /** Whether a later attempt with the same input may succeed. */
  readonly retryable: boolean;
  /** The approval that it waits for; a dry run asks for none. */
  readonly approval: string | null;
  /** Epoch milliseconds from which on it can be decided: it has settled then, or nobody holds it any more. Null: nothing says when. */
  readonly retryAt: number | null;
}

/**
 * Whether a pass was denied because something could not be read, or because a guardrail failed. Then nobody has decided that this is right.
 *
 * @example const seen = passes.every((pass) => !isUnread(pass));
 */
export function isUnread({ outcome, decision }: Pick<PassResult, 'outcome' | 'decision'>): boolean {
  if (outcome !== 'denied') return false;
  return decision === null || decision.results.some(({ effect, code }) => effect === 'deny' && (code === 'unreadable' || code === 'guardrail-failed'));
}

/** The result of one finding. */
export interface FindingResult {
  readonly finding: Finding;
  /** Empty when no decision was needed, or when it came to none because of `error`. */
  readonly passes: readonly PassResult[];
  /** Why no decision was needed, or who has to decide. */
  readonly reason: string;
  /** Whether everything that the finding requires is met, and what is not. A changed resource may still have the gap. */
  readonly gap: { readonly closed: boolean; readonly open: readonly string[] };
  /** Why no decision could be made: an unavailable store, a broken remediator. Null if there was no such problem. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Whether the same finding has to be delivered again, so that a failure loses nothing. */
  readonly retryable: boolean;
  /** Epoch milliseconds from which on all of it that has to be delivered again can be decided. Null: nothing has to, or nothing says when. */
  readonly retryAt: number | null;
}

/** Why no remediator handled a finding that reports a problem. Null if one did, or if there is nothing to handle. */
export function unasked({ finding, passes, error, reason, retryable }: Omit<FindingResult, 'gap'>): string | null {
  // What comes again has not been asked about yet.
  return finding.disposition === 'candidate' && passes.length === 0 && error === null && !retryable ? reason : null;
}

/** The result of a whole input. */
export interface HandleResult {
  readonly results: readonly FindingResult[];
  /** Wrapper items (SQS message ids) that should be delivered again. */
  readonly retry: readonly string[];
  /** How many findings needed no decision, by disposition. */
  readonly counted: Readonly<Record<string, number>>;
}

/** What a custom Config rule answers about one resource, under the names that Config gave. */
export interface Evaluation {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly compliance: 'COMPLIANT' | 'NON_COMPLIANT' | 'NOT_APPLICABLE';
  /** At most 256 characters, as Config takes them. */
  readonly annotation: string;
  /** ISO 8601: of what was evaluated. */
  readonly orderingTimestamp: string;
}

/** A place (account and region) of a sweep. */
export interface SweepTarget {
  readonly account: string;
  readonly region: string;
  /** Whether what has no region (IAM) is swept here, too. Default: at the first of the targets that is of its account. */
  readonly global?: boolean;
}

/** Options of a sweep. */
export interface SweepOptions {
  readonly targets: readonly SweepTarget[];
  /** Ids; default: all remediators. */
  readonly remediators?: readonly string[];
  /** The number of places that are swept in parallel; default 1. */
  readonly concurrency?: number;
  /** The maximum number of resources per second and place that are read individually. Default: as the budgets of calls allow. */
  readonly perSecond?: number;
  /** Budgets of calls by service (`ec2`), other than the defaults. They hold for each account and region, whoever sweeps it in this process. */
  readonly calls?: Readonly<Record<string, CallBudget>>;
  /** Start over, instead of resuming where the last sweep stopped. */
  readonly restart?: boolean;
  /** Epoch milliseconds at which this process ends. */
  readonly deadline?: number;
  /**
   * The longest wait for what would be changed to settle, in milliseconds; what needs more is left, and the summary says when to come back (`retryAt`).
   * Default: as long as `deadline` lets it.
   */
  readonly patience?: number;
  /** Stops the sweep after the resources in progress. The rest is recorded, and comes first in the next sweep. */
  readonly signal?: AbortSignal;
  /** Read, plan and decide, but change and record nothing. */
  readonly dryRun?: boolean;
  readonly budget?: RunBudget;
  /** Each pass, as it is made; a sweep itself keeps only counts. If a list or a look-ahead shows that there is nothing to do, there is no pass. */
  readonly onPass?: (pass: PassResult) => void;
  /** How far it has come, after each resource and each page of a list. */
  readonly onProgress?: (progress: SweepProgress) => void;
}

/** How far a sweep has come, over all of its places. */
export interface SweepProgress {
  readonly places: number;
  readonly placesDone: number;
  /** Resources found so far. */
  readonly found: number;
  /** Those of them that were decided on, or of which a list shows that there is nothing to do. */
  readonly decided: number;
}

/** The result of the sweep of one remediator in one place. */
export interface SweepSummary extends SweepTarget {
  /** `*`: the place could not be swept by any remediator. */
  readonly remediator: string;
  /**
   * `complete`: everything that was found was decided on. `stopped`: it was not; `message` says why. `failed`: resources could not be listed to the end.
   * `absent`: the region is not enabled in the account, or the service is not in the region, so that nothing can be there. `not-swept`: it only
   * handles events.
   */
  readonly status: 'complete' | 'stopped' | 'failed' | 'absent' | 'not-swept';
  /** Whether nothing is left to do: it is complete, or there is nothing to sweep. */
  readonly complete: boolean;
  /** Resources that were read, individually or in a list. */
  readonly looked: number;
  /** Passes, by outcome; `no-op` also counts what a list shows. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Resources that were found and not decided on. Those that were not listed yet are not counted. */
  readonly left: number;
  /** Passes that may succeed in the next sweep. */
  readonly retryable: number;
  /** Resources that could not be handled at all. */
  readonly errors: number;
  /** Passes that were denied because something could not be read. */
  readonly unread: number;
  /**
   * When to come back to what is left, in epoch milliseconds: at once where time ran out, when it has settled, when nobody holds it any more. Null:
   * nothing is left, or the next round is soon enough.
   */
  readonly retryAt: number | null;
  /** When the last round began that was complete, this one included; epoch milliseconds, null: none was, as far as the journal says. */
  readonly lastComplete: number | null;
  /** Where the next sweep goes on, when there is more: after the resource that was looked at last. */
  readonly next: string | null;
  readonly message: string;
  /** The record of the place, which all remediators share. */
  readonly record: RecordRef | null;
}

/** Who rolls back, and why. */
export interface RollbackOptions {
  /** A person. From a string it is recorded as unverified. */
  readonly by: string;
  readonly reason: string;
  /**
   * Continue even if the undo destroys something (see its plan), or may overwrite a later change because the state after the fix is not recorded. If it
   * destroys something and it is not certain that the execution alone has made it, it is refused all the same.
   */
  readonly acceptLoss?: boolean;
  /** How long afterwards the same fix only notifies, in milliseconds. Default: 7 days. */
  readonly hold?: number;
  readonly deadline?: number;
}

/** The engine. */
export interface Redress {
  readonly remediators: readonly Remediator[];
  /** Reads, plans and decides. It changes and records nothing, and needs no journal. */
  plan(remediator: string, resource: ResourceRef): Promise<readonly PassResult[]>;
  /** Handles a finding, or a resource for all remediators of its type, end to end. */
  run(input: Finding | ResourceRef, options?: RunOptions): Promise<FindingResult['passes']>;
  /**
   * Handles a raw input (Lambda event, file) end to end: unwrap, normalize, run. Never throws for what is in the input. With a deadline it stops in
   * time, and the next delivery of the same input resumes from there.
   */
  handle(input: unknown, options?: RunOptions): Promise<HandleResult>;
  /**
   * When the last complete sweep of a place began, for every remediator that can look: epoch milliseconds. Null: none did, for one of
   * them at least. Whoever was to sweep the place since then need not.
   */
  swept(target: SweepTarget): Promise<number | null>;
  /** Finds what events missed. Events are best effort, so scheduled sweeps are part of being correct. */
  sweep(options: SweepOptions): Promise<readonly SweepSummary[]>;
  /**
   * Answers a custom Config rule's invocation with what its remediators see; looks only.
   *
   * @throws {RedressError} `evaluation/refused`, `evaluation/unreadable`
   */
  evaluate(finding: Finding, options?: { readonly deadline?: number }): Promise<readonly Evaluation[]>;
  /** The resources that a remediator would read in a sweep; null if it cannot be swept. */
  discover(remediator: string, where: { readonly account: string; readonly region: string }): AsyncIterable<ResourceRef> | null;
  /**
   * Rolls an execution back, from its verified records.
   *
   * @throws {RedressError} `rollback/refused` with the reason; nothing was changed then.
   */
  rollback(execution: string, options: RollbackOptions): Promise<PassResult>;
  /**
   * Why an execution cannot be rolled back, before anybody tries to; null: nothing speaks against it now. It looks at the resource, and changes and
   * records nothing.
   *
   * @param options `byRecords`: leave the resource aside, since something newer is rolled back on it before.
   */
  rollbackRefusal(
    execution: string,
    options?: Pick<RollbackOptions, 'acceptLoss' | 'deadline'> & { readonly byRecords?: boolean },
  ): Promise<{ readonly message: string; readonly next: string | null } | null>;
  /** Plans that need an approval, oldest first. */
  approvals(): Promise<readonly Approval[]>;
  /**
   * Approves a plan, and carries it out if the resource has not drifted since it was shown. Otherwise it is planned, and requested, again.
   *
   * @throws {RedressError} `approval/refused` with the reason; nothing was recorded or changed then.
   */
  approve(approval: string, options: ApprovalOptions): Promise<readonly PassResult[]>;
  /**
   * Denies a plan: no new approval is requested until this request would have expired.
   *
   * @throws {RedressError} `approval/refused`
   */
  deny(approval: string, options: ApprovalOptions): Promise<Approval>;
  /** Which execution has used an approval, and who approved it; null: none has, or that cannot be determined without reading a whole journal on AWS. */
  approvalUse(approval: string): Promise<{ readonly execution: string; readonly by: string | null } | null>;
  /**
   * Closes a circuit breaker.
   *
   * @throws {RedressError} `breaker/refused` when it is not open, or nobody says why.
   */
  closeBreaker(
    remediator: string,
    where: { readonly account: string; readonly partition?: Partition },
    options: { readonly by: string; readonly reason: string },
  ): Promise<void>;
  /**
   * Allows calls that AWS refused on a resource to be retried the next time the resource is handled. Returns these calls.
   *
   * @throws {RedressError} `retry/refused` when nothing is kept, or nobody says who wants it.
   */
  retry(ref: ResourceRef, options: { readonly by: string; readonly reason?: string }): Promise<readonly Refusal[]>;
  /**
   * Records a person's word for what nothing can evaluate, in an account: it holds until a time, at most 366 days from now, or (null) no more. Then it
   * is evaluated again, so that its gap closes or opens.
   *
   * @throws {RedressError} `attest/refused` when the remediator looks for itself, the end is not ahead, or nobody says who, or on what it rests.
   */
  attest(
    remediator: string,
    where: { readonly account: string; readonly partition?: Partition },
    options: AttestOptions,
  ): Promise<{ readonly attestation: Attestation; readonly passes: readonly PassResult[] }>;
  /** Closes executions whose worker is gone, after reading the resource. */
  recover(options?: { readonly deadline?: number }): Promise<readonly PassResult[]>;
  /**
   * Closes one execution whose worker is gone, and whose clock was ahead, so that its lease would last too long. Nothing is sent.
   *
   * @throws {RedressError} `recovery/refused` when it is not open, its lease may be that of a living worker, or nobody says why.
   */
  recoverExecution(execution: string, options: { readonly by: string; readonly reason: string; readonly deadline?: number }): Promise<PassResult>;
  /**
   * A value, a text or an error without secrets, as it may be logged: everything that the engine records, answers and sends is so already. An
   * error is redacted in place.
   *
   * @example console.error(redress.redact(messageOf(error)))
   */
  redact<T>(value: T): T;
  close(): void;
}
