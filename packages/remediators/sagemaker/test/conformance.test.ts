import {
  AddTagsCommand,
  CreateNotebookInstanceCommand,
  type CreateNotebookInstanceCommandInput,
  DescribeNotebookInstanceCommand,
  SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { reportNetworkExposure } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const TYPE = 'AWS::SageMaker::NotebookInstance';
const client = (sdk: Sdk) => new SageMakerClient(sdk.config);
const notebook = (given: Partial<CreateNotebookInstanceCommandInput>) => async (sdk: Sdk) => {
  const NotebookInstanceName = sdk.name('Notes');
  await client(sdk).send(
    new CreateNotebookInstanceCommand({
      NotebookInstanceName,
      InstanceType: 'ml.t3.medium',
      RoleArn: `arn:aws:iam::${sdk.account}:role/notes`,
      Tags: [{ Key: 'team', Value: 'data' }],
      ...given,
    }),
  );
  return resource({ type: TYPE, id: NotebookInstanceName, account: sdk.account, region: sdk.region });
};
const tag: Scenario['tag'] = async (sdk, { id }, Key, Value) => {
  const { NotebookInstanceArn: ResourceArn } = await client(sdk).send(new DescribeNotebookInstanceCommand({ NotebookInstanceName: id }));
  await client(sdk).send(new AddTagsCommand({ ResourceArn, Tags: [{ Key, Value }] }));
};
const SubnetId = 'subnet-0123456789abcdef0';

describeRemediator(reportNetworkExposure, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a notebook outside of a VPC', expect: 'manual', arrange: notebook({}), tag },
    {
      name: 'one in a VPC that reaches the internet directly, just made',
      expect: 'manual',
      arrange: notebook({ SubnetId, DirectInternetAccess: 'Enabled' }),
      tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({ account, region, service: 'sagemaker', operation: 'CreateNotebookInstance', request: { notebookInstanceName: id } }),
    },
    { name: 'one in a VPC alone', expect: 'compliant', arrange: notebook({ SubnetId, DirectInternetAccess: 'Disabled' }), tag },
    {
      name: 'a notebook that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: TYPE, id: sdk.name('gone'), account: sdk.account, region: sdk.region }),
    },
  ],
});
