// A real browser uses the console: each page and flow, its layout, its accessibility, and what it asks for.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ConsoleWorld, consoleWorld, LEAD_SESSION, type Running, runningConsole } from '../support/console-world.js';
import { DEV, HOSTILE_NAMES } from '../support/quarter.js';
import { axeFaults, newBrowser } from './support/browser.js';
import { layoutFaults } from './support/layout.mjs';

const WIDTHS = [1440, 768, 390];
/** Against what never ends: nothing here is to be fast. */
const PATIENT = { timeout: 600_000, interval: 100 };
/** Where the pictures of the documentation are made: `REDRESS_SCREENSHOTS=docs/console`. */
const PICTURES = process.env['REDRESS_SCREENSHOTS'];

let browser: Browser;
let directory: string;
let world: ConsoleWorld;
let running: Running;
let context: BrowserContext;
let page: Page;
let heard: string[];

beforeAll(async () => {
  browser = await newBrowser();
  directory = mkdtempSync(join(tmpdir(), 'redress-console-'));
  world = await consoleWorld(directory, { weeks: 3 });
});
afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  running = await runningConsole(world);
  await letIn();
});
afterEach(async () => {
  await context.close();
  await running.stop();
});

/** A browser that the printed address has let in. What it says, and asks of anybody else, is kept. */
async function letIn(options: BrowserContextOptions = {}): Promise<void> {
  await context?.close();
  heard = [];
  context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  page = await context.newPage();
  page.on('console', (message) => heard.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => heard.push(`error: ${error.message}`));
  context.on('request', (request) => {
    if (!request.url().startsWith(`${running.origin}/`)) heard.push(`request: ${request.url()}`);
  });
  await page.goto(running.url);
  expect(page.url()).toBe(`${running.origin}/`);
}
const again = async (options: BrowserContextOptions) => {
  await running.stop();
  running = await runningConsole(world);
  await letIn(options);
};
const go = async (path: string) => {
  await page.goto(`${running.origin}${path}`);
};
/** The request that waits for a resource. */
const requestFor = async (id: string): Promise<string> => {
  await go('/approvals');
  const link = page.locator('tr', { hasText: id }).locator('a').first();
  return (await link.count()) === 0 ? '' : ((await link.getAttribute('href')) ?? '');
};
const answersOf = async (path: string) =>
  (await world.records()).flatMap(({ record }) => {
    const own = record.body['approval'] as { id?: unknown; verdict?: unknown } | undefined;
    return record.kind === 'approval' && own?.id === path.split('/').at(-1) ? [[own?.verdict, record.body['reason']]] : [];
  });
const picture = async (name: string) => {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
};

/** Every page there is, by a name. */
async function paths(): Promise<Readonly<Record<string, string>>> {
  await go('/fixes');
  const fix = (await page.locator('a[href^="/fixes/x-"]').first().getAttribute('href')) ?? '';
  const story = (await page.locator('a[href^="/resources/"]').first().getAttribute('href')) ?? '';
  await go(await requestFor(HOSTILE_NAMES[4] ?? ''));
  const hostile = (await page.locator('main a[href^="/resources/"]').first().getAttribute('href')) ?? '';
  return {
    overview: '/',
    approvals: '/approvals',
    approval: await requestFor('w-dev'),
    'hostile approval': await requestFor('long-xxx'),
    gaps: '/gaps',
    fixes: '/fixes?show=everything&since=2026-07-01',
    'refused filter': '/fixes?since=yesterday',
    'empty filter': '/fixes?ticket=CHG-9',
    fix,
    story,
    'hostile story': hostile,
    health: '/health',
    'nothing there': '/nothing',
  };
}

