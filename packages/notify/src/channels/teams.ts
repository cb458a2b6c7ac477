import { request, type Secret, secretValue } from '../http.js';
import type { Message } from '../message.js';
import { fitted } from '../plain-text.js';
import { bytesOf } from '../text.js';
import type { Channel } from './channel.js';

/** Of a whole message. */
const MOST = 28 * 1024;

/** What {@link teamsChannel} takes. */
export interface TeamsOptions {
  /** Of a workflow "Post to a channel when a webhook request is received". */
  readonly webhook: Secret;
  /** Default `teams`. */
  readonly name?: string;
  /** Besides `*.logic.azure.com` and `*.api.powerplatform.com`. */
  readonly hosts?: readonly string[];
}

/**
 * Posts an adaptive card through a workflow's webhook. All text is in runs that Teams does not interpret.
 *
 * @see https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */
export function teamsChannel({ webhook, name = 'teams', hosts = [] }: TeamsOptions): Channel {
  return {
    name,
    held: 'summed-up',
    async send(messages, delivery) {
      for (const message of messages) {
        const body = cardOf(fitted(message, (each) => bytesOf(JSON.stringify(cardOf(each))) <= MOST));
        await request({ url: await secretValue(webhook), body, hosts: ['*.logic.azure.com', '*.api.powerplatform.com', ...hosts] }, delivery);
      }
    },
  };
}

const COLOR = { info: 'Good', ask: 'Warning', problem: 'Attention' } as const;
const text = (...inlines: object[]) => ({ type: 'RichTextBlock', inlines });
const run = (value: string, more: object = {}) => ({ type: 'TextRun', text: value, ...more });

function cardOf(message: Message): object {
  const bold = { weight: 'Bolder' };
  const mono = { fontType: 'Monospace' };
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body: [
            text(run(message.title, { ...bold, size: 'Medium', color: COLOR[message.severity] })),
            ...(message.summary === '' ? [] : [text(run(message.summary))]),
            ...message.facts.map(([label, value]) => text(run(`${label}: `, bold), run(value))),
            ...message.sections.flatMap(({ label, lines, code }) => [
              text(run(label, bold)),
              ...lines.map((line) => text(run(code === true ? line : `• ${line}`, code === true ? mono : {}))),
            ]),
            ...message.commands.flatMap(({ label, command }) => [text(run(label, bold)), text(run(command, mono))]),
          ],
          actions: message.links.slice(0, 6).map(({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url })),
        },
      },
    ],
  };
}
