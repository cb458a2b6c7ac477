// Runs before the tests of a thread that serves many runs (`warm-worker.ts`). Before the first file of each run, it restores the real clock, and unloads our
// own modules, so that they are loaded again: those with planted defects and all that import them, or all of them if no defects are planted.
import { afterEach, inject, vi } from 'vitest';
import { type LoadedModules, unload } from './warm-modules.js';

interface Worker {
  readonly rpc: { $close(): unknown };
  readonly config: { readonly root: string };
  readonly evaluatedModules: LoadedModules;
}
// Vitest keeps its state for a run here.
const given = globalThis as { __vitest_worker__?: Worker; __redress_run__?: Worker | undefined; __redress_planted__?: string | undefined };
const run = given.__vitest_worker__;
if (run !== undefined && given.__redress_run__ !== run) {
  // Each run listens to the thread with an RPC of its own, for as long as the thread lives. All calls of an earlier one have a response (`warm-worker.ts`).
  given.__redress_run__?.rpc.$close();
  given.__redress_run__ = run;
  // What a failed test did not undo.
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  const planted = inject('planted' as never) as unknown as string | undefined;
  // A module that was loaded while another was mocked keeps the mock.
  const mocks = [...run.evaluatedModules.idToModuleMap.keys()].filter((id) => id.startsWith('mock:'));
  for (const id of mocks) run.evaluatedModules.idToModuleMap.delete(id);
  if (planted === undefined || mocks.length > 0) vi.resetModules();
  // The code of this defect is requested, and in the next run, which has another defect, the code without it.
  unload(run.evaluatedModules, new Set([given.__redress_planted__, planted].filter((file) => file !== undefined)), run.config.root);
  given.__redress_planted__ = planted;
}
// Vitest would read each file on the stack of an error, for its source map. Nobody reads these stacks.
afterEach(({ task }) => {
  for (const error of task.result?.errors ?? []) error.stacks = [];
});
