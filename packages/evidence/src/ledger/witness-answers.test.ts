// Requests to a witness, and the results of its responses, one by one and without a network.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SECRET } from '../../test/support/sealing.js';
import { type RunningWitness, witness } from '../../test/support/witness.js';
import { EMPTY_EDGE, Growth } from './growth.js';
import { signCheckpoint, signerOf } from './note.js';
import { type Tile, tilePath } from './tiles.js';
import { cosign, witnessOf } from './witness.js';

/** A log of nine entries, and its checkpoint. */
const files = new Map<string, Buffer>();
const growth = new Growth(EMPTY_EDGE, (tile, bytes) => void files.set(tilePath(tile), bytes));
for (let at = 0; at < 9; at++) growth.append(Buffer.from(`entry ${at}`));
growth.end();
const read = async (tile: Tile) => files.get(tilePath(tile)) ?? null;
const note = await signCheckpoint({ origin: 'example.com/redress', size: 9, root: growth.root() }, signerOf(SECRET));

type Answer = readonly [status: number, body?: string | readonly Uint8Array[]];
let one: RunningWitness;
let asked: { url: string; old: string }[];
beforeEach(async () => {
  one = await witness([]);
  asked = [];
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await one.stop();
});

/** Asks with a guess. The witness returns these responses in turn. */
async function answered(answers: readonly Answer[], { guess = 4, given = note, url = 'https://w.example/w1' } = {}) {
  const rest = [...answers];
  vi.stubGlobal('fetch', async (to: string, { body }: { body: string }) => {
    asked.push({ url: to, old: body.split('\n')[0] ?? '' });
    const [status, answer] = rest.shift() ?? [500, 'asked too often'];
    const stream = typeof answer === 'object' ? ReadableStream.from(answer) : (answer ?? null);
    return new Response(stream, { status });
  });
  return cosign(given, guess, [{ key: one.key, url }], read);
}
const messages = async (...given: Parameters<typeof answered>) => (await answered(...given)).notCosigned.map(({ message }) => message);

describe('a witness', () => {
  it.each(['https://w.example/w1', 'https://w.example/w1/', 'https://w.example/w1//'])('is called below its prefix, %s', async (url) => {
    const { note: whole, cosigned } = await answered([[200, one.cosign(note)]], { url });
    expect(asked).toEqual([{ url: 'https://w.example/w1/add-checkpoint', old: 'old 4' }]);
    expect(whole).toBe(note + one.cosign(note));
    expect(cosigned).toEqual([{ witness: 'witness.example/w1', time: '2026-01-02T00:00:00.000Z' }]);
  });

  it('whose cosignature the checkpoint already has is not called, and gets no second line', async () => {
    const given = note + one.cosign(note);
    expect(await answered([], { given })).toEqual({
      note: given,
      cosigned: [{ witness: 'witness.example/w1', time: '2026-01-02T00:00:00.000Z' }],
      notCosigned: [],
    });
    expect(asked).toEqual([]);
  });

  it('that has not cosigned adds nothing', async () => {
    expect((await answered([[500]])).note).toBe(note);
  });

  it('that has seen less is called once more, even if it was thought to have seen everything', async () => {
    expect(
      (
        await answered(
          [
            [409, '7\n'],
            [200, one.cosign(note)],
          ],
          { guess: 12 },
        )
      ).cosigned,
    ).toHaveLength(1);
    expect(asked.map(({ old }) => old)).toEqual(['old 9', 'old 7']);
  });

  it('that has seen the size of the request is called once more', async () => {
    expect(
      (
        await answered([
          [409, '4'],
          [200, one.cosign(note)],
        ])
      ).cosigned,
    ).toHaveLength(1);
    expect(asked.map(({ old }) => old)).toEqual(['old 4', 'old 4']);
  });

  it('that never has seen the same is called three times', async () => {
    expect(
      await messages([
        [409, '3\n'],
        [409, '2\n'],
        [409, '1\n'],
        [200, one.cosign(note)],
      ]),
    ).toEqual(['It has seen 1 entries now, and had seen 2 a moment ago.']);
    expect(asked).toHaveLength(3);
  });

  it('that has seen as many entries and refuses to cosign them has seen another log', async () => {
    expect(await messages([[409, '9\n']], { guess: 9 })).toEqual(['It has seen another log of 9 entries under this name.']);
  });

  it.each(['', '\n', 'x4\n', '4 \n', '4\n\n', '04\n', '-4\n', '4.5\n', '1234567890123456\n'])(
    'that answers %j does not report what it has seen',
    async (body) => {
      expect(await messages([[409, body]])).toEqual(['It has seen another size of the log, and does not say which.']);
      expect(asked).toHaveLength(1);
    },
  );

  it('is quoted with the first 200 characters of its answer', async () => {
    expect(await messages([[500, `${' x'.repeat(100)}yyy\n`]])).toEqual([`It answered 500: ${' x'.repeat(100).trim()}.`]);
    expect(await messages([[500, 'no\n']])).toEqual(['It answered 500: no.']);
    expect(await messages([[404]])).toEqual(['It answered 404.']);
  });

  it('may cut off its answer anywhere', async () => {
    const bytes = Buffer.from('größer');
    expect(await messages([[500, [bytes.subarray(0, 3), bytes.subarray(3)]]])).toEqual(['It answered 500: größer.']);
  });

  it('whose answer does not end is not read any further', async () => {
    expect(await messages([[500, [Buffer.alloc(16_384, 'x'), Buffer.alloc(1, 'y')]]])).toEqual([
      'It could not be asked: its answer is longer than 16384 bytes',
    ]);
    expect(await messages([[500, 'x'.repeat(16_384)]])).toEqual([`It answered 500: ${'x'.repeat(200)}.`]);
  });
});

it.each(['ftp://w.example', 'httpx://w.example', 'xhttp://w.example', 'https'])('a witness cannot be at %s', (url) => {
  expect(() => witnessOf(`${one.key} ${url}`)).toThrow(expect.objectContaining({ code: 'ledger/key' }));
});

it.each(['http', 'https'])('a witness can be at %s', (protocol) => {
  const url = `${protocol}://w.example/w1`;
  expect(witnessOf(`${one.key} ${url}`)).toEqual({ key: one.key, url });
});
