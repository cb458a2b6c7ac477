import { defineReport, given, inParallel, paginate } from '@redress/core';
import { HIDDEN_TOO } from '../client.js';
import { packageRef } from '../package-ref.js';
import { ec2 } from './client.js';
import { securityGroup } from './network.js';

/**
 * Reports a security group that no network interface has. It is not deleted: one that is made again has another id, which templates and rules do not know.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-22
 */
export const reportUnusedSecurityGroup = defineReport({
  on: securityGroup(),
  id: 'ec2-report-unused-security-group',
  title: 'Report unused security groups',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.22'] },
  rules: {
    EC2_SECURITY_GROUP_ATTACHED_TO_ENI_PERIODIC: 'ec2-security-group-attached-to-eni-periodic',
    EC2_SECURITY_GROUP_ATTACHED_TO_ENI: 'ec2-security-group-attached-to-eni',
  },
  calls: { 'ec2:CreateSecurityGroup': 'response.groupId' },
  alsoFoundBy: { prowler: ['ec2_securitygroup_not_used'] },
  blindSpots: [
    'Launch templates, stacks and scripts that will use it later.',
    'Short-lived network interfaces: of functions, of endpoints, and of Auto Scaling groups that are scaled to zero.',
    'Rules of security groups in other accounts that reference it.',
  ],
  read: {
    reads: [ec2.pick('DescribeNetworkInterfaces')],
    async of({ aws, id, found }) {
      const reply = await aws.ec2.DescribeNetworkInterfaces({ Filters: [{ Name: 'group-id', Values: [id] }], MaxResults: 5, ...HIDDEN_TOO });
      // A page may be empty, and others follow.
      const used = given(reply, 'NetworkInterfaces').length > 0 || reply.NextToken !== undefined;
      return { used, name: given(await found(), 'GroupName'), owner: given(await found(), 'OwnerId') };
    },
  },
  context: {
    reads: [ec2.pick('DescribeSecurityGroups')],
    async of({ aws, id }) {
      const naming = async (Name: string) => {
        const groups: string[] = [];
        for await (const { GroupId = '?' } of paginate(aws.ec2.DescribeSecurityGroups, { Filters: [{ Name, Values: [id] }] }, 'SecurityGroups'))
          groups.push(GroupId);
        return groups;
      };
      const all = await inParallel(naming('ip-permission.group-id'), naming('egress.ip-permission.group-id'));
      return { named: [...new Set(all.flat())].filter((each) => each !== id).sort() };
    },
  },
  exempt({ now: { name, owner }, resource: { account } }) {
    if (owner !== account) return `It is shared by ${owner}, and only that account can delete it.`;
    return name === 'default' ? 'It is the default security group of its VPC, which cannot be deleted.' : null;
  },
  gap: ({ now: { used, name }, context, id }) =>
    used
      ? null
      : {
          message: `Security group ${id} (${name}) is not used by a network interface${context === undefined || context.named.length === 0 ? '' : `; rules of ${context.named.join(', ')} reference it`}.`,
          steps: [
            'Search launch templates, stacks and scripts for its id, and ask its owner: anything that uses it later fails after it is deleted.',
            ...(context === undefined || context.named.length === 0 ? [] : [`Remove it from the rules of ${context.named.join(', ')}.`]),
            'Save its rules, and then delete it. If it is kept on purpose (for example for incidents), record an exception.',
          ],
        },
  closed: 'a network interface uses it, or it is gone',
});
