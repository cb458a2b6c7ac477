import type { Decision } from '../guardrails/guardrail.js';
import { decisive } from '../guardrails/guardrail.js';
import { type Gap, gapKey } from '../journal.js';
import type { Json, JsonObject } from '../model/json.js';
import { type ResourceRef, streamOf } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { heldAlike } from './gap-news.js';
import { blank, notifyOf, persist } from './recorder.js';
import type { Runtime } from './runtime.js';
import type { PassResult } from './types.js';

/** Names in a notice; the journal has the others. */
const NAMED = 20;

interface Group {
  readonly names: string[];
  count: number;
  readonly message: string;
  readonly decision: Decision | null;
}

/**
 * What holds resources back alike in a sweep: a limit, a freeze, an open circuit breaker, a store that cannot be read. One notice says so when it
 * begins, whatever their number; it is recorded, and ends, in the stream of the place that was swept.
 */
export class Alike {
  readonly #groups = new Map<string, Group>();

  add({ decision, message, resource }: PassResult): void {
    const code = heldAlike(decision);
    if (code === null || decision === null) return;
    const group = this.#groups.get(code) ?? { names: [], count: 0, message, decision: { effect: 'deny', results: decisive(decision) } };
    if (group.names.length < NAMED) group.names.push(resource.id);
    group.count++;
    this.#groups.set(code, group);
  }

  /**
   * @param how `stands`: what stood when the sweep began. `stillHeld`: what still holds resources back, also those that earlier parts of the sweep have
   * met; null where not everything was looked at, and nothing can be said to be over.
   */
  async tell(
    runtime: Runtime,
    remediator: Remediator,
    place: ResourceRef,
    { stands, stillHeld }: { readonly stands: readonly Gap[]; readonly stillHeld: (() => Promise<ReadonlySet<string>>) | null },
  ): Promise<void> {
    const stream = streamOf(place);
    const known = stands.filter((each) => each.remediator === remediator.id && each.members !== null && streamOf(each.resource) === stream);
    const record = (outcome: string, message: string, gap: JsonObject, more: JsonObject = {}) =>
      persist(runtime, (each) =>
        each.append({
          kind: 'decision',
          resource: place,
          remediator: remediator.id,
          body: { outcome, message, ...more, gap, trigger: { by: 'sweep' } },
        }),
      );
    for (const [code, { names, count, message: why, decision }] of this.#groups) {
      const key = keyOf(remediator, code);
      const before = known.find((each) => each.key === key);
      if (before !== undefined && (before.told !== null || runtime.notify === null)) continue;
      const message = `${count === 1 ? '1 resource is' : `${count} resources are`} held back for the same reason: ${why}`;
      const open = [...names, ...(count > names.length ? [`and ${count - names.length} more`] : [])];
      const gap = { key, subjects: [subjectOf(code)], state: code, members: count, over: [] };
      const results = decision?.results as unknown as Json;
      const ref = before === undefined ? await record('denied', message, gap, { open, effect: 'deny', guardrails: results }) : null;
      if (runtime.notify === null) continue;
      const result: PassResult = { ...blank(remediator, place), outcome: 'denied', message, decision, open, record: ref };
      await notifyOf(
        runtime,
        { remediator, ref: place, trigger: { by: 'sweep' } },
        result,
        { gap, changed: ref !== null, known: before?.record ?? null, since: null, deadline: null },
        null,
      );
    }
    if (stillHeld === null || known.length === 0) return;
    const held = [...this.#groups.keys(), ...(await stillHeld())].map((code) => keyOf(remediator, code));
    const over = known.filter(({ key }) => !held.includes(key));
    if (over.length > 0) await record('no-op', 'Nothing is held back for the same reason any more.', { over: over.map(({ key }) => key) });
  }
}

const subjectOf = (code: string) => `held:${code}`;
const keyOf = ({ id }: Remediator, code: string) => gapKey(id, [subjectOf(code)]);
