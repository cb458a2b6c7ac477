// Each scenario of the kit starts with an empty account. A file that creates something once for all of its scenarios starts its own emulator.
import { beforeEach, inject } from 'vitest';
import { emptyMoto } from '../../scripts/moto.mjs';

let last: unknown;
beforeEach(async ({ task }) => {
  // The checks of a scenario are in one suite, and some use what others in it have set up.
  const suite = task.suite?.id ?? task.file.id;
  if (suite === last) return;
  last = suite;
  await emptyMoto(inject('moto'));
});
