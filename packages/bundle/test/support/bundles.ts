import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';

/** Where the tests' imports are found, and by their sources: nothing has to be built before. */
export const here = { resolveDir: dirname(dirname(dirname(fileURLToPath(import.meta.url)))), conditions: ['@redress/source'] } as const;

/** The remediators that come with the command. */
export const BUILT_IN = {
  '@redress/remediator-ec2': { name: 'ec2Remediators', remediators: ec2Remediators },
  '@redress/remediator-s3': { name: 's3Remediators', remediators: s3Remediators },
  '@redress/remediator-iam': { name: 'iamRemediators', remediators: iamRemediators },
  '@redress/remediator-cloudwatch-logs': { name: 'logsRemediators', remediators: logsRemediators },
} as const;
