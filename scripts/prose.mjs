#!/usr/bin/env node
// `npm run prose`: the prose linter. New and changed sentences must not have the words of scripts/prose/words.mjs; those that were there before are in
// scripts/prose/baseline.json, which only shrinks. The last line has the counts.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, lint } from './prose/lint.mjs';

const BASELINE = 'scripts/prose/baseline.json';
const PROSE = /\.(?:md|ts|mjs)$/;
// Changelogs are made of changesets; declarations have no text of their own.
const NOT_READ = /(?:^|\/)CHANGELOG\.md$|\.d\.m?ts$/;

/** Files of a work tree with prose in them: also those that are not committed yet. */
function filesOf(root) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  return [...new Set(listed.split('\0'))]
    .filter((path) => PROSE.test(path) && !NOT_READ.test(path) && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true)
    .sort();
}

/** Lints a work tree. `write` takes out of the baseline what is not there any more, and adopts entries of the list that are new in it. */
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
  if (found.length > 0) say('Write these sentences in other words: the baseline takes no new ones.');
  if (behind) say(`${BASELINE} is behind: ${gone} hits are gone, ${adopted} are of words that are new in the list. Update it: npm run prose -- --write`);
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
