import { defineReport } from '@redress/core';
import { notebook, notebookCalls } from './notebook.js';
import { packageRef } from './package-ref.js';

/**
 * Reports a notebook instance that reaches the internet directly, or that is outside a VPC. Both are fixed when it is made.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/sagemaker-controls.html#sagemaker-1
 */
export const reportNetworkExposure = defineReport({
  on: notebook,
  id: 'sagemaker-report-network-exposure',
  title: 'Report notebooks with direct internet access, or outside a VPC',
  package: packageRef,
  controls: { 'aws-fsbp': ['SageMaker.1', 'SageMaker.2'] },
  rules: {
    SAGEMAKER_NOTEBOOK_NO_DIRECT_INTERNET_ACCESS: 'sagemaker-notebook-no-direct-internet-access',
    SAGEMAKER_NOTEBOOK_INSTANCE_INSIDE_VPC: 'sagemaker-notebook-instance-inside-vpc',
  },
  calls: notebookCalls,
  alsoFoundBy: { prowler: ['sagemaker_notebook_instance_without_direct_internet_access_configured', 'sagemaker_notebook_instance_vpc_settings_configured'] },
  blindSpots: ['What is on its volume, and whether a repository also has it.', 'What it loads from the internet: packages, models, data sets.'],
  at: ({ DirectInternetAccess, SubnetId, NotebookInstanceStatus }) => ({ direct: DirectInternetAccess, subnet: SubnetId, status: NotebookInstanceStatus }),
  // A notebook outside of a VPC has no subnet.
  absent: { subnet: null },
  exempt: ({ now: { status } }) => (status === 'Deleting' ? 'It is being deleted.' : null),
  gap({ now: { direct, subnet }, id }) {
    const wrong = [...(direct === 'Disabled' ? [] : ['has direct internet access']), ...(subnet === null ? ['is outside a VPC'] : [])];
    if (wrong.length === 0) return null;
    return {
      message: `Notebook instance ${id} ${wrong.join(', and ')}.`,
      steps: [
        'Save the contents of its volume to a repository or a bucket.',
        'Create another notebook in a private subnet, with direct internet access disabled, and with VPC endpoints or a NAT gateway for its downloads.',
        'Move the work there, and stop the old notebook. Delete it when it is clear that nobody needs it.',
      ],
    };
  },
  // The rule can be set up to ask for certain subnets.
  judge: ({ claim }) => (Object.keys(claim.parameters ?? {}).length === 0 ? [] : null),
  closed: 'the notebook is in a VPC and has no direct internet access, or is gone',
});
