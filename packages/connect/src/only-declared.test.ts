import { type ConnectTarget, defineRemediator, defineService, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { onlyDeclared } from './only-declared.js';

const command = class {
  readonly input = {};
  resolveMiddleware(): () => Promise<{ output: object }> {
    throw new Error('only its type is used');
  }
};
const lamp = defineService({
  id: 'lamp',
  client: class {} as never,
  operations: {
    // Two operations, one action.
    ListLamps: { command: command as never, iam: ['lamp:ListLamps', 'lamp:GetLamp'] },
    DescribeLamp: { command: command as never, iam: ['lamp:GetLamp', 'lamp:GetLampTags'] },
    DescribeRoom: { command: command as never },
    SwitchOff: { command: command as never },
    SwitchOn: { command: command as never },
  },
});
const remediator = defineRemediator({
  id: 'lamp-switch-off',
  title: 'Switch lamps off',
  resourceTypes: ['AWS::Test::Lamp'],
  controls: [],
  ceiling: 'enforce',
  blindSpots: ['none in a test'],
  uses: {
    reads: [lamp.pick('ListLamps', 'DescribeLamp', 'DescribeRoom')],
    finds: [lamp.pick('ListLamps')],
    decides: [lamp.pick('DescribeRoom')],
    writes: [lamp.pick('SwitchOff')],
    undoes: [lamp.pick('SwitchOn')],
  },
  observe: async () => ({ state: {}, tags: {} }),
  plan: () => ({ status: 'compliant' }),
});
const ref = resource({ type: 'AWS::Test::Lamp', id: 'l-1', account: '111111111111', region: 'eu-west-1' });
const target = (access: ConnectTarget['access'], id: string | null): ConnectTarget => ({
  partition: 'aws',
  account: '111111111111',
  region: 'eu-west-1',
  access,
  execution: id === null ? null : { id: 'x-1', remediator: id, resource: ref },
});

describe('onlyDeclared', () => {
  const policyOf = onlyDeclared([remediator]);

  it.each([
    ['write', ['lamp:SwitchOff']],
    ['rollback', ['lamp:GetLamp', 'lamp:GetLampTags', 'lamp:SwitchOn']],
  ] as const)('%s may call what is declared for it, in the region of the resource', (access, Action) => {
    expect(policyOf(target(access, 'lamp-switch-off'))).toEqual({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource: '*', Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } } }],
    });
  });

  it('does not limit reads, and refuses an unknown remediator', () => {
    expect(policyOf(target('read', null))).toBeUndefined();
    expect(() => policyOf(target('write', 'door-close'))).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
  });
});
