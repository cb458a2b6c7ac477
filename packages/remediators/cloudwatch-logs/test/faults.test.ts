import { resource } from '@redress/core';
import { cloudTrailEvent, faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { encryptLogGroup, raiseAccountRetention } from '../src/index.js';

interface Group {
  key: string | null;
  tags: Record<string, string>;
}
type Named = { readonly logGroupName: string };
const groupOf = (custom: Record<string, unknown>, name: string): Group => {
  const found = (custom as Record<string, Group>)[name];
  if (found === undefined) throw new SimulatedError('ResourceNotFoundException', 400);
  return found;
};
const arnOf = (account: string, name: string) => `arn:aws:logs:us-east-1:${account}:log-group:${name}`;
/** As much of CloudWatch Logs as a key needs. */
const logs: Readonly<Record<string, Operation>> = {
  DescribeLogGroups: ({ custom }, { logGroupNamePrefix: prefix = '' }: { readonly logGroupNamePrefix?: string }, { account }) => ({
    logGroups: Object.entries(custom as Record<string, Group>)
      .filter(([name]) => name.startsWith(prefix))
      .map(([logGroupName, { key }]) => ({
        logGroupName,
        creationTime: 1,
        logGroupArn: arnOf(account, logGroupName),
        ...(key === null ? {} : { kmsKeyId: key }),
      })),
  }),
  ListTagsForResource: ({ custom }, { resourceArn }: { readonly resourceArn: string }) => ({ tags: groupOf(custom, resourceArn.split(':').at(-1) ?? '').tags }),
  AssociateKmsKey: ({ custom }, { logGroupName, kmsKeyId }: Named & { readonly kmsKeyId: string }) => {
    groupOf(custom, logGroupName).key = kmsKeyId;
    return {};
  },
  DisassociateKmsKey: ({ custom }, { logGroupName }: Named) => {
    groupOf(custom, logGroupName).key = null;
    return {};
  },
};
const KEY = 'arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab';

it('logs-encrypt-log-group survives every fault at every call', async () => {
  const report = await faultMatrix(encryptLogGroup, {
    services: { logs },
    parameters: { kmsKeyArn: KEY },
    arrange(account) {
      Object.assign(account.state.custom, { 'beside-it': { key: KEY, tags: {} }, subject: { key: KEY, tags: {} } });
      const now = () => (account.state.custom as Record<string, Group>)['subject'];
      return reportedGap({
        resource: resource({ type: 'AWS::Logs::LogGroup', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: 'cloudwatch-log-group-encrypted',
        open: () => Object.assign(now() ?? {}, { key: null }),
        isOpen: () => now()?.key === null,
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(now() ?? {}, { key: KEY }),
          change: () => Object.assign(now()?.tags ?? {}, { team: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});

/** As much of CloudWatch Logs as retention policies of an account need. */
type Policies = Record<string, Record<string, string>>;
const policies: Readonly<Record<string, Operation>> = {
  DescribeAccountPolicies: ({ custom }, _: unknown, { account }) => ({
    accountPolicies: Object.entries((custom as Policies)[account] ?? {}).map(([policyName, policyDocument]) => ({ policyName, policyDocument, scope: 'ALL' })),
  }),
  PutAccountPolicy: ({ custom }, { policyName, policyDocument }: { readonly policyName: string; readonly policyDocument: string }, { account }) => {
    Object.assign((custom as Policies)[account] ?? {}, { [policyName]: policyDocument });
    return {};
  },
};
const keeping = (retentionInDays: number) => JSON.stringify({ enforcementMode: 'RETROACTIVE', retentionInDays });

it('logs-raise-account-retention survives every fault at every call', async () => {
  const report = await faultMatrix(raiseAccountRetention, {
    services: { logs: policies },
    arrange({ account, state }) {
      (state.custom as Policies)[account] = { audit: keeping(3653), central: keeping(365) };
      const now = () => (state.custom as Policies)[account] ?? {};
      const ref = resource({ type: 'AWS::::Account', id: account, account, region: 'us-east-1' });
      return {
        ref,
        open(at) {
          Object.assign(now(), { central: keeping(30) });
          return cloudTrailEvent({
            account,
            region: 'us-east-1',
            service: 'logs',
            operation: 'PutAccountPolicy',
            request: { policyName: 'central', policyType: 'RETENTION_POLICY' },
            time: new Date(at),
          });
        },
        isOpen: () => now()['central'] === keeping(30),
        others: {
          delete: () => void delete now()['central'],
          fix: () => void Object.assign(now(), { central: keeping(400) }),
          change: () => void Object.assign(now(), { audit: JSON.stringify({ retentionInDays: 'NEVER_EXPIRE' }) }),
        },
      };
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(100);
});
