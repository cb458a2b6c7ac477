import { type Finding, isLeftOut } from '../model/finding.js';
import type { Remediator } from '../remediator/define.js';
import { lastSweepOf, type Swept } from '../swept.js';
import type { Runtime } from './runtime.js';
import { sweptSoFar } from './sweep/progress.js';
import type { PassResult, RunOptions } from './types.js';

/** How long a type is left alone after a sweep where its remediator has no time to settle; milliseconds. */
const AT_LEAST = 60_000;

/** The result of the search for a call whose record does not name the resource. */
export interface LookedFor {
  readonly reason: string;
  /** It has to be delivered again: it is too soon after another sweep, or the sweep was not completed. */
  readonly retryable: boolean;
  /** Epoch milliseconds from which the search is possible; null: unknown. */
  readonly retryAt: number | null;
}

const NEVER = { retryable: false, retryAt: null } as const;

/**
 * CloudTrail omits the request of a call if it is too large, and some services never write it. Then a sweep of the type finds the resource that the
 * call changed. One sweep covers all calls that were made before it, and there is at most one per type and settling time, so that many events cause
 * no more reads than that. Null: the record is sufficient.
 */
export async function lookFor(runtime: Runtime, finding: Finding, run: RunOptions, passes: PassResult[]): Promise<LookedFor | null> {
  const { call, account, region } = finding;
  if (finding.kind !== 'api-call' || finding.disposition !== 'candidate' || finding.replayed || call === null || account === null || region === null)
    return null;
  if (!isLeftOut(call)) return null;
  const name = `${call.service}:${call.operation}`;
  const asked = runtime.remediators.filter((each) => Object.hasOwn(each.apiCalls, name) && each.discover !== null);
  if (asked.length === 0) return null;
  const ids = asked.map(({ id }) => id).join(', ');
  const what = `The record of ${name} leaves out what it was about`;
  if (run.dryRun === true || runtime.journal === null) return { reason: `${what}: a sweep of ${ids} in ${region} would look for it.`, ...NEVER };
  const target = { account, region };
  const { swept: latest } = await sweptSoFar(runtime, target);
  const settle = Math.max(AT_LEAST, ...asked.map((each) => each.settle));
  const now = runtime.clock.now();
  // What it changed was there to be seen by a sweep that began after it.
  const made = Math.min(Date.parse(finding.observedAt ?? ''), run.seenAt ?? now, now);
  const dueBy = (sweeps: Swept) => asked.filter(({ id }) => !((lastSweepOf(sweeps, id)?.complete ?? Number.NEGATIVE_INFINITY) >= made + settle));
  const due = dueBy(latest);
  if (due.length === 0) return { reason: `${what}: a sweep of ${ids} in ${region} has looked for it.`, ...NEVER };
  const newest = Math.max(...asked.map((each) => typesSwept(each, asked, latest)));
  const next = Math.max(newest, made) + settle;
  if (now < next)
    return { reason: `${what}: a sweep of ${ids} in ${region} looks for it after ${new Date(next).toISOString()}.`, retryable: true, retryAt: next };
  const { sweep } = await import('./sweep.js');
  const summaries = await sweep(runtime, {
    targets: [target],
    remediators: due.map(({ id }) => id),
    ...(run.deadline === undefined ? {} : { deadline: run.deadline }),
    ...(run.budget === undefined ? {} : { budget: run.budget }),
    onPass: (pass) => {
      if (pass.outcome !== 'no-op' || pass.open.length > 0) passes.push(pass);
    },
  });
  // One that only went on where another had stopped has not seen all of it.
  const done = dueBy((await sweptSoFar(runtime, target)).swept).length === 0;
  const looked = summaries.reduce((sum, each) => sum + each.looked, 0);
  return { reason: `${what}: a sweep of ${ids} in ${region} looked for it, at ${looked}${done ? '' : ', not all'}.`, retryable: !done, retryAt: null };
}

/** When resources of a type were swept last, by any of those that are asked about them. */
function typesSwept(remediator: Remediator, asked: readonly Remediator[], latest: Swept): number {
  const same = asked.filter((each) => each.resourceTypes.some((type) => remediator.resourceTypes.includes(type)));
  return Math.max(Number.NEGATIVE_INFINITY, ...same.map(({ id }) => lastSweepOf(latest, id)?.time ?? Number.NEGATIVE_INFINITY));
}
