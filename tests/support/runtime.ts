// The code that Lambda would run, in front of an emulator whose calls are counted on the wire.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  definePolicy,
  defineRegister,
  type JsonObject,
  type Mode,
  type PolicyInput,
  type RegisterInput,
  type Remediator,
  type ResourceRef,
  type StoredRecord,
} from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { type BatchResponse, createHandler, type Handler, type HandlerOptions } from '@redress/lambda-runtime';
import { fakeClock, type RecordingProxy, recordingProxy, testConnect, type WireCall } from '@redress/testing';
import { type VerifyReport, verifyLedger } from '@redress/verify';
import { captureLog, type LogLine } from './lambda-log.ts';
import { ACCOUNT, OTHER, type Situation } from './situations.ts';

const CONTEXT = { awsRequestId: 'test', getRemainingTimeInMillis: () => 300_000 };

/** The result of a run. */
export interface Ran {
  readonly failures: BatchResponse['batchItemFailures'];
  /** Calls to AWS of this run. */
  readonly wire: readonly WireCall[];
  readonly writes: readonly WireCall[];
}

/** A journal in a folder, a proxy, and handlers on both. */
export interface Runtime {
  /** A handler as in its own sandbox: it shares only the journal with the others. */
  handler(of: Composition): Handler;
  /** Events as messages of a queue. */
  deliver(handler: Handler, events: readonly unknown[]): Promise<Ran>;
  /** All calls so far, in the order of arrival. */
  readonly wire: readonly WireCall[];
  /** The log so far. */
  readonly log: readonly LogLine[];
  records(resource: ResourceRef): Promise<readonly StoredRecord[]>;
  verify(): VerifyReport;
  close(): Promise<void>;
}

/** The composition for a test. */
export interface Composition {
  readonly remediators: readonly Remediator[];
  readonly policy: PolicyInput;
  readonly exceptions?: RegisterInput;
  readonly sweep?: HandlerOptions['sweep'];
}

/** A policy under which a situation is fixed; `changes` can make it hold back. */
export function enforced({ remediator, parameters }: Situation, over: { mode?: Mode; parameters?: JsonObject; policy?: object } = {}): Composition {
  const given = over.parameters ?? parameters;
  return {
    remediators: [remediator],
    policy: {
      version: 1,
      environments: { dev: { accounts: [ACCOUNT, OTHER] } },
      remediators: { [remediator.id]: { dev: over.mode ?? 'enforce', ...(given === undefined ? {} : { parameters: given }) } },
      limits: [{ per: ['run'], changes: 1000 }],
      ...over.policy,
    },
  };
}

export async function startRuntime(endpoint: string): Promise<Runtime> {
  const directory = mkdtempSync(join(tmpdir(), 'redress-runtime-'));
  const proxy: RecordingProxy = await recordingProxy(endpoint);
  const journals: ReturnType<typeof folderJournal>[] = [];
  const journal = () => {
    const made = folderJournal({ directory, clock });
    journals.push(made);
    return made;
  };
  // New resources have to settle first, which takes no time here.
  const clock = fakeClock();
  const log = captureLog();
  let message = 0;
  return {
    handler: ({ remediators, policy, exceptions, sweep }) =>
      createHandler({
        remediators,
        policy: definePolicy(policy),
        ...(exceptions === undefined ? {} : { exceptions: defineRegister(exceptions) }),
        ...(sweep === undefined ? {} : { sweep }),
        journal: journal(),
        clock,
        connect: testConnect({ endpoint: proxy.endpoint, identityEndpoint: endpoint }),
      }),
    async deliver(handler, events) {
      const from = proxy.calls.length;
      const Records = events.map((event) => ({
        messageId: `m-${++message}`,
        eventSource: 'aws:sqs' as const,
        eventSourceARN: `arn:aws:sqs:eu-west-1:${ACCOUNT}:redress`,
        body: JSON.stringify(event),
      }));
      const answer = (await handler({ Records }, CONTEXT)) as BatchResponse;
      const wire = proxy.calls.slice(from);
      return { failures: answer.batchItemFailures, wire, writes: wire.filter((call) => call.write) };
    },
    wire: proxy.calls,
    get log() {
      return log.lines;
    },
    async records(resource) {
      const found: StoredRecord[] = [];
      const reader = folderJournal({ directory });
      try {
        for await (const record of reader.read({ resource })) found.push(record);
      } finally {
        await reader.close?.();
      }
      return found;
    },
    verify: () => verifyLedger({ directory }),
    async close() {
      await Promise.all(journals.map((each) => each.close?.()));
      await proxy.close();
      rmSync(directory, { recursive: true, force: true });
      log.end();
    },
  };
}

/** Outcomes of decisions and executions, in order. */
export const outcomes = (records: readonly StoredRecord[]): readonly string[] =>
  records.flatMap(({ record }) => {
    if (record.kind === 'decision') return [String(record.body['outcome'])];
    return record.kind === 'outcome' ? [String((record.body['journal'] as JsonObject)['outcome'])] : [];
  });
