import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, posix, relative, resolve, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { messageOf, RedressError } from '@redress/core';
import { build, type Metafile } from 'esbuild';
import { type Zippable, zipSync } from 'fflate';
import { lateLists, sameVersions } from './lists.js';
import { pruning } from './prune.js';
import { type BundledPackage, sbomOf } from './sbom.js';

/** What {@link bundle} takes. */
export interface BundleOptions {
  /** Path of a module that exports `handler`, and `approvals`; or the text of one, as {@link entryText} makes it. */
  readonly entry: string | { readonly text: string };
  /** Folder from which the entry's imports are found; default: that of the process. */
  readonly resolveDir?: string;
  /**
   * Leave out what no operation uses, and the ways to sign in that Lambda does not have (default). False: as esbuild makes it.
   * What the calls put on the wire is the same: {@link proveEqual}.
   */
  readonly prune?: boolean;
  /** Conditions of `exports` in package.json, besides esbuild's own. */
  readonly conditions?: readonly string[];
}

/** What a bundle came to. */
export interface Bundle {
  /** By name: `index.mjs`, its chunks, their source maps, `sbom.cdx.json`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Names that `index.mjs` exports. What they are nothing has looked at: no code of it was run. */
  readonly exports: readonly string[];
  /** All of them, as Lambda takes it. The same input gives the same bytes, on another day and in another folder too. */
  readonly zip: Uint8Array;
  /** Of the ZIP. */
  readonly digest: `sha256:${string}`;
  /** SHA-256 of the ZIP in Base64, as Lambda's `CodeSha256` shows it. */
  readonly codeSha256: string;
  /** Bytes of code: all of it, what a start loads before anything is asked of it, and all of it compressed by gzip. */
  readonly bytes: { readonly code: number; readonly start: number; readonly gzip: number };
  /** Whose code is in it, most bytes first. */
  readonly packages: readonly BundledPackage[];
}

// CommonJS packages in an ES module ask for `require`.
const BANNER = "import{createRequire as redressRequire}from'node:module';const require=redressRequire(import.meta.url);";
const OUT = 'redress-bundle';
const ENTRY = 'redress-entry.mjs';

/**
 * Makes the code of the Lambda functions: one ZIP with `index.mjs`, source maps and a list of what is in it.
 * A module that does not export `handler` is refused: Lambda would find that out at each message.
 *
 * @example
 * const { zip, digest } = await bundle({ entry: { text: entryText({ remediators: { '@redress/remediator-s3': 's3Remediators' } }) } });
 * @throws {RedressError} `compose/invalid` when the entry cannot be bundled, or is a module without `handler`, with the place; or when the facts of remediators
 * are of another version than their code
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-package.html
 */
