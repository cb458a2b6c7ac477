// The routes: each page from what the journal says now, and the one form that does something.
import { randomBytes } from 'node:crypto';
import { isRedressError, messageOf, streamOf } from '@redress/core';
import { EVERYTHING, gapsView, type Html, html, type OpenGap, objectOf, parseFilter, type Rollback, text } from '@redress/report';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { streamSSE } from 'hono/streaming';
import type { Access, Session } from './access.js';
import { answerOf, BadInput, fieldsOf, fixesInput, pageOf } from './forms.js';
import { LATE_HEADERS, refusalOf } from './guards.js';
import { healthOf } from './health.js';
import type { LiveJournal } from './live.js';
import type { Answered, ApprovalDesk, Approver, HealthFact, Knowledge } from './ports.js';
import { answeredView, answerForm, approvalsView, approvalView, refusedView } from './views/approvals.js';
import { fixesView, fixView, PER_PAGE } from './views/fixes.js';
import { healthView, overviewView } from './views/overview.js';
import { linkTo, type Page, pageText } from './views/page.js';
import { resourceView } from './views/resource.js';

/** What the pages are made from. */
export interface AppParts {
  readonly live: LiveJournal;
  readonly access: Access;
  readonly desk: ApprovalDesk;
  readonly knowledge: Knowledge;
  /** Throws where nobody is known, with the reason. */
  readonly approver: () => Promise<Approver>;
  readonly health: () => Promise<readonly HealthFact[]>;
  readonly now: () => number;
  /** `127.0.0.1:PORT`, once it listens. */
  readonly authority: () => string;
  /** Hears of what nobody foresaw. */
  readonly onWarning: (message: string, error: unknown) => void;
  /** Work that must not be cut off when the console ends. */
  readonly keep: <T>(work: Promise<T>) => Promise<T>;
  /** Ends connections that wait for news. */
  readonly ending: AbortSignal;
}

type Env = { Variables: { session: Session } };
type Status = 200 | 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 500 | 502;

/** A form is this long at most: a reason of 1,000 characters, each as twelve bytes. Bytes. */
const MOST_BYTES = 16_384;
/** Tabs that may wait for news at once. */
const MOST_LISTENERS = 32;
/** Answers whose page can be loaded again. */
const ANSWERS_KEPT = 100;
const SHOWN_FIRST = 20;
const GAPS_PER_PAGE = 200;
const HEARTBEAT = 15_000;
/** Who is named at the foot of a page; milliseconds. */
const APPROVER_KEPT = 60_000;

