import type { JsonObject, Remediator } from '@redress/core';

/** What the roles of a member account may do, by what the remediators declare. */
export function memberStatements(remediators: readonly Remediator[]): {
  read: readonly JsonObject[];
  fix: readonly JsonObject[];
  rollback: readonly JsonObject[];
} {
  const of = (...kinds: readonly ('reads' | 'writes' | 'undoes')[]): JsonObject[] => {
    const actions = remediators.flatMap(({ uses }) =>
      kinds.flatMap((kind) => uses[kind].flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? []))),
    );
    return actions.length === 0 ? [] : [{ Effect: 'Allow', Action: [...new Set(actions)].sort(), Resource: '*' }];
  };
  return { read: of('reads'), fix: of('reads', 'writes'), rollback: of('reads', 'undoes') };
}
