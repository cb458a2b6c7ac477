// Deliberate defects, one per safety promise and more, by area: each file beside this one is a list. Each has to be found by a test that is there
// anyway; a defect that no test finds is a promise that nobody keeps.
import { readdirSync } from 'node:fs';

/**
 * @typedef {object} PlantedBug
 * @property {string} promise What is promised, as `docs/safety-tests.md` has it.
 * @property {string} defect What is wrong with the copy.
 * @property {string} file In which file.
 * @property {string} find What is replaced. It occurs exactly once in the file.
 * @property {string} replace What stands there instead.
 * @property {readonly string[]} tests Files or folders of tests that should find it.
 */

const areas = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.mjs') && name !== 'index.mjs')
  .sort();

/** @type {readonly PlantedBug[]} */
export const plantedBugs = (await Promise.all(areas.map((name) => import(/* @vite-ignore */ `./${name}`)))).flatMap((area) => area.default);
