#!/usr/bin/env node
// `npm run build`: builds what is published into each package's `dist`: code by tsup, types by one run of the compiler for all packages. `--code` omits the
// types, which are not needed at run time. `--stale` builds only if a source has changed since the last complete build. The manifest of a package lists its
// entries.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { build as esbuild } from 'esbuild';
import { rollup } from 'rollup';
import { parseAst } from 'rollup/parseAst';
import { build } from 'tsup';
import ts from 'typescript';
import { buildStamp, ROOT, TSC } from './setup.mjs';
import { packages } from './workspace.mjs';

const TYPES = join(ROOT, '.cache', 'types');
/** The sources of the last complete build. The file is missing after a partial build. */
const WHOLE = join(ROOT, '.cache', 'build-whole.stamp');

/** The entries of a package: every source in `exports`, and commands. */
function entries({ exports, bin = {} }) {
  const targets = [...Object.values(exports).map((target) => target.default), ...Object.values(bin)].filter((target) => target?.startsWith('./dist/'));
  return Object.fromEntries(targets.map((target) => target.replace(/^\.\/dist\/(.*)\.js$/, '$1')).map((name) => [name, `src/${name}.ts`]));
}

async function code({ path, manifest }, atStart) {
  const doors = Object.entries(entries(manifest)).flatMap(([name, file]) => (atStart.imported.has(`${path}/${file}`) ? [name] : []));
  // One compiler process builds all packages from one working folder, so the paths are absolute.
  const entry = Object.fromEntries(Object.entries(entries(manifest)).map(([name, file]) => [name, join(ROOT, path, file)]));
  const modules = atStart.modules.filter((file) => file.startsWith(`${path}/src/`));
  if (modules.length > 0) entry[START] = startEntry(path, modules);
  // tsup reads external packages from the manifest in its working folder.
  process.chdir(join(ROOT, path));
  await build({
    config: false,
    silent: true,
    entry,
    outDir: join(ROOT, path, 'dist'),
    format: 'esm',
    target: 'node22',
    platform: 'node',
    // The code is not minified. Source maps would be half of a package's size.
    sourcemap: false,
    esbuildPlugins: [
      { name: 'builtins-of-dependencies', setup: builtinsOfDependencies },
      { name: 'pure-definitions', setup: pureDefinitions },
    ],
    clean: true,
    treeshake: true,
    // Otherwise `node:sqlite` cannot be imported: it has no name without the prefix.
    removeNodeProtocol: false,
  });
  process.chdir(ROOT);
  await mergeChunks(join(ROOT, path, 'dist'), Object.keys(entry), doors);
  // Code of development dependencies is bundled, so it comes with its licence. The file has another name than a licence file: pnpm would take it for that of
  // the package, and leave out the workspace's.
  const inside = (manifest.redress?.inlines ?? []).map((name) => {
    const folder = join(ROOT, path, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    return { name, version, license, text: readFileSync(join(folder, file), 'utf8') };
  });
  if (inside.length === 0) return;
  const dist = join(ROOT, path, 'dist');
  const notices = inside.map(({ name, version, text }) => `${name} ${version}, whose licence is:\n\n${text}`);
  writeFileSync(join(dist, 'THIRD-PARTY-NOTICES.txt'), `The code in this folder has in it:\n\n${notices.join('\n\n')}`);
  // For tools that list whose code a bundle contains, such as `@redress/bundle`. esbuild writes the origin of each module above it.
  const code = readdirSync(dist).flatMap((file) => (file.endsWith('.js') ? [[file, readFileSync(join(dist, file), 'utf8')]] : []));
  const listed = inside.map(({ name, version, license }) => {
    const files = code.flatMap(([file, text]) => (text.includes(`/node_modules/${name}/`) ? [file] : []));
    if (files.length === 0) throw new Error(`${manifest.name} says that ${name} is in its code, and it is not.`);
    return { name, version, license, files };
  });
  writeFileSync(join(dist, 'third-party.json'), `${JSON.stringify(listed)}\n`);
}

/** An entry that is not published: all modules of a package that a function's start loads. */
const START = 'at-start';

/** A module that exports what others do. */
function startEntry(path, modules) {
  const file = join(ROOT, '.cache', START, `${path.replaceAll('/', '-')}.ts`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, modules.map((module) => `export * from ${JSON.stringify(join(ROOT, module))};\n`).join(''));
  return file;
}

/**
 * The modules of our packages that a function's start loads, and what they import. A bundler loads a file of a package with everything in it that is needed at
 * any time. So code that is needed late has to be in other files than code that is needed at a start.
 */
async function modulesAtStart() {
  const contents = [
    "export { fromEnvironment } from '@redress/bundle/runtime';",
    "export { lateRemediators } from '@redress/core';",
    "export const late = () => import('@redress/remediators');",
  ].join('\n');
  const others = { name: 'others-are-external', setup: ({ onResolve }) => onResolve({ filter: /^[^./]/ }, externalUnlessOurs) };
  const { metafile } = await esbuild({
    stdin: { contents, resolveDir: ROOT },
    absWorkingDir: ROOT,
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    conditions: ['@redress/source'],
    write: false,
    metafile: true,
    plugins: [others],
  });
  const { inputs, outputs } = metafile;
  const files = new Set(Object.keys(outputs).filter((path) => outputs[path].entryPoint === '<stdin>'));
  for (const file of files) for (const { kind, path } of outputs[file].imports) if (kind === 'import-statement' && path in outputs) files.add(path);
  const modules = [...files].flatMap((file) => Object.entries(outputs[file].inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])));
  return { modules: modules.sort(), imported: new Set(modules.flatMap((module) => inputs[module].imports.map(({ path }) => path))) };
}

