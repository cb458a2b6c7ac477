// The server: on this machine alone, for the browser of whoever has started it.
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { messageOf, RedressError } from '@redress/core';
import { Access } from './access.js';
import { consoleApp } from './app.js';
import { LiveJournal } from './live.js';
import type { ApprovalDesk, Approver, HealthFact, Knowledge, RecordSource } from './ports.js';

/** What {@link startConsole} takes. */
export interface ConsoleOptions {
  readonly source: RecordSource;
  readonly desk: ApprovalDesk;
  readonly knowledge: Knowledge;
  /** Who answers, as the connection says it; throws where nobody is known, and then nobody can answer. */
  readonly approver: () => Promise<Approver>;
  /** What is known of Redress itself besides what records say; default: nothing. */
  readonly health?: () => Promise<readonly HealthFact[]>;
  /** Where it listens, on 127.0.0.1; 0 (the default) is any free port. */
  readonly port?: number;
  /** Epoch milliseconds; default: the clock of this machine. */
  readonly now?: () => number;
  /** Hears of what nobody foresaw. */
  readonly onWarning?: (message: string, error: unknown) => void;
}

/** A console that runs. */
export interface RunningConsole {
  /** Lets a browser in, once. */
  readonly url: string;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Looks for what is new now, and says whether there was anything. */
  refresh(): Promise<boolean>;
  /** Ends it, when answers that were begun are carried out. */
  close(): Promise<void>;
}

/** No other: whoever can reach the port could try. */
const LOOPBACK = '127.0.0.1';

/**
 * Reads the records, and serves the pages on 127.0.0.1.
 *
 * @example const running = await startConsole({ source: folderSource('.redress'), desk, knowledge, approver }); console.log(running.url);
 * @throws {RedressError} `compose/invalid` where the port cannot be listened on
 */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const { now = Date.now, source, onWarning = () => undefined } = options;
  const live = new LiveJournal(source, options.knowledge, now);
  const access = new Access(now);
  const ending = new AbortController();
  const kept = new Set<Promise<unknown>>();
  const keep = <T>(work: Promise<T>): Promise<T> => {
    const done = work.catch(() => undefined).finally(() => void kept.delete(done));
    kept.add(done);
    return work;
  };
  let authority = '';
  await live.refresh();
  // What stands open takes the longest; the first page is not to wait for it.
  live.gaps();
  const app = consoleApp({
    ...{ live, access, now, onWarning, keep, desk: options.desk, knowledge: options.knowledge, approver: options.approver },
    health: options.health ?? (async () => []),
    authority: () => authority,
    ending: ending.signal,
  });
  const port = options.port ?? 0;
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const starting = serve({ fetch: app.fetch, hostname: LOOPBACK, port, overrideGlobalObjects: false }, () => resolve(starting));
    starting.once('error', reject);
  }).catch((cause: unknown) => {
    live.close();
    throw new RedressError('compose/invalid', `Cannot listen on port ${port} of ${LOOPBACK}: ${messageOf(cause)}`, {
      next: 'Give another port, or 0 for any free port.',
      cause,
    });
  });
  authority = `${LOOPBACK}:${(server.address() as AddressInfo).port}`;
  const origin = `http://${authority}`;

  let timer: NodeJS.Timeout | null = null;
  const look = async () => {
    try {
      await live.refresh();
    } catch (error) {
      onWarning('the records could not be read', error);
    }
    if (!ending.signal.aborted) timer = setTimeout(look, source.every);
  };
  timer = setTimeout(look, source.every);
  return {
    url: `${origin}/start?token=${access.token ?? ''}`,
    origin,
    refresh: () => live.refresh(),
    close: async () => {
      ending.abort();
      if (timer !== null) clearTimeout(timer);
      await Promise.all(kept);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) setTimeout(() => server.closeAllConnections(), 2_000).unref();
      });
      await live.refresh().catch(() => undefined);
      live.close();
    },
  };
}
