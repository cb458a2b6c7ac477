#!/usr/bin/env node
// `npm run campaign [-- --json] [--only TEXT]`: breaks every safety promise on purpose, and shows which test finds it.
import { plant } from '../campaign/planted.mjs';
import { fail, setup } from './setup.mjs';

const args = process.argv.slice(2);
const json = args.includes('--json');
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;
try {
  await setup();
  const report = await plant({ ...(only === undefined ? {} : { only }), log: (line) => (json ? process.stderr : process.stdout).write(`${line}\n`) });
  const missed = report.results.filter((each) => each.test === null);
  console.log(json ? JSON.stringify({ planted: report }, null, 2) : `Planted bugs found: ${report.found}/${report.planted}`);
  process.exitCode = missed.length === 0 && report.planted > 0 ? 0 : 1;
} catch (error) {
  fail(error);
}
