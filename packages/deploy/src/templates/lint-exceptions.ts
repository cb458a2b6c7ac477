import type { JsonObject } from '@redress/core';

/** A linter rule that a template does not follow, and why. */
export interface LintException {
  /** In the notation of checkov or cdk-nag. */
  readonly id: string;
  /** Type of the resources that it concerns. */
  readonly type: string;
  readonly reason: string;
}

const NO_KEY = 'A customer managed key is an option: EncryptionKeyArn.';
const READERS = 'Data events of CloudTrail show who read it. Access logs need one more bucket.';
const WILDCARDS =
  'Objects of one bucket, indexes of one table, one role name in each account. In member roles, every resource of a kind, because only an event shows which one. NARROWING has the reasons.';

/**
 * Findings of checkov and cdk-nag that we accept, each with its reason. The templates suppress those of checkov in their metadata, the constructs suppress
 * those of cdk-nag.
 */
export const LINT_EXCEPTIONS: readonly LintException[] = [
  { id: 'CKV_AWS_119', type: 'AWS::DynamoDB::Table', reason: NO_KEY },
  { id: 'CKV_AWS_26', type: 'AWS::SNS::Topic', reason: NO_KEY },
  { id: 'CKV_AWS_158', type: 'AWS::Logs::LogGroup', reason: NO_KEY },
  { id: 'CKV_AWS_173', type: 'AWS::Lambda::Function', reason: 'No variable is a secret.' },
  { id: 'CKV_AWS_27', type: 'AWS::SQS::Queue', reason: NO_KEY },
  { id: 'CKV_AWS_117', type: 'AWS::Lambda::Function', reason: 'It calls only AWS, and needs no VPC.' },
  { id: 'CKV_AWS_116', type: 'AWS::Lambda::Function', reason: 'Its on-failure destination is a dead-letter queue.' },
  { id: 'CKV_AWS_18', type: 'AWS::S3::Bucket', reason: READERS },
  { id: 'AwsSolutions-S1', type: 'AWS::S3::Bucket', reason: READERS },
  {
    id: 'AwsSolutions-SQS3',
    type: 'AWS::SQS::Queue',
    reason: 'It is a dead-letter queue itself, or the queue of sweeps: the next schedule requests again what was given up.',
  },
  { id: 'AwsSolutions-IAM5', type: 'AWS::IAM::ManagedPolicy', reason: WILDCARDS },
];

/** The metadata with which checkov suppresses a rule for a resource. */
export function checkovMetadata(type: string): { Metadata?: JsonObject } {
  const skip = LINT_EXCEPTIONS.filter((each) => each.type === type && each.id.startsWith('CKV')).map(({ id, reason }) => ({ id, comment: reason }));
  return skip.length === 0 ? {} : { Metadata: { checkov: { skip } } };
}
