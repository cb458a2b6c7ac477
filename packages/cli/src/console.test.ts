// The console over HTTP, on a journal that the engine has written: who is let in, what is refused, and that an answer is the command line's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ask,
  type ConsoleWorld,
  consoleWorld,
  LEAD_SESSION,
  overridesOf,
  type Reply,
  type Running,
  runningConsole,
} from '../../../tests/support/console-world.js';
import { DEV, HOSTILE_NAMES, PROD } from '../../../tests/support/quarter.js';
import { command } from '../test/support/command.js';

let directory: string;
let world: ConsoleWorld;
let running: Running;
let stopped: boolean;

const made: string[] = [];
const newWorld = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redress-console-'));
  made.push(folder);
  return { directory: folder, world: await consoleWorld(folder, { weeks: 1 }) };
};
let shared: ReturnType<typeof newWorld> | null = null;
/** Those after which everything has to be as it was have one journal, and what is refused has one console. */
function consoles(which: 'one console' | 'one journal' | 'a journal each'): void {
  const [before, after] = which === 'one console' ? [beforeAll, afterAll] : [beforeEach, afterEach];
  before(async () => {
    if (which !== 'a journal each') shared ??= newWorld();
    ({ directory, world } = (await (which === 'a journal each' ? null : shared)) ?? (await newWorld()));
    running = await runningConsole(world);
    stopped = false;
  });
  after(async () => {
    if (!stopped) await running.stop();
  });
}
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});
const stop = () => {
  stopped = true;
  return running.stop();
};
const again = async (argv: readonly string[]) => {
  await stop();
  running = await runningConsole(world, argv);
  stopped = false;
};

