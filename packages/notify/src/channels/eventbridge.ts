import { EventBridgeClient, type EventBridgeClientConfig, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { formatResource, RedressError } from '@redress/core';
import type { Message } from '../message.js';
import { fitted } from '../plain-text.js';
import { bytesOf } from '../text.js';
import { sdkConfig } from './aws.js';
import type { Channel } from './channel.js';

const MOST = 262_144;
/** Of source, detail type, bus and time. */
const FOR_THE_REST = 2048;
/** PutEvents takes ten, of one size together; one at a time is never too large. */
const SOURCE = /^(?!aws\.)[A-Za-z0-9._/-]{1,256}$/;

/** What {@link eventBridgeChannel} takes. */
export interface EventBridgeOptions {
  readonly region: string;
  /** Name or ARN; default: the account's default bus. */
  readonly bus?: string;
  /** Default `redress`. Never `aws.…`, which is AWS's own. */
  readonly source?: string;
  /** Default `eventbridge`. */
  readonly name?: string;
  readonly client?: EventBridgeClientConfig;
}

/**
 * Puts an event on a bus, for automation of your own. `detail-type` is `Redress Outcome`, `detail` has the form of CloudEvents 1.0. No rule
 * of Redress listens to it.
 *
 * @see https://cloudevents.io
 * @throws {RedressError} `notify/invalid`
 */
export function eventBridgeChannel({ region, bus, source = 'redress', name = 'eventbridge', client }: EventBridgeOptions): Channel {
  if (!SOURCE.test(source)) throw new RedressError('notify/invalid', `${JSON.stringify(source)} cannot be the source of an event.`);
  const events = new EventBridgeClient(sdkConfig({ region, ...client }));
  return {
    name,
    held: { atOnce: 1 },
    async send(messages, { signal, clock }) {
      for (const message of messages) {
        const time = message.notification?.at ?? clock.now();
        const body = fitted(message, (each) => bytesOf(JSON.stringify(detail(each, source, time))) <= MOST - FOR_THE_REST);
        const entry = {
          Source: source,
          DetailType: 'Redress Outcome',
          Detail: JSON.stringify(detail(body, source, time)),
          Time: new Date(time),
          ...(bus === undefined ? {} : { EventBusName: bus }),
        };
        const { FailedEntryCount = 0, Entries = [] } = await events.send(new PutEventsCommand({ Entries: [entry] }), { abortSignal: signal });
        if (FailedEntryCount > 0) throw new RedressError('notify/failed', `EventBridge refused the event: ${Entries[0]?.ErrorCode ?? 'without a reason'}`);
      }
    },
  };
}

function detail(message: Message, source: string, time: number) {
  const { notification } = message;
  return {
    specversion: '1.0',
    id: `${message.key}/${time}`,
    source: `urn:${source}`,
    type: notification === null ? 'dev.redress.summary' : `dev.redress.outcome.${notification.outcome}`,
    ...(notification === null ? {} : { subject: formatResource(notification.resource) }),
    time: new Date(time).toISOString(),
    datacontenttype: 'application/json',
    data: {
      title: message.title,
      summary: message.summary,
      severity: message.severity,
      outcome: notification?.outcome ?? null,
      environment: notification?.environment ?? null,
      remediator: notification?.remediator.id ?? null,
      resource: notification?.resource ?? null,
      plan: message.plan,
      execution: notification?.execution ?? null,
      approval: notification?.approval ?? null,
      facts: Object.fromEntries(message.facts),
      sections: message.sections.map(({ label, lines }) => ({ label, lines })),
      commands: message.commands,
    },
  };
}
