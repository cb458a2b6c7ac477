/**
 * What a page of the console costs over a large ledger, by the command and over HTTP: `node bench/console.ts [--records N] [--fixes N] [--rounds N] [--json]`.
 *
 * Time is from the request to the last byte of its answer. The first page is the first that a browser gets after it was let in. Filters are those of
 * the page of fixes, over everything that is recorded; each is asked for once a round, and the slowest counts, by its median over the rounds.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunOverrides, run } from '@redress/cli';
import { makeLedger } from './support/ledger.ts';
import { toLine } from './support/report.ts';

const FILTERS = ['outcome=remediated', 'resource=sg-7', 'since=2026-08-01', 'actor=user%2Fbob', 'ticket=CHG-1', 'outcome=notified&page=40'];
const PAGES = ['/', '/gaps', '/fixes', '/health', '/approvals'];
/** The connection is not asked for anything but who answers. */
const connect: NonNullable<RunOverrides['connect']> = async () => ({
  config: {},
  identity: async () => ({ account: '111111111111', arn: 'arn:aws:sts::111111111111:assumed-role/Lead/bench' }),
});

interface Reply {
  readonly ms: number;
  readonly status: number;
  readonly bytes: number;
  readonly cookie: string;
}

function ask(url: string, cookie = ''): Promise<Reply> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { headers: { cookie } }, (reply) => {
      let bytes = 0;
      reply.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      reply.on('end', () =>
        resolve({
          ms: performance.now() - started,
          status: reply.statusCode ?? 0,
          bytes,
          cookie: String(reply.headers['set-cookie']?.[0] ?? '').split(';')[0] ?? '',
        }),
      );
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

/** A console over the folder, and work with it. */
async function withConsole<T>(directory: string, work: (url: string, start: number) => Promise<T>): Promise<T> {
  const end = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  const started = performance.now();
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
    return await work(url, performance.now() - started);
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
    const first = (await page('/')).ms;
    const times = new Map<string, number[]>();
    let largest = 0;
    for (let round = 0; round < rounds; round++)
      for (const path of [...PAGES, ...FILTERS.map((each) => `/fixes?show=everything&${each}`)]) {
        const { ms, bytes } = await page(path);
        times.set(path, [...(times.get(path) ?? []), ms]);
        largest = Math.max(largest, bytes);
      }
    const slowest = (of: (path: string) => boolean) => Math.max(...[...times].filter(([path]) => of(path)).map(([, each]) => median(each)));
    const { heapUsed, rss } = process.memoryUsage();
    return {
      start,
      first,
      page: slowest((path) => !path.includes('?')),
      filter: slowest((path) => path.includes('?')),
      largest: largest / 1e6,
      heap: heapUsed / 1e6,
      rss: rss / 1e6,
    };
  });
  if (process.argv.includes('--json'))
    console.log(
      toLine({
        name: 'console',
        results: [
          { name: 'records', value: records, unit: '' },
          { name: 'fixes', value: fixes, unit: '' },
          { name: 'start.time', value: measured.start, unit: 'ms' },
          { name: 'first.time', value: measured.first, unit: 'ms' },
          { name: 'page.time', value: measured.page, unit: 'ms' },
          { name: 'page.size', value: measured.largest, unit: 'MB' },
          { name: 'filter.time', value: measured.filter, unit: 'ms' },
          { name: 'memory', value: measured.rss, unit: 'MB' },
        ],
        ratios: [],
      }),
    );
  else {
    const met = (is: boolean) => (is ? 'met' : 'NOT met');
    console.log(`${records} records, ${fixes} fixes, ${rounds} rounds; Node ${process.version}`);
    console.log(
      `start    ${measured.start.toFixed(0).padStart(8)} ms, until its address is printed; ${measured.rss.toFixed(0)} MB, ${measured.heap.toFixed(0)} MB of it in use`,
    );
    console.log(`first    ${measured.first.toFixed(1).padStart(8)} ms; 200 ms: ${met(measured.first <= 200)}`);
    console.log(`page     ${measured.page.toFixed(1).padStart(8)} ms, the slowest of ${PAGES.length}; the largest has ${measured.largest.toFixed(1)} MB`);
    console.log(`filter   ${measured.filter.toFixed(1).padStart(8)} ms, the slowest of ${FILTERS.length}; 100 ms: ${met(measured.filter <= 100)}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
