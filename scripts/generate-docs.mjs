#!/usr/bin/env node
// Writes what the documentation says of the remediators, from the built packages: tables between `<!-- generated: NAME -->` and
// `<!-- /generated -->`. `--check` only says which files are stale. Runs under Node 24, after `npm run setup`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './setup.mjs';

const PACKAGES = ['ec2', 's3', 'iam', 'cloudwatch-logs'];
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const list = (items) => (items.length === 0 ? '–' : items.map((item) => `\`${item}\``).join(', '));
const table = (head, rows) =>
  [`| ${head.join(' | ')} |`, `|${head.map(() => ' --- ').join('|')}|`, ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`)].join('\n');
const iam = (uses) => [...new Set(uses.flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? [])))].sort();
const minutes = (milliseconds) => `${Math.round(milliseconds / 60_000)} minutes`;
const ATMOST = { enforce: 'fixes by itself', approve: 'asks', notify: 'tells' };

const control = ({ framework, id }) => (framework === 'aws-fsbp' ? id : `${framework.replace(/^cis-aws-foundations-benchmark\/v\//, 'CIS ')} ${id}`);

/** What can be said of some remediators, by the names that pages use. */
const sections = {
  remediators: (all) =>
    table(
      ['Remediator', 'What it does', 'Resource', 'At most'],
      all.map((each) => [
        `\`${each.id}\``,
        each.title,
        each.resourceTypes.join(', '),
        each.freshWithin === null ? ATMOST[each.ceiling] : `${ATMOST[each.ceiling]} what was made within ${minutes(each.freshWithin)}, asks about the rest`,
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
  iam: (all) =>
    table(
      ['Remediator', 'To look', 'To fix', 'To take it back'],
      all.map((each) => [`\`${each.id}\``, list(iam(each.uses.reads)), list(iam(each.uses.writes)), list(iam(each.uses.undoes))]),
    ),
  'blind-spots': (all) => all.map((each) => [`\`${each.id}\`:`, '', ...each.blindSpots.map((spot) => `- ${spot}`)].join('\n')).join('\n\n'),
  parameters: (all) => {
    const rows = all.flatMap((each) =>
      Object.entries(each.parametersJsonSchema()?.properties ?? {}).map(([name, schema]) => [
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

/** The page with its generated parts as they should be. */
function filled(file, text, remediators) {
  return text.replace(/<!-- generated: ([a-z-]+) -->\n[\s\S]*?<!-- \/generated -->/g, (_, name) => {
    const section = sections[name];
    if (section === undefined) throw new Error(`${file}: there is no generated part ${JSON.stringify(name)}; there are ${Object.keys(sections).join(', ')}.`);
    return `<!-- generated: ${name} -->\n\n${section(remediators)}\n\n<!-- /generated -->`;
  });
}

const check = process.argv.includes('--check');
const every = [];
const pages = [];
for (const name of PACKAGES) {
  const exported = await import(join(ROOT, 'packages', 'remediators', name, 'dist', 'index.js'));
  const remediators = Object.values(exported).find(Array.isArray);
  every.push(...remediators);
  pages.push([`packages/remediators/${name}/README.md`, remediators]);
}
pages.push(['docs/remediators.md', every]);

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
for (const file of stale) console.log(check ? `${file} is stale: run npm run docs` : `${file} written`);
process.exitCode = check && stale.length > 0 ? 1 : 0;
