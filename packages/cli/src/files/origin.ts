import { isAccountId, isRecord, isRegion } from '@redress/core';
import { CliError } from '../errors.js';
import type { Document } from './documents.js';

/** An account and a region. */
export interface Origin {
  readonly account: string;
  readonly region: string;
}

/**
 * `--from ACCOUNT` or `--from ACCOUNT/REGION`; null when it is not given.
 *
 * @throws {CliError} `cli/usage`
 */
export function originOf(text: string | undefined, region: string): Origin | null {
  if (text === undefined) return null;
  const [account = '', own = region, ...more] = text.split('/');
  if (!isAccountId(account) || !isRegion(own) || more.length > 0)
    throw new CliError('cli/usage', `--from ${JSON.stringify(text)} is not an account and a region.`, { next: 'For example: --from 111111111111/eu-west-1' });
  return { account, region: own };
}

/**
 * Documents in which compliance details say where they are from. AWS Config answers them for the account and the region that it is asked in, and
 * names neither; its aggregators do. They are written as an aggregator would. `origin` is asked once, when it is needed; without one they stay as
 * they are.
 */
export async function* withOrigin(documents: AsyncIterable<Document>, origin: (file: string) => Promise<Origin | null>): AsyncGenerator<Document> {
  let known: Promise<Origin | null> | null = null;
  for await (const document of documents) {
    if (!lacksOrigin(document.value)) {
      yield document;
      continue;
    }
    known ??= origin(document.file);
    const from = await known;
    yield from === null ? document : { ...document, value: placed(document.value, from) };
  }
}

function isResult(value: unknown): boolean {
  return isRecord(value) && isRecord(value['EvaluationResultIdentifier']) && value['AccountId'] === undefined;
}

function lacksOrigin(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(lacksOrigin);
  if (isResult(value)) return true;
  return isRecord(value) && Array.isArray(value['EvaluationResults']) && value['EvaluationResults'].some(isResult);
}

function placed(value: unknown, origin: Origin): unknown {
  if (Array.isArray(value)) return value.map((each) => placed(each, origin));
  if (isRecord(value) && isResult(value)) return { ...value, AccountId: origin.account, AwsRegion: origin.region };
  if (!isRecord(value) || !Array.isArray(value['EvaluationResults'])) return value;
  return { ...value, EvaluationResults: placed(value['EvaluationResults'], origin) };
}
