import { describe, expect, it } from 'vitest';
import { allOf, given, pages, paginate } from './service.js';

describe('a missing member of a response', () => {
  it('is not empty, and not off: the error names it', () => {
    expect(given({ Clusters: [] as string[] }, 'Clusters')).toEqual([]);
    expect(given({ Encrypted: false }, 'Encrypted')).toBe(false);
    expect(given({ Days: 0, Name: '' }, 'Days')).toBe(0);
    expect(given({ Days: 0, Name: '' }, 'Name')).toBe('');
    const reply: { Clusters?: string[] | undefined } = {};
    expect(() => given(reply, 'Clusters')).toThrow('The service did not return Clusters: its value is not known.');
    expect(() => given({ Clusters: null } as { Clusters: string[] | null }, 'Clusters')).toThrow('did not return Clusters');
  });

  it('is not an empty page, on whichever page it is missing', async () => {
    const answers = (replies: readonly object[]) => {
      let at = 0;
      return async (_: { NextToken?: string }) => replies[at++] as { Rules?: string[]; NextToken?: string };
    };
    const all = (replies: readonly object[]) => allOf(paginate(answers(replies), {}, 'Rules'));
    expect(await all([{ Rules: [], NextToken: '2' }, { Rules: ['a'] }])).toEqual(['a']);
    await expect(all([{}])).rejects.toThrow('did not return Rules');
    await expect(all([{ NextToken: '2' }, { Rules: ['a'] }])).rejects.toThrow('did not return Rules');
    await expect(all([{ Rules: ['a'], NextToken: '2' }, {}])).rejects.toThrow('did not return Rules');
    const seen: unknown[] = [];
    for await (const page of pages(answers([{ Rules: ['a', 'b'], NextToken: '2' }, { Rules: [] }]), {}, 'Rules')) seen.push(page);
    expect(seen).toEqual([['a', 'b'], []]);
  });
});
