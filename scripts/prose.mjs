#!/usr/bin/env node
// `npm run prose`: the prose linter. No sentence may use the words in scripts/prose/words.mjs. The last line has the counts.
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lint } from './prose/lint.mjs';

const PROSE = /\.(?:md|ts|mjs)$/;
// Changelogs are generated from changesets, and the page of planted defects from their list and the names of tests. Declarations contain no messages.
const NOT_READ = /(?:^|\/)CHANGELOG\.md$|^docs\/safety-tests\.md$|\.d\.m?ts$/;

/** Files with prose in a work tree, including those that are not committed. */
function filesOf(root) {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  return [...new Set(listed.split('\0'))]
    .filter((path) => PROSE.test(path) && !NOT_READ.test(path) && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true)
    .sort();
}

/** Lints a work tree. */
export async function prose({ root, say = console.log }) {
  const files = filesOf(root);
  let found = 0;
  for (const path of files)
    for (const { line, column, rule, message, sentence } of await lint(path, readFileSync(join(root, path), 'utf8'))) {
      say(`${path}:${line}:${column} ${message} [${rule}]\n    ${sentence}`);
      found++;
    }
  say(`prose: ${found} hits in ${files.length} files`);
  return found > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.length > 2) {
    console.error('npm run prose takes no options.');
    process.exitCode = 2;
  } else process.exitCode = await prose({ root: dirname(dirname(fileURLToPath(import.meta.url))) });
}
