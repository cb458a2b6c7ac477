// Runs before the tests of a thread that serves many runs (`warm-worker.ts`). Before the first file of each run, it reloads our own modules and restores the
// real clock.
import { inject, vi } from 'vitest';

interface Worker {
  readonly rpc: { $close(): unknown };
  readonly evaluatedModules: { getModulesByFile(file: string): Iterable<object> | undefined; invalidateModule(module: object): void };
}
// Vitest keeps its state for a run here.
const given = globalThis as { __vitest_worker__?: Worker; __redress_run__?: Worker | undefined; __redress_planted__?: string[] };
const run = given.__vitest_worker__;
if (run !== undefined && given.__redress_run__ !== run) {
  // Each run listens to the thread with an RPC of its own, for as long as the thread lives. All calls of an earlier one have a response (`warm-worker.ts`).
  given.__redress_run__?.rpc.$close();
  given.__redress_run__ = run;
  vi.useRealTimers();
  vi.resetModules();
  // Modules with planted defects are requested again: in this run, and in the next one, which has another defect.
  const planted = inject('planted' as never) as unknown as string | undefined;
  for (const file of new Set([...(given.__redress_planted__ ?? []), ...(planted === undefined ? [] : [planted])]))
    for (const module of run.evaluatedModules.getModulesByFile(file) ?? []) run.evaluatedModules.invalidateModule(module);
  given.__redress_planted__ = planted === undefined ? [] : [planted];
}
