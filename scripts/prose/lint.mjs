// The prose linter without I/O: the hits in a text.
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
  return messages.map(({ ruleId: rule, range, line, column, message }) => ({
    path,
    line,
    column,
    rule,
    message,
    sentence: sentences.get(`${rule} ${range[0]}`),
  }));
}
