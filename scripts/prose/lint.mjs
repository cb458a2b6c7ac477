// The prose linter without files: what is found in a text, and what of it the baseline knows.
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { TextlintKernel } from '@textlint/kernel';
import { BLOCKS, plugins, read, sentenceAt } from './text.mjs';
import { WORDS } from './words.mjs';

/** A whole word: no part of an identifier, a path, a flag or a name with dots. */
const whole = ({ pattern }) => new RegExp(`(?<![\\p{L}\\p{N}_$@/.#\\\\-])(?:${pattern.source})(?![\\p{L}\\p{N}_$@/(]|[-.:]\\p{L})`, 'giu');
const list = WORDS.map((word) => ({ ...word, pattern: whole(word) }));
const kernel = new TextlintKernel();

/** Finds words of the list in the prose of a file, in order. */
export async function lint(path, text) {
  const sentences = new Map();
  const rules = list.map(({ id, pattern, write }) => ({
    ruleId: id,
    rule: ({ RuleError, locator, report }) => {
      const check = (block) => {
        const { text: prose, at } = read(block);
        for (const match of prose.matchAll(pattern)) {
          const from = at(match.index);
          const range = locator.range([from, at(match.index + match[0].length - 1) + 1]);
          sentences.set(`${id} ${block.range[0] + from}`, sentenceAt(prose, match.index));
          report(block, new RuleError(`"${match[0].replace(/\s+/g, ' ')}": write ${write}`, { padding: range }));
        }
      };
      return Object.fromEntries(BLOCKS.map((type) => [type, check]));
    },
  }));
  const { messages } = await kernel.lintText(text, { filePath: path, ext: extname(path), plugins, rules });
  return messages.map(({ ruleId: rule, range, line, column, message }) => {
    const sentence = sentences.get(`${rule} ${range[0]}`);
    return { path, line, column, rule, message, sentence, digest: digestOf(sentence) };
  });
}

/** Names a sentence: the same one is known wherever it is moved to, and one that is changed is new. */
function digestOf(sentence) {
  return createHash('sha256').update(sentence).digest('hex').slice(0, 16);
}

/**
 * What of the hits the baseline does not know, and how far it is behind: `gone` are hits of its own that are not there any more, `adopted` are hits
 * of entries of the list that it has never seen. `next` is the baseline as it may be written: without the former, and with the latter.
 */
export function compare(hits, baseline, ids = WORDS.map(({ id }) => id)) {
  const left = structuredClone(baseline);
  // An entry stays known when nothing is left of it, so that it is adopted once.
  const next = Object.fromEntries(ids.map((id) => [id, {}]));
  const found = [];
  const counts = { known: 0, adopted: 0 };
  for (const hit of hits) {
    const { rule, digest } = hit;
    const known = left[rule];
    if (known !== undefined && !(known[digest] > 0)) {
      found.push(hit);
      continue;
    }
    if (known === undefined) counts.adopted++;
    else {
      known[digest]--;
      counts.known++;
    }
    next[rule][digest] = (next[rule][digest] ?? 0) + 1;
  }
  const gone = Object.values(left).reduce((sum, of) => sum + Object.values(of).reduce((a, b) => a + b, 0), 0);
  const written = sorted(next);
  return { found, ...counts, gone, next: written, behind: JSON.stringify(written) !== JSON.stringify(sorted(baseline)) };
}

const byName = ([a], [b]) => (a < b ? -1 : 1);
const sorted = (baseline) =>
  Object.fromEntries(
    Object.entries(baseline)
      .sort(byName)
      .map(([rule, of]) => [rule, Object.fromEntries(Object.entries(of).sort(byName))]),
  );
