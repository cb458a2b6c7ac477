// Journals over a model of DynamoDB and S3, for tests.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, type Journal, type ResourceRef, resource, type StoredRecord } from '@redress/core';
import { verifyLedger } from '@redress/verify';
import { type AwsJournalOptions, awsJournal, exportJournal } from '../../src/aws.js';
import type { Clients } from './emulator.js';

/** A table and a bucket: those of the model, or of a server. */
export interface World {
  readonly table: string;
  readonly bucket: string;
  readonly clients: Clients;
}

/** The same runs each time. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const ref = (id = 'a'): ResourceRef => resource({ type: 'AWS::S3::Bucket', id, account: '111111111111', region: 'us-east-1' });
export const HOUR = 3_600_000;

/** Milliseconds. It waits for as long as it takes: how fast a machine is, is not what is judged. A mutant that never comes to its end does not. */
const PATIENCE = 'REDRESS_MUTATE' in process.env ? 5000 : Number.POSITIVE_INFINITY;
export function opened({ table, bucket, clients }: World, more: Partial<AwsJournalOptions> = {}): Journal {
  return awsJournal({ table, bucket, clients, patience: PATIENCE, ...more });
}

export const request = (id: string, more: object = {}) => ({
  resource: ref(id),
  remediator: 'r',
  planDigest: digestOf(1),
  generation: 0,
  budgets: [],
  lease: 60_000,
  body: {},
  documents: { before: { id }, plan: { fix: id }, observation: { id, tags: {} } },
  ...more,
});

export async function all(journal: Journal): Promise<StoredRecord[]> {
  const found: StoredRecord[] = [];
  for await (const each of journal.read({ all: true })) found.push(each);
  return found;
}

/** What an auditor finds who has only a copy. */
export async function verified({ table, bucket, clients }: World) {
  const directory = mkdtempSync(join(tmpdir(), 'redress-aws-'));
  const { cut } = await exportJournal({ table, bucket, clients, directory });
  const report = verifyLedger({ directory });
  rmSync(directory, { recursive: true });
  return { cut, tampered: report.findings.filter((each) => each.severity === 'tampered' || each.code === 'missing-document'), report };
}
