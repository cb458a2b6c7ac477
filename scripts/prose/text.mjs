// Finds the prose in a file. textlint's plugin parses Markdown, and TypeScript's parser parses code; both yield textlint's syntax tree.
import markdown from '@textlint/textlint-plugin-markdown';
import ts from 'typescript';

/** Replaces code, an image or a substitution in a sentence. */
const UNKNOWN = '\uFFFC';
const NAMES_A_TEST = new Set(['it', 'test', 'describe']);
/** Values of these members are code or bad examples, even if they look like sentences. */
const NOT_PROSE = new Set(['find', 'replace', 'bad']);
/** Two words with a space between them. A string without is a name. */
const SENTENCE = /\p{L}\s+[\p{L}\uFFFC]|\uFFFC\s+\p{L}/u;
/** Parts of a string that are not text: code, addresses and escapes. */
const CODE = /`[^`]*`|[a-z][a-z0-9+.-]*:\/\/[^\s\\]+|\\(?:u\{[^}]*\}|u[0-9a-f]{4}|x[0-9a-f]{2}|[\s\S])/gi;
const ESCAPED = { "'": "'", '"': '"', '`': '`', u2019: '’', n: '\n', r: '\n', t: '\t' };

/** In test files only the names of tests are prose; other strings are data. */
const isTest = (path) => /\.test\.ts$|(?:^|\/)tests?\//.test(path);

/** Ranges of the prose in a source file: for each literal its parts, without quotes and substitutions. */
function literals(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, path.endsWith('.mjs') ? ts.ScriptKind.JS : ts.ScriptKind.TS);
  const found = [];
  const take = (node) => {
    const pieces = ts.isTemplateExpression(node) ? [node.head, ...node.templateSpans.map((span) => span.literal)] : [node];
    const parts = pieces.map((piece) => {
      const from = piece.getStart(source) + 1;
      return [from, piece.end - (piece.kind === ts.SyntaxKind.TemplateHead || piece.kind === ts.SyntaxKind.TemplateMiddle ? 2 : 1)];
    });
    if (SENTENCE.test(parts.map(([from, to]) => text.slice(from, to)).join(UNKNOWN))) found.push(parts);
  };
  const isText = (node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
  const everything = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isPropertyAssignment(node) && NOT_PROSE.has(node.name.getText(source))) return;
    if (isText(node)) take(node);
    ts.forEachChild(node, everything);
  };
  const names = (node) => {
    if (ts.isCallExpression(node) && NAMES_A_TEST.has(rootOf(node.expression)?.text ?? '')) {
      const [first] = node.arguments;
      if (first !== undefined && isText(first)) take(first);
      // A table of cases: the first cell of each row is part of the name.
      if (first !== undefined && ts.isArrayLiteralExpression(first))
        for (const row of first.elements) {
          const cell = ts.isArrayLiteralExpression(row) ? row.elements[0] : row;
          if (cell !== undefined && isText(cell)) take(cell);
        }
    }
    ts.forEachChild(node, names);
  };
  (isTest(path) ? names : everything)(source);
  return found.sort(([[a]], [[b]]) => a - b);
}

/** `it` of `it`, `it.each`, `it.skipIf(…)` and `it.each(…)(…)`. */
function rootOf(expression) {
  let at = expression;
  while (ts.isPropertyAccessExpression(at) || ts.isCallExpression(at)) at = at.expression;
  return ts.isIdentifier(at) ? at : undefined;
}

/** The tree of a source file: a paragraph for each literal. */
function parseCode(path, text) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  let line = 0;
  const position = (offset) => {
    while (line > 0 && starts[line] > offset) line--;
    while (line + 1 < starts.length && starts[line + 1] <= offset) line++;
    return { line: line + 1, column: offset - starts[line] };
  };
  const node = (type, from, to, more) => ({
    type,
    raw: text.slice(from, to),
    range: [from, to],
    loc: { start: position(from), end: position(to) },
    ...more,
  });
  const str = (from, to, value = text.slice(from, to)) => node('Str', from, to, { value });
  const code = (from, to) => {
    const value = text.slice(from, to);
    const escaped = value[0] === '\\' ? ESCAPED[value.slice(1)] : undefined;
    return escaped === undefined ? node('Code', from, to, { value }) : str(from, to, escaped);
  };
  const children = literals(path, text).map((parts) => {
    const within = [];
    for (const [index, [from, to]] of parts.entries()) {
      if (index > 0) within.push(code(parts[index - 1][1], from));
      let at = from;
      for (const match of text.slice(from, to).matchAll(CODE)) {
        if (from + match.index > at) within.push(str(at, from + match.index));
        at = from + match.index + match[0].length;
        within.push(code(from + match.index, at));
      }
      if (at < to) within.push(str(at, to));
    }
    return node('Paragraph', parts[0][0], parts.at(-1)[1], { children: within });
  });
  return node('Document', 0, text.length, { children });
}

/** A textlint plugin for source files. */
const code = {
  Processor: class {
    availableExtensions() {
      return ['.ts', '.mjs'];
    }
    processor() {
      return { preProcess: (text, path) => parseCode(path ?? '', text), postProcess: (messages, filePath) => ({ messages, filePath }) };
    }
  },
};

/** What textlint's kernel needs to read all kinds of our files. */
export const plugins = [
  { pluginId: 'markdown', plugin: markdown.default ?? markdown },
  { pluginId: 'code', plugin: code },
];

/** Nodes that hold one run of text. */
export const BLOCKS = ['Paragraph', 'Header', 'TableCell'];

/**
 * The text of a block without markup, with one unknown word for each piece of code. `at` maps an offset in it to the offset in the source, relative to
 * the block.
 */
export function read(block) {
  const known = texts.get(block);
  if (known !== undefined) return known;
  let text = '';
  const pieces = [];
  const visit = (node) => {
    if (node.type === 'Str') {
      pieces.push([text.length, node.range[0] - block.range[0]]);
      // An escape counts as one character. Everything else stays as written, so that offsets match the source.
      text += node.value.length === 1 ? node.value : node.raw;
    } else if (node.type === 'Break') text += '\n';
    else if (node.children !== undefined) node.children.forEach(visit);
    else if (node.type !== 'Html' && node.type !== 'Comment') text += UNKNOWN;
  };
  visit(block);
  const made = {
    // A line break does not end a sentence.
    text: text.replace(/\s/g, ' '),
    at: (offset) => {
      const piece = pieces.findLast(([start]) => start <= offset) ?? [0, 0];
      return piece[1] + offset - piece[0];
    },
  };
  texts.set(block, made);
  return made;
}
const texts = new WeakMap();

const SENTENCES = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentence at a place of a text, on one line. */
export function sentenceAt(text, offset) {
  return (SENTENCES.segment(text).containing(offset)?.segment ?? text).replace(/\s+/g, ' ').trim();
}
