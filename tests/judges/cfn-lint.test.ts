// AWS's own linter finds nothing in the templates.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { printTemplate } from '@redress/deploy';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pythonOf } from '../../scripts/setup.mjs';
import { templateFiles, templates } from './support/templates.js';

const run = promisify(execFile);
const lint = join(dirname(pythonOf('cfn-lint')), 'cfn-lint');
let folder: string;
const files: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'redress-lint-'));
  for (const [name, text] of Object.entries(templateFiles())) {
    files.push(join(folder, name));
    writeFileSync(join(folder, name), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('cfn-lint finds nothing', async ({ task }) => {
  const regions = ['us-east-1', 'eu-west-1', 'cn-north-1'];
  // What it finds is on its standard output, and it fails then.
  const { stdout } = await run(lint, ['--regions', ...regions, '--', ...files]).catch((error: { readonly stdout: string }) => error);
  task.meta.said = `${files.length} templates in ${regions.join(', ')}`;
  expect(stdout.trim()).toBe('');
  expect(files.length).toBe(11);
});

it('cfn-lint detects a mistake', async () => {
  const wrong = join(folder, 'wrong.json');
  writeFileSync(wrong, printTemplate({ ...templates['member-role'], Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { Nonsense: 1 } } } }, 'json'));
  await expect(run(lint, [wrong])).rejects.toMatchObject({ stdout: expect.stringContaining('Nonsense') });
});
