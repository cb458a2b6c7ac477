import { GLOBAL_REGION, type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { deactivateStaleAccessKey, deactivateUnusedAccessKey, detachCloudShellFullAccess, setPasswordExpiration } from '../src/index.js';

interface Person {
  status: string;
  tags: { Key: string; Value: string }[];
}
type Named = { readonly UserName: string };
const personOf = (custom: Record<string, unknown>, { UserName }: Named): Person => {
  const found = (custom as Record<string, Person>)[UserName];
  if (found === undefined) throw new SimulatedError('NoSuchEntity', 404);
  return found;
};
/** As much of IAM as keys need: each user has one, made long ago, which nobody has used. */
const iam: Readonly<Record<string, Operation>> = {
  ListUsers: ({ custom }) => ({ Users: Object.keys(custom).map((UserName) => ({ UserName, UserId: `AIDA${UserName}` })), IsTruncated: false }),
  GetUser: ({ custom }, named: Named) => ({ User: { ...named, UserId: `AIDA${named.UserName}`, Tags: personOf(custom, named).tags } }),
  ListAccessKeys: ({ custom }, named: Named) => ({
    AccessKeyMetadata: [
      { ...named, AccessKeyId: `AKIA${named.UserName}`, Status: personOf(custom, named).status, CreateDate: new Date('2020-01-01T00:00:00Z') },
    ],
    IsTruncated: false,
  }),
  GetAccessKeyLastUsed: () => ({ AccessKeyLastUsed: { ServiceName: 'N/A', Region: 'N/A' } }),
  UpdateAccessKey: ({ custom }, { Status, ...named }: Named & { readonly Status: string }) => {
    personOf(custom, named).status = Status;
    return {};
  },
};

it.each<[id: string, Remediator]>([
  [deactivateStaleAccessKey.id, deactivateStaleAccessKey],
  [deactivateUnusedAccessKey.id, deactivateUnusedAccessKey],
])('%s survives every fault at every call', async (_, remediator) => {
  const report = await faultMatrix(remediator, {
    services: { iam },
    arrange(account) {
      Object.assign(account.state.custom, { beside: { status: 'Inactive', tags: [] }, subject: { status: 'Inactive', tags: [] } });
      const now = () => (account.state.custom as Record<string, Person>)['subject'];
      return reportedGap({
        resource: resource({ type: 'AWS::IAM::User', id: 'subject', account: account.account, region: GLOBAL_REGION }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(now() ?? {}, { status: 'Active' }),
        isOpen: () => now()?.status === 'Active',
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(now() ?? {}, { status: 'Inactive' }),
          change: () => now()?.tags.push({ Key: 'team', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});

interface Holder {
  attached: string[];
  tags: { Key: string; Value: string }[];
}
const SHELL = 'arn:aws:iam::aws:policy/AWSCloudShellFullAccess';
const holderOf = (custom: Record<string, unknown>, { UserName }: Named): Holder => {
  const found = (custom as Record<string, Holder>)[UserName];
  if (found === undefined) throw new SimulatedError('NoSuchEntity', 404);
  return found;
};
/** As much of IAM as policies of users need. */
const attachments: Readonly<Record<string, Operation>> = {
  GetUser: ({ custom }, named: Named) => ({ User: { ...named, UserId: `AIDA${named.UserName}`, Path: '/', Tags: holderOf(custom, named).tags } }),
  ListUsers: ({ custom }) => ({ Users: Object.keys(custom).map((UserName) => ({ UserName, UserId: `AIDA${UserName}` })), IsTruncated: false }),
  ListAttachedUserPolicies: ({ custom }, named: Named) => ({
    AttachedPolicies: holderOf(custom, named).attached.map((PolicyArn) => ({ PolicyArn })),
    IsTruncated: false,
  }),
  ListEntitiesForPolicy: ({ custom }, { PolicyArn, EntityFilter }: { readonly PolicyArn: string; readonly EntityFilter: string }) => ({
    PolicyUsers: Object.entries(custom as Record<string, Holder>).flatMap(([UserName, { attached }]) =>
      EntityFilter === 'User' && attached.includes(PolicyArn) ? [{ UserName }] : [],
    ),
    PolicyRoles: [],
    PolicyGroups: [],
    IsTruncated: false,
  }),
  DetachUserPolicy: ({ custom }, { PolicyArn, ...named }: Named & { readonly PolicyArn: string }) => {
    const holder = holderOf(custom, named);
    if (!holder.attached.includes(PolicyArn)) throw new SimulatedError('NoSuchEntity', 404);
    holder.attached = holder.attached.filter((each) => each !== PolicyArn);
    return {};
  },
};

it('iam-detach-cloudshell-full-access survives every fault at every call, and leaves the other policies', async () => {
  const OTHER = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  const report = await faultMatrix(detachCloudShellFullAccess, {
    services: { iam: attachments },
    arrange(account) {
      Object.assign(account.state.custom, { beside: { attached: [], tags: [] }, subject: { attached: [OTHER], tags: [] } });
      const now = () => (account.state.custom as Record<string, Holder>)['subject'];
      return reportedGap({
        resource: resource({ type: 'AWS::IAM::User', id: 'subject', account: account.account, region: GLOBAL_REGION }),
        rule: 'iam-policy-blacklisted-check',
        open: () => Object.assign(now() ?? {}, { attached: [OTHER, SHELL] }),
        isOpen: () => now()?.attached.includes(SHELL) === true,
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(now() ?? {}, { attached: [OTHER] }),
          change: () => now()?.tags.push({ Key: 'team', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(100);
});

/** As much of IAM as a password policy needs. */
const policies: Readonly<Record<string, Operation>> = {
  GetAccountPasswordPolicy: ({ custom }) => {
    if (custom['policy'] === undefined) throw new SimulatedError('NoSuchEntity', 404);
    return { PasswordPolicy: custom['policy'] };
  },
  GetCredentialReport: () => ({ Content: Buffer.from('user,arn,password_enabled,password_last_changed\n') }),
  UpdateAccountPasswordPolicy: ({ custom }, policy: object) => {
    custom['policy'] = policy;
    return {};
  },
};

it('iam-set-password-expiration survives every fault at every call', async () => {
  const report = await faultMatrix(setPasswordExpiration, {
    services: { iam: policies },
    arrange(account) {
      const { custom } = account.state as { custom: Record<string, { MaxPasswordAge?: number }> };
      const set = (policy: object) => Object.assign(custom, { policy: { MinimumPasswordLength: 14, HardExpiry: false, ...policy } });
      set({ MaxPasswordAge: 30 });
      return reportedGap({
        resource: resource({ type: 'AWS::::Account', id: account.account, account: account.account, region: GLOBAL_REGION }),
        rule: 'iam-password-policy',
        open: () => set({}),
        isOpen: () => custom['policy'] !== undefined && custom['policy'].MaxPasswordAge === undefined,
        others: {
          delete: () => delete custom['policy'],
          fix: () => set({ MaxPasswordAge: 60 }),
          change: () => set({ ...custom['policy'], MinimumPasswordLength: 20 }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});
