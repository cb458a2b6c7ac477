import { expect, it } from 'vitest';
import { resource } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { defineRegister, inScope, matchingNothing } from './register.js';

const TYPE = 'AWS::ElasticLoadBalancingV2::LoadBalancer';
const ARN = 'arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/app/web/50dc6c495c0c9188';
const balancer = (id: string, region = 'eu-west-1', account = '111111111111') => resource({ type: TYPE, id, account, region });

function isExempt(named: string, ref: ReturnType<typeof balancer>): boolean {
  const { entries } = defineRegister([
    { id: 'EXC-1', scope: { resource: named }, reason: 'a vendor', owner: 'web', approver: 'security', expires: '2099-01-01T00:00:00Z' },
  ]);
  return entries.some((entry) => inScope(entry, ref, 'elbv2-redirect-http-to-https', [{ type: ref.type, id: ref.id, tags: {} }]) !== null);
}

it('an exception that names a load balancer by its ARN applies to it, like one by its id', () => {
  expect(isExempt(ARN, balancer('app/web/50dc6c495c0c9188'))).toBe(true);
  expect(isExempt('app/web/50dc6c495c0c9188', balancer('app/web/50dc6c495c0c9188'))).toBe(true);
});

it.each([
  ['another id', balancer('app/web/0000000000000000')],
  ['the end of an id', balancer('50dc6c495c0c918')],
  ['another region', balancer('app/web/50dc6c495c0c9188', 'us-east-1')],
  ['another account', balancer('app/web/50dc6c495c0c9188', 'eu-west-1', '222222222222')],
])('and does not apply to %s', (_name, ref) => {
  expect(isExempt(ARN, ref)).toBe(false);
});

it.each([
  ['an ARN', { resource: 'arn:aws:es:eu-west-1:111111111111:domain/search' }],
  ['the type of Elasticsearch', { resource: 'search', resourceType: 'AWS::Elasticsearch::Domain' }],
  ['the type of Elasticsearch and its id', { resource: 'AWS::Elasticsearch::Domain:search' }],
  ['the type of OpenSearch', { resource: 'AWS::OpenSearch::Domain:search' }],
  ['the id that AWS Config has for it', { resource: '111111111111/search', resourceType: 'AWS::Elasticsearch::Domain' }],
  ['its account, and the type of Elasticsearch', { account: '111111111111', resourceType: 'AWS::Elasticsearch::Domain' }],
])('an exception that names a domain by %s applies to it under both of its types', (_name, scope) => {
  const { entries } = defineRegister([{ id: 'EXC-1', scope, reason: 'a vendor', owner: 'web', approver: 'security', expires: '2099-01-01T00:00:00Z' }]);
  for (const type of ['AWS::OpenSearch::Domain', 'AWS::Elasticsearch::Domain']) {
    const ref = resource({ type, id: 'search', account: '111111111111', region: 'eu-west-1' });
    expect(entries.some((entry) => inScope(entry, ref, 'any', [{ type: ref.type, id: ref.id, tags: {} }]) !== null)).toBe(true);
  }
});

it('an exception that names a domain holds what uses it, under either type', () => {
  const scopes = [{ resource: 'AWS::Elasticsearch::Domain:search' }, { resource: 'search', resourceType: 'AWS::OpenSearch::Domain' }];
  const more = { reason: 'a vendor', owner: 'web', approver: 'security', expires: '2099-01-01T00:00:00Z' };
  const { entries } = defineRegister(scopes.map((scope, at) => ({ id: `EXC-${at}`, scope, ...more })));
  const role = resource({ type: 'AWS::IAM::Role', id: 'r', account: '111111111111', region: 'aws-global' });
  for (const type of ['AWS::OpenSearch::Domain', 'AWS::Elasticsearch::Domain'])
    for (const entry of entries) {
      const held = [
        { type: role.type, id: role.id, tags: {} },
        { type, id: 'search', tags: {} },
      ] as const;
      expect([entry.id, type, inScope(entry, role, 'any', held)]).toEqual([entry.id, type, held[1]]);
    }
});

it('an exception that names a domain by the type of Elasticsearch is not taken for one that matches nothing', () => {
  const scope = { resource: 'AWS::Elasticsearch::Domain:search', resourceType: 'AWS::Elasticsearch::Domain' };
  const register = defineRegister([{ id: 'EXC-1', scope, reason: 'a vendor', owner: 'web', approver: 'security', expires: '2099-01-01T00:00:00Z' }]);
  expect(matchingNothing(register, [{ id: 'of-domains', resourceTypes: ['AWS::OpenSearch::Domain'], global: false } as unknown as Remediator])).toEqual([]);
});
