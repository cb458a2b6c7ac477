import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, normalize } from '@redress/core';
import { describe, expect, it } from 'vitest';

/**
 * Checks the normalizer against a folder of recorded events, when there is one: `REDRESS_EVENT_SAMPLES` names it. Its `expected.json`
 * maps each file to the signal expected of it. Without the folder the hand-written events below are checked alone.
 */
const FOLDER = process.env['REDRESS_EVENT_SAMPLES'];

interface Expected {
  readonly form: string;
  readonly source: string;
  readonly kind: string;
  readonly accountId?: string | null;
  readonly region?: string | null;
  readonly resources?: readonly Record<string, string>[];
  readonly ruleOrControl?: string | null;
  readonly configRuleName?: string;
  readonly state?: string | null;
  readonly previousState?: string;
  readonly actorArn?: string | null;
  readonly actorType?: string;
  readonly actorIssuerArn?: string | null;
  readonly invokedBy?: string | null;
  readonly eventTime?: string;
  readonly errorCode?: string | null;
  readonly idempotencyKey?: string;
  readonly customActionArn?: string;
  readonly records?: number;
  readonly disposition: string;
  readonly [field: string]: unknown;
}

const EXTRA = [
  'findingId',
  'standardPath',
  'recordState',
  'workflowStatus',
  'legacyWorkflowState',
  'customActionArn',
  'classUid',
  'statusId',
  'changeType',
  'orderingTimestamp',
  'severity',
  'sample',
  'isPublic',
] as const;

const DISPOSITIONS: Readonly<Record<string, string>> = {
  ignore: 'ignored',
  'ignore-error': 'ignored',
  'ignore-readonly': 'ignored',
  sweep: 'evaluate',
  'item-failure': 'rejected',
  error: 'rejected',
  unsupported: 'rejected',
};

/** Where we mean to answer otherwise, and why. */
function ourDisposition(expected: Expected): string {
  // Which operations matter is what remediators know, also those of others: every call that changed something may have one.
  if (expected.source === 'cloudtrail' && expected.kind === 'api-call' && expected.disposition === 'record-only') return 'candidate';
  // A sample finding is no finding.
  if (expected['sample'] === true) return 'ignored';
  // An account of 13 digits cannot be right.
  if (expected.accountId?.length !== undefined && expected.accountId.length !== 12) return 'rejected';
  return DISPOSITIONS[expected.disposition] ?? expected.disposition;
}

function envelope(source: string, detailType: string, detail: unknown, account: unknown, region: unknown, time: unknown): unknown {
  return { version: '0', id: '6f9619ff-8b86-d011-b42d-00c04fc964ff', 'detail-type': detailType, source, account, time, region, resources: [], detail };
}

function feed(form: string, sample: Record<string, never>): unknown {
  switch (form) {
    case 'cloudtrail-record': {
      const type = sample['eventType'] === 'AwsConsoleSignIn' ? 'AWS Console Sign In via CloudTrail' : 'AWS API Call via CloudTrail';
      return envelope(
        `aws.${String(sample['eventSource']).split('.')[0]}`,
        type,
        sample,
        sample['recipientAccountId'],
        sample['awsRegion'],
        sample['eventTime'],
      );
    }
    case 'asff-finding':
      return envelope(
        'aws.securityhub',
        'Security Hub Findings - Imported',
        { findings: [sample] },
        sample['AwsAccountId'],
        sample['Region'],
        sample['UpdatedAt'],
      );
    case 'ocsf-finding':
      return envelope('aws.securityhub', 'Findings Imported V2', { findings: [sample] }, '111111111111', 'us-east-1', sample['time_dt']);
    case 'guardduty-detail':
      return envelope('aws.guardduty', 'GuardDuty Finding', sample, sample['accountId'], sample['region'], sample['updatedAt']);
    case 'sns-message-object':
      return {
        Records: [{ messageId: 'm-1', eventSource: 'aws:sqs', body: JSON.stringify({ ...(sample as object), Message: JSON.stringify(sample['Message']) }) }],
      };
    default:
      return sample;
  }
}

