import { defineReport, given } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { networkAcl } from './network.js';

/**
 * Reports a network ACL that no subnet has. It is not deleted: it may be the one by which an incident is contained.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-16
 */
export const reportUnusedNetworkAcl = defineReport({
  on: networkAcl,
  id: 'ec2-report-unused-network-acl',
  title: 'Report network ACLs that no subnet has',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.16'] },
  rules: { VPC_NETWORK_ACL_UNUSED_CHECK: 'vpc-network-acl-unused-check' },
  calls: { 'ec2:CreateNetworkAcl': 'response.networkAcl.networkAclId', 'ec2:ReplaceNetworkAclAssociation': 'request.networkAclId' },
  alsoFoundBy: { prowler: ['ec2_networkacl_unused'] },
  blindSpots: ['Runbooks and scripts that put it on a subnet: to contain an incident, for instance.'],
  at: (found) => ({ subnets: given(found, 'Associations').length, isDefault: found.IsDefault, owner: found.OwnerId }),
  exempt({ now: { isDefault, owner }, resource: { account } }) {
    if (owner !== account) return `It is shared by ${owner}, which alone can delete it.`;
    return isDefault ? 'It is the default network ACL of its VPC, which cannot be deleted.' : null;
  },
  gap: ({ now: { subnets }, id }) =>
    subnets > 0
      ? null
      : {
          message: `Network ACL ${id} is of no subnet.`,
          steps: [
            'Ask its owner, and look for its id in runbooks and scripts: one that isolates a subnet in an incident is meant to wait. Then record an exception.',
            'Otherwise keep its entries in code or in a note, and delete it.',
          ],
        },
  closed: 'a subnet has it, or it is gone',
});
