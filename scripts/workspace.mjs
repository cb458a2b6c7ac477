// Checks what all packages have in common: peers, exports, README sections, versions.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The published packages: folder and manifest. */
export function packages() {
  const folders = ['packages', 'packages/remediators'].flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`));
  return folders
    .filter((path) => existsSync(join(ROOT, path, 'package.json')))
    .map((path) => ({ path, manifest: JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** Everything that is wrong, one line each. */
export function checkWorkspace() {
  const problems = [];
  const changesets = readdirSync(join(ROOT, '.changeset'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => readFileSync(join(ROOT, '.changeset', file), 'utf8'))
    .join('\n');
  for (const { path, manifest } of packages()) {
    const wrong = (what) => problems.push(`${path}: ${what}`);
    const readmeFile = join(ROOT, path, 'README.md');
    const readme = existsSync(readmeFile) ? readFileSync(readmeFile, 'utf8') : '';
    const sections = path.startsWith('packages/remediators/')
      ? ['Install', 'Use', 'IAM permissions', 'What it will not do', 'Blind spots', 'Rollback']
      : ['Install', 'Use'];
    for (const section of sections) if (!new RegExp(`^## ${section}$`, 'm').test(readme)) wrong(`README.md has no section "## ${section}"`);
    if (!readme.startsWith(`# ${manifest.name}\n`)) wrong(`README.md does not begin with "# ${manifest.name}"`);
    if (!existsSync(join(ROOT, path, 'CHANGELOG.md')) && !changesets.includes(`'${manifest.name}'`) && !changesets.includes(`"${manifest.name}"`))
      wrong('has neither a changelog nor a changeset');
    if (manifest.type !== 'module') wrong('is not an ES module');
    if (manifest.license !== 'Apache-2.0') wrong('licence');
    if (manifest.engines?.node !== '>=22.19') wrong('engines');
    if (manifest.repository?.directory !== path) wrong('repository.directory');
    for (const [name, range] of Object.entries(manifest.peerDependencies ?? {})) {
      if (!name.startsWith('@redress/')) continue;
      // Each release would rewrite the bare form to the current version, and so raise the minimum silently.
      if (!/^workspace:\^\d+\.\d+\.\d+(?:-0)?$/.test(range)) wrong(`peer ${name} must name its floor, such as workspace:^1.0.0`);
      if (manifest.devDependencies?.[name] === undefined) wrong(`peer ${name} is not repeated in devDependencies, where the task graph sees it`);
    }
    const published = Object.entries(manifest.publishConfig?.exports ?? {});
    if (JSON.stringify(Object.keys(manifest.exports)) !== JSON.stringify(published.map(([name]) => name))) wrong('exports and publishConfig.exports differ');
    for (const [name, target] of published) {
      if (name === './package.json') continue;
      if (JSON.stringify(Object.keys(target)) !== '["types","default"]') wrong(`publishConfig.exports ${name} must have types, then default`);
      const { '@redress/source': source, ...rest } = manifest.exports[name];
      if (JSON.stringify(rest) !== JSON.stringify(target)) wrong(`exports ${name} differs from what is published`);
      if (source === undefined || !existsSync(join(ROOT, path, source))) wrong(`exports ${name}: source ${source} does not exist`);
    }
    if (path.startsWith('packages/remediators/')) {
      for (const file of readdirSync(join(ROOT, path, 'src'), { recursive: true }).filter((name) => name.endsWith('.ts'))) {
        const text = readFileSync(join(ROOT, path, 'src', file), 'utf8');
        // What client.ts imports, or loads at the first call.
        if (!['client.ts', 'sdk.ts'].includes(basename(file)) && !file.endsWith('.test.ts') && /from '@aws-sdk\//.test(text))
          wrong(`src/${file} imports an SDK client; only client.ts and sdk.ts may`);
        const id = /^\s+id: '([a-z0-9]+-[a-z0-9-]+)',$/m.exec(text)?.[1];
        if (id !== undefined && !file.endsWith('.test.ts') && basename(file) !== 'client.ts' && file !== `${id}.ts` && text.includes('defineRemediator'))
          wrong(`src/${file} defines ${id}; name and file differ`);
      }
    }
  }
  const lock = readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8');
  if (/https?:\/\//.test(lock)) problems.push('pnpm-lock.yaml names a host');
  return problems;
}
