import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { normalize, unwrap } from '@redress/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../test/support/command.js';
import { EXAMPLES } from './examples.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-help-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const text = async (...argv: string[]) => {
  const { exit, out } = await command(argv, directory);
  expect(exit).toBe(0);
  return out;
};

/** Every command, as bash completes it: its own script says what there is. */
async function everyPath(): Promise<readonly string[]> {
  const script = await text('completion', 'bash');
  return [...script.matchAll(/^ {6}'([^']*)'\) words='/gm)].map(([, path = '']) => path.trim());
}

describe('help', () => {
  it('shows examples, and the common options', async () => {
    const out = await text('plan', '--help');
    expect(out).toContain('Global Options:');
    expect(out).toContain('--profile <name>');
    expect(out).toContain('Examples:\n  redress plan --live\n      the account of your credentials\n');
  });

  it('has an example of every command, each with options of that command', async () => {
    const paths = (await everyPath()).filter((path) => path !== '');
    expect(paths.length).toBeGreaterThan(45);
    for (const path of paths) {
      const help = await text(...path.split(' '), '--help');
      const isGroup = /^Commands:$/m.test(help) && !/\[options\]/.test(help.split('\n')[0] ?? '');
      const examples = EXAMPLES[path] ?? [];
      if (!isGroup && !/^(approvals|breakers|exceptions|evidence|generate|new|policy)$/.test(path)) expect([path, examples.length > 0]).toEqual([path, true]);
      for (const { command: called } of examples) {
        expect(called.startsWith(`redress ${path}`)).toBe(true);
        for (const [option] of called.matchAll(/(?<=\s)--[a-z-]+/g)) expect([called, help.includes(option)]).toEqual([called, true]);
      }
    }
    expect(Object.keys(EXAMPLES).filter((path) => path !== '' && !paths.includes(path))).toEqual([]);
  });

  it('names sample events that exist in the repository and lead to a remediator', () => {
    const named = new Set(Object.values(EXAMPLES).flatMap((each) => each.flatMap(({ command: called }) => called.match(/examples\/\S+/g) ?? [])));
    expect([...named].sort()).toEqual([
      'examples/events',
      'examples/events/security-group-opened.json',
      'examples/events/security-hub-finding.json',
      'examples/trail',
    ]);
    const files = [...['events', 'trail'].flatMap((folder) => readdirSync(join(ROOT, 'examples', folder)).map((file) => join('examples', folder, file)))];
    expect(files.length).toBe(4);
    for (const file of files) {
      const [finding] = unwrap(JSON.parse(readFileSync(join(ROOT, file), 'utf8'))).flatMap((envelope) => normalize(envelope));
      expect([file, finding?.disposition]).toEqual([file, 'candidate']);
    }
    for (const path of ['normalize', 'plan', 'run', 'replay', 'reconcile', 'up inject'])
      expect([path, EXAMPLES[path]?.some(({ command: called }) => called.includes('examples/'))]).toEqual([path, true]);
  });

  it('is as wide as the terminal', async () => {
    const widest = async (columns: string) => {
      const { out } = await command(['plan', '--help'], directory, {}, [], { COLUMNS: columns });
      return Math.max(
        ...out
          .split('\n')
          .filter((line) => /^\s+-/.test(line))
          .map((line) => line.length),
      );
    };
    expect(await widest('80')).toBeLessThanOrEqual(80);
    expect(await widest('160')).toBeGreaterThan(80);
  });
});

describe('completion', () => {
  it.each([
    [['redress', 'pl'], ['plan']],
    [['redress', 'evidence', 've'], ['verify']],
    [['redress', 'plan', '--li'], ['--live']],
    [['redress', 'plan', '--reg'], ['--region']],
    [['redress', 'plan', '--output', 'nd'], ['ndjson']],
    [['redress', 'completion', 'f'], ['fish']],
    // What an option takes is no command.
    [['redress', '--data', 'plan', 'hist'], ['history']],
    [['redress', 'plan', '--policy', ''], []],
  ])('of bash suggests what follows %j', async (words, expected) => {
    const file = join(directory, 'redress.bash');
    writeFileSync(file, await text('completion', 'bash'));
    const script = `source ${file}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _redress; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const out = execFileSync('bash', ['-c', script], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== '');
    expect(out).toEqual(expected);
  });

  it('quotes special characters of a shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect(await text('completion', shell)).not.toContain('undefined');
    expect(await command(['completion', 'tcsh'], directory)).toMatchObject({ exit: 2 });
  });
});

describe('the manual page', () => {
  it('is generated from the same definitions, and is up to date', async () => {
    const page = await text('man');
    const file = new URL('../../redress.1', import.meta.url);
    if (process.env['GOLDEN'] === 'write') writeFileSync(file, page);
    expect(page).toBe(readFileSync(file, 'utf8'));
    for (const path of await everyPath()) if (EXAMPLES[path] !== undefined && path !== '') expect(page).toContain(`.SS redress ${path.replaceAll('-', '\\-')}`);
    // A line that begins with a dot is a request: none is one by chance.
    for (const line of page.split('\n')) if (line.startsWith('.')) expect(line).toMatch(/^\.(?:TH|SH|SS|TP|B|I|br)\b/);
  });
});
