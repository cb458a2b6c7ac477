import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { reportNetworkExposure as report } from './index.js';

const REF = resource({ type: 'AWS::SageMaker::NotebookInstance', id: 'Notes', account: '111111111111', region: 'eu-west-1' });
const ARN = 'arn:aws:sagemaker:eu-west-1:111111111111:notebook-instance/notes';
const sagemaker = (found: object, asked: unknown[] = []) => ({
  sagemaker: {
    DescribeNotebookInstance: {
      NotebookInstanceArn: ARN,
      NotebookInstanceStatus: 'InService',
      DirectInternetAccess: 'Disabled',
      SubnetId: 'subnet-1',
      ...found,
    },
    ListTags: (input: unknown) => {
      asked.push(input);
      return { Tags: [] };
    },
  },
});
const failing = (message: string) => ({
  sagemaker: { DescribeNotebookInstance: Object.assign(new Error(message), { name: 'ValidationException', $metadata: { httpStatusCode: 400 } }) },
});

it('is exposed by either setting, and by a missing one', async () => {
  expect((await assess(report, REF, sagemaker({}))).status).toBe('compliant');
  expect((await assess(report, REF, sagemaker({ DirectInternetAccess: 'Enabled' }))).status).toBe('manual');
  expect((await assess(report, REF, sagemaker({ SubnetId: undefined }))).status).toBe('manual');
  await expect(look(report, REF, sagemaker({ DirectInternetAccess: undefined }))).rejects.toThrow('direct');
});
it('has the tags of the ARN from SageMaker, in lower case', async () => {
  const asked: unknown[] = [];
  await look(report, REF, sagemaker({}, asked));
  expect(asked).toContainEqual({ ResourceArn: ARN });
});
it('is missing if there is no record, and unreadable if the request is wrong', async () => {
  expect(await look(report, REF, failing('RecordNotFound'))).toBe('gone');
  await expect(look(report, REF, failing('1 validation error detected'))).rejects.toThrow('validation');
});