function check(expected: Expected, findings: readonly Finding[]): void {
  if (expected.source === 'wrapper') {
    expect(findings).toHaveLength(expected.records ?? 1);
    for (const finding of findings) {
      expect(finding.disposition).toBe(ourDisposition(expected));
      expect(finding.reason).not.toBe('');
      expect(finding.via[0]).toBe(expected.kind.split('-')[0]);
    }
    if (expected.form === 'sqs' || expected.form === 'kinesis') expect(new Set(findings.map((finding) => finding.itemId)).size).toBe(expected.records);
    return;
  }
  expect(findings).toHaveLength(1);
  const finding = findings[0] as Finding;
  const disposition = ourDisposition(expected);
  expect({ source: finding.source, kind: finding.kind, disposition: finding.disposition }).toEqual({
    source: expected.source,
    kind: expected.kind,
    disposition,
  });
  expect(finding.account).toBe(expected.accountId?.length === 12 ? expected.accountId : null);
  expect(finding.region).toBe(expected.region ?? null);
  expect(finding.resources).toMatchObject(expected.resources ?? []);
  expect(finding.resources).toHaveLength(expected.resources?.length ?? 0);
  expect(finding.state).toBe(expected.state ?? null);
  expect(finding.observedAt).toBe(expected.eventTime ?? null);
  expect(finding.actor?.arn ?? null).toBe(expected.actorArn ?? null);
  if (expected.previousState !== undefined) expect(finding.previousState).toBe(expected.previousState);
  if (expected.configRuleName !== undefined) expect(finding.configRule).toBe(expected.configRuleName);
  if (expected.actorType !== undefined)
    expect(finding.actor).toMatchObject({ type: expected.actorType, issuerArn: expected.actorIssuerArn ?? null, invokedBy: expected.invokedBy ?? null });
  if (expected.errorCode !== undefined) expect(finding.call?.errorCode ?? null).toBe(expected.errorCode);
  // A custom action is a click on a finding that was imported before: with the same key it would be taken for a double.
  if (expected.idempotencyKey !== undefined)
    expect(finding.id).toBe(expected.customActionArn === undefined ? expected.idempotencyKey : `${expected.idempotencyKey}|${expected.customActionArn}`);
  for (const field of EXTRA)
    if (expected[field] !== undefined && !(field === 'severity' && typeof expected[field] === 'object'))
      expect(finding.extra[field], field).toEqual(expected[field]);
  if (expected.ruleOrControl != null) {
    const call = finding.call === null ? null : `${finding.call.service}.amazonaws.com:${finding.call.operation}`;
    expect([
      finding.controls[0],
      finding.controls.length === 0 ? finding.configRule : null,
      call,
      finding.extra['ruleArn'],
      finding.extra['insightArn'],
    ]).toContain(expected.ruleOrControl);
  }
}

const BY_HAND: readonly (readonly [name: string, event: unknown, expected: Expected])[] = [
  [
    'an API call',
    envelope(
      'aws.s3',
      'AWS API Call via CloudTrail',
      {
        eventVersion: '1.09',
        eventID: '2c1f8a3e-64a5-4d0b-8a57-35f4a4d86f01',
        eventTime: '2026-11-02T09:15:00Z',
        eventSource: 's3.amazonaws.com',
        eventName: 'DeleteBucketEncryption',
        awsRegion: 'eu-west-1',
        eventType: 'AwsApiCall',
        readOnly: false,
        recipientAccountId: '111111111111',
        userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111111111111:user/kim', accountId: '111111111111', userName: 'kim' },
        requestParameters: { bucketName: 'invoices', encryption: '' },
        responseElements: null,
      },
      '111111111111',
      'eu-west-1',
      '2026-11-02T09:15:00Z',
    ),
    {
      form: 'eventbridge',
      source: 'cloudtrail',
      kind: 'api-call',
      accountId: '111111111111',
      region: 'eu-west-1',
      resources: [{ type: 'AWS::S3::Bucket', id: 'invoices' }],
      ruleOrControl: 's3.amazonaws.com:DeleteBucketEncryption',
      actorArn: 'arn:aws:iam::111111111111:user/kim',
      actorType: 'IAMUser',
      eventTime: '2026-11-02T09:15:00Z',
      errorCode: null,
      idempotencyKey: '2c1f8a3e-64a5-4d0b-8a57-35f4a4d86f01',
      disposition: 'candidate',
    },
  ],
  [
    'a queue message that is no event',
    {
      Records: [
        { messageId: 'm-1', eventSource: 'aws:sqs', body: 'hello' },
        { messageId: 'm-2', eventSource: 'aws:sqs', body: '{"hello":1}' },
      ],
    },
    { form: 'sqs', source: 'wrapper', kind: 'sqs', records: 2, disposition: 'item-failure' },
  ],
];

const samples: (readonly [name: string, event: unknown, expected: Expected])[] = [...BY_HAND];
if (FOLDER !== undefined && FOLDER !== '') {
  const expected = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Record<string, Expected>;
  for (const [file, each] of Object.entries(expected))
    samples.push([file, feed(each.form, JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Record<string, never>), each]);
}

describe('delivered events', () => {
  it.each(samples)('%s', (_name, event, expected) => {
    check(expected, normalize(event));
  });
});