const path = (url: string) => new URL(url).pathname + new URL(url).search;
const cookies = new WeakMap<Running, Promise<string>>();
/** A browser that was let in: once by each console, whose token is used up. */
function letIn(): Promise<string> {
  const cookie = cookies.get(running) ?? enter();
  cookies.set(running, cookie);
  return cookie;
}
async function enter(): Promise<string> {
  const reply = await ask(running.origin, 'GET', path(running.url));
  expect([reply.status, reply.headers.location]).toEqual([303, '/']);
  return String(reply.headers['set-cookie']?.[0]).split(';')[0] ?? '';
}
const get = (cookie: string, at: string, headers: Readonly<Record<string, string>> = {}) => ask(running.origin, 'GET', at, { cookie, ...headers });
const csrfIn = (page: Reply) => /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
const form = (cookie: string, at: string, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) =>
  ask(
    running.origin,
    'POST',
    at,
    { cookie, origin: running.origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded', ...headers },
    new URLSearchParams(fields).toString(),
  );
/** The request that waits for a resource. */
async function waitingFor(id: string): Promise<string> {
  for (const { record } of await world.records()) {
    const own = record.body['approval'] as { id?: unknown } | undefined;
    if (record.kind === 'decision' && record.resource.id === id && typeof own?.id === 'string' && record.time >= '2026-10-01T02') return own.id;
  }
  throw new Error(`nothing waits for ${id}`);
}
const answersOf = async (approval: string) =>
  (await world.records())
    .filter(({ record }) => record.kind === 'approval' && (record.body['approval'] as { id?: unknown } | undefined)?.id === approval)
    .map(({ record }) => record);

describe('access', () => {
  consoles('one journal');

  it('has the token that was printed, once, and a cookie that nothing else gets', async () => {
    const first = await ask(running.origin, 'GET', path(running.url));
    expect(first.status).toBe(303);
    expect(first.headers['set-cookie']).toHaveLength(1);
    const cookie = String(first.headers['set-cookie']?.[0]);
    expect(cookie).toMatch(/^redress-console-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const second = await ask(running.origin, 'GET', path(running.url));
    expect([second.status, second.headers['set-cookie']]).toEqual([401, undefined]);
    expect((await get(cookie.split(';')[0] ?? '', '/')).status).toBe(200);
  });

  it('is refused with another token, which does not use up the right one', async () => {
    for (const token of ['', 'x', `${new URL(running.url).searchParams.get('token') ?? ''}x`])
      expect((await ask(running.origin, 'GET', `/start?token=${token}`)).status).toBe(401);
    // Chats and browsers look ahead at what they are sent.
    expect((await ask(running.origin, 'HEAD', path(running.url))).status).toBe(401);
    expect((await ask(running.origin, 'GET', path(running.url), { 'sec-purpose': 'prefetch' })).status).toBe(401);
    await letIn();
  });

  it('sees nothing without the cookie, or with another', async () => {
    const cookie = await letIn();
    const id = await waitingFor('w-dev');
    for (const own of ['', `${cookie}x`, cookie.replace(/=.*/, '='), 'redress-console=1'])
      for (const at of ['/', '/gaps', '/fixes', '/health', '/approvals', `/approvals/${id}`, '/events', '/nothing']) {
        const reply = await get(own, at);
        expect([at, reply.status]).toEqual([at, 401]);
        expect(reply.body).not.toContain('w-dev');
        expect(reply.body).not.toContain(LEAD_SESSION);
      }
    expect((await form('', `/approvals/${id}`, { csrf: '', verdict: 'approve', reason: 'r' })).status).toBe(401);
    expect(await answersOf(id)).toEqual([]);
  });

  it('lasts twelve hours', async () => {
    const cookie = await letIn();
    await world.clock.sleep(12 * 3_600_000 - 1);
    expect((await get(cookie, '/')).status).toBe(200);
    await world.clock.sleep(1);
    expect((await get(cookie, '/')).status).toBe(401);
  });

  it('is on this machine', async () => {
    const { port } = new URL(running.origin);
    // A process of its own asks, for tests stay on one address. Under this one a server answers that listens everywhere.
    const script =
      "require('node:net').connect({ host: process.argv[1], port: process.argv[2] }, () => { console.log('connected'); process.exit(); }).on('error', (error) => console.log(error.code))";
    const tried = (host: string) => spawnSync(process.execPath, ['-e', script, host, port], { encoding: 'utf8' }).stdout.trim();
    expect([tried('127.0.0.2'), tried('127.0.0.1')]).toEqual(['ECONNREFUSED', 'connected']);
    expect(await command(['console', '--host', '0.0.0.0'], directory)).toMatchObject({ exit: 2, err: expect.stringContaining("unknown option '--host'") });
  });
});

describe('what is refused', () => {
  consoles('one console');

  it.each(['evil.example', 'localhost', '127.0.0.1', '127.0.0.1:1', 'evil.example:PORT', '127.0.0.1.evil.example:PORT', '0.0.0.0:PORT', '[::1]:PORT'])(
    'a request for %s',
    async (given) => {
      const cookie = await letIn();
      const host = given.replace('PORT', new URL(running.origin).port);
      const reply = await get(cookie, '/', { host });
      expect([reply.status, reply.body.includes('w-dev')]).toEqual([403, false]);
      const id = await waitingFor('w-dev');
      const csrf = csrfIn(await get(cookie, `/approvals/${id}`));
      expect((await form(cookie, `/approvals/${id}`, { csrf, verdict: 'approve', reason: 'r' }, { host, origin: `http://${host}` })).status).toBe(403);
      expect(await answersOf(id)).toEqual([]);
    },
  );

  it.each<[string, Record<string, string>, Record<string, string>, number]>([
    ['without an origin', {}, { origin: '' }, 403],
    ['from another page', {}, { origin: 'https://evil.example' }, 403],
    ['from another port of this machine', {}, { origin: 'http://127.0.0.1:1' }, 403],
    ['from nowhere', {}, { origin: 'null' }, 403],
    ['that a browser says is of another site', {}, { 'sec-fetch-site': 'cross-site' }, 403],
    ['that a browser says is of another port', {}, { 'sec-fetch-site': 'same-site' }, 403],
    ['that a browser says nobody has sent', {}, { 'sec-fetch-site': 'none' }, 403],
    ['without the secret of the session', { csrf: '' }, {}, 403],
    ['with another secret', { csrf: 'x'.repeat(43) }, {}, 403],
    ['of another kind', {}, { 'content-type': 'application/json' }, 415],
    ['as text', {}, { 'content-type': 'text/plain' }, 415],
    ['that names who answers', { by: 'arn:aws:iam::111111111111:role/Boss' }, {}, 400],
    ['that says it was verified', { verified: 'true' }, {}, 400],
    ['with another verdict', { verdict: 'rollback' }, {}, 400],
    ['without a reason', { reason: '  ' }, {}, 400],
    ['with a reason that drives a terminal', { reason: 'a\u001b[2Jb' }, {}, 400],
    ['with a reason of two lines', { reason: 'a\nb' }, {}, 400],
    ['with a long reason', { reason: 'x'.repeat(1001) }, {}, 400],
    ['that is longer than a form', { reason: 'x'.repeat(20_000) }, {}, 413],
  ])('a form %s', async (_name, fields, headers, status) => {
    const cookie = await letIn();
    const id = await waitingFor('w-dev');
    const csrf = csrfIn(await get(cookie, `/approvals/${id}`));
    expect(csrf).toMatch(/^[\w-]{43}$/);
    const { origin = running.origin, ...others } = headers;
    const reply = await form(cookie, `/approvals/${id}`, { csrf, verdict: 'approve', reason: 'CHG-1', ...fields }, { origin, ...others });
    expect(reply.status).toBe(status);
    expect(await answersOf(id)).toEqual([]);
    expect((await world.widgets(DEV)).rules('w-dev')).toEqual(['closed', 'open-asked']);
  });

  it('a form whose fields come twice', async () => {
    const cookie = await letIn();
    const id = await waitingFor('w-dev');
    const csrf = csrfIn(await get(cookie, `/approvals/${id}`));
    const body = `csrf=${csrf}&verdict=deny&verdict=approve&reason=r`;
    const headers = { cookie, origin: running.origin, 'content-type': 'application/x-www-form-urlencoded' };
    expect((await ask(running.origin, 'POST', `/approvals/${id}`, headers, body)).status).toBe(400);
    expect(await answersOf(id)).toEqual([]);
  });

  it('a change by looking at a page', async () => {
    const cookie = await letIn();
    const before = await world.records();
    const id = await waitingFor('w-dev');
    const csrf = csrfIn(await get(cookie, `/approvals/${id}`));
    const query = new URLSearchParams({ csrf, verdict: 'approve', reason: 'r' }).toString();
    expect((await get(cookie, `/approvals/${id}?${query}`)).status).toBe(400);
    expect((await get(cookie, `/approvals/${id}/approve?${query}`)).status).toBe(404);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect((await ask(running.origin, method, `/approvals/${id}?${query}`, { cookie, origin: running.origin })).status).toBe(405);
    expect((await form(cookie, '/', { csrf, verdict: 'approve', reason: 'r' })).status).toBe(405);
    for (const at of ['/', '/gaps', '/fixes', '/health', '/approvals', `/approvals/${id}`]) expect((await get(cookie, at)).status).toBe(200);
    expect(await world.records()).toEqual(before);
    expect((await world.widgets(DEV)).rules('w-dev')).toEqual(['closed', 'open-asked']);
  });

  it('what another page asks for, but not a link from it', async () => {
    const cookie = await letIn();
    expect((await get(cookie, '/', { origin: 'https://evil.example' })).status).toBe(403);
    for (const site of ['cross-site', 'same-site'])
      for (const more of [{}, { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }])
        expect((await get(cookie, '/', { 'sec-fetch-site': site, ...more })).status).toBe(403);
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    // A browser does not send a strict cookie with it; the page leads on.
    const reply = await get('', '/approvals', link);
    expect([reply.status, reply.body.includes('<a href="/approvals">continue to the page</a>')]).toEqual([401, true]);
  });

  it.each([
    '/fixes?since=yesterday',
    '/fixes?outcome=%3Cb%3E',
    '/fixes?account=1',
    '/fixes?remediator=nobody',
    '/fixes?since=2026-09-01&until=2026-08-01',
    '/fixes?nothing=1',
    '/fixes?page=0',
    '/fixes?page=1e3',
    '/fixes?show=all',
    '/fixes?ticket=A&ticket=B',
    `/fixes?actor=${'x'.repeat(1101)}`,
    '/gaps?page=-1',
    '/?x=1',
    '/health?x=1',
  ])('a query that cannot be meant: %s', async (at) => {
    const reply = await get(await letIn(), at);
    expect(reply.status).toBe(400);
    expect(reply.body).not.toContain('<b>');
  });

  it.each([
    '/fixes/x-none',
    `/resources/${'0'.repeat(64)}`,
    '/fixes/..%2f..%2fetc',
    '/approvals/a-0000000000000000',
    '/approvals/%3Cscript%3E',
    `/answers/${'0'.repeat(32)}`,
    '/nothing',
    '//evil.example',
  ])('a page that is not there: %s', async (at) => {
    const reply = await get(await letIn(), at);
    expect(reply.status).toBe(404);
    expect(reply.body).not.toContain('<script>doc');
  });

  it('to be read from anywhere else, framed, kept, or to run anything but its script', async () => {
    const cookie = await letIn();
    for (const reply of [
      await get(cookie, '/'),
      await get('', '/'),
      await get(cookie, '/nothing'),
      await get(cookie, '/', { host: 'evil.example' }),
      await form(cookie, '/', {}),
    ]) {
      expect(reply.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(reply.headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; script-src 'sha256-[\w+/]{43}='; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(reply.headers['access-control-allow-origin']).toBeUndefined();
    }
  });
});

describe('an answer', () => {
  consoles('a journal each');

  it('that approves is the one that the command line makes, by the owner of the credentials', async () => {
    const cookie = await letIn();
    const id = await waitingFor('w-dev');
    const page = await get(cookie, `/approvals/${id}`);
    for (const said of ['widget:RevokeRule', 'Undo: exactly as it was', 'none in a test', 'What could break', LEAD_SESSION, 'recorded as unverified'])
      expect(page.body).toContain(said);
    const reply = await form(cookie, `/approvals/${id}`, { csrf: csrfIn(page), verdict: 'approve', reason: '  CHG-77: looked at  ' });
    expect([reply.status, reply.body]).toEqual([303, expect.not.stringContaining('Refused')]);
    const [record, ...others] = await answersOf(id);
    expect(others).toEqual([]);
    expect(record?.body).toMatchObject({ approval: { id, verdict: 'approved', by: { name: LEAD_SESSION, verified: false } }, reason: 'CHG-77: looked at' });
    expect((await world.widgets(DEV)).rules('w-dev')).toEqual(['closed']);
    const answered = await get(cookie, String(reply.headers.location));
    expect(answered.body).toContain(' approved <bdi');
    expect(answered.body).toContain('✓ remediated');
    const fix = /href="(\/fixes\/x-[^"]+)"/.exec(answered.body)?.[1] ?? '';
    expect((await get(cookie, fix)).body).toContain('CHG-77: looked at');
    expect((await get(cookie, '/fixes?ticket=CHG-77')).body).toContain('1 change matches.');
    // A second time there is nothing to answer.
    expect((await form(cookie, `/approvals/${id}`, { csrf: csrfIn(page), verdict: 'deny', reason: 'r' })).status).toBe(409);
    const { exit, out } = await stop();
    expect([exit, out]).toEqual([0, expect.stringContaining('Answers given: 1.')]);
  });

  it('of no is recorded, and nothing is changed', async () => {
    const cookie = await letIn();
    const id = await waitingFor('w-deny');
    const csrf = csrfIn(await get(cookie, `/approvals/${id}`));
    const reply = await form(cookie, `/approvals/${id}`, { csrf, verdict: 'deny', reason: 'in use' });
    expect(reply.status).toBe(303);
    expect((await answersOf(id)).map(({ body }) => body)).toMatchObject([
      { approval: { id, verdict: 'denied', by: { name: LEAD_SESSION, verified: false } }, reason: 'in use' },
    ]);
    expect((await world.widgets(DEV)).rules('w-deny')).toEqual(['closed', 'open-asked']);
    expect((await get(cookie, String(reply.headers.location))).body).toContain(' denied <bdi');
    expect((await get(cookie, `/approvals/${id}`)).body).toContain('It was answered already.');
  });

  it('is refused where the command line refuses it, in its words', async () => {
    const cookie = await letIn();
    const id = await waitingFor('w-prod');
    const csrf = csrfIn(await get(cookie, `/approvals/${id}`));
    const reply = await form(cookie, `/approvals/${id}`, { csrf, verdict: 'approve', reason: 'r' });
    const said = `The identity of ${LEAD_SESSION} was not verified, and prod is the highest environment.`;
    expect([reply.status, reply.body.includes(said)]).toEqual([409, true]);
    const overrides = overridesOf(world);
    const { exit, err } = await command(['approvals', 'approve', id, '--reason', 'r'], directory, overrides);
    expect([exit, err.includes(said)]).toEqual([1, true]);
    expect(await answersOf(id)).toEqual([]);
    expect((await world.widgets(PROD)).rules('w-prod')).toEqual(['closed', 'open-asked']);
  });

  it('is refused if no approver is known', async () => {
    const cookie = await letIn();
    const id = await waitingFor('w-dev');
    const csrf = csrfIn(await get(cookie, `/approvals/${id}`));
    world.forget();
    const page = await get(cookie, `/approvals/${id}`);
    expect([page.status, page.body.includes('<form'), page.body.includes('Read only: no approver is known')]).toEqual([200, false, true]);
    const reply = await form(cookie, `/approvals/${id}`, { csrf, verdict: 'approve', reason: 'r' });
    expect([reply.status, reply.body.includes('the token of the session has expired')]).toEqual([403, true]);
    expect(await answersOf(id)).toEqual([]);
  });

  it('is refused in a read-only console', async () => {
    await again(['--read-only']);
    const cookie = await letIn();
    const id = await waitingFor('w-dev');
    const page = await get(cookie, `/approvals/${id}`);
    expect([page.body.includes('<form'), page.body.includes('Read only')]).toEqual([false, true]);
    expect((await form(cookie, `/approvals/${id}`, { csrf: 'x', verdict: 'approve', reason: 'r' })).status).toBe(403);
    expect(await answersOf(id)).toEqual([]);
  });
});

describe('the pages', () => {
  consoles('a journal each');

  it('show names from the account as text', async () => {
    const cookie = await letIn();
    const pages = [await get(cookie, '/'), await get(cookie, '/approvals'), await get(cookie, '/fixes?show=everything'), await get(cookie, '/gaps')];
    for (const name of HOSTILE_NAMES) {
      const id = await waitingFor(name);
      pages.push(await get(cookie, `/approvals/${id}`));
      const story = /href="(\/resources\/[0-9a-f]{64})"/.exec(pages.at(-1)?.body ?? '')?.[1] ?? '';
      pages.push(await get(cookie, story));
      pages.push(await get(cookie, `/fixes?${new URLSearchParams({ resource: name, show: 'everything' }).toString()}`));
    }
    for (const { status, body } of pages) {
      expect(status).toBe(200);
      expect(body).not.toMatch(/<script>document|<img|<\/style><b>|eve<b>|team-0<i>|\u202e/);
      expect(body.match(/<script>/g)).toHaveLength(1);
    }
    expect(pages[1]?.body).toContain('&lt;script&gt;document.title=&quot;x&quot;&lt;/script&gt;');
  });

  it('show problems, open requests and open gaps, as of now', async () => {
    const cookie = await letIn();
    const first = await get(cookie, '/');
    for (const said of ['Pending approvals (11)', 'Open gaps (', 'Latest entries', LEAD_SESSION]) expect(first.body).toContain(said);
    // What waits is what the command line lists.
    const { out } = await command(['approvals', 'list', '--json'], directory, overridesOf(world));
    const listed = (JSON.parse(out) as { id: string }[]).map(({ id }) => id);
    expect([...(await get(cookie, '/approvals')).body.matchAll(/href="\/approvals\/(a-[0-9a-f]{16})"/g)].map((each) => each[1])).toEqual(listed);
    expect(listed).toHaveLength(11);
    await world.opened(DEV, 'w-new', 'open-new');
    await expect.poll(async () => (await get(cookie, '/')).body).toContain('Pending approvals (12)');
    const health = await get(cookie, '/health');
    for (const said of ['Kill switch', 'it stops nothing', 'Circuit breakers', 'Ledger', 'Last sweep', 'redress.yaml']) expect(health.body).toContain(said);
    await expect.poll(async () => (await get(cookie, '/health')).body).toContain('When the console started, it was intact.');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(join(directory, '.redress', 'STOP'), '');
    expect((await get(cookie, '/')).body).toContain('It stops changes.');
  });

  it('filter as the history does', async () => {
    const cookie = await letIn();
    const counted = async (query: string) => Number(/<strong>(\d+) /.exec((await get(cookie, `/fixes?${query}`)).body)?.[1]);
    const overrides = overridesOf(world);
    for (const [query, argv] of [
      ['show=everything', []],
      ['show=everything&environment=prod', ['--environment', 'prod']],
      ['show=everything&outcome=awaiting-approval&since=2026-07-02', ['--outcome', 'awaiting-approval', '--since', '2026-07-02']],
      ['show=everything&actor=vendor', ['--actor', 'vendor']],
      ['show=everything&ticket=CHG-2000', ['--ticket', 'CHG-2000']],
      ['show=everything&resource=w-dev', ['--resource', 'w-dev']],
      ['show=everything&approver=SecurityLead', ['--approver', 'SecurityLead']],
    ] as const) {
      const { exit, out } = await command(['history', '--json', ...argv], directory, overrides);
      expect([query, exit, await counted(query)]).toEqual([query, 0, (JSON.parse(out) as unknown[]).length]);
    }
    expect(await counted('')).toBeLessThan(await counted('show=everything'));
  });

  it('hear of what is new', async () => {
    const cookie = await letIn();
    const { request } = await import('node:http');
    const seen: string[] = [];
    const sent = request(`${running.origin}/events`, { headers: { cookie } }, (reply) => reply.on('data', (chunk: Buffer) => seen.push(chunk.toString())));
    sent.on('error', () => undefined);
    sent.end();
    const versions = () => [...seen.join('').matchAll(/event: version\ndata: (\d+)/g)].map((each) => Number(each[1]));
    await expect.poll(versions).toEqual([1]);
    await world.opened(DEV, 'w-new', 'open-new');
    await expect.poll(() => versions().length).toBeGreaterThan(1);
    sent.destroy();
  });
});

describe('the command', () => {
  consoles('one journal');

  it('answers with one document, says where on standard error, and ends with the answers', async () => {
    await stop();
    const end = new AbortController();
    let err = '';
    let out = '';
    const { run } = await import('./run.js');
    const ended = run(
      ['console', '--json'],
      {
        stdout: (text) => void (out += text),
        stderr: (text) => void (err += text),
        stdinChunks: async function* () {},
        color: false,
        cwd: directory,
        env: {},
        user: 't',
      },
      { ...overridesOf(world), signal: end.signal },
    );
    await expect.poll(() => err).toContain('/start?token=');
    expect(out).toBe('');
    end.abort();
    expect(await ended).toBe(0);
    expect(JSON.parse(out)).toEqual({ origin: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), answers: [] });
  });

  it.each<[readonly string[], string]>([
    [['--port', '70000'], '--port takes a whole number from 0 to 65535'],
    [['--refresh', 'soon'], '--refresh "soon" is not a duration'],
    [['--data', 'nowhere'], 'There is no journal in nowhere.'],
    [['--calendar', 'nothing.json'], 'nothing.json'],
  ])('refuses %j', async (argv, said) => {
    const { exit, err } = await command(['console', ...argv], directory, overridesOf(world));
    expect([exit, err.includes(said)]).toEqual([2, true]);
  });

  it('refuses a port that is taken', async () => {
    const { exit, err } = await command(['console', '--port', new URL(running.origin).port], directory, overridesOf(world));
    expect([exit, err.includes('Cannot listen on port')]).toEqual([2, true]);
  });
});
