/**
 * All remediators of Redress, for whoever wants every one of them.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { acmRemediators } from '@redress/remediator-acm';
import { apigatewayRemediators } from '@redress/remediator-apigateway';
import { backupRemediators } from '@redress/remediator-backup';
import { cloudtrailRemediators } from '@redress/remediator-cloudtrail';
import { furtherLogsRemediators, logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { dynamodbRemediators } from '@redress/remediator-dynamodb';
import { ec2Remediators, furtherEc2Remediators } from '@redress/remediator-ec2';
import { ecsRemediators } from '@redress/remediator-ecs';
import { efsRemediators } from '@redress/remediator-efs';
import { elbRemediators } from '@redress/remediator-elb';
import { guarddutyRemediators } from '@redress/remediator-guardduty';
import { furtherIamRemediators, iamRemediators } from '@redress/remediator-iam';
import { kmsRemediators } from '@redress/remediator-kms';
import { lambdaRemediators } from '@redress/remediator-lambda';
import { opensearchRemediators } from '@redress/remediator-opensearch';
import { organizationsRemediators } from '@redress/remediator-organizations';
import { rdsRemediators } from '@redress/remediator-rds';
import { redshiftRemediators } from '@redress/remediator-redshift';
import { furtherS3Remediators, s3Remediators } from '@redress/remediator-s3';
import { sagemakerRemediators } from '@redress/remediator-sagemaker';
import { secretsmanagerRemediators } from '@redress/remediator-secretsmanager';
import { securityhubRemediators } from '@redress/remediator-securityhub';
import { runbookRemediators, ssmRemediators } from '@redress/remediator-ssm';
import { wafRemediators } from '@redress/remediator-wafv2';

/** Every remediator of every package. */
export const remediators: readonly Remediator[] = [
  ...acmRemediators,
  ...apigatewayRemediators,
  ...backupRemediators,
  ...cloudtrailRemediators,
  ...logsRemediators,
  ...furtherLogsRemediators,
  ...dynamodbRemediators,
  ...ec2Remediators,
  ...furtherEc2Remediators,
  ...ecsRemediators,
  ...efsRemediators,
  ...elbRemediators,
  ...guarddutyRemediators,
  ...iamRemediators,
  ...furtherIamRemediators,
  ...kmsRemediators,
  ...lambdaRemediators,
  ...opensearchRemediators,
  ...organizationsRemediators,
  ...rdsRemediators,
  ...redshiftRemediators,
  ...s3Remediators,
  ...furtherS3Remediators,
  ...sagemakerRemediators,
  ...secretsmanagerRemediators,
  ...securityhubRemediators,
  ...runbookRemediators,
  ...ssmRemediators,
  ...wafRemediators,
];
