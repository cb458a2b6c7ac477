import { isRecord, RedressError } from '@redress/core';
import { type Delivery, request, type Secret, secretValue } from '../http.js';
import type { Message } from '../message.js';
import { fitted } from '../plain-text.js';
import { clip } from '../text.js';
import type { Channel } from './channel.js';

/** Of a message, of a block, and of blocks. */
const MOST = 40_000;
const MOST_IN_A_BLOCK = 3000;
const MOST_BLOCKS = 50;

/** What {@link slackChannel} takes: an incoming webhook, or a bot's token and a channel. */
export type SlackOptions = {
  /** Default `slack`. */
  readonly name?: string;
  /** Besides `hooks.slack.com` and `slack.com`. */
  readonly hosts?: readonly string[];
} & (
  | { readonly webhook: Secret }
  | {
      readonly token: Secret;
      /** Id of the channel. */
      readonly channel: string;
      /** Default `https://slack.com/api`. */
      readonly api?: string;
    }
);

/**
 * Posts to Slack. All text is in blocks that Slack does not interpret: nobody is mentioned, and nothing is linked, by the name of a bucket.
 *
 * @example slackChannel({ webhook: () => readSecret('redress/slack') })
 */
export function slackChannel(options: SlackOptions): Channel {
  const hosts = ['hooks.slack.com', 'slack.com', ...(options.hosts ?? [])];
  const post = async (message: Message, delivery: Delivery): Promise<void> => {
    const body = slackBody(message);
    if ('webhook' in options) {
      await request({ url: await secretValue(options.webhook), body, hosts }, delivery);
      return;
    }
    const { json } = await request(
      {
        url: `${options.api ?? 'https://slack.com/api'}/chat.postMessage`,
        headers: { authorization: `Bearer ${await secretValue(options.token)}` },
        body: { channel: options.channel, unfurl_links: false, unfurl_media: false, ...body },
        hosts,
      },
      delivery,
    );
    // The status is 200, whatever the result.
    if (!isRecord(json) || json['ok'] !== true) {
      const why = isRecord(json) && typeof json['error'] === 'string' && /^[a-z_]{1,64}$/.test(json['error']) ? json['error'] : 'no reason given';
      throw new RedressError('notify/failed', `Slack refused the message: ${why}`);
    }
  };
  return {
    name: options.name ?? 'slack',
    held: 'summed-up',
    async send(messages, delivery) {
      for (const message of messages) await post(message, delivery);
    },
  };
}

const run = (text: string, bold = false) => ({ type: 'text', text, ...(bold ? { style: { bold: true } } : {}) });
const block = (...elements: object[]) => ({ type: 'rich_text', elements });
const lines = (label: string, text: string) => block({ type: 'rich_text_section', elements: [run(`${label}\n`, true), run(text)] });
const preformatted = (label: string, text: string) =>
  block({ type: 'rich_text_section', elements: [run(label, true)] }, { type: 'rich_text_preformatted', elements: [run(text)] });

function blocksOf(message: Message): object[] {
  return [
    block({
      type: 'rich_text_section',
      elements: [run(message.title, true), run(message.summary === '' ? '' : `\n${message.summary}`)].filter((each) => each.text !== ''),
    }),
    ...(message.facts.length === 0
      ? []
      : [
          block({
            type: 'rich_text_section',
            elements: message.facts.flatMap(([label, text], at) => [run(`${at === 0 ? '' : '\n'}${label}: `, true), run(text)]),
          }),
        ]),
    ...message.sections.map(({ label, lines: all, code }) =>
      code === true ? preformatted(label, all.join('\n')) : lines(label, all.map((line) => `• ${line}`).join('\n')),
    ),
    ...message.commands.map(({ label, command }) => preformatted(label, command)),
    ...message.links.map(({ label, url }) => block({ type: 'rich_text_section', elements: [{ type: 'link', url, text: label }] })),
  ];
}

/** What is posted, within the limits of Slack. */
function slackBody(message: Message): { text: string; blocks: object[] } {
  const render = (each: Message) => ({ text: escaped(clip(each.title, 500)), blocks: blocksOf(each) });
  const short = fitted(message, (each) => {
    const { blocks } = render(each);
    return blocks.length <= MOST_BLOCKS && blocks.every((one) => lengthOf(one) <= MOST_IN_A_BLOCK) && JSON.stringify(render(each)).length <= MOST;
  });
  return render(short);
}

/** The characters of a block that people see. */
function lengthOf(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + lengthOf(each), 0);
  if (!isRecord(value)) return 0;
  return Object.entries(value).reduce(
    (sum, [name, each]) => sum + ((name === 'text' || name === 'url') && typeof each === 'string' ? each.length : lengthOf(each)),
    0,
  );
}

/** The one text that Slack interprets: shown where blocks cannot be. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