const externalUnlessOurs = ({ path }) => (path.startsWith('@redress/') ? undefined : { path, external: true });

/**
 * Bytes. A file costs about a millisecond of CPU time however small it is. But merged files cannot be loaded separately: with 20,000, the packages that a
 * command loads have three files fewer, and each start of a function loads 22 KB more.
 */
const SMALLEST_CHUNK = 5_000;

/** A file that exports what another does, each name from the file that has its code. Whoever imports it loads no other. */
function door(code, file) {
  const from = new Map();
  const origins = new Map();
  const of = ({ name, value }) => name ?? value;
  const add = (source, name, as) => from.set(source, [...(from.get(source) ?? []), name === as ? name : `${name} as ${as}`]);
  for (const { type, source, specifiers = [] } of parseAst(code).body)
    for (const { local, imported, exported } of specifiers) {
      if (type === 'ImportDeclaration' && imported !== undefined) origins.set(of(local), [source.value, of(imported)]);
      else if (type === 'ExportNamedDeclaration')
        add(...(source != null ? [source.value, of(local)] : (origins.get(of(local)) ?? [file, of(exported)])), of(exported));
    }
  return [...from].map(([source, names]) => `export { ${names.join(', ')} } from '${source}';\n`).join('');
}

/** Bytes. Code that a start loads is merged with what is loaded whenever it is, unless it is larger: those that load only the other have to load it, too. */
const SMALLEST_GROUP = 25_000;

/**
 * Which of the files that a start loads become one: those that the same entries load. A small group joins the next larger one.
 *
 * @returns names of groups, by file
 */
