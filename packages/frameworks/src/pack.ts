import { isRecord, RedressError } from '@redress/core';
import { parseDocument } from 'yaml';

/** The known packs. */
export const PACKS = ['apra-cpg-234'] as const;
/** Id of a pack. */
export type PackId = (typeof PACKS)[number];

/**
 * The rule that Config does not evaluate: a person says whether a process exists.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/process-checks.html
 */
export const PROCESS_CHECK = 'AWS_CONFIG_PROCESS_CHECK';

/** A rule of a conformance pack. */
export interface PackRule {
  /** Identifier of the managed rule: `INCOMING_SSH_DISABLED`. */
  readonly identifier: string;
  /** Its name in the pack: `restricted-ssh`. In an account it has the pack's suffix. */
  readonly name: string;
  /** The configuration of the rule. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Types to which the pack limits it; empty: the rule decides. */
  readonly scope: readonly string[];
  /** Types that it evaluates; empty: a pack that was read from a file does not say. */
  readonly types: readonly string[];
  /** Paragraphs of the guidance that it concerns; empty if nobody has said. */
  readonly paragraphs: readonly string[];
  /** The sources of the row: for the rule itself, its types, and its paragraphs. */
  readonly sources: readonly string[];
}

/** A conformance pack of AWS Config. */
export interface ConfigPack {
  /** Id, or the name of the file. */
  readonly id: string;
  readonly title: string;
  readonly rules: readonly PackRule[];
}

/** The format of the files. */
interface PackFile {
  readonly title: string;
  readonly sources: readonly string[];
  readonly rules: readonly (Omit<PackRule, 'sources'> & { readonly sources: Readonly<Record<string, number>> })[];
}

const FILES: Readonly<Record<PackId, () => Promise<{ readonly default: unknown }>>> = {
  'apra-cpg-234': () => import('./data/apra-cpg-234.json', { with: { type: 'json' } }),
};

/** Whether a pack with this id is known. */
export function isPack(id: string): id is PackId {
  return (PACKS as readonly string[]).includes(id);
}

/**
 * The rules of a pack. Its file is read on demand.
 *
 * @example const { rules } = await packOf('apra-cpg-234');
 * @throws {RedressError} `compose/invalid`: there is no pack with this id
 */
export async function packOf(id: string): Promise<ConfigPack> {
  if (!isPack(id))
    throw new RedressError('compose/invalid', `There is no pack ${JSON.stringify(id)}.`, { next: `Choose one of ${PACKS.join(', ')}, or a file.` });
  const { title, sources, rules } = (await FILES[id]()).default as PackFile;
  return { id, title, rules: rules.map((rule) => ({ ...rule, sources: [...new Set(Object.values(rule.sources))].map((index) => sources[index] ?? '') })) };
}

/**
 * Reads a conformance pack in the format of AWS Config: YAML or JSON. Parameters have the defaults of the pack. Custom rules are omitted, because only their
 * owner knows what they check.
 *
 * @param file names it in errors, and as its id
 * @throws {RedressError} `compose/invalid`: the file is not a pack, or has no managed rule
 * @see https://docs.aws.amazon.com/config/latest/developerguide/custom-conformance-pack.html
 */
export function readPack(text: string, file: string): ConfigPack {
  const refuse = (message: string, line?: number): never => {
    throw new RedressError('compose/invalid', `${file} is not a conformance pack: ${message}`, {
      place: { file, ...(line === undefined ? {} : { line }) },
      next: 'A pack has Resources of the type AWS::Config::ConfigRule.',
    });
  };
  const document = parseDocument(text, { version: '1.1', logLevel: 'silent' });
  const [mistake] = document.errors;
  if (mistake !== undefined) refuse(mistake.message.split('\n')[0] ?? 'it cannot be read.', mistake.linePos?.[0].line);
  const pack: unknown = document.toJS();
  if (!isRecord(pack) || !isRecord(pack['Resources'])) return refuse('it has no Resources.');
  const defaults = isRecord(pack['Parameters']) ? pack['Parameters'] : {};
  const rules = Object.values(pack['Resources']).flatMap((each): PackRule[] => {
    const rule = isRecord(each) && each['Type'] === 'AWS::Config::ConfigRule' && isRecord(each['Properties']) ? each['Properties'] : null;
    if (rule === null || !isRecord(rule['Source']) || rule['Source']['Owner'] !== 'AWS') return [];
    const { SourceIdentifier: identifier } = rule['Source'];
    if (typeof identifier !== 'string') return [];
    const bounds = isRecord(rule['Scope']) ? rule['Scope']['ComplianceResourceTypes'] : null;
    const scope = Array.isArray(bounds) ? bounds.filter((type) => typeof type === 'string') : [];
    return [
      {
        identifier,
        name: typeof rule['ConfigRuleName'] === 'string' ? rule['ConfigRuleName'] : identifier.toLowerCase().replaceAll('_', '-'),
        parameters: inputs(rule['InputParameters'], defaults),
        scope,
        types: scope,
        paragraphs: [],
        sources: [file],
      },
    ];
  });
  if (rules.length === 0) refuse('it has no managed rule.');
  return { id: file, title: file, rules };
}

/** Parameters of a rule. References are replaced by the defaults of the pack. */
function inputs(given: unknown, defaults: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const values = Object.entries(isRecord(given) ? given : {}).map(([name, value]) => [name, resolved(value, defaults)] as const);
  return Object.fromEntries(values.flatMap(([name, value]) => (value === null || value === '' ? [] : [[name, value]])));
}

function resolved(value: unknown, defaults: Readonly<Record<string, unknown>>): string | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!isRecord(value)) return null;
  const { Ref, 'Fn::If': choice } = value;
  // AWS's packs omit a parameter whose default is empty.
  if (Array.isArray(choice)) return resolved(choice[1], defaults);
  const parameter = typeof Ref === 'string' ? defaults[Ref] : null;
  return isRecord(parameter) ? resolved(parameter['Default'], defaults) : null;
}
