// A person's word for what nothing can evaluate: recorded, with who and until when; before and after that its gap is open.
import { createRedress, definePolicy, type Journal, type Redress } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { packOf } from '@redress/frameworks';
import { beforeEach, describe, expect, it } from 'vitest';
import { attestedRule, isTracked, trackedRule } from './index.js';

const ACCOUNT = '111111111111';
const OTHER = '222222222222';
const RULE = 'security-awareness-program-exists';
const ID = 'attested-security-awareness-program-exists';
const START = Date.parse('2026-11-28T10:00:00Z');
const DAY = 86_400_000;
let time: number;
let journal: Journal;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
beforeEach(() => {
  time = START;
  journal = memoryJournal({ clock });
});
const engine = (): Redress =>
  createRedress({
    remediators: [attestedRule({ name: RULE }), trackedRule({ identifier: null, name: 'acme-other', types: ['AWS::RDS::DBInstance'] })],
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT, OTHER] } },
      deadlines: [{ remediators: [ID], within: 'P30D' }],
    }),
    journal,
    connect: async ({ account, region }) => ({
      config: { region },
      identity: async () => ({ account, arn: `arn:aws:sts::${account}:assumed-role/Redress/test` }),
    }),
    clock,
  });
const sweep = async (account = ACCOUNT) => (await engine().sweep({ targets: [{ account, region: 'us-east-1' }] })).find(({ remediator }) => remediator === ID);
const open = async () =>
  (await journal.standing()).gaps.map(({ remediator, resource, message, deadline }) => [remediator, resource.account, message, deadline]);
const attest = (until: number | null, over: object = {}) =>
  engine().attest(ID, { account: ACCOUNT }, { by: 'Ada', until, evidence: 'https://wiki.example/awareness', ...over });

describe('a check that only a person can attest', () => {
  it('is an open gap with a deadline until somebody attests it, and then closed', async () => {
    expect(await sweep()).toMatchObject({ status: 'complete' });
    expect(await open()).toEqual([[ID, ACCOUNT, `Nobody has attested ${RULE} for ${ACCOUNT}.`, START + 30 * DAY]]);
    const { attestation, passes } = await attest(START + 90 * DAY);
    expect(attestation).toEqual({
      remediator: ID,
      by: { name: 'Ada', verified: false },
      at: START,
      until: START + 90 * DAY,
      evidence: 'https://wiki.example/awareness',
    });
    expect(passes).toMatchObject([{ outcome: 'no-op', message: 'Attested only by Ada on 2026-11-28, until 2027-02-26: https://wiki.example/awareness' }]);
    expect(await open()).toEqual([]);
    time += DAY;
    await sweep();
    expect(await open()).toEqual([]);
  });

  it('is open again when the attestation expires, and names who attested it', async () => {
    await attest(START + 90 * DAY);
    time = START + 89 * DAY;
    await sweep();
    expect(await open()).toEqual([]);
    time = START + 90 * DAY;
    await sweep();
    expect(await open()).toEqual([[ID, ACCOUNT, `The attestation of ${RULE} by Ada on 2026-11-28 expired on 2027-02-26.`, time + 30 * DAY]]);
  });

  it('is attested for one account, and not for others', async () => {
    await attest(START + 90 * DAY);
    await sweep(ACCOUNT);
    await sweep(OTHER);
    expect((await open()).map(([, account]) => account)).toEqual([OTHER]);
  });

  it('can be withdrawn, and attested again by another person', async () => {
    await attest(START + 90 * DAY);
    time += DAY;
    const { passes } = await attest(null, { evidence: 'the programme has ended' });
    expect(passes).toMatchObject([{ outcome: 'notified' }]);
    expect((await open()).map(([, account]) => account)).toEqual([ACCOUNT]);
    await attest(time + DAY, { by: 'Grace' });
    expect(await open()).toEqual([]);
    const { attestations } = await journal.view(passes[0]?.resource as never);
    expect(attestations).toMatchObject([{ remediator: ID, by: { name: 'Grace' } }]);
  });

  it('is recorded with the person, the expiry and the evidence', async () => {
    await attest(START + DAY);
    const records = [];
    for await (const { record } of journal.read({ all: true })) if (record.kind === 'approval') records.push(record);
    expect(records).toMatchObject([
      {
        remediator: ID,
        resource: { type: 'AWS::::Account', id: ACCOUNT, region: 'aws-global' },
        body: {
          attested: { by: { name: 'Ada', verified: false }, until: START + DAY, evidence: 'https://wiki.example/awareness' },
          message: 'Ada (unverified) attests it until 2026-11-29T10:00:00.000Z: https://wiki.example/awareness',
        },
      },
    ]);
  });

  it.each<[why: string, until: number | null, over: object]>([
    ['is valid for more than 366 days', START + 366 * DAY + 1, {}],
    ['has expired', START, {}],
    ['has no person', START + DAY, { by: ' ' }],
    ['has no evidence', START + DAY, { evidence: '' }],
  ])('is refused when it %s, and nothing is recorded', async (_, until, over) => {
    await expect(attest(until, over)).rejects.toMatchObject({ code: 'attest/refused' });
    const records = [];
    for await (const stored of journal.read({ all: true })) records.push(stored);
    expect(records).toEqual([]);
  });

  it('is refused for a rule that is evaluated automatically', async () => {
    await expect(engine().attest('tracked-acme-other', { account: ACCOUNT }, { by: 'Ada', until: START + DAY, evidence: 'x' })).rejects.toMatchObject({
      code: 'attest/refused',
    });
  });

  it('is one for each process check of a pack, with its name', async () => {
    const { rules } = await packOf('apra-cpg-234');
    const checks = rules.filter(({ identifier }) => identifier === 'AWS_CONFIG_PROCESS_CHECK');
    expect(checks.map(({ name }) => attestedRule({ name })).map((each) => [each.id, isTracked(each), each.attested, each.configRules])).toEqual([
      [ID, true, true, [RULE]],
    ]);
  });
});
