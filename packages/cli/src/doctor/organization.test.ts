// The doctor and a policy that names organizational units and tags: it looks at the accounts that they stand for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { breakerOf, type Connect, type Organization } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { command } from '../../test/support/command.js';
import type { DoctorDocument } from '../commands/doctor.js';

const OWN = '111111111111';
const [IN_UNIT, TAGGED, BOTH] = ['222222222222', '333333333333', '444444444444'];
let directory: string;
let asked: string[];
const connect: Connect = async ({ account }) => {
  asked.push(account);
  return {
    config: {},
    identity: async () => ({ account: OWN, arn: `arn:aws:iam::${OWN}:user/someone` }),
    // Nothing of AWS is there: a client that asked the network would try for seconds.
    client: () => ({ send: () => Promise.reject(new Error('the network is down')) }) as never,
  };
};
const organization: Organization = {
  accounts: async () => [OWN, IN_UNIT, TAGGED, BOTH],
  within: async (unit) => (unit === 'ou-ab12-11111111' ? [IN_UNIT] : []),
  tags: async (account) => ({ [TAGGED]: { stage: 'dev' }, [BOTH]: { stage: 'dev', tier: 'gold' } })[account] ?? {},
};
const doctor = async (over: { organization?: Organization; live?: boolean } = {}) => {
  const argv = ['doctor', ...(over.live === false ? [] : ['--live', '--in', 'eu-west-1']), '--region', 'eu-west-1', '--json'];
  const { out, exit } = await command(argv, directory, { connect, organization: over.organization ?? organization });
  const { checks } = JSON.parse(out) as DoctorDocument;
  return { exit, checks, of: (code: string) => checks.filter((each) => each.code === code).map(({ status, where }) => `${status} ${where}`) };
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'redress-doctor-'));
  asked = [];
  writeFileSync(
    join(directory, 'redress.yaml'),
    [
      'version: 1',
      'environments:',
      '  dev:',
      '    organizationalUnits: [ou-ab12-11111111]',
      '    accountTags: [stage=dev]',
      '  prod:',
      '    accountTags: [tier=gold]',
      '    after: none',
      '    because: a test',
      '',
    ].join('\n'),
  );
  const journal = folderJournal({ directory: join(directory, '.redress') });
  for (const account of [IN_UNIT, TAGGED])
    await journal.append({ kind: 'breaker', resource: breakerOf({ account, partition: 'aws' }), remediator: 'r', body: { breaker: 'open', reason: 'bad' } });
  await journal.close?.();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it('resolves units and tags to accounts through the organization, and checks each of them', async () => {
  const { checks, of } = await doctor();
  expect(of('policy-organization')).toEqual(['ok policy']);
  expect(checks.find(({ code }) => code === 'policy-organization')?.saw).toContain(' 2 accounts');
  // What the journal has of them, and whether they let us in.
  expect(of('breaker-open')).toEqual([`warn r in ${IN_UNIT}`, `warn r in ${TAGGED}`]);
  for (const account of [IN_UNIT, TAGGED]) expect(asked).toContain(account);
});

it('names an account that two environments claim', async () => {
  const { of } = await doctor();
  expect(of('policy-ambiguous-account')).toEqual([`warn ${BOTH}`]);
  expect(asked).not.toContain(BOTH);
});

it('reports unknown if the organization does not answer, which fails', async () => {
  const denied: Organization = { ...organization, within: () => Promise.reject(new Error('AccessDeniedException: organizations:ListAccountsForParent')) };
  const { exit, checks, of } = await doctor({ organization: denied });
  expect([exit, of('policy-organization')]).toEqual([1, ['unknown policy']]);
  expect(checks.find(({ code }) => code === 'policy-organization')?.saw).toContain('AccessDeniedException');
});

it('makes no request without --live, and reports that', async () => {
  const never: Organization = { ...organization, within: () => Promise.reject(new Error('asked')), accounts: () => Promise.reject(new Error('asked')) };
  const { exit, checks } = await doctor({ organization: never, live: false });
  expect(exit).toBe(0);
  expect(checks.find(({ code }) => code === 'policy-organization')).toMatchObject({
    status: 'ok',
    saw: expect.stringContaining('were not resolved to accounts'),
  });
});
