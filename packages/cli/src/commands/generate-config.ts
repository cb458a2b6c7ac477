import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { JsonObject, Remediator } from '@redress/core';
import { type AskedRule, askDocument, conformancePack, type FsbpEntry, fsbpMap, packFiles, printYaml } from '@redress/deploy';
import { csvOf } from '@redress/report';
import { isTracked } from '@redress/tracked';
import { type Composition, reasonOf } from '../compose.js';
import { readAnyPack } from '../coverage/packs.js';
import { CliError } from '../errors.js';
import type { Answer, Io } from '../io.js';
import { printable } from '../printable.js';
import { known } from './plan.js';

interface Options {
  readonly remediator?: string[];
  readonly format?: string;
}

/** The Automation document that asks Redress. */
export function ssmDocumentCommand(options: { readonly function?: string; readonly role?: string; readonly format?: string }): Answer {
  const { function: functionArn, role: roleArn, format } = options;
  return printed(askDocument({ ...(functionArn === undefined ? {} : { functionArn }), ...(roleArn === undefined ? {} : { roleArn }) }), format);
}

/** Options of `redress generate conformance-pack`. */
export interface PackOptions extends Options {
  readonly remediation: boolean;
  /** A pack of AWS, or a file. */
  readonly pack?: string;
  /** A folder that the packs are written into, for a bucket. */
  readonly out?: string;
}

/** The Config rules that remediators know, those of a pack before them, and the remediations that ask Redress. */
export async function conformancePackCommand(io: Pick<Io, 'cwd'>, composition: Composition, options: PackOptions): Promise<Answer> {
  const { remediation, format, out } = options;
  // What only follows a rule is asked for nothing.
  const given = {
    remediators: chosen(composition, options).filter((each) => !isTracked(each)),
    parametersOf: parametersOf(composition),
    ...(await rulesOf(io, options.pack)),
  };
  if (out === undefined) return printed(conformancePack({ ...given, remediation }), format);
  const files = packFiles(given);
  try {
    await mkdir(resolve(io.cwd, out), { recursive: true });
    for (const { name, text } of files) await writeFile(resolve(io.cwd, out, name), text);
  } catch (cause) {
    throw new CliError('cli/file', `${out} cannot be written: ${reasonOf(cause)}`, { place: { file: out }, cause });
  }
  const written = files.map(({ name, text, asks }) => ({ file: join(out, name), bytes: Buffer.byteLength(text), asks }));
  const lines = written.map(({ file, bytes, asks }) => `${printable(file)}: ${bytes} bytes${asks ? ', with remediations that ask Redress' : ''}`);
  const next = `Copy them into the bucket PackBucket of the template member-config: aws s3 cp ${printable(out)} s3://BUCKET/ --recursive`;
  return { json: written, text: [...lines, next].join('\n'), exit: 0, verbatim: true };
}

/** The rules of a pack, where one is named. */
export async function rulesOf(io: Pick<Io, 'cwd'>, pack: string | undefined): Promise<{ readonly rules?: readonly AskedRule[] }> {
  return pack === undefined ? {} : { rules: (await readAnyPack(io, pack)).rules };
}

/** Which remediator answers which control. */
export function fsbpCommand(composition: Composition, options: Options): Answer {
  const map = fsbpMap(chosen(composition, options), parametersOf(composition));
  return options.format === 'csv' ? { json: map, text: csv(map), exit: 0, verbatim: true } : printed(map, options.format, ['csv']);
}

/** The remediators that were named, or all. */
export function chosen(composition: Composition, { remediator }: Pick<Options, 'remediator'>): readonly Remediator[] {
  const ids = remediator?.map((id) => known(composition, id).id);
  return composition.remediators.filter((each) => ids === undefined || ids.includes(each.id));
}

/** Parameters as the policy has them. */
export function parametersOf({ policy }: Pick<Composition, 'policy'>): (remediator: Remediator) => JsonObject {
  return (remediator) => remediator.parameters(Object.hasOwn(policy.remediators, remediator.id) ? policy.remediators[remediator.id]?.parameters : undefined);
}

function printed(value: object, format = 'yaml', more: readonly string[] = []): Answer {
  if (format !== 'yaml' && format !== 'json')
    throw new CliError('cli/usage', `There is no format ${JSON.stringify(format)}.`, { next: `Choose ${['yaml', 'json', ...more].join(', ')}.` });
  return { json: value, text: format === 'json' ? JSON.stringify(value, null, 2) : printYaml(value).trimEnd(), exit: 0, verbatim: true };
}

const COLUMNS = ['control', 'remediator', 'does', 'ceiling', 'freshWithinMinutes', 'resourceTypes', 'configRules', 'parameters', 'title', 'package'] as const;

function csv(map: readonly FsbpEntry[]): string {
  const text = (value: FsbpEntry[keyof FsbpEntry]) =>
    value === null ? '' : Array.isArray(value) ? value.join(' ') : typeof value === 'object' ? JSON.stringify(value) : String(value);
  return csvOf(
    COLUMNS,
    map.map((entry) => COLUMNS.map((column) => text(entry[column]))),
  );
}