describe('chromium and axe', () => {
  it.each([...WIDTHS.map((width) => [width, 'screen'] as const), [688, 'print'] as const])(
    'find nothing on any page at %i pixels, on %s',
    async (width, media) => {
      await again({ viewport: { width, height: 1000 }, bypassCSP: true });
      await page.emulateMedia({ media });
      const all = await paths();
      for (const [name, path] of Object.entries(all)) {
        await go(path);
        expect([name, await page.evaluate(layoutFaults), await axeFaults(page)]).toEqual([name, [], []]);
        if (media === 'screen' && width !== 768 && ['overview', 'approval', 'gaps', 'fixes', 'fix', 'story'].includes(name)) await picture(`${name}-${width}`);
      }
      // A page that is refused says so in the console of the browser, and nothing else does.
      expect(heard.filter((each) => !/Failed to load resource: .* 40[04]/.test(each))).toEqual([]);
    },
  );

  it('let nobody in twice, and show that nobody is logged in', async () => {
    const other = await browser.newContext({ bypassCSP: true });
    const second = await other.newPage();
    expect((await second.goto(running.url))?.status()).toBe(401);
    expect([await second.evaluate(layoutFaults), await axeFaults(second)]).toEqual([[], []]);
    await second.goto(running.origin);
    expect(await second.locator('body').textContent()).not.toContain('w-dev');
    await other.close();
  });

  it('show hostile names as text', async () => {
    for (const path of ['/', '/approvals', '/gaps', '/fixes?show=everything']) {
      await go(path);
      expect(await page.locator('img, iframe, object, embed, base, link').count()).toBe(0);
      expect(await page.locator('script').count()).toBe(1);
      expect(await page.title()).toMatch(/· Redress$/);
    }
    await go('/approvals');
    const text = await page.locator('main').textContent();
    for (const name of HOSTILE_NAMES) expect(text).toContain(name.replace('\u202e', '\\u202e'));
    expect(heard).toEqual([]);
  });

  it('run only the one script, and fetch from nowhere else', async () => {
    await page.evaluate(
      "document.body.insertAdjacentHTML('beforeend', '<style>h1{color:red}</style><img src=https://example.com/x onerror=document.title=1><iframe src=https://example.com></iframe>')",
    );
    await page.evaluate("fetch('https://example.com/').catch(() => undefined)");
    await expect.poll(() => heard.filter((each) => each.includes('Content Security Policy')).length, PATIENT).toBeGreaterThan(2);
    expect(await page.evaluate('[getComputedStyle(document.querySelector("h1")).color, document.title]')).toEqual(['rgb(27, 31, 36)', 'Overview · Redress']);
  });
});

