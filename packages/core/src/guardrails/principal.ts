/** One spelling for a role and its sessions: the ARN of a session has neither the role's path nor a stable name. Any other ARN is unchanged. */
export function principal(arn: string): string {
  const session = /^arn:([^:]+):sts::([0-9]{12}):assumed-role\/([^/]+)\//.exec(arn);
  if (session !== null) return `${session[1]}:${session[2]}:role/${session[3]}`;
  const role = /^arn:([^:]+):iam::([0-9]{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn);
  if (role !== null) return `${role[1]}:${role[2]}:role/${role[3]}`;
  return arn;
}

/** Sessions of roles that IAM Identity Center makes, one for each permission set and account; it names them after the person. */
const IDENTITY_CENTER = /^arn:[^:]+:sts::[0-9]{12}:assumed-role\/AWSReservedSSO_[^/]+_[0-9a-f]{16}\//;

/**
 * The name of a principal in addition to its role or account, in lower case: of a session, an IAM user, a federated user. Null: a role has none.
 *
 * @example personOf('arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice@example.com') // 'alice@example.com'
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 */
export function personOf(name: string): string | null {
  if (!name.startsWith('arn:')) return name.toLowerCase();
  const own = /^arn:[^:]+:(?:sts::[0-9]{12}:(?:assumed-role\/[^/]+|federated-user)|iam::[0-9]{12}:user(?:\/.*)?)\/([^/]+)$/.exec(name)?.[1];
  return own?.toLowerCase() ?? null;
}

/**
 * Whether two names may belong to one person. If in doubt it says yes, because it is used to refuse:
 *
 * - Identity Center names its sessions after the person. So the same name is the same person, under any permission set and in any account. Another
 *   name is another person, even under the same permission set.
 * - Any other role counts as one person, with all of its sessions.
 * - The same name of a session or user counts as the same person, whatever the role is. The caller of an ordinary role chooses this name, so it
 *   proves nothing. But when a user switches roles, the console names the session after the user, and tools pass the name on.
 *
 * @param one ARN, or a source identity.
 */
export function samePerson(one: string, other: string): boolean {
  const named = personOf(one) !== null && personOf(one) === personOf(other);
  if (IDENTITY_CENTER.test(one) && IDENTITY_CENTER.test(other)) return named;
  return named || principal(one) === principal(other);
}
