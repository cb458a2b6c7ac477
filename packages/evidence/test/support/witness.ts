// A witness of C2SP tlog-witness, written from its specification for tests: it has its own memory, its own tree and its own key, and nothing of ours.
// See https://c2sp.org/tlog-witness, https://c2sp.org/tlog-cosignature and https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.2
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const sha256 = (...parts: readonly (Buffer | string)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const EMPTY = sha256('').toString('base64');

/** RFC 9162, section 2.1.4.2: whether a tree of `second` entries begins with one of `first`. */
function consistent(first: number, second: number, firstRoot: string, secondRoot: string, proof: readonly Buffer[]): boolean {
  if (first === second) return proof.length === 0 && firstRoot === secondRoot;
  if (first === 0) return proof.length === 0;
  const path = Number.isInteger(Math.log2(first)) ? [Buffer.from(firstRoot, 'base64'), ...proof] : [...proof];
  let [fn, sn] = [BigInt(first) - 1n, BigInt(second) - 1n];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  const start = path.shift();
  if (start === undefined) return false;
  let [fr, sr] = [start, start];
  for (const c of path) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      [fr, sr] = [sha256('\u0001', c, fr), sha256('\u0001', c, sr)];
      while (fn !== 0n && !(fn & 1n)) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else sr = sha256('\u0001', sr, c);
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && fr.toString('base64') === firstRoot && sr.toString('base64') === secondRoot;
}

/** A witness that runs. */
export interface RunningWitness {
  readonly name: string;
  /** As it publishes its key. */
  readonly key: string;
  readonly url: string;
  /** What it was sent: the old size and how many hashes, with the status that it answered. */
  readonly asked: string[];
  /** What it has seen, by the origin of a log. */
  readonly seen: Map<string, { size: number; root: string }>;
  /** Answers instead, once. */
  instead: ((note: string) => { status: number; body: string; headers?: Record<string, string> }) | null;
  /** Cosigns whatever it is given. */
  cosign(note: string, time?: number): string;
  stop(): Promise<void>;
}

/** Starts a witness for logs, named by their public keys. */
export async function witness(logs: readonly string[], name = 'witness.example/w1', port = 0): Promise<RunningWitness> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
  const typed = Buffer.concat([Buffer.from([4]), raw]);
  const id = sha256(`${name}\n`, typed).subarray(0, 4);
  const cosign = (note: string, time = 1_767_312_000): string => {
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${note.slice(0, note.indexOf('\n\n') + 1)}`), privateKey);
    const stamp = Buffer.alloc(8);
    stamp.writeBigUInt64BE(BigInt(time));
    return `\u2014 ${name} ${Buffer.concat([id, stamp, signature]).toString('base64')}\n`;
  };
  const running: RunningWitness = {
    ...{ name, key: `${name}+${id.toString('hex')}+${typed.toString('base64')}`, url: '', asked: [], seen: new Map(), instead: null, cosign },
    stop: () => stopped(server),
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString();
      const other = running.instead?.(text.slice(text.indexOf('\n\n') + 2)) ?? null;
      running.instead = null;
      const {
        status,
        body,
        headers = {},
      } = other ?? (request.url === '/w/add-checkpoint' && request.method === 'POST' ? add(text) : { status: 404, body: '' });
      running.asked.push(`${text.slice(0, text.indexOf('\n'))}, ${text.slice(0, text.indexOf('\n\n')).split('\n').length - 1} hashes: ${status}`);
      response.writeHead(status, headers).end(body);
    });
  });
  const add = (text: string): { status: number; body: string; headers?: Record<string, string> } => {
    const end = text.indexOf('\n\n');
    const [first = '', ...hashes] = text.slice(0, end).split('\n');
    const note = text.slice(end + 2);
    const old = Number(/^old (0|[1-9][0-9]*)$/.exec(first)?.[1] ?? Number.NaN);
    const [origin = '', sizeText = '', root = ''] = note.split('\n');
    const size = Number(sizeText);
    const log = logs.find((each) => each.startsWith(`${origin}+`));
    if (log === undefined) return { status: 404, body: '' };
    if (!signedBy(note, log)) return { status: 403, body: '' };
    if (Number.isNaN(old) || old > size || hashes.length > 63 || hashes.some((each) => Buffer.from(each, 'base64').length !== 32))
      return { status: 400, body: '' };
    const seen = running.seen.get(origin) ?? { size: 0, root: EMPTY };
    const conflict = { status: 409, body: `${seen.size}\n`, headers: { 'content-type': 'text/x.tlog.size' } };
    if (old !== seen.size || (old === size && root !== seen.root)) return conflict;
    const proof = hashes.map((each) => Buffer.from(each, 'base64'));
    if (!consistent(old, size, seen.root, root, proof)) return { status: 422, body: '' };
    running.seen.set(origin, { size, root });
    return { status: 200, body: cosign(note) };
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(running, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/w` });
}

function signedBy(note: string, verifier: string): boolean {
  const [name = '', id = '', ...rest] = verifier.split('+');
  const key: KeyObject | string = rest.join('+');
  const body = note.slice(0, note.indexOf('\n\n') + 1);
  return note
    .slice(note.indexOf('\n\n') + 2)
    .split('\n')
    .some((line) => {
      const [, by, encoded = ''] = line.split(' ');
      const bytes = Buffer.from(encoded, 'base64');
      const spki = Buffer.concat([SPKI, Buffer.from(key, 'base64').subarray(1)]);
      return (
        by === name &&
        bytes.subarray(0, 4).toString('hex') === id &&
        verify(null, Buffer.from(body), { key: spki, format: 'der', type: 'spki' }, bytes.subarray(4))
      );
    });
}

function stopped(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
