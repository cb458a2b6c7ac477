import type { Remediator } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';

/** The packages that come with the command: the name of the list that each exports, and the list. */
export const builtinLists: Readonly<Record<string, { readonly name: string; readonly remediators: readonly Remediator[] }>> = {
  '@redress/remediator-ec2': { name: 'ec2Remediators', remediators: ec2Remediators },
  '@redress/remediator-s3': { name: 's3Remediators', remediators: s3Remediators },
  '@redress/remediator-iam': { name: 'iamRemediators', remediators: iamRemediators },
  '@redress/remediator-cloudwatch-logs': { name: 'logsRemediators', remediators: logsRemediators },
};

/** The remediators that come with the command. */
export const builtinRemediators: readonly Remediator[] = Object.values(builtinLists).flatMap((each) => each.remediators);
