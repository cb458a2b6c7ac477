import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { enableSecurityHub } from './index.js';

const REF = resource({ type: 'AWS::::Account', id: '111111111111', account: '111111111111', region: 'eu-west-1' });

async function stateOf(SubscribedAt: string): Promise<unknown> {
  const aws = { securityhub: { DescribeHub: async () => ({ HubArn: 'arn:aws:securityhub:eu-west-1:111111111111:hub/default', SubscribedAt }) } };
  const seen = await enableSecurityHub.observe({ aws, resource: REF, parameters: {}, purpose: 'verification' } as never);
  return seen === 'gone' ? seen : seen.state;
}

it('a rollback sees that somebody has turned it off and on since', async () => {
  const left = await stateOf('2026-11-24T10:00:00.000Z');
  expect(await stateOf('2026-11-24T10:00:00.000Z')).toEqual(left);
  expect(await stateOf('2026-11-25T10:00:00.000Z')).not.toEqual(left);
});
