import { type ConnectTarget, type JsonObject, type OperationUse, RedressError, type Remediator, readsFor } from '@redress/core';

/**
 * A session policy for {@link connectAws}: an execution may only do what its own remediator declares, in the region of its resource, even if its role may do
 * more for others. It is useful if one role serves many remediators, or third-party remediators.
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
    // Reads that the gate allows. An execution changes something, so its session is never one for reads.
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
