// Asks witnesses to cosign a checkpoint, as a client of C2SP tlog-witness: each witness remembers the log, and cosigns only what continues it.
// See https://c2sp.org/tlog-witness and https://c2sp.org/tlog-cosignature
import { messageOf, RedressError } from '@redress/core';
import { cosignatureIn, type WitnessKey, witnessKey } from './note.js';
import { consistencyFrom, type ReadTile } from './reading.js';

/** A witness that is asked to cosign. */
export interface Witness {
  /** Its key, in the form of signed notes: `NAME+ID+KEY`, of the type for Ed25519 cosignatures. */
  readonly key: string;
  /** Its submission prefix: `/add-checkpoint` follows. */
  readonly url: string;
}

/** A witness that has cosigned. */
export interface Cosigned {
  readonly witness: string;
  /** The time of the cosignature, as the witness reports it. */
  readonly time: string;
}

/** A witness that has not cosigned. This stops no seal, but somebody has to be notified. */
export interface NotCosigned {
  readonly witness: string;
  readonly message: string;
  readonly next: string;
}

/** The result of asking witnesses. */
export interface Witnessing {
  /** The checkpoint, with all cosignatures that it has. */
  readonly note: string;
  readonly cosigned: readonly Cosigned[];
  readonly notCosigned: readonly NotCosigned[];
}

/** Milliseconds that one request may take. */
const PATIENCE = 10_000;
/** Maximum bytes of a response: a few signature lines. */
const LONGEST_ANSWER = 16_384;
/** How often a witness may report that it has seen another size. */
const TRIES = 3;

/**
 * Parses a witness from an option or a setting: key and URL, separated by a space.
 *
 * @example witnessOf('witness.example/w1+1a2b3c4d+BA… https://witness.example/w1')
 * @throws {RedressError} `ledger/key` if the option has another form.
 */
export function witnessOf(text: string): Witness {
  const [key = '', url = '', ...more] = text.trim().split(/\s+/);
  witnessKey(key);
  if (more.length > 0 || !URL.canParse(url) || !['http:', 'https:'].includes(new URL(url).protocol))
    throw new RedressError('ledger/key', `${JSON.stringify(text.slice(0, 200))} does not name a witness.`, {
      next: 'Give its key and its URL, with a space between them: "NAME+ID+KEY https://…".',
    });
  return { key, url };
}

/**
 * Asks witnesses concurrently. A witness that has cosigned this checkpoint already is not asked. A failing witness stops nothing.
 *
 * @param guess The number of entries that each of them has probably seen.
 */
export async function cosign(note: string, guess: number, witnesses: readonly Witness[], read: ReadTile): Promise<Witnessing> {
  const asked = await Promise.all(witnesses.map(async (witness) => oneOf(note, guess, witness, read)));
  return {
    note: note + asked.map((each) => ('line' in each ? each.line : '')).join(''),
    cosigned: asked.flatMap((each) => ('time' in each ? [{ witness: each.witness, time: each.time }] : [])),
    notCosigned: asked.flatMap((each) => ('message' in each ? [each] : [])),
  };
}

async function oneOf(note: string, guess: number, { key, url }: Witness, read: ReadTile): Promise<(Cosigned & { readonly line: string }) | NotCosigned> {
  const known = witnessKey(key);
  const before = cosignatureIn(note, note, known);
  if (before !== null) return { witness: known.name, time: before.time, line: '' };
  try {
    return await askedOf(note, guess, known, url, read);
  } catch (error) {
    const next = 'It is asked again after the next seal. Check its URL, and whether it can be reached.';
    return { witness: known.name, message: `It could not be asked: ${messageOf(error)}`, next };
  }
}

async function askedOf(
  note: string,
  guess: number,
  witness: WitnessKey,
  url: string,
  read: ReadTile,
): Promise<(Cosigned & { readonly line: string }) | NotCosigned> {
  const size = Number(note.split('\n')[1]);
  const no = (message: string, next: string): NotCosigned => ({ witness: witness.name, message, next });
  for (let old = Math.min(guess, size), tried = 1; ; tried++) {
    const proof = await consistencyFrom(read, old, size);
    const body = [`old ${old}`, ...proof.map((hash) => hash.toString('base64')), '', note].join('\n');
    const { status, answer } = await post(`${url.replace(/\/+$/, '')}/add-checkpoint`, body);
    if (status === 200) {
      const line = cosignatureIn(note, `\n\n${answer}`, witness);
      return line === null ? no('Its answer has no cosignature of this checkpoint under its key.', KEY) : { witness: witness.name, ...line };
    }
    if (status !== 409) return no(`It answered ${status}${answer === '' ? '' : `: ${answer.slice(0, 200).trim()}`}.`, NEXT[status] ?? NEXT_OTHERWISE);
    const seen = /^(0|[1-9]\d{0,14})\n?$/.exec(answer)?.[1];
    if (seen === undefined) return no('It has seen another size of the log, and does not say which.', NEXT_OTHERWISE);
    if (Number(seen) > size) return no(`It has seen ${seen} entries of this log, which has ${size}.`, AHEAD);
    if (Number(seen) === old && old === size) return no(`It has seen another log of ${size} entries under this name.`, FORKED);
    if (tried === TRIES) return no(`It has seen ${seen} entries now, and had seen ${old} a moment ago.`, NEXT_OTHERWISE);
    old = Number(seen);
  }
}

async function post(url: string, body: string): Promise<{ readonly status: number; readonly answer: string }> {
  const response = await fetch(url, { method: 'POST', body, redirect: 'error', signal: AbortSignal.timeout(PATIENCE) });
  let answer = '';
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    answer += decoder.decode(piece as Uint8Array, { stream: true });
    if (answer.length > LONGEST_ANSWER) throw new Error(`its answer is longer than ${LONGEST_ANSWER} bytes`);
  }
  return { status: response.status, answer };
}

const KEY = 'Compare the key that you gave with the one that the witness publishes.';
const FORKED = 'Two histories were signed with one key. Run `redress evidence verify` with each checkpoint that was kept elsewhere.';
const AHEAD = 'If no other sealer has sealed in the meantime, the ledger was reset: run `redress evidence verify` with checkpoints that were kept elsewhere.';
const NEXT_OTHERWISE = 'It is asked again after the next seal. If this persists, ask whoever runs the witness.';
/** The meaning of a witness's status code. */
const NEXT: Readonly<Record<number, string>> = {
  400: 'Ask whoever runs the witness: it could not read the request.',
  // litewitness also returns this if it does not know the log.
  403: 'Give whoever runs the witness the origin and the public key of the ledger: it trusts another key for it, or does not know it.',
  404: 'Ask whoever runs the witness to add the ledger, by its origin and public key, and check that the URL is its submission prefix.',
  422: 'What it has seen is not what this ledger begins with: the history was rewritten, or two were signed with one key. Run `redress evidence verify`.',
};
