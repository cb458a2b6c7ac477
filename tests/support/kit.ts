// Each scenario of the kit starts with an empty account. Otherwise, what earlier ones created would be in every list of it, and a list of hundreds takes the
// emulator a second. A file that creates something once for all of its scenarios starts its own emulator.
import { beforeEach, inject } from 'vitest';

let last: unknown;
beforeEach(async ({ task }) => {
  // The checks of a scenario are in one suite, and some use what others in it have set up.
  const suite = task.suite?.id ?? task.file.id;
  if (suite === last) return;
  last = suite;
  const { ok, status } = await fetch(new URL('/moto-api/reset', inject('moto')), { method: 'POST' });
  if (!ok) throw new Error(`The emulator was not emptied: ${status}`);
});
