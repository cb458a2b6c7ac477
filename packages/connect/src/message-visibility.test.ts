import { expect, it } from 'vitest';
import { messageVisibility } from './message-visibility.js';

it.each(['', 'redress', 'arn:aws:sns:eu-west-1:111111111111:redress', 'arn:aws:sqs:eu-west-1:111111111111:', 'arn:aws:sqs::111111111111:redress'])(
  'makes no call for %j, which is not a queue',
  async (queueArn) => {
    await expect(messageVisibility({ endpoint: 'http://127.0.0.1:9' })({ queueArn, receiptHandle: 'r' }, 5)).rejects.toMatchObject({
      code: 'aws/unknown',
      message: `${JSON.stringify(queueArn)} is not the ARN of an SQS queue.`,
    });
  },
);
