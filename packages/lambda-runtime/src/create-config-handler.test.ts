import { type Assessment, definePolicy, defineRemediator, RedressError, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { describe, expect, it } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { createConfigHandler } from './create-config-handler.js';

const log = logOfEachTest();
const ACCOUNT = '111111111111';
const REQUEST = {
  redress: 'config-remediation',
  configRule: 'acme-buckets',
  resourceType: 'AWS::S3::Bucket',
  resourceId: 'invoices',
  account: ACCOUNT,
  region: 'eu-west-1',
  automationExecution: 'e9b4a5a6-1b2c-4d3e-8f90-0a1b2c3d4e5f',
};

/** Knows one rule, and answers what the test says. */
function setUp(...answers: readonly (Assessment | Error)[]) {
  const looked: string[] = [];
  const remediators = answers.map((answer, index): Remediator => {
    const made = defineRemediator({
      id: `test-look-${index}`,
      title: 'Test',
      resourceTypes: ['AWS::S3::Bucket'],
      controls: [],
      triggers: { configRules: ['ACME_BUCKETS'] },
      ceiling: 'notify',
      blindSpots: [],
      uses: { reads: [], writes: [], undoes: [] },
      observe: async ({ resource }) => {
        looked.push(`${resource.account} ${resource.id}`);
        if (answer instanceof Error) throw answer;
        return { state: {}, tags: {} };
      },
      plan: () => ({ status: 'compliant' }),
    });
    return { ...made, plan: () => answer as Assessment };
  });
  const journal = memoryJournal();
  const handler = createConfigHandler({
    remediators,
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } } }),
    journal,
    connect: async ({ account }) => ({ config: {}, identity: async () => ({ account, arn: `arn:aws:sts::${account}:assumed-role/redress/x` }) }),
  });
  const records = async () => {
    const found: unknown[] = [];
    for await (const { record } of journal.read({ all: true })) found.push(record.body['outcome']);
    return found;
  };
  return { looked, records, ask: (event: unknown = REQUEST) => handler(event, { getRemainingTimeInMillis: () => 300_000 }) };
}
const manual: Assessment = { status: 'manual', message: 'Somebody has to look.' };

describe('the handler for AWS Config', () => {
  it('returns fixed when it verifies that nothing is open, and records that', async () => {
    const { ask, records } = setUp({ status: 'compliant' });
    expect(await ask()).toEqual({
      answer: 'fixed',
      message: 'Fixed and verified: test-look-0: no-op.',
      passes: [{ remediator: 'test-look-0', outcome: 'no-op', execution: null, reasons: [] }],
    });
    expect(await records()).toEqual(['no-op']);
    expect(log.lines).toMatchObject([{ level: 'INFO', kind: 'pass', remediator: 'test-look-0', outcome: 'no-op', reasons: [] }]);
  });

  it('returns held-back when one of two remediators leaves something open, each time, and records each', async () => {
    const { ask, records } = setUp({ status: 'compliant' }, manual);
    const answer = await ask();
    expect(answer).toMatchObject({ answer: 'held-back', message: 'Held back: test-look-1: notified (mode-notify, ceiling-notify).' });
    expect(await ask({ ...REQUEST, automationExecution: 'second' })).toEqual(answer);
    expect(await records()).toEqual(['no-op', 'notified', 'no-op', 'notified']);
  });

  it('reveals nothing about the resource: the caller may be from another account', async () => {
    const { ask } = setUp(manual);
    expect(JSON.stringify(await ask())).not.toMatch(/Somebody|invoices/);
  });

  it('returns failed when no remediator applies, or the request is invalid', async () => {
    const { ask, looked } = setUp({ status: 'compliant' });
    expect(await ask({ ...REQUEST, configRule: 'other' })).toMatchObject({
      answer: 'failed',
      message: expect.stringContaining('Nothing was done: No remediator handles the Config rule other: '),
    });
    expect(await ask({ ...REQUEST, account: 5 })).toMatchObject({ answer: 'failed', message: 'Nothing was done: The request has no account.' });
    for (const event of [null, 'x', {}, { redress: 'canary' }, [REQUEST]]) expect(await ask(event)).toMatchObject({ answer: 'failed', passes: [] });
    expect(looked).toEqual([]);
  });

  it.each([
    ['an envelope', { 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.ec2', account: '222222222222', detail: {} }],
    ['a batch', { Records: [{ eventSource: 'aws:sqs', messageId: 'm', body: JSON.stringify({ ...REQUEST, resourceId: 'forged' }) }] }],
    ['findings', { Findings: [{ ...REQUEST, resourceId: 'forged' }] }],
    ['a member that is not a string', { extra: { redress: 'x' } }],
  ])('uses only the request of an input that also has %s', async (_name, beside) => {
    const { ask, looked } = setUp({ status: 'compliant' });
    expect(await ask({ ...beside, ...REQUEST })).toMatchObject({ answer: 'fixed' });
    expect(looked).toEqual([`${ACCOUNT} invoices`]);
  });

  it('fails the invocation when a later attempt may succeed', async () => {
    const { ask } = setUp(new RedressError('aws/throttled', 'slow down', { retryable: true }));
    await expect(ask()).rejects.toMatchObject({ code: 'lambda/retry' });
  });
});
