import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, entryText, type OperationProof, type ProofOptions, proveEqual, type RemediatorList } from '@redress/bundle';
import { countOf, createRedress } from '@redress/core';
import { policyData, registerData } from '@redress/core/yaml';
import { builtinLists } from '../builtin.js';
import { type Composition, reasonOf } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';
import { withProgress } from '../progress-line.js';
import { loadTracking } from '../tracking.js';
import { chosen } from './generate-config.js';

/** Options of `redress bundle`. */
export interface BundleCommandOptions {
  readonly out?: string;
  readonly entry?: string;
  readonly remediator?: string[];
  readonly plain?: boolean;
  readonly prove?: boolean;
}

/** `redress bundle --json` */
export interface BundleDocument {
  readonly zip: string;
  readonly digest: string;
  /** As Lambda shows it. */
  readonly codeSha256: string;
  readonly bytes: { readonly zip: number; readonly code: number; readonly start: number; readonly gzip: number };
  /** Digest of the policy in it, for the parameter `PolicyDigest` of the hub's template; null with an entry of one's own. */
  readonly policy: string | null;
  /** Digest of the exceptions register in it, for the parameter `RegisterDigest`. */
  readonly register: string | null;
  readonly remediators: readonly string[] | null;
  readonly packages: readonly { readonly name: string; readonly version: string; readonly license: string | null; readonly bytes: number }[];
  /** With `--prove`: operations compared between the pruned and the plain bundle. */
  readonly proof: readonly OperationProof[] | null;
}

// In this repository the command runs from its sources in tests, and so does what it bundles.
const HERE = dirname(fileURLToPath(import.meta.url));
const CONDITIONS = import.meta.url.endsWith('.ts') ? ['@redress/source'] : [];

