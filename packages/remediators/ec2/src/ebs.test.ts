import type { JsonObject } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, account, ec2Error, type FakeRegion, fakeEc2, volume } from '../test/fake.js';
import { enableEbsEncryptionByDefault as byDefault, reportUnencryptedEbsVolumes as volumes } from './index.js';

const recorded = (operation: string, request: JsonObject | null, response: JsonObject | null = null) =>
  ({ service: 'ec2', operation, request, response, errorCode: null, readOnly: false, account: ACCOUNT, region: 'eu-west-1' }) as const;

describe('encryption by default', () => {
  const parameters = byDefault.parameters(undefined);
  const plan = async (region: FakeRegion) => {
    const fake = fakeEc2(region);
    const seen = await byDefault.observe({ aws: fake.aws, resource: account(), parameters });
    if (seen === 'gone') throw new Error('gone');
    return {
      calls: fake.calls,
      seen,
      assessment: byDefault.plan({ state: seen.state, context: seen.context, resource: account(), parameters, observedAt: 0 }),
    };
  };

  it('on: nothing to do; the key is read with it, in one round trip', async () => {
    const { assessment, calls } = await plan({ encryptsByDefault: true });
    expect([assessment.status, calls]).toEqual(['compliant', ['GetEbsEncryptionByDefault', 'GetEbsDefaultKmsKeyId']]);
  });
  it('off: turned on, and its undo turns it off; a setting cannot have a tag', async () => {
    const { assessment, seen } = await plan({ encryptsByDefault: false });
    const call = (operation: string) => ({ service: 'ec2', operation, retry: 'idempotent', input: {} });
    expect(assessment).toEqual({
      status: 'change',
      hazards: [],
      changes: [
        {
          call: call('EnableEbsEncryptionByDefault'),
          undo: { calls: [call('DisableEbsEncryptionByDefault')], restores: 'exact' },
          summary: 'turn on EBS encryption by default',
          resolves: true,
        },
      ],
    });
    expect(seen.tags).toBe('untaggable');
  });
  it.each(['alias/aws/ebs', 'arn:aws:kms:eu-west-1:111111111111:alias/aws/ebs'])('under %s it is safe', async (defaultKey) => {
    expect((await plan({ encryptsByDefault: false, defaultKey })).assessment).toMatchObject({ hazards: [] });
  });
  it.each(['alias/ours', 'arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555'])(
    'under %s it needs an approval',
    async (defaultKey) => {
      expect((await plan({ encryptsByDefault: false, defaultKey })).assessment).toMatchObject({
        hazards: [{ code: 'customer-default-key', effect: 'approve' }],
      });
    },
  );
  it('held by a declarative policy: people are notified, nothing is changed, and an earlier fix is not rolled back', async () => {
    const { assessment } = await plan({ encryptsByDefault: false, managedBy: 'declarative-policy' });
    expect(assessment).toMatchObject({ status: 'manual', message: expect.stringContaining('declarative-policy') });
    expect(assessment).not.toHaveProperty('changes');
    expect((await plan({ encryptsByDefault: true, managedBy: 'declarative-policy' })).assessment.status).toBe('compliant');
    // A rollback compares what is there with what the fix left.
    const [own, held] = [await plan({ encryptsByDefault: true }), await plan({ encryptsByDefault: true, managedBy: 'declarative-policy' })];
    expect(own.seen.state).not.toEqual(held.seen.state);
    expect((await plan({ encryptsByDefault: false, managedBy: 'account' })).assessment.status).toBe('change');
  });
  it('throws if anything is missing', async () => {
    await expect(plan({ encryptsByDefault: undefined })).rejects.toThrow('did not return');
    for (const operation of ['GetEbsEncryptionByDefault', 'GetEbsDefaultKmsKeyId']) {
      const { aws } = fakeEc2({ encryptsByDefault: false }, { [operation]: ec2Error('UnauthorizedOperation', 'aws/denied') });
      await expect(byDefault.observe({ aws, resource: account(), parameters })).rejects.toThrow('UnauthorizedOperation');
    }
  });
  it('is checked when someone turns it off', () => {
    expect(byDefault.apiCalls['ec2:DisableEbsEncryptionByDefault']?.(recorded('DisableEbsEncryptionByDefault', {}))).toEqual([{ id: ACCOUNT }]);
  });
});

