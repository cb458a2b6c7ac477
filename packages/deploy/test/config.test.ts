// AWS Config → Automation document → function, in simulation: pack and document are those that are deployed, and the account is emulated.
// Config itself is a model of what its documentation says about attempts.
import { type ConnectTarget, createRedress, definePolicy, defineRegister, type JsonObject, type PolicyInput, RedressError, resource } from '@redress/core';
import { askDocument, conformancePack } from '@redress/deploy';
import { memoryJournal } from '@redress/evidence';
import { createConfigHandler } from '@redress/lambda-runtime';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { logOfEachTest } from '../../../tests/support/lambda-log.js';
import { type Automation, lambda, run, simulated } from './automation.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const endpoint = inject('moto');
// The account that the emulator gives to credentials of no role.
const PLACE = { account: '123456789012', region: 'us-east-1' } as const;
const DOCUMENT = askDocument({
  functionArn: `arn:aws:lambda:us-east-1:${PLACE.account}:function:redress-Config`,
  roleArn: `arn:aws:iam::${PLACE.account}:role/redress-AskRole`,
});
const RULE = 'cw-loggroup-retention-period-check';

// Its worker for Python writes to the process's own output, also when the tests are over.
logOfEachTest(/^Class file/);
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = ((chunk: string | Uint8Array, ...more: []) => (String(chunk).startsWith('Class file') ? true : write(chunk, ...more))) as typeof write;

beforeEach(() => {
  // The simulator says each thing it does.
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

/** CloudWatch Logs, asked directly: the account as it is. */
async function logs(operation: string, input: object): Promise<{ logGroups?: { logGroupName: string; retentionInDays?: number }[] }> {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Logs_20140328.${operation}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=x',
    },
    body: JSON.stringify(input),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text === '' ? {} : (JSON.parse(text) as object);
}

/** A log group that keeps its events for a week. */
async function shortGroup(): Promise<string> {
  const logGroupName = `/config/${crypto.randomUUID()}`;
  await logs('CreateLogGroup', { logGroupName });
  await logs('PutRetentionPolicy', { logGroupName, retentionInDays: 7 });
  return logGroupName;
}
async function retention(name: string): Promise<number | undefined> {
  const { logGroups = [] } = await logs('DescribeLogGroups', { logGroupNamePrefix: name });
  return logGroups.find((each) => each.logGroupName === name)?.retentionInDays;
}

/** Redress, and Config with our pack. */
function setUp(mode: 'enforce' | 'approve' | 'notify', more: { exceptions?: Parameters<typeof defineRegister>[0]; fails?: number } = {}) {
  // What has to settle has settled when it is waited for.
  let passed = 0;
  const clock = {
    now: () => Date.now() + passed,
    sleep: async (ms: number) => {
      passed += ms;
    },
  };
  const journal = memoryJournal({ clock });
  let failures = more.fails ?? 0;
  const policy: PolicyInput = {
    version: 1,
    environments: { dev: { accounts: [PLACE.account] } },
    approvers: { dev: ['arn:aws:iam::123456789012:user/ann'] },
    remediators: { 'logs-raise-retention': { dev: mode } },
  };
  const options = {
    remediators: logsRemediators,
    policy: definePolicy(policy),
    journal,
    connect: async ({ region }: ConnectTarget) => {
      if (failures-- > 0) throw new RedressError('aws/unreachable', 'not now', { retryable: true });
      return {
        config: { region, endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } },
        identity: async () => ({ account: PLACE.account, arn: `arn:aws:sts::${PLACE.account}:assumed-role/RedressFix/x` }),
      };
    },
    ...(more.exceptions === undefined ? {} : { exceptions: defineRegister(more.exceptions) }),
    clock,
  };
  const handler = createConfigHandler(options);
  const invoke = lambda((event) => handler(event, { getRemainingTimeInMillis: () => 120_000 }));
  const records = async (kind: string) => {
    const found: JsonObject[] = [];
    for await (const { record } of journal.read({ all: true })) if (record.kind === kind) found.push(record.body);
    return found;
  };
  return { journal, redress: createRedress(options), records, remediate: (id: string) => remediate(id, invoke) };
}

/** What Config does about one resource that is not compliant. */
async function remediate(id: string, invoke: ReturnType<typeof lambda>): Promise<{ attempts: Automation[]; exception: boolean }> {
  const input: Readonly<Record<string, string>> = {
    AutomationAssumeRole: `arn:aws:iam::${PLACE.account}:role/redress-AskRole`,
    DocumentName: 'Redress-Remediate',
  };
  const { Resources } = conformancePack({ remediators: logsRemediators });
  const found = Object.values(Resources).find((each) => each.Type === 'AWS::Config::RemediationConfiguration' && each.Properties['ConfigRuleName'] === RULE);
  const configured = found?.Properties as unknown as {
    MaximumAutomaticAttempts: number;
    Parameters: Record<string, { StaticValue?: { Values: (string | { Ref: string })[] }; ResourceValue?: { Value: 'RESOURCE_ID' } }>;
  };
  const parameters = Object.fromEntries(
    Object.entries(configured.Parameters).map(([name, { StaticValue, ResourceValue }]) => {
      const value = ResourceValue === undefined ? StaticValue?.Values[0] : id;
      return [name, typeof value === 'object' ? (input[value.Ref] ?? '') : (value ?? '')];
    }),
  );
  const attempts: Automation[] = [];
  while (attempts.length < configured.MaximumAutomaticAttempts) {
    attempts.push(await run(DOCUMENT, parameters, PLACE, invoke));
    if (attempts.at(-1)?.status === 'Success') return { attempts, exception: false };
  }
  return { attempts, exception: true };
}

