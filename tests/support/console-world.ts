// A quarter with plans that wait for approval, and a console on it: through the command and HTTP.

import { writeFileSync } from 'node:fs';
import { type ClientRequestArgs, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { type Connect, createRedress, type Journal, type StoredRecord } from '@redress/core';
import { readPolicy, readRegister } from '@redress/core/yaml';
import { folderJournal } from '@redress/evidence';
// A console that was stopped may still be loading it, for a check that nobody waits for.
import '@redress/verify';
import { type RunOverrides, run } from '../../packages/cli/src/run.js';
import { DEV, HOSTILE_NAMES, POLICY, PROD, QUARTER, quarter, REGISTER } from './quarter.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets } from './widgets.js';

/** The identity of the credentials. */
export const LEAD_SESSION = `arn:aws:sts::${DEV}:assumed-role/Lead/alice`;
const LEAD = `arn:aws:iam::${DEV}:role/Lead`;
/** In dev an unverified approver may approve. In prod, the highest environment, nobody unverified may. */
const ASKING = POLICY.replace('{ dev: enforce, prod: approve }', '{ dev: approve, prod: approve }').replace(
  '{ prod: ["arn',
  `{ dev: ["${LEAD}"], prod: ["${LEAD}", "arn`,
);
const HOUR = 3_600_000;

/** The world of a console. */
export interface ConsoleWorld {
  readonly directory: string;
  readonly connect: Connect;
  readonly clock: { now(): number; sleep(milliseconds: number): Promise<void> };
  /** Somebody opens a rule. Returns the request for approval, if there is one. */
  opened(account: string, id: string, rule: string, actor?: string): Promise<string | null>;
  widgets(account: string): Promise<Widgets>;
  records(): Promise<readonly StoredRecord[]>;
  /** From now on, the identity of the credentials is unknown. */
  forget(): void;
}

/** A quarter, and after it plans that wait: in dev for `w-dev`, `w-deny` and each hostile name, and one for `w-prod` in prod. */
export async function consoleWorld(directory: string, { weeks = 2 } = {}): Promise<ConsoleWorld> {
  const made = await quarter(directory, { weeks });
  const world = worldOn(directory, made.connect, (clock) => folderJournal({ directory: made.data, clock }));
  for (const id of ['w-dev', 'w-deny', ...HOSTILE_NAMES]) await world.opened(DEV, id, 'open-asked');
  await world.opened(PROD, 'w-prod', 'open-asked');
  return world;
}

/** Two accounts without a history, and a journal that somebody opens. */
export function emptyWorld(directory: string, open: (clock: ConsoleWorld['clock']) => Journal): ConsoleWorld {
  const widgets = { [DEV]: new Widgets(), [PROD]: new Widgets() } as const;
  writeFileSync(join(directory, 'exceptions.yaml'), REGISTER);
  const of = (account: string) => (account === PROD ? PROD : DEV);
  const connect: Connect = async ({ region, account }) => ({
    config: { region, widgets: widgets[of(account)] },
    identity: async () => ({ account: of(account), arn: `arn:aws:sts::${account}:assumed-role/Redress/quarter` }),
  });
  return worldOn(directory, connect, open);
}

function worldOn(directory: string, made: Connect, open: (clock: ConsoleWorld['clock']) => Journal): ConsoleWorld {
  writeFileSync(join(directory, 'redress.yaml'), ASKING);
  let time = QUARTER.end + 2 * HOUR;
  let isKnown = true;
  const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
  const connect: Connect = async (target) => {
    const { config } = await made(target);
    return {
      config,
      identity: async () => {
        if (!isKnown) throw new Error('the token of the session has expired');
        return { account: target.account === PROD ? PROD : DEV, arn: LEAD_SESSION };
      },
    };
  };
  const widgets = async (account: string) =>
    ((await made({ partition: 'aws', account, region: 'us-east-1', access: 'read', execution: null })).config as { widgets?: Widgets }).widgets as Widgets;
  const opened: ConsoleWorld['opened'] = async (account, id, rule, actor = 'mallory') => {
    const journal = open(clock);
    const own = await widgets(account);
    if (!own.widgets.has(id)) own.put(id, ['closed'], { owner: 'payments' });
    own.widgets.get(id)?.rules.push(rule);
    const at = time;
    time += 60_000;
    const policy = readPolicy(ASKING, 'redress.yaml');
    const redress = createRedress({
      remediators: [revokeOpenRules, noteWidget],
      policy,
      exceptions: readRegister(REGISTER, 'exceptions.yaml'),
      journal,
      connect,
      clock,
    });
    const { results } = await redress.handle(openedEvent(id, rule, at, { account, actor: `arn:aws:iam::${account}:user/${actor}` }));
    redress.close();
    await journal.close?.();
    return results[0]?.passes[0]?.approval ?? null;
  };
  return {
    ...{ directory, connect, clock, opened, widgets },
    records: async () => {
      const journal = open(clock);
      const found: StoredRecord[] = [];
      for await (const each of journal.read({ all: true })) found.push(each);
      await journal.close?.();
      return found;
    },
    forget: () => {
      isKnown = false;
    },
  };
}

/** The response of a server. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request exactly as given, even if no browser would. */
export function ask(origin: string, method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<Reply> {
  const { hostname, port } = new URL(origin);
  const options: ClientRequestArgs = {
    hostname,
    port,
    method,
    path,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest(options, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks).toString() }));
      reply.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A running console. */
export interface Running {
  readonly url: string;
  readonly origin: string;
  /** Ends it. Returns the output and the exit of the command. */
  stop(): Promise<{ readonly exit: number; readonly out: string; readonly err: string }>;
}

/** Replaces the outside world of commands. */
export function overridesOf({ connect, clock }: Pick<ConsoleWorld, 'connect' | 'clock'>): RunOverrides {
  return { remediators: [revokeOpenRules, noteWidget], connect, clock };
}

/** Starts `redress console` in this process. */
export async function runningConsole(world: ConsoleWorld, argv: readonly string[] = [], overrides: RunOverrides = {}): Promise<Running> {
  const end = new AbortController();
  let [out, err] = ['', ''];
  const started = Promise.withResolvers<string>();
  const io = {
    stdout: (text: string) => {
      out += text;
      const url = /http:\/\/127\.0\.0\.1:\d+\/start\?token=\S+/.exec(out)?.[0];
      if (url !== undefined) started.resolve(url);
    },
    stderr: (text: string) => void (err += text),
    stdinChunks: async function* () {},
    ...{ color: false, cwd: world.directory, env: {}, user: 'tester' },
  };
  const ended = run(['console', ...argv], io, { ...overridesOf(world), signal: end.signal, ...overrides });
  const url = await Promise.race([started.promise, ended.then((exit) => Promise.reject(new Error(`It ended with ${exit}: ${out}${err}`)))]);
  return {
    url,
    origin: new URL(url).origin,
    stop: async () => {
      end.abort();
      return { exit: await ended, out, err };
    },
  };
}

/** A browser that has logged in with the printed address. */
export interface Visitor {
  get(at: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Sends a form as the browser would. */
  form(at: string, fields: Readonly<Record<string, string>>): Promise<Reply>;
}

/** Uses the printed address up. */
export async function visitor({ url, origin }: Running): Promise<Visitor> {
  const first = await ask(origin, 'GET', new URL(url).pathname + new URL(url).search);
  if (first.status !== 303) throw new Error(`Nobody is let in: ${first.status}`);
  const cookie = String(first.headers['set-cookie']?.[0]).split(';')[0] ?? '';
  const sent = { cookie, origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
  return {
    get: (at, headers = {}) => ask(origin, 'GET', at, { cookie, ...headers }),
    form: (at, fields) => ask(origin, 'POST', at, sent, new URLSearchParams(fields).toString()),
  };
}
