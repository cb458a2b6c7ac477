// What the documentation says is so: its code compiles and runs, its policies parse, its commands and links exist.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { builtinGuardrails, isRedressError } from '@redress/core';
import { readPolicy, readRegister } from '@redress/core/yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|\.git|\.cache|\.venv[a-z0-9-]*)$/.test(entry.name) ? [] : pagesBelow(path);
    return entry.name.endsWith('.md') && !(dirname(path) === '.changeset') && entry.name !== 'CHANGELOG.md' ? [path] : [];
  });
}
const pages = pagesBelow('.').sort();
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8');

/** One fenced block. */
interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly words: readonly string[];
  readonly code: string;
  /** The `text` block right after it, when there is one: what comes of it. */
  readonly after: string | null;
}
const blocks: readonly Block[] = pages.flatMap((page) => {
  const found = [...textOf(page).matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)];
  return found.map((match, index): Block => {
    const [language = '', ...words] = (match[1] ?? '').trim().split(/\s+/);
    const next = found[index + 1];
    const between = next === undefined ? null : textOf(page).slice(match.index + match[0].length, next.index);
    const after = next !== undefined && between?.trim() === '' && next[1]?.trim() === 'text' ? (next[2] ?? '') : null;
    return { page, line: textOf(page).slice(0, match.index).split('\n').length, language, words, code: match[2] ?? '', after };
  });
});
const named = (language: string) => blocks.filter((block) => block.language === language).map((block) => [`${block.page}:${block.line}`, block] as const);

const folder = join(ROOT, '.cache', 'docs-test');
const scripts = (JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }).scripts;
const fileOf = (block: Block) => `${relative('.', block.page).replace(/[^a-zA-Z0-9]+/g, '-')}-${block.line}.ts`;

describe('TypeScript', () => {
  const examples = named('ts');
  let problems = '';

  beforeAll(async () => {
    // Runs go to what is built, as a user's would.
    await run(process.execPath, [join(ROOT, 'scripts', 'setup.mjs')]);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [, block] of examples) writeFileSync(join(folder, fileOf(block)), block.code);
    // What a page leaves to its reader.
    writeFileSync(join(folder, 'mine.ts'), "import { raiseRetention } from '@redress/remediator-cloudwatch-logs';\nexport const mine = raiseRetention;\n");
    writeFileSync(join(folder, 'journal.ts'), "import { memoryJournal } from '@redress/evidence';\nexport const journal = memoryJournal();\n");
    writeFileSync(join(folder, 'remediator.ts'), readFileSync(join(ROOT, 'examples', 'third-party-remediator', 'remediator.ts')));
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.base.json', compilerOptions: { noUnusedLocals: false }, include: ['*.ts'] }),
    );
    problems = await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder, '--pretty', 'false']).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(examples)('%s type-checks', (_where, block) => {
    expect(problems.split('\n').filter((line) => line.includes(fileOf(block)))).toEqual([]);
  });
  it('has no other errors', () => {
    expect(problems).toBe('');
  });
  it.each(examples.filter(([, block]) => block.words.includes('run')))('%s runs', async (_where, block) => {
    const { stdout } = await run(process.execPath, [join(folder, fileOf(block))], { cwd: folder });
    if (block.after === null) expect(stdout).not.toBe('');
    else expect(stdout).toBe(block.after);
  });
});

describe('YAML', () => {
  const read = ({ words, code, page }: Block) => (words.includes('register') ? readRegister(code, page) : readPolicy(code, page));
  const yaml = named('yaml');
  const refused = yaml.filter(([, { words }]) => words.includes('refused'));

  it.each(yaml.filter(([, { words }]) => !words.includes('refused')))('%s is a valid policy or register', (_where, block) => {
    const { digest } = read(block);
    expect(digest).toMatch(/^sha256:/);
  });
  it.each(refused)('%s is refused with the message on the page', (_where, block) => {
    let message = '';
    try {
      read(block);
    } catch (error) {
      if (!isRedressError(error)) throw error;
      message = error.message;
    }
    const said = (block.after ?? '').trim().split('\n');
    expect(said[0]).not.toBe('');
    for (const each of said) expect(message).toContain(each);
  });
  it('of both kinds exists', () => {
    expect([yaml.length > 3, refused.length > 1]).toEqual([true, true]);
  });
});

describe('JSON', () => {
  it.each(named('json'))('%s is JSON', (_where, { code }) => {
    expect(() => JSON.parse(code)).not.toThrow();
  });
});

