/**
 * All remediators of Redress, for whoever wants every one of them.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { apigatewayRemediators } from '@redress/remediator-apigateway';
import { cloudtrailRemediators } from '@redress/remediator-cloudtrail';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { dynamodbRemediators } from '@redress/remediator-dynamodb';
import { ec2Remediators, furtherEc2Remediators } from '@redress/remediator-ec2';
import { efsRemediators } from '@redress/remediator-efs';
import { elbRemediators } from '@redress/remediator-elb';
import { guarddutyRemediators } from '@redress/remediator-guardduty';
import { furtherIamRemediators, iamRemediators } from '@redress/remediator-iam';
import { opensearchRemediators } from '@redress/remediator-opensearch';
import { rdsRemediators } from '@redress/remediator-rds';
import { redshiftRemediators } from '@redress/remediator-redshift';
import { furtherS3Remediators, s3Remediators } from '@redress/remediator-s3';
import { securityhubRemediators } from '@redress/remediator-securityhub';
import { runbookRemediators, ssmRemediators } from '@redress/remediator-ssm';
import { wafRemediators } from '@redress/remediator-wafv2';

/** Every remediator of every package. */
export const remediators: readonly Remediator[] = [
  ...apigatewayRemediators,
  ...cloudtrailRemediators,
  ...logsRemediators,
  ...dynamodbRemediators,
  ...ec2Remediators,
  ...furtherEc2Remediators,
  ...efsRemediators,
  ...elbRemediators,
  ...guarddutyRemediators,
  ...iamRemediators,
  ...furtherIamRemediators,
  ...opensearchRemediators,
  ...rdsRemediators,
  ...redshiftRemediators,
  ...s3Remediators,
  ...furtherS3Remediators,
  ...securityhubRemediators,
  ...runbookRemediators,
  ...ssmRemediators,
  ...wafRemediators,
];
