import { describe, expect, it } from 'vitest';
import type { Finding } from '../model/finding.js';
import { digestOf, digestText } from '../model/json.js';
import * as given from './fixtures/events.js';
import { normalize } from './normalize.js';
import { unwrap } from './unwrap.js';

const { ACCOUNT } = given;

/** The one finding of an input. */
function one(input: unknown): Finding {
  const findings = normalize(input);
  expect(findings).toHaveLength(1);
  return findings[0] as Finding;
}

describe('CloudTrail', () => {
  it('is a claim with everything in the record', () => {
    expect(one(given.apiCall())).toEqual({
      id: 'b1946ac9-2f4e-4c1d-9a57-3d2f1e0c9b8a',
      source: 'cloudtrail',
      kind: 'api-call',
      disposition: 'candidate',
      reason: 'AuthorizeSecurityGroupIngress changed something.',
      account: ACCOUNT,
      region: 'eu-west-1',
      resources: [{ type: 'AWS::EC2::SecurityGroup', id: 'sg-0a1b2c3d4e5f60718' }],
      controls: [],
      configRule: null,
      state: null,
      previousState: null,
      actor: {
        arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Developer/kim`,
        type: 'AssumedRole',
        issuerArn: `arn:aws:iam::${ACCOUNT}:role/teams/Developer`,
        invokedBy: null,
      },
      observedAt: '2026-11-02T09:15:00Z',
      call: {
        service: 'ec2',
        operation: 'AuthorizeSecurityGroupIngress',
        request: given.authorizeIngress().requestParameters,
        response: given.authorizeIngress().responseElements,
        errorCode: null,
        readOnly: false,
      },
      replayed: false,
      envelope: {
        id: '0d079340-135a-4f2c-95c6-7f7a0b1f2e3d',
        source: 'aws.ec2',
        detailType: 'AWS API Call via CloudTrail',
        account: ACCOUNT,
        region: 'eu-west-1',
        time: '2026-11-02T09:15:30Z',
        replayName: null,
      },
      via: [],
      itemId: null,
      extra: { eventType: 'AwsApiCall', sourceIPAddress: '198.51.100.7', userAgent: 'aws-cli/2.31.0', requestId: '5a8f1c2e-0b3d-4e6f-8a90-1b2c3d4e5f60' },
    });
  });

  it.each(['AccessDenied', 'Client.DryRunOperation', 'anything'])('drops a call that failed with %s, and reports that', (errorCode) => {
    const finding = one(given.apiCall({ errorCode }));
    expect(finding).toMatchObject({ disposition: 'ignored', call: { errorCode } });
    expect(finding.reason).toContain(errorCode);
  });

  it('treats an empty error code as no error', () => {
    expect(one(given.apiCall({ errorCode: '' })).disposition).toBe('candidate');
  });

  it.each([
    [{ readOnly: true }, 'ignored'],
    [{ readOnly: 'true' }, 'ignored'],
    [{ readOnly: 'false', eventName: 'GetToken' }, 'candidate'],
    [{ readOnly: undefined, eventName: 'DescribeSecurityGroups' }, 'ignored'],
    [{ readOnly: undefined, eventName: 'ListBuckets' }, 'ignored'],
    // Not a read: the word goes on.
    [{ readOnly: undefined, eventName: 'GetterDelete' }, 'candidate'],
    [{ readOnly: undefined, eventName: 'CreateBucket' }, 'candidate'],
  ])('distinguishes reads from writes: %o', (record, disposition) => {
    expect(one(given.apiCall(record)).disposition).toBe(disposition);
  });

  it('names no resource of a call that only reads', () => {
    expect(one(given.apiCall({ readOnly: true })).resources).toEqual([]);
  });

  it.each(['AWS Console Sign In via CloudTrail', 'AWS Console Signin via CloudTrail'])('keeps a sign-in as record-only: %s', (detailType) => {
    for (const eventType of ['AwsConsoleSignIn', undefined]) {
      const record = given.authorizeIngress({ eventSource: 'signin.amazonaws.com', eventName: 'ConsoleLogin', eventType, requestParameters: null });
      expect(one(given.event('aws.signin', detailType, record))).toMatchObject({ kind: 'console-sign-in', disposition: 'record-only', resources: [] });
    }
  });

  it.each(['AwsServiceEvent', 'AwsConsoleAction', 'AwsCloudTrailInsight'])('keeps an %s as record-only: nobody called', (eventType) => {
    expect(one(given.apiCall({ eventType })).disposition).toBe('record-only');
  });

  it('reads the account from the recipient, else from the caller, else from the envelope', () => {
    const without = { recipientAccountId: undefined };
    expect(one(given.apiCall({ userIdentity: { accountId: '222222222222' } })).account).toBe(ACCOUNT);
    expect(one(given.apiCall({ ...without, userIdentity: { accountId: '222222222222' } })).account).toBe('222222222222');
    expect(one(given.apiCall({ ...without, userIdentity: {} })).account).toBe(ACCOUNT);
    expect(one(given.authorizeIngress({ ...without, userIdentity: {} }))).toMatchObject({
      disposition: 'rejected',
      account: null,
      reason: 'The event names no account.',
    });
  });

  it('reads identities of all sorts, even a missing one', () => {
    expect(one(given.apiCall({ userIdentity: { type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' } })).actor).toEqual({
      arn: null,
      type: 'AWSService',
      issuerArn: null,
      invokedBy: 'autoscaling.amazonaws.com',
    });
    expect(one(given.apiCall({ userIdentity: 'null' })).actor).toEqual({ arn: null, type: null, issuerArn: null, invokedBy: null });
    expect(one(given.apiCall({ userIdentity: { arn: 'arn:aws::sts:odd' } })).actor?.arn).toBe('arn:aws::sts:odd');
  });

  it('treats the "null" of loggers as null', () => {
    expect(one(given.apiCall({ requestParameters: 'null', responseElements: 'null' })).call).toMatchObject({ request: null, response: null });
  });

  it('rejects a record that names no operation', () => {
    expect(one(given.apiCall({ eventName: 7 })).disposition).toBe('rejected');
    expect(one(given.event('aws.ec2', 'AWS API Call via CloudTrail', {})).disposition).toBe('rejected');
  });

  it('reports when the recorded call is incomplete', () => {
    const finding = one(given.apiCall({ requestParameters: { groupId: 'sg-1', userData: 'x'.repeat(50_000) } }));
    expect(finding.extra['truncated']).toBe(true);
  });

  it('has a digest as its id when the record has none', () => {
    const finding = one(given.apiCall({ eventID: undefined }));
    expect(finding.id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(one(given.apiCall({ eventID: undefined })).id).toBe(finding.id);
    expect(one(given.apiCall({ eventID: undefined, eventTime: '2026-11-02T09:16:00Z' })).id).not.toBe(finding.id);
  });
});

describe('Security Hub, ASFF', () => {
  it('is a claim with everything in the finding', () => {
    const id = `arn:aws:securityhub:eu-west-1:${ACCOUNT}:subscription/aws-foundational-security-best-practices/v/1.0.0/EC2.13/finding/7c9e6679-7425-40de-944b-e07fc1f90ae7`;
    expect(one(given.asffImported())).toMatchObject({
      id: `${id}|2026-11-02T09:20:01.123Z`,
      source: 'securityhub',
      kind: 'finding-imported',
      disposition: 'candidate',
      account: ACCOUNT,
      region: 'eu-west-1',
      resources: [
        {
          type: 'AWS::EC2::SecurityGroup',
          id: 'sg-0a1b2c3d4e5f60718',
          region: 'eu-west-1',
          rawType: 'AwsEc2SecurityGroup',
          rawId: `arn:aws:ec2:eu-west-1:${ACCOUNT}:security-group/sg-0a1b2c3d4e5f60718`,
        },
      ],
      controls: ['EC2.13', 'aws-foundational-security-best-practices/v/1.0.0/EC2.13'],
      configRule: 'securityhub-restricted-ssh-3f2a1b0c',
      state: 'FAILED',
      actor: null,
      observedAt: '2026-11-02T09:20:01.123Z',
      call: null,
      extra: {
        findingId: id,
        standardPath: 'aws-foundational-security-best-practices/v/1.0.0/EC2.13',
        recordState: 'ACTIVE',
        workflowStatus: 'NEW',
        legacyWorkflowState: 'NEW',
        severity: 'HIGH',
        productArn: 'arn:aws:securityhub:eu-west-1::product/aws/securityhub',
      },
    });
  });

  const workflow = (Status: string) => ({ Workflow: { Status } });
  /** The control was evaluated at 09:20:01.123. */
  const noted = (UpdatedAt: string | undefined) => ({ Note: { Text: 'x', UpdatedBy: 'redress', UpdatedAt } });
  it.each<[Record<string, unknown>, string, string]>([
    [{}, 'candidate', 'candidate'],
    [{ Compliance: { Status: 'PASSED' } }, 'resolved', 'resolved'],
    [{ Compliance: { Status: 'PASSED' }, ...workflow('SUPPRESSED') }, 'resolved', 'resolved'],
    [{ RecordState: 'ARCHIVED' }, 'resolved', 'resolved'],
    [{ RecordState: 'ARCHIVED', ...workflow('NOTIFIED') }, 'resolved', 'resolved'],
    [workflow('RESOLVED'), 'resolved', 'resolved'],
    // Our own update comes back: the note is as new as the evaluation, or newer.
    [{ ...workflow('RESOLVED'), ...noted('2026-11-02T09:21:00.000Z') }, 'ignored', 'resolved'],
    [{ ...workflow('NOTIFIED'), ...noted('2026-11-02T09:21:00.000Z') }, 'ignored', 'candidate'],
    [{ ...workflow('NOTIFIED'), ...noted('2026-11-02T09:20:01.123Z') }, 'ignored', 'candidate'],
    [{ ...workflow('RESOLVED'), ...noted(undefined) }, 'ignored', 'resolved'],
    [{ ...workflow('NOTIFIED'), ...noted('soon') }, 'ignored', 'candidate'],
    // It was evaluated again since, and failed; in between it may never have passed, so that it is not NEW.
    [{ ...workflow('RESOLVED'), ...noted('2026-11-02T09:20:01.122Z') }, 'candidate', 'candidate'],
    [{ ...workflow('NOTIFIED'), ...noted('2026-11-02T09:20:01.122Z') }, 'candidate', 'candidate'],
    [{ ...workflow('RESOLVED'), ...noted('2026-11-01T00:00:00.000Z'), Compliance: { Status: 'WARNING' } }, 'record-only', 'record-only'],
    [{ ...workflow('NEW'), ...noted('2026-11-02T09:21:00.000Z') }, 'candidate', 'candidate'],
    [{ Compliance: { Status: 'PASSED' }, ...workflow('RESOLVED'), ...noted('2026-11-02T09:21:00.000Z') }, 'resolved', 'resolved'],
    // Someone else's.
    [{ ...workflow('RESOLVED'), Note: { Text: 'x', UpdatedBy: 'ada', UpdatedAt: '2026-11-01T00:00:00.000Z' } }, 'resolved', 'resolved'],
    [{ ...workflow('NOTIFIED'), Note: { Text: 'x', UpdatedBy: 'ada', UpdatedAt: '2026-11-02T09:21:00.000Z' } }, 'candidate', 'candidate'],
    [workflow('SUPPRESSED'), 'ignored', 'ignored'],
    // That somebody was told closes nothing.
    [workflow('NOTIFIED'), 'candidate', 'candidate'],
    [workflow('WHATEVER'), 'record-only', 'record-only'],
    [{ Compliance: { Status: 'WARNING' } }, 'record-only', 'record-only'],
    [{ Compliance: { Status: 'NOT_AVAILABLE' } }, 'record-only', 'record-only'],
    [{ Compliance: undefined }, 'record-only', 'record-only'],
    [{ Compliance: { Status: 'failed' } }, 'record-only', 'record-only'],
    [{ RecordState: undefined }, 'record-only', 'record-only'],
    [{ ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/guardduty' }, 'record-only', 'record-only'],
    [{ ProductArn: `arn:aws:securityhub:eu-west-1:${ACCOUNT}:product/${ACCOUNT}/default` }, 'record-only', 'record-only'],
    [{ ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/securityhub/more' }, 'record-only', 'record-only'],
    [{ ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/config' }, 'candidate', 'candidate'],
    [{ ProductArn: 'arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/securityhub' }, 'candidate', 'candidate'],
    // WorkflowState stays NEW after Workflow was resolved.
    [{ Workflow: undefined }, 'candidate', 'candidate'],
    [{ Workflow: undefined, WorkflowState: 'NOTIFIED' }, 'candidate', 'candidate'],
    [{ Workflow: undefined, WorkflowState: 'DEFERRED' }, 'ignored', 'ignored'],
    [{ Workflow: undefined, WorkflowState: 'RESOLVED' }, 'resolved', 'resolved'],
    [{ Workflow: undefined, WorkflowState: undefined }, 'record-only', 'record-only'],
    [{ Id: undefined }, 'rejected', 'rejected'],
    [{ AwsAccountId: undefined }, 'rejected', 'rejected'],
    [{ AwsAccountId: 111111111111 }, 'rejected', 'rejected'],
    [{ AwsAccountId: '0111111111111' }, 'rejected', 'rejected'],
    [{ UpdatedAt: '' }, 'rejected', 'rejected'],
    [{ ProductArn: undefined }, 'rejected', 'rejected'],
    [{ Region: 'EU West 1' }, 'rejected', 'rejected'],
    [{ Region: 7 }, 'rejected', 'rejected'],
  ])('%o: imported %s, sent by a person %s', (finding, whenImported, whenSent) => {
    const imported = one(given.asffImported(finding));
    expect(imported.disposition).toBe(whenImported);
    expect(imported.reason).not.toBe('');
    expect(one(given.asffAction(finding)).disposition).toBe(whenSent);
  });

  it('makes one finding of each, whether an event holds one or two', () => {
    const event = given.event('aws.securityhub', 'Security Hub Findings - Imported', {
      findings: [given.asffFinding(), given.asffFinding({ Compliance: { Status: 'PASSED' } })],
    });
    expect(normalize(event).map((finding) => finding.disposition)).toEqual(['candidate', 'resolved']);
  });

  it('distinguishes a custom action from the import of the same finding', () => {
    const sent = one(given.asffAction());
    expect(sent).toMatchObject({
      kind: 'finding-custom-action',
      actor: null,
      extra: { customActionArn: `arn:aws:securityhub:eu-west-1:${ACCOUNT}:action/custom/FixIt`, customActionName: 'Fix it' },
    });
    expect(sent.id).not.toBe(one(given.asffImported()).id);
  });

  it('reads account and region from the finding, not from the envelope of an administrator', () => {
    const finding = one(given.asffImported({ AwsAccountId: '222222222222' }, { account: '333333333333', region: 'us-east-1' }));
    expect(finding).toMatchObject({ account: '222222222222', region: 'eu-west-1', envelope: { account: '333333333333', region: 'us-east-1' } });
  });

  it('finds the region of older findings', () => {
    expect(one(given.asffImported({ Region: undefined })).region).toBe('eu-west-1');
    expect(one(given.asffImported({ Region: undefined, Resources: [{ Type: 'AwsS3Bucket', Id: 'arn:aws:s3:::invoices' }] })).region).toBe('eu-west-1');
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'consolidated',
      {
        Id: `arn:aws:securityhub:eu-west-1:${ACCOUNT}:security-control/S3.8/finding/1`,
        GeneratorId: 'security-control/S3.8',
        ProductFields: {},
        Compliance: { Status: 'FAILED', SecurityControlId: 'S3.8' },
      },
      ['S3.8'],
    ],
    [
      'consolidated, without SecurityControlId',
      {
        Id: 'x',
        GeneratorId: 'security-control/S3.8',
        ProductFields: {
          'aws/securityhub/FindingId': `arn:aws:securityhub:eu-west-1::product/aws/securityhub/arn:aws:securityhub:eu-west-1:${ACCOUNT}:security-control/S3.8/finding/1`,
        },
        Compliance: { Status: 'FAILED' },
      },
      ['S3.8'],
    ],
    [
      'foundational, by ControlId',
      { ProductFields: { ControlId: 'EC2.13' }, Compliance: { Status: 'FAILED' } },
      ['EC2.13', 'aws-foundational-security-best-practices/v/1.0.0/EC2.13'],
    ],
    [
      'CIS 1.2',
      {
        Id: 'x',
        GeneratorId: 'arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0/rule/4.1',
        ProductFields: { RuleId: '4.1' },
        Compliance: { Status: 'FAILED' },
      },
      ['cis-aws-foundations-benchmark/v/1.2.0/4.1'],
    ],
    [
      'CIS 1.4',
      { Id: 'x', GeneratorId: 'cis-aws-foundations-benchmark/v/1.4.0/3.7', ProductFields: { ControlId: '3.7' }, Compliance: { Status: 'FAILED' } },
      ['cis-aws-foundations-benchmark/v/1.4.0/3.7'],
    ],
    [
      'PCI',
      { Id: 'x', GeneratorId: 'pci-dss/v/3.2.1/PCI.S3.1', ProductFields: { ControlId: 'PCI.S3.1' }, Compliance: { Status: 'FAILED' } },
      ['pci-dss/v/3.2.1/PCI.S3.1'],
    ],
    [
      'by the id alone',
      {
        Id: `arn:aws:securityhub:eu-west-1:${ACCOUNT}:subscription/pci-dss/v/3.2.1/PCI.S3.1/finding/1`,
        GeneratorId: 'free text',
        ProductFields: {},
        Compliance: { Status: 'FAILED' },
      },
      ['pci-dss/v/3.2.1/PCI.S3.1'],
    ],
    ['none', { Id: 'x', GeneratorId: 7, ProductFields: null, Compliance: { Status: 'FAILED' } }, []],
  ])('names the control: %s', (_name, finding, controls) => {
    expect(one(given.asffImported(finding)).controls).toEqual(controls);
  });

  it('identifies a Config finding by its rule, and gives it no control', () => {
    const finding = {
      ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/config',
      ProductFields: { 'aws/config/ConfigRuleName': 'restricted-ssh' },
      GeneratorId: `arn:aws:config:eu-west-1:${ACCOUNT}:config-rule/config-rule-a1b2c3`,
    };
    expect(one(given.asffImported(finding))).toMatchObject({ controls: [], configRule: 'restricted-ssh' });
    expect(one(given.asffImported({ ProductFields: {} })).configRule).toBeNull();
  });

  it('keeps all resources', () => {
    const Resources = [
      { Type: 'AwsS3Bucket', Id: 'arn:aws:s3:::a' },
      { Type: 'AwsS3Bucket', Id: 'arn:aws:s3:::b' },
      { Type: 'AwsS3Bucket', Id: 'arn:aws:s3:::a' },
      { Type: 'AwsS3Bucket' },
      null,
    ];
    expect(one(given.asffImported({ Resources })).resources.map((each) => each.id)).toEqual(['a', 'b']);
  });

  it('names the user of an access key', () => {
    const Resources = [
      { Type: 'AwsIamAccessKey', Id: 'AWS::IAM::AccessKey:null', Details: { AwsIamAccessKey: { PrincipalType: 'IAMUser', PrincipalName: 'kim' } } },
    ];
    expect(one(given.asffImported({ Resources })).resources).toMatchObject([{ type: 'AWS::IAM::User', id: 'kim' }]);
    expect(
      one(given.asffImported({ Resources: [{ ...Resources[0], Details: { AwsIamAccessKey: { PrincipalType: 'AssumedRole', PrincipalName: 'r' } } }] }))
        .resources,
    ).toEqual([]);
  });

  it('reads severities of old findings, and the author of a note', () => {
    expect(one(given.asffImported({ Severity: { Product: 7, Normalized: 70 }, Note: { Text: 'x', UpdatedBy: 'redress' } })).extra).toMatchObject({
      severity: 70,
      noteUpdatedBy: 'redress',
    });
  });

  it('rejects an event without findings, drops one with counts', () => {
    for (const detail of [{}, { findings: [] }, { findings: 'x' }]) {
      for (const type of ['Security Hub Findings - Imported', 'Security Hub Findings - Custom Action', 'Findings Imported V2'])
        expect(one(given.event('aws.securityhub', type, detail)).disposition).toBe('rejected');
    }
    expect(
      one(
        given.event('aws.securityhub', 'Security Hub Insight Results', {
          insightArn: 'arn:aws:securityhub:::insight/securityhub/default/9',
          'number of results': 1,
        }),
      ),
    ).toMatchObject({ kind: 'insight-results', disposition: 'ignored' });
  });
});

describe('Security Hub, OCSF', () => {
  it('is a claim with everything in the finding', () => {
    const findingId = `arn:aws:securityhub:eu-west-1:${ACCOUNT}:security-control/S3.8/finding/4f1d2c3b-0a9e-4d8c-b7a6-5e4f3d2c1b0a`;
    expect(one(given.ocsfImported())).toMatchObject({
      id: `${findingId}|2026-11-02T09:00:01.123Z`,
      source: 'securityhub-v2',
      kind: 'finding-imported-v2',
      disposition: 'candidate',
      account: ACCOUNT,
      region: 'eu-west-1',
      resources: [{ type: 'AWS::S3::Bucket', id: 'invoices', region: 'eu-west-1' }],
      controls: ['S3.8'],
      configRule: 'securityhub-s3-bucket-level-public-access-prohibited-1a2b3c4d',
      state: 'Fail',
      observedAt: '2026-11-02T09:00:01.123Z',
      extra: { findingId, statusId: 1, classUid: 2003, activityId: 1, severity: 'High' },
    });
  });

  const compliance = (more: Record<string, unknown>) => ({ compliance: { control: 'S3.8', ...more } });
  it.each<[Record<string, unknown>, string]>([
    [compliance({ status: 'FAILED' }), 'candidate'],
    [compliance({ status_id: 3 }), 'candidate'],
    [compliance({ status: 'Pass', status_id: 1 }), 'resolved'],
    [compliance({ status: 'Warning', status_id: 2 }), 'record-only'],
    [compliance({ status: 'Pass', status_id: 3 }), 'record-only'],
    [compliance({ status: 'Odd' }), 'record-only'],
    [compliance({}), 'record-only'],
    // Closed with its status still New.
    [{ activity_id: 3 }, 'resolved'],
    [{ status_id: 4, status: 'Resolved' }, 'resolved'],
    [{ status_id: 5, status: 'Archived' }, 'resolved'],
    [{ status_id: undefined, status: 'archived' }, 'resolved'],
    [{ status_id: 3, status: 'Suppressed' }, 'ignored'],
    [{ status_id: 2, status: 'In Progress' }, 'ignored'],
    [{ status_id: undefined, status: undefined }, 'record-only'],
    [{ status_id: 99, status: 'Other' }, 'record-only'],
    [{ status_id: undefined }, 'candidate'],
    [{ class_uid: 2004 }, 'record-only'],
    [{ class_uid: 2002 }, 'record-only'],
    [{ metadata: { product: { uid: 'arn:aws:securityhub:eu-west-1::productv2/aws/guardduty' } } }, 'record-only'],
    [{ metadata: { product: { uid: 'arn:aws:securityhub:eu-west-1::product/aws/securityhub' } } }, 'candidate'],
    [{ finding_info: {} }, 'rejected'],
    [{ cloud: { account: { uid: '12345' }, region: 'eu-west-1' } }, 'rejected'],
  ])('%o: %s', (finding, disposition) => {
    expect(one(given.ocsfImported(finding)).disposition).toBe(disposition);
  });

  it('shares the finding’s id with the same finding in ASFF', () => {
    const uid = given.asffFinding().Id;
    const v2 = one(given.ocsfImported({ finding_info: { uid, modified_time: 1793610001123, types: [] } }));
    expect(v2.extra['findingId']).toBe(one(given.asffImported()).extra['findingId']);
    expect(v2).toMatchObject({ observedAt: '2026-11-02T09:00:01.123Z', controls: ['S3.8', 'aws-foundational-security-best-practices/v/1.0.0/EC2.13'] });
  });

  it('prefers the ARN, then the id, then the name; reads the older shape; accepts resources without a region', () => {
    const id = (resource: unknown) => one(given.ocsfImported({ resources: [resource] })).resources[0];
    expect(id({ type: 'AWS::S3::Bucket', uid: 'a', uid_alt: 'arn:aws:s3:::b' })).toMatchObject({ id: 'b' });
    expect(id({ type: 'AWS::S3::Bucket', uid: 'a', uid_alt: 'b' })).toMatchObject({ id: 'a' });
    expect(id({ type: 'AWS::S3::Bucket', name: 'c' })).toMatchObject({ id: 'c' });
    expect(id({ type: 'AWS::IAM::User', uid: 'kim', region: 'global' })).toMatchObject({ region: 'aws-global' });
    expect(one(given.ocsfImported({ resources: undefined, resource: { type: 'AWS::S3::Bucket', uid: 'a' } })).resources).toMatchObject([{ id: 'a' }]);
    expect(one(given.ocsfImported({ cloud: { account: { uid: ACCOUNT }, region: 'global' } })).region).toBe('aws-global');
    expect(one(given.ocsfImported({ cloud: {} }))).toMatchObject({ account: ACCOUNT, region: 'eu-west-1' });
  });

  it('names a detection by its type', () => {
    expect(one(given.ocsfImported({ class_uid: 2004, finding_info: { uid: 'x', modified_time: 1, types: ['Threats', 'Execution:Runtime/X'] } }))).toMatchObject(
      { controls: ['Execution:Runtime/X'], state: 'New' },
    );
  });
});

describe('Config', () => {
  it('is a claim with everything in the change', () => {
    const ruleArn = `arn:aws:config:eu-west-1:${ACCOUNT}:config-rule/config-rule-a1b2c3`;
    expect(one(given.complianceChange())).toMatchObject({
      id: [ACCOUNT, 'eu-west-1', ruleArn, 'AWS::EC2::SecurityGroup', 'sg-0a1b2c3d4e5f60718', '2026-11-02T09:16:01.500Z', 'NON_COMPLIANT'].join('|'),
      source: 'config',
      kind: 'config-compliance-change',
      disposition: 'candidate',
      account: ACCOUNT,
      region: 'eu-west-1',
      resources: [{ type: 'AWS::EC2::SecurityGroup', id: 'sg-0a1b2c3d4e5f60718', region: 'eu-west-1' }],
      controls: [],
      configRule: 'restricted-ssh',
      state: 'NON_COMPLIANT',
      previousState: 'COMPLIANT',
      observedAt: '2026-11-02T09:16:30.250Z',
      extra: {
        configRuleArn: ruleArn,
        orderingTimestamp: '2026-11-02T09:16:01.500Z',
        capturedAt: '2026-11-02T09:16:01.500Z',
        previousCapturedAt: '2026-11-02T09:10:01.500Z',
      },
    });
  });

  it.each([
    ['a tick of its schedule, 295 ms before the rule ran', '2026-11-02T09:15:59.705Z', undefined],
    ['the last millisecond that counts as a tick', '2026-11-02T09:15:55.001Z', undefined],
    ['a record that reached the rule after five seconds', '2026-11-02T09:15:55.000Z', '2026-11-02T09:15:55.000Z'],
    ['no time', 'yesterday', undefined],
  ])('reads as the time of a recorded configuration: %s', (_name, orderingTimestamp, expected) => {
    const evaluated = {
      evaluationResultIdentifier: { orderingTimestamp },
      complianceType: 'NON_COMPLIANT',
      resultRecordedTime: '2026-11-02T09:16:02Z',
      configRuleInvokedTime: '2026-11-02T09:16:00.000Z',
    };
    const { extra } = one(given.complianceChange('NON_COMPLIANT', { newEvaluationResult: evaluated, oldEvaluationResult: evaluated }));
    expect([extra.capturedAt, extra.previousCapturedAt]).toEqual([expected, expected]);
  });

  it.each([
    ['COMPLIANT', 'resolved'],
    ['NOT_APPLICABLE', 'resolved'],
    ['INSUFFICIENT_DATA', 'record-only'],
    ['non_compliant', 'record-only'],
    ['', 'rejected'],
  ])('%s: %s', (state, disposition) => {
    expect(one(given.complianceChange(state)).disposition).toBe(disposition);
  });

  it('never acts on a resource that is only planned', () => {
    expect(one(given.complianceChange('NON_COMPLIANT', {}, 'PROACTIVE')).disposition).toBe('ignored');
    expect(one(given.complianceChange('NON_COMPLIANT', {}, 'DETECTIVE')).disposition).toBe('candidate');
  });

  it('has no earlier state on a first evaluation', () => {
    for (const oldEvaluationResult of [undefined, null]) expect(one(given.complianceChange('NON_COMPLIANT', { oldEvaluationResult })).previousState).toBeNull();
  });

  it.each(['awsAccountId', 'awsRegion', 'messageType', 'newEvaluationResult'])('rejects a change without %s, whatever the envelope has', (member) => {
    expect(one(given.complianceChange('NON_COMPLIANT', { [member]: undefined })).disposition).toBe('rejected');
  });

  it('reads the qualifier if the detail has no answer', () => {
    expect(one(given.complianceChange('NON_COMPLIANT', { resourceType: undefined, resourceId: undefined, configRuleName: undefined }))).toMatchObject({
      disposition: 'candidate',
      configRule: 'restricted-ssh',
      resources: [{ id: 'sg-0a1b2c3d4e5f60718' }],
    });
  });

  it('reports when Security Hub will report the same', () => {
    const configRuleARN = `arn:aws:config:eu-west-1:${ACCOUNT}:config-rule/aws-service-rule/securityhub.amazonaws.com/config-rule-a1b2c3`;
    expect(one(given.complianceChange('NON_COMPLIANT', { configRuleARN })).extra['securityHubRule']).toBe(true);
  });

  it.each([
    ['AWS::Logs::LogGroup', '/a/b', '/a/b'],
    ['AWS::Logs::LogGroup', `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:/a/b:*`, '/a/b'],
    ['AWS::CloudTrail::Trail', `arn:aws:cloudtrail:eu-west-1:${ACCOUNT}:trail/main`, 'main'],
    ['AWS::SQS::Queue', `https://sqs.eu-west-1.amazonaws.com/${ACCOUNT}/jobs`, `https://sqs.eu-west-1.amazonaws.com/${ACCOUNT}/jobs`],
    ['AWS::::Account', ACCOUNT, ACCOUNT],
    // A unique id, which the remediator makes a name of.
    ['AWS::IAM::User', 'AIDAEXAMPLEEXAMPLE01', 'AIDAEXAMPLEEXAMPLE01'],
  ])('%s %s', (resourceType, resourceId, id) => {
    expect(one(given.complianceChange('NON_COMPLIANT', { resourceType, resourceId })).resources).toMatchObject([{ type: resourceType, id }]);
  });

  it('keeps item changes as record-only, and reports when the resource is gone', () => {
    expect(one(given.itemChange())).toMatchObject({
      id: `${ACCOUNT}|eu-west-1|AWS::S3::Bucket|invoices|1793610960000`,
      kind: 'configuration-item-change',
      disposition: 'record-only',
      state: 'OK',
      observedAt: '2026-11-02T09:16:00.000Z',
      extra: { changeType: 'UPDATE' },
    });
    for (const configurationItemStatus of ['ResourceDeleted', 'ResourceDeletedNotRecorded'])
      expect(one(given.itemChange({ configurationItemStatus })).disposition).toBe('resolved');
    expect(one(given.itemChange({}, { configurationItem: [given.configurationItem()] })).disposition).toBe('rejected');
    expect(one(given.itemChange({ resourceId: undefined })).disposition).toBe('rejected');
  });

  it('reads the summary of an item that was too large', () => {
    const more = {
      messageType: 'OversizedConfigurationItemChangeNotification',
      configurationItem: undefined,
      configurationItemDiff: undefined,
      configurationItemSummary: given.configurationItem({ changeType: 'CREATE' }),
    };
    expect(one(given.itemChange({}, more))).toMatchObject({
      disposition: 'record-only',
      resources: [{ id: 'invoices' }],
      extra: { oversized: true, changeType: 'CREATE' },
    });
  });

  it('requests an evaluation when a custom rule is invoked', () => {
    expect(one(given.ruleInvocation())).toMatchObject({
      kind: 'config-rule-invocation',
      disposition: 'evaluate',
      account: ACCOUNT,
      region: 'eu-west-1',
      configRule: 'own-rule',
      resources: [{ type: 'AWS::S3::Bucket', id: 'invoices' }],
      state: 'OK',
      extra: { eventLeftScope: false, configRuleId: 'config-rule-d4e5f6', messageType: 'ConfigurationItemChangeNotification' },
    });
    expect(one(given.ruleInvocation(undefined, { evaluationMode: 'PROACTIVE' })).disposition).toBe('ignored');
    expect(one(given.ruleInvocation(undefined, { resultToken: 'TESTMODE' })).extra['testMode']).toBe(true);
    expect(JSON.stringify(one(given.ruleInvocation()))).not.toContain('AbCdEf');
  });

  it('reads a remediation request of Config, and does not use it as an observation', () => {
    expect(one(given.remediationRequest())).toMatchObject({
      id: `${ACCOUNT}|eu-west-1|e9b4a5a6-1b2c-4d3e-8f90-0a1b2c3d4e5f|cw-loggroup-retention-period-check|AWS::Logs::LogGroup|/acme/orders`,
      source: 'config',
      kind: 'config-remediation',
      disposition: 'candidate',
      account: ACCOUNT,
      region: 'eu-west-1',
      configRule: 'cw-loggroup-retention-period-check',
      resources: [{ type: 'AWS::Logs::LogGroup', id: '/acme/orders' }],
      envelope: null,
      observedAt: null,
      previousState: null,
      extra: { automationExecutionId: 'e9b4a5a6-1b2c-4d3e-8f90-0a1b2c3d4e5f' },
    });
    expect(one(given.sqs(given.remediationRequest())).via).toEqual(['sqs']);
  });

  it.each(['configRule', 'resourceType', 'resourceId', 'account', 'region', 'automationExecution'])('rejects a request of Config without %s', (member) => {
    expect(one(given.remediationRequest({ [member]: undefined }))).toMatchObject({ disposition: 'rejected', reason: `The request has no ${member}.` });
  });

  it('has one key for each rule that an item invokes', () => {
    expect(one(given.ruleInvocation()).id).not.toBe(
      one(given.ruleInvocation(undefined, { configRuleArn: `arn:aws:config:eu-west-1:${ACCOUNT}:config-rule/other` })).id,
    );
  });

  it('reads account and region of a scheduled invocation from its members', () => {
    const scheduled = {
      awsAccountId: '222222222222',
      notificationCreationTime: '2026-11-02T09:00:00.000Z',
      messageType: 'ScheduledNotification',
      recordVersion: '1.0',
    };
    expect(one(given.ruleInvocation(scheduled))).toMatchObject({
      kind: 'config-rule-invocation-scheduled',
      disposition: 'evaluate',
      account: '222222222222',
      region: 'eu-west-1',
      resources: [],
      observedAt: '2026-11-02T09:00:00.000Z',
    });
    expect(one(given.ruleInvocation({ ...scheduled, awsAccountId: '0222222222222' }))).toMatchObject({
      disposition: 'rejected',
      account: null,
      reason: 'The account is not a text of 12 digits.',
    });
  });

  it.each(['', '{', '[]', 'null', '{"messageType":"ConfigurationItemChangeNotification"}'])('rejects an invocation with %s inside', (invokingEvent) => {
    expect(one(given.ruleInvocation(invokingEvent)).disposition).toBe('rejected');
  });

  it('limits the text inside an invocation', () => {
    expect(normalize(given.ruleInvocation(), { maxBytes: 10 })[0]?.reason).toBe('The invokingEvent is larger than 10 bytes.');
  });

  it('drops what is about Config itself, with and without an envelope', () => {
    expect(one(given.event('aws.config', 'Config Rules Re-evaluation Status', { messageType: 'ConfigRulesEvaluationStarted' })).disposition).toBe('ignored');
    expect(one(given.sqs(given.snsNotification({ messageType: 'ConfigurationSnapshotDeliveryCompleted' }))).disposition).toBe('ignored');
    expect(one(given.sqs(given.snsNotification(given.complianceDetail()))).disposition).toBe('candidate');
    expect(one({ messageType: 'ConfigurationItemChangeNotification', configurationItem: given.configurationItem() }).disposition).toBe('record-only');
  });
});

describe('other sources', () => {
  it('keeps a GuardDuty finding as record-only', () => {
    expect(one(given.guarddutyFinding())).toMatchObject({
      source: 'guardduty',
      kind: 'finding',
      disposition: 'record-only',
      resources: [
        { type: 'AWS::IAM::AccessKey', id: 'AKIAEXAMPLEEXAMPLE01' },
        { type: 'AWS::IAM::User', id: 'ci-deploy' },
      ],
      controls: ['UnauthorizedAccess:IAMUser/MaliciousIPCaller'],
      state: 'ACTIVE',
      extra: { severity: 5, count: 3 },
    });
    expect(one(given.guarddutyFinding({ service: { archived: true } }))).toMatchObject({ disposition: 'resolved', state: 'ARCHIVED' });
    expect(one(given.guarddutyFinding({ type: undefined })).disposition).toBe('rejected');
    expect(one(given.guarddutyFinding({ id: undefined, arn: undefined })).disposition).toBe('rejected');
  });

  it.each([{ sample: true }, { sample: 'true' }, '{"sample": true}', { value: '{"sample":true}', type: 'default' }])(
    'drops a GuardDuty sample: %o',
    (additionalInfo) => {
      expect(one(given.guarddutyFinding({ service: { archived: false, additionalInfo } }))).toMatchObject({ disposition: 'ignored', extra: { sample: true } });
    },
  );

  it('names what GuardDuty names', () => {
    const named = (resource: unknown) => one(given.guarddutyFinding({ resource })).resources.map(({ type, id }) => `${type} ${id}`);
    expect(named({ instanceDetails: { instanceId: 'i-1' } })).toEqual(['AWS::EC2::Instance i-1']);
    expect(named({ s3BucketDetails: [{ name: 'a' }, { name: 'b' }] })).toEqual(['AWS::S3::Bucket a', 'AWS::S3::Bucket b']);
    expect(named({ accessKeyDetails: { userType: 'AssumedRole', userName: 'r' } })).toEqual(['AWS::IAM::Role r']);
    expect(named({ eksClusterDetails: { arn: `arn:aws:eks:eu-west-1:${ACCOUNT}:cluster/c` } })).toEqual(['AWS::EKS::Cluster c']);
  });

  it('reads account and region of a health event from the event', () => {
    expect(one(given.healthEvent({ affectedAccount: '222222222222' }, { account: ACCOUNT, region: 'us-east-1' }))).toMatchObject({
      source: 'health',
      kind: 'health-event',
      disposition: 'record-only',
      account: '222222222222',
      region: 'eu-west-1',
      resources: [{ type: 'AWS::EC2::Instance' }],
      controls: ['AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED'],
    });
    expect(one(given.healthEvent({ affectedEntities: undefined })).resources).toEqual([]);
    expect(one(given.healthEvent({ eventTypeCode: undefined })).disposition).toBe('rejected');
    expect(one(given.healthEvent({ eventRegion: undefined, affectedAccount: undefined }, { account: 12345 })).disposition).toBe('rejected');
  });

  it('distinguishes a health event of one account from the same event of another', () => {
    expect(one(given.healthEvent({ affectedAccount: '222222222222' })).id).not.toBe(one(given.healthEvent()).id);
  });

  it('names the key that AWS found in public', () => {
    const exposed = { eventTypeCode: 'AWS_RISK_CREDENTIALS_EXPOSED', service: 'RISK', affectedEntities: [{ entityValue: 'AKIAEXAMPLEEXAMPLE01' }] };
    expect(one(given.healthEvent(exposed))).toMatchObject({
      disposition: 'candidate',
      resources: [{ type: 'AWS::IAM::AccessKey', id: 'AKIAEXAMPLEEXAMPLE01' }],
    });
    expect(one(given.healthEvent({ ...exposed, statusCode: 'closed' })).disposition).toBe('resolved');
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, 'candidate'],
    [{ status: 'ARCHIVED' }, 'resolved'],
    [{ status: 'RESOLVED' }, 'resolved'],
    [{ isDeleted: true }, 'resolved'],
    [{ error: 'ACCESS_DENIED' }, 'ignored'],
    [{ status: 'ODD' }, 'record-only'],
    [{ status: undefined }, 'record-only'],
    [{ id: undefined }, 'rejected'],
  ])('Access Analyzer %o: %s', (more, disposition) => {
    expect(one(given.analyzerFinding(more))).toMatchObject({
      source: 'access-analyzer',
      disposition,
      resources: [{ type: 'AWS::S3::Bucket', id: 'invoices' }],
      extra: { isPublic: true },
    });
  });

  it('keeps Inspector and Macie as record-only', () => {
    expect(one(given.inspectorFinding())).toMatchObject({
      source: 'other',
      kind: 'finding',
      disposition: 'record-only',
      resources: [{ type: 'AWS::EC2::Instance' }],
    });
    expect(one(given.inspectorFinding({ status: 'CLOSED' })).disposition).toBe('resolved');
    expect(one(given.inspectorFinding({ findingArn: '' })).disposition).toBe('rejected');
    expect(one(given.macieFinding())).toMatchObject({
      disposition: 'record-only',
      resources: [{ type: 'AWS::S3::Bucket', id: 'invoices' }],
      extra: { severity: 'High' },
    });
    expect(one(given.macieFinding({ sample: true })).disposition).toBe('ignored');
    expect(one(given.macieFinding({ archived: true })).disposition).toBe('resolved');
    expect(one(given.macieFinding({ id: null })).disposition).toBe('rejected');
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, 'candidate'],
    [{ status: 'WARN' }, 'candidate'],
    [{ status: 'OK' }, 'resolved'],
    [{ status: undefined }, 'record-only'],
    [{ resource_id: '' }, 'record-only'],
    // Its region is not the event's: that is always us-east-1.
    [{ resource_id: 'arn:aws:s3:::invoices', 'check-item-detail': {} }, 'record-only'],
    [{ 'check-name': undefined }, 'rejected'],
  ])('Trusted Advisor %o: %s', (more, disposition) => {
    expect(one(given.advisorItem(more))).toMatchObject({ source: 'trusted-advisor', kind: 'check-item', disposition });
  });

  it('trims the check’s name', () => {
    expect(one(given.advisorItem())).toMatchObject({ region: 'eu-west-1', controls: ['Security Groups - Specific Ports Unrestricted'] });
  });

  it('requests a sweep on a schedule, even if its detail is a text', () => {
    const finding = one(given.tick());
    expect(finding).toMatchObject({
      source: 'scheduled',
      kind: 'scheduled',
      disposition: 'evaluate',
      account: ACCOUNT,
      region: 'eu-west-1',
      extra: { ruleArn: `arn:aws:events:eu-west-1:${ACCOUNT}:rule/nightly-sweep` },
    });
    expect(one(given.tick({ id: 'another' })).id).toBe(finding.id);
    expect(one(given.event('aws.scheduler', 'Scheduled Event', '{}')).disposition).toBe('evaluate');
    expect(one(given.tick({ account: 'x' })).disposition).toBe('rejected');
  });

  it('drops other events of AWS, and names them', () => {
    const finding = one(
      given.event(
        'aws.ec2',
        'EC2 Instance State-change Notification',
        { state: 'pending' },
        { resources: [`arn:aws:ec2:eu-west-1:${ACCOUNT}:instance/i-0a1b2c3d4e5f60718`] },
      ),
    );
    expect(finding).toMatchObject({
      id: '0d079340-135a-4f2c-95c6-7f7a0b1f2e3d',
      source: 'other',
      kind: 'unsupported',
      disposition: 'ignored',
      state: 'pending',
      resources: [{ type: 'AWS::EC2::Instance', id: 'i-0a1b2c3d4e5f60718' }],
    });
    expect(finding.reason).toContain('EC2 Instance State-change Notification');
    // The name is another's: not Config's compliance.
    expect(one(given.event('aws.ssm', 'Configuration Compliance State Change', { 'compliance-status': 'non_compliant' })).disposition).toBe('ignored');
  });

  it('trusts only AWS: anybody may put an event with another source', () => {
    for (const [type, detail] of [
      ['Security Hub Findings - Imported', { findings: [given.asffFinding()] }],
      ['AWS API Call via CloudTrail', given.authorizeIngress()],
    ] as const) {
      expect(one(given.event('acme.securityhub', type, detail))).toMatchObject({ disposition: 'ignored', account: null, resources: [] });
    }
    expect(one(given.event('aws.securityhub', 'security hub findings - imported', { findings: [given.asffFinding()] })).disposition).toBe('ignored');
  });
});

describe('envelopes', () => {
  it('needs no version, and no resources', () => {
    const { version: _version, resources: _resources, ...event } = given.apiCall();
    expect(one(event).disposition).toBe('candidate');
  });

  it('marks a replay, and changes nothing else', () => {
    const finding = one(given.apiCall({}, { 'replay-name': 'again' }));
    expect(finding).toMatchObject({ replayed: true, envelope: { replayName: 'again' }, disposition: 'candidate', id: one(given.apiCall()).id });
  });

  it('does not convert an account that is a number', () => {
    expect(one(given.apiCall({}, { account: 111111111111 })).envelope?.account).toBeNull();
    expect(one(given.apiCall({ recipientAccountId: 111111111111 })).disposition).toBe('rejected');
  });

  it('rejects an event without detail or source', () => {
    expect(one(given.event('aws.config', 'Config Rules Compliance Change', 'x'))).toMatchObject({ kind: 'malformed', disposition: 'rejected' });
    expect(one({ 'detail-type': 'x', detail: {} })).toMatchObject({ kind: 'malformed', disposition: 'rejected' });
  });

  it('accepts unknown regions', () => {
    expect(one(given.apiCall({ awsRegion: 'mars-central-2r' })).region).toBe('mars-central-2r');
  });
});

describe('wrappers', () => {
  it('keep their ids, and reject each bad item separately', () => {
    const findings = normalize(given.sqs('hello', given.apiCall(), { message: 'foo' }));
    expect(findings.map(({ itemId, via, disposition, source, kind }) => ({ itemId, via, disposition, source, kind }))).toEqual([
      { itemId: 'm-1', via: ['sqs'], disposition: 'rejected', source: 'wrapper', kind: 'malformed' },
      { itemId: 'm-2', via: ['sqs'], disposition: 'candidate', source: 'cloudtrail', kind: 'api-call' },
      { itemId: 'm-3', via: ['sqs'], disposition: 'rejected', source: 'other', kind: 'malformed' },
    ]);
    expect(findings[0]?.id).toBe(digestText('hello'));
    expect(findings[2]?.id).toBe(digestOf({ message: 'foo' }));
  });

  it('have different ids for items that could not even be decoded', () => {
    const [a, b] = normalize(given.kinesis(new Uint8Array([0x1f, 0x8b]), new Uint8Array([0x1f, 0x8b])));
    expect(a?.id).not.toBe(b?.id);
  });

  it('recognize test messages', () => {
    expect(one(given.sqs({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'invoices' }))).toMatchObject({ source: 'wrapper', disposition: 'ignored' });
    for (const Type of ['SubscriptionConfirmation', 'UnsubscribeConfirmation']) {
      expect(one(given.sqs({ Type, TopicArn: 'arn:aws:sns:eu-west-1:111111111111:x', Token: 'secret', SubscribeURL: 'https://x' }))).toMatchObject({
        disposition: 'ignored',
        reason: `${Type} of SNS: no event.`,
      });
    }
  });

  it('are read once, whether they were unwrapped before or not', () => {
    const batch = given.sqs(given.apiCall(), given.asffImported());
    expect(unwrap(batch).flatMap((item) => normalize(item))).toEqual(normalize(batch));
  });

  it('return one ignored finding for an empty batch', () => {
    for (const input of [{ Records: [] }, [], { Findings: [] }])
      expect(one(input)).toMatchObject({ source: 'wrapper', disposition: 'ignored', reason: 'The batch is empty.' });
  });
});

describe('untrusted input', () => {
  it.each([
    null,
    undefined,
    0,
    10n,
    'x',
    '',
    true,
    Symbol('x'),
    () => 1,
    new Date(),
    new Map(),
    {},
    [[[[[]]]]],
    'x'.repeat(1_048_577),
    JSON.parse('{"__proto__":{"detail-type":"x"}}'),
  ])('is rejected, not thrown: %s', (input) => {
    for (const finding of normalize(input)) expect(['rejected', 'ignored']).toContain(finding.disposition);
    expect(normalize(input).length).toBeGreaterThan(0);
  });

  it('may be cyclic', () => {
    const cyclic = given.authorizeIngress();
    (cyclic.requestParameters as Record<string, unknown>)['self'] = cyclic;
    expect(one(given.event('aws.ec2', 'AWS API Call via CloudTrail', cyclic))).toMatchObject({ disposition: 'candidate', extra: { truncated: true } });
  });

  it('may throw, or be revoked', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const throwing = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        ownKeys: () => {
          throw new Error('no');
        },
        has: () => {
          throw new Error('no');
        },
      },
    );
    for (const input of [proxy, throwing, given.event('aws.ec2', 'AWS API Call via CloudTrail', throwing), { Records: [proxy] }, [throwing]])
      expect(one(input).disposition).toBe('rejected');
  });

  it('cannot forge a log line', () => {
    const finding = one(given.apiCall({ errorCode: 'Denied\n2026 INFO all is well', userAgent: '\u001b[2J' }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what must not be there.
    expect(`${finding.reason}${finding.extra['userAgent']}`).not.toMatch(/[\u0000-\u001f]/);
    expect(one(given.event('aws.x\ny', 'z\n', {})).reason).not.toContain('\n');
  });

  it('cannot reach a prototype', () => {
    const request = JSON.parse('{"groupId":"sg-1","__proto__":{"polluted":1}}') as unknown;
    const finding = one(given.apiCall({ requestParameters: request }));
    expect(finding.call?.request).not.toHaveProperty('polluted', 1);
    expect(Object.getPrototypeOf(finding.call?.request)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('results in findings that can be digested and cannot be changed', () => {
    const finding = one(given.apiCall({ userAgent: '\ud800', requestParameters: { groupId: 'sg-1', a: '\ud800' } }));
    expect(() => digestOf(finding)).not.toThrow();
    for (const part of [
      finding,
      finding.resources,
      finding.resources[0],
      finding.controls,
      finding.actor,
      finding.call,
      finding.call?.request,
      finding.envelope,
      finding.via,
      finding.extra,
    ])
      expect(Object.isFrozen(part)).toBe(true);
  });
});

describe('tag changes', () => {
  it('name the resource and the tags', () => {
    expect(normalize(given.tagChanged(['redress:exception', 'team']))).toMatchObject([
      {
        source: 'tag',
        kind: 'tag-change',
        disposition: 'candidate',
        account: given.ACCOUNT,
        region: 'eu-west-1',
        resources: [{ type: 'AWS::EC2::SecurityGroup', id: 'sg-0a1b2c3d4e5f60718' }],
        extra: { changedTagKeys: ['redress:exception', 'team'] },
      },
    ]);
  });
  it.each([
    ['of an unknown type', given.tagChanged(['a'], { resources: ['arn:aws:nowhere:eu-west-1:111111111111:thing/1'] })],
    ['without a resource', given.tagChanged(['a'], { resources: [] })],
    ['without a tag', given.tagChanged([])],
    ['with invalid tags', given.tagChanged([1 as never, null as never])],
  ])('%s are ignored', (_name, input) => {
    expect(normalize(input)).toMatchObject([{ disposition: 'ignored' }]);
  });
});

it.each([
  ['Success', 'candidate'],
  ['Failed', 'candidate'],
  ['TimedOut', 'candidate'],
  ['InProgress', 'record-only'],
  ['Waiting', 'record-only'],
])('an Automation that is %s: %s', (Status, disposition) => {
  expect(normalize(given.automation({ Status }))).toMatchObject([
    { source: 'ssm', kind: 'automation-status', disposition, state: Status, extra: { document: 'AWS-DisableIncomingSSHOnPort22' } },
  ]);
});

describe('Prowler', () => {
  const GROUP = { type: 'AWS::EC2::SecurityGroup', id: 'sg-0a1b2c3d4e5f60718' };

  it('in the AWS Security Finding Format names its check, and has no hub when it comes from a file', () => {
    const found = one(given.prowlerAsff());
    expect(found).toMatchObject({
      source: 'prowler',
      kind: 'finding-imported',
      disposition: 'candidate',
      reason: 'The Prowler check failed.',
      account: ACCOUNT,
      region: 'eu-west-1',
      controls: ['prowler/ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22'],
      configRule: null,
      state: 'FAILED',
      envelope: null,
      observedAt: '2026-11-02T09:10:00Z',
    });
    expect(found.resources).toMatchObject([GROUP]);
    // Security Hub has it, and gave it a workflow.
    const imported = given.event('aws.securityhub', 'Security Hub Findings - Imported', { findings: [given.prowlerAsff({ Workflow: { Status: 'NEW' } })] });
    expect(one(imported)).toMatchObject({ source: 'securityhub', disposition: 'candidate', controls: found.controls });
  });

  it('in OCSF has its result in status_code, and its time in seconds', () => {
    expect(one([given.prowlerOcsf()])).toMatchObject({
      id: `prowler-aws-ec2_ebs_default_encryption-${ACCOUNT}-eu-west-1-${ACCOUNT}|2026-11-02T09:10:00.000Z`,
      source: 'prowler',
      kind: 'finding-imported-v2',
      disposition: 'candidate',
      account: ACCOUNT,
      region: 'eu-west-1',
      controls: ['prowler/ec2_ebs_default_encryption'],
      state: 'FAIL',
      observedAt: '2026-11-02T09:10:00.000Z',
    });
  });

  it.each([
    ['ASFF, passed', given.prowlerAsff({ Compliance: { Status: 'PASSED' } }), 'resolved'],
    ['ASFF, muted', given.prowlerAsff({ Compliance: { Status: 'WARNING' } }), 'ignored'],
    ['ASFF, suppressed in Security Hub', given.prowlerAsff({ Workflow: { Status: 'SUPPRESSED' } }), 'ignored'],
    ['ASFF, archived', given.prowlerAsff({ RecordState: 'ARCHIVED' }), 'resolved'],
    ['OCSF, passed', given.prowlerOcsf({ status_code: 'PASS' }), 'resolved'],
    ['OCSF, muted', given.prowlerOcsf({ status_id: 3, status: 'Suppressed' }), 'ignored'],
    ['OCSF, for a manual check', given.prowlerOcsf({ status_code: 'MANUAL' }), 'record-only'],
    ['OCSF, of another cloud', given.prowlerOcsf({ cloud: { account: { uid: 'x' }, provider: 'azure', region: 'global' } }), 'ignored'],
    ['OCSF without an id', given.prowlerOcsf({ finding_info: {} }), 'rejected'],
  ])('%s', (_name, finding, disposition) => {
    expect(one(finding)).toMatchObject({ disposition });
  });

  it('is not recognized by its name alone', () => {
    expect(one(given.prowlerAsff({ ProductArn: `arn:aws:securityhub:eu-west-1:${ACCOUNT}:product/${ACCOUNT}/prowler` }))).toMatchObject({
      disposition: 'record-only',
      controls: ['Software and Configuration Checks/AWS Security Best Practices/Network Reachability'],
    });
    expect(one(given.prowlerAsff({ GeneratorId: 'prowler-../x' }))).toMatchObject({
      disposition: 'record-only',
      controls: ['Software and Configuration Checks/AWS Security Best Practices/Network Reachability'],
    });
    // A finding of AWS cannot ask in the name of another tool.
    expect(
      one(given.asffFinding({ Compliance: { Status: 'FAILED', SecurityControlId: 'EC2.13' }, GeneratorId: 'prowler-ec2_ebs_default_encryption' })).controls[0],
    ).toBe('EC2.13');
  });
});

describe('compliance details of Config', () => {
  const aggregated = (more: Record<string, unknown> = {}, mode?: string) =>
    one({ AggregateEvaluationResults: [given.evaluationResult({ AccountId: ACCOUNT, AwsRegion: 'eu-west-1', ...more }, mode)] });

  it('have what a rule reports now, and not when that began', () => {
    expect(aggregated()).toMatchObject({
      source: 'config',
      kind: 'config-compliance-detail',
      disposition: 'candidate',
      account: ACCOUNT,
      region: 'eu-west-1',
      resources: [{ type: 'AWS::EC2::SecurityGroup', id: 'sg-0a1b2c3d4e5f60718' }],
      configRule: 'restricted-ssh',
      state: 'NON_COMPLIANT',
      previousState: null,
      observedAt: '2026-11-02T09:16:30.250000+00:00',
      via: ['compliance-details'],
    });
  });

  it.each([
    ['COMPLIANT', undefined, 'resolved'],
    ['NOT_APPLICABLE', undefined, 'resolved'],
    ['INSUFFICIENT_DATA', undefined, 'record-only'],
    ['NON_COMPLIANT', 'PROACTIVE', 'ignored'],
  ])('%s %s', (ComplianceType, mode, disposition) => {
    expect(aggregated({ ComplianceType }, mode)).toMatchObject({ disposition });
  });

  it('of a single account name none, and have no place', () => {
    expect(one({ EvaluationResults: [given.evaluationResult()] })).toMatchObject({ disposition: 'rejected', reason: 'The event names no account.' });
    expect(aggregated({ EvaluationResultIdentifier: {} })).toMatchObject({ disposition: 'rejected', reason: 'The event has no ConfigRuleName.' });
  });

  it('may have times in seconds', () => {
    expect(aggregated({ ResultRecordedTime: 1793610990.25 })).toMatchObject({ observedAt: '2026-11-02T09:16:30.250Z' });
  });
});

describe('configuration items in files', () => {
  it('are read as Config delivers them, and as its API returns them', () => {
    expect(normalize({ fileVersion: '1.0', configSnapshotId: 'x', configurationItems: [given.configurationItem(), given.configurationItem()] })).toMatchObject([
      { kind: 'configuration-item-change', disposition: 'record-only', account: ACCOUNT, resources: [{ type: 'AWS::S3::Bucket', id: 'invoices' }] },
      { via: ['config-items'] },
    ]);
    const { awsAccountId: accountId, ...item } = given.configurationItem({ configurationItemCaptureTime: 1793610960.5, configuration: '{}' });
    expect(one({ configurationItems: [{ ...item, accountId }] })).toMatchObject({ account: ACCOUNT, observedAt: '2026-11-02T09:16:00.500Z' });
  });
});

describe('an input that is not an event', () => {
  it.each([
    ['a Terraform state', { version: 4, terraform_version: '1.9.0', serial: 7, lineage: 'x', outputs: {}, resources: [] }],
    ['a Terraform plan', { format_version: '1.2', terraform_version: '1.9.0', planned_values: {} }],
    ['a CloudFormation template', { AWSTemplateFormatVersion: '2010-09-09', Resources: {} }],
    ['a CloudFormation template', { Resources: { Bucket: { Type: 'AWS::S3::Bucket' } } }],
    ['an IAM policy', { Version: '2012-10-17', Statement: [] }],
    ['a SARIF report', { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [] }],
    ['a Trivy report', { SchemaVersion: 2, ArtifactName: 'x', ArtifactType: 'filesystem', Results: [] }],
    ['a Checkov report', { check_type: 'terraform', results: { failed_checks: [] } }],
    ['a WAF log', { timestamp: 1, formatVersion: 1, webaclId: 'arn', httpRequest: {} }],
    ['a Route 53 Resolver query log', { version: '1.1', query_name: 'x.', query_type: 'A', srcaddr: '10.0.0.1' }],
    ['a list of security groups', { SecurityGroups: [] }],
    ['a finding as the GuardDuty API returns it', { Findings: [{ AccountId: ACCOUNT, Arn: 'a', Type: 't', Resource: {}, Service: {}, SchemaVersion: '2.0' }] }],
    ['a Kubernetes manifest', { apiVersion: 'v1', kind: 'Pod', metadata: {} }],
  ])('is identified: %s', (name, body) => {
    expect(one(body)).toMatchObject({ disposition: 'rejected', reason: `It is ${name}, not an event or a finding.` });
  });

  it('is dropped if AWS delivers it next to the events', () => {
    expect(one({ awsAccountId: ACCOUNT, digestStartTime: 'a', digestEndTime: 'b', logFiles: [], digestS3Bucket: 'x' })).toMatchObject({
      disposition: 'ignored',
      reason: 'It is a CloudTrail digest, which contains no events.',
    });
    expect(one({ messageType: 'CONTROL_MESSAGE', logEvents: [{ message: 'CWL CONTROL MESSAGE: Checking health.' }] })).toMatchObject({
      disposition: 'ignored',
    });
    expect(one({ some: 'thing' })).toMatchObject({ disposition: 'rejected', reason: 'The input is not a known AWS event.' });
  });
});
