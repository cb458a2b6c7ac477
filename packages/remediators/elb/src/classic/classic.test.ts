import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { assess } from '../../../../../tests/support/look.js';
import { enableClassicAccessLogging, enableCrossZone, reportInsecureListener } from '../index.js';

const REF = resource({ type: 'AWS::ElasticLoadBalancing::LoadBalancer', id: 'web', account: '111111111111', region: 'eu-west-1' });
const replies = (attributes: object, found: object = {}) => ({
  elasticloadbalancing: {
    DescribeLoadBalancers: { LoadBalancerDescriptions: [{ LoadBalancerName: 'web', CreatedTime: new Date(0), AvailabilityZones: ['a', 'b'], ...found }] },
    DescribeTags: { TagDescriptions: [{ Tags: [] }] },
    DescribeLoadBalancerAttributes: { LoadBalancerAttributes: attributes },
  },
});
const ACM = 'arn:aws:acm:eu-west-1:111111111111:certificate/1';
const listener = (Protocol: string, SSLCertificateId?: string) => ({ Listener: { Protocol, LoadBalancerPort: 443, SSLCertificateId } });

it('is changed by one attribute, and nothing else is sent', async () => {
  const input = (enabled: boolean) => ({ LoadBalancerName: 'web', LoadBalancerAttributes: { CrossZoneLoadBalancing: { Enabled: enabled } } });
  expect(await assess(enableCrossZone, REF, replies({ CrossZoneLoadBalancing: { Enabled: false } }))).toMatchObject({
    hazards: [],
    changes: [{ call: { input: input(true) }, undo: { restores: 'exact', calls: [{ input: input(false) }] } }],
  });
  await expect(assess(enableCrossZone, REF, replies({}))).rejects.toThrow('enabled');
});
it('logs to the bucket of the policy, and nowhere after an undo', async () => {
  const off = replies({ AccessLog: { Enabled: false, S3BucketName: 'left-over' } });
  const plan = await assess(enableClassicAccessLogging, REF, off, { parameters: { bucket: 'logs', prefix: 'classic' } });
  expect(plan).toMatchObject({
    changes: [
      {
        call: { input: { LoadBalancerAttributes: { AccessLog: { Enabled: true, S3BucketName: 'logs', S3BucketPrefix: 'classic', EmitInterval: 60 } } } },
        undo: { calls: [{ input: { LoadBalancerName: 'web', LoadBalancerAttributes: { AccessLog: { Enabled: false } } } }] },
      },
    ],
  });
  expect((await assess(enableClassicAccessLogging, REF, off)).status).toBe('manual');
});
it.each([
  ['HTTPS', ACM, 'compliant'],
  ['ssl', ACM, 'compliant'],
  ['HTTPS', 'arn:aws:iam::111111111111:server-certificate/old', 'manual'],
  ['HTTPS', undefined, 'manual'],
  ['TCP', undefined, 'manual'],
  ['HTTP', undefined, 'manual'],
])('a listener of %s with %s: %s', async (protocol, certificate, status) => {
  expect((await assess(reportInsecureListener, REF, replies({}, { ListenerDescriptions: [listener(protocol, certificate)] }))).status).toBe(status);
});