/** Makes the code of the Lambda functions from remediators, policy and exceptions register. */
export async function bundleCommand(io: Io, composition: Composition, options: BundleCommandOptions): Promise<Answer> {
  const out = options.out ?? 'redress-bundle';
  if (/\.zip$/i.test(out))
    throw new CliError('cli/usage', `--out names a folder; ${printable(out)} looks like a file.`, { next: 'The ZIP is written into it, as redress.zip.' });
  const own = options.entry;
  if (own !== undefined && options.remediator !== undefined)
    throw new CliError('cli/usage', '--entry and --remediator cannot be combined: your own entry has its own remediators.', {
      next: 'Give --entry or --remediator.',
    });
  const remediators = chosen(composition, options);
  const ids = remediators.map(({ id }) => id);
  const { sources } = composition;
  // A policy or register that names a remediator which is left out would stop the functions at their start: it is said now.
  const { policy, register: exceptions, connect, guardrails } = composition;
  if (own === undefined) createRedress({ remediators, policy, exceptions, connect, guardrails }).close();
  if (own === undefined && sources.ownConnect)
    io.stderr(
      `warning: \`connect\` of ${printable(shownConfig(io, sources.config))} is bundled and replaces the roles of the hub. The functions connect only through it. They do not use REDRESS_READ_ROLE, REDRESS_MEMBER_ROLE and REDRESS_ROLLBACK_ROLE, and their sessions are not limited to what a remediator declares. If it is only for the command line, move it to a separate file, use that file with --config, and bundle without it.\n`,
    );
  const where = { resolveDir: HERE, conditions: CONDITIONS };
  const made = await withProgress(io, composition.clock, async (progress) => {
    progress.step(own === undefined ? `bundling ${countOf(ids.length, 'remediator')}` : `bundling ${printable(own)}`);
    return bundle({
      ...where,
      entry: own === undefined ? { text: await entryOf(composition, ids, options.remediator !== undefined) } : resolve(io.cwd, own),
      prune: options.plain !== true,
    });
  });
  if (own !== undefined && !made.exports.includes('approvals'))
    io.stderr(
      `warning: ${printable(own)} does not export \`approvals\`: the hub's function of that name will fail, and nobody can approve or roll back through its URL. \`fromEnvironment\` of @redress/bundle/runtime gives both.\n`,
    );
  const proof =
    options.prove !== true
      ? null
      : await withProgress(io, composition.clock, async (progress) => {
          progress.step('bundling with and without pruning, to compare the two');
          const compared = (operation: string, done: number, of: number) =>
            progress.update(() => `comparing ${printable(operation)}, ${done} of ${of} operations`);
          return prove(composition, { ...where, compared });
        });
  const different = proof?.filter(({ equal }) => !equal) ?? [];
  if (different.length > 0)
    throw new CliError(
      'cli/bundle',
      `The pruned bundle behaves differently from a plain one: ${different.map((each) => `${each.operation} (${each.difference})`).join('; ')}`,
      {
        next: 'Use --plain, and report this with the versions of the @aws-sdk packages.',
      },
    );

  const folder = resolve(io.cwd, out);
  try {
    // What an earlier bundle left would be deployed along.
    await rm(join(folder, 'code'), { recursive: true, force: true });
    await mkdir(join(folder, 'code'), { recursive: true });
    for (const [name, bytes] of made.files) await writeFile(join(folder, 'code', name), bytes);
    await writeFile(join(folder, 'redress.zip'), made.zip);
  } catch (cause) {
    throw new CliError('cli/file', `${out} cannot be written: ${reasonOf(cause)}`, { place: { file: out }, cause });
  }
  const document: BundleDocument = {
    zip: join(out, 'redress.zip'),
    digest: made.digest,
    codeSha256: made.codeSha256,
    bytes: { zip: made.zip.length, ...made.bytes },
    policy: own === undefined ? composition.policy.digest : null,
    register: own === undefined ? composition.register.digest : null,
    remediators: own === undefined ? ids : null,
    packages: made.packages,
    proof,
  };
  const paint = painter(io);
  const kb = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`;
  const lines = [
    `${paint('green', printable(document.zip))}: ${kb(document.bytes.zip)}, ${document.digest}`,
    `code ${kb(made.bytes.code)} (${kb(made.bytes.gzip)} compressed), of which a cold start loads ${kb(made.bytes.start)}; ${made.packages.length} packages, listed in ${printable(join(out, 'code', 'sbom.cdx.json'))}`,
    ...(own === undefined
      ? [
          `${countOf(remediators.length, 'remediator')}; policy ${composition.policy.digest}${sources.policy === null ? ' (no file: everything is notify-only)' : ''}`,
          `exceptions register ${composition.register.digest}, ${countOf(composition.register.entries.length, 'entry', 'entries')}: a later entry has no effect until it is bundled and deployed`,
        ]
      : []),
    ...(proof === null ? [] : [`${proof.length} of ${proof.length} declared operations behave as in a plain bundle, in requests and in parsed replies.`]),
    'Next: copy the ZIP to a bucket, and deploy the template of `redress generate template hub` with CodeBucket and CodeKey.',
  ];
  return { json: document, text: lines.join('\n'), exit: 0 };
}

/** As a person would name it. */
function shownConfig(io: Io, file: string | null): string {
  return file === null ? 'the configuration' : relative(io.cwd, file);
}

/** Packages whose lists the functions take, when the configuration has none of its own. */
function listsOf(composition: Composition, ids: readonly string[]): Record<string, RemediatorList> {
  if (composition.sources.ownRemediators) return {};
  return Object.fromEntries(Object.entries(builtinLists).filter(([, { remediators }]) => remediators.some(({ id }) => ids.includes(id))));
}

async function entryOf(composition: Composition, ids: readonly string[], only: boolean): Promise<string> {
  const { config, policy, register } = composition.sources;
  const read = async <T>(file: string, parse: (text: string, file: string) => T): Promise<T> => parse(await readFile(file, 'utf8'), file);
  const tracking = await loadTracking();
  const [tracked, trackedControls] = [tracking.rules(composition.policy), tracking.controls(composition.policy)];
  return entryText({
    remediators: listsOf(composition, ids),
    ...(tracked.length === 0 ? {} : { tracked }),
    ...(trackedControls.length === 0 ? {} : { trackedControls }),
    ...(only ? { only: ids } : {}),
    ...(config === null ? {} : { config }),
    ...(policy === null ? {} : { policy: await read(policy, policyData) }),
    ...(register === null ? {} : { exceptions: await read(register, registerData) }),
  });
}

async function prove(composition: Composition, where: Pick<ProofOptions, 'resolveDir' | 'conditions' | 'compared'>): Promise<readonly OperationProof[]> {
  const { config, ownRemediators } = composition.sources;
  if (ownRemediators && config !== null) return proveEqual({ ...where, remediators: {}, config });
  const lists = ownRemediators ? [] : Object.entries(builtinLists);
  return proveEqual({ ...where, remediators: Object.fromEntries(lists.map(([module, { name }]) => [module, name])) });
}
