import { expect, it } from 'vitest';
import { notifierFromEnvironment } from './environment.js';

it('an invalid topic stops the start, not the first message', () => {
  expect(() => notifierFromEnvironment({ REDRESS_TOPIC_ARN: 'arn:aws:sqs:eu-west-1:111111111111:redress' })).toThrow(
    expect.objectContaining({ code: 'notify/invalid', message: '"arn:aws:sqs:eu-west-1:111111111111:redress" is not the ARN of an SNS topic.' }),
  );
  expect(notifierFromEnvironment({ REDRESS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:111111111111:redress' })).not.toBeNull();
  expect(notifierFromEnvironment({ REDRESS_TOPIC_ARN: '' })).toBeNull();
});
