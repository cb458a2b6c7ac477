// Published rules that read templates judge ours under the rules of the pack that Redress serves: those of Control Tower by cfn-guard, and those of
// cdk-nag. What they refuse is on a list, each rule met by an option or left with a reason; one more fails, and one less until the list says so.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hubTemplate, sealerTemplate } from '@redress/deploy';
import { packOf } from '@redress/frameworks';
import { App, type CfnResource, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { rules as nag } from 'cdk-nag';
import { expect, it } from 'vitest';
import { folderOf } from '../../scripts/setup.mjs';
import { deployed } from './support/deployed-templates.js';

const run = promisify(execFile);
const GUARD = folderOf('cfn-guard');
const PLATFORM = process.platform === 'darwin' ? 'macos' : 'ubuntu';
const BINARY = join(GUARD, 'bin', PLATFORM, process.arch === 'arm64' ? 'aarch64' : 'x86_64', 'cfn-guard');
const RULES = join(GUARD, 'rules', 'control-tower');
const { rules: pack } = await packOf('apra-cpg-234');

/** What one rule says of the resources of one template: those that it refuses, in `hub Table` form; none: it has judged, and refuses nothing. */
interface Judged {
  /** The rule of AWS Config that it is, or its own id. */
  readonly rule: string;
  readonly by: string;
  readonly options: 'off' | 'on';
  readonly refuses: readonly string[];
}
interface Known {
  readonly failing: readonly { rule: string; by: string[]; off: string[]; on: string[]; option?: string; because?: string }[];
  readonly met: readonly string[];
  readonly unjudged: readonly { rule: string; because: string }[];
}
type Deployed = (typeof deployed)[number];

const nameOf = (identifier: string) => pack.find((each) => each.identifier === identifier)?.name ?? identifier.toLowerCase().replaceAll('_', '-');

/** The rules of Control Tower: the id of each, and the rule of AWS Config that it stands for. */
const controls = new Map(
  readdirSync(RULES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.guard'))
    .flatMap((file) => {
      const text = readFileSync(join(RULES, file), 'utf8');
      const metadata = readFileSync(join(RULES, file.replace(/^cfn-guard/, 'metadata').replace(/\.guard$/, '.metadata.json')), 'utf8');
      const { Id, ConfigRuleIdentifier } = JSON.parse(metadata) as { Id: string; ConfigRuleIdentifier?: string };
      const control = { id: Id, rule: ConfigRuleIdentifier === undefined ? Id : nameOf(ConfigRuleIdentifier) };
      return [...text.matchAll(/^rule (\w+) when is_cfn_template/gm)].map(([, name = '']) => [name, control] as const);
    }),
);

async function byGuard(templates: readonly Deployed[]): Promise<readonly Judged[]> {
  const folder = mkdtempSync(join(tmpdir(), 'redress-guard-'));
  try {
    for (const { name, options, Resources } of templates)
      writeFileSync(join(folder, `${name}.${options}.json`), JSON.stringify({ AWSTemplateFormatVersion: '2010-09-09', Resources }));
    const args = ['validate', '--rules', join(RULES, 'cfn-guard'), '--data', folder, '--structured', '--show-summary', 'none', '--output-format', 'json'];
    // It ends with 19 where a rule has refused something.
    const { stdout } = await run(BINARY, args, { maxBuffer: 256 * 1024 * 1024 }).catch((error: { code?: unknown; stdout: string }) => {
      if (error.code !== 19) throw error;
      return error;
    });
    type Report = { name: string; compliant: string[]; not_compliant: { Rule: { name: string } }[] };
    return (JSON.parse(stdout) as Report[]).flatMap(({ name: file, compliant, not_compliant }) => {
      const [, name = '', options = ''] = /([\w-]+)\.(off|on)\.json$/.exec(file) ?? [];
      const judged = (rule: string, refuses: readonly string[]): Judged => {
        const control = controls.get(rule);
        if (control === undefined) throw new Error(`${rule} is in no file of rules.`);
        return { rule: control.rule, by: control.id, options: options as 'off' | 'on', refuses: refuses.map((each) => `${name} ${each}`) };
      };
      return [
        ...compliant.map((rule) => judged(rule, [])),
        ...not_compliant.map((each) =>
          judged(each.Rule.name, [...new Set([...JSON.stringify(each).matchAll(/"path":"\/Resources\/(\w+)/g)].map((at) => at[1] ?? ''))]),
        ),
      ];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The rules of cdk-nag that stand for one of AWS Config: its own list of them links to the page of each. */
const config = new Map(
  [
    ...readFileSync(join(folderOf('cdk-nag'), 'RULES.md'), 'utf8').matchAll(
      /\[(?:NIST\.800\.53\.R[45]|HIPAA\.Security|PCI\.DSS\.321)-(\w+)\]\(\S+\/developerguide\/([a-z0-9-]+)\.html\)/g,
    ),
  ].map(([, rule = '', name = '']) => [rule, name] as const),
);

function byNag(templates: readonly Deployed[]): readonly Judged[] {
  const folder = mkdtempSync(join(tmpdir(), 'redress-nag-'));
  try {
    return templates.flatMap(({ name, options, Resources }) => {
      const stack = new Stack(new App({ analyticsReporting: false }), 'Redress');
      const templateFile = join(folder, 'template.json');
      writeFileSync(templateFile, JSON.stringify({ Resources }));
      const included = new CfnInclude(stack, 'Template', { templateFile });
      const all = Object.values(nag as unknown as Record<string, Record<string, (node: CfnResource) => string | readonly string[]>>).flatMap((each) =>
        Object.entries(each),
      );
      return all.flatMap(([rule, judge]): Judged[] => {
        const of = config.get(rule);
        if (of === undefined) return [];
        const said = Object.keys(Resources).map((id) => [id, judge(included.getResource(id))] as const);
        const applies = said.filter(([, result]) => result !== 'N/A' && (typeof result === 'string' || result.length > 0));
        if (applies.length === 0) return [];
        return [{ rule: of, by: rule, options, refuses: applies.filter(([, result]) => result !== 'Compliant').map(([id]) => `${name} ${id}`) }];
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const sorted = (list: Iterable<string>) => [...new Set(list)].sort();

/** What all of them say, rule by rule. */
async function judge(templates: readonly Deployed[]) {
  const all = [...(await byGuard(templates)), ...byNag(templates)];
  const rules = sorted(all.map(({ rule }) => rule)).map((rule) => {
    const of = all.filter((each) => each.rule === rule);
    const refused = (options: 'off' | 'on') => sorted(of.filter((each) => each.options === options).flatMap(({ refuses }) => refuses));
    return { rule, by: sorted(of.map(({ by }) => by)), off: refused('off'), on: refused('on') };
  });
  const fails = ({ off, on }: (typeof rules)[number]) => off.length + on.length > 0;
  return { failing: rules.filter(fails), met: rules.filter((each) => !fails(each)).map(({ rule }) => rule) };
}

const LIST = new URL('known/pack.json', import.meta.url);
const known = JSON.parse(readFileSync(LIST, 'utf8')) as Known;

it('refuse exactly what is listed', async ({ task }) => {
  const { failing, met } = await judge(deployed);
  const inPack = (list: readonly string[]) => list.filter((rule) => pack.some(({ name }) => name === rule)).length;
  const version = (JSON.parse(readFileSync(join(GUARD, 'guard-version.json'), 'utf8')) as { version: string }).version;
  const names = failing.map(({ rule }) => rule);
  const optional = failing.filter(({ on }) => on.length === 0).length;
  task.meta.said = `cfn-guard ${version}: ${inPack([...names, ...met])} rules of the pack and ${names.length + met.length - inPack([...names, ...met])} others apply; ${met.length} are met, ${optional} by options, ${failing.length - optional} are exceptions`;
  if (process.env['REDRESS_KNOWN'] === 'write') {
    const before = (rule: string) => known.failing.find((each) => each.rule === rule);
    const reasons = (rule: string) =>
      ((each) => ({ ...(each?.option === undefined ? {} : { option: each.option }), ...(each?.because === undefined ? {} : { because: each.because }) }))(
        before(rule),
      );
    writeFileSync(
      LIST,
      `${JSON.stringify({ failing: failing.map((each) => ({ ...each, ...reasons(each.rule) })), met, unjudged: known.unjudged }, null, 2)}\n`,
    );
  }
  expect(failing, 'Update tests/judges/known/pack.json (REDRESS_KNOWN=write), and give what is new an option or a reason.').toEqual(
    known.failing.map(({ rule, by, off, on }) => ({ rule, by, off, on })),
  );
  expect(met).toEqual(known.met);
});

it('find each failing rule covered by an existing option, or listed with a reason', () => {
  const options = new Set([...Object.keys(hubTemplate({ remediators: [] }).Parameters), ...Object.keys(sealerTemplate().Parameters)]);
  for (const { rule, on, option, because } of known.failing) {
    if (option !== undefined) expect(options, rule).toContain(option);
    expect(on.length === 0 ? option : because?.length, rule).toBeDefined();
    if (on.length > 0) expect(because?.length, rule).toBeGreaterThan(20);
  }
});

it('leave no rule of the pack about our types unjudged, except what is listed', () => {
  const types = new Set(
    deployed.flatMap(({ Resources }) => Object.values(Resources).map(({ Type }) => (Type === 'AWS::IAM::ManagedPolicy' ? 'AWS::IAM::Policy' : Type))),
  );
  const judged = new Set([...known.failing.map(({ rule }) => rule), ...known.met]);
  const left = pack.filter((each) => each.types.some((type) => types.has(type)) && !judged.has(each.name)).map(({ name }) => name);
  expect(left.sort()).toEqual(known.unjudged.map(({ rule }) => rule));
  for (const { rule, because } of known.unjudged) expect(because.length, rule).toBeGreaterThan(20);
});

it('detect mistakes: an inline policy in a role, a public bucket, logs without the key', async () => {
  const hub = deployed.find(({ name, options }) => name === 'hub' && options === 'on') as Deployed;
  const changed = (name: string, more: Record<string, unknown>) => ({ ...hub.Resources[name], Properties: { ...hub.Resources[name]?.Properties, ...more } });
  const wrong = {
    ...hub.Resources,
    FunctionRole: changed('FunctionRole', { Policies: [{ PolicyName: 'P', PolicyDocument: { Version: '2012-10-17', Statement: [] } }] }),
    Bucket: changed('Bucket', { PublicAccessBlockConfiguration: {} }),
    FunctionLog: changed('FunctionLog', { KmsKeyId: undefined }),
  } as Deployed['Resources'];
  const { failing } = await judge([{ ...hub, Resources: wrong }]);
  const of = (rule: string) => failing.find((each) => each.rule === rule)?.on;
  expect(of('iam-no-inline-policy-check')).toEqual(['hub FunctionRole']);
  expect(of('s3-bucket-level-public-access-prohibited')).toEqual(['hub Bucket']);
  expect(of('cloudwatch-log-group-encrypted')).toEqual(['hub FunctionLog']);
});
