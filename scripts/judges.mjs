#!/usr/bin/env node
// `npm run judges`: third-party software judges what our own tests would only compare with our own code. `--only NAME[,NAME]` runs some of the judges. Their
// tools are installed first, and that time is printed separately. A judge that cannot run has failed. The last line is `N passed, N failed`.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vitest } from './exec.mjs';
import { fail, install, ROOT, SetupError, setup, versionOf } from './setup.mjs';

/**
 * The judges. To add one, add an entry here, its tools in setup.mjs, and `tests/judges/NAME.test.ts`. A test reports with `task.meta.said` how much was
 * judged.
 *
 * @type {readonly { name: string, judge: string, judges: string, tools: readonly { name: string, licence: string, by: string }[] }[]}
 */
export const JUDGES = [
  {
    name: 'event-ruler',
    judge: 'AWS Event Ruler, the matcher of EventBridge',
    judges:
      'each event pattern of remediators and templates, on each event of the tests; the matcher of the other tests, on hand-written pairs for each operator and on random ones',
    tools: [{ name: 'event-ruler', licence: 'Apache-2.0', by: 'Maven; runs on Java 17' }],
  },
  {
    name: 'journal',
    judge: 'ministack for DynamoDB, versitygw for S3; the Go library of signed notes for signatures of KMS keys',
    judges:
      'the journal on AWS with concurrent clients: its contract, races of 32 writers, and locks of documents. moto, which the other tests use, loses writes under concurrency',
    tools: [
      { name: 'ministack', licence: 'MIT', by: 'pip' },
      { name: 'versitygw', licence: 'Apache-2.0', by: '`go install`' },
      { name: 'sumdb-note', licence: 'BSD-3-Clause', by: '`go build`' },
    ],
  },
  {
    name: 'ledger',
    judge: 'fsck of Tessera, the Go library of signed notes, and litewitness',
    judges: 'tiles, entries and checkpoints of sealed ledgers of many sizes, intact and changed; keys and signatures in both directions; requests to witnesses',
    tools: [
      { name: 'tessera', licence: 'Apache-2.0', by: '`go install`' },
      { name: 'litewitness', licence: 'BSD-3-Clause', by: '`go install`' },
      { name: 'sumdb-note', licence: 'BSD-3-Clause', by: '`go build`' },
    ],
  },
  {
    name: 'formats',
    judge: 'the schemas of OCSF, and compliance-trestle, an implementation of OSCAL',
    judges: 'the output of `redress evidence export --format` for busy ledgers that the engine has written, and for ledgers with hostile texts',
    tools: [
      { name: 'ocsf-json-schema', licence: 'MIT', by: 'pip' },
      { name: 'compliance-trestle', licence: 'Apache-2.0', by: 'pip' },
    ],
  },
  {
    name: 'botocore',
    judge: "AWS's own models of its services, from botocore",
    judges:
      'the input of every call of a remediator, in every scenario of the conformance kit; that a response without some member is never taken for compliant; that a replacing write carries everything that was read',
    tools: [
      { name: 'botocore', licence: 'Apache-2.0', by: 'pip' },
      { name: 'moto', licence: 'Apache-2.0', by: 'pip' },
      { name: 'ministack', licence: 'MIT', by: 'pip' },
    ],
  },
  {
    name: 'prowler',
    judge: 'Prowler, a scanner of AWS accounts',
    judges:
      'an emulated account with every gap that remediators close, before and after a sweep with all approvals given: their checks fail, then pass, and no check that passed fails',
    tools: [
      { name: 'prowler', licence: 'Apache-2.0', by: 'pip' },
      { name: 'moto', licence: 'Apache-2.0', by: 'pip' },
      { name: 'ministack', licence: 'MIT', by: 'pip' },
    ],
  },
  {
    name: 'browser',
    judge: "Debian's Chromium, and axe, which checks accessibility",
    judges:
      'the report of a ledger that the engine has written, with hostile names, and that of an empty one, at 1440, 768 and 390 pixels and on paper: nothing overflows, axe finds nothing, the browser logs nothing, and nothing is fetched',
    tools: [
      { name: 'playwright-core', licence: 'Apache-2.0', by: 'npm; drives Chromium 120 or newer' },
      { name: 'axe-core', licence: 'MPL-2.0', by: 'npm' },
    ],
  },
  {
    name: 'shells',
    judge: 'zsh and fish',
    judges: 'the scripts of `redress completion`: that the shell can read them, and what it suggests for a word',
    tools: [
      { name: 'zsh', licence: 'MIT', by: 'apt, or any other way' },
      { name: 'fish', licence: 'GPL-2.0', by: 'apt, or any other way' },
    ],
  },
  {
    name: 'console',
    judge: "Debian's Chromium, and axe, which checks accessibility",
    judges:
      'the console on a journal that the engine has written, with hostile names: each page at 1440, 768 and 390 pixels and on paper; an approval, a denial, a refusal, a filter and live updates; by keyboard, without scripts, and from foreign pages. axe finds nothing, nothing overflows, and the browser contacts only the console',
    tools: [
      { name: 'playwright-core', licence: 'Apache-2.0', by: 'npm; drives Chromium 120 or newer' },
      { name: 'axe-core', licence: 'MPL-2.0', by: 'npm' },
    ],
  },
  {
    name: 'cfn-lint',
    judge: "AWS CloudFormation's linter",
    judges: 'every generated template, in three regions of two partitions',
    tools: [{ name: 'cfn-lint', licence: 'MIT-0', by: 'pip' }],
  },
  {
    name: 'guard',
    judge: "cfn-guard with AWS's rules of Control Tower, and the rules of cdk-nag that correspond to rules of AWS Config",
    judges:
      'the templates of hub, sealer and members, without options and with all of them, rule by rule of the APRA CPG 234 pack. The failures have to match a list exactly',
    tools: [
      { name: 'cfn-guard', licence: 'Apache-2.0', by: 'npm, which brings the rules and the program' },
      { name: 'cdk-nag', licence: 'Apache-2.0', by: 'npm' },
    ],
  },
  {
    name: 'checkov',
    judge: 'checkov, a security linter',
    judges: 'the same templates, except for what `LINT_EXCEPTIONS` lists with a reason',
    tools: [{ name: 'checkov', licence: 'Apache-2.0', by: 'pip' }],
  },
];

