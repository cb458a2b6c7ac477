// An update of ours on a finding comes back as an import. It must not begin anything.
import { DisableEbsEncryptionByDefaultCommand, EC2Client, GetEbsEncryptionByDefaultCommand } from '@aws-sdk/client-ec2';
import { createRedress, definePolicy, type StoredRecord } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { enableEbsEncryptionByDefault } from '@redress/remediator-ec2';
import { testConnect } from '@redress/testing';
import { expect, inject, it } from 'vitest';
import { notifier, securityHubChannel } from '../src/index.js';
import { server } from './support.js';

const REGION = 'sa-east-1';
const ACCOUNT = '123456789012';

it('one finding leads to exactly one action, and to one update of the finding; a gap that returns is another one', async () => {
  const endpoint = inject('moto');
  const ec2 = new EC2Client({ region: REGION, endpoint });
  await ec2.send(new DisableEbsEncryptionByDefaultCommand({}));
  let finding: Record<string, unknown> = {
    SchemaVersion: '2018-10-08',
    Id: `arn:aws:securityhub:${REGION}:${ACCOUNT}:security-control/EC2.7/finding/1`,
    ProductArn: `arn:aws:securityhub:${REGION}::product/aws/securityhub`,
    AwsAccountId: ACCOUNT,
    Region: REGION,
    GeneratorId: 'security-control/EC2.7',
    UpdatedAt: '2026-11-24T10:00:00.000Z',
    Title: 'EBS default encryption should be enabled',
    Severity: { Label: 'MEDIUM' },
    Resources: [{ Type: 'AwsAccount', Id: `AWS::::Account:${ACCOUNT}`, Region: REGION }],
    Compliance: { Status: 'FAILED', SecurityControlId: 'EC2.7' },
    Workflow: { Status: 'NEW' },
    RecordState: 'ACTIVE',
  };
  const imported = () => ({
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'Security Hub Findings - Imported',
    source: 'aws.securityhub',
    account: ACCOUNT,
    region: REGION,
    time: new Date().toISOString(),
    resources: [],
    detail: { findings: [finding] },
  });
  // What Security Hub does: it keeps note and workflow, and imports the finding again.
  const hub = await server(({ json }) => {
    finding = { ...finding, Note: { ...json.Note, UpdatedAt: new Date().toISOString() }, Workflow: json.Workflow };
    return { json: { ProcessedFindings: json.FindingIdentifiers, UnprocessedFindings: [] } };
  });
  try {
    const journal = memoryJournal();
    const redress = createRedress({
      remediators: [enableEbsEncryptionByDefault],
      policy: definePolicy({
        version: 1,
        environments: { dev: { accounts: [ACCOUNT] } },
        remediators: { 'ec2-enable-ebs-encryption-by-default': { dev: 'enforce' } },
      }),
      journal,
      connect: testConnect({ endpoint }),
      notify: notifier({ channels: [securityHubChannel({ client: { endpoint: hub.url } })] }),
      clock: { now: () => Date.now(), sleep: async () => undefined },
    });
    const intents = async () => {
      const all: StoredRecord[] = [];
      for await (const each of journal.read({ all: true })) if (each.record.kind === 'intent') all.push(each);
      return all.length;
    };

    await redress.handle(imported());
    expect((await ec2.send(new GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault).toBe(true);
    expect(hub.arrived.map((each) => each.json.Workflow.Status)).toEqual(['RESOLVED']);

    for (let echo = 0; echo < 3; echo++) {
      const { results } = await redress.handle(imported());
      expect(results.map((each) => [each.finding.disposition, each.passes.length])).toEqual([['ignored', 0]]);
    }
    expect([await intents(), hub.arrived.length]).toEqual([1, 1]);

    // Someone turns it off again before it was evaluated: it never passed, so the finding stays RESOLVED, and our note is still on it.
    await ec2.send(new DisableEbsEncryptionByDefaultCommand({}));
    finding = { ...finding, UpdatedAt: new Date(Date.now() + 60_000).toISOString() };
    await redress.handle(imported());
    expect((await ec2.send(new GetEbsEncryptionByDefaultCommand({}))).EbsEncryptionByDefault).toBe(true);
    expect(await intents()).toBe(2);
  } finally {
    await hub.close();
  }
});
