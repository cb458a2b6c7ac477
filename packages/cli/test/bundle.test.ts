// `redress bundle`: what it takes from a folder, what it refuses, and what it writes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPolicy, readRegister } from '@redress/core/yaml';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BundleDocument } from '../src/commands/bundle.js';
import { command } from './support/command.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const POLICY = `version: 1
# What is written for people stays here.
environments: { dev: { accounts: ["111111111111"] } }
remediators: { s3-enforce-default-encryption: { dev: enforce, parameters: { algorithm: "aws:kms" } } }
exceptions: { tag: "acme:leave-alone", register: exceptions.yaml }
`;
const REGISTER = `- id: EXC-1
  scope: { resource: legacy-bucket }
  reason: read by a partner
  owner: data-team
  approver: security-team
  expires: "2099-01-01T00:00:00Z"
`;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-cli-bundle-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (files: Readonly<Record<string, string>>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
};

interface Failed {
  readonly error?: { readonly code: string; readonly message: string; readonly place?: object };
}

async function bundled(...argv: string[]): Promise<{ exit: number; json: BundleDocument & Failed; err: string }> {
  const { exit, out, err } = await command(['bundle', ...argv, '--json'], directory);
  return { exit, json: JSON.parse(out) as BundleDocument, err };
}

/** What the code of a bundle knows, in a process of its own: policy and exceptions by their digests, as a start checks them. */
function start(env: Readonly<Record<string, string>>): string {
  try {
    execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `await import(${JSON.stringify(`file://${join(directory, 'redress-bundle/code/index.mjs')}`)})`],
      {
        env: { REDRESS_TABLE: 'redress-journal', REDRESS_BUCKET: 'redress-evidence', REDRESS_STOP_PARAMETER: 'redress-stop', AWS_REGION: 'eu-west-1', ...env },
        stdio: 'pipe',
      },
    );
    return 'started';
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr);
  }
}

it('contains the policy and the register of the folder, and reports their digests', async () => {
  write({ 'redress.yaml': POLICY, 'exceptions.yaml': REGISTER });
  const { exit, json } = await bundled('--remediator', 's3-enforce-default-encryption');
  expect(exit).toBe(0);
  expect(json).toMatchObject({
    policy: readPolicy(POLICY, 'redress.yaml').digest,
    register: readRegister(REGISTER, 'exceptions.yaml').digest,
    remediators: ['s3-enforce-default-encryption'],
    proof: null,
  });
  const zip = readFileSync(join(directory, json.zip));
  expect(`sha256:${createHash('sha256').update(zip).digest('hex')}`).toBe(json.digest);
  // The very policy: a start that asks for its digest is let through, another is not.
  const digests = { REDRESS_POLICY_DIGEST: json.policy ?? '', REDRESS_REGISTER_DIGEST: json.register ?? '' };
  expect(start(digests)).toBe('started');
  expect(start({ ...digests, REDRESS_POLICY_DIGEST: readPolicy('version: 1', 'x').digest })).toContain('REDRESS_POLICY_DIGEST');
  expect(start({ ...digests, REDRESS_REGISTER_DIGEST: readRegister('[]', 'x').digest })).toContain('REDRESS_REGISTER_DIGEST');
  const code = readFileSync(join(directory, 'redress-bundle/code/index.mjs'), 'utf8');
  expect(code).toContain('legacy-bucket');
  expect(code).not.toContain('What is written for people');

  // What was there before goes; the same folder again gives the same bytes.
  write({ 'redress-bundle/code/old.mjs': 'x' });
  expect((await bundled('--remediator', 's3-enforce-default-encryption')).json.digest).toBe(json.digest);
  expect(existsSync(join(directory, 'redress-bundle/code/old.mjs'))).toBe(false);
  // An exception more is another bundle.
  write({ 'exceptions.yaml': `${REGISTER}${REGISTER.replace('EXC-1', 'EXC-2')}` });
  expect((await bundled('--remediator', 's3-enforce-default-encryption')).json.digest).not.toBe(json.digest);
});

it('tracks the Config rules of the policy, and starts with a mode for one of them', async () => {
  const policy = `version: 1
