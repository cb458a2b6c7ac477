import { expect, it } from 'vitest';
import { fuzz } from '../../campaign/fuzz.ts';
import { repeated } from '../support/size.js';

// A small campaign on each run; `npm run fuzz -- --inputs 1000000` is a large one.
it('nothing hostile makes normalize throw, pollute, or answer more than it may', () => {
  const report = fuzz({ inputs: repeated(1000, 4000), seed: 1 });
  expect(report.broken).toEqual([]);
  // It got everywhere: each mutation was tried, and every disposition came out.
  expect(Object.keys(report.mutations).length).toBeGreaterThanOrEqual(23);
  expect(Object.keys(report.dispositions).sort()).toEqual(['candidate', 'evaluate', 'ignored', 'record-only', 'rejected', 'resolved']);
  // A megabyte in does not come out.
  expect(report.largest).toBeLessThan(400_000);
});