/** The whole of the console, without its server. */
export function consoleApp(parts: AppParts): Hono<Env> {
  const { live, access, desk, knowledge, now } = parts;
  const app = new Hono<Env>();
  const answers = new Map<string, { readonly id: string; readonly verdict: 'approve' | 'deny'; readonly answered: Answered }>();
  let listeners = 0;

  const approver = async (): Promise<Approver | string> => {
    try {
      const who = await parts.approver();
      return who.name.trim() === '' ? 'no approver is known.' : who;
    } catch (error) {
      return `no approver is known: ${messageOf(error)}`;
    }
  };
  // It may be asked for over a network, and each page names them. Whoever answers is asked for again.
  const lastApprover = remembered(approver, APPROVER_KEPT, now);
  // The first page is not to wait for it.
  void lastApprover();
  const send = async (c: Context<Env>, page: Page, status: Status = 200) => {
    const session = c.get('session') ?? null;
    const counts = {
      waiting: session === null ? 0 : live.approvals().filter(({ verdict }) => verdict === 'none').length,
      gaps: session === null ? 0 : live.gaps().gaps.length,
    };
    const around = { session, journal: knowledge.journal, version: live.version, counts, approver: session === null ? '' : await lastApprover() };
    return c.html(pageText(page, around), status);
  };
  const sorry = (c: Context<Env>, status: Status, title: string, message: string, main = html`<p>${message}</p>`) =>
    send(c, { title, place: null, main }, status);

  // Whatever is answered has these; and what is not meant for this server gets no further.
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of LATE_HEADERS) c.res.headers.set(name, value);
  });
  app.use(async (c, next) => {
    const refusal = refusalOf(c.req.raw, parts.authority());
    if (refusal !== null) return sorry(c, refusal.status, 'Refused', refusal.message);
    return next();
  });
  // Browsers ask for it unasked.
  app.get('/favicon.ico', (c) => c.body(null, 204));
  app.get('/start', async (c) => {
    const { token = '' } = fieldsOf(new URL(c.req.url).searchParams, ['token']);
    // Whoever only looks ahead, as chats and browsers do, must not use it up.
    const isAhead = c.req.method !== 'GET' || /prefetch|prerender|preview/i.test(`${c.req.header('sec-purpose') ?? ''} ${c.req.header('purpose') ?? ''}`);
    const session = isAhead ? null : access.exchange(token);
    if (session === null)
      return sorry(c, 401, 'Access denied', 'This address was used already, or is not the one that was printed. Start the console again to get a new one.');
    setCookie(c, cookieName(parts.authority()), session.id, { path: '/', httpOnly: true, sameSite: 'Strict' });
    return c.redirect('/', 303);
  });
  app.use(async (c, next) => {
    const session = access.session(getCookie(c, cookieName(parts.authority())));
    if (session === null) {
      const again = html`<p>The console shows its pages only to the browser that opened the address that it printed at its start.</p>
<p>If this is that browser, and you came here by a link from elsewhere: ${sameLink(c)}.</p>`;
      return sorry(c, 401, 'Access denied', '', again);
    }
    c.set('session', session);
    return next();
  });

  app.get('/', async (c) => {
    fieldsOf(new URL(c.req.url).searchParams, []);
    const newest = live.index.newest(EVERYTHING, { from: 0, most: SHOWN_FIRST });
    const model = {
      facts: [...(await parts.health()), ...healthOf(live, now())],
      approvals: live.approvals(),
      gaps: live.gaps(),
      newest,
      around: knowledge.around,
    };
    return send(c, { title: 'Overview', place: '/', main: overviewView(model) });
  });
  app.get('/health', async (c) => {
    fieldsOf(new URL(c.req.url).searchParams, []);
    return send(c, {
      title: 'Health',
      place: '/health',
      main: healthView([...(await parts.health()), ...healthOf(live, now())], knowledge.inputs, live.readAt),
    });
  });
  app.get('/gaps', async (c) => {
    const page = pageOf(fieldsOf(new URL(c.req.url).searchParams, ['page']).page);
    const model = live.gaps();
    const first = (page - 1) * GAPS_PER_PAGE;
    const some = { ...model, gaps: model.gaps.slice(first, first + GAPS_PER_PAGE) };
    const pages = Math.ceil(model.gaps.length / GAPS_PER_PAGE);
    const more =
      pages > 1 &&
      html`<p>${first + 1} to ${first + some.gaps.length} of ${model.gaps.length}, by deadline.</p><p class="pages">${page > 1 && linkTo(`/gaps?page=${page - 1}`, 'Earlier deadlines')}${page < pages && linkTo(`/gaps?page=${page + 1}`, 'Later deadlines')}</p>`;
    const main = html`<div id="open" data-live>${more}${gapsView({ ...knowledge, linkOf: resourceOf }, some, pages > 1 ? 'on this page' : 'now')}</div>`;
    return send(c, { title: 'Open gaps and exceptions', place: '/gaps', main });
  });
  app.get('/fixes', async (c) => {
    const input = fixesInput(new URL(c.req.url).searchParams);
    const remediators = [...new Set([...knowledge.remediators, ...live.index.remediators()])].sort();
    const model = { input, around: knowledge.around, environments: [...(knowledge.environments?.keys() ?? [])], remediators };
    const page = { title: 'Fixes', place: '/fixes' };
    try {
      const filter = {
        ...parseFilter(input.filter, { environments: knowledge.environments, remediators, now: now() }),
        ...(input.show === 'fixes' ? { kinds: ['execution'] } : {}),
      };
      const entries = live.index.newest(filter, { from: (input.page - 1) * PER_PAGE, most: PER_PAGE });
      return send(c, { ...page, main: fixesView({ ...model, found: { count: live.index.count(filter), entries }, problem: null }) });
    } catch (error) {
      if (!isRedressError(error)) throw error;
      return send(c, { ...page, main: fixesView({ ...model, found: null, problem: `${error.message} ${error.next ?? ''}` }) }, 400);
    }
  });
  app.get('/fixes/:execution{[\\w.-]{1,128}}', async (c) => {
    fieldsOf(new URL(c.req.url).searchParams, []);
    const execution = c.req.param('execution');
    const [entry] = live.index.query({ ...EVERYTHING, kinds: ['execution'], resources: [execution] });
    if (entry?.execution !== execution) return sorry(c, 404, 'Not found', 'There is no record of this execution.');
    const stream = entry.records[0]?.stream ?? '';
    const rollbacks = live.index
      .ofStream(stream)
      .flatMap((each): Rollback[] =>
        each.rollbackOf === execution
          ? [{ execution: each.execution, time: each.time, by: text(objectOf(each.by)?.['name']) ?? text(each.by), reason: each.reason }]
          : [],
      );
    return send(c, { title: 'One fix', place: '/fixes', main: fixView(entry, knowledge.around, rollbacks) });
  });
  app.get('/resources/:stream{[0-9a-f]{64}}', async (c) => {
    fieldsOf(new URL(c.req.url).searchParams, []);
    const entries = live.index.ofStream(`sha256:${c.req.param('stream')}`);
    if (entries.length === 0) return sorry(c, 404, 'Not found', 'There is no record of this resource.');
    return send(c, { title: 'One resource', place: '/fixes', main: resourceView(entries, knowledge.around) });
  });

  app.get('/approvals', async (c) => {
    fieldsOf(new URL(c.req.url).searchParams, []);
    return send(c, { title: 'Pending approvals', place: '/approvals', main: approvalsView(live.approvals()) });
  });
  const shown = async (c: Context<Env>, id: string, given: { readonly reason: string; readonly problem: string | null }, status: Status = 200) => {
    const approval = await desk.show(id);
    const form = answerForm(id, approval, c.get('session'), await approver(), given);
    return send(
      c,
      { title: 'A plan that needs an approval', place: '/approvals', main: approvalView(approval, streamOf(approval.resource).slice('sha256:'.length), form) },
      status,
    );
  };
  const APPROVAL = '/approvals/:id{a-[0-9a-f]{16}}';
  app.get(APPROVAL, async (c) => {
    fieldsOf(new URL(c.req.url).searchParams, []);
    return shown(c, c.req.param('id'), { reason: '', problem: null });
  });
  app.post(
    APPROVAL,
    bodyLimit({ maxSize: MOST_BYTES, onError: (c) => sorry(c, 413, 'Refused', 'The request is longer than a form of the console.') }),
    async (c) => {
      const id = c.req.param('id');
      if (c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() !== 'application/x-www-form-urlencoded')
        return sorry(c, 415, 'Refused', 'The request is not a form of the console.');
      fieldsOf(new URL(c.req.url).searchParams, []);
      const { csrf = '', ...fields } = fieldsOf(new URLSearchParams(await c.req.text()), ['csrf', 'verdict', 'reason']);
      if (!access.isOf(c.get('session'), csrf)) return sorry(c, 403, 'Refused', 'This form belongs to another session. Reload the request, and answer there.');
      const { verdict, reason, problem } = answerOf(fields);
      if (problem !== null) return shown(c, id, { reason, problem }, 400);
      const who = await approver();
      if (typeof who === 'string') return sorry(c, 403, 'Read only', `This console is read only: ${who}`);
      try {
        const answered = await parts.keep(desk.answer(id, verdict, reason));
        const key = randomBytes(16).toString('hex');
        answers.set(key, { id, verdict, answered });
        for (const old of [...answers.keys()].slice(0, Math.max(0, answers.size - ANSWERS_KEPT))) answers.delete(old);
        await live.refresh();
        return c.redirect(`/answers/${key}`, 303);
      } catch (error) {
        const { code, message, next } = explained(error);
        if (code === null) throw error;
        return send(c, { title: 'Refused', place: '/approvals', main: refusedView(id, message, next) }, statusOf(code));
      }
    },
  );
  app.get('/answers/:key{[0-9a-f]{32}}', async (c) => {
    const answer = answers.get(c.req.param('key'));
    if (answer === undefined) return sorry(c, 404, 'Not found', 'This answer is no longer kept here. The history contains it.');
    return send(c, {
      title: answer.verdict === 'approve' ? 'Approved' : 'Denied',
      place: '/approvals',
      main: answeredView(answer.id, answer.verdict, answer.answered),
    });
  });
  app.get('/events', (c) => {
    if (listeners >= MOST_LISTENERS) return c.text('Too many pages are waiting for updates.', 503);
    listeners++;
    return streamSSE(c, async (stream) => {
      const end = new AbortController();
      let wake: () => void = () => undefined;
      const off = live.onChange(() => wake());
      const stop = () => {
        end.abort();
        wake();
      };
      stream.onAbort(stop);
      parts.ending.addEventListener('abort', stop, { once: true });
      if (parts.ending.aborted) stop();
      let said = -1;
      try {
        while (!end.signal.aborted) {
          if (said !== live.version) {
            said = live.version;
            await stream.writeSSE({ event: 'version', data: String(said) });
          } else await stream.write(': still here\n\n');
          if (said !== live.version || end.signal.aborted) continue;
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, HEARTBEAT);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
      } finally {
        off();
        parts.ending.removeEventListener('abort', stop);
        listeners--;
      }
    });
  });

  app.notFound((c) =>
    c.req.method === 'GET' || c.req.method === 'HEAD'
      ? sorry(c, 404, 'Not found', 'There is no such page.')
      : sorry(c, 405, 'Refused', 'This page does not accept forms.'),
  );
  app.onError(async (error, c) => {
    if (error instanceof BadInput) return sorry(c, 400, 'Refused', error.message);
    const { code, message, next } = explained(error);
    if (code !== null) return sorry(c, statusOf(code), 'The page cannot be shown', `${message}${next === null ? '' : ` ${next}`}`);
    parts.onWarning('a page of the console could not be rendered', error);
    return sorry(c, 500, 'An unexpected error', 'The details are in the terminal where the console was started.');
  });
  return app;
}

