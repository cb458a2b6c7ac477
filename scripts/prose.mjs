#!/usr/bin/env node
// `npm run prose`: the prose linter. New and changed sentences must not use the words in scripts/prose/words.mjs. Existing sentences that do are in
// scripts/prose/baseline.json, which only shrinks. The last line has the counts.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, lint } from './prose/lint.mjs';

const BASELINE = 'scripts/prose/baseline.json';
const PROSE = /\.(?:md|ts|mjs)$/;
// Changelogs are generated from changesets, the page of planted defects from their list and the names of tests; declarations hold no messages.
const NOT_READ = /(?:^|\/)CHANGELOG\.md$|^docs\/safety-tests\.md$|\.d\.m?ts$/;

/** Files with prose in a work tree, including those that are not committed. */
function filesOf(root) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  return [...new Set(listed.split('\0'))]
    .filter((path) => PROSE.test(path) && !NOT_READ.test(path) && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true)
    .sort();
}

/** Lints a work tree. `write` removes from the baseline what is gone, and adopts entries that are new in the list. */
export async function prose({ root, write = false, say = console.log }) {
  const file = join(root, BASELINE);
  const baseline = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const files = filesOf(root);
  const hits = [];
  for (const path of files) hits.push(...(await lint(path, readFileSync(join(root, path), 'utf8'))));
  let result = compare(hits, baseline);
  if (write) {
    writeFileSync(file, `${JSON.stringify(result.next, null, 2)}\n`);
    result = compare(hits, result.next);
  }
  const { found, known, adopted, gone, behind } = result;
  for (const { path, line, column, rule, message, sentence } of found) say(`${path}:${line}:${column} ${message} [${rule}]\n    ${sentence}`);
  if (found.length > 0) say('Reword these sentences. The baseline accepts no new ones.');
  if (behind)
    say(`${BASELINE} is out of date: ${gone} of its hits are gone, ${adopted} hits are of words that are new in the list. Update it: npm run prose -- --write`);
  say(`prose: ${found.length} new, ${gone + adopted} to update, ${known} in the baseline, in ${files.length} files`);
  return found.length > 0 || behind ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [option, ...more] = process.argv.slice(2);
  if ((option !== undefined && option !== '--write') || more.length > 0) {
    console.error('npm run prose [-- --write]');
    process.exitCode = 2;
  } else process.exitCode = await prose({ root: dirname(dirname(fileURLToPath(import.meta.url))), write: option === '--write' });
}