const FOLDER = 'tests/judges';
const config = 'vitest.judges.config.ts';

/** Entries without tests, and tests without an entry. */
function unmatched() {
  const files = readdirSync(join(ROOT, FOLDER)).filter((file) => file.endsWith('.test.ts'));
  const wanted = JUDGES.map(({ name }) => `${name}.test.ts`);
  return [
    ...wanted.filter((file) => !files.includes(file)).map((file) => `${FOLDER}/${file} does not exist.`),
    ...files.filter((file) => !wanted.includes(file)).map((file) => `${FOLDER}/${file} has no entry in scripts/judges.mjs.`),
  ];
}

/** Runs one judge: its tools are installed, and then its tests run. */
async function ask({ name, tools }) {
  const names = tools.map((tool) => tool.name);
  const result = { name, of: names.map((each) => `${each} ${versionOf(each)}`).join(', '), passed: 0, failed: 1, wall: 0, cpu: 0, installed: 0, said: [] };
  try {
    result.installed = (await install(names)) / 1000;
  } catch (error) {
    return { ...result, log: `It could not be asked. ${error.message}` };
  }
  const started = Date.now();
  // Tools that another judge has installed would be missing on the next machine, so `folderOf` rejects them.
  process.env.REDRESS_TOOLS = names.join();
  const { passed, failed, said, log, cpu } = await vitest(`judges-${name}`, '--config', config, `${FOLDER}/${name}.test.ts`);
  return { ...result, passed, failed, said, log, cpu, wall: (Date.now() - started) / 1000 };
}

const sum = (results, key) => results.reduce((total, each) => total + each[key], 0);
const line = (name, ...seconds) => console.log(`${name.padEnd(14)} ${seconds.map((each) => each.toFixed(1).padStart(10)).join(' ')}`);

/**
 * Runs the judges one after the other, prints the result of each, and then the times.
 *
 * @param {{ only?: readonly string[] }} [options]
 * @returns {Promise<{ passed: number, failed: number, wall: number, cpu: number, installed: number }>} Times in seconds; `wall` and `cpu` are
 *   without `installed`.
 */
export async function judge({ only } = {}) {
  const unknown = (only ?? []).filter((name) => !JUDGES.some((each) => each.name === name));
  if (unknown.length > 0) throw new SetupError(`There is no judge ${unknown.join(', ')}; there are ${JUDGES.map(({ name }) => name).join(', ')}.`);
  await setup({ python: false, build: false });
  const results = [];
  for (const problem of unmatched()) {
    console.log(`FAIL ${problem}`);
    results.push({ name: 'entries', passed: 0, failed: 1, wall: 0, cpu: 0, installed: 0 });
  }
  for (const each of JUDGES) {
    if (only !== undefined && !only.includes(each.name)) continue;
    const result = await ask(each);
    results.push(result);
    console.log(`${result.failed === 0 ? 'ok  ' : 'FAIL'} ${result.name} (${result.of}): ${result.passed} passed, ${result.failed} failed`);
    for (const text of result.said) console.log(`     ${text}`);
    if (result.failed > 0) console.log(result.log.split('\n').slice(-200).join('\n'));
  }
  console.log(`\n${'judge'.padEnd(14)}     wall s      CPU s  installed`);
  for (const { name, wall, cpu, installed } of results) line(name, wall, cpu, installed);
  const total = Object.fromEntries(['passed', 'failed', 'wall', 'cpu', 'installed'].map((key) => [key, sum(results, key)]));
  line('together', total.wall, total.cpu, total.installed);
  return total;
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  const at = process.argv.indexOf('--only');
  try {
    const { passed, failed } = await judge(at === -1 ? {} : { only: (process.argv[at + 1] ?? '').split(',') });
    console.log(`${passed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  } catch (error) {
    fail(error);
    console.log('0 passed, 1 failed');
  }
}
