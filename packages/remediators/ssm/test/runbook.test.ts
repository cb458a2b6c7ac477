// A runbook that takes its time, on the emulator: started with an approval, awaited, told of by AWS, and closed by a look at the key.
import { CreateKeyCommand, GetKeyRotationStatusCommand, KMSClient } from '@aws-sdk/client-kms';
import { createRedress, definePolicy, type PassResult, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { enableKeyRotationByRunbook } from '../src/index.js';
import { automationService, DOCUMENT, HASH } from './automation-service.js';

const service = await automationService(inject('moto'));
afterAll(() => service.close());

// The account that the emulator gives to credentials of no role.
const PLACE = { account: '123456789012', region: 'us-east-1' } as const;
const ANN = { name: 'arn:aws:iam::123456789012:user/ann', verified: true };
const config = { region: PLACE.region, endpoint: service.endpoint, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };
const kms = new KMSClient(config);
const rotates = async (KeyId: string) => (await kms.send(new GetKeyRotationStatusCommand({ KeyId }))).KeyRotationEnabled;

let passed = 0;
const clock = {
  now: () => Date.now() + passed,
  sleep: async (ms: number) => {
    passed += ms;
  },
};

beforeEach(() => {
  service.started.length = 0;
  service.hash = HASH;
  service.atOnce = false;
});

async function setUp() {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const ref = resource({ type: 'AWS::KMS::Key', id: KeyMetadata?.KeyId ?? '', ...PLACE });
  const redress = createRedress({
    remediators: [enableKeyRotationByRunbook],
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [PLACE.account] } },
      approvers: { dev: [ANN.name] },
      remediators: { 'kms-enable-key-rotation-by-runbook': { dev: 'enforce', parameters: { documentHash: HASH, role: 'Runbooks' } } },
    }),
    journal: memoryJournal({ clock }),
    connect: async () => ({ config, identity: async () => ({ account: PLACE.account, arn: `arn:aws:sts::${PLACE.account}:assumed-role/RedressFix/x` }) }),
    clock,
  });
  const outcomes = (passes: readonly PassResult[]) => passes.map(({ outcome }) => outcome);
  const run = async () => outcomes(await redress.run(ref));
  const approve = async () => {
    const [waiting] = (await redress.approvals()).filter((each) => each.resource.id === ref.id);
    return outcomes(await redress.approve(waiting?.id ?? '', { by: ANN, reason: 'reviewed' }));
  };
  const ended = async (status: string) => {
    const event = {
      version: '0',
      id: crypto.randomUUID(),
      'detail-type': 'EC2 Automation Execution Status-change Notification',
      source: 'aws.ssm',
      ...PLACE,
      time: new Date(clock.now()).toISOString(),
      resources: [],
      detail: { ExecutionId: service.started[0]?.id, Definition: DOCUMENT, DefinitionVersion: '1', Status: status },
    };
    return (await redress.handle(event)).results.flatMap((each) => each.passes);
  };
  return { ref, redress, run, approve, ended };
}

describe('an AWS-managed runbook', () => {
  it('needs an approval, is started once as reviewed, and is closed by the state of the key', async () => {
    const { ref, redress, run, approve, ended } = await setUp();
    expect(await run()).toEqual(['awaiting-approval']);
    expect(await approve()).toEqual(['awaiting-runbook']);
    expect(await run()).toEqual(['awaiting-runbook']);
    expect(service.started).toMatchObject([
      { version: '1', parameters: { KeyId: [ref.id], AutomationAssumeRole: [`arn:aws:iam::${PLACE.account}:role/Runbooks`] } },
    ]);
    // It says that it has succeeded, and the key is as it was.
    expect(await ended('Success')).toMatchObject([{ outcome: 'awaiting-runbook' }]);
    await service.started[0]?.work();
    expect(await rotates(ref.id)).toBe(true);
    const [done] = await ended('Failed');
    expect(done).toMatchObject({ outcome: 'remediated' });
    expect(await run()).toEqual(['no-op']);
    expect(await redress.rollback(done?.execution ?? '', { by: 'ann', reason: 'not now' })).toMatchObject({ outcome: 'rolled-back' });
    expect([await rotates(ref.id), service.started.length]).toEqual([false, 1]);
  });

  it('is not started if it has changed after the approval', async () => {
    const { ref, run, approve } = await setUp();
    expect(await run()).toEqual(['awaiting-approval']);
    service.hash = 'b'.repeat(64);
    expect(await approve()).toEqual(['superseded', 'notified']);
    expect([await rotates(ref.id), service.started.length]).toEqual([false, 0]);
  });

  it('that does not complete in time is a failure, and another approval is needed', async () => {
    const { ref, run, approve } = await setUp();
    await run();
    await approve();
    passed += 1_800_000;
    expect(await run()).toEqual(['failed']);
    expect(await run()).toEqual(['awaiting-approval']);
    expect([await rotates(ref.id), service.started.length]).toEqual([false, 1]);
  });
});
