import { type Assessment, createRedress, definePolicy, defineRemediator, normalize, RedressError, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { describe, expect, it } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import type { PutEvaluationsInput } from './config-rule.js';
import { createHandler, type HandlerOptions, type HandlerSummary } from './create-handler.js';

const ACCOUNT = '111111111111';
const CAPTURED = '2026-11-20T10:00:00.000Z';

/** Answers what the test says. */
function knows(rule: string, types: readonly [string, ...string[]], answer: Assessment | Error): Remediator {
  const made = defineRemediator({
    id: `test-${rule.toLowerCase()}`,
    title: 'Test',
    resourceTypes: types,
    controls: [],
    triggers: { configRules: [rule] },
    ceiling: 'notify',
    blindSpots: [],
    uses: { reads: [], writes: [], undoes: [] },
    observe: async () => {
      if (answer instanceof Error) throw answer;
      return { state: {}, tags: {} };
    },
    plan: () => ({ status: 'compliant' }),
  });
  return { ...made, plan: () => answer as Assessment };
}

const item = {
  configurationItemCaptureTime: CAPTURED,
  configurationStateId: 1,
  awsAccountId: ACCOUNT,
  awsRegion: 'eu-west-1',
  resourceType: 'AWS::S3::Bucket',
  resourceId: 'invoices',
  configurationItemStatus: 'OK',
};
function invocation(over: { item?: object; message?: object; rule?: string; token?: string; left?: boolean } = {}): object {
  return {
    version: '1.0',
    invokingEvent: JSON.stringify(
      over.message ?? { messageType: 'ConfigurationItemChangeNotification', notificationCreationTime: CAPTURED, configurationItem: { ...item, ...over.item } },
    ),
    resultToken: over.token ?? 'token',
    eventLeftScope: over.left ?? false,
    executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/config`,
    configRuleArn: `arn:aws:config:eu-west-1:${ACCOUNT}:config-rule/config-rule-d4e5f6`,
    configRuleName: over.rule ?? 'acme-buckets',
    configRuleId: 'config-rule-d4e5f6',
    accountId: ACCOUNT,
  };
}
const policy = definePolicy({ version: 1, configRules: { 'acme-buckets': 'BUCKETS' } });
const log = logOfEachTest();

function setUp(remediators: readonly Remediator[], over: Partial<HandlerOptions> = {}) {
  const put: PutEvaluationsInput[] = [];
  const handler = createHandler({
    remediators,
    policy,
    journal: memoryJournal(),
    connect: async () => ({ config: {}, identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/redress/x` }) }),
    putEvaluations: async (input) => {
      put.push(input);
      return {};
    },
    ...over,
  });
  return { put, invoke: (event: object) => handler(event, { getRemainingTimeInMillis: () => 300_000 }) as Promise<HandlerSummary> };
}
const change = (summary: string) => ({ status: 'change', changes: [{ summary }] }) as unknown as Assessment;

