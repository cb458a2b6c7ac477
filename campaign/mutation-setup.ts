// Runs before the tests that judge mutants.
import { beforeEach } from 'vitest';
import './warm-setup.js';

/** A surviving mutant runs all tests that reach it, and these cost as much as all others together. A mutant that only they would find counts as survived. */
const LEFT_OUT = new Set([
  'people are notified of a gap when it appears, when it changes, when its deadline is near, and once a day',
  '300 resources behind a limit are one message, and one line of the digest',
  'tries three groups once, notifies once of each, and closes all others; the next week once more',
  'even if so much was done since that a view no longer says who did it first',
]);
beforeEach(({ task, skip }) => {
  if (LEFT_OUT.has(task.name)) skip();
});
