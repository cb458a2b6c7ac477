import { expect, it } from 'vitest';
import { blobFile, FORMAT, isStreamFile, streamFile } from './layout.js';

const hex = `4f${'0a'.repeat(31)}`;

it('each stream and each document is a file, in a folder named by the first two digits of its digest', () => {
  expect(FORMAT).toBe('redress-evidence/1\n');
  expect(streamFile('/j', `sha256:${hex}`)).toBe(`/j/streams/4f/${hex}.jsonl`);
  expect(blobFile('/j', `sha256:${hex}`)).toBe(`/j/blobs/4f/${hex}.json`);
});

it('the file of a stream is recognized by its complete name', () => {
  expect(isStreamFile(`${hex}.jsonl`)).toBe(true);
  for (const name of [
    `0${hex}.jsonl`,
    `${hex.slice(1)}.jsonl`,
    `${hex}.json`,
    `${hex}.jsonl.tmp`,
    `${hex}xjsonl`,
    `x/${hex}.jsonl`,
    `${'g'.repeat(64)}.jsonl`,
    '0.jsonl',
  ])
    expect([name, isStreamFile(name)]).toEqual([name, false]);
});
