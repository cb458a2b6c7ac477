// Software of the field reads our logs: fsck of Tessera rebuilds the tree from the entries and compares every tile, and the library that signed
// notes come from opens our checkpoints and makes the same signatures. A witness of the field cosigns them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey, sealFolder } from '@redress/evidence';
import { parseTrust, proveRecord, verifyLedger, verifyProof } from '@redress/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copies, type SealedFolder, sealedFolder, TRUST } from '../../packages/evidence/test/support/ledgers.js';
import { SECRET, sealing, VERIFIER } from '../../packages/evidence/test/support/sealing.js';
import { folderOf } from '../../scripts/setup.mjs';
import { startLitewitness } from './support/litewitness.js';

let kept: SealedFolder;
let root: string;
const made = copies();

beforeAll(async () => {
  // 256 entries and more: a full tile of each kind, and a second level.
  kept = await sealedFolder({ rounds: 45 });
  root = mkdtempSync(join(tmpdir(), 'redress-judged-'));
  writeFileSync(join(root, 'key'), VERIFIER);
});
afterAll(() => {
  made.remove();
  for (const each of [root, kept.directory]) rmSync(each, { recursive: true, force: true });
});

/** What fsck says of a log. It ends with 0 whatever it finds, so its words count. With one worker it does not return where a tile was changed. */
function fsck(directory: string): { accepted: boolean; log: string } {
  const { stderr, status, error } = spawnSync(
    join(folderOf('tessera'), 'fsck'),
    ['--storage_url', `file://${join(directory, 'ledger')}/`, '--public_key', join(root, 'key'), '--N', '4', '--ui=false', '-v=1', '--logtostderr'],
    { encoding: 'utf8', timeout: 300_000 },
  );
  if (status !== 0) throw new Error(`fsck ended with ${status}: ${error?.message ?? stderr}`);
  return { accepted: !stderr.includes('fsck failed') && stderr.includes("Successfully fsck'd log"), log: stderr };
}

function note(command: 'open' | 'sign' | 'proof', key: string, input: string) {
  return spawnSync(join(folderOf('sumdb-note'), 'note'), [command, key], { input, encoding: 'utf8' });
}

const checkpoint = (directory: string) => readFileSync(join(directory, 'ledger', 'checkpoint'), 'utf8');
const logFiles = (directory: string) =>
  readdirSync(join(directory, 'ledger'), { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))
    .sort();

describe('fsck of Tessera', () => {
  it('accepts logs of many sizes, and what is sealed after them', async ({ task }) => {
    const sizes: number[] = [];
    const world = sealing();
    // Around the edges of tiles: each seal adds one entry of its own.
    for (const records of [1, 0, 3, 120, 127, 1, 0, 255, 300]) {
      for (let at = 0; at < records; at++) await world.decide(`r${at % 9}`);
      const { size } = await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
      sizes.push(size);
      const { accepted, log } = fsck(world.directory);
      expect([size, accepted, accepted ? '' : log]).toEqual([size, true, '']);
    }
    expect(sizes).toEqual([2, 3, 7, 128, 256, 258, 259, 515, 816]);
    await world.remove();
    task.meta.said = `fsck accepts logs of ${sizes.join(', ')} entries`;
  });

  it('detects every changed file of a log, like our verifier', ({ task }) => {
    const directory = made.copy(kept);
    const all = logFiles(directory);
    expect(all).toHaveLength(8);
    expect(fsck(directory).accepted).toBe(true);
    for (const file of all) {
      const good = readFileSync(file);
      const bad = Buffer.from(good);
      bad[40] = (bad[40] as number) ^ 1;
      writeFileSync(file, bad);
      const ours = verifyLedger({ directory, trust: parseTrust(TRUST) }).status;
      const theirs = fsck(directory).accepted;
      writeFileSync(file, good);
      expect([file.slice(directory.length), theirs, ours]).toEqual([file.slice(directory.length), false, 'tampered']);
    }
    task.meta.said = `fsck and our verifier both refuse a change in each of ${all.length} files of a log`;
  });
});

describe('golang.org/x/mod/sumdb/note', () => {
  it('opens each of our checkpoints', ({ task }) => {
    for (const text of kept.checkpoints) {
      const { status, stdout, stderr } = note('open', VERIFIER, text);
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toBe(text.slice(0, text.indexOf('\n\n') + 1));
    }
    task.meta.said = `sumdb/note opens ${kept.checkpoints.length} checkpoints`;
  });

  it('opens none that was changed', () => {
    const text = checkpoint(kept.directory);
    const [size = ''] = /\n\d+\n/.exec(text) ?? [];
    for (const bad of [text.replace(size, '\n1\n'), text.replace('example.com', 'example.org'), text.slice(0, text.indexOf('\u2014'))])
      expect(note('open', VERIFIER, bad).status).toBe(1);
  });

  it('signs with our key, and makes the same bytes', () => {
    const text = checkpoint(kept.directory);
    const { status, stdout } = note('sign', SECRET, text.slice(0, text.indexOf('\n\n') + 1));
    expect([status, stdout]).toEqual([0, text]);
  });
});

