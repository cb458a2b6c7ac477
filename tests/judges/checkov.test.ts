// A linter of security finds nothing in the templates but what is excepted with a reason, and finds a role that may do more.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { JsonObject } from '@redress/core';
import { printTemplate } from '@redress/deploy';
import { expect, it } from 'vitest';
import { pythonOf } from '../../scripts/setup.mjs';
import { templateFiles, templates } from './support/templates.js';

const run = promisify(execFile);

it('checkov finds only what is suppressed with a reason, and detects a role with more permissions', async ({ task }) => {
  const folder = mkdtempSync(join(tmpdir(), 'redress-checkov-'));
  try {
    for (const [name, text] of Object.entries(templateFiles())) writeFileSync(join(folder, name), text);
    // What the roles were before they were narrowed.
    const wide = JSON.parse(printTemplate(templates['member-role'], 'json')) as { Resources: { FixRole: { Properties: { Policies: JsonObject[] } } } };
    wide.Resources.FixRole.Properties.Policies = [
      {
        PolicyName: 'Redress',
        PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['s3:PutBucketPublicAccessBlock'], Resource: '*' }] },
      },
    ];
    writeFileSync(join(folder, 'wide.json'), JSON.stringify(wide));
    const { stdout } = await run(
      pythonOf('checkov'),
      ['-m', 'checkov.main', '--framework', 'cloudformation', '--skip-download', '--quiet', '--compact', '-o', 'json', '-d', folder],
      { maxBuffer: 64 * 1024 * 1024 },
    ).catch((error: { stdout: string }) => error);
    const report = JSON.parse(stdout) as { summary: { passed: number; failed: number }; results: { failed_checks: { file_path: string; check_id: string }[] } };
    const ours = report.results.failed_checks.filter((each) => !each.file_path.includes('wide'));
    task.meta.said = `${report.summary.passed} checks passed`;
    expect(report.results.failed_checks.filter((each) => each.file_path.includes('wide')).map((each) => each.check_id)).toContain('CKV_AWS_109');
    expect(ours).toEqual([]);
    expect(report.summary.passed).toBeGreaterThan(50);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
