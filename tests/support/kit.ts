// Each scenario of the kit begins in an empty account: what earlier ones made would be in every list of it, and a list of hundreds takes the emulator a second.
// A file that makes something once, for all of its scenarios, starts an emulator of its own.
import { beforeEach, inject } from 'vitest';

let last: unknown;
beforeEach(async ({ task }) => {
  // The checks of a scenario are in a suite of their own, and some look at what others of it have arranged.
  const suite = task.suite?.id ?? task.file.id;
  if (suite === last) return;
  last = suite;
  const { ok, status } = await fetch(new URL('/moto-api/reset', inject('moto')), { method: 'POST' });
  if (!ok) throw new Error(`The emulator was not emptied: ${status}`);
});