describe('volumes', () => {
  const parameters = volumes.parameters(undefined);
  const plan = async (given: JsonObject) => {
    const seen = await volumes.observe({ aws: fakeEc2({ volumes: [{ VolumeId: 'vol-1', ...given }] }).aws, resource: volume('vol-1'), parameters });
    if (seen === 'gone') throw new Error('gone');
    return { seen, assessment: volumes.plan({ state: seen.state, context: seen.context, resource: volume('vol-1'), parameters, observedAt: 0 }) };
  };

  it('have no possible change', () => {
    expect([volumes.ceiling, volumes.uses.writes, volumes.uses.undoes]).toEqual(['notify', [], []]);
  });
  it('encrypted: compliant', async () => {
    expect((await plan({ Encrypted: true })).assessment.status).toBe('compliant');
  });
  it('not encrypted and attached: reported, with what uses it', async () => {
    const { assessment, seen } = await plan({
      Encrypted: false,
      Size: 8,
      State: 'in-use',
      Attachments: [{ InstanceId: 'i-1', Device: '/dev/xvda' }, {}],
      Tags: [{ Key: 'team', Value: 'web' }],
    });
    expect(assessment).toMatchObject({ status: 'manual', message: 'Volume vol-1 (8 GiB) is not encrypted; attached to i-1 as /dev/xvda, ? as ?.' });
    expect(seen.tags).toEqual({ team: 'web' });
  });
  it('not encrypted and unused: reported as such', async () => {
    expect((await plan({ Encrypted: false })).assessment).toMatchObject({ status: 'manual', message: 'Volume vol-1 is not encrypted, and not attached.' });
  });
  it('managed by a service: reported, without steps to replace it', async () => {
    const { assessment } = await plan({ Encrypted: false, Operator: { Managed: true, Principal: 'eks.amazonaws.com' } });
    expect(assessment).toEqual({
      status: 'manual',
      message: 'Volume vol-1 is not encrypted, and not attached. eks.amazonaws.com manages it.',
      steps: ['Turn on encryption in the configuration that eks.amazonaws.com uses for its volumes. Only eks.amazonaws.com may replace them.'],
    });
    expect((await plan({ Encrypted: false, Operator: { Managed: false } })).assessment).toMatchObject({
      message: 'Volume vol-1 is not encrypted, and not attached.',
    });
  });
  it('of a service that hides them are read and discovered', async () => {
    const { aws } = fakeEc2({ volumes: [{ VolumeId: 'vol-1', Encrypted: true }], hiddenVolumes: [{ VolumeId: 'vol-2', Encrypted: false }] });
    expect(await volumes.observe({ aws, resource: volume('vol-2'), parameters })).toMatchObject({ state: { encrypted: false } });
    const found: string[] = [];
    for await (const { id } of volumes.discover?.({ aws, parameters, account: ACCOUNT, region: 'eu-west-1' } as never) ?? []) found.push(id);
    expect(found).toEqual(['vol-2']);
  });
  it('that cannot be read completely are errors, and missing ones are reported', async () => {
    await expect(plan({})).rejects.toThrow('did not say');
    expect(await volumes.observe({ aws: fakeEc2({}).aws, resource: volume('vol-1'), parameters })).toBe('gone');
    const { aws } = fakeEc2({}, { DescribeVolumes: ec2Error('UnauthorizedOperation', 'aws/denied') });
    await expect(volumes.observe({ aws, resource: volume('vol-1'), parameters })).rejects.toThrow('UnauthorizedOperation');
  });
  it('are found over all pages', async () => {
    const { aws } = fakeEc2({
      volumes: [
        { VolumeId: 'vol-1', Encrypted: false },
        { VolumeId: 'vol-2', Encrypted: true },
        { VolumeId: 'vol-3', Encrypted: false },
      ],
    });
    const found: string[] = [];
    for await (const { id } of volumes.discover?.({ aws, parameters, account: ACCOUNT, region: 'eu-west-1' } as never) ?? []) found.push(id);
    expect(found).toEqual(['vol-1', 'vol-3']);
  });
  it('are checked when created or attached', () => {
    expect(volumes.apiCalls['ec2:CreateVolume']?.(recorded('CreateVolume', { size: '8' }, { volumeId: 'vol-1' }))).toEqual([{ id: 'vol-1' }]);
    expect(volumes.apiCalls['ec2:CreateVolume']?.(recorded('CreateVolume', {}, null))).toEqual([]);
    expect(volumes.apiCalls['ec2:AttachVolume']?.(recorded('AttachVolume', { volumeId: 'vol-2' }))).toEqual([{ id: 'vol-2' }]);
    expect(volumes.apiCalls['ec2:AttachVolume']?.(recorded('AttachVolume', null))).toEqual([]);
    expect(volumes.apiCalls['ec2:AttachVolume']?.({ ...recorded('AttachVolume', { omitted: true }), response: { volumeId: 'vol-2' } })).toEqual([
      { id: 'vol-2' },
    ]);
  });
});
