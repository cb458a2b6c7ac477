// What is built, in threads: it finds what one thread finds, in the same order.
import { getEventListeners } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, digestText, resource, streamOf } from '@redress/core';
import { sealFolder, signerOf } from '@redress/evidence';
import { parseTrust, verifyLedger } from '@redress/verify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TRUST } from '../../evidence/test/support/ledgers.js';
import { SECRET } from '../../evidence/test/support/sealing.js';

const trust = parseTrust(TRUST);
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-threads-'));
  writeFileSync(join(directory, 'FORMAT'), 'redress-evidence/1\n');
  mkdirSync(join(directory, 'blobs'));
  // Large enough for threads: 36 MB in 60 streams.
  for (let id = 0; id < 60; id++) {
    const ref = resource({ type: 'AWS::S3::Bucket', id: `b-${id}`, account: '111111111111', region: 'us-east-1' });
    const stream = streamOf(ref);
    let prev: string | null = null;
    let lines = '';
    for (let seq = 1; seq <= 20; seq++) {
      const time = new Date(Date.UTC(2026, 0, 2) + seq * 60_000 + id).toISOString();
      const body = { text: String(seq).padEnd(30_000, 'x') };
      const json = canonicalJson({ v: 1, stream, seq, prev, time, kind: 'decision', execution: null, resource: ref, remediator: 'r', body, blobs: {} });
      prev = digestText(json);
      lines += `${prev} ${json}\n`;
    }
    mkdirSync(join(directory, 'streams', stream.slice(7, 9)), { recursive: true });
    writeFileSync(join(directory, 'streams', stream.slice(7, 9), `${stream.slice(7)}.jsonl`), lines);
  }
  await sealFolder({ directory, signer: signerOf(SECRET), clock: { now: () => Date.UTC(2026, 0, 3) } });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('a ledger is verified in threads like in one', async () => {
  const built = (await import(new URL('../dist/index.js', import.meta.url).href)) as typeof import('@redress/verify');
  expect(await built.verifyLargeLedger({ directory, trust }, 3)).toMatchObject({ status: 'intact', findings: [], records: 1200, streams: 60 });
  const streams = readdirSync(join(directory, 'streams'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'));
  for (const file of [
    ...streams.slice(3, 40).map((name) => join('streams', name)),
    join('ledger', 'tile', 'entries', '001'),
    join('ledger', 'tile', '0', '003'),
  ]) {
    const bytes = readFileSync(join(directory, file));
    bytes[5000] = (bytes[5000] as number) ^ 1;
    writeFileSync(join(directory, file), bytes);
  }
  const alone = verifyLedger({ directory, trust });
  expect(alone.findings.length).toBeGreaterThan(38);
  expect(await built.verifyLargeLedger({ directory, trust }, 3)).toEqual(alone);
  expect(await built.verifyLargeLedger({ directory, trust }, 1)).toEqual(alone);
  // In a thread of its own, while this one goes on.
  const end = new AbortController();
  let turns = 0;
  const turning = setInterval(() => turns++, 1);
  expect(await built.verifyLedgerAside({ directory, trust }, end.signal)).toEqual(alone);
  clearInterval(turning);
  // Who asks again and again with one signal does not gather what listens to it.
  expect(getEventListeners(end.signal, 'abort')).toEqual([]);
  expect(turns).toBeGreaterThan(2);
  await expect(built.verifyLedgerAside({ directory: join(directory, 'nowhere'), trust }, end.signal)).rejects.toMatchObject({ name: 'UsageError' });
  const ended = built.verifyLedgerAside({ directory, trust }, end.signal);
  end.abort();
  await expect(ended).rejects.toThrow('A thread has ended');
});
