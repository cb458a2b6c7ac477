import { snsChannel } from './channels/sns.js';
import { type Notifier, type NotifierOptions, notifier } from './notifier.js';

/**
 * The notifier that the variables of a deployed function describe: `REDRESS_TOPIC_ARN` is the SNS topic. Null without one: then the journal
 * and the log are what tells.
 *
 * @example createHandler({ …, ...(notify === null ? {} : { notify }) })
 * @throws {RedressError} `notify/invalid` if the variable is not the ARN of a topic
 */
export function notifierFromEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options: Omit<NotifierOptions, 'channels' | 'routes' | 'default'> & { readonly client?: Parameters<typeof snsChannel>[0]['client'] } = {},
): Notifier | null {
  const topicArn = env['REDRESS_TOPIC_ARN'];
  if (topicArn === undefined || topicArn === '') return null;
  const { client, ...rest } = options;
  return notifier({ ...rest, channels: [snsChannel({ topicArn, ...(client === undefined ? {} : { client }) })] });
}
