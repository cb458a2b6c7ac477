// The prose linter: what it finds and where, what it leaves alone, and a baseline that only shrinks.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Baseline, compare, lint } from '../../scripts/prose/lint.mjs';
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

  it('has each id once, and suggests what it does not forbid', async () => {
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
        digest: expect.stringMatching(/^[0-9a-f]{16}$/),
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

describe('the baseline', () => {
  const hit = (rule: string, digest: string) => ({ rule, digest });
  const baseline: Baseline = { tell: { a: 2, b: 1 }, anew: {} };
  const ids = ['tell', 'anew'];

  it('knows what is in it, as often as it is in it', () => {
    expect(compare([hit('tell', 'b'), hit('tell', 'a'), hit('tell', 'a')], baseline, ids)).toMatchObject({ found: [], known: 3, gone: 0, behind: false });
    expect(compare([...Array(3).fill(hit('tell', 'a')), hit('tell', 'b')], baseline, ids)).toMatchObject({
      found: [hit('tell', 'a')],
      known: 3,
      behind: false,
    });
  });

  it('does not know another sentence, nor another word in the same one', () => {
    const hits = [hit('tell', 'a'), hit('tell', 'a'), hit('tell', 'b'), hit('tell', 'c'), hit('anew', 'a')];
    expect(compare(hits, baseline, ids)).toMatchObject({ found: [hit('tell', 'c'), hit('anew', 'a')], next: baseline });
  });

  it('shrinks by what is gone, and never grows', () => {
    expect(compare([hit('tell', 'a'), hit('tell', 'c')], baseline, ids)).toEqual({
      found: [hit('tell', 'c')],
      known: 1,
      adopted: 0,
      gone: 2,
      next: { anew: {}, tell: { a: 1 } },
      behind: true,
    });
  });

  it('adopts a word that is new in the list, once, and forgets one that is taken out', () => {
    const hits = [hit('tell', 'a'), hit('fare', 'x'), hit('fare', 'x')];
    const { next, ...first } = compare(hits, { tell: { a: 1 }, anew: {} }, ['tell', 'fare', 'mute']);
    expect([first, next]).toEqual([
      { found: [], known: 1, adopted: 2, gone: 0, behind: true },
      { fare: { x: 2 }, mute: {}, tell: { a: 1 } },
    ]);
    expect(compare([...hits, hit('mute', 'y')], next, ['tell', 'fare', 'mute'])).toMatchObject({ found: [hit('mute', 'y')], behind: false });
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
  const run = async (write = false, at = root) => {
    const lines: string[] = [];
    const exit = await prose({ root: at, write, say: (line) => lines.push(line) });
    return { exit, lines, last: lines.at(-1) };
  };
  const known = () => JSON.parse(readFileSync(join(root, 'scripts/prose/baseline.json'), 'utf8')) as Baseline;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'redress-prose-'));
    git('init', '--quiet', '--initial-branch', 'main');
    put('README.md', '# One\n\nPeople are told.\n\nIt is decided anew.\n');
    put('scripts/prose/other.md', 'Fine.\n');
    put('.gitignore', 'node_modules\n');
    expect((await run(true)).exit).toBe(0);
    git('add', '.');
    git('commit', '--quiet', '--message', 'one');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('passes what was there, also when it is moved', async () => {
    expect(await run()).toEqual({ exit: 0, lines: ['prose: 0 new, 0 to update, 2 in the baseline, in 2 files'], last: expect.any(String) });
    put('README.md', '# One\n\nIt is decided anew.\n');
    put('docs/moved.md', 'New.\n\n- *People* are\n  told.\n');
    expect((await run()).exit).toBe(0);
  });

  it.each([
    ['on the branch that others start from', () => undefined],
    ['in a commit', () => (git('add', '.'), git('commit', '--quiet', '--message', 'two'))],
    ['in the index', () => git('add', '.')],
  ])('finds a planted word %s, and never adds it to the baseline', async (_where, then) => {
    put('packages/x/src/a.ts', "throw new Error('The bucket was told.');\n");
    put('docs/a.md', 'People were told.\n');
    put('node_modules/x/README.md', 'People were told.\n');
    put('docs/CHANGELOG.md', 'People were told.\n');
    then();
    const before = known();
    for (const write of [false, true]) {
      const { exit, lines } = await run(write);
      expect([exit, lines]).toEqual([
        1,
        [
          'docs/a.md:1:13 "told": write notify (people), report or show (facts), determine (what can be known) [tell]\n    People were told.',
          expect.stringMatching(/^packages\/x\/src\/a\.ts:1:33 "told": .*\[tell\]\n {4}The bucket was told\.$/),
          'Reword these sentences. The baseline accepts no new ones.',
          'prose: 2 new, 0 to update, 2 in the baseline, in 4 files',
        ],
      ]);
      expect(known()).toEqual(before);
    }
  });

  it('finds the same in a clone without history', async () => {
    put('docs/a.md', 'People were told.\n');
    git('add', '.');
    git('commit', '--quiet', '--message', 'two');
    const clone = mkdtempSync(join(tmpdir(), 'redress-prose-clone-'));
    try {
      execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, clone], { stdio: 'pipe' });
      expect(await run(false, clone)).toEqual(await run());
    } finally {
      rmSync(clone, { recursive: true, force: true });
    }
  });

  it('fails until a sentence that is gone is removed from the baseline, and then refuses it', async () => {
    put('README.md', '# One\n\nPeople are notified.\n\nIt is decided anew.\n');
    const behind = await run();
    expect([behind.exit, behind.last]).toEqual([1, 'prose: 0 new, 1 to update, 1 in the baseline, in 2 files']);
    expect(behind.lines[0]).toContain('1 of its hits are gone');
    expect(await run(true)).toMatchObject({ exit: 0, last: 'prose: 0 new, 0 to update, 1 in the baseline, in 2 files' });
    put('README.md', '# One\n\nPeople are told.\n\nIt is decided anew.\n');
    expect([(await run()).exit, (await run(true)).exit]).toEqual([1, 1]);
  });

  it('ends with the counts and an exit code on the command line, and knows no other option', () => {
    const script = join(ROOT, 'scripts', 'prose.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--wirte'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, 'npm run prose [-- --write]\n']);
  });
});
