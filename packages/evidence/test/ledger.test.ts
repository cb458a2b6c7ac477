// Sealers as processes: at once, and killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { programOf } from '../../../tests/support/program.js';
import { sealFolder, signerOf } from '../src/index.js';
import { decodeEntries, tilePath, tilesBetween } from '../src/ledger/tiles.js';
import { leafHash, MemoryTree, rootOf } from '../src/ledger/tree.js';
import { isDecision, SECRET, type Sealing, sealing } from './support/sealing.js';

let world: Sealing;
let path: string;
beforeEach(() => {
  world = sealing();
  path = programOf(program(), import.meta.dirname);
});
afterEach(() => world.remove());

/** Seals again and again, as often as its argument says; whatever is signed is said before anybody can see it. */
const program = () => `
  import { writeSync } from 'node:fs';
  import { sealFolder, signerOf } from '../src/index.js';
  const key = signerOf(${JSON.stringify(SECRET)});
  const signer = { ...key, sign: (text) => (writeSync(1, JSON.stringify(String(text)) + '\\n'), key.sign(text)) };
  for (let i = 0; i < Number(process.argv[2]); i++) await sealFolder({ directory: ${JSON.stringify(world.directory)}, signer });`;
const start = (times: number) => {
  const child = spawn(process.execPath, [path, String(times)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => (out += String(data)));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    child: child as ChildProcess,
    ended,
    said: () =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as string),
  };
};

function expectOneHistory(texts: readonly string[]): { records: number; seals: number } {
  const size = Number(readFileSync(join(world.directory, 'ledger', 'checkpoint'), 'utf8').split('\n')[1]);
  const entries = tilesBetween(0, size)
    .filter(({ level }) => level === 'entries')
    .flatMap((tile) => decodeEntries(readFileSync(join(world.directory, 'ledger', tilePath(tile)))));
  const tree = new MemoryTree();
  for (const entry of entries) tree.append(leafHash(entry));
  // What a seal is to be is signed as well, and is no checkpoint.
  for (const text of new Set(texts.filter((each) => !isDecision(Buffer.from(each))))) {
    const of = Number(text.split('\n')[1]);
    expect(text).toBe(`example.com/redress\n${of}\n${rootOf(tree.at, of).toString('base64')}\n`);
  }
  const seals = entries.filter((entry) => isRecord((JSON.parse(entry.toString()) as Record<string, unknown>)['seal'])).length;
  return { records: size - seals, seals };
}

describe('sealers of several processes', () => {
  it('make one history, concurrently, while records are written', async () => {
    const sealers = [start(6), start(6), start(6)];
    let written = 0;
    let running = true;
    const over = Promise.all(sealers.map(({ ended }) => ended)).finally(() => {
      running = false;
    });
    while (running || written < 20) {
      await world.decide(`r${written % 5}`);
      written++;
      if (written % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await over).toEqual([0, 0, 0]);
    const last = await sealFolder({ directory: world.directory, signer: signerOf(SECRET) });
    expect(last.skipped).toEqual([]);
    const { records, seals } = expectOneHistory(sealers.flatMap(({ said }) => said()));
    expect(records).toBe(written);
    expect(seals).toBe(last.seal.number);
  });

  it('make one history if each is killed at any moment', async () => {
    const said: string[] = [];
    for (let round = 0; round < 6; round++) {
      for (let at = 0; at < 30; at++) await world.decide(`r${at % 7}`);
      const sealer = start(1_000_000);
      // It has signed something: from here on it is somewhere in the middle, each time at another place.
      while (sealer.said().length === 0 && sealer.child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
      for (let at = 0; at < 5 * round; at++) await world.decide(`r${at % 7}`);
      sealer.child.kill('SIGKILL');
      await sealer.ended;
      said.push(...sealer.said());
    }
    const last = await sealFolder({ directory: world.directory, signer: signerOf(SECRET) });
    expect(last.skipped).toEqual([]);
    expect(expectOneHistory(said).records).toBe(180 + 5 * (1 + 2 + 3 + 4 + 5));
    expect(readdirSync(join(world.directory, 'sealer')).sort()).toEqual(['lock.sqlite', 'state.json']);
  });
});
