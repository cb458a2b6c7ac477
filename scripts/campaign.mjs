#!/usr/bin/env node
// `npm run campaign [-- --size N] [--json] [--only faults,simulation,races,planted,mutation] [--seed N [--path P]] [--bug TEXT] [--once] [--lanes N]`
// Breaks Redress in every way that is known, and counts what survives. Size 1 is what `npm run test:all` runs; from 5 on there are fifty processes,
// and histories grow with it. The page of planted bugs has to agree with docs/safety-tests.md, which `--write` writes. `--once` plants one defect
// for each promise, as `npm test` does, and leaves the page alone.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FOUND, plant } from '../campaign/planted.mjs';
import { fail, NODE, ROOT, setup } from './setup.mjs';

const DOCUMENT = join(ROOT, 'docs', 'safety-tests.md');
const SECTIONS = ['faults', 'simulation', 'races', 'planted', 'mutation'];
const LEAST_MUTATION_SCORE = 90;
/** From this size on the engine is mutated, too, and fifty processes race. */
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
    'Each promise is broken once, by a deliberate defect in a copy of the code, and the tests are run: the table names one that finds it.',
    '`npm run campaign` does that; `npm test` includes it. A defect that no test finds fails both. What else the campaign does, [the campaign](campaign.md) tells.',
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

/** What Stryker finds, in numbers; messages are no part of it. */
async function mutate(env, name) {
  const file = join(ROOT, '.cache', name);
  rmSync(file, { force: true });
  const { err, out } = await run(NODE, [join(ROOT, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js'), 'run', 'stryker.config.mjs'], env);
  if (!existsSync(file)) throw new Error(`Stryker left no report: ${(err + out).slice(-2000)}`);
  const files = {};
  const survivors = [];
  for (const [path, { mutants }] of Object.entries(JSON.parse(readFileSync(file, 'utf8')).files)) {
    const counted = mutants.filter(({ status }) => ['Killed', 'Timeout', 'Survived', 'NoCoverage'].includes(status));
    const killed = counted.filter(({ status }) => status === 'Killed' || status === 'Timeout');
    files[path] = { mutants: counted.length, killed: killed.length };
    for (const { status, location, mutatorName } of counted)
      if (status !== 'Killed' && status !== 'Timeout') survivors.push(`${path}:${location.start.line} ${mutatorName}`);
  }
  const total = Object.values(files).reduce((sum, each) => ({ mutants: sum.mutants + each.mutants, killed: sum.killed + each.killed }), {
    mutants: 0,
    killed: 0,
  });
  return { score: Math.round((total.killed / total.mutants) * 1000) / 10, ...total, files, survivors };
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
    const whole = bug === undefined && !once;
    const lanes = number('--lanes', undefined);
    const report = await plant({ ...(bug === undefined ? {} : { only: bug }), once, ...(lanes === undefined ? {} : { lanes }), log });
    let ok = report.planted > 0 && report.found === report.planted;
    const write = whole && args.includes('--write');
    if (write) {
      writeFileSync(DOCUMENT, page(report));
      const found = report.results.flatMap(({ file, defect, test, by }) => (test === null ? [] : [[`${file}: ${defect}`, { by, test }]]));
      writeFileSync(FOUND, `${JSON.stringify(Object.fromEntries(found), null, 2)}\n`);
    }
    if (!write && whole && promised(existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : '') !== promised(page(report))) {
      log('docs/safety-tests.md is not what this run shows: run `npm run campaign -- --only planted --write`.');
      ok = false;
    }
    log(`Planted bugs found: ${report.found}/${report.planted}`);
    return { ok, report };
  },
  async mutation({ size }) {
    const guardrails = await mutate({ REDRESS_STATIC_MUTANTS: size > 1 ? '1' : '0' }, 'mutation.json');
    const { score, killed, mutants, survivors } = guardrails;
    log(
      `Mutation score of the guardrails: ${score} % (${killed} of ${mutants} mutants${size > 1 ? '' : ', those of module level apart'}; at least ${LEAST_MUTATION_SCORE} %)`,
    );
    if (score < LEAST_MUTATION_SCORE) for (const survivor of survivors) log(`  ${survivor}`);
    const report = { ...guardrails };
    if (size >= LARGE) {
      const engine = await mutate({ REDRESS_MUTATE: 'engine', REDRESS_STATIC_MUTANTS: '0' }, 'mutation-engine.json');
      log(`Mutation score of the engine: ${engine.score} % (${engine.killed} of ${engine.mutants} mutants, those of module level apart)`);
      for (const survivor of engine.survivors) log(`  ${survivor}`);
      report.engine = engine;
    }
    return { ok: score >= LEAST_MUTATION_SCORE, report };
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
