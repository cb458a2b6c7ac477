/** One spelling for a role and its sessions: the session ARN has neither the role's path nor a stable name. Anything else is itself. */
export function principal(arn: string): string {
  const session = /^arn:([^:]+):sts::([0-9]{12}):assumed-role\/([^/]+)\//.exec(arn);
  if (session !== null) return `${session[1]}:${session[2]}:role/${session[3]}`;
  const role = /^arn:([^:]+):iam::([0-9]{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn);
  if (role !== null) return `${role[1]}:${role[2]}:role/${role[3]}`;
  return arn;
}
