// A defect that makes the tests hang or crash costs itself, and no other defect.
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
// @ts-expect-error: a script, without types
import { plant } from '../../campaign/planted.mjs';

/** Some defects of one kind, and a process that answers for them at once. */
const options = { only: 'circuit breaker', lanes: 1, script: join(import.meta.dirname, '../support/lane.mjs') };
afterEach(() => vi.unstubAllEnvs());

interface Planted {
  readonly planted: number;
  readonly found: number;
  readonly results: readonly { readonly defect: string; readonly by: string | null; readonly error?: string }[];
}

it('a defect with which the tests hang, or crash, is reported with its name; the others are planted in a new process', async () => {
  const whole: Planted = await plant(options);
  const [first, , hangs, , ends, last] = whole.results.map(({ defect }) => defect);
  expect(whole).toMatchObject({ planted: whole.results.length, found: whole.results.length });
  expect(new Set(whole.results.map(({ by }) => by)).size).toBe(1);

  vi.stubEnv('HANGS', hangs);
  vi.stubEnv('ENDS', ends);
  const { planted, found, results }: Planted = await plant({ ...options, minutes: 3 / 60 });
  expect({ planted, found }).toEqual({ planted: whole.planted, found: whole.planted - 2 });
  const of = (defect?: string) => results.find((each) => each.defect === defect);
  expect(of(hangs)?.error).toMatch(/^the tests took more than .* minutes, and were ended$/);
  expect(of(ends)?.error).toMatch(/^the tests ended with 3/);
  const processes = new Set(results.map(({ by }) => by).filter((by) => by !== null));
  expect(processes.size).toBe(3);
  expect(of(first)?.by).not.toBe(of(last)?.by);
  // Each process has ended.
  await vi.waitFor(() => {
    for (const pid of processes) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });
});
