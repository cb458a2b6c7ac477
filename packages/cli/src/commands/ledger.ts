import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { generateKey, type NoteSigner, type SealReport, sealFolder, signerOf } from '@redress/evidence';
import type { Trust } from '@redress/verify';
import { type Data, reasonOf } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';

/** Where a key is written and read, unless another file is named. */
export const KEY_FILE = 'redress.key';
/** Where it says whom to trust, unless another file is named. */
export const TRUST_FILE = 'redress.trust.json';

/** What `evidence key` takes. */
export interface KeyOptions {
  readonly origin: string;
  readonly out?: string;
  readonly trust?: string;
}

/** What `evidence seal` takes. */
export interface SealOptions {
  readonly key?: string;
  readonly trust?: string;
}

/** Makes the key of a ledger, and the trust file that verifies what it seals. Replaces nothing. */
export async function evidenceKeyCommand(io: Io, options: KeyOptions): Promise<Answer> {
  const [keyFile, trustFile] = [options.out ?? KEY_FILE, options.trust ?? TRUST_FILE];
  for (const file of [keyFile, trustFile]) if (existsSync(resolve(io.cwd, file))) throw exists(file);
  const { secret, verifier } = generateKey(options.origin);
  const trust = { keys: [{ origin: options.origin, key: verifier, from: new Date().toISOString(), until: null }] };
  await made(io, keyFile, `${secret}\n`, 0o600);
  await made(io, trustFile, `${JSON.stringify(trust, null, 2)}\n`, 0o644);
  const lines = [
    `${printable(keyFile)}: the private key. Whoever has it can seal; keep it away from the evidence.`,
    `${printable(trustFile)}: the public key. Give it to auditors, apart from the evidence.`,
  ];
  return { json: { origin: options.origin, key: keyFile, trust: trustFile, verifier }, text: lines.join('\n'), exit: 0 };
}

/** Seals what the journal of the data folder has recorded. */
export async function evidenceSealCommand(io: Io, data: Data, options: SealOptions): Promise<Answer> {
  if (data.aws !== null)
    throw new CliError('cli/usage', 'A journal on AWS cannot be sealed yet.', { next: 'Seal the one of a data folder, without --journal.' });
  const signer = await signerIn(io, options.key ?? KEY_FILE);
  const trust = options.trust ?? (existsSync(resolve(io.cwd, TRUST_FILE)) ? TRUST_FILE : undefined);
  const trusted = trust === undefined ? [] : (await trustIn(io, trust)).keys;
  const replaced = trusted.filter((each) => each.origin === signer.name).map(({ key }) => key);
  const report = await sealFolder({ directory: data.directory, signer, replaced });
  const { origin, size, root, seal, made, skipped } = report;
  const paint = painter(io);
  const lines = [
    `${paint('green', VERBS[made])}  ${printable(data.shown)}: seal ${seal.number} of ${printable(origin)}, ${seal.records} records, ${size} entries in all, root ${root}`,
    ...skipped.map(({ stream, seq, message }) => `${paint('red', 'not sealed')}  record ${seq} of stream ${stream} and what follows it: ${message}`),
    ...(skipped.length === 0 ? [] : ['find out what was changed with: redress evidence verify']),
  ];
  return { json: report, text: lines.join('\n'), exit: skipped.length === 0 ? 0 : 1 };
}

const VERBS: Record<SealReport['made'], string> = { sealed: 'sealed', completed: 'completed', joined: 'sealed by another' };

/** Reads a trust file. */
export async function trustIn(io: Io, file: string): Promise<Trust> {
  const { parseTrust } = await import('@redress/verify');
  const text = String(await bytesOf(io, file));
  try {
    return parseTrust(text);
  } catch (cause) {
    throw misused(cause, { place: { file } });
  }
}

/** Reads a file that an option names. */
export async function bytesOf(io: Io, file: string): Promise<Buffer> {
  try {
    return await readFile(resolve(io.cwd, file));
  } catch (cause) {
    throw new CliError('cli/file', `${file} cannot be read: ${reasonOf(cause)}`, { place: { file }, cause });
  }
}

/** A mistake in what was given to verify with, as the command line has it. */
export function misused(cause: unknown, more: { readonly place?: { readonly file: string } }): unknown {
  return cause instanceof Error && cause.name === 'UsageError' ? new CliError('cli/file', cause.message, { ...more, cause }) : cause;
}

async function signerIn(io: Io, file: string): Promise<NoteSigner> {
  try {
    return signerOf(String(await bytesOf(io, file)));
  } catch (cause) {
    if (!(cause instanceof CliError)) throw cause;
    const next = 'Name the key with --key, or make one with `redress evidence key --origin NAME`.';
    throw new CliError('cli/file', cause.message, { place: { file }, next, cause });
  }
}

async function made(io: Io, file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(resolve(io.cwd, file), text, { mode, flag: 'wx', flush: true });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw exists(file);
    throw new CliError('cli/file', `${file} cannot be written: ${reasonOf(cause)}`, { place: { file }, cause });
  }
}

function exists(file: string): CliError {
  return new CliError('cli/file', `${file} is there already, and no key is ever replaced.`, {
    place: { file },
    next: 'Name other files with --out and --trust.',
  });
}
