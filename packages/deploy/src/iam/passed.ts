import { type OperationUse, RedressError, type Remediator } from '@redress/core';
import { defaults, type ParametersOf } from '../config/managed-rules.js';
import type { Narrowing } from './narrowing.js';

/** Passing a role: only roles that the policy names may be passed, each to the service that it is for. */
export const PASS_ROLE = 'iam:PassRole';
/** Names and ARNs of single roles, without wildcards. An ARN may have placeholders, as a narrowing has. */
const ROLE_ARN = /^arn:(?:[a-z-]+|\{partition\}):iam::(?:[0-9]{12}|\{account\}):role\/[\w+=,.@/-]+$/;
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;

/** A role that one remediator passes. */
export interface Passing {
  readonly remediator: Remediator;
  readonly parameter: string;
  readonly service: string;
  /** As in {@link Narrowing.resources}; null: the policy names none, so none may be passed. */
  readonly role: string | null;
}

/**
 * The roles that some remediators pass, from the parameters of the policy.
 *
 * @throws {RedressError} `compose/invalid`: a parameter does not name a single role
 */
export function passing(remediators: readonly Remediator[], parametersOf: ParametersOf = defaults): readonly Passing[] {
  return remediators.flatMap((remediator) =>
    (remediator.passes ?? []).map(({ parameter, service }) => {
      const value = parametersOf(remediator)[parameter] ?? null;
      return { remediator, parameter, service, role: value === null ? null : roleOf(value, `${remediator.id}.${parameter}`) };
    }),
  );
}

/** Whether any of the operations passes a role. */
export function passes(uses: readonly OperationUse[]): boolean {
  return uses.some(({ service, operations }) => operations.some((name) => service.operations.get(name)?.iam.includes(PASS_ROLE)));
}

/** One narrowing of `iam:PassRole` for each service. */
export function narrowingOfPassing(all: readonly Passing[]): readonly Narrowing[] {
  const byService = new Map<string, Set<string>>();
  for (const { service, role } of all) if (role !== null) byService.set(service, (byService.get(service) ?? new Set()).add(role));
  return [...byService].sort().map(([service, roles]) => ({
    name: 'PassRole',
    resources: [...roles].sort(),
    conditions: { StringEquals: { 'iam:PassedToService': service } },
    global: true,
    rest: 'The roles that parameters of the policy name, each only for its service.',
  }));
}

function roleOf(value: unknown, of: string): string {
  if (typeof value === 'string' && ROLE_ARN.test(value)) return value;
  if (typeof value === 'string' && ROLE_NAME.test(value)) return `arn:{partition}:iam::{account}:role/${value}`;
  throw new RedressError('compose/invalid', `${of} is ${JSON.stringify(value)}, which is not a single role.`, {
    next: 'Give the ARN of a role, or the name of a role that exists in each account.',
    place: { path: `remediators.${of}` },
  });
}
