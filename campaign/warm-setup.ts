// Before the tests of a thread that serves many runs (`warm-worker.ts`): before the first file of each, what is ours is loaded again, and the clock is
// the real one.
import { inject, vi } from 'vitest';

interface Worker {
  readonly evaluatedModules: { getModulesByFile(file: string): Iterable<object> | undefined; invalidateModule(module: object): void };
}
// Vitest has one state for each run, and keeps it here.
const given = globalThis as { __vitest_worker__?: Worker; __redress_run__?: Worker | undefined; __redress_planted__?: string[] };
const run = given.__vitest_worker__;
if (run !== undefined && given.__redress_run__ !== run) {
  given.__redress_run__ = run;
  vi.useRealTimers();
  vi.resetModules();
  // What a defect is planted in is asked for anew: in this run, and in the next one that has another.
  const planted = inject('planted' as never) as unknown as string | undefined;
  for (const file of new Set([...(given.__redress_planted__ ?? []), ...(planted === undefined ? [] : [planted])]))
    for (const module of run.evaluatedModules.getModulesByFile(file) ?? []) run.evaluatedModules.invalidateModule(module);
  given.__redress_planted__ = planted === undefined ? [] : [planted];
}
