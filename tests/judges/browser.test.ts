// A real browser looks at the report: its layout, its accessibility, and what it asks for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../packages/cli/test/support/command.js';
import { HOSTILE_NAMES, QUARTER, quarter } from '../support/quarter.js';
import { noteWidget, revokeOpenRules } from '../support/widgets.js';
import { axeFaults, newBrowser } from './support/browser.js';
import { layoutFaults } from './support/layout.mjs';

const WIDTHS = [1440, 768, 390];

let directory: string;
let browser: Browser;
let pages: Readonly<Record<'quarter' | 'empty', string>>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-browser-'));
  const made = await quarter(directory);
  const clock = { now: () => QUARTER.end + 86_400_000, sleep: async () => undefined };
  const overrides = { remediators: [revokeOpenRules, noteWidget], connect: made.connect, clock };
  const report = async (out: string, from: string, to: string) => {
    const { exit, err } = await command(['report', '--from', from, '--to', to, '--out', out], directory, overrides);
    expect([exit, err]).toEqual([0, '']);
    return join(directory, out, 'report.html');
  };
  pages = { quarter: await report('quarter', QUARTER.from, QUARTER.to), empty: await report('empty', '2026-01-01', '2026-01-31') };
  browser = await newBrowser();
});
afterAll(async () => {
  await browser?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What somebody has to look at, on one page at one width. */
async function faults(file: string, { width, media = 'screen' }: { readonly width: number; readonly media?: 'screen' | 'print' }): Promise<readonly string[]> {
  const found: string[] = [];
  const context = await browser.newContext({ viewport: { width, height: 1000 }, javaScriptEnabled: true, bypassCSP: true, offline: true });
  const page = await context.newPage();
  const own = pathToFileURL(file).href;
  page.on('console', (message) => found.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => found.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (request.url().split('#')[0] !== own) found.push(`request: ${request.url()}`);
  });
  await page.emulateMedia({ media });
  await page.goto(own);
  found.push(...(await page.evaluate(layoutFaults)));
  found.push(...(await axeFaults(page)));
  await context.close();
  return found;
}

describe('chromium and axe', () => {
  it.each(WIDTHS.flatMap((width) => (['quarter', 'empty'] as const).map((name) => [name, width] as const)))(
    'find nothing in %s at %i pixels',
    async (name, width) => {
      expect(await faults(pages[name], { width })).toEqual([]);
    },
  );

  it.each(['quarter', 'empty'] as const)('find nothing in %s on paper, and print all of it', async (name) => {
    // A4, without its margins, at 96 pixels an inch.
    expect(await faults(pages[name], { width: 688, media: 'print' })).toEqual([]);
    const page = await browser.newPage();
    await page.goto(pathToFileURL(pages[name]).href);
    const pdf = await page.pdf({ preferCSSPageSize: true });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    // Each change begins on a page of its own.
    const sheets = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    expect(sheets).toBeGreaterThan(await page.locator('article.change').count());
    await page.close();
  });

  it('show it without script, and hostile names are text', async ({ task }) => {
    const context = await browser.newContext({ javaScriptEnabled: false, offline: true });
    const page = await context.newPage();
    await page.goto(pathToFileURL(pages.quarter).href);
    const text = await page.locator('body').innerText();
    for (const name of HOSTILE_NAMES) expect(text).toContain(name.replace('\u202e', '\\u202e'));
    expect(await page.title()).toBe('Redress: 2026-07-01 to 2026-10-01');
    expect(await page.locator('script, img, iframe, object, embed, link, base, form').count()).toBe(0);
    const changes = await page.locator('article.change').count();
    expect(changes).toBeGreaterThan(40);
    task.meta.said = `${changes} changes at ${WIDTHS.join(', ')} pixels and on paper`;
    await context.close();
  });

  it('load its style, which its policy allows, and nothing else', async () => {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    await page.goto(pathToFileURL(pages.quarter).href);
    expect(said).toEqual([]);
    // What gets in as markup in spite of everything cannot run, and fetches nothing.
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<style>h1{color:red}</style><img src=x onerror=document.title=1>')");
    await expect.poll(() => said.length).toBeGreaterThan(1);
    expect(said.join()).toContain('Content Security Policy');
    expect(await page.evaluate('[getComputedStyle(document.querySelector("h1")).color, document.title]')).toEqual([
      'rgb(27, 31, 36)',
      'Redress: 2026-07-01 to 2026-10-01',
    ]);
    await page.close();
  });

  it('detect faults', async () => {
    const bad = join(directory, 'bad.html');
    writeFileSync(
      bad,
      '<!doctype html><html><head></head><body><p style="width:3000px;color:#ccc;background:#fff">pale</p><img src="https://example.com/x.png"><script>console.log("x")</script></body></html>',
    );
    const found = (await faults(bad, { width: 390 })).join('\n');
    for (const wanted of [
      'the page is 3',
      'P goes from',
      'console: x',
      'request: https://example.com/x.png',
      'axe color-contrast',
      'axe html-has-lang',
      'axe image-alt',
    ])
      expect(found).toContain(wanted);
  });
});
