#!/usr/bin/env node
// `npm run campaign [-- --json] [-- --only TEXT]`: breaks every safety promise on purpose, and shows which test finds it.
// The whole of it has to agree with docs/safety-tests.md, which `--write` writes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plant } from '../campaign/planted.mjs';
import { fail, ROOT, setup } from './setup.mjs';

const DOCUMENT = join(ROOT, 'docs', 'safety-tests.md');
const args = process.argv.slice(2);
const json = args.includes('--json');
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;

/** The table of promises, as a page. */
function page({ planted, found, results }) {
  const rows = results.map(({ promise, defect, file, test }) => `| ${promise} | ${defect} | \`${file}\` | ${(test ?? 'no test').replaceAll('|', '\\|')} |`);
  return [
    '# Safety promises, broken on purpose',
    '',
    'Each promise is broken once, by a deliberate defect in a copy of the code, and the tests are run: the table names one that finds it.',
    '`npm run campaign` does that; `npm test` includes it. A defect that no test finds fails both.',
    '',
    `${found} of ${planted} are found.`,
    '',
    '| Promise | Defect | In | Found by |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** Which of several tests is first to find a defect differs from run to run; what is promised and found does not. */
const promised = (text) => text.replaceAll(/^(\| .*) \| [^|]*(?:\\\|[^|]*)* \|$/gm, '$1');

try {
  await setup();
  const log = (line) => (json ? process.stderr : process.stdout).write(`${line}\n`);
  const report = await plant({ ...(only === undefined ? {} : { only }), log });
  let ok = report.planted > 0 && report.found === report.planted;
  if (only === undefined && args.includes('--write')) writeFileSync(DOCUMENT, page(report));
  else if (only === undefined && promised(existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '') !== promised(page(report))) {
    log('docs/safety-tests.md is not what this run shows: run `npm run campaign -- --write`.');
    ok = false;
  }
  console.log(json ? JSON.stringify({ planted: report }, null, 2) : `Planted bugs found: ${report.found}/${report.planted}`);
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  fail(error);
}
