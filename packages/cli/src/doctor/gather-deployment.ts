import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { GetFunctionConfigurationCommand, GetFunctionUrlConfigCommand, LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Connection, type Fact, isRecord, known, type Stop, unreadable } from '@redress/core';
import { fact, factOrNone } from './fact.js';
import type { DeploymentFacts, FunctionFact, MappingFact, PlaceFacts, QueueFact } from './facts.js';

const GONE = /NotFound|NonExistent|DoesNotExist/;

/** Names in the template: what `redress generate template` calls them. */
const HANDLER = 'Function';
const APPROVALS = 'Approvals';

/** What is deployed, by the names of a stack or of functions. */
export async function gatherDeployment(
  { config }: Pick<Connection, 'config'>,
  named: { readonly stack?: string; readonly function?: string; readonly approvals?: string },
  rules: readonly PlaceFacts['rules'][],
): Promise<DeploymentFacts> {
  const stack = named.stack === undefined ? known(new Map<string, string>()) : await gatherStack(config, named.stack);
  const nameOf = (given: string | undefined, logical: string) => given ?? (stack.ok ? stack.value.get(logical) : undefined);
  const lambda = new LambdaClient(config);
  const sqs = new SQSClient(config);
  try {
    const name = nameOf(named.function, HANDLER);
    const handler: Fact<FunctionFact | null> = name !== undefined ? await gatherFunction(lambda, name) : stack.ok ? known(null) : stack;
    const approvals = nameOf(named.approvals, APPROVALS);
    const approvalUrl = approvals === undefined ? null : await gatherUrl(lambda, approvals);
    const sources =
      handler.ok && handler.value?.mappings.ok === true
        ? handler.value.mappings.value.filter((each) => /:sqs:/.test(each.source)).map((each) => each.source)
        : [];
    const queues = await Promise.all(sources.map((arn) => gatherQueue(sqs, arn)));
    const dead = new Set<string>();
    for (const queue of queues) if (queue.ok && queue.value.deadLetters !== null) dead.add(queue.value.deadLetters);
    // What EventBridge could not deliver to those queues.
    for (const region of rules)
      if (region.ok)
        for (const rule of region.value)
          for (const target of rule.targets) if (target.deadLetters !== null && sources.includes(target.arn)) dead.add(target.deadLetters);
    const deadLetters = await Promise.all([...dead].map(async (arn) => ({ arn, queue: await gatherQueue(sqs, arn) })));
    const parameter = handler.ok ? handler.value?.environment['REDRESS_STOP_PARAMETER'] : undefined;
    return { handler, approvalUrl, queues, deadLetters, stop: parameter === undefined ? null : await gatherStop(config, parameter) };
  } finally {
    lambda.destroy();
    sqs.destroy();
  }
}

/** CloudFormation: physical names by logical ones. */
async function gatherStack(config: object, stack: string): Promise<Fact<ReadonlyMap<string, string>>> {
  const client = new CloudFormationClient(config);
  try {
    return await fact('cloudformation:DescribeStackResources', async () => {
      const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName: stack }));
      return new Map(StackResources.map((each) => [each.LogicalResourceId ?? '', each.PhysicalResourceId ?? '']));
    });
  } finally {
    client.destroy();
  }
}

/** Lambda: a function, and what sends to it. */
async function gatherFunction(client: LambdaClient, name: string): Promise<Fact<FunctionFact | null>> {
  const found = await factOrNone('lambda:GetFunctionConfiguration', GONE, () => client.send(new GetFunctionConfigurationCommand({ FunctionName: name })));
  if (!found.ok || found.value === null) return found.ok ? known(null) : found;
  const { FunctionName = name, FunctionArn = '', State = '', LastUpdateStatus = null, Timeout = 0, Environment } = found.value;
  const mappings = await fact('lambda:ListEventSourceMappings', async () => {
    const all: MappingFact[] = [];
    let marker: string | undefined;
    do {
      const page = await client.send(new ListEventSourceMappingsCommand({ FunctionName: name, ...(marker === undefined ? {} : { Marker: marker }) }));
      for (const each of page.EventSourceMappings ?? [])
        all.push({
          source: each.EventSourceArn ?? '',
          enabled: each.State === 'Enabled' || each.State === 'Creating' || each.State === 'Enabling' || each.State === 'Updating',
          partialAnswers: each.FunctionResponseTypes?.includes('ReportBatchItemFailures') === true,
          maximumConcurrency: each.ScalingConfig?.MaximumConcurrency ?? null,
        });
      marker = page.NextMarker === '' ? undefined : page.NextMarker;
    } while (marker !== undefined);
    return all;
  });
  return known({
    name: FunctionName,
    arn: FunctionArn,
    state: State,
    lastUpdate: LastUpdateStatus,
    timeout: Timeout,
    environment: Environment?.Variables ?? {},
    mappings,
  });
}

/** Lambda: the address of a function. */
async function gatherUrl(client: LambdaClient, name: string): Promise<Fact<{ authType: string } | null>> {
  const found = await factOrNone('lambda:GetFunctionUrlConfig', GONE, () => client.send(new GetFunctionUrlConfigCommand({ FunctionName: name })));
  if (!found.ok) return found;
  return known(found.value === null ? null : { authType: found.value.AuthType ?? 'not known' });
}

/** SQS: a queue by its ARN. */
async function gatherQueue(client: SQSClient, arn: string): Promise<Fact<QueueFact>> {
  const [, , , , account, name] = arn.split(':');
  return fact('sqs:GetQueueAttributes', async () => {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }));
    const { Attributes = {} } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    const number = (key: 'ApproximateNumberOfMessages' | 'VisibilityTimeout') => {
      const value = Number(Attributes[key]);
      if (Attributes[key] === undefined || Number.isNaN(value)) throw new Error(`${key} is missing.`);
      return value;
    };
    const redrive: unknown = Attributes['RedrivePolicy'] === undefined ? null : JSON.parse(Attributes['RedrivePolicy']);
    const deadLetters = isRecord(redrive) && typeof redrive['deadLetterTargetArn'] === 'string' ? redrive['deadLetterTargetArn'] : null;
    return { arn, waiting: number('ApproximateNumberOfMessages'), visibility: number('VisibilityTimeout'), deadLetters };
  });
}

/** Systems Manager: the kill switch. */
async function gatherStop(config: object, name: string): Promise<Fact<Stop | null>> {
  const client = new SSMClient(config);
  try {
    const found = await factOrNone('ssm:GetParameter', GONE, () => client.send(new GetParameterCommand({ Name: name })));
    if (!found.ok || found.value === null) return found.ok ? known(null) : found;
    const value = found.value.Parameter?.Value ?? '';
    if (value === 'none' || value === 'changes' || value === 'everything') return known(value);
    return unreadable(new Error(`${name} holds ${JSON.stringify(value)}; the function accepts only none, changes and everything.`));
  } finally {
    client.destroy();
  }
}
