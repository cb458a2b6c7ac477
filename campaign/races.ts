// Concurrency: workers in one process, and processes on one journal in a folder. Changes are counted in the account, not by what workers report.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedress, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { awsJournal } from '@redress/evidence/aws';
import { type Gap, journalProblems, simulatedAccount, virtualClock } from '@redress/testing';
import { verifyLedger } from '@redress/verify';
import { Model } from '../packages/evidence/test/support/model.ts';
import { enforcing, makers, writing } from './world.ts';

/** The result of a race. */
export interface Race {
  readonly name: string;
  readonly workers: number;
  /** Executions that changed something, beyond the limit. */
  readonly overshoot: number;
  /** Changes of one gap, beyond the first. */
  readonly doubled: number;
  /** Streams with an invalid chain, and executions without an outcome. */
  readonly forks: number;
  readonly changes: number;
  readonly problems: readonly string[];
}

const SSH = writing.find((each) => each.id === 'ec2-revoke-sg-open-ssh') as Remediator;
const makeGap = makers[SSH.id] as NonNullable<(typeof makers)[string]>;

/** Runs this many workers in one process: each on its own event, and all on one. With `aws` each has its own journal, on one model of DynamoDB and S3. */
async function inProcess(workers: number, resources: number, limit: number, aws = false): Promise<Race> {
  const clock = virtualClock();
  const account = simulatedAccount({ clock, turn: () => new Promise((resolve) => setImmediate(resolve)) });
  const gaps = Array.from({ length: resources }, (_, index) => makeGap(account, `gap-${index}`));
  const events = gaps.map((gap) => gap.open(clock.now()));
  clock.time += 120_000;
  const model = new Model('journal', 'evidence', { lag: 20, throttled: 0.01 });
  const memory = memoryJournal({ clock });
  const open = () => (aws ? awsJournal({ table: model.table, bucket: model.bucket, clients: model.clients, clock, patience: 120_000 }) : memory);
  const engine = () =>
    createRedress({
      remediators: [SSH],
      policy: enforcing([SSH], { limits: [{ per: ['account'], changes: limit, window: 'PT1H' }] }),
      journal: open(),
      connect: account.connect,
      clock,
    });
  const runs = Array.from({ length: workers }, (_, index) => engine().handle(events[index % resources]));
  const results = await Promise.allSettled(runs);
  const problems = [...(await journalProblems(open())), ...results.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []))];
  return count(
    `${workers} workers in one process${aws ? ', a journal on AWS each' : ''}, ${resources === 1 ? 'one gap' : `${resources} gaps`}, limit ${limit}`,
    workers,
    limit,
    gaps,
    account.calls,
    problems,
  );
}

function count(
  name: string,
  workers: number,
  limit: number,
  gaps: readonly Gap[],
  calls: readonly { readonly write: boolean; readonly effective: boolean; readonly input: unknown }[],
  problems: readonly string[],
): Race {
  const changed = new Map<string, number>();
  for (const call of calls)
    if (call.write && call.effective) {
      const id = String((call.input as { GroupId?: string }).GroupId);
      changed.set(id, (changed.get(id) ?? 0) + 1);
    }
  const changes = [...changed.values()].reduce((sum, each) => sum + each, 0);
  const expected = Math.min(limit, gaps.length);
  const missing = changes < expected ? [`${changes} changes, ${expected} were allowed and asked for`] : [];
  return {
    name,
    workers,
    overshoot: Math.max(0, changed.size - limit),
    doubled: [...changed.values()].reduce((sum, each) => sum + each - 1, 0),
    forks: problems.length,
    changes,
    problems: [...problems, ...missing],
  };
}

/** Runs this many processes, each with its own journal object on one folder. */
async function processes(workers: number, resources: number, limit: number): Promise<Race> {
  const directory = mkdtempSync(join(tmpdir(), 'redress-races-'));
  const clock = virtualClock();
  // Workers use the machine's clock.
  clock.time = Date.now() - 120_000;
  const account = simulatedAccount({ clock });
  const gaps = Array.from({ length: resources }, (_, index) => makeGap(account, `gap-${index}`));
  const events = gaps.map((gap) => Buffer.from(JSON.stringify(gap.open(clock.now()))).toString('base64'));
  const calls: { write: boolean; effective: boolean; input: unknown }[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      const answer = (value: object) => response.end(JSON.stringify(value));
      const { ready, service, operation, input } = JSON.parse(text) as { ready?: number; service: string; operation: string; input: object };
      if (ready !== undefined) {
        waiting.push(() => answer({}));
        if (waiting.length === workers) for (const go of waiting) go();
        return;
      }
      const write = !/^(?:Describe|Get|List)/.test(operation);
      try {
        const value = account.act(service, operation, input);
        calls.push({ write, effective: write, input });
        answer({ value });
      } catch (error) {
        const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
        calls.push({ write, effective: false, input });
        answer({ error: { name, status: $metadata?.httpStatusCode } });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const children: ChildProcess[] = [];
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const problems: string[] = [];
    await Promise.all(
      Array.from({ length: workers }, (_, index) => {
        // Each begins with a different one, so that they meet everywhere.
        const order = [...events.slice(index % resources), ...events.slice(0, index % resources)];
        const child = spawn(process.execPath, [join(import.meta.dirname, 'race-worker.ts'), directory, endpoint, String(limit), ...order], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        children.push(child);
        return new Promise<void>((resolve) => {
          let said = '';
          child.stderr?.on('data', (data) => (said += String(data)));
          child.once('exit', (code) => {
            if (code !== 0) problems.push(`worker ${index} ended with ${code ?? 'a signal'}: ${said.slice(-300)}`);
            resolve();
          });
        });
      }),
    );
    const verified = verifyLedger({ directory });
    // A worker that was too late has stored a document that no record names.
    const wrong = verified.findings.filter(({ code }) => code !== 'unused-document');
    if (wrong.length > 0) problems.push(`the evidence does not hold: ${JSON.stringify(wrong).slice(0, 300)}`);
    return count(`${workers} processes on one journal, ${resources} gaps, limit ${limit}`, workers, limit, gaps, calls, problems);
  } finally {
    for (const child of children) child.kill();
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs every race; `processes` is the number of processes. */
export async function races(options: { readonly workers: number; readonly processes: number }): Promise<readonly Race[]> {
  return [
    await inProcess(options.workers, 1, 1000),
    await inProcess(options.workers, Math.ceil(options.workers / 4), 10),
    await inProcess(options.workers, options.workers, 1000),
    await inProcess(options.workers, Math.ceil(options.workers / 4), 10, true),
    await inProcess(options.workers, options.workers, 1000, true),
    await processes(options.processes, 3, 1000),
    await processes(options.processes, 6, 4),
  ];
}
