import { decisive } from '../guardrails/guardrail.js';
import type { Approval, Journal, StoredRecord, StreamView, TrackedExecution } from '../journal.js';
import { RedressError } from '../model/errors.js';
import type { Finding } from '../model/finding.js';
import { isRecord, type Json } from '../model/json.js';
import type { ResourceRef } from '../model/resource.js';
import { fixed, type Identity } from '../ports.js';
import type { Observation, Remediator } from '../remediator/define.js';
import { route } from './route.js';
import { Runtime } from './runtime.js';
import type { PassResult, RedressOptions } from './types.js';

/** What one record says of one finding about one resource. */
interface Recording {
  readonly time: number;
  readonly resource: ResourceRef;
  /** The role that looked, and those that it knew as its own. */
  readonly identity: Pick<Identity, 'arn' | 'actsAs'> | null;
  /** Null: it could not be read then, or its document is gone. */
  readonly observation: Observation<Json, unknown> | 'gone' | null;
  /** The execution that the finding repeated. */
  readonly repeats: string | null;
}

/** What a journal has recorded about earlier findings; see {@link readRecordings}. */
export class Recordings {
  readonly #byFinding = new Map<string, Recording[]>();

  /** Number of decisions in it. */
  get size(): number {
    return this.#byFinding.size;
  }

  /** Takes in a record; of several about the same, the first that has an observation counts. */
  add({ record, documents }: StoredRecord): void {
    const { trigger, identity, actsAs } = record.body;
    if (!['decision', 'intent', 'duplicate'].includes(record.kind) || !isRecord(trigger) || typeof trigger['id'] !== 'string') return;
    const observation = observationOf(documents['observation']);
    const key = keyOf(trigger['id'], record.remediator);
    const known = this.#byFinding.get(key) ?? [];
    const at = known.findIndex((each) => each.resource.id === record.resource.id && each.resource.type === record.resource.type);
    if (at >= 0 && (observation === null || known[at]?.observation !== null)) return;
    const recording: Recording = {
      time: Date.parse(record.time),
      resource: record.resource,
      identity: typeof identity === 'string' ? { arn: identity, ...(isTexts(actsAs) ? { actsAs } : {}) } : null,
      observation,
      repeats: record.kind === 'duplicate' ? record.execution : null,
    };
    if (at >= 0) known[at] = recording;
    else known.push(recording);
    this.#byFinding.set(key, known);
  }

  /** What was recorded of a finding under a remediator; a resource may have been named otherwise than it is called. */
  find(finding: string, remediator: string, resource: ResourceRef): Recording | null {
    const known = this.#byFinding.get(keyOf(finding, remediator)) ?? [];
    return known.find((each) => each.resource.id === resource.id) ?? (known.length === 1 ? (known[0] ?? null) : null);
  }
}

const keyOf = (finding: string, remediator: string) => `${remediator}\n${finding}`;

function observationOf(document: Json | undefined): Recording['observation'] {
  if (document === 'gone') return 'gone';
  if (!isRecord(document) || !('state' in document) || !('tags' in document)) return null;
  return document as unknown as Observation<Json, unknown>;
}

/**
 * Reads what a journal has recorded about findings. The memory that it needs depends on the decisions in the journal, not on what is replayed.
 *
 * @throws {RedressError} `journal/unavailable`, `journal/corrupt`
 */
export async function readRecordings(journal: Pick<Journal, 'read'>): Promise<Recordings> {
  const recordings = new Recordings();
  for await (const stored of journal.read({ all: true })) recordings.add(stored);
  return recordings;
}

/** Options of {@link createReplay}. */
export interface ReplayOptions extends Pick<RedressOptions, 'remediators' | 'policy' | 'exceptions' | 'guardrails'> {
  readonly recordings: Recordings;
  /** Source of holds after rollbacks, and of tags without an entry. Without it there are none. */
  readonly history?: Pick<Journal, 'view' | 'trackRecord'>;
}

/** A pass as it would end under the given policy. */
export interface ReplayedPass {
  readonly pass: PassResult;
  /** `undecidable`: the state was not recorded. `repeat`: the finding only repeated what an execution did. */
  readonly status: 'decided' | 'undecidable' | 'repeat';
  /** Time of the original decision, as of which it is decided again, in epoch milliseconds; null if there was none. */
  readonly at: number | null;
}

/** Decides on past findings again. */
export interface Replay {
  /** One at a time. Nothing is read from AWS, nothing changed, nothing recorded. */
  run(finding: Finding): Promise<readonly ReplayedPass[]>;
  /** Why no remediator handles a finding, as far as its names show; null if one does. */
  unasked(finding: Finding): Promise<string | null>;
}

/**
 * Decides on past findings again, under another policy. They follow the path of any other finding, but instead of reads from AWS they use the state
 * that the journal recorded. The time is that of the record. Limits per window are not counted.
 *
 * @example
 * const replay = createReplay({ remediators, policy: tomorrow, recordings: await readRecordings(journal), history: journal });
 * for (const finding of normalize(envelope)) for (const { status, pass } of await replay.run(finding)) console.log(status, pass.outcome);
 * @throws {RedressError} `compose/invalid`, `policy/invalid`, `register/invalid`
 */
