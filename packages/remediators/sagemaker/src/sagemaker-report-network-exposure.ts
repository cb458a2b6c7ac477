import { defineReport } from '@redress/core';
import { notebook, notebookCalls } from './notebook.js';
import { packageRef } from './package-ref.js';

/**
 * Reports a notebook instance that reaches the internet directly, or that is outside of a VPC. Both are fixed when it is made.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/sagemaker-controls.html#sagemaker-1
 */
export const reportNetworkExposure = defineReport({
  on: notebook,
  id: 'sagemaker-report-network-exposure',
  title: 'Report notebooks with direct internet access, or outside of a VPC',
  package: packageRef,
  controls: { 'aws-fsbp': ['SageMaker.1', 'SageMaker.2'] },
  rules: {
    SAGEMAKER_NOTEBOOK_NO_DIRECT_INTERNET_ACCESS: 'sagemaker-notebook-no-direct-internet-access',
    SAGEMAKER_NOTEBOOK_INSTANCE_INSIDE_VPC: 'sagemaker-notebook-instance-inside-vpc',
  },
  calls: notebookCalls,
  alsoFoundBy: { prowler: ['sagemaker_notebook_instance_without_direct_internet_access_configured', 'sagemaker_notebook_instance_vpc_settings_configured'] },
  blindSpots: ['What is on its volume, and whether a repository has it as well.', 'What it loads from the internet: packages, models, data sets.'],
  at: ({ DirectInternetAccess, SubnetId, NotebookInstanceStatus }) => ({ direct: DirectInternetAccess, subnet: SubnetId, status: NotebookInstanceStatus }),
  // A notebook outside of a VPC has no subnet.
  absent: { subnet: null },
  exempt: ({ now: { status } }) => (status === 'Deleting' ? 'It is being deleted.' : null),
  gap({ now: { direct, subnet }, id }) {
    const wrong = [...(direct === 'Disabled' ? [] : ['reaches the internet directly']), ...(subnet === null ? ['is outside of a VPC'] : [])];
    if (wrong.length === 0) return null;
    return {
      message: `Notebook instance ${id} ${wrong.join(', and ')}.`,
      steps: [
        'Save what is on its volume, by a repository or a bucket.',
        'Make another one in a private subnet, with direct internet access disabled, and with VPC endpoints or a NAT gateway for what it loads.',
        'Move its work there, then stop the old one. Delete it when nobody misses it.',
      ],
    };
  },
  // The rule can be set up to ask for certain subnets.
  judge: ({ claim }) => (Object.keys(claim.parameters ?? {}).length === 0 ? [] : null),
  closed: 'the notebook is in a VPC and does not reach the internet directly, or is gone',
});
