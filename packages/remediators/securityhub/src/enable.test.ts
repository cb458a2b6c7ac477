import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { look } from '../../../../tests/support/look.js';
import { enableSecurityHub } from './index.js';

const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'eu-west-1' });
const hub = (DescribeHub: unknown) => look(enableSecurityHub, REF, { securityhub: { DescribeHub } });
const ARN = 'arn:aws:securityhub:eu-west-1:111111111111:hub/default';
const off = Object.assign(new Error('Account 111111111111 is not subscribed to AWS Security Hub'), {
  name: 'InvalidAccessException',
  $metadata: { httpStatusCode: 401 },
});

it('has since when it is on in its state: one that was turned off and on again is another one', async () => {
  const seen = await hub({ HubArn: ARN, SubscribedAt: '2026-11-30T10:00:00Z' });
  expect(seen).toMatchObject({ state: { enabled: true, since: '2026-11-30T10:00:00Z' }, assessment: { status: 'compliant' } });
});

it('is turned on where it is off, and its undo says what is lost', async () => {
  expect(await hub(off)).toMatchObject({
    state: { enabled: false, since: null },
    assessment: {
      status: 'change',
      changes: [
        { call: { operation: 'EnableSecurityHub' }, undo: { calls: [{ operation: 'DisableSecurityHub' }], destroys: expect.stringContaining('findings') } },
      ],
    },
  });
});
