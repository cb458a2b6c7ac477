import { expect, it } from 'vitest';
import { resource } from '../model/resource.js';
import * as z from '../parameters.js';
import { defineRemediator } from './define.js';
import { placed } from './placed.js';

const at = (account: string, region: string, partition: 'aws' | 'aws-us-gov' = 'aws') =>
  resource({ type: 'AWS::Test::Widget', id: 'w', account, region, partition });
const HERE = at('111111111111', 'eu-west-1');

it('names of places stand for those of the resource, in every text', () => {
  const parameters = {
    bucket: 'logs-{account}-{region}',
    keys: ['arn:{partition}:kms:{region}:{account}:key/mrk-1', { other: '{region}/{region}' }],
    days: 7,
    on: true,
    none: null,
    prefix: '{bucket}/{ACCOUNT}/{}',
  };
  expect(placed(parameters, HERE)).toEqual({
    ...parameters,
    bucket: 'logs-111111111111-eu-west-1',
    keys: ['arn:aws:kms:eu-west-1:111111111111:key/mrk-1', { other: 'eu-west-1/eu-west-1' }],
  });
  expect(placed(parameters, at('222222222222', 'us-gov-west-1', 'aws-us-gov'))).toMatchObject({
    keys: ['arn:aws-us-gov:kms:us-gov-west-1:222222222222:key/mrk-1', {}],
  });
  const none = { bucket: 'logs' };
  expect(placed(none, HERE)).toBe(none);
});

it('each part of a remediator gets them filled in', async () => {
  const seen: unknown[] = [];
  const saw =
    <T>(answer: T) =>
    ({ parameters }: { readonly parameters: unknown }): T => {
      seen.push(parameters);
      return answer;
    };
  const remediator = defineRemediator({
    id: 'a-remediator',
    title: 'A remediator',
    resourceTypes: ['AWS::Test::Widget'],
    controls: [],
    ceiling: 'notify',
    blindSpots: [],
    parameters: z.strictObject({ bucket: z.bucketName() }),
    uses: { reads: [], writes: [], undoes: [] },
    observe: async (args) => saw({ state: {}, tags: {} })(args),
    plan: saw({ status: 'compliant' as const }),
    judge: saw([]),
    glance: async (args) => saw(null)(args),
  });
  const args = { resource: HERE, parameters: remediator.parameters({ bucket: 'logs-{region}' }) };
  await remediator.observe({ ...args, aws: {} as never });
  remediator.plan({ ...args, state: {}, context: undefined, observedAt: 0 });
  remediator.judge?.({ ...args, state: {}, context: undefined, claim: {} as never });
  await remediator.glance?.({ ...args, aws: {} as never });
  expect(seen).toEqual(Array.from({ length: 4 }, () => ({ bucket: 'logs-eu-west-1' })));
});
