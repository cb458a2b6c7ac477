// Events of the Open Cybersecurity Schema Framework, 1.8.0, with the profile `cloud`.
import { formatResource, type JsonObject, type Outcome, type StoredRecord } from '@redress/core';
import { type Conclusion, Conclusions, type Execution, isSatisfied, text } from './conclusions.js';
import { uuidOf } from './uuid.js';

const VERSION = '1.8.0';

/** An identifier of an enumeration, and its caption. */
type Coded = readonly [id: number, caption: string];

/** The status of a remediation. A flag leaves the gap open. */
const REMEDIATION: Readonly<Record<Outcome, Coded>> = {
  remediated: [1, 'Success'],
  'rolled-back': [1, 'Success'],
  flagged: [4, 'Partial'],
  partial: [4, 'Partial'],
  failed: [2, 'Failure'],
  contested: [2, 'Failure'],
  unknown: [0, 'Unknown'],
  ...other('no-op', 'planned', 'notified', 'exempt', 'denied', 'awaiting-approval', 'awaiting-runbook', 'superseded'),
} as Readonly<Record<Outcome, Coded>>;

/** An outcome for which the schema has no status, under its own name. */
function other(...outcomes: readonly Outcome[]): Partial<Record<Outcome, Coded>> {
  return Object.fromEntries(outcomes.map((outcome): [Outcome, Coded] => [outcome, [99, outcome]]));
}

/**
 * The records of a journal as OCSF events, in order:
 *
 * - Compliance Finding (2003) for each decision and each outcome: whether the resource passes the remediator's check. The first one creates the
 *   finding, one that passes closes it, and all others update it. All have the same `finding_info.uid`.
 * - Remediation Activity (7001) for each execution. The class has neither resources nor a finding: `observables` name the resource, and the finding
 *   has the same `metadata.correlation_uid`.
 * - Entity Management (3004) for each execution that may have changed something: the resource before and after.
 *
 * @example for await (const event of ocsfEvents(journal.read({ all: true }))) console.log(JSON.stringify(event));
 * @see https://schema.ocsf.io/1.8.0/
 */
export async function* ocsfEvents(records: AsyncIterable<StoredRecord> | Iterable<StoredRecord>): AsyncGenerator<JsonObject> {
  const [conclusions, events] = [new Conclusions(), new Events()];
  for await (const stored of records) {
    const conclusion = conclusions.after(stored);
    if (conclusion !== null) yield* events.of(conclusion);
  }
}

/** Creates the events of conclusions. Those of a stream come in order and together. */
export class Events {
  readonly #since: number;
  #stream: string | null = null;
  /** Findings of the stream: when each was first seen, and whether it is open. */
  #findings = new Map<string, { first: number; open: boolean; uid: string }>();

  /** @param since Epoch milliseconds. Earlier conclusions cause no events, but later events take them into account. */
  constructor(since = Number.NEGATIVE_INFINITY) {
    this.#since = since;
  }

