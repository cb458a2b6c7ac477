#!/usr/bin/env node
// `npm run judges`: software of others judges what tests of our own would only compare with itself. `--only NAME[,NAME]` asks some of them. What
// they need is installed first, and that time is printed apart. One that cannot be asked has failed. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, install, NODE, ROOT, SetupError, setup, versionOf } from './setup.mjs';

/**
 * Who judges what. Another one joins by an entry here, its tools in setup.mjs, and `tests/judges/NAME.test.ts`; a test says with
 * `task.meta.said` how much was judged.
 *
 * @type {readonly { name: string, judge: string, judges: string, tools: readonly { name: string, licence: string, by: string }[] }[]}
 */
export const JUDGES = [
  {
    name: 'event-ruler',
    judge: 'AWS Event Ruler, the matcher of EventBridge',
    judges:
      'each event pattern that remediators and templates make, on each event of the tests; the matcher that the other tests use, on pairs written by hand for each operator and on random ones',
    tools: [{ name: 'event-ruler', licence: 'Apache-2.0', by: 'Maven; runs on Java 17' }],
  },
  {
    name: 'journal',
    judge: 'ministack for DynamoDB, versitygw for S3',
    judges:
      "the journal on AWS, with clients that send at once: its contract, races of 32 writers, and documents' locks. moto, which the other tests use, loses writes under concurrency",
    tools: [
      { name: 'ministack', licence: 'MIT', by: 'pip' },
      { name: 'versitygw', licence: 'Apache-2.0', by: '`go install`' },
    ],
  },
  {
    name: 'cfn-lint',
    judge: "AWS CloudFormation's linter",
    judges: 'every template that is generated, in three partitions and regions',
    tools: [{ name: 'cfn-lint', licence: 'MIT-0', by: 'pip' }],
  },
  {
    name: 'checkov',
    judge: 'checkov, a linter of security',
    judges: 'the same templates, but for what `LINT_EXCEPTIONS` lists with a reason',
    tools: [{ name: 'checkov', licence: 'Apache-2.0', by: 'pip' }],
  },
];

const FOLDER = 'tests/judges';
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/** Runs a command to its end: what it wrote, and the CPU time of it and of all that it started and waited for, in milliseconds. */
function exec(command, args) {
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${dirname(NODE)}:${process.env.PATH}` };
    // Node does not say what a child has used; the shell does, on its third descriptor.
    const child = spawn('bash', ['-c', 'TIMEFORMAT="%U %S"; { time "$@" 2>&4; } 4>&2 2>&3', 'bash', command, ...args], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    let log = '';
    let times = '';
    child.stdout.on('data', (data) => (log += String(data)));
    child.stderr.on('data', (data) => (log += String(data)));
    child.stdio[3].on('data', (data) => (times += String(data)));
    child.once('error', (error) => resolve({ code: 1, log: String(error), cpu: 0 }));
    child.once('close', (code) => {
      const cpu = times
        .trim()
        .split(/\s+/)
        .reduce((sum, each) => sum + Number(each.replace(',', '.')) * 1000, 0);
      resolve({ code, log, cpu });
    });
  });
}

/** The tests of one judge. A skipped one counts as failed, for it proves nothing; so does a file without a result. */
async function ask({ name }) {
  const report = join(ROOT, '.cache', 'judges', `${name}.json`);
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const { code, log, cpu } = await exec(NODE, [
    vitest,
    'run',
    '--config',
    'vitest.judges.config.ts',
    `${FOLDER}/${name}.test.ts`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  if (!existsSync(report)) return { passed: 0, failed: 1, cpu, said: [], log: `vitest left no report.\n${log}` };
  const found = JSON.parse(readFileSync(report, 'utf8'));
  const broken = found.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')).length;
  const bad = found.numFailedTests + found.numPendingTests + found.numTodoTests + broken;
  const failed = bad === 0 && (code !== 0 || found.numPassedTests === 0) ? 1 : bad;
  const said = found.testResults.flatMap((file) => file.assertionResults.flatMap((test) => test.meta?.said ?? []));
  return { passed: found.numPassedTests, failed, cpu, said, log };
}

/** An entry without tests, and tests without an entry. */
function unmatched() {
  const files = readdirSync(join(ROOT, FOLDER)).filter((file) => file.endsWith('.test.ts'));
  const wanted = JUDGES.map(({ name }) => `${name}.test.ts`);
  return [
    ...wanted.filter((file) => !files.includes(file)).map((file) => `${FOLDER}/${file} does not exist.`),
    ...files.filter((file) => !wanted.includes(file)).map((file) => `${FOLDER}/${file} has no entry in ${relative(ROOT, fileURLToPath(import.meta.url))}.`),
  ];
}

/**
 * Asks the judges, one after the other, and prints what each says.
 *
 * @param {{ only?: readonly string[] }} [options]
 * @returns {Promise<{ passed: number, failed: number, judges: readonly { name: string, passed: number, failed: number, wall: number, cpu: number, installed: number }[] }>}
 *   Times in milliseconds; `wall` and `cpu` are without `installed`.
 */
export async function judge({ only } = {}) {
  const unknown = (only ?? []).filter((name) => !JUDGES.some((each) => each.name === name));
  if (unknown.length > 0) throw new SetupError(`There is no judge ${unknown.join(', ')}; there are ${JUDGES.map(({ name }) => name).join(', ')}.`);
  await setup({ python: false, build: false });
  const judges = [];
  for (const problem of unmatched()) {
    console.log(`FAIL ${problem}`);
    judges.push({ name: problem, passed: 0, failed: 1, wall: 0, cpu: 0, installed: 0 });
  }
  for (const each of JUDGES) {
    if (only !== undefined && !only.includes(each.name)) continue;
    const tools = each.tools.map(({ name }) => name);
    const what = `${each.name} (${tools.map((name) => `${name} ${versionOf(name)}`).join(', ')})`;
    let installed = 0;
    try {
      installed = await install(tools);
    } catch (error) {
      console.log(`FAIL ${what}: it could not be asked.\n     ${error.message}`);
      judges.push({ name: each.name, passed: 0, failed: 1, wall: 0, cpu: 0, installed });
      continue;
    }
    const started = Date.now();
    const { passed, failed, cpu, said, log } = await ask(each);
    const wall = Date.now() - started;
    const apart = installed === 0 ? '' : `; installed before that, in ${seconds(installed)}`;
    console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${what}: ${passed} passed, ${failed} failed; ${seconds(wall)}, ${seconds(cpu)} of CPU${apart}`);
    for (const line of said) console.log(`     ${line}`);
    if (failed > 0) console.log(log.split('\n').slice(-200).join('\n'));
    judges.push({ name: each.name, passed, failed, wall, cpu, installed });
  }
  const sum = (key) => judges.reduce((total, each) => total + each[key], 0);
  console.log(`Together ${seconds(sum('wall'))}, ${seconds(sum('cpu'))} of CPU; installing took ${seconds(sum('installed'))} more.`);
  return { passed: sum('passed'), failed: sum('failed'), judges };
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
