import { type Assessment, type JsonObject, RedressError, resource } from '@redress/core';
import { parametersJsonSchema } from '@redress/core/schema';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { raiseRetention as remediator } from './index.js';

const ACCOUNT = '111111111111';
const group = (id: string) => resource({ type: 'AWS::Logs::LogGroup', id, account: ACCOUNT, region: 'eu-west-1' });
const RETENTIONS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

interface FakeGroup {
  readonly logGroupName: string;
  readonly retentionInDays?: number;
  readonly logGroupClass?: string;
  readonly creationTime?: number;
  readonly retentionPolicyName?: string;
  readonly logGroupArn?: string;
  readonly arn?: string;
}
/** CloudWatch Logs with a few groups, in pages of one, found by prefix as the service does. */
function fakeLogs(groups: readonly FakeGroup[], refuse: Readonly<Record<string, RedressError>> = {}) {
  const tagsReadOf: string[] = [];
  const logs = {
    DescribeLogGroups: async (input: { readonly logGroupNamePrefix?: string; readonly nextToken?: string }) => {
      if (refuse['DescribeLogGroups'] !== undefined) throw refuse['DescribeLogGroups'];
      const found = groups.filter((each) => each.logGroupName.startsWith(input.logGroupNamePrefix ?? ''));
      const at = Number(input.nextToken ?? 0);
      return {
        logGroups: found.slice(at, at + 1).map((each) => ({ creationTime: 1_767_000_000_000, ...each })),
        ...(at + 1 < found.length ? { nextToken: String(at + 1) } : {}),
      };
    },
    ListTagsForResource: async (input: { readonly resourceArn: string }) => {
      if (refuse['ListTagsForResource'] !== undefined) throw refuse['ListTagsForResource'];
      tagsReadOf.push(input.resourceArn);
      return { tags: { team: 'payments' } };
    },
  };
  return { aws: { logs } as never, tagsReadOf };
}
const ARN = `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:/app`;

const plan = (
  retentionInDays: number | null,
  parameters: JsonObject = {},
  logGroupClass = 'STANDARD',
  policy: { name: string; days: number | null } | null = null,
): Assessment =>
  remediator.plan({
    state: { created: 1, retentionInDays, logGroupClass, policy } as never,
    context: undefined,
    resource: group('/app'),
    parameters: remediator.parameters(parameters),
    observedAt: 0,
  });
const put = (days: number) => ({
  service: 'logs',
  operation: 'PutRetentionPolicy',
  retry: 'idempotent',
  input: { logGroupName: '/app', retentionInDays: days },
});

describe('parameters', () => {
  it('have a default and a closed JSON Schema', () => {
    expect(remediator.parameters(undefined)).toEqual({ minDays: 365 });
    expect(parametersJsonSchema(remediator)).toMatchObject({ additionalProperties: false, properties: { minDays: { enum: RETENTIONS, default: 365 } } });
  });
  it.each([[{ minDays: 0 }], [{ minDays: 100 }], [{ minDays: '365' }], [{ minDays: null }], [{ days: 365 }]])('refuse %j', (parameters) => {
    expect(() => remediator.parameters(parameters)).toThrow('parameters');
  });
});

