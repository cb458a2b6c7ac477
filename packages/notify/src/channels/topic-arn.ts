import { RedressError } from '@redress/core';

const ARN = /^arn:(aws[a-z-]*):sns:([a-z0-9-]+):[0-9]{12}:([A-Za-z0-9_-]+(?:\.fifo)?)$/;

/**
 * The region of an SNS topic.
 *
 * @throws {RedressError} `notify/invalid` if it is not the ARN of one
 */
export function regionOfTopic(arn: string): string {
  const region = ARN.exec(arn)?.[2];
  if (region === undefined) throw new RedressError('notify/invalid', `${JSON.stringify(arn)} is not the ARN of an SNS topic.`);
  return region;
}