export async function bundle(options: BundleOptions): Promise<Bundle> {
  const folder = resolve(options.resolveDir ?? process.cwd());
  const { entry } = options;
  const from =
    typeof entry === 'string'
      ? { entryPoints: { index: resolve(folder, entry) } }
      : { stdin: { contents: entry.text, resolveDir: folder, sourcefile: ENTRY, loader: 'js' as const } };
  const facts = new Set<string>();
  const { outputFiles, metafile } = await build({
    ...from,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    minify: true,
    splitting: true,
    treeShaking: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    mainFields: ['module', 'main'],
    // Given conditions replace the default of `module`, by which the SDK's parts are found as ES modules: those can be pruned.
    conditions: [...(options.conditions ?? []), 'module'],
    banner: { js: BANNER },
    absWorkingDir: folder,
    outdir: join(folder, OUT),
    outExtension: { '.js': '.mjs' },
    entryNames: 'index',
    chunkNames: 'chunk-[hash]',
    plugins: [lateLists(facts), ...(options.prune === false ? [] : pruning)],
    logLevel: 'silent',
  }).catch((cause: unknown) => {
    throw failure(cause);
  });

  const exported = exportsOf(metafile);
  if (typeof entry === 'string' && !exported.includes('handler')) throw withoutHandler(entry, exported);
  const named = steadyNames(metafile);
  // Of what was imported by code that nothing uses, esbuild leaves chunks that nothing leads to.
  const led = new Set(reached(metafile, () => true));
  const contents = new Map(
    outputFiles.flatMap(({ path, contents: bytes }) => {
      const name = relative(join(folder, OUT), path).split(sep).join('/');
      if (!led.has(name.replace(/\.map$/, ''))) return [];
      return [[renamed(name, named), name.endsWith('.mjs') ? Buffer.from(renamed(Buffer.from(bytes).toString('utf8'), named)) : bytes] as const];
    }),
  );
  const packageOf = packages(folder);
  const files = new Map<string, Uint8Array>();
  for (const [name, bytes] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.endsWith('.map')) files.set(name, await portable(bytes, packageOf, folder));
    else files.set(name, Buffer.concat([bytes, Buffer.from(`//# sourceMappingURL=${name}.map\n`)]));
  }
  const found = await packagesIn(metafile, packageOf, folder);
  sameVersions(facts, found);
  const version = found.find(({ name }) => name === '@redress/core')?.version ?? '0.0.0';
  files.set('sbom.cdx.json', Buffer.from(sbomOf(found, { name: 'redress-functions', version })));

  const zip = zipOf(files);
  const hash = createHash('sha256').update(zip);
  const code = [...contents].filter(([name]) => name.endsWith('.mjs'));
  // Chunks that are loaded when they are needed are not among them.
  const atStart = reached(metafile, (kind) => kind === 'import-statement').map((name) => renamed(name, named));
  return {
    files,
    exports: exported,
    zip,
    digest: `sha256:${hash.copy().digest('hex')}`,
    codeSha256: hash.digest('base64'),
    bytes: {
      code: sum(code.map(([, bytes]) => bytes.length)),
      start: sum(code.map(([name, bytes]) => (atStart.includes(name) ? bytes.length : 0))),
      gzip: sum(code.map(([, bytes]) => gzipSync(bytes, { level: 9 }).length)),
    },
    packages: found,
  };
}

/**
 * esbuild names chunks by a hash that knows the folders; here they are numbered in the order in which they are reached. The new names are as
 * long as the old ones, so that the columns of source maps stay.
 */
function steadyNames(metafile: Metafile): ReadonlyMap<string, string> {
  const hashes = reached(metafile, () => true).flatMap((name) => CHUNK.exec(name)?.[1] ?? []);
  return new Map(hashes.map((hash, index) => [hash, String(index + 1).padStart(hash.length, '0')]));
}

/** Names of the files that the entry leads to by such imports, in the order in which they are reached. */
function reached({ outputs }: Metafile, by: (kind: string) => boolean): readonly string[] {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const each of outputs[path]?.imports ?? []) if (!each.external && by(each.kind)) visit(each.path);
  };
  visit(indexOf(outputs));
  return [...seen].map((path) => posix.basename(path));
}

/** What the module that Lambda loads exports. */
function exportsOf({ outputs }: Metafile): readonly string[] {
  return [...(outputs[indexOf(outputs)]?.exports ?? [])].sort();
}

/** The path of that module. */
function indexOf(outputs: Metafile['outputs']): string {
  return Object.keys(outputs).find((path) => posix.basename(path) === 'index.mjs') ?? '';
}

const CHUNK = /^chunk-([A-Z0-9]{8})\.mjs/;

function renamed(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(/chunk-([A-Z0-9]{8})(?=\.mjs)/g, (all, hash: string) => (names.has(hash) ? `chunk-${names.get(hash)}` : all));
}

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);

/** The newest date that ZIP's clock can be relied on to show alike everywhere: its first. */
const MTIME = new Date(1980, 0, 1);

function zipOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries: Zippable = {};
  // Readable by whoever Lambda runs it as; written by nobody.
  for (const [name, bytes] of files) entries[name] = [bytes, { level: 6, mtime: MTIME, os: 3, attrs: (0o100444 << 16) >>> 0 }];
  return zipSync(entries);
}

type PackageOf = (file: string) => Promise<{ name: string; version: string; license: string | null; folder: string } | null>;

