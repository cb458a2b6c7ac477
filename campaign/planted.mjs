// Plants each deliberate defect, and runs the tests that should find it. Defects are planted in memory; the repository does not change.
import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { NODE, ROOT } from '../scripts/setup.mjs';
import { plantedBugs } from './planted/index.mjs';

/** Which test found a defect last. It runs first, and alone. If it does not find the defect, all tests of the defect run. */
export const FOUND = join(ROOT, 'campaign', 'planted-found.json');
/** The key under which a defect is remembered. */
export const keyOf = ({ file, defect }) => `${file}: ${defect}`;
const LANES = Math.min(2, availableParallelism());
/** Minutes that one defect may take. None takes a tenth of that; what takes longer waits forever. */
const MINUTES = 10;
/** Minutes that the remembered tests of all defects may take without any. */
const SOUND_MINUTES = 60;

/**
 * A process that plants defects: `ask` sends it one request at a time. A request that takes too long ends the process, whatever it does; the next request
 * starts another.
 */
function lane(script) {
  let child = null;
  let log = '';
  /** The next message of the process. */
  const answer = async (minutes) => {
    let late = false;
    const watchdog = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, minutes * 60_000);
    try {
      return await new Promise((resolve, reject) => {
        child.once('message', (given) => (given.error === undefined ? resolve(given) : reject(new Error(given.error))));
        child.once('error', reject);
        child.once('exit', (code, signal) =>
          reject(new Error(late ? `the tests took more than ${minutes} minutes, and were ended` : `the tests ended with ${code ?? signal}: ${log}`)),
        );
      });
    } finally {
      clearTimeout(watchdog);
      child.removeAllListeners();
    }
  };
  return {
    async ask(question, minutes) {
      if (!child?.connected) {
        log = '';
        child = fork(script, { cwd: ROOT, execPath: NODE, silent: true });
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (log = (log + String(data)).slice(-2000)));
        await answer(MINUTES);
      }
      child.send(question);
      return answer(minutes);
    },
    close() {
      if (!child?.connected) return;
      child.disconnect();
      setTimeout(() => child.kill('SIGKILL'), MINUTES * 60_000).unref();
    },
  };
}

/**
 * Plants the defects, one at a time in each lane.
 *
 * @param {{ only?: string, once?: boolean, trusted?: boolean, quickest?: boolean, log?: (line: string) => void, lanes?: number, minutes?: number,
 *   script?: string }} [options] `once`: one defect for each promise. `trusted`: the remembered tests are not run without a defect here; the caller compares
 *   them with another run. `quickest`: all tests of a defect run, to find the quickest one that finds it. `minutes`: how long one defect may take. `script`:
 *   the process that plants them.
 * @returns {Promise<{ planted: number, found: number, results: { promise: string, defect: string, file: string, test: string | null, by: string | null,
 *   error?: string }[] }>} `error`: why it is not known whether a defect is found.
 */
export async function plant(options = {}) {
  const log = options.log ?? (() => undefined);
  const first = new Map(plantedBugs.toReversed().map((bug) => [bug.promise, bug]));
  const bugs = plantedBugs.filter(
    (bug) =>
      (options.only === undefined || `${bug.promise} ${bug.defect} ${bug.file}`.includes(options.only)) &&
      (options.once !== true || first.get(bug.promise) === bug),
  );
  if (bugs.length === 0) throw new Error(`No planted defect has ${JSON.stringify(options.only)} in its promise, its description or its file.`);
  // If the code to replace no longer exists, this list is wrong. All such entries are reported at once.
  const lost = bugs.flatMap(({ file, find, defect }) => {
    const times = readFileSync(join(ROOT, file), 'utf8').split(find).length - 1;
    return times === 1 ? [] : [`${file}: the place of the defect "${defect}" occurs ${times} times, not once.`];
  });
  const keys = plantedBugs.map(keyOf);
  const twice = keys
    .filter((key, at) => keys.indexOf(key) < at)
    .map((key) => `${key}: two planted defects have this name; the test that finds one would be remembered for both.`);
  const wrong = [...lost, ...twice];
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  const remembered = existsSync(FOUND) ? JSON.parse(readFileSync(FOUND, 'utf8')) : {};
  const lastOf = (bug) => remembered[keyOf(bug)];
  const lanes = [];
  const results = [];
  try {
    for (let n = 0; n < Math.max(1, Math.min(options.lanes ?? LANES, bugs.length)); n++)
      lanes.push(lane(options.script ?? join(ROOT, 'campaign', 'planted-lane.mjs')));
    // A test that always fails finds nothing. Remembered tests run once before, all together. Any other test runs again after it has found something.
    const before = options.quickest !== true && options.trusted !== true;
    const remembers = before ? bugs.flatMap((bug) => lastOf(bug) ?? []).filter(({ by }) => existsSync(join(ROOT, by))) : [];
    const sound = await lanes[0].ask({ sound: remembers }, SOUND_MINUTES);
    if (sound.broken !== null || sound.failed.length > 0)
      throw new Error(`Without any defect tests fail:\n${[sound.broken ?? '', ...sound.failed.map(({ test, why }) => `${test}: ${why}`)].join('\n')}`);
    const passes = new Set(sound.passed.map(({ by, test }) => `${by}: ${test}`));
    const mayBeAsked = ({ by, test }) => (before ? passes.has(`${by}: ${test}`) : existsSync(join(ROOT, by)));
    const waiting = bugs.entries();
    await Promise.all(
      lanes.map(async ({ ask }) => {
        for (const [index, bug] of waiting) {
          const { promise, defect, file } = bug;
          const last = lastOf(bug);
          const given = { bug, passes: before || options.trusted === true, quickest: options.quickest === true };
          const question = { ...given, ...(last !== undefined && mayBeAsked(last) ? { last } : {}) };
          const answer = await ask(question, options.minutes ?? MINUTES).catch(({ message }) => ({ test: null, by: null, error: message }));
          results[index] = { promise, defect, file, ...answer };
          const { test, error } = answer;
          log(`${test === null ? 'NOT FOUND' : 'found    '}  ${promise}\n           defect: ${defect}\n           by:     ${test ?? error ?? 'no test'}`);
        }
      }),
    );
  } finally {
    for (const { close } of lanes) close();
  }
  return { planted: results.length, found: results.filter((each) => each.test !== null).length, results };
}
