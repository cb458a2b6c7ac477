import { expect, expectTypeOf, it } from 'vitest';
import * as z from './parameters.js';

const schema = z.strictObject({
  days: z._default(z.int().check(z.gte(1)), 7),
  mode: z.enum(['REJECT', 'ALL']),
  seconds: z.literal([1, 5]),
  name: z.optional(z.string()),
  key: z.nullable(z.string()),
  ports: z.array(z.string()),
});

it('has types for the input and for the result', () => {
  expectTypeOf<z.input<typeof schema>>().toEqualTypeOf<{
    mode: 'REJECT' | 'ALL';
    seconds: 1 | 5;
    key: string | null;
    ports: string[];
    days?: number | undefined;
    name?: string | undefined;
  }>();
  expectTypeOf<z.output<typeof schema>>().toEqualTypeOf<{
    days: number;
    mode: 'REJECT' | 'ALL';
    seconds: 1 | 5;
    key: string | null;
    ports: string[];
    name?: string | undefined;
  }>();
  // @ts-expect-error: a text is not compared with a number
  z.string().check(z.gte(1));
  // @ts-expect-error: a default is a value of its schema
  z._default(z.int(), 'seven');
});

it.each([
  ['a default', { mode: 'ALL', seconds: 5, key: null, ports: ['22'] }, { value: { days: 7, mode: 'ALL', seconds: 5, key: null, ports: ['22'] } }],
  ['what is unknown', { mode: 'ALL', seconds: 5, key: null, ports: [], dayz: 1 }, { issues: [{ code: 'unrecognized_keys', keys: ['dayz'] }] }],
  ['a wrong value', { days: 0, mode: 'ALL', seconds: 5, key: null, ports: [] }, { issues: [{ path: ['days'] }] }],
])('is a Standard Schema: %s', async (_, given, comesTo) => {
  expect(await schema['~standard'].validate(given)).toMatchObject(comesTo);
});

it('reports the message of a custom condition, which may depend on the value', async () => {
  const even = z.int().check(
    z.refine((value) => value % 2 === 0, 'is odd'),
    z.refine(
      (value) => value < 10,
      (value) => `${value} is too much`,
    ),
  );
  const issues = async (given: unknown) => ((await even['~standard'].validate(given)).issues ?? []).map(({ message }) => message);
  expect(await issues(3)).toEqual(['is odd']);
  expect(await issues(12)).toEqual(['12 is too much']);
  expect(await issues(4)).toEqual([]);
});

it.each<[string, z.Schema<string>, string[], string[]]>([
  [
    'the name of a bucket',
    z.bucketName(),
    ['acme-logs', 'a.b'],
    ['', 'ab', 'Acme', '-logs', 'logs-', 'logs.', 'logs_1', 'logs-{account}', `a${'b'.repeat(63)}`],
  ],
  [
    'a KMS key',
    z.kmsKeyArn(),
    ['arn:aws:kms:eu-west-1:111111111111:key/1234', 'arn:{partition}:kms:{region}:{account}:key/mrk-1', 'arn:aws-cn:kms:cn-north-1:{account}:key/1'],
    [
      '1234',
      'alias/a',
      'arn:aws:kms:eu-west-1:111111111111:alias/a',
      'arn:aws:kms:*:111111111111:key/1',
      'arn:aws:kms:{region}:{region}:key/1',
      'arn:aws:kms:{account}:111111111111:key/1',
    ],
  ],
  [
    'a log group',
    z.logGroupArn(),
    ['arn:aws:logs:eu-west-1:111111111111:log-group:/aws/a', 'arn:{partition}:logs:{region}:{account}:log-group:{region}/a'],
    [
      '/aws/a',
      'arn:aws:logs:eu-west-1:111111111111:log-group:/aws/a:*',
      'arn:aws:logs:eu-west-1:*:log-group:a',
      'arn:aws:logs:eu-west-1:111111111111:log-group:{bucket}',
    ],
  ],
  [
    'a role',
    z.roleArn(),
    ['arn:aws:iam::111111111111:role/path/a', 'arn:{partition}:iam::{account}:role/a'],
    ['a', 'arn:aws:iam::*:role/a', 'arn:aws:iam::111111111111:role/*', 'arn:aws:iam::{region}:role/a', 'arn:aws:iam::111111111111:user/a'],
  ],
])('%s may name places, and nothing else in braces', async (_, of, good, bad) => {
  const accepted = (given: string) =>
    !('issues' in (of['~standard'].validate(given) as object)) || (of['~standard'].validate(given) as { issues?: unknown }).issues === undefined;
  expect([...good, ...bad].filter(accepted)).toEqual(good);
});
