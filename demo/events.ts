// Events as a real account sends them: EventBridge envelopes around CloudTrail records, Config compliance changes and Security Hub findings.
import { randomUUID } from 'node:crypto';

export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';

const iso = (time: number) => new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');

function envelope(source: string, detailType: string, detail: object, account = ACCOUNT): object {
  return { version: '0', id: randomUUID(), 'detail-type': detailType, source, account, time: iso(Date.now()), region: REGION, resources: [], detail };
}

/** Someone called an API, a minute ago. */
export function apiCall(
  service: string,
  operation: string,
  request: object,
  response: object,
  over: { account?: string; errorCode?: string; minutesAgo?: number } = {},
): object {
  const account = over.account ?? ACCOUNT;
  return envelope(
    `aws.${service}`,
    'AWS API Call via CloudTrail',
    {
      eventVersion: '1.11',
      userIdentity: {
        type: 'AssumedRole',
        principalId: 'AROAEXAMPLEEXAMPLE:dana',
        arn: `arn:aws:sts::${account}:assumed-role/Developers/dana`,
        accountId: account,
        sessionContext: { sessionIssuer: { type: 'Role', arn: `arn:aws:iam::${account}:role/Developers`, accountId: account, userName: 'Developers' } },
      },
      eventTime: iso(Date.now() - (over.minutesAgo ?? 2) * 60_000),
      eventSource: `${service}.amazonaws.com`,
      eventName: operation,
      awsRegion: REGION,
      sourceIPAddress: '203.0.113.10',
      userAgent: 'console.amazonaws.com',
      requestParameters: request,
      responseElements: response,
      requestID: randomUUID(),
      eventID: randomUUID(),
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: account,
      ...(over.errorCode === undefined ? {} : { errorCode: over.errorCode }),
    },
    account,
  );
}

/** AuthorizeSecurityGroupIngress, as CloudTrail writes it. */
export function opened(group: string, port: number, cidr: string, over: Parameters<typeof apiCall>[4] = {}): object {
  const range = cidr.includes(':')
    ? { ipRanges: {}, ipv6Ranges: { items: [{ cidrIpv6: cidr }] } }
    : { ipRanges: { items: [{ cidrIp: cidr }] }, ipv6Ranges: {} };
  return apiCall(
    'ec2',
    'AuthorizeSecurityGroupIngress',
    { groupId: group, ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: port, toPort: port, groups: {}, ...range, prefixListIds: {} }] } },
    { requestId: randomUUID(), _return: true },
    over,
  );
}

/** A Config rule's compliance changed. */
export function compliance(rule: string, resourceType: string, resourceId: string, before: 'COMPLIANT' | null): object {
  const evaluation = (complianceType: string, time: number) => ({
    evaluationResultIdentifier: {
      evaluationResultQualifier: { configRuleName: rule, resourceType, resourceId, evaluationMode: 'DETECTIVE' },
      orderingTimestamp: iso(time - 30_000),
    },
    complianceType,
    resultRecordedTime: iso(time),
    configRuleInvokedTime: iso(time),
  });
  return envelope('aws.config', 'Config Rules Compliance Change', {
    resourceId,
    awsRegion: REGION,
    awsAccountId: ACCOUNT,
    configRuleName: rule,
    recordVersion: '1.0',
    configRuleARN: `arn:aws:config:${REGION}:${ACCOUNT}:config-rule/config-rule-abc123`,
    messageType: 'ComplianceChangeNotification',
    newEvaluationResult: evaluation('NON_COMPLIANT', Date.now() - 90_000),
    ...(before === null ? {} : { oldEvaluationResult: evaluation(before, Date.now() - 600_000) }),
    notificationCreationTime: iso(Date.now()),
    resourceType,
  });
}

/** Security Hub imported a finding of a control. */
export function finding(control: string, type: string, id: string, title: string): object {
  const now = iso(Date.now() - 90_000);
  return envelope('aws.securityhub', 'Security Hub Findings - Imported', {
    findings: [
      {
        SchemaVersion: '2018-10-08',
        Id: `arn:aws:securityhub:${REGION}:${ACCOUNT}:security-control/${control}/finding/${randomUUID()}`,
        ProductArn: `arn:aws:securityhub:${REGION}::product/aws/securityhub`,
        ProductName: 'Security Hub',
        CompanyName: 'AWS',
        Region: REGION,
        GeneratorId: `security-control/${control}`,
        AwsAccountId: ACCOUNT,
        Types: ['Software and Configuration Checks/Industry and Regulatory Standards'],
        CreatedAt: now,
        UpdatedAt: now,
        Severity: { Label: 'HIGH', Normalized: 70, Original: 'HIGH' },
        Title: title,
        Description: title,
        Resources: [{ Type: type, Id: id, Partition: 'aws', Region: REGION }],
        Compliance: {
          Status: 'FAILED',
          SecurityControlId: control,
          AssociatedStandards: [{ StandardsId: 'standards/aws-foundational-security-best-practices/v/1.0.0' }],
        },
        Workflow: { Status: 'NEW' },
        WorkflowState: 'NEW',
        RecordState: 'ACTIVE',
      },
    ],
  });
}

/** The events as a queue brings them to a Lambda function. */
export function queue(events: readonly object[]): { Records: object[] } {
  return {
    Records: events.map((event, index) => ({
      messageId: `message-${index + 1}`,
      receiptHandle: 'handle',
      body: JSON.stringify(event),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) },
      messageAttributes: {},
      eventSource: 'aws:sqs',
      eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:redress`,
      awsRegion: REGION,
    })),
  };
}
