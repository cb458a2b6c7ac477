import { resource } from '@redress/core';
import { expect, it } from 'vitest';
import { enableAuditLogging } from './index.js';

const REF = resource({ type: 'AWS::Redshift::Cluster', id: 'reports', account: '111111111111', region: 'eu-west-1' });

async function stateOf(status: object): Promise<unknown> {
  const aws = {
    redshift: {
      DescribeClusters: async () => ({ Clusters: [{ ClusterIdentifier: 'reports', ClusterCreateTime: new Date(0), Tags: [] }] }),
      DescribeLoggingStatus: async () => status,
    },
  };
  const seen = await enableAuditLogging.observe({ aws, resource: REF, parameters: {}, purpose: 'verification' } as never);
  return seen === 'gone' ? seen : seen.state;
}
const ours = { LoggingEnabled: true, LogDestinationType: 'cloudwatch', LogExports: ['userlog', 'connectionlog'] };

it('a rollback detects audit logging that somebody has changed since, and ignores deliveries', async () => {
  const left = await stateOf(ours);
  expect(await stateOf({ LoggingEnabled: true, LogDestinationType: 's3', BucketName: 'audit', S3KeyPrefix: 'redshift/' })).not.toEqual(left);
  expect(await stateOf({ ...ours, LogExports: ['userlog', 'connectionlog', 'useractivitylog'] })).not.toEqual(left);
  expect(await stateOf({ ...ours, LogExports: ['connectionlog', 'userlog'], LastSuccessfulDeliveryTime: new Date(1) })).toEqual(left);
  // A bucket that is named while nothing is logged has no effect.
  expect(await stateOf({ LoggingEnabled: false, BucketName: 'audit' })).toEqual(await stateOf({ LoggingEnabled: false }));
});
