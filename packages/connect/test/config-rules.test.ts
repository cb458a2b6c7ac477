// Rules of AWS Config as they are read, on the emulator.
import { ConfigServiceClient, DeleteConfigRuleCommand, PutConfigRuleCommand } from '@aws-sdk/client-config-service';
import { RedressError } from '@redress/core';
import { afterAll, expect, inject, it } from 'vitest';
import { readConfigRules } from '../src/index.js';

const endpoint = inject('moto');
const region = 'us-east-1';
const config = new ConfigServiceClient({ region, endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } });
const name = `OrgConfigRule-acme-${process.pid}-x1y2z3a4`;

afterAll(async () => {
  await config.send(new DeleteConfigRuleCommand({ ConfigRuleName: name }));
  config.destroy();
});

it('are read by name, with their parameters', async () => {
  await config.send(
    new PutConfigRuleCommand({
      ConfigRule: {
        ConfigRuleName: name,
        Source: { Owner: 'AWS', SourceIdentifier: 'IAM_PASSWORD_POLICY' },
        InputParameters: JSON.stringify({ MaxPasswordAge: '90', RequireSymbols: 'true' }),
        MaximumExecutionFrequency: 'TwentyFour_Hours',
      },
    }),
  );
  const { reads, read } = readConfigRules();
  const sdk = await reads[0]?.service.sdk();
  const client = sdk?.client({ region, endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } } as never, 1);
  const Command = sdk?.command('DescribeConfigRules') as new (input: object) => never;
  const aws = { config: { DescribeConfigRules: async (input: object) => client?.send(new Command(input)) } } as never;
  expect(await read({ aws, name })).toEqual({ name, identifier: 'IAM_PASSWORD_POLICY', parameters: { MaxPasswordAge: '90', RequireSymbols: 'true' } });
});

it('have no identifier if they do not exist or have custom code', async () => {
  const { read } = readConfigRules();
  const answering = (answer: () => object) => ({ config: { DescribeConfigRules: async () => answer() } }) as never;
  const gone = answering(() => {
    throw new RedressError('aws/gone', 'NoSuchConfigRuleException');
  });
  expect(await read({ aws: gone, name: 'acme' })).toBeNull();
  expect(await read({ aws: answering(() => ({ ConfigRules: [] })), name: 'acme' })).toBeNull();
  const own = { ConfigRules: [{ ConfigRuleName: 'acme', Source: { Owner: 'CUSTOM_LAMBDA', SourceIdentifier: 'arn:aws:lambda:x' }, InputParameters: '' }] };
  expect(await read({ aws: answering(() => own), name: 'acme' })).toEqual({ name: 'acme', identifier: null, parameters: {} });
  const denied = answering(() => {
    throw new RedressError('aws/denied', 'AccessDenied');
  });
  await expect(read({ aws: denied, name: 'acme' })).rejects.toThrow('AccessDenied');
});