/** Which package a file is of: the nearest package.json with a name and a version. */
function packages(folder: string): PackageOf {
  const known = new Map<string, ReturnType<PackageOf>>();
  const read = async (directory: string): ReturnType<PackageOf> => {
    try {
      const { name, version, license } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Record<string, unknown>;
      if (typeof name === 'string' && typeof version === 'string')
        return { name, version, license: typeof license === 'string' ? license : null, folder: directory };
    } catch {
      // None here, or one that only says `type`.
    }
    const above = resolve(directory, '..');
    return above === directory ? null : lookup(above);
  };
  const lookup = (directory: string): ReturnType<PackageOf> => {
    let found = known.get(directory);
    if (found === undefined) {
      found = read(directory);
      known.set(directory, found);
    }
    return found;
  };
  return (file) => lookup(resolve(folder, file, '..'));
}

async function packagesIn({ outputs }: Metafile, packageOf: PackageOf, folder: string): Promise<BundledPackage[]> {
  const bytes = new Map<string, BundledPackage>();
  const inside: Omit<BundledPackage, 'bytes'>[] = [];
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      if (bytesInOutput === 0 || /^[a-z-]+:|^</.test(file) || file === ENTRY) continue;
      const found = await packageOf(file);
      if (found === null) continue;
      const key = `${found.name}@${found.version}`;
      const { folder: inFolder, ...about } = found;
      inside.push(...(await thirdPartyOf(join(inFolder, 'dist'), resolve(folder, file))));
      bytes.set(key, { ...about, bytes: bytesInOutput + (bytes.get(key)?.bytes ?? 0) });
    }
  }
  for (const each of inside) if (!bytes.has(`${each.name}@${each.version}`)) bytes.set(`${each.name}@${each.version}`, { ...each, bytes: 0 });
  return [...bytes.values()].sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
}

/**
 * Packages whose code is in a file of another, as that one says itself. How much of them a bundle contains cannot be determined: they are listed, with no bytes of
 * their own.
 */
async function thirdPartyOf(dist: string, file: string): Promise<readonly Omit<BundledPackage, 'bytes'>[]> {
  try {
    const all = JSON.parse(await readFile(join(dist, 'third-party.json'), 'utf8')) as (Omit<BundledPackage, 'bytes'> & { readonly files: readonly string[] })[];
    return all.flatMap(({ files, ...about }) => (files.includes(relative(dist, file)) ? [about] : []));
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return [];
    throw error;
  }
}

/** A source map whose sources are named by package and version, not by where they were on a disk. */
async function portable(bytes: Uint8Array, packageOf: PackageOf, folder: string): Promise<Uint8Array> {
  const map = JSON.parse(Buffer.from(bytes).toString('utf8')) as { sources: string[] };
  const sources = await Promise.all(
    map.sources.map(async (source) => {
      if (/^[a-z-]+:/.test(source)) return source;
      const file = resolve(folder, OUT, source);
      if (file === join(folder, ENTRY)) return ENTRY;
      const found = await packageOf(file);
      return found === null ? posix.basename(source) : `${found.name}@${found.version}/${relative(found.folder, file).split(sep).join('/')}`;
    }),
  );
  return Buffer.from(JSON.stringify({ ...map, sources }));
}

function withoutHandler(file: string, exported: readonly string[]): RedressError {
  const instead = exported.length === 0 ? 'nothing' : exported.map((each) => `\`${each}\``).join(', ');
  return new RedressError('compose/invalid', `${file} does not export \`handler\`, which the hub's functions call; it exports ${instead}.`, {
    next: 'Write `export const { handler, approvals } = fromEnvironment({ … })`, or `export const handler = async (event, context) => …`, in an ECMAScript module.',
    place: { file },
  });
}

interface BuildMessage {
  readonly text: string;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

function failure(cause: unknown): RedressError {
  const first = (cause as { errors?: readonly BuildMessage[] } | null)?.errors?.[0];
  const place = first?.location;
  return new RedressError('compose/invalid', `The functions cannot be bundled: ${first?.text ?? messageOf(cause)}`, {
    cause,
    next: 'Install the missing packages next to your configuration, or correct the module.',
    ...(place == null ? {} : { place: { file: place.file, line: place.line, column: place.column + 1 } }),
  });
}
