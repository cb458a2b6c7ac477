import { describe, expect, it } from 'vitest';
import type { Finding } from '../model/finding.js';
import * as given from './fixtures/events.js';
import { normalize } from './normalize.js';

const { ACCOUNT } = given;
const OTHER = '222222222222';
const GROUP = 'sg-0a1b2c3d4e5f60718';

function one(input: unknown): Finding {
  const findings = normalize(input);
  expect(findings).toHaveLength(1);
  return findings[0] as Finding;
}
const said = (input: unknown) => {
  const { disposition, reason } = one(input);
  return [disposition, reason];
};

describe('an event that contradicts itself is denied for that reason', () => {
  const result = (more: object, complianceType = 'NON_COMPLIANT') => ({
    evaluationResultIdentifier: {
      evaluationResultQualifier: { configRuleName: 'restricted-ssh', resourceType: 'AWS::EC2::SecurityGroup', resourceId: GROUP, ...more },
      orderingTimestamp: '2026-11-02T09:16:01.500Z',
    },
    complianceType,
    resultRecordedTime: '2026-11-02T09:16:30.250Z',
    configRuleInvokedTime: '2026-11-02T09:16:29.000Z',
  });

  it.each([
    ['two resource ids', { newEvaluationResult: result({ resourceId: 'sg-2' }) }, `it has two resourceId: ${GROUP} and sg-2.`],
    ['two rules', { newEvaluationResult: result({ configRuleName: 'acme' }) }, 'it has two configRuleName: restricted-ssh and acme.'],
    [
      'an older result of another resource',
      { oldEvaluationResult: result({ resourceId: 'sg-2' }, 'COMPLIANT') },
      `its older result is of another resourceId, sg-2 instead of ${GROUP}.`,
    ],
    [
      'an older result of another rule',
      { oldEvaluationResult: result({ configRuleName: 'acme' }, 'COMPLIANT') },
      'its older result is of another configRuleName, acme instead of restricted-ssh.',
    ],
    [
      'a rule of another account',
      { configRuleARN: `arn:aws:config:eu-west-1:${OTHER}:config-rule/config-rule-a1b2c3` },
      `its rule belongs to account ${OTHER}, but the event is from account ${ACCOUNT}.`,
    ],
  ])('Config: %s', (_name, more, why) => {
    expect(said(given.complianceChange('NON_COMPLIANT', more))).toEqual(['rejected', `The event contradicts itself: ${why}`]);
  });

  const granted = (groupId: string, more: object = {}) => ({
    requestId: 'r',
    _return: true,
    securityGroupRuleSet: { items: [{ groupId, isEgress: false }] },
    ...more,
  });
  it('CloudTrail: request and response of different groups, and a response that reports a failure', () => {
    expect(said(given.apiCall({ responseElements: granted('sg-2') }))).toEqual([
      'rejected',
      `The event contradicts itself: its request names ${GROUP}, and its response sg-2.`,
    ]);
    expect(said(given.apiCall({ responseElements: granted(GROUP, { _return: false }) }))).toEqual([
      'rejected',
      'The event contradicts itself: AuthorizeSecurityGroupIngress has no error, and its response says that it was not done.',
    ]);
    expect(one(given.apiCall({ responseElements: granted(GROUP) })).disposition).toBe('candidate');
    expect(one(given.apiCall({ requestParameters: { groupName: 'web' }, responseElements: granted(GROUP) })).disposition).toBe('candidate');
    expect(one(given.apiCall({ responseElements: granted('sg-2'), errorCode: 'AccessDenied' })).disposition).toBe('ignored');
  });

  it('AWS Config: an ARN of another account', () => {
    const of = (account: string) => {
      const resourceId = `arn:aws:es:eu-west-1:${account}:domain/search`;
      const qualifier = { configRuleName: 'r', resourceType: 'AWS::Elasticsearch::Domain', resourceId };
      const newEvaluationResult = { evaluationResultIdentifier: { evaluationResultQualifier: qualifier }, complianceType: 'NON_COMPLIANT' };
      return given.complianceChange('NON_COMPLIANT', { resourceId, resourceType: qualifier.resourceType, configRuleName: 'r', newEvaluationResult });
    };
    expect(said(of(OTHER))).toEqual(['rejected', `The event contradicts itself: it is from account ${ACCOUNT}, but names a resource of account ${OTHER}.`]);
    expect(one(of(ACCOUNT)).resources).toMatchObject([{ type: 'AWS::OpenSearch::Domain', id: 'search' }]);
  });

  it('Security Hub: an ARN of another account, in both formats', () => {
    const why = `The event contradicts itself: it is from account ${ACCOUNT}, but names a resource of account ${OTHER}.`;
    const foreign = `arn:aws:ec2:eu-west-1:${OTHER}:security-group/${GROUP}`;
    expect(said(given.asffImported({ Resources: [{ Type: 'AwsEc2SecurityGroup', Id: foreign }] }))).toEqual(['rejected', why]);
    const resource = { type: 'AWS::EC2::SecurityGroup', uid: GROUP, uid_alt: foreign, region: 'eu-west-1' };
    expect(said(given.ocsfImported({ resources: [resource] }))).toEqual(['rejected', why]);
    expect(one(given.asffImported({ Resources: [{ Type: 'AwsCloudTrailTrail', Id: `arn:aws:cloudtrail:eu-west-1:${OTHER}:trail/org` }] })).disposition).toBe(
      'candidate',
    );
    expect(one(given.asffImported({ Resources: [{ Type: 'AwsS3Bucket', Id: 'arn:aws:s3:::invoices' }] })).disposition).toBe('candidate');
  });

  it('Security Hub v2: a resource with two ids', () => {
    const resource = {
      type: 'AWS::EC2::SecurityGroup',
      uid: 'sg-0aaaaaaaaaaaaaaaa',
      uid_alt: `arn:aws:ec2:eu-west-1:${ACCOUNT}:security-group/${GROUP}`,
      region: 'eu-west-1',
    };
    expect(said(given.ocsfImported({ resources: [resource] }))).toEqual([
      'rejected',
      `The event contradicts itself: a resource is called both sg-0aaaaaaaaaaaaaaaa and ${GROUP}.`,
    ]);
  });
});

