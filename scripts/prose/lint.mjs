// The prose linter without I/O: the hits in a text, and their comparison with the baseline.
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { TextlintKernel } from '@textlint/kernel';
import { BLOCKS, plugins, read, sentenceAt } from './text.mjs';
import { WORDS } from './words.mjs';

/** Matches whole words: not a part of an identifier, a path, a flag or a dotted name. */
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

/** Identifies a sentence by its text alone: it stays known in another file, and is new when it changes. */
function digestOf(sentence) {
  return createHash('sha256').update(sentence).digest('hex').slice(0, 16);
}

/**
 * Compares hits with the baseline. `found`: hits that it does not know. `gone`: how many of its hits no longer exist. `adopted`: hits of entries that
 * it has never seen. `next`: the baseline as it may be written, without what is gone and with what is adopted.
 */
export function compare(hits, baseline, ids = WORDS.map(({ id }) => id)) {
  const left = structuredClone(baseline);
  // An entry without hits stays in the baseline, so that it is adopted only once.
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
