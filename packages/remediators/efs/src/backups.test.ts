import { expect, it } from 'vitest';
import { enableAutomaticBackups } from './index.js';

it('backups that are being turned on have not drifted once they are on; they have, once somebody turns them off', () => {
  const { effective, equivalent } = enableAutomaticBackups;
  const left = effective?.({ status: 'ENABLING' });
  expect(effective?.({ status: 'ENABLED' })).toEqual(left);
  for (const status of ['DISABLING', 'DISABLED']) expect(effective?.({ status })).not.toEqual(left);
  expect([equivalent({ status: 'DISABLED' }, { status: 'DISABLING' }), equivalent({ status: 'DISABLED' }, { status: 'ENABLED' })]).toEqual([true, false]);
});
