/**
 * The cost of a page of the console over a large ledger, through the command and HTTP: `node bench/console.ts [--records N] [--fixes N] [--rounds N]
 * [--json]`.
 *
 * Time is from the request to the last byte of the response. CPU time is that of all threads meanwhile, including the client. The first page is the first
 * one that a browser gets after login. Filters are those of the page of fixes, over all records. Each runs once a round. The result is the slowest filter,
 * by its median over the rounds. *News* is the first page after a new record, when open gaps have to be computed again.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type RunOverrides, run } from '@redress/cli';
import { resource } from '@redress/core';
import { folderJournal, generateKey, sealFolder, signerOf } from '@redress/evidence';
import { makeLedger } from './support/ledger.ts';
import { toLine } from './support/report.ts';

const FILTERS = ['outcome=remediated', 'resource=sg-7', 'since=2026-08-01', 'actor=user%2Fbob', 'ticket=CHG-1', 'outcome=notified&page=40'];
const PAGES = ['/', '/gaps', '/fixes', '/health', '/approvals'];
/** The connection is only used to identify the caller. */
const connect: NonNullable<RunOverrides['connect']> = async () => ({
  config: {},
  identity: async () => ({ account: '111111111111', arn: 'arn:aws:sts::111111111111:assumed-role/Lead/bench' }),
});

interface Reply {
  readonly ms: number;
  /** CPU time of all threads, in milliseconds. */
  readonly cpu: number;
  readonly status: number;
  readonly bytes: number;
  /** The version of the page: it grows when something is recorded. */
  readonly version: string;
  readonly cookie: string;
}

