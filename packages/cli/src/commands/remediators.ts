import type { DeclaredHazard, DeclaredRollback, Mode, OperationUse, Remediator } from '@redress/core';
import { parametersJsonSchema } from '@redress/core/schema';
import type { Composition } from '../compose.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';

/** One entry of `redress remediators --json`. */
export interface RemediatorDocument {
  readonly id: string;
  readonly title: string;
  readonly package: { readonly name: string; readonly version: string };
  readonly resourceTypes: readonly string[];
  readonly controls: readonly string[];
  readonly ceiling: string;
  /** By environment of the policy; `*` where there is none. What is not named is `notify`. */
  readonly modes: Readonly<Record<string, Mode>>;
  /** Whether `plan --live` can look for its resources. */
  readonly swept: boolean;
  /** IAM actions: for looking, for the fix, and for its undo, which another role may have. */
  readonly iam: { readonly read: readonly string[]; readonly fix: readonly string[]; readonly undo: readonly string[] };
  readonly parameters: unknown;
  readonly blindSpots: readonly string[];
  /** What could break, and what a person does then; null when it does not say. */
  readonly hazards: readonly DeclaredHazard[] | null;
  readonly rollback: DeclaredRollback | null;
}

/** Which remediators there are, and what the policy lets them do. */
export function remediatorsCommand(io: Io, { remediators, policy }: Pick<Composition, 'remediators' | 'policy'>): Answer {
  const documents = remediators.map((each) => document(each, modesOf(policy, each.id)));
  const paint = painter(io);
  const lines = documents.flatMap((each) => [
    `${paint('bold', printable(each.id))}  ${printable(modeWords(each.modes))}${each.ceiling === 'enforce' ? '' : ` (at most ${each.ceiling})`}`,
    `  ${printable(each.title)}`,
    `  read  ${each.iam.read.join(' ')}`,
    ...(each.iam.fix.length === 0 ? [] : [`  fix   ${each.iam.fix.join(' ')}`]),
    ...(each.iam.undo.length === 0 ? [] : [`  undo  ${each.iam.undo.join(' ')}`]),
  ]);
  return { json: documents, text: lines.join('\n'), exit: 0 };
}

/** `dev: enforce, prod: approve`; the mode alone where there are no environments. */
export function modeWords(modes: Readonly<Record<string, Mode>>): string {
  return Object.entries(modes)
    .map(([environment, mode]) => (environment === '*' ? mode : `${environment}: ${mode}`))
    .join(', ');
}

function document(remediator: Remediator, modes: Record<string, Mode>): RemediatorDocument {
  return {
    id: remediator.id,
    title: remediator.title,
    package: remediator.package,
    resourceTypes: remediator.resourceTypes,
    controls: remediator.controls.map(({ framework, id }) => `${framework}/${id}`),
    ceiling: remediator.ceiling,
    modes,
    swept: remediator.discover !== null,
    iam: {
      read: actions(remediator.uses.reads),
      fix: actions(remediator.uses.writes),
      undo: actions([...remediator.uses.undoes, ...(remediator.uses.undoesByPerson ?? [])]),
    },
    parameters: parametersJsonSchema(remediator),
    blindSpots: remediator.blindSpots,
    hazards: remediator.hazards ?? null,
    rollback: remediator.rollback ?? null,
  };
}

function modesOf(policy: Composition['policy'], id: string): Record<string, Mode> {
  const modes = Object.hasOwn(policy.remediators, id) ? (policy.remediators[id]?.modes ?? {}) : {};
  if (policy.environments.length === 0) {
    // Without environments no account is in one, so every mode only notifies; `off` stays off.
    return { '*': modes['*'] === 'off' ? 'off' : 'notify' };
  }
  return Object.fromEntries(policy.environments.map(({ name }) => [name, modes[name] ?? modes['*'] ?? 'notify']));
}

function actions(uses: readonly OperationUse[]): readonly string[] {
  const all = uses.flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? []));
  return [...new Set(all)].sort();
}
