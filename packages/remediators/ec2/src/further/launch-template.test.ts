import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../../tests/support/look.js';
import { encryptVolumesInLaunchTemplate, removePublicIpFromLaunchTemplate, requireImdsv2InLaunchTemplate } from '../index.js';

const lt = resource({ type: 'AWS::EC2::LaunchTemplate', id: 'lt-1', account: '111111111111', region: 'eu-west-1' });
interface World {
  readonly newest?: object;
  readonly instances?: readonly object[];
  readonly template?: object;
}
/** A template whose default version is the second one, and the latest one, unless there is a newer one. */
const world = (data: object, { newest, instances = [], template = {} }: World = {}) => ({
  ec2: {
    DescribeLaunchTemplates: { LaunchTemplates: [{ LaunchTemplateId: 'lt-1', Tags: [], ...template }] },
    DescribeLaunchTemplateVersions: {
      LaunchTemplateVersions: [
        { VersionNumber: 2, DefaultVersion: true, LaunchTemplateData: data },
        ...(newest === undefined ? [] : [{ VersionNumber: 7, DefaultVersion: false, LaunchTemplateData: newest }]),
      ],
    },
    DescribeInstances: { Reservations: [{ Instances: instances }] },
  },
});
const OPTIONS = { HttpTokens: 'optional', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 2, State: 'applied' };
const BASE = { ImageId: 'ami-1', UserData: 'cGFzc3dvcmQ9c2VjcmV0', MetadataOptions: OPTIONS };
const FIXED = { ...BASE, MetadataOptions: { ...OPTIONS, HttpTokens: 'required' } };
const create = (SourceVersion: string, LaunchTemplateData: object) => ({
  operation: 'CreateLaunchTemplateVersion',
  input: { LaunchTemplateId: 'lt-1', SourceVersion, LaunchTemplateData },
});
const use = (DefaultVersion: string) => ({ operation: 'ModifyLaunchTemplate', input: { LaunchTemplateId: 'lt-1', DefaultVersion } });

describe('a launch template', () => {
  it('gets a version based on the default one, and stays open; a rollback makes a copy of the old one the latest', async () => {
    const assessment = await assess(requireImdsv2InLaunchTemplate, lt, world(BASE));
    expect(assessment).toMatchObject({
      status: 'change',
      hazards: [],
      open: [expect.stringContaining('the default version of lt-1 still has the gap')],
      changes: [
        {
          call: create('2', { MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 2 } }),
          undo: {
            restores: 'equivalent',
            calls: [create('2', { MetadataOptions: { HttpTokens: 'optional', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 2 } })],
          },
          resolves: false,
        },
      ],
    });
    expect(assessment.status === 'change' && assessment.changes[0]?.call.input).toEqual(
      create('2', { MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 2 } }).input,
    );
  });
  it('without such a parameter gets it, and its copy names a valid one', async () => {
    expect(await assess(requireImdsv2InLaunchTemplate, lt, world({ InstanceType: 't3.micro' }))).toMatchObject({
      changes: [{ call: create('2', { MetadataOptions: { HttpTokens: 'required' } }), undo: { calls: [create('2', { InstanceType: 't3.micro' })] } }],
    });
    expect((await assess(requireImdsv2InLaunchTemplate, lt, world({ UserData: 'eA==' }))).status).toBe('manual');
  });
  it('keeps the snapshots of its volumes, which EC2 omits from a version based on another one', async () => {
    const BlockDeviceMappings = [{ DeviceName: '/dev/sdb', Ebs: { SnapshotId: 'snap-1' } }];
    expect(await assess(requireImdsv2InLaunchTemplate, lt, world({ ...BASE, BlockDeviceMappings }))).toMatchObject({
      changes: [
        { call: { input: { LaunchTemplateData: { BlockDeviceMappings } } }, undo: { calls: [{ input: { LaunchTemplateData: { BlockDeviceMappings } } }] } },
      ],
    });
  });
  it('with other differences in its latest version needs manual steps: users of that version would lose them', async () => {
    expect(await assess(requireImdsv2InLaunchTemplate, lt, world(BASE, { newest: { ...BASE, ImageId: 'ami-2' } }))).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('The default version 2 of lt-1 has the gap, and its latest version 7 has other differences'),
    });
    expect((await assess(requireImdsv2InLaunchTemplate, lt, world(BASE, { newest: { ...FIXED, UserData: 'b3RoZXI=' } }))).status).toBe('manual');
    expect((await assess(requireImdsv2InLaunchTemplate, lt, world(BASE, { newest: { ...BASE, MetadataOptions: { HttpEndpoint: 'disabled' } } }))).status).toBe(
      'manual',
    );
  });
  it('with the fix in its latest version gets that as its default, and no further one', async () => {
    const assessment = await assess(requireImdsv2InLaunchTemplate, lt, world(BASE, { newest: FIXED }));
    expect(assessment).toMatchObject({ changes: [{ call: use('7'), undo: { restores: 'exact', calls: [use('2')] }, resolves: true }] });
    expect(assessment).not.toHaveProperty('open');
  });
  it('with a copy of the default as its latest version gets one more', async () => {
    expect(await assess(requireImdsv2InLaunchTemplate, lt, world(BASE, { newest: BASE }))).toMatchObject({ changes: [{ call: create('2', {}) }] });
  });
  it('equals its earlier state after a rollback, whatever the version numbers', () => {
    const state = { managed: false, version: 2, newest: 2, part: OPTIONS, latest: OPTIONS, alike: true, devices: [], anchor: {} };
    expect(requireImdsv2InLaunchTemplate.equivalent(state, { ...state, newest: 4 })).toBe(true);
    expect(requireImdsv2InLaunchTemplate.equivalent(state, { ...state, newest: 3, latest: FIXED.MetadataOptions })).toBe(false);
  });
  it('names what it has launched, and is not changed if a service made it', async () => {
    const instances = [{ InstanceId: 'i-1', Tags: [{ Key: 'aws:autoscaling:groupName', Value: 'web' }] }, { InstanceId: 'i-2' }];
    expect(await assess(requireImdsv2InLaunchTemplate, lt, world(BASE, { instances }))).toMatchObject({
      hazards: [{ code: 'in-use', message: 'lt-1 has launched i-2, web' }],
    });
    const Tags = [{ Key: 'eks:nodegroup-name', Value: 'blue' }];
    expect(await assess(requireImdsv2InLaunchTemplate, lt, world(BASE, { template: { Tags } }))).toMatchObject({
      hazards: [{ code: 'of-a-service', effect: 'notify' }],
    });
    expect((await assess(requireImdsv2InLaunchTemplate, lt, world(BASE, { template: { Operator: { Managed: true } } }))).status).toBe('not-applicable');
  });
  it('has no user data in the records', async () => {
    const state = JSON.stringify(await look(requireImdsv2InLaunchTemplate, lt, world(BASE)));
    expect(state).not.toContain(BASE.UserData);
  });
  it('cannot be read if EC2 omits which version is the default', async () => {
    const { ec2 } = world(BASE);
    const replies = { ec2: { ...ec2, DescribeLaunchTemplateVersions: { LaunchTemplateVersions: [{ VersionNumber: 2, LaunchTemplateData: BASE }] } } };
    await expect(look(requireImdsv2InLaunchTemplate, lt, replies)).rejects.toThrow('DefaultVersion');
  });
});

