import { type ConnectTarget, type JsonObject, type OperationUse, RedressError, type Remediator, readsFor } from '@redress/core';

/**
 * A session policy for {@link connectAws}: an execution may do what its own remediator declares, in the region of its resource, whatever else
 * its role may do for others. It pays where one role serves many remediators, or one that somebody else wrote.
 *
 * @example connectAws({ ...memberRoles({ … }), sessionPolicy: onlyDeclared(remediators) })
 * @throws {RedressError} `compose/invalid` from the function, for a remediator that is not among them
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
 */
export function onlyDeclared(remediators: readonly Remediator[]): (target: ConnectTarget) => JsonObject | undefined {
  return ({ execution, access, region }) => {
    if (execution === null) return undefined;
    const remediator = remediators.find((each) => each.id === execution.remediator);
    if (remediator === undefined)
      throw new RedressError('compose/invalid', `${execution.remediator} is not among the remediators of the session policy.`, {
        next: 'Give `onlyDeclared` the remediators that the engine has.',
      });
    const { writes, undoes } = remediator.uses;
    // What the gate lets it read. An execution changes something: its session is never that of who only looks.
    const actions = actionsOf([...readsFor(remediator.uses, access === 'rollback' ? access : 'write'), ...(access === 'rollback' ? undoes : writes)]);
    return {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: actions, Resource: '*', Condition: { StringEquals: { 'aws:RequestedRegion': region } } }],
    };
  };
}

function actionsOf(uses: readonly OperationUse[]): string[] {
  const actions = uses.flatMap(({ service, operations }) => operations.flatMap((operation) => service.operations.get(operation)?.iam ?? []));
  return [...new Set(actions)].sort();
}
