#!/usr/bin/env node
// Generates the documentation of remediators and judges from the built packages: tables between `<!-- generated: NAME -->` and `<!-- /generated -->`, and a
// page for each remediator in docs/remediators; the sample of a ledger and its report; the pictures of the quick start. `--check` only lists stale files.
// Runs under Node 24, after `npm run setup`.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { PICTURES, pictures } from '../demo/pictures.ts';
import { SAMPLE, sampleFiles } from '../demo/sample.ts';
import { JUDGES } from './judges.mjs';
import { ROOT, versionOf } from './setup.mjs';

/** Packages that come with the command, in the order of the pages. */
const PACKAGES = ['ec2', 's3', 'iam', 'cloudwatch-logs'];
/** All others. */
const APART = readdirSync(join(ROOT, 'packages', 'remediators'))
  .filter((name) => !PACKAGES.includes(name) && existsSync(join(ROOT, 'packages', 'remediators', name, 'package.json')))
  .sort();
const { parametersJsonSchema } = await import(join(ROOT, 'packages', 'core', 'dist', 'schema.js'));
const { packOf, PROCESS_CHECK } = await import(join(ROOT, 'packages', 'frameworks', 'dist', 'index.js'));
const pack = await packOf('apra-cpg-234');
const deploy = await import(join(ROOT, 'packages', 'deploy', 'dist', 'index.js'));
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const list = (items) => (items.length === 0 ? '–' : items.map((item) => `\`${item}\``).join(', '));
const table = (head, rows) =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => ' --- ').join('|')}|`, ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`)].join('\n');
const iam = (uses) => [...new Set(uses.flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? [])))].sort();
const minutes = (milliseconds) => `${Math.round(milliseconds / 60_000)} minutes`;
const EFFECT = { approve: 'needs an approval', notify: 'notifies only' };
const RETRY = { idempotent: 'is sent again', 'client-token': 'is sent again, with its token', 'verify-first': 'reads first' };
const RESTORES = { exact: 'exactly the earlier state', equivalent: 'an equivalent state, not an identical one', nothing: 'nothing' };
const ATMOST = { enforce: 'fixes automatically', approve: 'needs an approval', notify: 'notifies' };

const control = ({ framework, id }) => (framework === 'aws-fsbp' ? id : `${framework.replace(/^cis-aws-foundations-benchmark\/v\//, 'CIS ')} ${id}`);

/** Parts that conformance tests simulate themselves because no emulator has them, with the remediators that they concern. */
const PLAYED = [
  [['lambda-remove-public-permission'], 'Resource policies of functions, as Lambda has them since July 2026, are simulated by the tests.'],
  [['rds-require-tls', 'redshift-require-tls'], 'The parameters of parameter groups are simulated by the tests. Prowler reads the outcome.'],
];

