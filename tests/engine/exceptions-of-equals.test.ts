// Two remediators that are equally wide plan the same call: an exception from one of them is one from the call, whichever is asked.
import { createRedress, definePolicy, defineRegister, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { expect, it } from 'vitest';
import { revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';

it.each([
  ['widget-revoke-open', 'widget-revoke-other'],
  ['widget-revoke-other', 'widget-revoke-open'],
])('an exception from %s holds where %s is asked alone', async (excepted, asked) => {
  const aws = new Widgets();
  aws.put('w', ['open-1']);
  const named = (id: string): Remediator => ({ ...revokeOpenRules, id, freshWithin: null });
  const remediators = [named('widget-revoke-open'), named('widget-revoke-other')];
  const redress = createRedress({
    remediators,
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: { 'widget-revoke-open': { dev: 'enforce' }, 'widget-revoke-other': { dev: 'enforce' } },
    }),
    exceptions: defineRegister([
      {
        id: 'EXC-1',
        scope: { resource: 'w', resourceType: 'AWS::Test::Widget', remediators: excepted },
        reason: 'vendor window',
        owner: 'payments',
        approver: 'security',
        expires: '2099-12-31T00:00:00Z',
      },
    ]),
    journal: memoryJournal(),
    connect: aws.connect,
  });
  const [summary] = await redress.sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }], remediators: [asked] });
  expect(summary?.outcomes).toEqual({ exempt: 1 });
  expect((await redress.run(widget('w'))).map(({ outcome }) => outcome)).toEqual(['exempt', 'no-op']);
  expect(aws.rules('w')).toEqual(['open-1']);
});