function groupsAtStart(dist, names, getModuleInfo) {
  const loadedBy = (entry) => {
    const files = new Set([join(dist, `${entry}.js`)]);
    // A set that grows while it is read: each file adds what it imports.
    for (const file of files) for (const next of getModuleInfo(file)?.importedIds ?? []) files.add(next);
    return files;
  };
  const entries = names.filter((name) => name !== START).map((name) => ({ name, files: loadedBy(name) }));
  const groups = new Map();
  for (const file of loadedBy(START)) {
    if (dirname(file) !== dist || file === join(dist, `${START}.js`)) continue;
    const by = entries.filter(({ files }) => files.has(file)).map(({ name }) => name);
    const group = groups.get(by.join('-')) ?? { by, files: [], bytes: 0 };
    groups.set(by.join('-'), { ...group, files: [...group.files, file], bytes: group.bytes + getModuleInfo(file).code.length });
  }
  const fewestFirst = [...groups.values()].sort((a, b) => a.by.length - b.by.length);
  // Whoever loads the smaller one loads the next larger one, and no file imports one that fewer entries load: so no two files import each other.
  const nameOf = (group) => {
    const next =
      group.bytes < SMALLEST_GROUP ? fewestFirst.find(({ by }) => by.length > group.by.length && group.by.every((each) => by.includes(each))) : undefined;
    return next === undefined ? group.by.join('-') : nameOf(next);
  };
  return new Map(fewestFirst.flatMap((group) => group.files.map((file) => [file, nameOf(group)])));
}

/**
 * Merges small files that are loaded together, or that only load packages that are loaded anyway. esbuild creates one for each set of modules that several
 * entries and late imports share. Names of late imports stay. What a function's start loads is merged only with itself, and into one file for each set of
 * entries that load it.
 *
 * @param {readonly string[]} names the entries
 * @param {readonly string[]} doors those that a start imports: their files only name what others have
 */
async function mergeChunks(dist, names, doors) {
  const made = readdirSync(dist).filter((file) => file.endsWith('.js'));
  const bundle = await rollup({
    input: Object.fromEntries(names.map((name) => [name, join(dist, `${name}.js`)])),
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    // Another package may be large; ours only define things.
    treeshake: { moduleSideEffects: (_, external) => external },
    preserveEntrySignatures: 'strict',
    logLevel: 'warn',
  });
  let groups = null;
  const output = {
    dir: dist,
    format: 'es',
    experimentalMinChunkSize: SMALLEST_CHUNK,
    manualChunks: (id, { getModuleInfo }) => {
      groups ??= names.includes(START) ? groupsAtStart(dist, names, getModuleInfo) : new Map();
      return groups.get(id);
    },
    onlyExplicitManualChunks: true,
    entryFileNames: ({ name }) => (doors.includes(name) ? '[name]-[hash].js' : '[name].js'),
    chunkFileNames: ({ name }) => `${name.replace(/-[A-Z0-9]{8}$/, '')}-[hash].js`,
    hoistTransitiveImports: false,
    minifyInternalExports: false,
  };
  const { output: files } = await bundle.generate(output);
  for (const file of made) rmSync(join(dist, file));
  const needed = new Set(files.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]));
  for (const { name, isEntry, fileName, code } of files) {
    const isDoor = isEntry && doors.includes(name);
    const text = isDoor ? door(code, `./${fileName}`) : '';
    if (isDoor) writeFileSync(join(dist, `${name}.js`), text);
    if ((isDoor || name === START) && !needed.has(fileName) && !text.includes(fileName)) continue;
    const isCommand = code.startsWith('#!');
    writeFileSync(join(dist, fileName), code, { mode: isCommand ? 0o755 : 0o644 });
  }
  await bundle.close();
}

/**
 * Loads Node modules that bundled dependencies import only when they are used. An import loads a module and reads each of its members, which opens streams
 * and loads the network. For `redress --help` that was half of the time. What is imported by name is read at once, so that no list of all names is made.
 */
