import { resource } from '@redress/core';
import { cloudTrailEvent, faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { removePublicPermission, requireFunctionUrlAuth } from '../src/index.js';

interface Function {
  policy: string;
  revision: number;
  tags: Record<string, string>;
}
const functionOf = (custom: Record<string, unknown>, name: string): Function => {
  const found = (custom as Record<string, Function>)[name];
  if (found === undefined) throw new SimulatedError('ResourceNotFoundException', 404);
  return found;
};
const lastOf = (arn: string) => arn.split(':').at(-1) ?? '';
/** As much of Lambda as policies need. */
const lambda: Readonly<Record<string, Operation>> = {
  GetFunctionConfiguration: ({ custom }, { FunctionName }: { readonly FunctionName: string }) => {
    functionOf(custom, FunctionName);
    return { FunctionName };
  },
  GetFunctionUrlConfig: () => {
    throw new SimulatedError('ResourceNotFoundException', 404);
  },
  ListFunctions: ({ custom }) => ({
    Functions: Object.keys(custom)
      .sort()
      .map((FunctionName) => ({ FunctionName })),
  }),
  ListTags: ({ custom }, { Resource }: { readonly Resource: string }) => ({ Tags: functionOf(custom, lastOf(Resource)).tags }),
  GetResourcePolicy: ({ custom }, { ResourceArn }: { readonly ResourceArn: string }) => {
    const { policy, revision } = functionOf(custom, lastOf(ResourceArn));
    return { Policy: policy, RevisionId: `r${revision}` };
  },
  PutResourcePolicy: (
    { custom },
    { ResourceArn, Policy, RevisionId }: { readonly ResourceArn: string; readonly Policy: string; readonly RevisionId?: string },
  ) => {
    const found = functionOf(custom, lastOf(ResourceArn));
    if (RevisionId !== undefined && RevisionId !== `r${found.revision}`) throw new SimulatedError('PreconditionFailedException', 412);
    Object.assign(found, { policy: Policy, revision: found.revision + 1 });
    return { Policy, RevisionId: `r${found.revision}` };
  },
};
const policy = (Principal: unknown) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Sid: 'call', Effect: 'Allow', Principal, Action: 'lambda:InvokeFunction', Resource: '*' }] });

it('lambda-remove-public-permission survives every fault at every call', async () => {
  const report = await faultMatrix(removePublicPermission, {
    services: { lambda },
    arrange(account) {
      const sound = (): Function => ({ policy: policy({ AWS: '222222222222' }), revision: 1, tags: { team: 'shop' } });
      Object.assign(account.state.custom, { beside: sound(), subject: sound() });
      const subject = () => functionOf(account.state.custom, 'subject');
      const set = (text: string) => Object.assign(subject(), { policy: text, revision: subject().revision + 1 });
      return reportedGap({
        resource: resource({ type: 'AWS::Lambda::Function', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: 'lambda-function-public-access-prohibited',
        open: () => set(policy('*')),
        isOpen: () => (account.state.custom as Record<string, Function>)['subject']?.policy === policy('*'),
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => set(policy({ AWS: '222222222222' })),
          change: () => Object.assign(subject().tags, { more: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});

interface Addressed {
  auth: string;
  tags: Record<string, string>;
}
const addressedOf = (custom: Record<string, unknown>, name: string): Addressed => {
  const found = (custom as Record<string, Addressed>)[name];
  if (found === undefined) throw new SimulatedError('ResourceNotFoundException', 404);
  return found;
};
/** As much of Lambda as URLs need. */
const urls: Readonly<Record<string, Operation>> = {
  ...lambda,
  GetFunctionConfiguration: ({ custom }, { FunctionName }: { readonly FunctionName: string }) => {
    addressedOf(custom, FunctionName);
    return { FunctionName };
  },
  GetFunctionUrlConfig: ({ custom }, { FunctionName }: { readonly FunctionName: string }) => ({ AuthType: addressedOf(custom, FunctionName).auth }),
  UpdateFunctionUrlConfig: ({ custom }, { FunctionName, AuthType }: { readonly FunctionName: string; readonly AuthType: string }) => {
    addressedOf(custom, FunctionName).auth = AuthType;
    return { AuthType };
  },
};

it('lambda-require-function-url-auth survives every fault at every call', async () => {
  const report = await faultMatrix(requireFunctionUrlAuth, {
    services: { lambda: urls },
    arrange(account) {
      const sound = (): Addressed => ({ auth: 'AWS_IAM', tags: { team: 'shop' } });
      Object.assign(account.state.custom, { beside: sound(), subject: sound() });
      const subject = () => addressedOf(account.state.custom, 'subject');
      const own = { account: account.account, region: 'us-east-1' };
      const gap = reportedGap({
        resource: resource({ type: 'AWS::Lambda::Function', id: 'subject', ...own }),
        rule: 'none',
        open: () => Object.assign(subject(), { auth: 'NONE' }),
        isOpen: () => (account.state.custom as Record<string, Addressed>)['subject']?.auth === 'NONE',
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(subject(), { auth: 'AWS_IAM' }),
          change: () => Object.assign(subject().tags, { more: 'x' }),
        },
      });
      return {
        ...gap,
        open(at) {
          gap.open(at);
          return cloudTrailEvent({ ...own, service: 'lambda', operation: 'UpdateFunctionUrlConfig', request: { functionName: 'subject' }, time: new Date(at) });
        },
      };
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});