environments: { dev: { accounts: ["111111111111"] } }
tracked: { packs: [apra-cpg-234] }
remediators: { tracked-rds-multi-az-support: { dev: "off" } }
`;
  write({ 'redress.yaml': policy });
  const { exit, json } = await bundled();
  expect(exit).toBe(0);
  expect(json.remediators).toContain('tracked-rds-multi-az-support');
  expect(json.policy).toBe(readPolicy(policy, 'redress.yaml').digest);
  // A start refuses a mode of what it does not have.
  expect(start({ REDRESS_POLICY_DIGEST: json.policy ?? '', REDRESS_REGISTER_DIGEST: json.register ?? '' })).toBe('started');
});

it('refuses what would stop the functions at their start, and leaves the existing bundle', async () => {
  write({ 'redress.yaml': POLICY, 'exceptions.yaml': '[]' });
  expect((await bundled('--remediator', 's3-enforce-default-encryption')).exit).toBe(0);
  const before = readdirSync(join(directory, 'redress-bundle/code'));
  const left = await bundled('--remediator', 'ec2-revoke-sg-open-ssh');
  expect(left).toMatchObject({ exit: 2, json: { error: { code: 'policy/invalid' } } });
  expect((await bundled('--remediator', 'ec2-revoke-sg-open-ssh', '--entry', 'x.mjs')).json.error?.code).toBe('cli/usage');
  // A folder of that name would be taken for the ZIP.
  expect((await bundled('--out', 'redress.zip')).json.error?.code).toBe('cli/usage');
  expect(existsSync(join(directory, 'redress.zip'))).toBe(false);
  write({ 'exceptions.yaml': '- id: EXC-1' });
  expect((await bundled()).json.error?.code).toBe('register/invalid');
  expect(readdirSync(join(directory, 'redress-bundle/code'))).toEqual(before);
});

it('includes a configuration with custom remediators and guardrails', async () => {
  const source = JSON.stringify(join(ROOT, 'packages/remediators/cloudwatch-logs/src/index.ts'));
  write({
    'redress.yaml':
      'version: 1\nenvironments: { dev: { accounts: ["111111111111"] } }\nremediators: { logs-raise-retention: { dev: notify } }\nrules: [{ when: "true", effect: notify, because: "we only look" }]\n',
    'redress.config.mjs': `import { logsRemediators } from ${source};\nexport default { remediators: logsRemediators, guardrails: [{ id: 'acme-mark-5f3a', version: '1', evaluate: () => ({ effect: 'allow', code: 'allowed' }) }] };\n`,
  });
  const { exit, json } = await bundled('--prove');
  expect([exit, json.error]).toEqual([0, undefined]);
  expect(json.remediators).toEqual(['logs-raise-retention']);
  expect(json.proof?.map(({ operation, equal }) => [operation, equal])).toEqual([
    ['logs:DescribeLogGroups', true],
    ['logs:ListTagsForResource', true],
    ['logs:PutRetentionPolicy', true],
  ]);
  const names = json.packages.map(({ name }) => name);
  expect(names).toContain('@marcbachmann/cel-js');
  expect(names).not.toContain('@redress/remediator-s3');
  const code = readdirSync(join(directory, 'redress-bundle/code')).filter((name) => name.endsWith('.mjs'));
  expect(code.some((name) => readFileSync(join(directory, 'redress-bundle/code', name), 'utf8').includes('acme-mark-5f3a'))).toBe(true);
  expect(start({ REDRESS_POLICY_DIGEST: json.policy ?? '', REDRESS_REGISTER_DIGEST: json.register ?? '' })).toBe('started');
});

it('bundles a custom entry, and does not report a policy for it', async () => {
  write({ 'handler.mjs': 'export const handler = async () => "mine";\n' });
  const { exit, json, err } = await bundled('--entry', 'handler.mjs', '--plain');
  expect([exit, json.policy, json.remediators]).toEqual([0, null, null]);
  expect(readFileSync(join(directory, 'redress-bundle/code/index.mjs'), 'utf8')).toContain('mine');
  // The hub's second function has none.
  expect(err).toContain('handler.mjs does not export `approvals`');
  write({ 'handler.mjs': 'export const handler = async () => "mine";\nexport const approvals = async () => "yours";\n' });
  expect((await bundled('--entry', 'handler.mjs', '--plain')).err).not.toContain('warning');

  // One that Lambda could not call is refused, and what is there stays.
  write({ 'typo.mjs': 'export const hander = async () => "mine";\n' });
  const typo = await bundled('--entry', 'typo.mjs', '--plain');
  expect(typo).toMatchObject({ exit: 2, json: { error: { code: 'compose/invalid', message: expect.stringContaining('`hander`') } } });
  expect(JSON.stringify(typo.json.error)).toContain('typo.mjs');
  expect(readFileSync(join(directory, 'redress-bundle/code/index.mjs'), 'utf8')).toContain('mine');
});

it('warns of a custom connection, which replaces the roles of the hub', async () => {
  write({ 'redress.yaml': 'version: 1\n', 'redress.config.mjs': 'export default { connect: async () => { throw new Error("none"); } };\n' });
  const only = ['--remediator', 'logs-raise-retention'];
  const { exit, err } = await bundled(...only);
  expect(exit).toBe(0);
  expect(err).toMatch(/^warning: `connect` of redress\.config\.mjs is bundled and replaces .*REDRESS_MEMBER_ROLE.*--config/m);
  // It is the bundle that it matters to: one that leaves it out says nothing of it, and neither does an entry of one's own.
  write({ 'without.mjs': 'export default {};\n', 'handler.mjs': 'export const handler = 1, approvals = 1;\n' });
  expect((await bundled('--config', 'without.mjs', ...only)).err).not.toContain('warning');
  write({ 'other.mjs': 'export default { connect: async () => { throw new Error("none"); } };\n' });
  expect((await bundled('--config', 'other.mjs', '--entry', 'handler.mjs', '--plain')).err).not.toContain('warning');
  expect((await bundled('--config', 'other.mjs', ...only)).err).toContain('`connect` of other.mjs');
});
