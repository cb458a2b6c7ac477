import { resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { assess, look } from '../../../../tests/support/look.js';
import { requireProxyTls, requireTls } from './index.js';

const ref = (type: string, id: string) => resource({ type, id, account: '111111111111', region: 'eu-west-1' });
const REF = ref('AWS::RDS::DBInstance', 'orders');

interface Given {
  readonly engine?: string;
  readonly group?: string;
  readonly status?: string;
  readonly value?: string;
  readonly source?: string;
  readonly others?: readonly string[];
  readonly found?: object;
}
const replies = ({ engine = 'postgres', group = 'own', status = 'in-sync', value, source = 'system', others = [], found = {} }: Given) => {
  const instance = (DBInstanceIdentifier: string, name: string) => ({
    DBInstanceIdentifier,
    DbiResourceId: `db-${DBInstanceIdentifier}`,
    Engine: engine,
    DBParameterGroups: [{ DBParameterGroupName: name, ParameterApplyStatus: status }],
    TagList: [],
    ...found,
  });
  return {
    rds: {
      DescribeDBInstances: ({ DBInstanceIdentifier }: { DBInstanceIdentifier?: string }) => ({
        DBInstances: [
          instance('orders', group),
          ...(DBInstanceIdentifier === undefined ? [instance('beside', 'another'), ...others.map((each) => instance(each, group))] : []),
        ],
      }),
      DescribeDBParameters: ({ DBParameterGroupName, Filters }: { DBParameterGroupName: string; Filters: [{ Values: [string] }] }) => ({
        Parameters: [
          { ParameterName: 'other', ParameterValue: '1', Source: 'user' },
          {
            ParameterName: DBParameterGroupName === group ? Filters[0].Values[0] : 'none',
            ...(value === undefined ? {} : { ParameterValue: value }),
            Source: source,
          },
        ],
      }),
    },
  };
};
const of = (given: Given) => assess(requireTls, REF, replies(given));
const set = (ParameterName: string, ParameterValue: string, ApplyMethod = 'immediate') => ({
  operation: 'ModifyDBParameterGroup',
  input: { DBParameterGroupName: 'own', Parameters: [{ ParameterName, ParameterValue, ApplyMethod }] },
});
const reset = (ParameterName: string, ApplyMethod = 'immediate') => ({
  operation: 'ResetDBParameterGroup',
  input: { DBParameterGroupName: 'own', ResetAllParameters: false, Parameters: [{ ParameterName, ApplyMethod }] },
});

describe('TLS to an instance', () => {
  it.each([
    ['postgres', 'rds.force_ssl', 'immediate'],
    ['mysql', 'require_secure_transport', 'immediate'],
    ['mariadb', 'require_secure_transport', 'immediate'],
    ['sqlserver-se', 'rds.force_ssl', 'pending-reboot'],
  ])('of %s is required by %s (%s), and the undo resets it', async (engine, name, method) => {
    expect(await of({ engine, value: '0' })).toMatchObject({
      status: 'change',
      hazards: [],
      changes: [{ call: set(name, '1', method), undo: { restores: 'exact', calls: [reset(name, method)] }, resolves: method === 'immediate' }],
    });
  });
  it('of SQL Server stays open until the instance restarts', async () => {
    expect(await of({ engine: 'sqlserver-se', value: '0' })).toMatchObject({ open: [expect.stringContaining('orders accepts connections without TLS')] });
    expect(await of({ value: '0' })).not.toHaveProperty('open');
  });
  it('is not required if there is an exception on another instance of the parameter group', async () => {
    const look = async (purpose: 'decision' | 'confirmation') => {
      const { rds } = replies({ value: '0', others: ['legacy'], found: { TagList: [{ Key: 'redress:exception', Value: 'EX-1' }] } });
      const answering = Object.fromEntries(Object.entries(rds).map(([name, reply]) => [name, async (input: never) => reply(input)]));
      const seen = await requireTls.observe({ aws: { rds: answering } as never, resource: REF, parameters: {}, purpose });
      return seen === 'gone' ? seen : seen.usedBy;
    };
    const legacy = [{ type: 'AWS::RDS::DBInstance', id: 'legacy', tags: { 'redress:exception': 'EX-1' } }];
    expect(await look('decision')).toEqual(legacy);
    expect(await look('confirmation')).toEqual(legacy);
    expect(requireTls.exceptionTypes).toEqual(['AWS::RDS::DBInstance']);
  });
  it('is restored to what somebody had set', async () => {
    expect(await of({ value: 'OFF', source: 'user', engine: 'mysql' })).toMatchObject({
      changes: [{ undo: { calls: [set('require_secure_transport', 'OFF')] } }],
    });
    expect(await of({ source: 'engine-default', engine: 'mysql' })).toMatchObject({ changes: [{ undo: { calls: [reset('require_secure_transport')] } }] });
  });
  it.each(['1', 'ON', 'on', 'true'])('is required if the parameter is %s', async (value) => {
    expect((await of({ engine: 'mysql', value })).status).toBe('compliant');
    // So does a default group.
    expect((await of({ value, group: 'default.postgres17' })).status).toBe('compliant');
  });
  it('has a hazard for other instances of the parameter group', async () => {
    expect(await of({ value: '0', others: ['carts', 'users'] })).toMatchObject({
      hazards: [{ code: 'shared-group', effect: 'approve', message: 'own is also the parameter group of carts, users' }],
    });
  });
  it('needs manual steps if the parameter group belongs to RDS', async () => {
    expect(await of({ value: '0', group: 'default.postgres14' })).toMatchObject({ status: 'manual', message: expect.stringContaining('default.postgres14') });
  });
  it.each([
    ['sqlserver-se', 'pending-reboot'],
    ['postgres', 'pending-reboot'],
    ['postgres', 'applying'],
  ])('of %s is not required while its parameter group is %s', async (engine, status) => {
    const given = { engine, value: '1', source: 'user' };
    expect(await of({ ...given, status })).toMatchObject({
      status: 'manual',
      message: `The parameter group own requires TLS, but orders has not applied it completely yet: its status is ${status}.`,
    });
    expect((await of(given)).status).toBe('compliant');
  });
  it('does not apply to a member of a cluster, or to an engine without the parameter', async () => {
    expect((await of({ found: { DBClusterIdentifier: 'orders' } })).status).toBe('not-applicable');
    expect((await of({ engine: 'oracle-ee' })).status).toBe('not-applicable');
  });
  it('is not judged by a reply without the parameter, its source, or the group', async () => {
    const { rds } = replies({ value: '0' });
    for (const Parameters of [[], [{ ParameterName: 'rds.force_ssl', ParameterValue: '1' }]])
      await expect(look(requireTls, REF, { rds: { ...rds, DescribeDBParameters: { Parameters } } })).rejects.toThrow();
    await expect(look(requireTls, REF, replies({ found: { DBParameterGroups: [] } }))).rejects.toThrow('group');
  });
});

describe('TLS to a proxy', () => {
  const PROXY = ref('AWS::RDS::DBProxy', 'orders');
  const ARN = 'arn:aws:rds:eu-west-1:111111111111:db-proxy:prx-0123456789abcdef0';
  const proxy = (more: object) => ({
    rds: {
      DescribeDBProxies: { DBProxies: [{ DBProxyName: 'orders', DBProxyArn: ARN, Status: 'available', RequireTLS: false, ...more }] },
      ListTagsForResource: ({ ResourceName }: { ResourceName: string }) => (ResourceName === ARN ? { TagList: [] } : {}),
    },
  });
  it('is required after the fix, and not after the undo', async () => {
    const call = (RequireTLS: boolean) => ({ operation: 'ModifyDBProxy', input: { DBProxyName: 'orders', RequireTLS } });
    expect(await assess(requireProxyTls, PROXY, proxy({}))).toMatchObject({
      hazards: [],
      changes: [{ call: call(true), undo: { restores: 'exact', calls: [call(false)] } }],
    });
    expect((await assess(requireProxyTls, PROXY, proxy({ RequireTLS: true }))).status).toBe('compliant');
  });
  it.each(['modifying', undefined])('needs an approval if the proxy is %s', async (Status) => {
    expect(await assess(requireProxyTls, PROXY, proxy({ Status }))).toMatchObject({ hazards: [{ code: 'busy' }] });
  });
  it.each([
    ['its ARN', ARN, { id: 'orders' }],
    ['its id', 'prx-0123456789abcdef0', { id: 'orders' }],
    ['its name, in any case', 'Orders', { id: 'orders' }],
    ['the id of a deleted one', 'prx-0123456789abcdef1', 'gone'],
  ])('is found by %s', async (_, id, found) => {
    const { DescribeDBProxies } = proxy({}).rds;
    const aws = { rds: { DescribeDBProxies: async () => DescribeDBProxies } };
    expect(await requireProxyTls.identify?.({ aws: aws as never, resource: ref('AWS::RDS::DBProxy', id) })).toEqual(
      typeof found === 'string' ? found : expect.objectContaining(found),
    );
  });
});