export function createReplay({ recordings, history, ...options }: ReplayOptions): Replay {
  let now = 0;
  let current: Finding | null = null;
  let identity: Recording['identity'] = null;
  const recorded = (remediator: string, resource: ResourceRef) => {
    const found = current === null ? null : recordings.find(current.id, remediator, resource);
    if (found !== null) ({ time: now, identity } = found);
    return found;
  };
  const remediators = options.remediators.map(
    (remediator): Remediator => ({
      ...remediator,
      identify: async ({ resource }) => recorded(remediator.id, resource)?.resource ?? resource,
      observe: async ({ resource }) => {
        const observation = recorded(remediator.id, resource)?.observation ?? null;
        if (observation === null) throw new RedressError('replay/not-recorded', 'its state was not recorded');
        return observation;
      },
      discover: null,
    }),
  );
  const runtime = new Runtime({
    ...options,
    remediators,
    connect: async ({ account }) => ({
      config: {},
      identity: async () => ({ account, ...(identity ?? { arn: `arn:aws:sts::${account}:assumed-role/replay/replay` }) }),
    }),
    clock: { now: () => now, sleep: async () => undefined },
    killSwitch: fixed('none'),
    ...(history === undefined
      ? {}
      : {
          journal: viewOnly(
            async (resource) => asOf(await history.view(resource), now),
            async (query) => trackedAsOf(await history.trackRecord(query), now),
          ),
        }),
  });
  return {
    async unasked(finding) {
      const { routes, reason } = route(finding, remediators, await runtime.readPolicy());
      return finding.disposition === 'candidate' && routes.length === 0 ? reason : null;
    },
    async run(finding) {
      current = finding;
      // Loaded here, as in `createRedress`: it is most of the engine, and the package exports this function next to others that a start needs.
      const { runPass } = await import('./path.js');
      const passes: ReplayedPass[] = [];
      const { routes } = route(finding, remediators, await runtime.readPolicy());
      for (const { remediator, resource, ids } of routes) {
        now = Date.parse(finding.observedAt ?? finding.envelope?.time ?? '') || 0;
        identity = null;
        const found = recorded(remediator.id, resource);
        const asked = { remediator, claimed: resource, ids, trigger: { by: 'finding', finding } } as const;
        for (const pass of await runPass(runtime, asked, { dryRun: true, budget: { changes: 0 } }))
          passes.push({ pass, status: statusOf(pass, found), at: found?.time ?? null });
      }
      return passes;
    },
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function statusOf(pass: PassResult, found: Recording | null): ReplayedPass['status'] {
  if (found !== null && found.observation !== null) return 'decided';
  if (found !== null && found.repeats !== null) return 'repeat';
  // What is denied whatever the state is needs none.
  return pass.decision !== null && decisive(pass.decision).some((each) => each.code !== 'unreadable') ? 'decided' : 'undecidable';
}

/** A stream as it was: what was closed and held later does not count. */
export function asOf(view: StreamView, time: number): StreamView {
  const after = new Set(view.closed.filter((each) => each.closedAt >= time).map((each) => each.execution));
  return {
    ...view,
    open: null,
    // What was closed at the same time followed from this decision.
    closed: view.closed.filter((each) => each.closedAt < time),
    holds: view.holds.filter((hold) => !after.has(hold.execution)),
    // What was approved, and what was broken, later does not count either.
    approvals: view.approvals.filter((each) => each.requestedAt < time).map((each) => approvalAsOf(each, view, time)),
    breakers: view.breakers.filter((each) => each.since < time),
    refusals: view.refusals.filter((each) => each.at < time),
    attestations: view.attestations.filter((each) => each.at < time),
    gaps: view.gaps.filter((each) => each.since < time),
    tagFirstSeen: Object.fromEntries(Object.entries(view.tagFirstSeen).filter(([, first]) => first <= time)),
  };
}

/** An approval as it was: what a person said of it later, and that it was used later, does not count. */
function approvalAsOf({ answeredAt, ...approval }: Approval, { closed, open }: StreamView, time: number): Approval {
  const user = [...closed, ...(open === null ? [] : [open])].find((each) => each.execution === approval.usedBy);
  const used = user !== undefined && user.begunAt >= time ? { usedBy: null } : {};
  if (answeredAt === undefined) return { ...approval, ...used };
  return answeredAt < time ? { ...approval, ...used, answeredAt } : { ...approval, ...used, verdict: 'none', by: null };
}

/** What had been done by then, and not yet been rolled back. */
export function trackedAsOf(tracked: readonly TrackedExecution[], time: number): readonly TrackedExecution[] {
  const then = tracked.filter((each) => each.closedAt < time);
  const back = new Set(then.filter((each) => each.outcome === 'rolled-back').map((each) => each.rollbackOf));
  return then.map((each) => ({ ...each, rolledBack: back.has(each.execution) }));
}

function viewOnly(view: Journal['view'], trackRecord: Journal['trackRecord']): Journal {
  const refuse = (): never => {
    throw new RedressError('engine/bug', 'A replay records nothing.');
  };
  return { kind: 'replay', view, begin: refuse, append: refuse, finish: refuse, open: refuse, approvals: refuse, standing: refuse, trackRecord, read: refuse };
}
