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
    prefix: '{bucket}/{ACCOUNT}/{}/{{region}}/${region}',
    names: { '{region}': 1 },
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

it('a global resource has no region', () => {
  expect(placed({ key: 'arn:aws:kms:{region}:{account}:key/1' }, at('111111111111', 'aws-global'))).toEqual({ key: 'arn:aws:kms:{region}:111111111111:key/1' });
});

const REMEDIATOR = {
  id: 'a-remediator',
  title: 'A remediator',
  resourceTypes: ['AWS::Test::Widget'],
  controls: [],
  ceiling: 'notify',
  blindSpots: [],
  parameters: z.strictObject({ key: z.kmsKeyArn() }),
  uses: { reads: [], writes: [], undoes: [] },
} as const;
const WRITTEN = { key: 'arn:{partition}:kms:{region}:{account}:key/1' };

it('each part of a remediator gets them filled in', async () => {
  const seen: unknown[] = [];
  const saw = ({ parameters }: { readonly parameters: unknown }) => void seen.push(parameters);
  const remediator = defineRemediator({
    ...REMEDIATOR,
    observe: async (args) => (saw(args), { state: {}, tags: {} }),
    plan: (args: { parameters: unknown }) => (saw(args), { status: 'compliant' as const }),
    judge: (args) => (saw(args), []),
    glance: async (args) => (saw(args), null),
    async *observeMany(args) {
      saw(args);
      yield [];
    },
    async *discover(args) {
      saw(args);
      yield { id: 'w', type: 'AWS::Test::Widget' };
    },
  });
  const args = { resource: HERE, parameters: remediator.parameters(WRITTEN) };
  await remediator.observe({ ...args, aws: {} as never });
  remediator.plan({ ...args, state: {}, context: undefined, observedAt: 0 });
  remediator.judge?.({ ...args, state: {}, context: undefined, claim: {} as never });
  await remediator.glance?.({ ...args, aws: {} as never });
  const place = { aws: {} as never, account: HERE.account, region: HERE.region, partition: HERE.partition, parameters: args.parameters };
  for await (const page of remediator.observeMany?.(place) ?? []) expect(page).toEqual([]);
  for await (const found of remediator.discover?.(place) ?? []) expect(found.id).toBe('w');
  expect(seen).toEqual(Array.from({ length: 6 }, () => ({ key: 'arn:aws:kms:eu-west-1:111111111111:key/1' })));
});

it('a remediator of global resources refuses a region', () => {
  const remediator = defineRemediator({
    ...REMEDIATOR,
    global: true,
    observe: async () => ({ state: {}, tags: {} }),
    plan: () => ({ status: 'compliant' }),
  });
  expect(() => remediator.parameters(WRITTEN)).toThrow(
    expect.objectContaining({ code: 'policy/invalid', message: 'a-remediator: {region} stands for nothing: what it handles belongs to no region.' }),
  );
  expect(remediator.parameters({ key: 'arn:{partition}:kms:eu-west-1:{account}:key/1' })).toEqual({ key: 'arn:{partition}:kms:eu-west-1:{account}:key/1' });
});
