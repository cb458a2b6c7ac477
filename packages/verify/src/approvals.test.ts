// The verifier's own implementation of approvals agrees with that of the journal, which lets nothing begin without one.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, digestOf, type JsonObject, resource, streamOf } from '@redress/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyLedger } from './index.js';

const ref = resource({ type: 'AWS::S3::Bucket', id: 'a', account: '111111111111', region: 'us-east-1' });
const START = Date.parse('2026-11-24T10:00:00Z');
const PLAN = digestOf({ plan: 1 });
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-approvals-'));
  mkdirSync(join(directory, 'blobs'));
  writeFileSync(join(directory, 'FORMAT'), 'redress-evidence/1\n');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

type Fields = { kind: string; execution?: string; remediator?: string; body: JsonObject };
/** The findings of a stream of consecutive records: code and number. */
function found(...records: Fields[]): [string, number | null][] {
  const stream = streamOf(ref);
  let prev: string | null = null;
  const lines = records.map(({ kind, execution = null, remediator = 'r', body }, at) => {
    const time = new Date(START + at * 1000).toISOString();
    const json = canonicalJson({ v: 1, stream, seq: at + 1, prev, time, kind, execution, resource: ref, remediator, body, blobs: {} });
    prev = `sha256:${createHash('sha256').update(json).digest('hex')}`;
    return `${prev} ${json}\n`;
  });
  mkdirSync(join(directory, 'streams', stream.slice(7, 9)), { recursive: true });
  writeFileSync(join(directory, 'streams', stream.slice(7, 9), `${stream.slice(7)}.jsonl`), lines.join(''));
  return verifyLedger({ directory })
    .findings.filter(({ code }) => code !== 'open-execution')
    .map(({ code, seq }) => [code, seq]);
}

const asks = (id: string, more: JsonObject = {}): Fields => ({
  kind: 'decision',
  body: { approval: { id, planDigest: PLAN, expires: START + 3_600_000, discharges: [], fresh: false, ...more } },
});
const announces = (id: string, more: JsonObject = {}) => asks(id, { grace: { period: 1000, remind: [] }, ...more });
const answers = (id: string, verdict: string): Fields => ({ kind: 'approval', body: { approval: { id, verdict, by: { name: 'dana' } } } });
const ends = (id: string): Fields => ({ kind: 'approval', body: { approval: { id, ended: 'the gap is gone' } } });
let fence = 0;
const begins = (execution: string, approval: string, planDigest: string = PLAN): Fields => ({
  ...{ kind: 'intent', execution },
  body: { journal: { fence: ++fence, leaseUntil: START, planDigest, budgets: [], approval } },
});
const finishes = (execution: string, sent = 1): Fields => ({ kind: 'outcome', execution, body: { journal: { fence, sent, outcome: 'remediated' } } });

describe('an execution that relies on an approval', () => {
  it.each<[string, () => Fields[]]>([
    ['which was given', () => [asks('a-1'), answers('a-1', 'approved'), begins('x-1', 'a-1'), finishes('x-1')]],
    ['which changed nothing the first time', () => [asks('a-1'), answers('a-1', 'approved'), begins('x-1', 'a-1'), finishes('x-1', 0), begins('x-2', 'a-1')]],
    ['which was announced, and not denied', () => [announces('a-1'), begins('x-1', 'a-1')]],
    ['which was requested twice', () => [asks('a-1'), asks('a-1'), answers('a-1', 'approved'), begins('x-1', 'a-1')]],
    ['that was valid already when it was announced again', () => [announces('a-1'), announces('a-2'), begins('x-1', 'a-1')]],
  ])('%s is valid', (_name, records) => {
    expect(found(...records())).toEqual([]);
  });

  it.each<[string, () => Fields[], number]>([
    ['which does not exist', () => [begins('x-1', 'a-1')], 1],
    ['which nobody gave', () => [asks('a-1'), begins('x-1', 'a-1')], 2],
    ['which was denied', () => [asks('a-1'), answers('a-1', 'denied'), begins('x-1', 'a-1')], 3],
    ['which was denied before it was approved', () => [asks('a-1'), answers('a-1', 'denied'), answers('a-1', 'approved'), begins('x-1', 'a-1')], 4],
    ['which is of another plan', () => [asks('a-1'), answers('a-1', 'approved'), begins('x-1', 'a-1', digestOf({ plan: 2 }))], 3],
    ['which is of another remediator', () => [asks('a-1'), answers('a-1', 'approved'), { ...begins('x-1', 'a-1'), remediator: 'q' }], 3],
    ['which was used', () => [asks('a-1'), answers('a-1', 'approved'), begins('x-1', 'a-1'), finishes('x-1'), begins('x-2', 'a-1')], 5],
    ['whose announcement was ended', () => [announces('a-1'), ends('a-1'), begins('x-1', 'a-1')], 3],
    ['whose announcement is another one', () => [announces('a-1'), announces('a-2'), begins('x-1', 'a-2')], 3],
  ])('%s is found, and the rest of its stream is read', (_name, records, seq) => {
    expect(found(...records(), { kind: 'decision', body: {} })).toEqual([['no-approval', seq]]);
  });
});
