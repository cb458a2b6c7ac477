import type { JsonObject, Remediator } from '@redress/core';
import { askDocument, conformancePack, type FsbpEntry, fsbpMap, printYaml } from '@redress/deploy';
import type { Composition } from '../compose.js';
import { CliError } from '../errors.js';
import type { Answer } from '../io.js';
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

/** The Config rules that remediators know, and the remediations that ask Redress. */
export function conformancePackCommand(composition: Composition, options: Options & { readonly remediation: boolean }): Answer {
  const { remediation, format } = options;
  return printed(conformancePack({ remediators: chosen(composition, options), parametersOf: parametersOf(composition), remediation }), format);
}

/** Which remediator answers which control. */
export function fsbpCommand(composition: Composition, options: Options): Answer {
  const map = fsbpMap(chosen(composition, options), parametersOf(composition));
  return options.format === 'csv' ? { json: map, text: csv(map), exit: 0 } : printed(map, options.format, ['csv']);
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
  return { json: value, text: format === 'json' ? JSON.stringify(value, null, 2) : printYaml(value).trimEnd(), exit: 0 };
}

const COLUMNS = ['control', 'remediator', 'does', 'ceiling', 'freshWithinMinutes', 'resourceTypes', 'configRules', 'parameters', 'title', 'package'] as const;

/** As RFC 4180 has it. */
function csv(map: readonly FsbpEntry[]): string {
  const text = (value: FsbpEntry[keyof FsbpEntry]) =>
    value === null ? '' : Array.isArray(value) ? value.join(' ') : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const quoted = (value: string) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return [COLUMNS.join(','), ...map.map((entry) => COLUMNS.map((column) => quoted(text(entry[column]))).join(','))].join('\n');
}
