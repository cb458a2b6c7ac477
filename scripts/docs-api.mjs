#!/usr/bin/env node
// `npm run docs:api`: the API reference of every package, from its public entry points, in .cache/docs-api. A warning fails it, so that everything public is
// documented.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, NODE, ROOT, setup } from './setup.mjs';
import { packages } from './workspace.mjs';

try {
  await setup({ python: false, build: false });
  const entryPoints = packages().flatMap(({ path, manifest }) =>
    Object.values(manifest.exports)
      .map((target) => target['@redress/source'])
      .filter((source) => source !== undefined)
      .map((source) => join(ROOT, path, source)),
  );
  const work = join(ROOT, '.cache', 'typedoc');
  mkdirSync(work, { recursive: true });
  writeFileSync(
    join(work, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: true,
        noUnusedLocals: false,
        composite: false,
        incremental: false,
        types: ['node'],
        typeRoots: [join(ROOT, 'node_modules/@types')],
      },
      files: entryPoints,
    }),
  );
  writeFileSync(
    join(work, 'typedoc.json'),
    JSON.stringify({
      entryPoints,
      tsconfig: join(work, 'tsconfig.json'),
      out: join(ROOT, '.cache', 'docs-api'),
      name: 'Redress',
      readme: 'none',
      excludeInternal: true,
      excludePrivate: true,
      skipErrorChecking: false,
      treatWarningsAsErrors: true,
      githubPages: false,
      disableSources: true,
      validation: { invalidLink: true, notExported: false, notDocumented: true },
      requiredToBeDocumented: ['Class', 'Function', 'Interface', 'TypeAlias', 'Variable', 'Enum'],
    }),
  );
  const { status } = spawnSync(NODE, [join(ROOT, 'node_modules/typedoc/bin/typedoc'), '--options', join(work, 'typedoc.json')], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
} catch (error) {
  fail(error);
}