describe('commands', () => {
  // What is run as a whole: by hand, or by session.test.ts.
  const lines = named('sh')
    .filter(([, { words }]) => !words.includes('by-hand') && !words.includes('session'))
    .flatMap(([where, { code }]) =>
      code
        .split('\n')
        .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
        .filter((line) => line !== '')
        .map((line) => [where, line] as const),
    );
  const help = new Map<string, string>();
  const helpOf = async (words: readonly string[]) => {
    const key = words.join(' ');
    const known = help.get(key);
    if (known !== undefined) return known;
    const { stdout } = await run(process.execPath, [join(ROOT, 'packages', 'cli', 'dist', 'bin.js'), ...words, '--help']);
    help.set(key, stdout);
    return stdout;
  };

  it.each(lines)('%s: %s', async (_where, line) => {
    const npm = /^npm (?:run (?:-s )?)?([a-z:]+)/.exec(line);
    if (npm !== null && !/^i(?:nstall)?$/.test(npm[1] ?? '')) expect(Object.keys(scripts)).toContain(npm[1]);
    const redress = /^(?:npx redress|npm run -s redress --|redress) (.+)$/.exec(line)?.[1];
    if (redress !== undefined) {
      const words = redress.split(' ');
      const [command = ''] = words;
      if (!command.startsWith('-')) expect(await helpOf([])).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
      const under = ['evidence', 'policy', 'approvals', 'breakers', 'exceptions', 'generate', 'new'].includes(command)
        ? words.slice(0, 2)
        : command.startsWith('-')
          ? []
          : [command];
      const options = (await helpOf([])) + (await helpOf(under));
      for (const option of words.filter((word) => word.startsWith('--'))) expect(options, `${under.join(' ')} has ${option}`).toContain(option);
      return;
    }
    const verify = /^redress-verify (.+)$/.exec(line)?.[1];
    if (verify !== undefined) {
      const { stdout } = await run(process.execPath, [join(ROOT, 'packages', 'verify', 'dist', 'bin.js'), '--help']);
      for (const option of verify.split(' ').filter((word) => word.startsWith('--'))) expect(stdout, `redress-verify has ${option}`).toContain(option);
      return;
    }
    const benchmark = /^npm run bench -- ([a-z-]+)/.exec(line)?.[1];
    if (benchmark !== undefined) expect(existsSync(join(ROOT, 'bench', `${benchmark}.ts`))).toBe(true);
    const install = /^npm install (?:--save-dev )?(.+)$/.exec(line)?.[1];
    if (install !== undefined)
      for (const name of install.split(' '))
        if (name.startsWith('@redress/')) expect(existsSync(join(ROOT, 'node_modules', name, 'package.json')), `${name} is a package of ours`).toBe(true);
    const moto = /^pip install "(moto[^"]+)"/.exec(line)?.[1];
    if (moto !== undefined) expect(textOf('requirements.txt').trim()).toBe(moto);
    expect(npm !== null || moto !== undefined || /^(?:npx --yes pnpm@|node scripts\/)/.test(line), 'a command that this test knows').toBe(true);
  });
});

describe('links', () => {
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
  const links = pages.flatMap((page) => {
    const prose = textOf(page).replace(/^```[\s\S]*?^```$/gm, '');
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => [page, match[1] ?? ''] as const);
  });
  it.each(links.filter(([, target]) => !/^[a-z]+:/.test(target)))('%s → %s', (page, target) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path);
    expect(existsSync(file)).toBe(true);
    if (anchor !== undefined) expect([...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map((heading) => slug(heading[1] ?? ''))).toContain(anchor);
  });
});

describe('what pages claim about the code', () => {
  it('every built-in guardrail is explained', () => {
    const explained = [...textOf('docs/architecture.md').matchAll(/^\| `([a-z-]+)` \| /gm)].map((match) => match[1]);
    expect(explained).toEqual(expect.arrayContaining(builtinGuardrails.map(({ id }) => id)));
  });
  it('every promise of the threat model has a planted defect', () => {
    const tested = [...textOf('docs/safety-tests.md').matchAll(/^\| (.+?) \| /gm)].map((match) => match[1]);
    const promised = [...textOf('SECURITY.md').matchAll(/^\| .+ \| (.+\.) \|$/gm)].map((match) => match[1]);
    expect(promised.length).toBeGreaterThan(10);
    for (const promise of promised) expect(tested).toContain(promise);
  });
  it('every package has a page with what its users need', () => {
    for (const page of pages.filter((path) => /^packages\/(?:remediators\/)?[^/]+\/README\.md$/.test(path))) {
      const headings = [...textOf(page).matchAll(/^## (.+)$/gm)].map((match) => match[1]);
      expect(headings, page).toEqual(expect.arrayContaining(['Install', 'Use']));
      if (page.includes('remediators/'))
        expect(headings, page).toEqual(expect.arrayContaining(['IAM permissions', 'What it will not do', 'Blind spots', 'Rollback']));
    }
  });
});
