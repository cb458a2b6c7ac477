import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { reportPrivilegedOrHostMode as report } from './index.js';

const ARN = 'arn:aws:ecs:eu-west-1:111111111111:task-definition/web:7';
const REF = resource({ type: 'AWS::ECS::TaskDefinition', id: ARN, account: '111111111111', region: 'eu-west-1' });
const ecs = (taskDefinition: object, tags: unknown = []) => ({
  ecs: { DescribeTaskDefinition: { taskDefinition: { status: 'ACTIVE', ...taskDefinition }, tags } },
});
const container = (more: object = {}) => ({ containerDefinitions: [{ name: 'web', ...more }] });

it.each([undefined, '', 'root', '0', '0:0', 'root:wheel'])('is root in the host network: user %j', async (user) => {
  expect(await assess(report, REF, ecs({ networkMode: 'host', ...container({ user }) }))).toMatchObject({
    status: 'manual',
    message: expect.stringContaining('root in the host network (web)'),
  });
});
it.each(['1000', '1000:0', 'rooted', '01'])('does not run as root: user %j', async (user) => {
  expect((await assess(report, REF, ecs({ networkMode: 'host', ...container({ user }) }))).status).toBe('compliant');
});
it('is compliant without a network mode, and with a separate one', async () => {
  expect((await assess(report, REF, ecs(container()))).status).toBe('compliant');
  expect((await assess(report, REF, ecs({ pidMode: 'task', networkMode: 'awsvpc', ...container() }))).status).toBe('compliant');
});
it('is judged for inactive revisions only by the parameter of its rule', async () => {
  const seen = await look(report, REF, ecs({ status: 'INACTIVE', ...container({ privileged: true }) }));
  if (seen === 'gone') throw new Error('It is there.');
  expect(seen.assessment.status).toBe('not-applicable');
  expect(seen.judge()).toBeNull();
  expect(seen.judge({ parameters: { SkipInactiveTaskDefinitions: 'true' } })).toEqual([]);
});
it('is missing if ECS cannot describe it, and unreadable with any other error', async () => {
  const failing = (message: string) => ({
    ecs: { DescribeTaskDefinition: Object.assign(new Error(message), { name: 'ClientException', $metadata: { httpStatusCode: 400 } }) },
  });
  expect(await look(report, REF, failing('Unable to describe task definition.'))).toBe('gone');
  await expect(look(report, REF, failing('Too many attempts.'))).rejects.toThrow('Too many attempts.');
});
it('is not read without its tags: an exception may be among them', async () => {
  await expect(look(report, REF, { ecs: { DescribeTaskDefinition: { taskDefinition: { status: 'ACTIVE' } } } })).rejects.toThrow('tags');
});
it('is swept by the newest active revision of each family', async () => {
  const arn = (name: string) => `arn:aws:ecs:eu-west-1:111111111111:task-definition/${name}`;
  const pages = [{ taskDefinitionArns: ['a:1', 'a:2'].map(arn), nextToken: 'more' }, { taskDefinitionArns: ['a:10', 'b:3'].map(arn) }];
  const aws = { ecs: { ListTaskDefinitions: async () => pages.shift() } };
  const found: string[] = [];
  for await (const page of report.observeMany?.({ aws, account: '111111111111', region: 'eu-west-1', partition: 'aws', parameters: {} } as never) ?? [])
    found.push(...page.map(({ id }) => id));
  expect(found).toEqual(['a:10', 'b:3'].map(arn));
});
