import { defineService } from '@redress/core';

/** SageMaker AI as this package uses it: it only reads. */
export const sagemaker = defineService({
  id: 'sagemaker',
  load: () => import('./sdk.js'),
  client: 'SageMakerClient',
  operations: { DescribeNotebookInstance: {}, ListNotebookInstances: {}, ListTags: {} },
});
