import { describe, expect, it } from 'vitest';
import { inAdvance } from './ahead.js';
import { atOnce, inTurn } from './turns.js';

describe('the next turn', () => {
  it('belongs to the oldest, in whatever order they are named', () => {
    expect(inTurn([3, 1, 2], (age) => age, 'x')).toEqual([1, 2, 3]);
    expect(inTurn([], () => 0, 'x')).toEqual([]);
  });
  it('rotates in each round among those that are equally old', () => {
    const orders = Array.from({ length: 40 }, (_, round) => inTurn(['a', 'b', 'c'], () => 0, `round ${round}`).join(''));
    expect([...new Set(orders)].sort()).toEqual(['abc', 'bca', 'cab']);
    expect(inTurn(['a', 'b', 'c'], () => 0, 'round 1')).toEqual(inTurn(['a', 'b', 'c'], () => 0, 'round 1'));
  });
});

/** Work that ends when it is said to. */
function work<T>() {
  const under: Record<string, PromiseWithResolvers<T>> = {};
  const begun: string[] = [];
  return {
    begun,
    begin: (name: string) => {
      begun.push(name);
      return (under[name] = Promise.withResolvers<T>()).promise;
    },
    end: async (name: string, value: T) => {
      under[name]?.resolve(value);
      await new Promise(setImmediate);
    },
    fail: async (name: string) => {
      under[name]?.reject(new Error(name));
      await new Promise(setImmediate);
    },
  };
}

describe('concurrent work', () => {
  it('does as many as allowed at once; results are in the order of the items', async () => {
    const { begun, begin, end } = work<number>();
    const all = atOnce(['a', 'b', 'c'], 2, begin);
    expect(begun).toEqual(['a', 'b']);
    await end('b', 2);
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('c', 3);
    await end('a', 1);
    expect(await all).toEqual([1, 2, 3]);
  });
  it('does one at a time if none is allowed', async () => {
    const { begun, begin, end } = work<number>();
    const all = atOnce(['a', 'b'], 0, begin);
    expect(begun).toEqual(['a']);
    await end('a', 1);
    await end('b', 2);
    expect(await all).toEqual([1, 2]);
    expect(await atOnce([], 5, begin)).toEqual([]);
  });
  it('begins no other after a failure, and throws the first failure when all have ended', async () => {
    const { begun, begin, end, fail } = work<number>();
    let thrown: unknown = null;
    const all = atOnce(['a', 'b', 'c', 'd', 'e'], 3, begin).catch((error: unknown) => {
      thrown = error;
    });
    await fail('b');
    await fail('c');
    expect([begun, thrown]).toEqual([['a', 'b', 'c'], null]);
    await end('a', 1);
    await all;
    expect(begun).toEqual(['a', 'b', 'c']);
    expect(thrown).toMatchObject({ message: 'b' });
  });
});

describe('work in advance', () => {
  it('starts a given number before their turn, and returns them in the order of the items', async () => {
    const { begun, begin, end } = work<number>();
    const seen: unknown[] = [];
    const all = (async () => {
      for await (const each of inAdvance(['a', 'b', 'c', 'd'], 2, begin)) seen.push(each);
    })();
    expect(begun).toEqual(['a', 'b']);
    await end('b', 2);
    expect([begun, seen]).toEqual([['a', 'b'], []]);
    await end('a', 1);
    expect(seen).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    await end('d', 4);
    await end('c', 3);
    await all;
    expect(seen.slice(2)).toEqual([
      ['c', 3],
      ['d', 4],
    ]);
  });
  it('is waited for if the rest is not needed, even if it fails', async () => {
    const { begin, end, fail } = work<number>();
    let over = false;
    const all = (async () => {
      for await (const _ of inAdvance(['a', 'b', 'c'], 3, begin)) break;
      over = true;
    })();
    await end('a', 1);
    await fail('b');
    expect(over).toBe(false);
    await end('c', 3);
    await all;
    expect(over).toBe(true);
  });
});
