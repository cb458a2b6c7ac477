#!/usr/bin/env node
// `npm run campaign [-- --size N] [--json] [--only faults,simulation,races,planted,mutation] [--seed N [--path P]] [--bug TEXT [--quickest]]
// [--once [--finders FILE]] [--lanes N]`
// Breaks Redress in every known way, and counts what survives. `npm run test:all` runs size 1. From size 5 on there are fifty processes, and histories grow
// with the size. The planted bugs have to agree with docs/safety-tests.md, which `--write` writes. `--once` plants one defect for each promise, as `npm test`
// does, and does not check the page. `--finders` writes the tests that found them to a file, and does not run a remembered test without its defect. The
// caller compares those with a run of the unit tests, which is another environment. `--quickest` runs all tests of a defect, and remembers the quickest one
// that finds it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FOUND, keyOf, plant } from '../campaign/planted.mjs';
import { FAILED } from './exec.mjs';
import { fail, NODE, ROOT, setup } from './setup.mjs';

const DOCUMENT = join(ROOT, 'docs', 'safety-tests.md');
const SECTIONS = ['faults', 'simulation', 'races', 'planted', 'mutation'];
/** The minimum mutation score of each part, in percent. */
const LEAST = { guardrails: 90, engine: 80, evidence: 80 };
/** Guardrails and their tests. If one of the files has changed, all of them are mutated completely; from size 2 on always. */
const GUARDRAILS = ['packages/core/src/guardrails', 'packages/core/src/cel*'];
/** The number of changed lines to mutate below the size at which engine and evidence are mutated completely. */
const MOST_LINES = 40;
/** From this size on, engine and evidence are mutated completely, and fifty processes race. */
const LARGE = 5;
const args = process.argv.slice(2);
const value = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const json = args.includes('--json');
const log = (line) => (json ? process.stderr : process.stdout).write(`${line}\n`);

/** A number of the command line, checked. */
function number(name, otherwise) {
  const text = value(name);
  if (text === undefined) return otherwise;
  if (!/^\d+$/.test(text)) throw new Error(`${name} takes a number, not ${text}.`);
  return Number(text);
}

/** The table of promises, as a page. */
function page({ planted, found, results }) {
  const rows = results.map(({ promise, defect, file, test }) => `| ${promise} | ${defect} | \`${file}\` | ${(test ?? 'no test').replaceAll('|', '\\|')} |`);
  return [
    '# Safety promises, broken on purpose',
    '',
    'Each promise is broken once, by a deliberate defect in the code as the tests see it, and the tests are run: the table names one that finds it.',
    '`npm run campaign` plants all of them, `npm test` one for each promise. A defect that no test finds fails both. [The campaign](campaign.md) describes what else it does.',
    '',
    `${found} of ${planted} are found.`,
    '',
    '| Promise | Defect | In | Found by |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** Which of several tests finds a defect first differs from run to run. What is promised and found does not. */
const promised = (text) => text.replaceAll(/^(\| .*) \| [^|]*(?:\\\|[^|]*)* \|$/gm, '$1');

function run(command, given, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, given, { cwd: ROOT, env: { ...process.env, ...env, PATH: `${dirname(NODE)}:${process.env.PATH}`, NO_COLOR: '1' } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (err += String(data)));
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code, out, err }));
  });
}

async function section(name, options) {
  const { code, out, err } = await run(NODE, [join(ROOT, 'campaign', 'run.ts'), name, JSON.stringify(options)]);
  if (code !== 0) throw new Error(`${name} could not be run: ${err.slice(-2000)}`);
  return JSON.parse(out);
}

