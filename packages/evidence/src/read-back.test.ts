import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { memoryJournal } from './memory.js';

it('an acknowledged record can be read back, whatever its members are called', async () => {
  const ref = resource({ type: 'AWS::S3::Bucket', id: 'logs', account: '111111111111', region: 'us-east-1' });
  const journal = memoryJournal();
  const kept: unknown[] = [];
  // Some versions of V8 parse a key of one escaped character as another that they have parsed before: such a record is refused, and not kept.
  for (const body of [{ '!': [], '\\': 0 }, { '!': 1, '"': 2 }, { message: 'next' }])
    try {
      await journal.append({ kind: 'decision', resource: ref, remediator: 'a', body });
      kept.push(body);
    } catch (error) {
      expect(error).toMatchObject({ code: 'journal/invalid' });
    }
  const read: unknown[] = [];
  for await (const { record } of journal.read({ resource: ref })) read.push(record.body);
  expect(read).toEqual(kept);
  expect(kept).toContainEqual({ message: 'next' });
});
