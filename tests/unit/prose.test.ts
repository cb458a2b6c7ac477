// The prose linter: what it finds and where, and what it leaves alone.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lint } from '../../scripts/prose/lint.mjs';
import { WORDS } from '../../scripts/prose/words.mjs';
import { prose } from '../../scripts/prose.mjs';

const places = async (path: string, text: string) => (await lint(path, text)).map(({ line, column, rule }) => `${line}:${column} ${rule}`);

describe('the list of words', () => {
  it.each(WORDS)('$id is found in each bad example, and in no good one', async ({ id, bad, good }) => {
    for (const sentence of bad)
      expect([sentence, (await lint('a.md', `${sentence}\n`)).map(({ rule }) => rule)]).toEqual([sentence, expect.arrayContaining([id])]);
    for (const sentence of good)
      expect([sentence, (await lint('a.md', `${sentence}\n`)).map(({ rule }) => rule)]).not.toEqual([sentence, expect.arrayContaining([id])]);
  });

  it('has each id once, and suggests nothing that it forbids', async () => {
    expect(new Set(WORDS.map(({ id }) => id)).size).toBe(WORDS.length);
    for (const { write } of WORDS) expect([write, await lint('a.md', `${write}\n`)]).toEqual([write, []]);
  });
});

describe('a planted word in Markdown', () => {
  it.each([
    ['a paragraph', 'One line.\nThe owner\nis told of it.\n', ['3:4 tell']],
    ['a heading', '# One\n\n## Telling people\n', ['3:4 tell']],
    ['a table', '| a | b |\n| --- | --- |\n| x | it tells |\n', ['3:10 tell']],
    ['a list', '- one\n- people are told\n', ['2:14 tell']],
    ['the text of a link', 'See [what is told](https://example.com/).\n', ['1:14 tell']],
    ['an element of HTML', 'A <b>told</b> word.\n', ['1:6 tell']],
    ['words with marks between them', 'It takes *one* fix\n**back**.\n', ['1:4 take-back']],
    ['what comes after marks, code and entities', 'A **b** `c` &amp; \\* d, and told.\n', ['1:29 tell']],
    ['two sentences', 'It is told. It is decided anew.\n', ['1:7 tell', '1:27 anew']],
    ['capitals', 'TOLD you.\n', ['1:1 tell']],
  ])('is found with its place in %s', async (_where, text, expected) => {
    expect(await places('docs/a.md', text)).toEqual(expected);
  });

  it.each([
    ['a fenced block', '```sh\nit is told\n```\n'],
    ['an indented block', 'Text.\n\n    it is told\n'],
    ['code in a sentence', 'Use `is told` here.\n'],
    ['an address', 'See https://example.com/told and [x](https://example.com/told "told").\n'],
    ['an identifier', 'The members isTold, told_of, told.at, told-of, pre-told, `x`.told and told() are names; so is $told.\n'],
    ['a path or a flag', 'See docs/told and ./told, with --told.\n'],
    ['a part of a word', 'The retold story, toldness.\n'],
    ['a comment', '<!-- told -->\n'],
    ['front matter', "---\n'@redress/told': minor\ntold: told\n---\n\nText.\n"],
  ])('is not prose in %s', async (_where, text) => {
    expect(await places('docs/a.md', text)).toEqual([]);
  });

  it('is reported with the word, what to write instead, and the sentence', async () => {
    expect(await lint('docs/a.md', 'First. The fix of `x`\nis taken   back at once. Last.\n')).toEqual([
      {
        path: 'docs/a.md',
        line: 2,
        column: 4,
        rule: 'take-back',
        message: '"taken back": write roll back, undo, revert',
        sentence: 'The fix of \uFFFC is taken back at once.',
      },
    ]);
  });
});

