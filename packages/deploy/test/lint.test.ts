// The templates are judged by cfn-lint, which comes with the emulator, and by checkov.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { JsonObject } from '@redress/core';
import { conformancePack, hubTemplate, memberConfigTemplate, memberEventsTemplate, memberRoleTemplate, printTemplate, printYaml } from '@redress/deploy';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pythonOf } from '../../../scripts/setup.mjs';

const run = promisify(execFile);
const remediators = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const templates = {
  hub: hubTemplate({ remediators, approvers: ['arn:aws:iam::111111111111:role/SecurityLead'] }),
  'member-role': memberRoleTemplate({ remediators }),
  'member-events': memberEventsTemplate({ remediators }),
  'member-config': memberConfigTemplate({ remediators }),
};
// What Config takes is a CloudFormation template of two types.
const pack = conformancePack({ remediators });
let folder: string;
const files: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'redress-lint-'));
  for (const [name, template] of Object.entries(templates)) {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, printTemplate(template, 'json'));
    files.push(file);
  }
  const file = join(folder, 'conformance-pack.yaml');
  writeFileSync(file, printYaml(pack));
  files.push(file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('cfn-lint finds nothing, and finds what is wrong', async () => {
  const lint = join(dirname(pythonOf('moto')), 'cfn-lint');
  const { stdout } = await run(lint, ['--regions', 'us-east-1', 'eu-west-1', 'cn-north-1', '--', ...files]);
  expect(stdout.trim()).toBe('');
  const wrong = join(folder, 'wrong.json');
  writeFileSync(wrong, printTemplate({ ...templates['member-role'], Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { Nonsense: 1 } } } }, 'json'));
  await expect(run(lint, [wrong])).rejects.toMatchObject({ stdout: expect.stringContaining('Nonsense') });
});

it('checkov finds nothing but what is excepted with a reason, and finds a role that may do more', async () => {
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
  const ours = report.results.failed_checks.filter((each) => !/wrong|wide/.test(each.file_path));
  expect(report.results.failed_checks.filter((each) => each.file_path.includes('wide')).map((each) => each.check_id)).toContain('CKV_AWS_109');
  expect(ours).toEqual([]);
  expect(report.summary.passed).toBeGreaterThan(50);
});