describe('retention', () => {
  it('below the minimum is raised; the undo reports what it destroys', () => {
    expect(plan(7)).toEqual({
      status: 'change',
      changes: [
        {
          call: put(365),
          undo: { calls: [put(7)], restores: 'exact', destroys: 'log events older than 7 days, permanently' },
          summary: 'keep events of /app for 365 days instead of 7',
          resolves: true,
        },
      ],
    });
  });
  it.each([[null], [365], [400], [3653]])('%j is not changed', (days) => {
    expect(plan(days).status).toBe('compliant');
  });
  it('of the class DELIVERY is fixed by AWS', () => {
    expect(plan(1, {}, 'DELIVERY').status).toBe('not-applicable');
  });
  it.each(['STANDARD', 'INFREQUENT_ACCESS', 'ESSENTIALS'])('of the class %s is raised', (logGroupClass) => {
    expect(plan(7, {}, logGroupClass).status).toBe('change');
  });
  it('of an unknown class is reported, and not set; if it is long enough, it is not changed', () => {
    expect(plan(7, {}, 'GLACIAL')).toMatchObject({
      status: 'manual',
      message: '/app keeps its events for 7 days; 365 are required. The effect of a longer retention in the class GLACIAL is not known, so it is not set.',
    });
    expect(plan(365, {}, 'GLACIAL').status).toBe('compliant');
    expect(plan(null, {}, 'GLACIAL').status).toBe('compliant');
  });
  describe('under a retention policy of the account', () => {
    it.each([30, 90, 364])('of %i days is reported, and nothing is changed', (days) => {
      const assessment = plan(null, {}, 'STANDARD', { name: 'central-30', days });
      expect(assessment).toMatchObject({
        status: 'manual',
        message: `The retention policy central-30 of the account keeps events of /app for ${days} days; 365 are required. It overrides what is set on the group, so nothing is set there.`,
      });
      expect(assessment).not.toHaveProperty('changes');
    });
    it.each([365, 3653, null])('of %j days is long enough', (days) => {
      expect(plan(null, {}, 'STANDARD', { name: 'central-long', days }).status).toBe('compliant');
    });
    it('of the class DELIVERY it is still fixed by AWS', () => {
      expect(plan(null, {}, 'DELIVERY', { name: 'central-30', days: 30 }).status).toBe('not-applicable');
    });
  });
  it('is never lowered, and raised once: for every group and minimum', () => {
    fc.assert(
      fc.property(fc.option(fc.constantFrom(...RETENTIONS), { nil: null }), fc.constantFrom(...RETENTIONS), (before, minDays) => {
        const assessment = plan(before, { minDays });
        if (assessment.status !== 'change') {
          expect(before === null || before >= minDays).toBe(true);
          return;
        }
        const after = assessment.changes[0]?.call.input['retentionInDays'] as number;
        expect(after).toBeGreaterThan(before as number);
        expect(plan(after, { minDays }).status).toBe('compliant');
        expect(assessment.changes[0]?.undo).toMatchObject({ calls: [put(before as number)] });
      }),
    );
  });
});

describe('observing', () => {
  const observe = (groups: readonly FakeGroup[], refuse: Parameters<typeof fakeLogs>[1] = {}) => {
    const fake = fakeLogs(groups, refuse);
    return remediator.observe({ aws: fake.aws, resource: group('/app'), parameters: remediator.parameters({}) }).then((seen) => ({ seen, ...fake }));
  };

  it('finds the group with exactly that name, on any page', async () => {
    const { seen, tagsReadOf } = await observe([
      { logGroupName: '/app-archive', retentionInDays: 1, logGroupArn: `${ARN}-archive` },
      { logGroupName: '/app', retentionInDays: 30, logGroupArn: ARN, logGroupClass: 'INFREQUENT_ACCESS' },
    ]);
    expect(seen).toEqual({
      state: { created: 1_767_000_000_000, retentionInDays: 30, logGroupClass: 'INFREQUENT_ACCESS', policy: null },
      tags: { team: 'payments' },
    });
    expect(tagsReadOf).toEqual([ARN]);
  });
  it('uses the days of the account policy only as those of the policy, never as those of the group', async () => {
    const under = { logGroupName: '/app', logGroupArn: ARN, logGroupClass: 'STANDARD', retentionPolicyName: 'central' };
    expect((await observe([{ ...under, retentionInDays: 30 }])).seen).toMatchObject({
      state: { retentionInDays: null, logGroupClass: 'STANDARD', policy: { name: 'central', days: 30 } },
    });
    expect((await observe([under])).seen).toMatchObject({ state: { retentionInDays: null, policy: { name: 'central', days: null } } });
  });
  it('reads no tags for a verification', async () => {
    const { aws, tagsReadOf } = fakeLogs([{ logGroupName: '/app', retentionInDays: 365, logGroupArn: ARN }]);
    const args = { aws, resource: group('/app'), parameters: remediator.parameters({}), purpose: 'verification' } as const;
    expect(await remediator.observe(args)).toMatchObject({ state: { retentionInDays: 365 } });
    expect(tagsReadOf).toEqual([]);
  });
  it('reads tags by the ARN of the group if only that of its streams is returned', async () => {
    expect((await observe([{ logGroupName: '/app', arn: `${ARN}:*` }])).tagsReadOf).toEqual([ARN]);
  });
  it('reads them by the ARN of the group if it differs, and for a group that was just recreated again', async () => {
    const other = ARN.replace(ACCOUNT, '222222222222');
    const { seen, tagsReadOf } = await observe([{ logGroupName: '/app', logGroupArn: other }]);
    expect([seen, tagsReadOf]).toEqual([expect.objectContaining({ tags: { team: 'payments' } }), [ARN, other]]);
    const { aws } = fakeLogs([{ logGroupName: '/app', logGroupArn: ARN }]);
    const { ListTagsForResource: read } = (aws as { logs: { ListTagsForResource: (input: object) => Promise<object> } }).logs;
    let asked = 0;
    Object.assign((aws as { logs: object }).logs, {
      ListTagsForResource: async (input: object) => {
        if (asked++ === 0) throw new RedressError('aws/gone', 'ResourceNotFoundException');
        return read(input);
      },
    });
    expect(await remediator.observe({ aws, resource: group('/app'), parameters: remediator.parameters({}) })).toMatchObject({ tags: { team: 'payments' } });
  });
  it('finds a group without retention that keeps everything', async () => {
    expect((await observe([{ logGroupName: '/app', arn: `${ARN}:*` }])).seen).toMatchObject({ state: { retentionInDays: null, logGroupClass: 'STANDARD' } });
  });
  it('detects a group that was deleted and recreated', async () => {
    const [first, again] = [
      await observe([{ logGroupName: '/app', logGroupArn: ARN, creationTime: 1 }]),
      await observe([{ logGroupName: '/app', logGroupArn: ARN, creationTime: 2 }]),
    ];
    expect([first.seen, again.seen]).toMatchObject([{ state: { created: 1 } }, { state: { created: 2 } }]);
    await expect(observe([{ logGroupName: '/app', logGroupArn: ARN, creationTime: undefined as never }])).rejects.toThrow('was created');
  });
  it('reports a missing group', async () => {
    expect((await observe([{ logGroupName: '/app-archive', arn: `${ARN}-archive:*` }])).seen).toBe('gone');
  });
  it('throws if anything is missing', async () => {
    await expect(observe([{ logGroupName: '/app' }])).rejects.toThrow('did not return the ARN');
    for (const operation of ['DescribeLogGroups', 'ListTagsForResource'])
      await expect(observe([{ logGroupName: '/app', arn: `${ARN}:*` }], { [operation]: new RedressError('aws/denied', 'no') })).rejects.toThrow('no');
  });
});