/** Facts about some remediators, under the names that pages use. */
const sections = {
  judges: () =>
    table(
      ['`--only`', 'Judge', 'What it judges', 'Licence', 'Version', 'Installed by'],
      JUDGES.map(({ name, judge, judges, tools }) => {
        const each = (value) => tools.map((tool) => (tools.length === 1 ? value(tool) : `${tool.name}: ${value(tool)}`)).join('; ');
        return [`\`${name}\``, judge, judges, each((tool) => tool.licence), each((tool) => versionOf(tool.name)), each((tool) => tool.by)];
      }),
    ),
  'pack-known': () => {
    const { failing, met, unjudged } = JSON.parse(readFileSync(join(ROOT, 'tests/judges/known/pack.json'), 'utf8'));
    const of = (resources) => [...new Set(resources)].map((each) => `\`${each.replace(' ', ': ')}\``).join(', ');
    const rows = failing.map(({ rule, off, on, option, because }) => [
      `\`${rule}\``,
      of([...off, ...on]),
      option === undefined ? 'left' : `met with \`${option}\`${option === 'LogRetentionDays' ? ' of 365 or more' : ''}`,
      because ?? '–',
    ]);
    return [
      table(['Rule', 'Resources', 'Result', 'Why'], rows),
      `Met as they are: ${met.map((rule) => `\`${rule}\``).join(', ')}.`,
      table(
        ['Rule of the pack that no published rule judges', 'Instead'],
        unjudged.map(({ rule, because }) => [`\`${rule}\``, because]),
      ),
    ].join('\n\n');
  },
  unjudged: (all) => {
    const rulesOf = (remediator) => pack.rules.filter(({ identifier }) => remediator.configRules.includes(identifier));
    const others = pack.rules.filter((rule) => rule.identifier !== PROCESS_CHECK && !all.some((each) => each.configRules.includes(rule.identifier)));
    const names = (rules) => list(rules.map(({ name }) => name).sort());
    return table(
      ['Why', 'Remediators', 'Rules'],
      [
        ...PLAYED.map(([ids, why]) => [why, list(ids), names(ids.flatMap((id) => rulesOf(all.find((each) => each.id === id))))]),
        ['No emulator evaluates rules of AWS Config. Tracked gaps follow the reports of the source, which the tests write themselves.', 'none', names(others)],
        ['A person attests it.', 'none', names(pack.rules.filter(({ identifier }) => identifier === PROCESS_CHECK))],
      ],
    );
  },
  remediators: (all) =>
    table(
      ['Remediator', 'What it does', 'Resource', 'At most'],
      all.map((each) => [
        `\`${each.id}\``,
        each.title,
        each.resourceTypes.join(', '),
        each.freshWithin === null
          ? ATMOST[each.ceiling]
          : `${ATMOST[each.ceiling]} what was made within ${minutes(each.freshWithin)}; the rest needs an approval`,
      ]),
    ),
  triggers: (all) =>
    table(
      ['Remediator', 'Security Hub controls', 'AWS Config rules', 'CloudTrail calls', 'Swept'],
      all.map((each) => [
        `\`${each.id}\``,
        each.controls.map(control).join(', ') || '–',
        list(each.configRules),
        list(Object.keys(each.apiCalls)),
        each.discover === null ? 'no' : 'yes',
      ]),
    ),
  apart: () =>
    table(
      ['Remediator', 'What it does', 'Resource', 'At most', 'Package'],
      apart.map((each) => [`\`${each.id}\``, each.title, each.resourceTypes.join(', '), ATMOST[each.ceiling], `\`${each.package.name}\``]),
    ),
  pages: (all) => [...all, ...apart].map((each) => `- [\`${each.id}\`](remediators/${each.id}.md): ${each.title}`).join('\n'),
  hazards: (all) => {
    const rows = all.flatMap((each) => (each.hazards ?? []).map(({ code, effect, what }) => [`\`${each.id}\``, `\`${code}\``, EFFECT[effect], what]));
    return rows.length === 0 ? 'None of them checks for hazards.' : table(['Remediator', 'Hazard', 'Then', 'What it means'], rows);
  },
  iam: (all) =>
    table(
      ['Remediator', 'To read', 'To fix', 'To roll back'],
      all.map(({ id, uses: { reads, writes, undoes, undoesByPerson } }) => [
        `\`${id}\``,
        list(iam(reads)),
        list(iam(writes)),
        undoesByPerson === undefined ? list(iam(undoes)) : `${list(iam(undoesByPerson))}, which no role gets`,
      ]),
    ),
  hub: (all) => {
    const { Resources } = deploy.hubTemplate({ remediators: all });
    const shown = (value) => {
      const [[name, of] = []] = typeof value === 'object' ? Object.entries(value) : [];
      if (name === undefined) return String(value);
      return name === 'Fn::Sub' ? of.replace(/\$\{([\w:.]+)\}/g, '{$1}') : `{${[of].flat().join('.')}}`;
    };
    const statements = (value, given = '') => {
      if (value['Fn::If'] === undefined) return value['Effect'] === 'Allow' ? [{ ...value, given }] : [];
      const [condition, then, otherwise] = value['Fn::If'];
      return [...statements(then, `, if ${condition}`), ...statements(otherwise, `, unless ${condition}`)];
    };
    const rows = new Map();
    const add = (role, document, when = '') => {
      for (const { Action, Resource, given } of document.Statement.flatMap((each) => statements(each))) {
        const key = JSON.stringify([Action, Resource]);
        const row = rows.get(key) ?? { actions: [Action].flat().sort(), resources: [Resource].flat().map(shown), of: [], when: `${when}${given}` };
        row.of.push(role);
        rows.set(key, row);
      }
    };
    for (const [name, { Type, Properties, Condition }] of Object.entries(Resources)) {
      if (Type === 'AWS::IAM::Role') for (const { Ref } of Properties.ManagedPolicyArns) add(name, Resources[Ref].Properties.PolicyDocument);
      for (const { Ref } of Properties.Roles ?? []) add(Ref, Properties.PolicyDocument, `, if ${Condition}`);
    }
    return table(
      ['Actions', 'Roles', 'Resources'],
      [...rows.values()].map(({ actions, resources, of, when }) => [list(actions), `${of.join(', ')}${when}`, list(resources)]),
    );
  },
  narrowing: (all) => {
    // Actions with the same narrowing share an entry.
    const groups = new Map();
    for (const { action, roles, resources, conditions, rest } of deploy.narrowed({ remediators: [...all, ...apart] })) {
      const row = [roles.join(', '), resources.length === 0 ? 'every one' : list(resources), list(conditions), rest];
      const key = JSON.stringify(row);
      groups.set(key, { row, actions: [...(groups.get(key)?.actions ?? []), action] });
    }
    return table(
      ['Actions', 'Roles', 'Resources', 'Conditions', 'What is left, and why'],
      [...groups.values()].map(({ row, actions }) => [list(actions), ...row]),
    );
  },
  'one-action': (all) =>
    table(
      ['Remediator', 'Actions'],
      deploy.oneActionForBoth([...all, ...apart]).map(({ id, actions }) => [`\`${id}\``, list(actions)]),
    ),
  'blind-spots': (all) => all.map((each) => [`\`${each.id}\`:`, '', ...each.blindSpots.map((spot) => `- ${spot}`)].join('\n')).join('\n\n'),
  parameters: (all) => {
    const rows = all.flatMap((each) =>
      Object.entries(parametersJsonSchema(each)?.properties ?? {}).map(([name, schema]) => [
        `\`${each.id}\``,
        `\`${name}\``,
        schema.default === undefined ? '–' : `\`${JSON.stringify(schema.default)}\``,
        schema.enum !== undefined ? list(schema.enum) : (schema.type ?? '–'),
        schema.description ?? '',
      ]),
    );
    return rows.length === 0 ? 'None of them takes parameters.' : table(['Remediator', 'Parameter', 'Default', 'Values', ''], rows);
  },
};

