import { describe, expect, it } from 'vitest';
import { canonicalType, claimOf, claimOfId, fromArn, fromConfigName, parseArn, rawTypesOf } from './resource-ids.js';

describe('fromArn', () => {
  it.each([
    ['arn:aws:s3:::invoices', 'AWS::S3::Bucket', 'invoices'],
    ['arn:aws:s3:eu-west-1:111111111111:accesspoint/reports', 'AWS::S3::AccessPoint', 'reports'],
    ['arn:aws:ec2:eu-west-1:111111111111:security-group/sg-1', 'AWS::EC2::SecurityGroup', 'sg-1'],
    ['arn:aws:iam::111111111111:user/ci/deploy', 'AWS::IAM::User', 'deploy'],
    ['arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/Y', 'AWS::IAM::Role', 'Y'],
    ['arn:aws:iam::111111111111:policy/team/Admin', 'AWS::IAM::Policy', 'arn:aws:iam::111111111111:policy/team/Admin'],
    ['arn:aws:iam::111111111111:root', 'AWS::::Account', '111111111111'],
    ['arn:aws:logs:eu-west-1:111111111111:log-group:/aws/lambda/f:*', 'AWS::Logs::LogGroup', '/aws/lambda/f'],
    ['arn:aws:logs:eu-west-1:111111111111:log-group:/aws/lambda/f', 'AWS::Logs::LogGroup', '/aws/lambda/f'],
    ['arn:aws:cloudtrail:eu-west-1:111111111111:trail/main', 'AWS::CloudTrail::Trail', 'main'],
    ['arn:aws:sqs:eu-west-1:111111111111:jobs', 'AWS::SQS::Queue', 'https://sqs.eu-west-1.amazonaws.com/111111111111/jobs'],
    ['arn:aws-cn:sqs:cn-north-1:111111111111:jobs', 'AWS::SQS::Queue', 'https://sqs.cn-north-1.amazonaws.com.cn/111111111111/jobs'],
    ['arn:aws:sns:eu-west-1:111111111111:alerts', 'AWS::SNS::Topic', 'arn:aws:sns:eu-west-1:111111111111:alerts'],
    ['arn:aws:lambda:eu-west-1:111111111111:function:f:live', 'AWS::Lambda::Function', 'f'],
    ['arn:aws:kms:eu-west-1:111111111111:key/1234abcd', 'AWS::KMS::Key', '1234abcd'],
    ['arn:aws:kms:eu-west-1:111111111111:alias/main', 'AWS::KMS::Alias', 'alias/main'],
    ['arn:aws:dynamodb:eu-west-1:111111111111:table/t/index/i', 'AWS::DynamoDB::Table', 't'],
    ['arn:aws:rds:eu-west-1:111111111111:db:orders', 'AWS::RDS::DBInstance', 'orders'],
    ['arn:aws:autoscaling:eu-west-1:111111111111:autoScalingGroup:uuid:autoScalingGroupName/web', 'AWS::AutoScaling::AutoScalingGroup', 'web'],
    ['arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/web', 'AWS::ElasticLoadBalancing::LoadBalancer', 'web'],
    [
      'arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/app/web/1',
      'AWS::ElasticLoadBalancingV2::LoadBalancer',
      'arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/app/web/1',
    ],
  ])('%s', (arn, type, id) => {
    expect(fromArn(arn)).toMatchObject({ type, id });
  });

  it("keeps the ARN of another account's trail, whose name means nothing here", () => {
    expect(fromArn('arn:aws:cloudtrail:eu-west-1:222222222222:trail/org', '111111111111')?.id).toBe('arn:aws:cloudtrail:eu-west-1:222222222222:trail/org');
  });

  it.each([
    'arn:aws:s3:::invoices/key',
    'arn:aws:sns:eu-west-1:111111111111:alerts:sub',
    'arn:aws:ec2:eu-west-1:111111111111:unheard-of/x',
    'arn:aws:ec2:eu-west-1:111111111111:plain',
    'arn:aws:ec2',
    'sg-1',
    '',
    'arn:aws:iam:::user/',
    4,
    null,
  ])('does not guess what %s is', (value) => {
    expect(fromArn(value)).toBeNull();
  });

  it('keeps colons of the resource part', () => {
    expect(parseArn('arn:aws:logs:eu-west-1:1:log-group:/a:*')).toMatchObject({ service: 'logs', resource: 'log-group:/a:*' });
  });
});

describe('canonicalType', () => {
  it.each([
    ['AwsEc2SecurityGroup', 'AWS::EC2::SecurityGroup'],
    ['AwsEc2Vpc', 'AWS::EC2::VPC'],
    ['AwsElbv2LoadBalancer', 'AWS::ElasticLoadBalancingV2::LoadBalancer'],
    ['AwsElbLoadBalancer', 'AWS::ElasticLoadBalancing::LoadBalancer'],
    ['AwsApiGatewayV2Stage', 'AWS::ApiGatewayV2::Stage'],
    ['AwsCertificateManagerCertificate', 'AWS::ACM::Certificate'],
    ['AwsOpenSearchServiceDomain', 'AWS::OpenSearch::Domain'],
    ['AwsElasticsearchDomain', 'AWS::OpenSearch::Domain'],
    ['AWS::Elasticsearch::Domain', 'AWS::OpenSearch::Domain'],
    ['AwsStepFunctionStateMachine', 'AWS::StepFunctions::StateMachine'],
    ['AwsRdsDbInstance', 'AWS::RDS::DBInstance'],
    ['AwsAccount', 'AWS::::Account'],
    ['AWS::SQS::Queue', 'AWS::SQS::Queue'],
    ['Container', 'Container'],
    ['AwsS3', 'AwsS3'],
  ])('%s', (raw, type) => {
    expect(canonicalType(raw)).toBe(type);
  });
});

