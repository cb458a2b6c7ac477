// Deliberate defects in remediators.

/** @type {import('./index.mjs').PlantedBug[]} */
export default [
  {
    promise: 'A bucket that is public today is never closed.',
    defect: 'what its list grants is not looked at',
    file: 'packages/remediators/s3/src/s3-block-public-access-private-bucket.ts',
    find: 'state.publicGrants.length > 0 && block?.IgnorePublicAcls !== true',
    replace: 'state.publicGrants.length > 9 && block?.IgnorePublicAcls !== true',
    tests: ['packages/remediators/s3/src'],
  },
  {
    promise: 'S3: KMS is never downgraded.',
    defect: 'every rule is written anew with what is wanted',
    file: 'packages/remediators/s3/src/s3-enforce-default-encryption.ts',
    find: 'const STRENGTH: Readonly<Record<string, number>> = { AES256: 1,',
    replace: 'const STRENGTH: Readonly<Record<string, number>> = { AES256: 4,',
    tests: ['packages/remediators/s3/src'],
  },
  {
    promise: 'Security groups: host bits do not hide a rule for the whole internet.',
    defect: 'only the usual spelling counts',
    file: 'packages/remediators/ec2/src/permission.ts',
    find: 'return /^[0-9a-f.:]+\\/0+$/i.test(cidr);',
    replace: "return cidr === '0.0.0.0/0' || cidr === '::/0';",
    tests: ['packages/remediators/ec2/src'],
  },
  {
    promise: 'Security groups: a rule that opens more than the port is not revoked by itself.',
    defect: 'the upper end of the range is not compared',
    file: 'packages/remediators/ec2/src/permission.ts',
    find: 'permission.fromPort === port && permission.toPort === port',
    replace: 'permission.fromPort === port',
    tests: ['packages/remediators/ec2/src'],
  },
  {
    promise: 'Log retention is never lowered.',
    defect: 'anything but the wanted retention is replaced',
    file: 'packages/remediators/cloudwatch-logs/src/logs-raise-retention.ts',
    find: 'if (retentionInDays >= minDays)',
    replace: 'if (retentionInDays === minDays)',
    tests: ['packages/remediators/cloudwatch-logs/src'],
  },
  {
    promise: 'Security groups: what still lets the internet in is not closed.',
    defect: 'what a group says of IPv6 is not looked at',
    file: 'packages/remediators/ec2/src/open-port.ts',
    find: '[...IpRanges, ...Ipv6Ranges].some(',
    replace: '[...IpRanges].some(',
    tests: ['packages/remediators/ec2/src/open-port.test.ts'],
  },
  {
    promise: 'A runbook is started only with the content that was reviewed.',
    defect: 'its hash is not compared',
    file: 'packages/remediators/ssm/src/runbook-remediator.ts',
    find: 'context.hash !== documentHash',
    replace: 'context.hash === documentVersion',
    tests: ['packages/remediators/ssm/src/runbook-remediator.test.ts'],
  },
  {
    promise: 'A runbook never starts by itself, whatever its remediator says.',
    defect: 'its ceiling is left to the types',
    file: 'packages/remediators/ssm/src/runbook-remediator.ts',
    find: "(definition.ceiling as string) !== 'approve' && (definition.ceiling as string) !== 'notify'",
    replace: 'definition.ceiling === null',
    tests: ['packages/remediators/ssm/src/runbook-remediator.test.ts'],
  },
];