function builtinsOfDependencies({ onResolve, onLoad }) {
  onResolve({ filter: /^(?:node:)?[a-z_]+$/ }, ({ path, importer, kind }) =>
    importer.includes('node_modules') && isBuiltin(path)
      ? { path: `node:${path.replace(/^node:/, '')}`, namespace: kind === 'import-statement' ? 'builtin' : 'required-builtin', sideEffects: false }
      : undefined,
  );
  onLoad({ filter: /.*/, namespace: 'builtin' }, async ({ path }) => {
    const { default: whole, ...members } = await import(path);
    const its = `process.getBuiltinModule(${JSON.stringify(path)})`;
    const lazy = path === 'node:process' ? 'globalThis.process' : `/* @__PURE__ */ new Proxy({}, { get: (_, name) => ${its}[name] })`;
    const named = Object.keys(members).map((name) => `export const ${name} = /* @__PURE__ */ (() => ${its}.${name})();`);
    return { contents: [`export default ${typeof whole === 'function' ? `/* @__PURE__ */ (() => ${its})()` : lazy};`, ...named].join('\n') };
  });
  onLoad({ filter: /.*/, namespace: 'required-builtin' }, async ({ path }) => {
    if (path === 'node:process') return { contents: 'module.exports = globalThis.process;' };
    const names = Object.keys(await import(path)).filter((name) => name !== 'default');
    const member = `Object.defineProperty(exports, name, { enumerable: true, get: () => (loaded ??= process.getBuiltinModule(${JSON.stringify(path)}))[name] })`;
    return { contents: `let loaded;\nfor (const name of ${JSON.stringify(names)}) ${member};` };
  });
}

/**
 * Marks the calls that make the constants of our modules. Like the modules themselves (`sideEffects` in the manifests), they only define things. So a bundler
 * may leave out a definition that nothing uses, with everything that only it uses. Otherwise one file of a package brings all that its modules define.
 */
function pureDefinitions({ onLoad }) {
  onLoad({ filter: /[\\/]packages[\\/].*[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
    const text = readFileSync(path, 'utf8');
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
    const places = new Set();
    const visit = (node) => {
      if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
      if (ts.isNewExpression(node) || (ts.isCallExpression(node) && node.expression.kind !== ts.SyntaxKind.ImportKeyword)) places.add(node.getStart(file));
      ts.forEachChild(node, visit);
    };
    for (const statement of file.statements)
      if (ts.isVariableStatement(statement))
        for (const { initializer } of statement.declarationList.declarations) if (initializer !== undefined) visit(initializer);
    const marked = [...places].sort((a, b) => b - a).reduce((code, at) => `${code.slice(0, at)}/* @__PURE__ */ ${code.slice(at)}`, text);
    return { contents: marked, loader: 'ts' };
  });
}

/** Copies a declaration and its imports within the package. Declarations of tests and internals are not published. */
function copyTypes(from, to, file, done) {
  if (done.has(file)) return;
  done.add(file);
  const text = readFileSync(join(from, file), 'utf8');
  mkdirSync(dirname(join(to, file)), { recursive: true });
  cpSync(join(from, file), join(to, file));
  for (const { fileName } of ts.preProcessFile(text).importedFiles)
    if (fileName.startsWith('.')) copyTypes(from, to, join(dirname(file), fileName.replace(/\.js$/, '.d.ts')), done);
}

function types(all) {
  rmSync(TYPES, { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [...TSC, '-p', 'tsconfig.types.json', '--outDir', TYPES], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('The types could not be made; what the compiler says of them stands above.');
  for (const { path, manifest } of all)
    for (const name of Object.keys(entries(manifest))) copyTypes(join(TYPES, path, 'src'), join(ROOT, path, 'dist'), `${name}.d.ts`, new Set());
}

/**
 * Builds packages.
 *
 * @param {{ only?: readonly string[], declarations?: boolean }} [options] `only`: folders such as `packages/core`; default all.
 */
async function buildPackages({ only = [], declarations = true } = {}) {
  const all = packages().filter(({ path }) => only.length === 0 || only.includes(path));
  const sources = buildStamp();
  rmSync(WHOLE, { force: true });
  const atStart = await modulesAtStart();
  for (const each of all) await code(each, atStart);
  if (!declarations) return;
  types(all);
  if (only.length === 0) writeFileSync(WHOLE, sources);
}

const isWhole = () => existsSync(WHOLE) && readFileSync(WHOLE, 'utf8') === buildStamp();

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const words = process.argv.slice(2);
  if (!words.includes('--stale') || !isWhole())
    await buildPackages({ only: words.filter((word) => !word.startsWith('--')), declarations: !words.includes('--code') });
}
