/**
 * All remediators of Redress, for whoever wants every one of them.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { dynamodbRemediators } from '@redress/remediator-dynamodb';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { runbookRemediators } from '@redress/remediator-ssm';

/** Every remediator of every package. */
export const remediators: readonly Remediator[] = [
  ...logsRemediators,
  ...dynamodbRemediators,
  ...ec2Remediators,
  ...iamRemediators,
  ...s3Remediators,
  ...runbookRemediators,
];
