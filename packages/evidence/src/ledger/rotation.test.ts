import { describe, expect, it } from 'vitest';
import { type Seal, sealEntry } from './entry.js';
import { breaksOf, proofOfLast, rotationsOf } from './rotation.js';

const storeOf = (files: Record<string, string | Buffer>) => ({
  read: async (path: string) => (files[path] === undefined ? null : Buffer.from(files[path])),
});
const seal = (number: number) =>
  ({ number: 10 + number, first: 0, records: 0, rotation: { number, from: 'a', to: 'b', by: 'alice', reason: 'yearly' } }) as unknown as Seal;
const proof = (of: Seal) => proofOfLast(sealEntry(of), 41, [Buffer.alloc(32, 1), Buffer.alloc(32, 2)], 'origin\n42\nroot\n\n— sig\n');

describe('the proof that a log ends with an entry', () => {
  it('matches the format of proofs', () => {
    const hashes = ['AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=', 'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI='];
    const lines = [
      'c2sp.org/tlog-proof@v1',
      `extra ${sealEntry(seal(1)).toString('base64')}`,
      'index 41',
      ...hashes,
      '',
      'origin',
      '42',
      'root',
      '',
      '— sig',
      '',
    ];
    expect(proof(seal(1)).toString()).toBe(lines.join('\n'));
  });
});

describe('the replaced keys of a log', () => {
  const [one, two] = [1, 2].map((number) => proof(seal(number)));
  const files = { 'ledger/rotations/1.tlog-proof': one as Buffer, 'ledger/rotations/2.tlog-proof': two as Buffer };
  it('are as many as the log says, in their order', async () => {
    expect(await rotationsOf(storeOf(files), 2)).toEqual([seal(1), seal(2)]);
    expect(await rotationsOf(storeOf(files), 1)).toEqual([seal(1)]);
    expect(await rotationsOf(storeOf({}), 0)).toEqual([]);
    // Base64 ends in three ways.
    for (const number of [10, 100, 1000]) {
      const of = { ...seal(1), number } as unknown as Seal;
      expect(await rotationsOf(storeOf({ 'ledger/rotations/1.tlog-proof': proof(of) }), 1)).toEqual([of]);
    }
  });
  it.each<[string, Record<string, string | Buffer>]>([
    ['is missing', { 'ledger/rotations/1.tlog-proof': one as Buffer }],
    ['belongs to another one', { ...files, 'ledger/rotations/2.tlog-proof': one as Buffer }],
    ['announces nothing', { ...files, 'ledger/rotations/2.tlog-proof': proof({ number: 12 } as unknown as Seal) }],
    ['has no entry', { ...files, 'ledger/rotations/2.tlog-proof': (two as Buffer).toString().replace('\nextra ', '\nother ') }],
    ['has an entry that is not JSON', { ...files, 'ledger/rotations/2.tlog-proof': (two as Buffer).toString().replace(/extra \S+/, 'extra AAAA') }],
    [
      'has an entry that is not a seal',
      {
        ...files,
        'ledger/rotations/2.tlog-proof': proof(seal(2))
          .toString()
          .replace(/extra \S+/, `extra ${Buffer.from('{}').toString('base64')}`),
      },
    ],
  ])('are refused if one %s: nothing is signed on it', async (_what, given) => {
    await expect(rotationsOf(storeOf(given), 2)).rejects.toMatchObject({
      code: 'ledger/corrupt',
      message: 'ledger/rotations/2.tlog-proof is missing, or is not what announced key 3 of the log. Nothing was signed.',
    });
  });
});

it('the last checkpoints of lost keys are read in order, up to the first that is missing', async () => {
  const files = { 'ledger/breaks/1.checkpoint': 'one', 'ledger/breaks/2.checkpoint': 'two', 'ledger/breaks/4.checkpoint': 'four' };
  expect(await breaksOf(storeOf(files))).toEqual(['one', 'two']);
  expect(await breaksOf(storeOf({}))).toEqual([]);
});
