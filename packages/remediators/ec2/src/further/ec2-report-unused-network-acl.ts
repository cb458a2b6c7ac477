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
  title: 'Report network ACLs that no subnet uses',
  package: packageRef,
  controls: { 'aws-fsbp': ['EC2.16'] },
  rules: { VPC_NETWORK_ACL_UNUSED_CHECK: 'vpc-network-acl-unused-check' },
  calls: { 'ec2:CreateNetworkAcl': 'response.networkAcl.networkAclId', 'ec2:ReplaceNetworkAclAssociation': 'request.networkAclId' },
  alsoFoundBy: { prowler: ['ec2_networkacl_unused'] },
  blindSpots: ['Runbooks and scripts that associate it with a subnet, for example to contain an incident.'],
  at: (found) => ({ subnets: given(found, 'Associations').length, isDefault: found.IsDefault, owner: found.OwnerId }),
  exempt({ now: { isDefault, owner }, resource: { account } }) {
    if (owner !== account) return `It is shared by ${owner}, and only that account can delete it.`;
    return isDefault ? 'It is the default network ACL of its VPC, which cannot be deleted.' : null;
  },
  gap: ({ now: { subnets }, id }) =>
    subnets > 0
      ? null
      : {
          message: `Network ACL ${id} is not associated with a subnet.`,
          steps: [
            'Ask its owner, and search runbooks and scripts for its id. If it is kept to isolate a subnet in an incident, record an exception.',
            'Otherwise save its entries, and delete it.',
          ],
        },
  closed: 'a subnet uses it, or it is gone',
});