describe('a custom Config rule', () => {
  it('is answered with what was read, under the names that Config passed', async () => {
    const { put, invoke } = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], change('encrypt it'))]);
    const { evaluations, passes } = await invoke(invocation());
    expect(put).toEqual([
      {
        ResultToken: 'token',
        TestMode: false,
        Evaluations: [
          {
            ComplianceResourceType: 'AWS::S3::Bucket',
            ComplianceResourceId: 'invoices',
            ComplianceType: 'NON_COMPLIANT',
            Annotation: 'To do: encrypt it',
            OrderingTimestamp: new Date(CAPTURED),
          },
        ],
      },
    ]);
    expect([evaluations.length, passes]).toEqual([1, []]);
    expect(log.lines).toMatchObject([
      {
        level: 'INFO',
        message: 'evaluated',
        kind: 'evaluation',
        resourceType: 'AWS::S3::Bucket',
        resourceId: 'invoices',
        compliance: 'NON_COMPLIANT',
        annotation: 'To do: encrypt it',
        orderingTimestamp: CAPTURED,
      },
    ]);
  });

  it.each<[string, readonly (Assessment | 'none')[], string]>([
    ['compliant', [{ status: 'compliant' }], 'COMPLIANT'],
    ['manual steps', [{ status: 'manual', message: 'Look.' }], 'NON_COMPLIANT'],
    ['not applicable', [{ status: 'not-applicable', reason: 'A directory bucket.' }], 'NOT_APPLICABLE'],
    ['open for one of two', [{ status: 'compliant' }, change('x')], 'NON_COMPLIANT'],
    ['compliant for one, and not applicable for the other', [{ status: 'not-applicable', reason: 'x' }, { status: 'compliant' }], 'COMPLIANT'],
  ])('%s', async (_name, answers, compliance) => {
    const remediators = answers.map((answer, index) => ({ ...knows('BUCKETS', ['AWS::S3::Bucket'], answer as Assessment), id: `test-${index}` }));
    const { put, invoke } = setUp(remediators);
    await invoke(invocation());
    expect(put[0]?.Evaluations.map((each) => each.ComplianceType)).toEqual([compliance]);
  });

  it.each([
    ['that left its scope', { left: true }],
    ['that is deleted', { item: { configurationItemStatus: 'ResourceDeleted' } }],
    ['of a type that it does not check', { item: { resourceType: 'AWS::SQS::Queue', resourceId: 'q' } }],
  ])('reports nothing about a resource %s, and does not read it', async (_name, over) => {
    const { put, invoke } = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], new Error('looked'))]);
    await invoke(invocation(over));
    expect(put[0]?.Evaluations.map((each) => each.ComplianceType)).toEqual(['NOT_APPLICABLE']);
  });

  it('reports nothing that it could not read; it is delivered again if that may help', async () => {
    const busy = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], new RedressError('aws/throttled', 'slow down', { retryable: true }))]);
    await expect(busy.invoke(invocation())).rejects.toMatchObject({ code: 'lambda/retry' });
    const denied = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], new RedressError('aws/denied', 'no'))]);
    await expect(denied.invoke(invocation())).rejects.toMatchObject({ code: 'evaluation/unreadable' });
    expect([busy.put, denied.put]).toEqual([[], []]);
  });

  it('is delivered again when Config does not accept the answer', async () => {
    const { invoke } = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], { status: 'compliant' })], { putEvaluations: async () => ({ FailedEvaluations: [{}] }) });
    await expect(invoke(invocation())).rejects.toMatchObject({ code: 'lambda/retry' });
  });

  it('that is unknown is refused with the next step', async () => {
    const { put, invoke } = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], { status: 'compliant' })]);
    await expect(invoke(invocation({ rule: 'other' }))).rejects.toMatchObject({ code: 'evaluation/refused', next: expect.stringContaining('configRules') });
    expect(put).toEqual([]);
  });

  it('on a schedule is answered for the account, and refused for single resources', async () => {
    const message = { messageType: 'ScheduledNotification', awsAccountId: ACCOUNT, notificationCreationTime: CAPTURED };
    const settings = setUp([knows('BUCKETS', ['AWS::::Account'], { status: 'compliant' })]);
    await settings.invoke(invocation({ message }));
    expect(settings.put[0]?.Evaluations).toMatchObject([
      { ComplianceResourceType: 'AWS::::Account', ComplianceResourceId: ACCOUNT, ComplianceType: 'COMPLIANT' },
    ]);
    const single = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], { status: 'compliant' })]);
    await expect(single.invoke(invocation({ message }))).rejects.toMatchObject({ code: 'evaluation/refused' });
  });

  it('is evaluated in test mode, and only counted if nobody handles it', async () => {
    const { put, invoke } = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], { status: 'compliant' })]);
    await invoke(invocation({ token: 'TESTMODE' }));
    expect(put[0]?.TestMode).toBe(true);
    const silent = createHandler({
      remediators: [],
      policy: definePolicy({ version: 1 }),
      journal: memoryJournal(),
      connect: async () => ({ config: {}, identity: async () => ({ account: ACCOUNT, arn: '' }) }),
    });
    expect(await silent(invocation(), { getRemainingTimeInMillis: () => 300_000 })).toMatchObject({ evaluations: [], counted: { evaluate: 1 } });
  });

  it('with a proactive evaluation, or none at all, is not evaluated', async () => {
    const redress = createRedress({
      remediators: [],
      policy: definePolicy({ version: 1 }),
      connect: async () => ({ config: {}, identity: async () => ({ account: ACCOUNT, arn: '' }) }),
    });
    for (const input of [{ ...invocation(), evaluationMode: 'PROACTIVE' }, { no: 'event' }]) {
      const [finding] = normalize(input);
      if (finding === undefined) throw new Error('no finding');
      await expect(redress.evaluate(finding)).rejects.toMatchObject({ code: 'evaluation/refused' });
    }
  });

  it('shortens an annotation to what Config accepts', async () => {
    const { put, invoke } = setUp([knows('BUCKETS', ['AWS::S3::Bucket'], change('x'.repeat(500)))]);
    await invoke(invocation());
    expect(put[0]?.Evaluations[0]?.Annotation).toHaveLength(256);
  });
});
