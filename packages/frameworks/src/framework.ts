import { RedressError } from '@redress/core';

/** The known frameworks of controls. The same number can mean different things in different versions. */
export const FRAMEWORKS = ['fsbp', 'cis-3.0', 'cis-5.0', 'cis-6.0', 'cis-7.0', 'nist-800-53', 'pci-4'] as const;
/** Id of a framework. */
export type FrameworkId = (typeof FRAMEWORKS)[number];

/** One control of a framework. */
export interface FrameworkControl {
  /** The framework's own number: `EC2.13`, `6.3`. */
  readonly id: string;
  /** Prowler checks for it. */
  readonly checks: readonly string[];
  /** Whether the framework leaves it to a person's judgement. */
  readonly manual: boolean;
  /** Whether AWS has withdrawn it, so that nothing reports it any more. */
  readonly retired: boolean;
  /** The source of this row. */
  readonly source: string;
}

/** A framework of controls. */
export interface Framework {
  readonly id: FrameworkId;
  readonly title: string;
  /** The notation of remediators in `controls`: `aws-fsbp`, `cis-aws-foundations-benchmark/v/3.0.0`. */
  readonly name: string;
  readonly controls: readonly FrameworkControl[];
}

/** The format of the files. */
interface FrameworkFile {
  readonly title: string;
  readonly name: string;
  readonly sources: readonly string[];
  readonly checks: readonly string[];
  readonly controls: readonly {
    readonly id: string;
    readonly checks: readonly number[];
    readonly manual?: boolean;
    readonly retired?: boolean;
    readonly source: number;
  }[];
}

type Load = () => Promise<{ readonly default: unknown }>;
const FILES: Readonly<Record<FrameworkId, Load>> = {
  fsbp: () => import('./data/fsbp.json', { with: { type: 'json' } }),
  'cis-3.0': () => import('./data/cis-3.0.json', { with: { type: 'json' } }),
  'cis-5.0': () => import('./data/cis-5.0.json', { with: { type: 'json' } }),
  'cis-6.0': () => import('./data/cis-6.0.json', { with: { type: 'json' } }),
  'cis-7.0': () => import('./data/cis-7.0.json', { with: { type: 'json' } }),
  'nist-800-53': () => import('./data/nist-800-53.json', { with: { type: 'json' } }),
  'pci-4': () => import('./data/pci-4.json', { with: { type: 'json' } }),
};

/** Whether a framework with this id is known. */
export function isFramework(id: string): id is FrameworkId {
  return (FRAMEWORKS as readonly string[]).includes(id);
}

/**
 * The controls of a framework. Its file is read on demand.
 *
 * @example const { controls } = await frameworkOf('cis-6.0');
 * @throws {RedressError} `compose/invalid`: there is no framework with this id
 * @see https://github.com/prowler-cloud/prowler/tree/5.46.0/prowler/compliance/aws
 */
export async function frameworkOf(id: string): Promise<Framework> {
  if (!isFramework(id))
    throw new RedressError('compose/invalid', `There is no framework ${JSON.stringify(id)}.`, { next: `Choose one of ${FRAMEWORKS.join(', ')}.` });
  const { title, name, sources, checks, controls } = (await FILES[id]()).default as FrameworkFile;
  return {
    id,
    title,
    name,
    controls: controls.map((each) => ({
      id: each.id,
      checks: each.checks.map((index) => checks[index] ?? ''),
      manual: each.manual ?? false,
      retired: each.retired ?? false,
      source: sources[each.source] ?? '',
    })),
  };
}
