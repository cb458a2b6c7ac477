import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { handlerFiles } from './handler-files.js';

const page = readFileSync(fileURLToPath(new URL('../../../../docs/deploy.md', import.meta.url)), 'utf8');
const files = handlerFiles('our-redress', [{ id: 'logs-raise-retention', title: 'Raise retention', ceiling: 'enforce' }]);
const readme = String(files['README.md']);
/** Lines of commands in a part of a page. */
const commands = (text: string) => [...text.matchAll(/```sh\n([^`]*)```/g)].flatMap(([, block = '']) => block.trimEnd().split('\n'));

it('is deployed with the commands of the page on deployment', () => {
  const { bundle } = (JSON.parse(String(files['package.json'])) as { scripts: { bundle: string } }).scripts;
  const deploy = commands(readme.slice(readme.indexOf('## Deploy'), readme.indexOf('## Change')));
  expect(deploy).toHaveLength(12);
  const missing = deploy.map((line) => line.replace('npm run bundle', bundle).replace(/^npx /, '')).filter((line) => !page.includes(line));
  expect(missing).toEqual([]);
});

it('names only existing commands', () => {
  const { scripts } = JSON.parse(String(files['package.json'])) as { scripts: Record<string, string> };
  const run = commands(readme).flatMap((line) => /^npm run (\S+)/.exec(line)?.[1] ?? []);
  expect(run).toEqual(['check', 'plan', 'bundle']);
  expect(run.filter((name) => scripts[name] === undefined)).toEqual([]);
});