/** Numbers of what Stryker finds in a part, or in some lines of it; without messages. */
async function mutate(part, { lines, statics = false } = {}) {
  const file = join(ROOT, '.cache', `mutation-${part}.json`);
  rmSync(file, { force: true });
  // A journal in a folder waits for its disk with each record; in memory it does not.
  const scratch = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/redress-mutation-') : null;
  const env = {
    REDRESS_MUTATE: part,
    REDRESS_STATIC_MUTANTS: statics ? '1' : '0',
    ...(lines === undefined ? {} : { REDRESS_MUTATE_LINES: lines.join(',') }),
    ...(scratch === null ? {} : { TMPDIR: scratch }),
  };
  const { err, out } = await run(NODE, [join(ROOT, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js'), 'run', 'stryker.config.mjs'], env);
  if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
  if (!existsSync(file)) throw new Error(`Stryker left no report: ${(err + out).slice(-2000)}`);
  const files = {};
  const survivors = [];
  for (const [path, { mutants }] of Object.entries(JSON.parse(readFileSync(file, 'utf8')).files)) {
    const counted = mutants.filter(({ status }) => ['Killed', 'Timeout', 'Survived', 'NoCoverage'].includes(status));
    const killed = counted.filter(({ status }) => status === 'Killed' || status === 'Timeout');
    files[path] = { mutants: counted.length, killed: killed.length };
    for (const { status, location, mutatorName, replacement } of counted)
      if (status !== 'Killed' && status !== 'Timeout') survivors.push(`${path}:${location.start.line} ${mutatorName}: ${(replacement ?? '').slice(0, 80)}`);
  }
  const sum = (key) => Object.values(files).reduce((total, each) => total + each[key], 0);
  const [mutants, killed] = [sum('mutants'), sum('killed')];
  return { score: mutants === 0 ? 100 : Math.round((killed / mutants) * 1000) / 10, mutants, killed, files, survivors };
}

/** Lines in the sources of a folder that are new or changed since a commit, in Stryker's notation: up to a maximum, spread evenly. */
async function changedLines(base, folder, most) {
  const { code, out, err } = await run('git', ['diff', '--unified=0', '--no-color', base, '--', folder, ':!*.test.ts', ':!*/contract.ts']);
  if (code !== 0) throw new Error(`What changed since ${base} cannot be found: ${err.trim()}. Name a commit that is here: REDRESS_BASE=COMMIT.`);
  let file = '';
  const lines = [];
  for (const line of out.split('\n')) {
    if (line.startsWith('+++ ')) file = line.slice('+++ b/'.length);
    const [, from, many = '1'] = /^@@ \S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? [];
    if (from !== undefined && file !== '') for (let n = 0; n < Number(many); n++) lines.push(`${file}:${Number(from) + n}-${Number(from) + n}`);
  }
  const step = Math.max(1, lines.length / most);
  return { changed: lines.length, lines: Array.from({ length: Math.min(most, lines.length) }, (_, n) => lines[Math.floor(n * step)]) };
}

/** The commit from which changes are counted: as requested, or where the branch of a pull request began, or the commit before. */
async function base() {
  const { REDRESS_BASE: asked, GITHUB_BASE_REF: target } = process.env;
  if (asked) return asked;
  if (!target) return 'HEAD^';
  const { out } = await run('git', ['merge-base', 'HEAD', `origin/${target}`]);
  return out.trim() || `origin/${target}`;
}

const runs = {
  async faults(options) {
    const report = await section('faults', options);
    log(
      `Faults survived: ${report.survived}/${report.injected} (${Object.keys(report.kinds).length} kinds, ${report.remediators} remediators, every call of fix and rollback)`,
    );
    for (const { remediator, run, fault, at, why } of report.broken.slice(0, 20)) log(`  ${remediator}, ${run}: ${fault} at ${at}: ${why.join('; ')}`);
    return { ok: report.injected > 0 && report.survived === report.injected, report };
  },
  async simulation(options) {
    const report = await section('simulation', options);
    const holds = Object.keys(report.holds).length;
    log(`Simulation: ${report.histories} histories of seed ${report.seed}, ${report.changes} changes, invariants broken: ${report.broken.length} of ${holds}`);
    for (const { invariant, why } of report.broken) log(`  ${invariant}: ${why}`);
    if (report.counterexample !== null) {
      const { seed, path, happenings } = report.counterexample;
      log(`  the shortest history that shows it: ${JSON.stringify(happenings)}`);
      log(`  again: npm run campaign -- --only simulation --seed ${seed} --path ${path}`);
    }
    return { ok: report.histories > 0 && report.broken.length === 0, report };
  },
  async races(options) {
    const report = await section('races', options);
    for (const { name, overshoot, doubled, forks, changes, problems } of report) {
      log(`Race: ${name}: ${changes} changes; over the limit ${overshoot}, changed twice ${doubled}, forks ${forks}`);
      for (const problem of problems) log(`  ${problem}`);
    }
    return { ok: report.every((race) => race.overshoot + race.doubled + race.forks + race.problems.length === 0), report };
  },
  async planted(_options, bug) {
    const once = args.includes('--once');
    const quickest = args.includes('--quickest');
    const finders = value('--finders');
    const whole = bug === undefined && !once;
    const lanes = number('--lanes', undefined);
    const report = await plant({
      ...(bug === undefined ? {} : { only: bug }),
      once,
      trusted: finders !== undefined,
      quickest,
      ...(lanes === undefined ? {} : { lanes }),
      log,
    });
    let ok = report.planted > 0 && report.found === report.planted;
    const write = whole && args.includes('--write');
    const tests = report.results.filter(({ test }) => test !== null);
    const found = Object.fromEntries(tests.map(({ test, by, ...bug }) => [keyOf(bug), { by, test }]));
    if (finders !== undefined) writeFileSync(finders, JSON.stringify(Object.values(found)));
    if (write) writeFileSync(DOCUMENT, page(report));
    if (write || quickest) writeFileSync(FOUND, `${JSON.stringify(whole ? found : { ...JSON.parse(readFileSync(FOUND, 'utf8')), ...found }, null, 2)}\n`);
    if (!write && whole && promised(existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '') !== promised(page(report))) {
      log(`${FAILED}docs/safety-tests.md is not what this run shows: run \`npm run campaign -- --only planted --write\`.`);
      ok = false;
    }
    for (const { file, defect, test, error = 'no test finds it' } of report.results) if (test === null) log(`${FAILED}${file}: ${defect}: ${error}`);
    log(`Planted bugs found: ${report.found}/${report.planted}`);
    return { ok, report };
  },
  async mutation({ size }) {
    const report = {};
    let ok = true;
    const judged = (name, least, result) => {
      log(`Mutation score of ${name}: ${result.score} % (${result.killed} of ${result.mutants} mutants; at least ${least} %)`);
      if (result.score < least) for (const survivor of result.survivors) log(`  ${survivor}`);
      ok &&= result.score >= least;
      report[name] = result;
    };
    const since = await base();
    // If a test was deleted, mutants can survive too.
    if (size > 1 || (await run('git', ['diff', '--quiet', since, '--', ...GUARDRAILS])).code !== 0)
      judged('the guardrails', LEAST.guardrails, await mutate('guardrails', { statics: size > 1 }));
    else log(`No file of the guardrails changed since ${since}.`);
    for (const [part, folder] of Object.entries({ engine: 'packages/core/src/engine', evidence: 'packages/evidence/src' })) {
      if (size >= LARGE) judged(`the ${part}`, LEAST[part], await mutate(part));
      else {
        const { changed, lines } = await changedLines(since, folder, MOST_LINES * size);
        if (lines.length === 0) log(`No line of the ${part} changed since ${since}.`);
        else judged(`${lines.length} of ${changed} lines of the ${part} that changed since ${since}`, LEAST[part], await mutate(part, { lines }));
      }
    }
    return { ok, report };
  },
};

try {
  const only = (value('--only') ?? SECTIONS.join(',')).split(',');
  const unknown = only.find((each) => !SECTIONS.includes(each));
  if (unknown !== undefined) throw new Error(`There is no section ${unknown}: ${SECTIONS.join(', ')}. One planted bug is chosen with --bug TEXT.`);
  const size = Math.max(1, number('--size', 1));
  const seed = number('--seed', undefined);
  const path = value('--path');
  const bug = value('--bug');
  // Everything here runs from the sources.
  await setup({ python: false, build: false });
  const reports = {};
  let ok = true;
  for (const name of bug === undefined ? only : ['planted']) {
    const started = Date.now();
    const result = await runs[name]({ size, ...(seed === undefined ? {} : { seed }), ...(path === undefined ? {} : { path }) }, bug);
    reports[name] = {
      ok: result.ok,
      seconds: Math.round((Date.now() - started) / 1000),
      ...(Array.isArray(result.report) ? { races: result.report } : result.report),
    };
    ok &&= result.ok;
  }
  if (json) console.log(JSON.stringify({ size, ok, ...reports }, null, 2));
  else console.log(ok ? 'Nothing got through.' : 'Something got through.');
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  fail(error);
}