function ask(url: string, cookie = ''): Promise<Reply> {
  const started = performance.now();
  const used = process.cpuUsage();
  return new Promise((resolve, reject) => {
    get(url, { headers: { cookie }, agent: false }, (reply) => {
      let [bytes, first] = [0, ''];
      reply.on('data', (chunk: Buffer) => {
        if (bytes === 0) first = chunk.toString();
        bytes += chunk.length;
      });
      reply.on('end', () => {
        const { user, system } = process.cpuUsage(used);
        resolve({
          ms: performance.now() - started,
          cpu: (user + system) / 1000,
          status: reply.statusCode ?? 0,
          bytes,
          version: /data-version="(\d+)"/.exec(first)?.[1] ?? '',
          cookie: String(reply.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '',
        });
      });
    }).on('error', reject);
  });
}

function optionOf(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  const value = at < 0 ? otherwise : Number(process.argv[at + 1]);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} takes a number.`);
  return value;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

interface Time {
  readonly ms: number;
  readonly cpu: number;
}

const line = ({ ms, cpu }: Time) => `${ms.toFixed(1).padStart(8)} ms ${cpu.toFixed(1).padStart(8)} ms CPU`;

/** Records something, and requests a page until it includes that. */
async function afterNews(directory: string, round: number, page: () => Promise<Reply>): Promise<Reply> {
  const { version } = await page();
  const journal = folderJournal({ directory });
  const ref = resource({ type: 'AWS::EC2::SecurityGroup', id: `sg-new-${round}`, account: '111111111111', region: 'us-east-1' });
  const body = { outcome: 'notified', message: 'open', gap: { key: 'g', state: 's', subjects: [] } };
  await journal.append({ kind: 'decision', resource: ref, remediator: 'remediator-1', body });
  await journal.close?.();
  for (;;) {
    const reply = await page();
    if (reply.version !== version) return reply;
    await setTimeout(50);
  }
}

/** A console over the folder, and requests to it. */
async function withConsole<T>(directory: string, work: (url: string, start: Time) => Promise<T>): Promise<T> {
  const end = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  const started = performance.now();
  const used = process.cpuUsage();
  let out = '';
  const stdout = (text: string) => {
    out += text;
    const url = /http:\/\/\S+token=\S+/.exec(out)?.[0];
    if (url !== undefined) resolve(url);
  };
  const io = { stdout, stderr: () => undefined, stdinChunks: async function* () {}, color: false, cwd: directory, env: {}, user: 'bench' };
  const ended = run(['console'], io, { connect, signal: end.signal });
  const url = await Promise.race([promise, ended.then((exit) => Promise.reject(new Error(`The console ended with ${exit}.`)))]);
  try {
    const { user, system } = process.cpuUsage(used);
    return await work(url, { ms: performance.now() - started, cpu: (user + system) / 1000 });
  } finally {
    end.abort();
    await ended;
  }
}

const [records, fixes, rounds] = [optionOf('--records', 100_000), optionOf('--fixes', 2_000), optionOf('--rounds', 5)];
const folder = mkdtempSync(join(tmpdir(), 'redress-bench-'));
try {
  const data = join(folder, '.redress');
  mkdirSync(data);
  await makeLedger(data, records, fixes);
  // The verifier needs the most time for sealed records.
  await sealFolder({ directory: data, signer: signerOf(generateKey('example.com/bench').secret) });
  writeFileSync(join(folder, 'redress.yaml'), 'version: 1\n');
  const measured = await withConsole(folder, async (url, start) => {
    const { origin } = new URL(url);
    const { cookie, status } = await ask(url);
    if (status !== 303) throw new Error(`It lets nobody in: ${status}`);
    const page = async (path: string) => {
      const reply = await ask(`${origin}${path}`, cookie);
      if (reply.status !== 200) throw new Error(`${path} answers ${reply.status}`);
      return reply;
    };
    const first = await page('/');
    const replies = new Map<string, Reply[]>();
    for (let round = 0; round < rounds; round++)
      for (const path of [...PAGES, ...FILTERS.map((each) => `/fixes?show=everything&${each}`)])
        replies.set(path, [...(replies.get(path) ?? []), await page(path)]);
    const news: Reply[] = [];
    for (let round = 0; round < rounds; round++) news.push(await afterNews(data, round, () => page('/')));
    // By wall-clock and by CPU time, each by its median; the slowest path of each.
    const slowest = (of: (path: string) => boolean) => {
      const own = [...replies].filter(([path]) => of(path)).map(([, each]) => each);
      const most = (what: 'ms' | 'cpu') => Math.max(...own.map((each) => median(each.map((reply) => reply[what]))));
      return { ms: most('ms'), cpu: most('cpu') };
    };
    const { heapUsed, rss } = process.memoryUsage();
    return {
      start,
      times: {
        first,
        page: slowest((path) => !path.includes('?')),
        filter: slowest((path) => path.includes('?')),
        news: { ms: median(news.map(({ ms }) => ms)), cpu: median(news.map(({ cpu }) => cpu)) },
      },
      largest: Math.max(...[...replies.values()].flat().map(({ bytes }) => bytes)) / 1e6,
      heap: heapUsed / 1e6,
      rss: rss / 1e6,
    };
  });
  const { start, times, largest, heap, rss } = measured;
  if (process.argv.includes('--json'))
    console.log(
      toLine({
        name: 'console',
        results: [
          { name: 'records', value: records, unit: '' },
          { name: 'fixes', value: fixes, unit: '' },
          { name: 'start.time', value: start.ms, unit: 'ms' },
          { name: 'start.cpu', value: start.cpu, unit: 'ms' },
          ...Object.entries(times).flatMap(([name, { ms, cpu }]) => [
            { name: `${name}.time`, value: ms, unit: 'ms' },
            { name: `${name}.cpu`, value: cpu, unit: 'ms' },
          ]),
          { name: 'page.size', value: largest, unit: 'MB' },
          { name: 'memory', value: rss, unit: 'MB' },
        ],
        ratios: [],
      }),
    );
  else {
    const goals: Readonly<Record<string, number>> = { first: 200, filter: 100 };
    const what: Readonly<Record<string, string>> = {
      page: `the slowest of ${PAGES.length}; the largest has ${largest.toFixed(1)} MB`,
      filter: `the slowest of ${FILTERS.length}`,
      news: 'the first page after a record has come',
    };
    console.log(`${records} records, ${fixes} fixes, ${rounds} rounds; Node ${process.version}`);
    console.log(`start    ${line(start)}; until its address is printed; ${rss.toFixed(0)} MB, ${heap.toFixed(0)} MB of it in use`);
    for (const [name, time] of Object.entries(times)) {
      const goal = goals[name];
      const verdict = goal === undefined ? [] : [`${goal} ms: ${time.ms <= goal ? 'met' : time.cpu <= goal ? 'met by CPU time alone' : 'NOT met'}`];
      console.log([`${name.padEnd(8)} ${line(time)}`, ...(what[name] === undefined ? [] : [what[name]]), ...verdict].join('; '));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
