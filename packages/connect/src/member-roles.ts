import { type ConnectTarget, isAccountId, RedressError } from '@redress/core';
import type { ConnectAwsOptions } from './connect-aws.js';
import { sessionNameOf } from './session-name.js';

/** What {@link memberRoles} takes: names of roles that are the same in every account; a path goes before a name (`security/RedressRead`). */
export interface MemberRolesOptions {
  /** The role that looks. */
  readonly read: string;
  /** The role that fixes. */
  readonly fix: string;
  /** The role that takes back. Without it nothing is rolled back from here: who fixes need not be able to undo. */
  readonly rollback?: string | undefined;
  /** What the trust policies of the roles ask for. */
  readonly externalId: string;
  /**
   * Whether sessions name their source identity: `redress-` and the execution, `redress` outside of one. Default true. Leave it out where the
   * caller has a source identity already, since it cannot be changed along a chain of roles.
   */
  readonly sourceIdentity?: boolean;
}

/**
 * The roles that the member template makes, for {@link connectAws}: in each account, the hub's own too, one that looks, one that fixes and one
 * that takes back. The ambient credentials can then do nothing but assume them.
 *
 * @example connectAws(memberRoles({ read: 'RedressRead', fix: 'RedressFix', externalId: 'o-abc' }))
 * @throws {RedressError} `compose/invalid` for a name or an external id that IAM does not take
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
 */
export function memberRoles(options: MemberRolesOptions): Pick<ConnectAwsOptions, 'roleArn' | 'externalId' | 'sourceIdentity'> {
  const { read, fix, externalId, sourceIdentity = true } = options;
  const rollback = options.rollback === '' ? undefined : options.rollback;
  const names: Readonly<Record<ConnectTarget['access'], string | undefined>> = { read, write: fix, rollback };
  for (const name of [read, fix, rollback])
    if (name !== undefined && !/^(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/.test(name))
      throw new RedressError('compose/invalid', `${JSON.stringify(name)} is not the name of a role.`, {
        next: 'Give the name alone, for example RedressFix; the account comes from the resource.',
      });
  if (!/^[\w+=,.@:/-]{2,1224}$/.test(externalId))
    throw new RedressError('compose/invalid', 'The roles have no external id, or one that STS does not accept.', {
      next: 'Give the external id that the member roles were deployed with.',
    });
  return {
    roleArn: ({ partition, account, access }) => {
      // Whose the credentials are is asked with them, before any account is known.
      if (!isAccountId(account)) return undefined;
      const name = names[access];
      if (name === undefined)
        throw new RedressError('compose/invalid', `No rollback role is configured, so nothing is rolled back in account ${account}.`, {
          next: 'Roll back where `memberRoles` has `rollback`: the approval endpoint, or the command line of someone who may assume that role.',
        });
      return `arn:${partition}:iam::${account}:role/${name}`;
    },
    externalId,
    ...(sourceIdentity ? { sourceIdentity: ({ execution }) => (execution === null ? 'redress' : sessionNameOf(`redress-${execution.id}`)) } : {}),
  };
}