describe('with the keyboard', () => {
  it('the content is one step away, and every link, field and button can be reached and shows its focus', async () => {
    for (const path of ['/', '/fixes', await requestFor('w-dev')]) {
      await go(path);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
      expect(await page.evaluate('document.activeElement.getBoundingClientRect().left')).toBeGreaterThanOrEqual(0);
      const wanted = Number(
        await page.evaluate(
          '[...document.querySelectorAll("a, button, input, select, summary")].filter((each) => !each.disabled && each.type !== "hidden").length',
        ),
      );
      let reached = 1;
      for (; reached < wanted; reached++) {
        await page.keyboard.press('Tab');
        const { width, style } = (await page.evaluate(
          '(() => { const { outlineWidth: width, outlineStyle: style } = getComputedStyle(document.activeElement); return { width, style }; })()',
        )) as {
          width: string;
          style: string;
        };
        expect([width, style]).toEqual(['3px', 'solid']);
        expect(await page.evaluate('document.activeElement.matches("a, button, input, select, summary")')).toBe(true);
      }
      expect(reached).toBe(wanted);
    }
    await go('/');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
  });

  it('a plan is approved, and Enter in its reason does not submit an answer', async () => {
    await world.opened(DEV, 'w-keys', 'open-keys');
    await expect.poll(() => requestFor('w-keys'), PATIENT).toMatch(/^\/approvals\/a-/);
    const path = await requestFor('w-keys');
    await go(path);
    await page.locator('#reason').focus();
    await page.keyboard.type('CHG-5: by keyboard');
    await page.keyboard.press('Enter');
    await page.waitForTimeout(300);
    expect([page.url(), await answersOf(path)]).toEqual([`${running.origin}${path}`, []]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/answers\//);
    expect(await page.locator('main').textContent()).toContain('remediated');
    expect(await answersOf(path)).toEqual([['approved', 'CHG-5: by keyboard']]);
    expect((await world.widgets(DEV)).rules('w-keys')).toEqual(['closed']);
  });
});

describe('with the keyboard alone, a flow', () => {
  /** Goes on until the focus is on what is meant, as somebody does who has no mouse. */
  const tabTo = async (selector: string, text = '', key = 'Tab') => {
    const isThere = () =>
      page.evaluate(
        `(() => { const own = document.activeElement; return own.matches(${JSON.stringify(selector)}) && own.textContent.includes(${JSON.stringify(text)}); })()`,
      );
    for (let steps = 0; steps < 500; steps++) {
      await page.keyboard.press(key);
      if ((await isThere()) === true) return;
    }
    throw new Error(`No step leads to ${selector} ${text} on ${page.url()}`);
  };
  const follow = async (selector: string, text = '') => {
    await tabTo(selector, text);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  };
  /** From the first page to the request of a resource. */
  const toRequest = async (id: string) => {
    await expect.poll(() => requestFor(id), PATIENT).toMatch(/^\/approvals\/a-/);
    await go('/');
    await follow('nav a', 'Pending approvals');
    await follow('td a', id);
    return new URL(page.url()).pathname;
  };

  it('of an approval: to the request, through folded sections, the answer, the fix, and its resource', async () => {
    await world.opened(DEV, 'w-keys-yes', 'open-keys');
    const path = await toRequest('w-keys-yes');
    await tabTo('summary', 'What the undo would send');
    await page.keyboard.press('Enter');
    expect(await page.locator('details[open]').count()).toBe(1);
    await tabTo('#reason');
    await page.keyboard.type('CHG-8: by keyboard');
    await follow('button', 'Approve');
    expect(await answersOf(path)).toEqual([['approved', 'CHG-8: by keyboard']]);
    await follow('main a', 'The fix');
    expect(await page.locator('main').textContent()).toContain('CHG-8: by keyboard');
    await follow('main a', 'w-keys-yes');
    expect(await page.locator('ol.story > li').count()).toBeGreaterThan(1);
  });

  it('of a denial, with the space bar', async () => {
    await world.opened(DEV, 'w-keys-no', 'open-keys');
    const path = await toRequest('w-keys-no');
    await tabTo('#reason');
    await page.keyboard.type('in use');
    await tabTo('button', 'Deny');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Space')]);
    expect(await answersOf(path)).toEqual([['denied', 'in use']]);
    await follow('main a', 'Other plans that need an approval');
    expect(await page.locator('main').textContent()).toContain('by arn:aws:sts::111111111111:assumed-role/Lead/alice');
  });

  it('that is refused, and back', async () => {
    const path = await toRequest('w-prod');
    await tabTo('#reason');
    await page.keyboard.type('urgent');
    await follow('button', 'Approve');
    expect(await page.getByRole('alert').textContent()).toContain('Refused, and nothing was done');
    expect(await answersOf(path)).toEqual([]);
    await follow('main a', 'Back to the request');
    expect(new URL(page.url()).pathname).toBe(path);
  });

  it('of a filter, its pages, and its results', async () => {
    await go('/');
    await follow('nav a', 'Fixes');
    await tabTo('#environment');
    await page.keyboard.type('prod');
    await tabTo('#show');
    await page.keyboard.type('everything');
    await follow('button', 'Filter');
    const rows = await page.locator('tbody tr').allInnerTexts();
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.every((each) => each.includes('prod'))).toBe(true);
    // In a field Enter filters, too.
    await tabTo('#resource');
    await page.keyboard.type('w-prod');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(await page.locator('tbody tr').count()).toBe(1);
    await follow('td a', 'w-prod');
    expect(new URL(page.url()).pathname).toMatch(/^\/resources\//);
    await follow('nav a', 'Open gaps');
    await follow('td a', 'w-prod');
    expect(new URL(page.url()).pathname).toMatch(/^\/resources\//);
  });

  it('of updates: the focus stays where it was, and on a page with a decision the update is one step away', async () => {
    await go('/approvals');
    await tabTo('td a', 'w-prod');
    await world.opened(DEV, 'w-keys-live', 'open-live');
    await page.locator('td', { hasText: 'w-keys-live' }).first().waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('w-prod');
    const path = await toRequest('w-keys-live');
    await tabTo('#reason');
    await page.keyboard.type('half a rea');
    await world.opened(DEV, 'w-keys-live-2', 'open-live');
    await page.locator('#news a').waitFor();
    expect(await page.evaluate('document.activeElement.id + document.activeElement.value')).toBe('reasonhalf a rea');
    await tabTo('#news a', 'Reload it', 'Shift+Tab');
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    expect(new URL(page.url()).pathname).toBe(path);
  });
});

describe('to a screen reader', () => {
  it('every page has its title, its position, and names for its tables, fields and buttons', async () => {
    const of = async (path: string) => {
      await go(path);
      return page.locator('body').ariaSnapshot();
    };
    const first = await of('/');
    for (const said of ['- banner:', '- navigation "Pages":', '- link "Overview"', '- main:', '- heading "Overview" [level=1]', '- contentinfo:'])
      expect(first).toContain(said);
    for (const said of ['- table "Plans, the longest waiting first":', '- columnheader "resource"', '- link "w-dev"']) expect(first).toContain(said);
    expect(await page.locator('nav [aria-current="page"]').textContent()).toBe('Overview');
    expect(await page.locator('#news').getAttribute('role')).toBe('status');
    const request = await of(await requestFor('w-dev'));
    for (const said of ['textbox "Reason kept in the evidence; a ticket, for example"', 'button "Approve: do exactly this"', 'button "Deny"'])
      expect(request).toContain(said);
    // A change is no matter of colour: what is sent is said.
    expect(request).toContain('sent: ');
    const fixes = await of('/fixes');
    for (const said of ['- combobox "Environment":', '- textbox "Ticket exactly"', '- button "Filter"']) expect(fixes).toContain(said);
    // Where rows are blocks, on a phone, they are rows of a table all the same.
    await page.setViewportSize({ width: 390, height: 800 });
    const phone = await of('/');
    expect(phone.match(/- row /g)?.length).toBe(first.match(/- row /g)?.length);
    expect(phone.match(/- cell /g)?.length).toBe(first.match(/- cell /g)?.length);
  });
});

describe('a flow', () => {
  it('of an approval: the plan as a difference, what could break, the answer, and the fix', async () => {
    await again({ bypassCSP: true });
    const path = await requestFor('w-dev');
    await go(path);
    const text = await page.locator('main').textContent();
    for (const said of ['What would be done', 'widget:RevokeRule', 'What could break', 'What no read can show', 'none in a test', LEAD_SESSION])
      expect(text).toContain(said);
    expect(await page.locator('.diff ins').count()).toBeGreaterThan(0);
    await page.locator('#reason').fill('CHG-1: reviewed');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL(/\/answers\//);
    expect([await page.evaluate(layoutFaults), await axeFaults(page)]).toEqual([[], []]);
    await picture('approved-1440');
    await page.getByRole('link', { name: 'The fix' }).click();
    expect(await page.locator('main').textContent()).toContain('CHG-1: reviewed');
    expect(await answersOf(path)).toEqual([['approved', 'CHG-1: reviewed']]);
    // Loaded again it answers nothing again.
    await page.goBack();
    await page.reload();
    expect(await answersOf(path)).toHaveLength(1);
    expect(heard).toEqual([]);
  });

  it('of a denial', async () => {
    const path = await requestFor('w-deny');
    await go(path);
    await page.locator('#reason').fill('in use');
    await page.getByRole('button', { name: 'Deny' }).click();
    await page.waitForURL(/\/answers\//);
    expect(await page.locator('main').textContent()).toMatch(/ denied a-/);
    expect(await answersOf(path)).toEqual([['denied', 'in use']]);
    expect((await world.widgets(DEV)).rules('w-deny')).toEqual(['closed', 'open-asked']);
  });

  it('that is refused, with the message of the command line', async () => {
    await again({ bypassCSP: true });
    const path = await requestFor('w-prod');
    await go(path);
    await page.locator('#reason').fill('urgent');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.locator('main').textContent()).toContain(`The identity of ${LEAD_SESSION} was not verified, and prod is the highest environment.`);
    expect([await page.evaluate(layoutFaults), await axeFaults(page), await answersOf(path)]).toEqual([[], [], []]);
    await picture('refused-1440');
  });

  it('of a filter', async () => {
    await go('/fixes');
    const before = await page.locator('tbody tr').count();
    await page.locator('#remediator').selectOption('widget-revoke-open');
    await page.locator('#environment').selectOption('prod');
    await page.locator('#show').selectOption('everything');
    await page.locator('#outcome').selectOption('awaiting-approval');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.waitForURL(/environment=prod/);
    const rows = await page.locator('tbody tr').allInnerTexts();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((each) => each.includes('prod') && each.includes('awaiting-approval'))).toBe(true);
    expect(rows.length).not.toBe(before);
    // What was chosen is still chosen.
    expect([await page.locator('#environment').inputValue(), await page.locator('#show').inputValue()]).toEqual(['prod', 'everything']);
    expect(heard).toEqual([]);
  });

  it('of updates: a list shows them, and a page with a decision reports them', async () => {
    await go('/approvals');
    await page.evaluate('window.isTheSamePage = true');
    await world.opened(DEV, 'w-live', 'open-live');
    await page.locator('td', { hasText: 'w-live' }).first().waitFor();
    expect(await page.evaluate('window.isTheSamePage')).toBe(true);
    expect(await page.locator('#news').textContent()).toMatch(/^Updated at /);
    await go(await requestFor('w-live'));
    await page.locator('#reason').fill('half a rea');
    await world.opened(DEV, 'w-live-2', 'open-live');
    await page.locator('#news a').waitFor();
    expect([await page.locator('#reason').inputValue(), await page.locator('#news').textContent()]).toEqual([
      'half a rea',
      'The journal has changed since this page was loaded. Reload it',
    ]);
    expect(heard).toEqual([]);
  });

  it('without script', async () => {
    await again({ javaScriptEnabled: false });
    await world.opened(DEV, 'w-plain', 'open-plain');
    await expect.poll(() => requestFor('w-plain'), PATIENT).toMatch(/^\/approvals\/a-/);
    const path = await requestFor('w-plain');
    await go(path);
    await page.locator('#reason').fill('CHG-6');
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.waitForURL(/\/answers\//);
    expect(await answersOf(path)).toEqual([['approved', 'CHG-6']]);
    await go('/fixes?ticket=CHG-6');
    expect(await page.locator('tbody tr').count()).toBe(1);
  });

  it('from another page does nothing, and its link works', async () => {
    const path = await requestFor('w-prod');
    await go(path);
    const csrf = await page.locator('input[name=csrf]').inputValue();
    // Another server on this machine, which knows more than it could.
    const server = createServer((_, response) =>
      response
        .setHeader('content-type', 'text/html')
        .end(
          `<!doctype html><form method="post" action="${running.origin}${path}"><input name="csrf" value="${csrf}"><input name="verdict" value="deny"><input name="reason" value="forged"><button>send</button></form><a href="${running.origin}/approvals">look</a>`,
        ),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      for (const from of [elsewhere, elsewhere.replace('127.0.0.1', 'localhost')]) {
        await page.goto(from);
        const [reply] = await Promise.all([page.waitForResponse((each) => each.request().method() === 'POST'), page.getByRole('button').click()]);
        expect(reply.status()).toBe(403);
        await page.goto(from);
        await page.getByRole('link').click();
        const on = page.getByRole('link', { name: 'continue to the page' });
        if ((await on.count()) > 0) await on.click();
        await page.getByRole('heading', { name: 'Pending approvals' }).waitFor();
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
    expect(await answersOf(path)).toEqual([]);
  });
});
