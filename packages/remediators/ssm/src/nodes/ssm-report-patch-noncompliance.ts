import { defineReport } from '@redress/core';
import { packageRef } from '../package-ref.js';
import { failing, list, nodeAs } from './node.js';

const patches = nodeAs('AWS::SSM::PatchCompliance');
const associations = nodeAs('AWS::SSM::AssociationCompliance');

/**
 * Reports a managed node that misses patches.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ssm-controls.html#ssm-2
 */
export const reportPatchNoncompliance = defineReport({
  on: patches,
  id: 'ssm-report-patch-noncompliance',
  title: 'Report managed nodes with missing patches',
  package: packageRef,
  controls: { 'aws-fsbp': ['SSM.2'] },
  rules: { EC2_MANAGEDINSTANCE_PATCH_COMPLIANCE_STATUS_CHECK: 'ec2-managedinstance-patch-compliance-status-check' },
  // Compliance changes with scans, which no call of a person names: AWS Config and sweeps see them.
  calls: {},
  alsoFoundBy: { prowler: ['ssm_managed_compliant_patching'] },
  blindSpots: [
    'Nodes that were never scanned: they have no results, so nothing is reported.',
    'When the node may be restarted, and whether an Auto Scaling group replaces it instead.',
    'Whether a patch was left out on purpose, by its baseline or a hold.',
  ],
  read: failing('Patch'),
  gap: ({ now, id }) =>
    now.count === 0
      ? null
      : {
          message: `Node ${id} has ${now.count} missing ${now.count === 1 ? 'patch' : 'patches'}: ${list(now)}.`,
          steps: [
            'Ask its owner for a maintenance window, and whether a newer image should replace it instead.',
            'Create a backup or an image of it.',
            'In that window, run AWS-RunPatchBaseline with the operation Install and the reboot option that its owner chooses.',
            'Check that its workload is healthy. Then scan it again.',
          ],
        },
  closed: 'the last scan found no missing patch, or the node is no longer managed',
});

/**
 * Reports a managed node on which an association of State Manager fails.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ssm-controls.html#ssm-3
 */
export const reportAssociationNoncompliance = defineReport({
  on: associations,
  id: 'ssm-report-association-noncompliance',
  title: 'Report managed nodes on which associations fail',
  package: packageRef,
  controls: { 'aws-fsbp': ['SSM.3'] },
  rules: { EC2_MANAGEDINSTANCE_ASSOCIATION_COMPLIANCE_STATUS_CHECK: 'ec2-managedinstance-association-compliance-status-check' },
  calls: {},
  blindSpots: ['What the association would do to the node if it ran again.', 'Associations that have never run on it.'],
  read: failing('Association'),
  gap: ({ now, id }) =>
    now.count === 0
      ? null
      : {
          message: `Node ${id} has ${now.count} failed ${now.count === 1 ? 'association' : 'associations'}: ${list(now)}.`,
          steps: [
            'Find the cause in the execution history of the association: permissions of the instance profile, a missing package, a script.',
            'Correct it, in the document or on the node.',
            'Apply the association again (aws ssm start-associations-once), when its owner agrees.',
          ],
        },
  closed: 'no association of the node fails, or the node is no longer managed',
});