describe('resources in the names of their sources', () => {
  it('an account is its number, not the detector next to it', () => {
    const resource = { type: 'AWS::::Account', uid: ACCOUNT, uid_alt: `arn:aws:guardduty:eu-west-1:${ACCOUNT}:detector/abc`, region: 'eu-west-1' };
    expect(one(given.ocsfImported({ resources: [resource] })).resources).toMatchObject([{ type: 'AWS::::Account', id: ACCOUNT }]);
    const { uid: _, ...bare } = resource;
    expect(one(given.ocsfImported({ resources: [bare] })).resources).toMatchObject([{ type: 'AWS::::Account', id: ACCOUNT }]);
  });

  it('an image is not its repository', () => {
    const Id = `arn:aws:ecr:eu-west-1:${ACCOUNT}:repository/shop/web/sha256:0a1b2c3d`;
    expect(one(given.asffImported({ Resources: [{ Type: 'AwsEcrContainerImage', Id }] })).resources).toMatchObject([{ type: 'AWS::ECR::Image', id: Id }]);
    const repository = `arn:aws:ecr:eu-west-1:${ACCOUNT}:repository/shop/web`;
    expect(one(given.asffImported({ Resources: [{ Type: 'AwsEcrRepository', Id: repository }] })).resources).toMatchObject([
      { type: 'AWS::ECR::Repository', id: 'shop/web' },
    ]);
  });

  it('a region N/A is that of the resource, or of the envelope', () => {
    const product = 'arn:aws:securityhub:eu-west-1::product/acme/scanner';
    const finding = { Region: 'N/A', ProductArn: product, Types: ['Software and Configuration Checks/Vulnerabilities/CVE'] };
    expect(one(given.asffImported({ ...finding, Resources: [{ Type: 'Other', Id: 'host-7' }] }))).toMatchObject({
      disposition: 'record-only',
      region: 'eu-west-1',
    });
    const Id = `arn:aws:ec2:ap-southeast-2:${ACCOUNT}:instance/i-0123456789abcdef0`;
    expect(one(given.asffImported({ ...finding, Resources: [{ Type: 'AwsEc2Instance', Id }] }))).toMatchObject({ region: 'ap-southeast-2' });
    expect(one(given.asffFinding({ ...finding, Resources: [{ Type: 'Other', Id: 'host-7' }] }))).toMatchObject({ disposition: 'record-only', region: null });
  });

  it('findings of other products have their types', () => {
    const Types = ['Software and Configuration Checks/Vulnerabilities/CVE', 7, 'TTPs/Discovery'];
    const finding = { ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/inspector', Types };
    expect(one(given.asffImported(finding)).controls).toEqual(['Software and Configuration Checks/Vulnerabilities/CVE', 'TTPs/Discovery']);
  });

  it('a key that was found in public is named with its user in the detail of the check', () => {
    const detail = { 'Access Key ID': 'AKIAIOSFODNN7EXAMPLE', 'User Name (IAM or Root)': 'deploy', Location: 'www.github.com' };
    const exposed = { 'check-name': 'Exposed Access Keys', status: 'ERROR', resource_id: '', 'check-item-detail': detail };
    expect(one(given.advisorItem(exposed))).toMatchObject({
      disposition: 'candidate',
      region: 'aws-global',
      resources: [
        { type: 'AWS::IAM::AccessKey', id: 'AKIAIOSFODNN7EXAMPLE' },
        { type: 'AWS::IAM::User', id: 'deploy' },
      ],
    });
    const root = { ...exposed, 'check-item-detail': { ...detail, 'User Name (IAM or Root)': '<root_account>' } };
    expect(one(given.advisorItem(root)).resources).toMatchObject([{ type: 'AWS::IAM::AccessKey' }]);
  });

  it('unusual activity is recorded, with its calls', () => {
    const insight = {
      eventVersion: '1.09',
      eventTime: '2026-11-02T09:15:00Z',
      awsRegion: 'eu-west-1',
      eventID: 'insight-1',
      eventType: 'AwsCloudTrailInsight',
      recipientAccountId: ACCOUNT,
      insightDetails: { state: 'Start', eventSource: 'ec2.amazonaws.com', eventName: 'AuthorizeSecurityGroupIngress', insightType: 'ApiCallRateInsight' },
      eventCategory: 'Insight',
    };
    expect(one(given.event('aws.cloudtrail', 'AWS Insight via CloudTrail', insight))).toMatchObject({
      disposition: 'record-only',
      reason: 'AwsCloudTrailInsight is not an API call.',
      resources: [],
      call: { service: 'ec2', operation: 'AuthorizeSecurityGroupIngress' },
    });
  });
});

describe('the parameters of a control', () => {
  it('are kept, in both formats', () => {
    const own = {
      SecurityControlId: 'IAM.7',
      Status: 'FAILED',
      SecurityControlParameters: [{ Name: 'MinimumPasswordLength', Value: ['20'] }, { Name: 'ports', Value: ['22', '3389'] }, { Name: 'odd' }],
    };
    expect(one(given.asffImported({ Compliance: own })).extra.controlParameters).toEqual({ MinimumPasswordLength: '20', ports: '22,3389' });
    const ocsf = { control: 'IAM.7', status: 'Fail', status_id: 3, control_parameters: [{ name: 'MinimumPasswordLength', values: ['20'] }] };
    expect(one(given.ocsfImported({ compliance: ocsf })).extra.controlParameters).toEqual({ MinimumPasswordLength: '20' });
    expect(one(given.asffImported()).extra.controlParameters).toBeUndefined();
  });
});

describe('Security Hub v2, where an update does not move the time of a finding', () => {
  it('gives what a person has set a key of its own', () => {
    const failed = one(given.ocsfImported());
    const suppressed = one(given.ocsfImported({ status: 'Suppressed', status_id: 3 }));
    const ours = one(given.ocsfImported({ status: 'In Progress', status_id: 2 }));
    expect([suppressed.disposition, ours.disposition]).toEqual(['ignored', 'ignored']);
    expect(new Set([failed.id, suppressed.id, ours.id]).size).toBe(3);
    expect(suppressed.observedAt).toBe(failed.observedAt);
    expect(one(given.ocsfImported()).id).toBe(failed.id);
  });
});
