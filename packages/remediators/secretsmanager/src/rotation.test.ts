import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { reportFailedRotation as report } from './index.js';

const ARN = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-AbCdEf';
const REF = resource({ type: 'AWS::SecretsManager::Secret', id: ARN, account: '111111111111', region: 'eu-west-1' });
const NOW = Date.parse('2026-11-29T12:00:00Z');
const secret = (found: object) => ({ secretsmanager: { DescribeSecret: { ARN, ...found } } });
const of = (found: object) => assess(report, REF, secret(found), { now: NOW });

it('is late a day after it was due, and not earlier', async () => {
  expect((await of({ RotationEnabled: true, NextRotationDate: new Date('2026-11-28T12:00:01Z') })).status).toBe('compliant');
  expect(await of({ RotationEnabled: true, NextRotationDate: new Date('2026-11-28T11:59:59Z') })).toMatchObject({
    status: 'manual',
    message: `Secret ${ARN} was due for rotation on 2026-11-28, and has never been rotated.`,
  });
});
it('shows when it was rotated last, and whether a version is left', async () => {
  const late = { RotationEnabled: true, NextRotationDate: new Date('2026-11-01T00:00:00Z'), LastRotatedDate: new Date('2026-10-01T00:00:00Z') };
  expect(JSON.stringify(await of({ ...late, VersionIdsToStages: { a: ['AWSCURRENT', 'AWSPENDING'] } }))).not.toContain(
    'An unfinished rotation has left a pending version.',
  );
  const left = JSON.stringify(await of({ ...late, VersionIdsToStages: { a: ['AWSCURRENT'], b: ['AWSPENDING'] } }));
  expect(left).toContain('was last rotated on 2026-10-01');
  expect(left).toContain('An unfinished rotation has left a pending version.');
  expect(JSON.stringify(await of({ ...late, OwningService: 'rds' }))).toContain('rds rotates it');
});
it('does not apply without rotation, and is missing if it is to be deleted', async () => {
  expect((await of({})).status).toBe('not-applicable');
  expect((await of({ RotationEnabled: false, NextRotationDate: new Date(0) })).status).toBe('not-applicable');
  expect(await look(report, REF, secret({ DeletedDate: new Date() }))).toBe('gone');
});