  /** Events of the next conclusion. */
  of(conclusion: Conclusion): readonly JsonObject[] {
    if (conclusion.stream !== this.#stream) [this.#stream, this.#findings] = [conclusion.stream, new Map()];
    const { remediator, execution, time } = conclusion;
    const known = this.#findings.get(remediator);
    const passes = isSatisfied(conclusion);
    const activity: Coded = known === undefined ? [1, 'Create'] : known.open && passes ? [3, 'Close'] : [2, 'Update'];
    const { first, uid } = known ?? { first: time, uid: findingUid(conclusion) };
    this.#findings.set(remediator, { first, open: !passes, uid });
    if (time < this.#since) return [];
    const found = finding(conclusion, uid, activity, first);
    if (execution === null) return [found];
    return [found, remediation(conclusion, uid, execution), ...(execution.calls.length > 0 ? [entity(conclusion, uid, execution)] : [])];
  }
}

/** Attributes of every event. */
function base(conclusion: Conclusion, findingUid: string, classUid: number, className: string, category: Coded, activity: Coded): JsonObject {
  const { time, resource, remediator, digest, seq, stream, execution, message } = conclusion;
  const typeUid = classUid * 100 + activity[0];
  return {
    activity_id: activity[0],
    activity_name: activity[1],
    category_uid: category[0],
    category_name: category[1],
    class_uid: classUid,
    class_name: className,
    type_uid: typeUid,
    type_name: `${className}: ${activity[1]}`,
    time,
    severity_id: 1,
    severity: 'Informational',
    message: message === '' ? `${remediator}: ${conclusion.outcome}` : message,
    metadata: {
      version: VERSION,
      profiles: ['cloud'],
      product: { name: 'Redress', vendor_name: 'Redress', feature: { name: remediator } },
      uid: uuidOf('ocsf', String(typeUid), stream, String(seq)),
      original_event_uid: digest,
      sequence: seq,
      log_name: stream,
      correlation_uid: execution?.id ?? findingUid,
    },
    cloud: {
      provider: 'AWS',
      cloud_partition: resource.partition,
      region: resource.region,
      account: { uid: resource.account, type_id: 10, type: 'AWS Account' },
    },
    observables: [
      { name: 'resource', type_id: 10, type: 'Resource UID', value: resource.id },
      { name: 'cloud.account.uid', type_id: 35, type: 'Account Object: uid', value: resource.account },
    ],
  };
}

/** Equal for the same remediator and resource. */
function findingUid({ stream, remediator }: Pick<Conclusion, 'stream' | 'remediator'>): string {
  return uuidOf('finding', stream, remediator);
}

function finding(conclusion: Conclusion, uid: string, activity: Coded, first: number): JsonObject {
  const { resource, remediator, controls, outcome, open, time, message, execution } = conclusion;
  const passes = isSatisfied(conclusion);
  const [statusId, status] = passes ? [1, 'Pass'] : outcome === 'exempt' ? [2, 'Warning'] : [3, 'Fail'];
  return {
    ...base(conclusion, uid, 2003, 'Compliance Finding', [2, 'Findings'], activity),
    ...statusOf(activity[0] === 3 || passes ? [4, 'Resolved'] : outcome === 'exempt' ? [3, 'Suppressed'] : activity[0] === 1 ? [1, 'New'] : [2, 'In Progress']),
    ...(execution?.rollbackOf == null ? {} : { comment: `It was rolled back: ${execution.reason ?? ''}` }),
    compliance: {
      control: remediator,
      status_id: statusId,
      status,
      status_code: outcome,
      ...(message === '' ? {} : { status_details: [message, ...open] }),
      ...(controls.length === 0 ? {} : { requirements: [...controls] }),
    },
    finding_info: {
      uid,
      title: `${remediator}: ${formatResource(resource)}`,
      types: ['Compliance'],
      first_seen_time: first,
      last_seen_time: time,
      modified_time: time,
    },
    resources: [{ uid: resource.id, type: resource.type, region: resource.region, cloud_partition: resource.partition, provider: 'AWS' }],
  };
}

function statusOf([id, caption]: Coded): JsonObject {
  return { status_id: id, status: caption };
}

function remediation(conclusion: Conclusion, uid: string, execution: Execution): JsonObject {
  const { outcome, remediator, open } = conclusion;
  const [statusId, status] = REMEDIATION[outcome];
  const { id, begun, rollbackOf, calls, verified } = execution;
  const api = apiOf(calls);
  return {
    ...base(conclusion, uid, 7001, 'Remediation Activity', [7, 'Remediation'], rollbackOf === null ? [4, 'Harden'] : [3, 'Restore']),
    command_uid: id,
    status_id: statusId,
    status,
    status_code: outcome,
    ...(verified === null ? {} : { status_detail: verified }),
    start_time: begun,
    end_time: conclusion.time,
    remediation: { desc: rollbackOf === null ? `What ${remediator} plans was carried out.` : `Execution ${rollbackOf} was rolled back.` },
    ...(api === null ? {} : { api }),
    unmapped: {
      calls: calls.map(({ service, operation, status: how, requestId, caller }) => ({
        operation: `${String(service)}:${String(operation)}`,
        status: String(how),
        request_uid: text(requestId),
        caller: text(caller),
      })),
      open: [...open],
      rollback_of: rollbackOf,
    },
  };
}

function entity(conclusion: Conclusion, uid: string, execution: Execution): JsonObject {
  const { resource, outcome } = conclusion;
  const { id, begun, before, after, by, reason, calls, rollbackOf } = execution;
  const caller = calls.map((each) => text(each['caller'])).find((each) => each !== null);
  const of = { uid: resource.id, name: resource.id, type: resource.type, type_id: 99 };
  const [statusId, status] = outcome === 'failed' ? [2, 'Failure'] : REMEDIATION[outcome][0] === 1 || outcome === 'flagged' ? [1, 'Success'] : [99, outcome];
  const api = apiOf(calls);
  return {
    ...base(conclusion, uid, 3004, 'Entity Management', [3, 'Identity & Access Management'], [3, 'Update']),
    ...statusOf([statusId, status] as Coded),
    status_code: outcome,
    start_time: begun,
    end_time: conclusion.time,
    comment: rollbackOf === null ? `Execution ${id}` : `Execution ${id} rolls ${rollbackOf} back${by === null ? '' : `, by ${by}`}: ${reason ?? ''}`,
    entity: { ...of, ...(before === undefined ? {} : { data: before }) },
    ...(after === undefined ? {} : { entity_result: { ...of, data: after } }),
    ...(caller === undefined ? {} : { actor: { user: { uid: caller } } }),
    ...(api === null ? {} : { api }),
  };
}

/** The call, if there was exactly one. */
function apiOf(calls: readonly JsonObject[]): JsonObject | null {
  const [call, ...more] = calls;
  if (call === undefined || more.length > 0) return null;
  const request = text(call['requestId']);
  return {
    operation: String(call['operation']),
    service: { name: String(call['service']) },
    ...(request === null ? {} : { request: { uid: request } }),
  };
}
