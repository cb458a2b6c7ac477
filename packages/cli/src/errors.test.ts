import { expect, it } from 'vitest';
import { explain } from './errors.js';

it.each(['ENOSPC', 'EDQUOT'])('a full disk is reported as such for every writer (%s)', (code) => {
  const { document, exit } = explain(Object.assign(new Error(`${code}: no space left on device, write`), { code }));
  expect(document.error).toMatchObject({ code: 'cli/disk', message: expect.stringMatching(/^The disk is full/), next: 'Free some space, and try again.' });
  expect(exit).toBe(1);
});

it('an unforeseen error is reported as a bug', () => {
  expect(explain(new Error('x')).document.error).toMatchObject({ code: 'cli/bug' });
});
