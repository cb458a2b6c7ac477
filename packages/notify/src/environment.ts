import type { GapDigest, Notify } from '@redress/core';
import type { snsChannel } from './channels/sns.js';
import { regionOfTopic } from './channels/topic-arn.js';
import type { Notifier, NotifierOptions } from './notifier.js';

/**
 * The notifier that the variables of a deployed function describe: `REDRESS_TOPIC_ARN` is the SNS topic. Null without one: then the journal
 * and the log are what tells. It is loaded with the first message: most events end without one.
 *
 * @example createHandler({ …, ...(notify === null ? {} : { notify }) })
 * @param options are checked with the first message.
 * @throws {RedressError} `notify/invalid` if the variable is not the ARN of a topic
 */
export function notifierFromEnvironment(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options: Omit<NotifierOptions, 'channels' | 'routes' | 'default'> & { readonly client?: Parameters<typeof snsChannel>[0]['client'] } = {},
): Notifier | null {
  const topicArn = env['REDRESS_TOPIC_ARN'];
  if (topicArn === undefined || topicArn === '') return null;
  // A wrong one stops the start.
  regionOfTopic(topicArn);
  const { client, ...rest } = options;
  let made: Notifier | null = null;
  const loaded = async (): Promise<Notifier> => {
    const [{ snsChannel: channel }, { notifier }] = await Promise.all([import('./channels/sns.js'), import('./notifier.js')]);
    made ??= notifier({ ...rest, channels: [channel({ topicArn, ...(client === undefined ? {} : { client }) })] });
    return made;
  };
  const notify: Notify = async (notification) => (await loaded())(notification);
  return Object.assign(notify, {
    digest: async (digest: GapDigest) => (await loaded()).digest(digest),
    // Nothing is held back before there was a message.
    flush: async (how?: { readonly all?: boolean }) => made?.flush(how),
    held: () => made?.held() ?? {},
  }) as Notifier;
}
