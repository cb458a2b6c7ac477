import { comparedIn, isRecord, listOf, type OwnConditions, type Statement } from '@redress/core';

/** Conditions of Lambda's own: a token that a source has, and how a function is called. */
export const OWN: OwnConditions = { binding: /^lambda:eventsourcetoken$/, how: /^lambda:(?:functionurlauthtype|invokedviafunctionurl)$/ };

/** Whether it lets S3 in for buckets of any account: their names can be taken by another one. */
export const letsAnyBucketIn = (statement: Statement): boolean =>
  statement['Effect'] === 'Allow' &&
  isRecord(statement['Principal']) &&
  listOf(statement['Principal']['Service']).includes('s3.amazonaws.com') &&
  !comparedIn(statement).some(({ key }) => key === 'aws:sourceaccount');