const resourceOf = ({ stream }: OpenGap, name: Html) => linkTo(`/resources/${stream.slice('sha256:'.length)}`, name);

/** The last answer, while it is fresh. Concurrent callers get the same one. */
function remembered<T>(ask: () => Promise<T>, most: number, now: () => number): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | null = null;
  return () => {
    if (last === null || now() - last.at >= most) last = { at: now(), answer: ask() };
    return last.answer;
  };
}

/** Ports share their cookies: each console has a name of its own. */
function cookieName(authority: string): string {
  return `redress-console-${authority.split(':').at(-1) ?? ''}`;
}

/** The same page once more, by a link of its own: then a browser sends its cookie. */
function sameLink(c: Context<Env>) {
  const { pathname } = new URL(c.req.url);
  return linkTo(/^\/(?!\/)[\w\-./]*$/.test(pathname) && c.req.method === 'GET' && pathname !== '/start' ? pathname : '/', 'continue to the page');
}

/** What somebody meant to throw; the code is null for what nobody did. */
function explained(error: unknown): { readonly code: string | null; readonly message: string; readonly next: string | null } {
  const { code, next } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; next?: unknown };
  const isOwn = error instanceof Error && typeof code === 'string' && code.includes('/');
  return { code: isOwn ? code : null, message: messageOf(error), next: typeof next === 'string' ? next : null };
}

function statusOf(code: string): Status {
  if (code.endsWith('/not-found')) return 404;
  if (code === 'approval/refused' || code === 'approval/answered' || code === 'approval/expired') return 409;
  return 502;
}
