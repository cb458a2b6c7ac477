import type { Journal } from '../journal.js';
import type { Finding } from '../model/finding.js';
import { type Digest, digestOf, isRecord } from '../model/json.js';
import { type ResourceRef, resource } from '../model/resource.js';
import { type Runtime, timeLeft } from './runtime.js';
import type { RunOptions } from './types.js';

/** So long what an earlier delivery has done counts: a queue keeps a message for 14 days at most. Milliseconds. */
const KEPT = 14 * 86_400_000;
/** After this many findings the progress is recorded, in case this process ends without notice. */
const RECORDED_EVERY = 100;

/**
 * The position in an input for which one delivery does not have enough time. What an earlier delivery has done is not done again: the next one
 * begins where it ended. Findings that need a retry come last, so that none of them delays those that have not been handled yet.
 *
 * The journal keeps the position, in a separate stream under the digest of the findings. So it also holds if the same findings arrive in another
 * message, from a dead-letter queue. An input with one resource has none.
 */
export class Delivery {
  readonly #runtime: Runtime;
  readonly #findings: readonly Finding[];
  readonly #run: RunOptions;
  /** The first finding that was never begun. */
  #next = 0;
  /** What was begun and has to come again, by its place; of its resources, which need not, and which do. */
  readonly #again = new Map<number, Map<Digest, 'done' | 'again'>>();
  /** Where it is kept; null before it is asked for, and where nothing is kept. */
  #at: ResourceRef | null = null;
  /** Something else than the beginning is recorded. */
  #recorded = false;
  #unrecorded = 0;
  #begun = false;

  constructor(runtime: Runtime, findings: readonly Finding[], run: RunOptions) {
    this.#runtime = runtime;
    this.#findings = findings;
    this.#run = run;
  }

  /** Reads the progress. If that cannot be read, it starts over: reading again does no harm. */
  async resume(): Promise<void> {
    const { journal, clock, warn } = this.#runtime;
    if (this.#at !== null || journal === null || this.#run.dryRun === true || this.#run.deadline === undefined) return;
    this.#at = placeOf(this.#findings);
    if (this.#at === null) return;
    try {
      const last = await lastIn(journal, this.#at, clock.now() - KEPT, this.#findings.length);
      if (last === null) return;
      this.#next = last.next;
      for (const { at, done, again } of last.again)
        this.#again.set(at, new Map([...done.map((each) => [each, 'done'] as const), ...again.map((each) => [each, 'again'] as const)]));
      this.#recorded = last.next > 0 || last.again.length > 0;
    } catch (error) {
      warn('the progress of an input could not be read; it starts over', error);
    }
  }

  /** Places of the findings that are left: first those that nobody has looked at. */
  order(): readonly number[] {
    return [...this.#findings.keys()].filter((at) => at >= this.#next && !this.#again.has(at)).concat([...this.#again.keys()]);
  }

  /** The resources of a finding that are left, in the same order. */
  resources(at: number, streams: readonly Digest[]): readonly Digest[] {
    const of = (what: 'done' | 'again' | undefined) => streams.filter((stream) => this.#again.get(at)?.get(stream) === what);
    return [...of(undefined), ...of('again')];
  }

  /** Whether there is time for another resource. There is for the first: each delivery comes further. */
  mayBegin(): boolean {
    if (this.#begun && !timeLeft(this.#runtime, this.#run.deadline ?? null)) return false;
    this.#begun = true;
    return true;
  }

  /** A resource of a finding was handled as far as it could be. */
  async handled(at: number, stream: Digest, retryable: boolean): Promise<void> {
    this.#again.set(at, (this.#again.get(at) ?? new Map()).set(stream, retryable ? 'again' : 'done'));
    if (++this.#unrecorded >= RECORDED_EVERY) await this.#record();
  }

  /** A finding was handled as far as it could be. */
  came(at: number, retryable: boolean): void {
    this.#next = Math.max(this.#next, at + 1);
    if (!retryable) this.#again.delete(at);
    else if (!this.#again.has(at)) this.#again.set(at, new Map());
  }

  /** Ends a delivery. Nothing is recorded of an input that was handled at once. */
  async end(): Promise<void> {
    if (!this.#isComplete() || this.#recorded) await this.#record();
  }

  #isComplete(): boolean {
    return this.#next >= this.#findings.length && this.#again.size === 0;
  }

  async #record(): Promise<void> {
    const at = this.#at;
    if (at === null) return;
    this.#unrecorded = 0;
    const { length } = this.#findings;
    const complete = this.#isComplete();
    const again = [...this.#again].map(([index, streams]) => {
      const of = (what: string) => [...streams].filter(([, is]) => is === what).map(([stream]) => stream);
      return { at: index, done: of('done'), again: of('again') };
    });
    const message = complete
      ? `All of ${length} findings are handled.`
      : `${this.#next} of ${length} findings were begun; ${again.length} of those are retried.`;
    try {
      const { persist } = await import('./recorder.js');
      await persist(this.#runtime, (journal) =>
        journal.append({
          kind: 'sweep',
          resource: at,
          remediator: DELIVERY,
          // The same findings that come later are another input.
          body: { sweep: { status: complete ? 'complete' : 'stopped', message }, delivery: complete ? { next: 0, again: [] } : { next: this.#next, again } },
        }),
      );
      this.#recorded = true;
    } catch (error) {
      this.#runtime.warn('the progress of an input could not be recorded; it starts over', error);
    }
  }
}

/** Under this name it is in the journal. */
const DELIVERY = 'redress-delivery';

/** A message is not a CloudFormation resource; it gets the place of the first finding whose account and region are known. */
function placeOf(findings: readonly Finding[]): ResourceRef | null {
  const names = findings.map(({ id, account, region, kind, resources }) => ({ id, account, region, kind, resources: resources.map((each) => each.id) }));
  for (const { account, region } of findings) {
    if (account === null || region === null) continue;
    try {
      return resource({ type: 'AWS::SQS::Message', id: digestOf(names), account, region });
    } catch {
      // It is not an account or not a region: the next may be.
    }
  }
  return null;
}

interface Progress {
  readonly next: number;
  readonly again: readonly { readonly at: number; readonly done: readonly Digest[]; readonly again: readonly Digest[] }[];
}

async function lastIn(journal: Journal, at: ResourceRef, since: number, findings: number): Promise<Progress | null> {
  let last: Progress | null = null;
  for await (const { record } of journal.read({ resource: at }))
    if (record.remediator === DELIVERY && Date.parse(record.time) > since) last = progressIn(record.body['delivery'], findings);
  return last;
}

/** What a record says, if it fits: else it is as if there were none. */
function progressIn(value: unknown, findings: number): Progress | null {
  if (!isRecord(value) || !Array.isArray(value['again'])) return null;
  const isPlace = (at: unknown, most: number): at is number => Number.isSafeInteger(at) && (at as number) >= 0 && (at as number) <= most;
  const { next } = value;
  if (!isPlace(next, findings)) return null;
  const again = value['again'].filter(
    (each): each is Progress['again'][number] =>
      isRecord(each) && isPlace(each['at'], findings - 1) && Array.isArray(each['done']) && Array.isArray(each['again']),
  );
  return again.length === value['again'].length ? { next, again } : null;
}