describe('claimOf', () => {
  it('keeps what the source wrote, if that differs', () => {
    expect(claimOf({ type: 'AwsS3Bucket', id: 'arn:aws:s3:::invoices', region: 'eu-west-1' })).toEqual({
      type: 'AWS::S3::Bucket',
      id: 'invoices',
      region: 'eu-west-1',
      rawType: 'AwsS3Bucket',
      rawId: 'arn:aws:s3:::invoices',
    });
    expect(claimOf({ type: 'AWS::EC2::Volume', id: 'vol-1' })).toEqual({ type: 'AWS::EC2::Volume', id: 'vol-1' });
  });

  it('reads typed ids', () => {
    expect(claimOf({ type: 'AwsAccount', id: 'AWS::::Account:111111111111' })).toMatchObject({ type: 'AWS::::Account', id: '111111111111' });
    expect(claimOf({ type: 'AwsIamAccessKey', id: 'AWS::IAM::AccessKey:AKIAEXAMPLE' })).toMatchObject({ type: 'AWS::IAM::AccessKey', id: 'AKIAEXAMPLE' });
    expect(claimOf({ type: 'AwsIamAccessKey', id: 'AWS::IAM::AccessKey:null' })).toBeNull();
  });

  it('reads the home region of a trail from its ARN', () => {
    expect(claimOf({ type: 'AwsCloudTrailTrail', id: 'arn:aws:cloudtrail:us-east-1:111111111111:trail/main', region: 'eu-west-1' })).toMatchObject({
      id: 'main',
      region: 'us-east-1',
    });
  });

  it('keeps a CloudFormation type that is more specific than the ARN', () => {
    expect(claimOf({ type: 'AWS::S3::AccountPublicAccessBlock', id: 'arn:aws:iam::111111111111:root' })).toMatchObject({
      type: 'AWS::S3::AccountPublicAccessBlock',
      id: 'arn:aws:iam::111111111111:root',
    });
  });

  it('recognizes the OCSF value for no region', () => {
    expect(claimOf({ type: 'AWS::IAM::User', id: 'kim', region: 'global' })).toMatchObject({ region: 'aws-global' });
  });

  it('drops an id that would have to be changed: it would name something else', () => {
    expect(claimOf({ type: 'AWS::Logs::LogGroup', id: 'a\nb' })).toBeNull();
    expect(claimOf({ type: 'AWS::Logs::LogGroup', id: 'x'.repeat(3000) })).toBeNull();
    expect(claimOf({ type: 'AWS::Logs::LogGroup', id: 12 })).toBeNull();
    expect(claimOf({ type: '', id: 'x' })).toBeNull();
  });
});

describe('a domain of OpenSearch Service', () => {
  const arn = 'arn:aws:es:eu-west-1:111111111111:domain/search';
  it.each([
    ['AWS::OpenSearch::Domain', '111111111111/search'],
    ['AWS::Elasticsearch::Domain', '111111111111/search'],
    ['AWS::Elasticsearch::Domain', 'search'],
    ['AWS::Elasticsearch::Domain', arn],
    ['AwsElasticsearchDomain', arn],
    ['AwsOpenSearchServiceDomain', arn],
    ['Other', arn],
    ['Other', 'AWS::Elasticsearch::Domain:search'],
  ])('is one resource, as %s %s, too', (type, id) => {
    expect(claimOf({ type, id, account: '111111111111' })).toMatchObject({ type: 'AWS::OpenSearch::Domain', id: 'search' });
  });

  it('of another account stays one of another account', () => {
    expect(claimOf({ type: 'AWS::Elasticsearch::Domain', id: '222222222222/search', account: '111111111111' })).toMatchObject({ id: '222222222222/search' });
  });

  it('has one name, whichever AWS Config has for it', () => {
    for (const type of ['AWS::OpenSearch::Domain', 'AWS::Elasticsearch::Domain'])
      for (const id of ['search', '111111111111/search'])
        expect(fromConfigName({ type, id }, '111111111111')).toEqual({ type: 'AWS::OpenSearch::Domain', id: 'search' });
    expect(fromConfigName({ type: 'AWS::OpenSearch::Domain', id: '/search' }, '')).toMatchObject({ id: '/search' });
    const bucket = { type: 'AWS::S3::Bucket', id: '111111111111/x' };
    expect(fromConfigName(bucket, '111111111111')).toEqual(bucket);
  });

  it('is in events under all of its names', () => {
    expect([...rawTypesOf('AWS::OpenSearch::Domain')].sort()).toEqual([
      'AWS::Elasticsearch::Domain',
      'AWS::OpenSearch::Domain',
      'AwsElasticsearchDomain',
      'AwsOpenSearchServiceDomain',
      'Other',
    ]);
  });
});

describe('claimOfId', () => {
  it('recognizes the prefixes and ARNs of EC2', () => {
    expect(claimOfId('vol-0a1b2c3d4e5f60718')).toEqual({ type: 'AWS::EC2::Volume', id: 'vol-0a1b2c3d4e5f60718' });
    expect(claimOfId('arn:aws:s3:::invoices')).toMatchObject({ type: 'AWS::S3::Bucket', id: 'invoices' });
    for (const value of ['web-0a1b2c3d', 'arn:aws:x:::y', 'plain', 7]) expect(claimOfId(value)).toBeNull();
  });
});
