import { type Assessment, type Remediator, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { elbRemediators, enableAccessLogging, enableDeletionProtection, redirectHttpToHttps } from './index.js';

const REF = resource({ type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', id: 'app/web/50dc6c495c0c9188', account: '111111111111', region: 'eu-west-1' });
const ARN = 'arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/app/web/50dc6c495c0c9188';
const FORWARD = [{ Type: 'forward', TargetGroupArn: 'arn:targets', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'arn:targets', Weight: 1 }] } }];
const http = (id: string, DefaultActions: object[] = FORWARD) => ({ ListenerArn: `arn:${id}`, Protocol: 'HTTP', Port: 80, DefaultActions });
const https = (Port: number) => ({ ListenerArn: `arn:${Port}`, Protocol: 'HTTPS', Port, DefaultActions: FORWARD });

interface World {
  readonly attributes?: Readonly<Record<string, string>>;
  readonly listeners?: readonly object[];
}
async function assess(remediator: Remediator, { attributes = {}, listeners = [] }: World, parameters: object = {}): Promise<Assessment> {
  const aws = {
    elasticloadbalancing: {
      DescribeLoadBalancers: async () => ({ LoadBalancers: [{ LoadBalancerArn: ARN, Type: 'application', CreatedTime: new Date(0) }] }),
      DescribeTags: async () => ({ TagDescriptions: [{ Tags: [] }] }),
      DescribeLoadBalancerAttributes: async () => ({ Attributes: Object.entries(attributes).map(([Key, Value]) => ({ Key, Value })) }),
      DescribeListeners: async () => ({ Listeners: listeners }),
      DescribeRules: async () => ({ Rules: [{ IsDefault: true }] }),
    },
  };
  const given = remediator.parameters(parameters);
  const seen = await remediator.observe({ aws, resource: REF, parameters: given, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('It is there.');
  return remediator.plan({ state: seen.state, context: seen.context, resource: REF, parameters: given, observedAt: 0 } as never);
}
const changeOf = (assessment: Assessment) => (assessment.status === 'change' ? assessment.changes[0] : undefined);

describe('a listener that is redirected', () => {
  it('gets all its actions back', async () => {
    const change = changeOf(await assess(redirectHttpToHttps, { listeners: [http('80'), https(443)] }));
    expect(change?.undo).toEqual({
      calls: [{ service: 'elasticloadbalancing', operation: 'ModifyListener', input: { ListenerArn: 'arn:80', DefaultActions: FORWARD }, retry: 'idempotent' }],
      restores: 'exact',
    });
  });
  it.each([
    [[http('80'), https(8443), https(443)], '443'],
    [[http('80'), https(9443), https(8443)], '8443'],
  ])('leads to an existing listener', async (listeners, Port) => {
    const change = changeOf(await assess(redirectHttpToHttps, { listeners }));
    expect(change?.call.input).toEqual({
      ListenerArn: 'arn:80',
      DefaultActions: [
        {
          Type: 'redirect',
          RedirectConfig: { Protocol: 'HTTPS', Port, Host: '#{host}', Path: '/#{path}', Query: '#{query}', StatusCode: 'HTTP_302' },
        },
      ],
    });
  });
  it('needs manual steps if there are several, or none to lead to', async () => {
    expect((await assess(redirectHttpToHttps, { listeners: [http('80'), http('81'), https(443)] })).status).toBe('manual');
    expect((await assess(redirectHttpToHttps, { listeners: [http('80')] })).status).toBe('manual');
  });
  it('is not changed if it leads to HTTPS already, and is if it leads to HTTP', async () => {
    const redirect = (Protocol: string) => [{ Type: 'redirect', RedirectConfig: { Protocol, StatusCode: 'HTTP_301' } }];
    expect((await assess(redirectHttpToHttps, { listeners: [http('80', redirect('HTTPS')), https(443)] })).status).toBe('compliant');
    expect((await assess(redirectHttpToHttps, { listeners: [http('80', redirect('HTTP')), https(443)] })).status).toBe('change');
  });
});

it('a redirect that somebody has changed since differs from the result of the fix', async () => {
  const stateOf = async (StatusCode: string, Port: string) => {
    const DefaultActions = [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port, StatusCode } }];
    const aws = {
      elasticloadbalancing: {
        DescribeLoadBalancers: async () => ({ LoadBalancers: [{ LoadBalancerArn: ARN, Type: 'application', CreatedTime: new Date(0) }] }),
        DescribeListeners: async () => ({ Listeners: [http('80', DefaultActions), https(443)] }),
      },
    };
    const seen = await redirectHttpToHttps.observe({ aws, resource: REF, parameters: { permanent: false }, purpose: 'verification' } as never);
    return seen === 'gone' ? seen : seen.state;
  };
  const left = await stateOf('HTTP_302', '443');
  expect(await stateOf('HTTP_302', '443')).toEqual(left);
  expect(await stateOf('HTTP_301', '443')).not.toEqual(left);
  expect(await stateOf('HTTP_302', '8443')).not.toEqual(left);
});

describe('access logs', () => {
  const OWN = { 'access_logs.s3.enabled': 'true', 'access_logs.s3.bucket': 'own-logs', 'access_logs.s3.prefix': 'web' };
  it('that are delivered to another bucket stay there', async () => {
    expect((await assess(enableAccessLogging, { attributes: OWN }, { bucket: 'logs-of-all' })).status).toBe('compliant');
  });
  it('need a bucket in the policy', async () => {
    expect(await assess(enableAccessLogging, { attributes: {} })).toMatchObject({ status: 'manual', message: expect.stringContaining('bucket') });
  });
  it('in another bucket than the rule requires are reported', async () => {
    const judge = (s3BucketNames: string) =>
      enableAccessLogging.judge?.({
        state: { created: '', kind: 'application', logged: true, bucket: 'own-logs', prefix: 'web' },
        claim: { controls: [], configRule: 'elb-logging-enabled', isRule: () => true, parameters: { s3BucketNames }, observedAt: 0 },
        resource: REF,
        parameters: {},
      } as never);
    expect(await judge('logs-of-all, own-logs')).toEqual([]);
    expect(await judge('logs-of-all')).toEqual(['app/web/50dc6c495c0c9188 logs to own-logs, and one of logs-of-all is required']);
  });
});

it('a missing attribute does not count as off', async () => {
  await expect(assess(enableDeletionProtection, { attributes: {} })).rejects.toThrow('did not return enabled');
});

it.each([
  ['CreateLoadBalancer', {}, { loadBalancers: [{ loadBalancerArn: ARN }] }],
  ['ModifyLoadBalancerAttributes', { loadBalancerArn: ARN }, {}],
  ['CreateListener', { loadBalancerArn: ARN }, {}],
  ['ModifyListener', { listenerArn: `${ARN.replace(':loadbalancer/', ':listener/')}/f2f7dc8efc522ab2` }, {}],
])('%s names the load balancer', (operation, request, response) => {
  const ofThisKind = elbRemediators.filter(({ resourceTypes }) => resourceTypes.includes('AWS::ElasticLoadBalancingV2::LoadBalancer'));
  const readers = ofThisKind.flatMap(({ apiCalls }) => apiCalls[`elasticloadbalancing:${operation}`] ?? []);
  expect(readers.length).toBeGreaterThan(0);
  for (const read of readers) expect(read({ account: '111111111111', region: 'eu-west-1', request, response } as never)).toEqual([{ id: ARN }]);
});
