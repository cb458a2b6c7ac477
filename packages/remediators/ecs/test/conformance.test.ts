import { type ContainerDefinition, DeregisterTaskDefinitionCommand, ECSClient, RegisterTaskDefinitionCommand, TagResourceCommand } from '@aws-sdk/client-ecs';
import { resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { inject } from 'vitest';
import { reportPrivilegedOrHostMode } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const TYPE = 'AWS::ECS::TaskDefinition';
const client = (sdk: Sdk) => new ECSClient(sdk.config);
const definition =
  (container: Partial<ContainerDefinition>, more: { readonly networkMode?: 'host' | 'awsvpc'; readonly pidMode?: 'host' } = {}, active = true) =>
  async (sdk: Sdk) => {
    const { taskDefinition } = await client(sdk).send(
      new RegisterTaskDefinitionCommand({
        family: sdk.name('web'),
        containerDefinitions: [{ name: 'web', image: 'web:1', memory: 128, ...container }],
        tags: [{ key: 'team', value: 'shop' }],
        ...more,
      }),
    );
    const id = taskDefinition?.taskDefinitionArn ?? '';
    if (!active) await client(sdk).send(new DeregisterTaskDefinitionCommand({ taskDefinition: id }));
    return resource({ type: TYPE, id, account: sdk.account, region: sdk.region });
  };
const tag: Scenario['tag'] = async (sdk, { id: resourceArn }, key, value) => {
  await client(sdk).send(new TagResourceCommand({ resourceArn, tags: [{ key, value }] }));
};

describeRemediator(reportPrivilegedOrHostMode, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { name: 'a privileged container', expect: 'manual', arrange: definition({ privileged: true }), tag },
    { name: 'the host process namespace', expect: 'manual', arrange: definition({}, { pidMode: 'host' }), tag },
    {
      name: 'root in the network of the host, just registered',
      expect: 'manual',
      arrange: definition({ user: 'root' }, { networkMode: 'host' }),
      tag,
      event: ({ account, region, id }) =>
        cloudTrailEvent({
          account,
          region,
          service: 'ecs',
          operation: 'RegisterTaskDefinition',
          request: {},
          response: { taskDefinition: { taskDefinitionArn: id } },
        }),
    },
    { name: 'a user of its own in the network of the host', expect: 'compliant', arrange: definition({ user: '1000:1000' }, { networkMode: 'host' }), tag },
    { name: 'a container in a network of its own', expect: 'compliant', arrange: definition({}, { networkMode: 'awsvpc' }), tag },
    { name: 'a revision that is deregistered', expect: 'not-applicable', arrange: definition({ privileged: true }, {}, false), tag },
    {
      name: 'a revision that is gone',
      expect: 'compliant',
      arrange: async (sdk) =>
        resource({
          type: TYPE,
          id: `arn:aws:ecs:${sdk.region}:${sdk.account}:task-definition/${sdk.name('gone')}:1`,
          account: sdk.account,
          region: sdk.region,
        }),
    },
  ],
});
