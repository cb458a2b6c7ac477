// Before the first test file of a run in a thread that had another run before: what is ours is loaded again, and the clock is the real one.
import { vi } from 'vitest';

// Vitest has one state for each run, and keeps it here.
const given = globalThis as { __vitest_worker__?: object; __redress_run__?: object | undefined };
if (given.__redress_run__ !== given.__vitest_worker__) {
  given.__redress_run__ = given.__vitest_worker__;
  vi.useRealTimers();
  vi.resetModules();
}