describe('a remediation of AWS Config', () => {
  it('is simulated as it is deployed', () => {
    expect(JSON.parse(simulated(DOCUMENT).print())).toEqual(DOCUMENT);
  });

  it('fixes, and reports success once it is verified', async () => {
    const name = await shortGroup();
    const { remediate: config, records } = setUp('enforce');
    const { attempts, exception } = await config(name);
    expect(await retention(name)).toBe(365);
    const [outcome] = await records('outcome');
    expect(outcome).toMatchObject({ journal: { outcome: 'remediated' }, verified: 'verified' });
    const [intent] = await records('intent');
    expect(intent).toMatchObject({ trigger: { kind: 'config-remediation', configRule: RULE, id: expect.stringContaining(attempts[0]?.id ?? '?') } });
    expect(attempts).toMatchObject([{ status: 'Success', outputs: { 'Judge.Answer': 'fixed', 'Judge.Executions': [expect.stringMatching(/^x-/)] } }]);
    expect(exception).toBe(false);
  });

  it('is held back over two attempts, changes nothing, and requests one approval', async () => {
    const name = await shortGroup();
    const { remediate: config, records, redress } = setUp('approve');
    const { attempts, exception } = await config(name);
    expect(attempts.map(({ status, outputs }) => [status, outputs])).toEqual([
      ['Failed', {}],
      ['Failed', {}],
    ]);
    for (const { failure } of attempts) expect(failure).toContain('held-back: Held back: logs-raise-retention: awaiting-approval (mode-approve).');
    expect(await retention(name)).toBe(7);
    expect(await records('decision')).toMatchObject([{ outcome: 'awaiting-approval' }, { outcome: 'awaiting-approval' }]);
    expect([await records('intent'), exception]).toEqual([[], true]);

    // What Config has put on the resource keeps nobody from approving, and from fixing.
    const waiting = await redress.approvals();
    expect(waiting).toHaveLength(1);
    await redress.approve(waiting[0]?.id ?? '', { by: { name: 'arn:aws:iam::123456789012:user/ann', verified: true }, reason: 'fine' });
    expect(await retention(name)).toBe(365);
    expect(await config(name)).toMatchObject({ attempts: [{ status: 'Success', outputs: { 'Judge.Executions': [] } }], exception: false });
  });

  it('is held back by an exception, and if the policy only notifies', async () => {
    const name = await shortGroup();
    const exceptions = [
      {
        id: 'EXC-1',
        scope: { account: PLACE.account, resource: name },
        reason: 'short on purpose',
        owner: 'payments',
        approver: 'security',
        expires: new Date(Date.now() + 86_400_000).toISOString(),
      },
    ];
    for (const [set, why] of [
      [setUp('enforce', { exceptions }), 'exempt'],
      [setUp('notify'), 'notified (mode-notify)'],
    ] as const) {
      const { attempts } = await set.remediate(name);
      expect(attempts).toHaveLength(2);
      for (const { status, failure } of attempts) expect([status, failure]).toEqual(['Failed', expect.stringContaining(`logs-raise-retention: ${why}`)]);
      expect([await set.records('decision'), await set.records('intent')]).toEqual([[expect.anything(), expect.anything()], []]);
    }
    expect(await retention(name)).toBe(7);
  });

  it('with a temporary failure succeeds at the second attempt', async () => {
    const name = await shortGroup();
    const { remediate: config } = setUp('enforce', { fails: 1 });
    const { attempts, exception } = await config(name);
    expect(attempts.map(({ status }) => status)).toEqual(['Failed', 'Success']);
    expect(attempts[0]?.failure).toMatch(/Redress gave no answer: .*RetryError/);
    expect([await retention(name), exception]).toEqual([365, false]);
  });

  it('is not reported as fixed while another worker holds the lease', async () => {
    const name = await shortGroup();
    const { remediate: config, redress, journal, records } = setUp('enforce');
    const ref = resource({ type: 'AWS::Logs::LogGroup', id: name, ...PLACE });
    const [planned] = await redress.plan('logs-raise-retention', ref);
    const { generation } = await journal.view(ref);
    const planDigest = planned?.plan?.digest ?? 'sha256:none';
    await journal.begin({ resource: ref, remediator: 'logs-raise-retention', planDigest, generation, budgets: [], lease: 3_600_000, body: {}, documents: {} });
    const { attempts } = await config(name);
    expect(attempts.map(({ status }) => status)).toEqual(['Failed', 'Failed']);
    expect(await retention(name)).toBe(7);
    for (const { failure } of attempts) expect(failure).toMatch(/RetryError.*Execution x-\S+ holds the resource/);
    // It is none of them: what became of that execution is seen when it comes again.
    expect([await records('duplicate'), await records('decision')]).toEqual([[], []]);
    expect(await records('intent')).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a word', 'fixed'],
    ['a list', ['fixed']],
    ['a similar word', { answer: 'Fixed' }],
    ['an error of Lambda', { errorType: 'Error', errorMessage: '{"answer":"fixed"}' }],
    ['a failure', { answer: 'failed', message: 'Nobody is asked.', passes: [] }],
  ])('fails if the function returns %s', async (_name, answer) => {
    const asked = { ConfigRuleName: RULE, ResourceType: 'AWS::Logs::LogGroup', ResourceId: '/x' };
    expect(await run(DOCUMENT, asked, PLACE, async () => ({ StatusCode: 200, Payload: JSON.stringify(answer) }))).toMatchObject({
      status: 'Failed',
      outputs: {},
    });
  });
});
