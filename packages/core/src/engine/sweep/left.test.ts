import { expect, it } from 'vitest';
import type { Remediator } from '../../remediator/define.js';
import { leftBefore } from './left.js';
import type { Before } from './progress.js';

it('what was left of an account in China is of that partition, also where it has no region', () => {
  const left = [{ type: 'AWS::IAM::User', id: 'alice', region: 'aws-global', remediators: ['users'], seenAt: 1, due: 2, tries: 1 }];
  const before = { progress: { left }, overdue: [] } as unknown as Before;
  const found = leftBefore(before, { account: '111111111111', region: 'cn-north-1' }, [{ id: 'users', breadth: 0 } as Remediator]);
  expect(found.map(({ ref }) => ref)).toEqual([{ type: 'AWS::IAM::User', id: 'alice', account: '111111111111', region: 'aws-global', partition: 'aws-cn' }]);
});