describe('a planted word in code', () => {
  it.each([
    ['the message of an error', "throw new RedressError('a/b', 'Nobody is told.');\n", ['1:42 tell']],
    ['a help text', "program\n  .command('x')\n  .option('--all', 'take all back');\n", ['3:21 take-back']],
    ['a log line', "logger.warn('the owner was told', {});\n", ['1:28 tell']],
    ['a template', 'say(`${name} is told\n about ${x}, and ${`${y} told`} told`);\n', ['1:17 tell', '2:26 tell', '2:33 tell']],
    ['a member', "const x = { message: 'It tells it.', promise: 'It is told.' };\n", ['1:26 tell', '1:54 tell']],
    ['what comes after escapes', "const x = 'It isn\\'t\\ttold\\u2019s\\n\\x1btold it';\n", ['1:23 tell', '1:40 tell']],
    ['two words with a break between them', "say('It takes it\\nback.');\n", ['1:9 take-back']],
  ])('is found with its place in %s', async (_where, text, expected) => {
    expect(await places('packages/x/src/a.ts', text)).toEqual(expected);
    expect(await places('scripts/a.mjs', text)).toEqual(expected);
  });

  it.each([
    ['its own', "describe('what is told', () => {\n  it('tells it', () => undefined);\n});\n", ['1:19 tell', '2:7 tell']],
    [
      'a modified one',
      "it.skip('is told', f);\ntest.skipIf(x)('is told', f);\ndescribe.concurrent.each(t)('is told %s', f);\n",
      ['1:13 tell', '2:20 tell', '3:33 tell'],
    ],
    ['one of a table', "it.each([\n  ['is told', 'was told'],\n  'it tells',\n  { of: 'is told' },\n])('%s', f);\n", ['2:8 tell', '3:7 tell']],
    ['a template', 'it(`${x} is told`, f);\n', ['1:13 tell']],
  ])('is found in the name of a test: %s', async (_where, text, expected) => {
    for (const path of ['packages/x/src/a.test.ts', 'packages/x/test/a.ts', 'tests/a.ts']) expect(await places(path, text)).toEqual(expected);
  });

  it.each([
    ['a name without spaces', "const x = 'told';\n"],
    ['a comment', '// It is told.\n/** It is told. */\nconst x = 1;\n'],
    ['a type', "type X = 'it is told';\nlet x: 'it is told';\n"],
    ['a module', "import x from 'it is told';\nexport * from 'it is told';\n"],
    ['code to find and replace', "const x = { find: 'is told', replace: `is told` };\n"],
    ['code and addresses inside of it', "const x = 'Use `is told`, https://example.com/told?is=told or --told';\n"],
    ['a substitution', 'const x = `a b ${told} c`;\n'],
    ['a regular expression', 'const x = /it is told/;\n'],
  ])('is not prose in %s', async (_where, text) => {
    expect(await places('packages/x/src/a.ts', text)).toEqual([]);
  });

  it('is not prose in the data of a test', async () => {
    expect(await places('packages/x/src/a.test.ts', "it('works', () => expect(f('is told')).toBe('it is told'));\nconst say = 'it is told';\n")).toEqual([]);
  });
});

describe('npm run prose', () => {
  const ROOT = fileURLToPath(new URL('../..', import.meta.url));
  let root: string;
  const git = (...args: string[]) => execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: root, stdio: 'pipe' });
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const run = async (at = root) => {
    const lines: string[] = [];
    const exit = await prose({ root: at, say: (line) => lines.push(line) });
    return { exit, lines };
  };

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'redress-prose-'));
    git('init', '--quiet', '--initial-branch', 'main');
    put('README.md', '# One\n\nPeople are notified.\n');
    put('docs/other.md', 'Fine.\n');
    put('.gitignore', 'node_modules\n');
    git('add', '.');
    git('commit', '--quiet', '--message', 'one');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('passes a work tree without the words', async () => {
    expect(await run()).toEqual({ exit: 0, lines: ['prose: 0 hits in 2 files'] });
  });

  it.each([
    ['on the branch that others start from', () => undefined],
    ['in a commit', () => (git('add', '.'), git('commit', '--quiet', '--message', 'two'))],
    ['in the index', () => git('add', '.')],
  ])('finds a planted word %s', async (_where, then) => {
    put('packages/x/src/a.ts', "throw new Error('The bucket was told.');\n");
    put('docs/a.md', 'People were told.\n');
    put('node_modules/x/README.md', 'People were told.\n');
    put('docs/CHANGELOG.md', 'People were told.\n');
    then();
    expect(await run()).toEqual({
      exit: 1,
      lines: [
        'docs/a.md:1:13 "told": write notify (people), report or show (facts), determine (what can be known) [tell]\n    People were told.',
        expect.stringMatching(/^packages\/x\/src\/a\.ts:1:33 "told": .*\[tell\]\n {4}The bucket was told\.$/),
        'prose: 2 hits in 4 files',
      ],
    });
  });

  it('finds the same in a clone without history', async () => {
    put('docs/a.md', 'People were told.\n');
    git('add', '.');
    git('commit', '--quiet', '--message', 'two');
    const clone = mkdtempSync(join(tmpdir(), 'redress-prose-clone-'));
    try {
      execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone], { stdio: 'pipe' });
      expect(await run(clone)).toEqual(await run());
    } finally {
      rmSync(clone, { recursive: true, force: true });
    }
  });

  it('takes no options on the command line', () => {
    const script = join(ROOT, 'scripts', 'prose.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--write'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, 'npm run prose takes no options.\n']);
  });
});
