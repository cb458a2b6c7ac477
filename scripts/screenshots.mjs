#!/usr/bin/env node
// Takes pictures of the report for the documentation, from the sample in docs/sample: `node scripts/screenshots.mjs`. People review them. They are not
// compared, because another browser renders other pixels. Needs Debian's Chromium.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { ROOT } from './setup.mjs';

const FOLDER = join(ROOT, 'docs', 'images');
const REPORT = pathToFileURL(join(ROOT, 'docs', 'sample', 'q3', 'report.html')).href;

/** The pictures: the place on the page, the width of the window, and the height. */
const PICTURES = [
  { name: 'report-cover', at: 'header', width: 1440, height: 900 },
  { name: 'report-gaps', at: '#gaps', width: 1440, height: 1000 },
  { name: 'report-times', at: '#times', width: 1440, height: 900 },
  { name: 'report-change', at: '#change-7', width: 1440, height: 1000 },
  { name: 'report-phone', at: '#gaps', width: 390, height: 844 },
  { name: 'report-paper', at: '#change-7', width: 688, height: 900, media: 'print' },
];

mkdirSync(FOLDER, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  for (const { name, at, width, height, media = 'screen' } of PICTURES) {
    const page = await browser.newPage({ viewport: { width, height } });
    await page.emulateMedia({ media });
    await page.goto(REPORT);
    await page.locator(at).evaluate((element) => element.scrollIntoView({ block: 'start' }));
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
    await page.close();
  }
} finally {
  await browser.close();
}
