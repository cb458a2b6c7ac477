// Sealed ledgers that nobody has touched, and copies of them to change.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rotateFolder, sealFolder } from '../../src/ledger/folder.js';
import { decodeEntries, encodeEntries, tilePath, tilesBetween } from '../../src/ledger/tiles.js';
import { sealing, VERIFIER } from './sealing.js';

// What a forger has, who knows how logs are made.
export { EMPTY_EDGE, Growth } from '../../src/ledger/growth.js';
export { signCheckpoint } from '../../src/ledger/note.js';
export { decodeEntries, tilePath, tilesBetween } from '../../src/ledger/tiles.js';
export { leafHash, MemoryTree, rootOf } from '../../src/ledger/tree.js';

/** What auditors have. */
export const TRUST = JSON.stringify({ keys: [{ origin: 'example.com/redress', key: VERIFIER, from: '2026-01-01T00:00:00Z', until: null }] });

/** A folder with a sealed ledger, closed; the checkpoints of each of its seals. */
export interface SealedFolder {
  readonly directory: string;
  readonly checkpoints: readonly string[];
}

/**
 * Makes a ledger of four streams: full and partial tiles, several seals, of which one is empty, and a record that is too long for an entry.
 * Nothing in it is unsealed, unless asked for.
 *
 * @param rotated Whether its key is replaced at last.
 * @param archived Whether the documents of all seals but the first are moved into archives, for 30 days.
 */
export async function sealedFolder({ rounds = 22, unsealed = false, rotated = false, archived = false } = {}): Promise<SealedFolder> {
  const world = sealing();
  const checkpoints: string[] = [];
  const seal = async () => {
    const documents = archived && checkpoints.length > 0 ? { documentsFor: 30 } : {};
    await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, ...documents });
    checkpoints.push(readFileSync(join(world.directory, 'ledger', 'checkpoint'), 'utf8'));
  };
  for (let round = 0; round < rounds; round++) {
    for (const id of ['a', 'b', 'c']) {
      await world.decide(id, { round });
      await world.fix(id);
    }
    if (round === 1) await world.decide('long', { text: 'x'.repeat(66_000) });
    if (round % 8 === 1) await seal();
  }
  await seal();
  world.clock.time += 60_000;
  await seal();
  if (rotated) {
    const { directory, signer, next, clock } = world;
    checkpoints.push((await rotateFolder({ directory, signer, next, clock, by: 'alice', reason: 'yearly' })).report.checkpoint);
  }
  if (unsealed) await world.decide('a', { last: true });
  await world.journal.close?.();
  // What auditors get has no index.
  for (const name of readdirSync(world.directory)) if (name.startsWith('index.sqlite')) rmSync(join(world.directory, name));
  return { directory: world.directory, checkpoints };
}

/** A folder for copies. */
export function copies(): { copy(of: SealedFolder): string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'redress-copies-'));
  let count = 0;
  return {
    copy({ directory }) {
      const made = join(root, String(count++));
      cpSync(directory, made, { recursive: true });
      return made;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Number of entries that a checkpoint says. */
const sizeIn = (checkpoint: string) => Number(checkpoint.split('\n')[1]);

/** The entries of a ledger's log. */
export function entriesOf(directory: string): Buffer[] {
  return tilesBetween(0, sizeIn(readFileSync(join(directory, 'ledger', 'checkpoint'), 'utf8')))
    .filter(({ level }) => level === 'entries')
    .flatMap((tile) => decodeEntries(readFileSync(join(directory, 'ledger', tilePath(tile)))));
}

/** Puts other entries in place of those of a log, bundles only. */
export function replaceEntries(directory: string, entries: readonly Buffer[]): void {
  for (const tile of tilesBetween(0, entries.length))
    if (tile.level === 'entries')
      writeFileSync(join(directory, 'ledger', tilePath(tile)), encodeEntries(entries.slice(tile.index * 256, tile.index * 256 + tile.width)));
}