describe('golang.org/x/mod/sumdb/tlog', () => {
  it('verifies the proofs of our records, and detects each that was changed, like our verifier', ({ task }) => {
    let checked = 0;
    for (const id of ['a', 'b', 'c'])
      for (const seq of [1, 2, 90, 180]) {
        const { file } = proveRecord(kept.directory, `${id}/${seq}`);
        const { status, stdout, stderr } = note('proof', VERIFIER, file);
        expect([status, stderr]).toEqual([0, '']);
        expect(JSON.parse(stdout)).toMatchObject({ seq, resource: { id } });
        const lines = file.split('\n');
        const swapped = lines
          .with(3, lines[4] ?? '')
          .with(4, lines[3] ?? '')
          .join('\n');
        const moved = file.replace(/\nindex (\d+)\n/, (_, index) => `\nindex ${Number(index) + 1}\n`);
        const other = lines.with(1, proveRecord(kept.directory, `${id}/3`).file.split('\n')[1] ?? '').join('\n');
        for (const bad of [swapped, moved, other]) {
          expect(note('proof', VERIFIER, bad).status).toBe(1);
          expect(verifyProof(Buffer.from(bad), { trust: parseTrust(TRUST) }).status).toBe('tampered');
          checked++;
        }
      }
    task.meta.said = `sumdb/tlog checks 12 proofs of records, and refuses ${checked} that were changed`;
  });

  it('reads the longest record that fits into a proof', async () => {
    const world = sealing();
    // Of the record itself, so that whole proofs lie on either side of 64 KiB.
    for (const length of [47_000, 48_300, 49_200]) await world.decide('long', { text: 'x'.repeat(length) });
    await sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock });
    const made = [1, 2, 3].map((seq) => proveRecord(world.directory, `long/${seq}`));
    expect(made.map(({ record }) => record === null)).toEqual([true, true, false]);
    for (const { file, record } of made) {
      expect(file.length).toBeLessThanOrEqual(65_536);
      if (record === null) expect(note('proof', VERIFIER, file).status).toBe(0);
    }
    await world.remove();
  });
});

describe('litewitness', () => {
  it('cosigns checkpoints of many sizes, even after some that it was not sent, and our verifier accepts them', async ({ task }) => {
    const witness = await startLitewitness(VERIFIER);
    const world = sealing();
    const sealed = (witnesses = [witness]) => sealFolder({ directory: world.directory, signer: world.signer, clock: world.clock, witnesses });
    const sizes: number[] = [];
    try {
      for (const [at, records] of [1, 0, 3, 120, 127, 1, 0, 255, 300].entries()) {
        for (let each = 0; each < records; each++) await world.decide(`r${each % 9}`);
        if (at % 3 === 1) await sealed([]);
        const { size, cosigned, notCosigned } = await sealed();
        expect([cosigned.map((each) => each.witness), notCosigned]).toEqual([['example.com/litewitness'], []]);
        const { status, witnessed } = verifyLedger({ directory: world.directory, trust: parseTrust(TRUST), witnesses: [witness.key] });
        expect([status, witnessed.map((each) => [each.witness, each.size])]).toEqual(['intact', [['example.com/litewitness', size]]]);
        sizes.push(size);
      }
      // Another history under the same name and key.
      const other = sealing();
      for (let at = 0; at < 9; at++) await other.decide('a');
      const behind = await sealFolder({ directory: other.directory, signer: other.signer, clock: other.clock, witnesses: [witness] });
      expect(behind.notCosigned).toMatchObject([{ message: `It has seen ${sizes.at(-1)} entries of this log, which has 10.` }]);
      for (let at = 0; at < 1000; at++) await other.decide('a');
      const forked = await sealFolder({ directory: other.directory, signer: other.signer, clock: other.clock, witnesses: [witness] });
      expect(forked.notCosigned).toMatchObject([{ message: expect.stringMatching(/^It answered 422/) }]);
      const named = await startLitewitness(generateKey('example.org/other').verifier);
      expect((await sealed([named])).notCosigned).toMatchObject([
        { message: 'It answered 403: unknown log.', next: expect.stringContaining('the origin and the public key of the ledger') },
      ]);
      await named.close();
      await other.remove();
    } finally {
      await world.remove();
      await witness.close();
    }
    task.meta.said = `litewitness cosigns checkpoints of ${sizes.join(', ')} entries, and none of another history`;
  });
});
