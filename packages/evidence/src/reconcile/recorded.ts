// What the records say about calls that change something: which were made, in which execution, and by whom.
import { type Digest, GLOBAL_REGION, isRecord, type Partition, principal, type StoredRecord } from '@redress/core';

/** A write, according to its record. */
export interface RecordedCall {
  readonly stream: Digest;
  readonly seq: number;
  /** When it was recorded; epoch milliseconds. */
  readonly time: number;
  readonly execution: string;
  readonly remediator: string;
  readonly account: string;
  /** The region of its endpoint, where CloudTrail records it. */
  readonly region: string;
  /** `ec2:RevokeSecurityGroupIngress`, with its name in the SDK. */
  readonly operation: string;
  readonly status: string;
  readonly requestId: string | null;
  /** ARN of the session that made it; null if Redress made no call, because a read showed what a runbook did. */
  readonly caller: string | null;
  /** Its reply was lost: a read showed its effect, or the effect is unknown. */
  readonly lost: boolean;
}

/** An execution. */
export interface RecordedExecution {
  readonly account: string;
  /** Workers that died in it, or may still be working: each may have sent at most one unrecorded call. */
  readonly unfinished: number;
}

/** Recorded calls and executions of a journal. */
export interface Recorded {
  readonly calls: readonly RecordedCall[];
  readonly executions: ReadonlyMap<string, RecordedExecution>;
  /** Principals of Redress: in the spelling of core's `principal`, and by name if their sessions are named after executions. */
  readonly principals: ReadonlySet<string>;
}

/** An execution's id, as the name of a session or in a source identity. */
const EXECUTION = /(?:^|[-/])(x-[0-9a-z]{9,}-[0-9a-f]{20})$/;

/** The execution that a session name or a source identity names; null: none. */
export function executionIn(name: string | null): string | null {
  return name === null ? null : (EXECUTION.exec(name)?.[1] ?? null);
}

/** The name of a role that is the same in every account. */
export function roleName(spelled: string): string | null {
  return /^[^:]+:\d{12}:(role\/.+)$/.exec(spelled)?.[1] ?? null;
}

/** Where CloudTrail records calls to services that have no region. */
const HOME: Readonly<Record<Partition, string>> = { aws: 'us-east-1', 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' };

/** Reads the calls in records. */
export async function recordedOf(records: AsyncIterable<StoredRecord> | Iterable<StoredRecord>): Promise<Recorded> {
  const calls: RecordedCall[] = [];
  const executions = new Map<string, { account: string; unfinished: number }>();
  const principals = new Set<string>();
  /** A role with a session for each execution, or one that only reads, belongs to Redress in every account. */
  const acts = (arn: unknown) => {
    if (typeof arn !== 'string') return;
    const spelled = principal(arn);
    principals.add(spelled);
    const session = arn.slice(arn.lastIndexOf('/') + 1);
    const name = roleName(spelled);
    if (name !== null && (executionIn(session) !== null || /^redress-(?:read|write|rollback)$/.test(session))) principals.add(name);
  };
  for await (const { record, stream, seq } of records) {
    const { kind, execution, resource, body } = record;
    acts(body['identity']);
    if (execution === null || kind === 'decision' || kind === 'duplicate' || kind === 'notice') continue;
    const { account, partition } = resource;
    const known = executions.get(execution) ?? { account, unfinished: 0 };
    executions.set(execution, known);
    // It begins with one worker, and each lease adds one. The worker that ends it has recorded its calls.
    if (kind === 'intent' || kind === 'lease') known.unfinished++;
    if (kind === 'outcome') known.unfinished--;
    const call = kind === 'call' ? body['call'] : undefined;
    if (!isRecord(call)) continue;
    acts(call['caller']);
    const status = String(call['status']);
    const text = (member: string) => (typeof call[member] === 'string' ? call[member] : null);
    calls.push({
      ...{ stream, seq, time: Date.parse(record.time), execution, remediator: record.remediator, account },
      region: resource.region === GLOBAL_REGION ? HOME[partition] : resource.region,
      operation: `${String(call['service'])}:${String(call['operation'])}`,
      ...{ status, requestId: text('requestId'), caller: text('caller') },
      lost: status === 'unknown' || status === 'not-applied' || call['observedBy'] === 'look',
    });
  }
  return { calls, executions, principals };
}
