import { allOf, classifyAwsError, defineResource, paginate, tagsIn } from '@redress/core';
import { sagemaker } from './client.js';

/** SageMaker says with the error of every bad request that there is no such notebook. */
const isMissing = (error: unknown) => {
  const { name, message } = classifyAwsError(error instanceof Error ? (error.cause ?? error) : error);
  return name === 'ValidationException' && /RecordNotFound|could not find|does not exist/i.test(message);
};

/** A notebook instance, by its name. */
export const notebook = defineResource({
  type: 'AWS::SageMaker::NotebookInstance',
  arn: 'arn:{partition}:sagemaker:{region}:{account}:notebook-instance/{id}',
  find: {
    reads: [sagemaker.pick('DescribeNotebookInstance')],
    async of({ aws, id }) {
      try {
        return await aws.sagemaker.DescribeNotebookInstance({ NotebookInstanceName: id });
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },
  },
  // Its ARN has the name in small letters.
  arnOf: ({ NotebookInstanceArn }) => NotebookInstanceArn,
  tags: {
    reads: [sagemaker.pick('ListTags')],
    of: async ({ aws, found }) => {
      const { NotebookInstanceArn: ResourceArn } = await found();
      return tagsIn(await allOf(paginate(aws.sagemaker.ListTags, { ResourceArn }, 'Tags')));
    },
  },
  list: {
    reads: [sagemaker.pick('ListNotebookInstances')],
    async *of({ aws }) {
      for await (const { NotebookInstanceName: id } of paginate(aws.sagemaker.ListNotebookInstances, {}, 'NotebookInstances'))
        if (id !== undefined) yield { id };
    },
  },
});

/** The call that makes one. */
export const notebookCalls = { 'sagemaker:CreateNotebookInstance': 'request.notebookInstanceName' } as const;
