import { type ConnectTarget, isAccountId, RedressError } from '@redress/core';
import type { ConnectAwsOptions } from './connect-aws.js';
import { sessionNameOf } from './session-name.js';

/** Options of {@link memberRoles}: names of roles, which are the same in every account. A name may have a path (`security/RedressRead`). */
export interface MemberRolesOptions {
  /** The read role. */
  readonly read: string;
  /** The fix role. */
  readonly fix: string;
  /** The rollback role. Without it, nothing can be rolled back from here: a worker that fixes need not be able to undo. */
  readonly rollback?: string | undefined;
  /** The external id that the trust policies require. */
  readonly externalId: string;
  /**
   * Whether sessions set a source identity: `redress-` and the execution, `redress` outside of one. Default true. Set it to false if the caller has a source
   * identity already, because it cannot change along a chain of roles.
   */
  readonly sourceIdentity?: boolean;
}

/**
 * The roles of the member template, for {@link connectAws}. Each account, including the hub's, has one for reads, one for fixes and one for rollbacks. The
 * ambient credentials then only need permission to assume them.
 *
 * @example connectAws(memberRoles({ read: 'RedressRead', fix: 'RedressFix', externalId: 'o-abc' }))
 * @throws {RedressError} `compose/invalid` for a name or an external id that IAM does not allow
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
      // The identity of the ambient credentials is read with the credentials themselves, before any account is known.
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