describe('names', () => {
  const identify = (id: string) => remediator.identify?.({ aws: fakeLogs([]).aws, resource: group(id) } as never);
  it.each([
    ['/app', { id: '/app' }],
    [ARN, { id: '/app', region: 'eu-west-1' }],
    [`${ARN}:*`, { id: '/app', region: 'eu-west-1' }],
    [ARN.replace('eu-west-1', 'us-east-1'), { id: '/app', region: 'us-east-1' }],
    [ARN.replace(ACCOUNT, '222222222222'), null],
    ['arn:aws:s3:::bucket', null],
  ])('%s is %j', async (given, found) => {
    expect(await identify(given)).toEqual(found);
  });
});

it('discovers groups with a short retention, over all pages, and not those that keep events forever', async () => {
  const { aws } = fakeLogs([
    { logGroupName: '/a', retentionInDays: 7 },
    { logGroupName: '/b' },
    { logGroupName: '/c', retentionInDays: 90 },
    { logGroupName: '/d', retentionInDays: 60 },
  ]);
  const found: string[] = [];
  const parameters = remediator.parameters({ minDays: 90 });
  for await (const { id } of remediator.discover?.({ aws, parameters, account: ACCOUNT, region: 'eu-west-1' } as never) ?? []) found.push(id);
  expect(found).toEqual(['/a', '/d']);
});

it('handles created groups and changed retentions', () => {
  const call = (request: JsonObject | null) =>
    ({ service: 'logs', operation: 'x', request, response: null, errorCode: null, readOnly: false, account: ACCOUNT, region: 'eu-west-1' }) as const;
  for (const operation of ['logs:CreateLogGroup', 'logs:PutRetentionPolicy']) {
    const read = remediator.apiCalls[operation];
    expect(read?.(call({ logGroupName: '/app' }))).toEqual([{ id: '/app' }]);
    expect(read?.(call({ logGroupName: '' }))).toEqual([]);
    expect(read?.(call(null))).toEqual([]);
  }
});
