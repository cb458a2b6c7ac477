// The way of one remediator over one resource, top to bottom: settle, identify, history, look, decide, and for what is allowed begin, send,
// verify, close. Each step is a function of what the one before it found; where a step leads is one of a few things.
import { streamOf } from '../model/resource.js';
import { decideParts } from './decide.js';
import { LOOKING } from './gate.js';
import { readHistory } from './history.js';
import { identify } from './identify.js';
import { ROUNDS } from './limits.js';
import { lookAt, type Sight } from './look.js';
import { blank } from './recorder.js';
import { factOf, type Look, type Runtime } from './runtime.js';
import type { PassResult, RunOptions } from './types.js';
import { awaitTurn, lastChangeBy, mayWait, settledAt } from './wait.js';
import { type End, type Lead, type PassRequest, type Run, resourcePass, type Way } from './way.js';

/** One remediator over one resource: looks, plans, and decides and executes each part of the plan. */
export async function runPass(runtime: Runtime, request: PassRequest, options: RunOptions): Promise<readonly PassResult[]> {
  const { remediator, claimed, ids, trigger, together = resourcePass() } = request;
  const run = runOf(options);
  if (!run.dryRun) runtime.needJournal('Changing something');
  const lastChange = run.dryRun ? null : lastChangeBy(trigger, request.seenAt ?? options.seenAt ?? runtime.clock.now(), runtime.clock.now());
  const passes: PassResult[] = [];
  let leads: Lead = settledAt(trigger, lastChange, remediator, runtime.clock.now());
  let way: Way | null = null;
  let ahead: Sight | null = null;
  for (let round = 0; ; round++) {
    const held = await waitFor(runtime, way ?? { remediator, ref: claimed, trigger, run, together }, leads);
    if (held !== null) return [...passes, held];
    // Nothing may be lost for it: the same input is delivered later.
    if (round >= ROUNDS) return [...passes, busy(way ?? { remediator, ref: claimed }, 'The resource keeps changing.', null)];
    if (way === null) {
      const identity = await factOf(() => runtime.identity(claimed, LOOKING));
      const claim: Way = { remediator, ref: claimed, identity, trigger, ids, run, together, lastChange, done: new Set() };
      // While its one name is determined, the claimed name is read: it is nearly always the same.
      const [named, sight] = await Promise.all([identify(runtime, claim), see(runtime, claim)]);
      if ('end' in named) return named.end;
      way = streamOf(named.ref) === streamOf(claimed) ? claim : { ...claim, ref: named.ref };
      ahead = way === claim ? sight : null;
    }
    const end: End = await walk(runtime, way, ahead);
    ahead = null;
    passes.push(...end.results);
    if (end.leads.is === 'done' || end.leads.is === 'go-on') return passes;
    leads = end.leads;
  }
}

/** Once over the resource as it is now, or as it has just been seen. */
async function walk(runtime: Runtime, way: Way, ahead: Sight | null): Promise<End> {
  const sight = ahead ?? (await see(runtime, way));
  if (sight === null) return { results: [], leads: { is: 'look-again' } };
  const end = await decideParts(runtime, way, sight);
  const name = nameIn(sight.seen);
  return name === null ? end : { ...end, results: end.results.map((result) => ({ ...result, name })) };
}

/** What people call what was seen. */
function nameIn({ observation }: Look): string | null {
  if (!observation.ok || observation.value === 'gone') return null;
  const { tags, name } = observation.value;
  const tagged = tags === 'untaggable' ? '' : (tags['Name'] ?? '').trim();
  return tagged === '' ? (name ?? null) : tagged;
}

/** History, then a look; null where the history has to be read once more. */
async function see(runtime: Runtime, way: Way): Promise<Sight | null> {
  const history = await readHistory(runtime, way);
  return history === null ? null : lookAt(runtime, way, history);
}

/** Waits for what a step leads to, if there is the time; else what the input comes back to. */
async function waitFor(runtime: Runtime, way: Pick<Way, 'remediator' | 'ref' | 'trigger' | 'run' | 'together'>, leads: Lead): Promise<PassResult | null> {
  if (leads.is === 'settle') {
    const { until } = leads;
    if (!mayWait(way, until, runtime.clock.now())) return busy(way, `It changed just now, and is decided on after ${new Date(until).toISOString()}.`, until);
    runtime.waits({ reason: 'settling', remediator: way.remediator.id, resource: way.ref, until });
    await runtime.clock.sleep(Math.max(1, until - runtime.clock.now()));
    way.together.reads.forget();
  }
  if (leads.is === 'turn') {
    const held = await awaitTurn(runtime, way);
    if (held !== null) return { ...busy(way, `Execution ${held.execution} holds the resource.`, held.leaseUntil), execution: held.execution };
  }
  return null;
}

function busy({ remediator, ref }: Pick<Way, 'remediator' | 'ref'>, message: string, retryAt: number | null): PassResult {
  return { ...blank(remediator, ref), outcome: 'busy', message, retryable: true, retryAt };
}

function runOf(options: RunOptions): Run {
  return {
    deadline: options.deadline ?? null,
    dryRun: options.dryRun ?? false,
    drill: options.drill ?? false,
    budget: options.budget ?? { changes: 0 },
    patience: options.patience ?? Number.POSITIVE_INFINITY,
  };
}
