import { resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import { enableSecurityHub } from '../src/index.js';

/** As much of Security Hub as the package uses. */
const securityhub: Readonly<Record<string, Operation>> = {
  DescribeHub: ({ custom }) => {
    if (custom['hub'] !== true) throw new SimulatedError('InvalidAccessException', 401, 'Account 111111111111 is not subscribed to AWS Security Hub');
    return { HubArn: 'arn:aws:securityhub:us-east-1:111111111111:hub/default', SubscribedAt: '2026-11-24T10:00:00Z' };
  },
  EnableSecurityHub: ({ custom }) => {
    if (custom['hub'] === true) throw new SimulatedError('ResourceConflictException', 409);
    custom['hub'] = true;
    return {};
  },
  DisableSecurityHub: ({ custom }) => {
    if (custom['hub'] !== true) throw new SimulatedError('ResourceNotFoundException', 404);
    custom['hub'] = false;
    return {};
  },
};

it('survives every fault at every call', async () => {
  const report = await faultMatrix(enableSecurityHub, {
    services: { securityhub },
    arrange: (account) =>
      reportedGap({
        resource: resource({ type: 'AWS::::Account', id: account.account, account: account.account, region: 'us-east-1' }),
        rule: 'securityhub-enabled',
        open: () => {
          account.state.custom['hub'] = false;
        },
        isOpen: () => account.state.custom['hub'] !== true,
        others: { fix: () => account.act('securityhub', 'EnableSecurityHub', {}) },
      }),
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});
