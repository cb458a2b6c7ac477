import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the tests' imports are found, and by their sources: nothing has to be built before. */
export const here = { resolveDir: dirname(dirname(dirname(fileURLToPath(import.meta.url)))), conditions: ['@redress/source'] } as const;

/** The remediators that come with the command. */
export const BUILT_IN = {
  '@redress/remediator-ec2': 'ec2Remediators',
  '@redress/remediator-s3': 's3Remediators',
  '@redress/remediator-iam': 'iamRemediators',
  '@redress/remediator-cloudwatch-logs': 'logsRemediators',
} as const;
