// Each scenario of the kit begins in an empty account: what earlier ones made would be in every list of it, and a list of hundreds takes the emulator a second.
import { beforeEach, inject } from 'vitest';

/** Makes a key once, for all of its scenarios: in an empty account it would be gone. */
const MAKES_ONCE = 'packages/remediators/rds/test/conformance.test.ts';

let last: unknown;
beforeEach(async ({ task }) => {
  if (task.file.name.endsWith(MAKES_ONCE)) return;
  // The checks of a scenario are in a suite of their own, and some look at what others of it have arranged.
  const suite = task.suite?.id ?? task.file.id;
  if (suite === last) return;
  last = suite;
  const { ok, status } = await fetch(new URL('/moto-api/reset', inject('moto')), { method: 'POST' });
  if (!ok) throw new Error(`The emulator was not emptied: ${status}`);
});
