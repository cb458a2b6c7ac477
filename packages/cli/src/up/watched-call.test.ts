import { describe, expect, it } from 'vitest';
import { watchedCall } from './watched-call.js';

const signed = (service: string) => `AWS4-HMAC-SHA256 Credential=AK/20261125/eu-west-1/${service}/aws4_request, Signature=x`;
const form = (service: string, body: string) =>
  watchedCall({
    method: 'POST',
    url: '/',
    headers: { authorization: signed(service), 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(body),
  });

describe('watchedCall', () => {
  it('reads an EC2 request like CloudTrail', () => {
    expect(
      form(
        'ec2',
        'Action=AuthorizeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-1&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0',
      ),
    ).toEqual({
      service: 'ec2',
      region: 'eu-west-1',
      operation: 'AuthorizeSecurityGroupIngress',
      request: {
        groupId: 'sg-1',
        ipPermissions: { items: [{ fromPort: 22, toPort: 22, ipProtocol: 'tcp', ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] } }] },
      },
    });
  });

  it('ignores reads and unsigned calls', () => {
    expect(form('ec2', 'Action=DescribeSecurityGroups')).toBeNull();
    expect(watchedCall({ method: 'PUT', url: '/bucket', headers: {}, body: Buffer.alloc(0) })).toBeNull();
  });

  it.each([
    ['PUT', '/b', 'CreateBucket'],
    ['PUT', '/b?x-id=CreateBucket', 'CreateBucket'],
    ['DELETE', '/b?encryption', 'DeleteBucketEncryption'],
    ['PUT', '/b?policy', 'PutBucketPolicy'],
  ])('%s %s is %s', (method, url, operation) => {
    expect(watchedCall({ method, url, headers: { authorization: signed('s3') }, body: Buffer.alloc(0) })).toMatchObject({
      operation,
      request: { bucketName: 'b' },
    });
  });

  it.each([
    ['PUT', '/b/key'],
    ['GET', '/b?encryption'],
    ['PUT', '/b?versioning'],
  ])('%s %s is not a known call', (method, url) => {
    expect(watchedCall({ method, url, headers: { authorization: signed('s3') }, body: Buffer.alloc(0) })).toBeNull();
  });

  it('uses the parameters of a JSON service unchanged', () => {
    const headers = { authorization: signed('logs'), 'x-amz-target': 'Logs_20140328.PutRetentionPolicy' };
    expect(watchedCall({ method: 'POST', url: '/', headers, body: Buffer.from('{"logGroupName":"/a","retentionInDays":7}') })).toMatchObject({
      operation: 'PutRetentionPolicy',
      request: { logGroupName: '/a', retentionInDays: 7 },
    });
  });
});