it('a template requests no public address after the fix, and its other interfaces and their settings stay', async () => {
  const [first, second] = [
    { DeviceIndex: 0, AssociatePublicIpAddress: true, Groups: ['sg-1'] },
    { DeviceIndex: 1, SubnetId: 'subnet-1' },
  ];
  const assessment = await assess(removePublicIpFromLaunchTemplate, lt, world({ NetworkInterfaces: [first, second] }));
  expect(assessment).toMatchObject({ changes: [{ undo: { calls: [create('2', { NetworkInterfaces: [first, second] })] } }] });
  expect(assessment.status === 'change' && assessment.changes[0]?.call.input).toEqual(
    create('2', { NetworkInterfaces: [{ ...first, AssociatePublicIpAddress: false }, second] }).input,
  );
  expect((await assess(removePublicIpFromLaunchTemplate, lt, world({ ImageId: 'ami-1' }))).status).toBe('compliant');
});

describe('volumes of a template', () => {
  const volumes = (...Ebs: readonly (object | undefined)[]) => ({
    BlockDeviceMappings: Ebs.map((each, at) => ({ DeviceName: `/dev/sd${at}`, ...(each === undefined ? { VirtualName: 'ephemeral0' } : { Ebs: each }) })),
  });
  const kmsKeyId = 'alias/volumes';
  it('are encrypted, with the key of the policy if they name none', async () => {
    const before = volumes({ VolumeSize: 8 }, { Encrypted: false, KmsKeyId: 'alias/own' }, { Encrypted: true }, undefined);
    expect(await assess(encryptVolumesInLaunchTemplate, lt, world(before), { parameters: { kmsKeyId } })).toMatchObject({
      hazards: [{ code: 'customer-key' }],
      changes: [
        {
          call: create(
            '2',
            volumes({ VolumeSize: 8, Encrypted: true, KmsKeyId: kmsKeyId }, { Encrypted: true, KmsKeyId: 'alias/own' }, { Encrypted: true }, undefined),
          ),
          undo: { calls: [create('2', before)] },
        },
      ],
    });
    expect(await assess(encryptVolumesInLaunchTemplate, lt, world(volumes({ VolumeSize: 8 })))).toMatchObject({ hazards: [] });
  });
  it('of snapshots need manual steps, since EC2 accepts no encryption together with a snapshot', async () => {
    expect(await assess(encryptVolumesInLaunchTemplate, lt, world(volumes({ VolumeSize: 8 }, { SnapshotId: 'snap-1' })))).toMatchObject({
      status: 'manual',
      message: expect.stringContaining('snap-1'),
    });
  });
});