const TOOL = { prowler: 'Prowler' };
const FRAMEWORK = { 'aws-fsbp': 'AWS Foundational Security Best Practices' };
const framework = (name) => FRAMEWORK[name] ?? name.replace(/^cis-aws-foundations-benchmark\/v\//, 'CIS AWS Foundations Benchmark ');
const seconds = (milliseconds) => (milliseconds % 60_000 === 0 ? minutes(milliseconds).replace(/^1 minutes$/, '1 minute') : `${milliseconds / 1000} seconds`);
const bullets = (items) => items.map((item) => `- ${item}`).join('\n');
const operations = (uses, what) =>
  uses.flatMap((use) =>
    use.operations.map((name) => {
      const { iam: actions, retry } = use.service.operations.get(name);
      return [what, `\`${use.service.id}:${name}\``, list(actions), what === 'read' ? '–' : RETRY[retry]];
    }),
  );

/** The page of one remediator. */
function pageOf(each, folder, exportName, listName) {
  const own = apart.includes(each);
  const byFramework = new Map();
  for (const { framework: name, id } of each.controls) byFramework.set(name, [...(byFramework.get(name) ?? []), id]);
  const properties = Object.entries(parametersJsonSchema(each)?.properties ?? {}).map(([name, schema]) => [
    `\`${name}\``,
    schema.default === undefined ? '–' : `\`${JSON.stringify(schema.default)}\``,
    schema.enum !== undefined
      ? list(schema.enum)
      : [schema.type ?? '–', ...(schema.minimum === undefined ? [] : [`${schema.minimum} to ${schema.maximum}`])].join(', '),
    schema.description ?? '',
  ]);
  const atMost = {
    enforce: 'It may fix automatically, if the policy says `enforce` and no guardrail objects.',
    approve: 'It always needs an approval, whatever the policy says.',
    notify: 'It only notifies. It never writes anything.',
  };
  const shows = [
    'One of the API calls above, if its record names the part that it made.',
    ...(each.showsNew.length === 0
      ? []
      : [
          `The change from compliant to not compliant of a Config rule that finds just this, between two configurations that were both recorded within that time: ${list(each.showsNew)}.`,
        ]),
  ];
  const writes = each.uses.writes.length > 0;
  const mode = each.ceiling === 'enforce' ? 'enforce' : each.ceiling;
  const rollback =
    each.rollback === undefined
      ? null
      : [
          `It restores ${RESTORES[each.rollback.restores]}. ${each.rollback.what}`,
          ...(each.rollback.by === 'person'
            ? [
                '',
                'Only a person rolls it back, with [credentials of their own](../deploy.md#undos-that-no-role-may-send): `redress rollback` is refused with a role.',
              ]
            : []),
          ...(each.rollback.not.length === 0 ? [] : ['', 'What is not restored:', '', bullets(each.rollback.not)]),
        ];
  return [
    `# ${each.id}`,
    '',
    '<!-- Written by npm run docs, from what the remediator declares. -->',
    '',
    `${each.title}.`,
    '',
    table(
      ['', ''],
      [
        ['Package', `[\`${each.package.name}\`](../../packages/remediators/${folder}/README.md), exported as \`${exportName}\``],
        ['Resource', `${list(each.resourceTypes)}${each.global ? ', one for all regions' : ''}`],
        ['At most', atMost[each.ceiling]],
        [
          'How fresh',
          each.freshWithin === null
            ? 'Its age does not matter.'
            : `Automatic only for what is proven to be at most ${minutes(each.freshWithin)} old. The rest needs an approval.`,
        ],
        ['Settling', each.settle === 0 ? 'Does not wait.' : `Waits until the resource has not changed for ${seconds(each.settle)}.`],
        ['Swept', each.discover === null ? 'No: it only handles events.' : 'Yes: a sweep finds what events missed.'],
        ...(each.inCode === undefined
          ? []
          : [
              ['In CloudFormation', each.inCode.cloudFormation],
              ['In Terraform', each.inCode.terraform],
            ]),
        ['When the gap is closed', each.whenResolved ? 'It runs again, to remove its own mark.' : 'It does not run.'],
      ],
    ),
    '',
    '## What triggers it',
    '',
    table(
      ['Framework', 'Controls'],
      [...byFramework].map(([name, ids]) => [framework(name), ids.join(', ')]),
    ),
    '',
    table(
      ['Source', 'Names'],
      [
        ['AWS Config rules', list(each.configRules)],
        ['API calls, by CloudTrail', list(Object.keys(each.apiCalls))],
        ...Object.entries(each.alsoFoundBy ?? {}).map(([tool, checks]) => [
          `Findings of ${TOOL[tool] ?? tool}, which never show that something is new`,
          list(checks),
        ]),
      ],
    ),
    ...(each.freshWithin === null ? [] : ['', 'What shows that something is new:', '', bullets(shows)]),
    '',
    '## IAM permissions',
    '',
    table(
      ['To', 'Operation', 'IAM actions', 'After a lost reply'],
      [
        ...operations(each.uses.reads, 'read'),
        ...operations(each.uses.writes, 'fix'),
        ...operations(each.uses.undoes, 'roll back'),
        ...operations(each.uses.undoesByPerson ?? [], 'roll back, by a person only'),
      ],
    ),
    '',
    '## Hazards',
    '',
    ...((each.hazards ?? []).length === 0
      ? [writes ? 'It checks for none: no read could show one beforehand. Its blind spots are below.' : 'None: it changes nothing.']
      : [
          'What the change could break. If it finds a hazard, a person has to decide.',
          '',
          ...each.hazards.flatMap(({ code, effect, what, advice }) => [`**${code}** (${EFFECT[effect]})`, '', what, '', advice, '']),
        ].slice(0, -1)),
    '',
    '## Blind spots',
    '',
    'What no read can show. An approver has to know it.',
    '',
    bullets(each.blindSpots),
    '',
    '## Rollback',
    '',
    ...(writes
      ? [
          ...(rollback ?? ['It is not declared.']),
          '',
          each.rollback?.restores === 'nothing'
            ? 'There is no undo, so each change needs an approval, and `redress rollback` is refused.'
            : 'A rollback is refused if what the change wrote or depended on has drifted. After a rollback, the same fix only notifies for seven days (default).',
        ]
      : ['Nothing is changed, so there is nothing to roll back.']),
    '',
    '## Parameters',
    '',
    properties.length === 0 ? 'None.' : table(['Parameter', 'Default', 'Values', ''], properties),
    '',
    '## On the command line',
    '',
    ...(own
      ? [
          'The command does not include it. Add it to `redress.config.mjs`:',
          '',
          ...fence('js', `import { ${listName} } from '${each.package.name}';`, '', `export default { remediators: [...${listName}] };`),
          '',
        ]
      : []),
    'What it would do in this account and region. Nothing is changed or recorded:',
    '',
    ...fence('sh', `npx redress plan --live --remediator ${each.id}`),
    '',
    'The EventBridge patterns that deliver its events, and the template with its permissions:',
    '',
    ...fence('sh', `npx redress patterns --remediator ${each.id}`, `npx redress generate template member-role --remediator ${each.id}`),
    '',
    'A policy that allows its ceiling in one account, and only notifies in all others:',
    '',
    ...fence('yaml', 'version: 1', 'environments:', '  dev: { accounts: ["111111111111"] }', 'remediators:', `  ${each.id}: { dev: ${mode} }`),
    ...(each.discover === null ? [] : ['', 'With that policy, handle existing gaps:', '', ...fence('sh', `npx redress sweep --remediator ${each.id}`)]),
    '',
  ].join('\n');
}
const fence = (language, ...lines) => [`\`\`\`${language}`, ...lines, '```'];

/** The page with its generated parts up to date. */
function filled(file, text, remediators) {
  return text.replace(/<!-- generated: ([a-z-]+) -->\n[\s\S]*?<!-- \/generated -->/g, (_, name) => {
    const section = sections[name];
    if (section === undefined) throw new Error(`${file}: there is no generated part ${JSON.stringify(name)}; there are ${Object.keys(sections).join(', ')}.`);
    return `<!-- generated: ${name} -->\n\n${section(remediators)}\n\n<!-- /generated -->`;
  });
}

const check = process.argv.includes('--check');
const every = [];
const apart = [];
/** Pages that are completely generated. */
const PAGES = 'docs/remediators';
const written = new Map();
const pages = [];
for (const name of [...PACKAGES, ...APART]) {
  const exported = await import(join(ROOT, 'packages', 'remediators', name, 'dist', 'index.js'));
  const here = [];
  for (const [listName, remediators] of Object.entries(exported).filter(([, value]) => Array.isArray(value))) {
    // In a package that comes with the command, some may not be included.
    const comes = PACKAGES.includes(name) && !listName.startsWith('further');
    (comes ? every : apart).push(...remediators);
    here.push({ remediators, listName: comes ? undefined : listName, comes });
  }
  here.sort((a, b) => Number(b.comes) - Number(a.comes));
  for (const { remediators, listName } of here)
    for (const each of remediators)
      written.set(`${PAGES}/${each.id}.md`, pageOf(each, name, Object.entries(exported).find(([, value]) => value === each)?.[0], listName));
  const readme = `packages/remediators/${name}/README.md`;
  if (readFileSync(join(ROOT, readme), 'utf8').includes('<!-- generated: ')) pages.push([readme, here.flatMap(({ remediators }) => remediators)]);
}
pages.push(
  ['packages/all/README.md', [...every, ...apart]],
  ['docs/remediators.md', every],
  ['packages/deploy/README.md', every],
  ['docs/judges.md', [...every, ...apart]],
  ['docs/deploy.md', every],
);

const stale = [];
for (const [file, remediators] of pages) {
  const path = join(ROOT, file);
  if (!existsSync(path)) throw new Error(`${file} does not exist.`);
  const text = readFileSync(path, 'utf8');
  const wanted = filled(file, text, remediators);
  if (!text.includes('<!-- generated: ')) throw new Error(`${file} has no generated part.`);
  if (text === wanted) continue;
  stale.push(file);
  if (!check) writeFileSync(path, wanted);
}
// Byte for byte: spreadsheets use their own line endings, and digests are over bytes.
const sample = await sampleFiles();
for (const [name, bytes] of sample) written.set(`${SAMPLE}/${name}`, bytes);
for (const [name, svg] of await pictures(sample)) written.set(`${PICTURES}/${name}`, svg);
for (const [file, wanted] of written) {
  const path = join(ROOT, file);
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(wanted))) continue;
  stale.push(file);
  if (check) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, wanted);
}
// Files that no longer belong here: of a remediator, a sample or a picture that was removed or renamed. The README is written by people.
const below = (folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
for (const file of [...below(PAGES), ...below(SAMPLE), ...(existsSync(join(ROOT, PICTURES)) ? below(PICTURES) : [])]) {
  if (written.has(file) || file === `${SAMPLE}/README.md`) continue;
  stale.push(file);
  if (!check) rmSync(join(ROOT, file));
}
for (const file of stale) console.log(check ? `${file} is stale: run npm run docs` : `${file} written`);
process.exitCode = check && stale.length > 0 ? 1 : 0;
