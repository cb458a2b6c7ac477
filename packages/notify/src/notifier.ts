import {
  type Clock,
  type Delivered,
  messageOf as errorMessage,
  formatResource,
  type GapDigest,
  type Notification,
  type Notify,
  parseDuration,
  RedressError,
  systemClock,
} from '@redress/core';
import type { Channel } from './channels/channel.js';
import type { Delivery } from './http.js';
import { Lane, type LaneLimits } from './lane.js';
import type { Link, Message } from './message.js';
import { isConsoleUrl } from './plain-text.js';
import { channelsFor, channelsOfGap, OWNER_TAGS, type Route } from './routes.js';
import { clean } from './text.js';

/** How many messages a channel gets. */
export interface Limits {
  /** At most this many at once; default 30. */
  readonly messages?: number;
  /** In which time; default `PT5M`. */
  readonly per?: string;
  /** People are not notified of the same plan again within this time; default `PT1H`. */
  readonly repeat?: string;
}

/** What {@link notifier} takes. */
export interface NotifierOptions {
  readonly channels: readonly Channel[];
  /** The first one that holds is taken. */
  readonly routes?: readonly Route[];
  /** Names of the channels where no route holds; without it, all. */
  readonly default?: readonly string[];
  /** Of every channel, and of those named. */
  readonly limits?: Limits & { readonly channels?: Readonly<Record<string, Limits>> };
  /** Pages about it, `https:` only: a console, a runbook. */
  readonly links?: (notification: Notification) => readonly Link[];
  /** How `redress` is called where people are: `npx redress --data /srv/redress`; default `redress`. */
  readonly journalCommand?: string;
  /** Function URL of the approvals: added to their commands. */
  readonly approvalsUrl?: string;
  /** Where each person's own console is, as `http://127.0.0.1:4600` (`redress console --port 4600`): messages link to its pages. Default: none does. */
  readonly consoleUrl?: string;
  /** Tags that name an owner, the most specific first; default `owner`, `team`. */
  readonly ownerTags?: readonly string[];
  /** What must not be sent, in addition to what looks like a secret. With the flag `g`. */
  readonly secrets?: readonly RegExp[];
  /** Longest time that notifying may take, all channels together; default `PT8S`. */
  readonly budget?: string;
  readonly clock?: Clock;
  /** Of what was held back, and could not be delivered later either. */
  readonly onWarning?: (message: string, error: unknown) => void;
}

/** What `createRedress` and `createHandler` take as `notify`. */
export interface Notifier extends Notify {
  (notification: Notification): Promise<Delivered>;
  /** Sends what stands open: to each channel one message with the gaps that it was notified of, or that its routes name. */
  digest(digest: GapDigest): Promise<Delivered>;
  /** Delivers what was held back, as far as limits allow; with `all`, everything at once. Before a process ends, call it with `all`. */
  flush(options?: { readonly all?: boolean }): Promise<void>;
  /** How many messages wait, by channel. */
  held(): Readonly<Record<string, number>>;
}

const DEFAULTS = { messages: 30, per: 'PT5M', repeat: 'PT1H' } as const;

/**
 * Notifies people: chooses channels by route, makes one message for all of them, holds back and summarizes what is too much, and sends nothing
 * twice. It throws if no channel accepted a message. The engine logs a warning, and the message is sent later. If some did, its answer
 * says which, and why others did not.
 *
 * @example
 * const notify = notifier({
 *   channels: [snsChannel({ topicArn }), slackChannel({ name: 'payments', webhook })],
 *   routes: [{ when: { owner: 'payments' }, to: ['payments'] }],
 *   default: ['sns'],
 * });
 * @throws {RedressError} `notify/invalid` when names do not fit or a limit is none
 */
export function notifier(options: NotifierOptions): Notifier {
  const { channels, routes = [], clock = systemClock, ownerTags = OWNER_TAGS, journalCommand = 'redress', onWarning = () => undefined } = options;
  const names = channels.map((each) => each.name);
  const refuse = (message: string): never => {
    throw new RedressError('notify/invalid', message, { next: `There are the channels ${names.join(', ') || '(none)'}.` });
  };
  if (names.length === 0) refuse('A notifier needs a channel.');
  const twice = names.find((name, at) => name === '' || names.indexOf(name) !== at);
  if (twice !== undefined) refuse(`The name ${JSON.stringify(twice)} is empty, or two channels have it.`);
  const fallback = options.default ?? names;
  // Nobody would be notified of what no route matches.
  if (fallback.length === 0) refuse('The default route has no channel.');
  const { channels: own = {}, ...all } = options.limits ?? {};
  for (const name of [...fallback, ...routes.flatMap((each) => each.to), ...Object.keys(own)])
    if (!names.includes(name)) refuse(`There is no channel ${JSON.stringify(name)}.`);
  for (const route of routes)
    if (Object.values(route.when).every((each) => each === undefined)) refuse('A route without a condition would match everything: that is the default route.');
  if (options.consoleUrl !== undefined && !isConsoleUrl(options.consoleUrl))
    refuse(`${JSON.stringify(options.consoleUrl)} is not where a console is: http://127.0.0.1:PORT, or https.`);
  const budget = duration(options.budget ?? 'PT8S', refuse);
  const lanes = new Map(
    channels.map((channel) => [channel.name, new Lane(channel, limitsOf({ ...all, ...own[channel.name] }, refuse), { clock, command: journalCommand })]),
  );
  const making = {
    command: journalCommand,
    ...(options.approvalsUrl === undefined ? {} : { approvalsUrl: options.approvalsUrl }),
    ...(options.consoleUrl === undefined ? {} : { consoleUrl: options.consoleUrl }),
    ...(options.links === undefined ? {} : { links: options.links }),
    ...(options.secrets === undefined ? {} : { secrets: options.secrets }),
  };

  /** @throws {RedressError} `notify/failed` when no channel took it, or holds it */
  const deliver = async (to: readonly Lane[], work: (lane: Lane, delivery: Delivery) => Promise<'delivered' | 'held'>): Promise<Delivered> => {
    const delivery: Delivery = { signal: AbortSignal.timeout(budget), deadline: clock.now() + budget, clock };
    const failed: string[] = [];
    const channels: string[] = [];
    const held: string[] = [];
    const deliverTo = async (lane: Lane): Promise<void> => {
      const { name } = lane.channel;
      try {
        ((await work(lane, delivery)) === 'held' ? held : channels).push(name);
      } catch (error) {
        failed.push(`${name}: ${clean(errorMessage(error), options.secrets)}`);
      }
    };
    await Promise.all(to.map(deliverTo));
    const why = failed.length === 0 ? {} : { failed: `Not delivered for now: ${failed.join('; ')}` };
    if (channels.length > 0) return { status: 'delivered', channels, ...why };
    if (held.length > 0) return { status: 'held', channels: held, ...why };
    if (why.failed === undefined) return { status: 'nobody', channels };
    throw new RedressError('notify/failed', why.failed, { next: 'It is delivered with the next message.', retryable: true });
  };

  let timer: NodeJS.Timeout | null = null;
  /** A process that keeps running delivers held messages automatically; a process that ends is not blocked. */
  const later = (): void => {
    const waiting = [...lanes.values()].filter((lane) => lane.held > 0);
    if (timer !== null || waiting.length === 0) return;
    const at = Math.min(...waiting.map((lane) => lane.nextAt));
    timer = setTimeout(
      () => {
        timer = null;
        flush().catch((error: unknown) => onWarning('messages that were held back could not be delivered', error));
      },
      Math.min(Math.max(1000, at - clock.now()), 3_600_000),
    );
    timer.unref();
  };

  const flush = async ({ all: everything = false }: { readonly all?: boolean } = {}): Promise<void> => {
    try {
      const { failed } = await deliver([...lanes.values()], async (lane, delivery) => {
        await lane.flush(delivery, everything);
        return 'delivered';
      });
      // Whoever flushes wants to know of each.
      if (failed !== undefined) throw new RedressError('notify/failed', failed, { next: 'It is delivered with the next message.', retryable: true });
    } finally {
      later();
    }
  };
  const notify = async (notification: Notification): Promise<Delivered> => {
    const { messageOf } = await import('./message.js');
    const message = messageOf(notification, making);
    const to = channelsFor(notification, { routes, fallback, ownerTags }).flatMap((name) => lanes.get(name) ?? []);
    // A change that is made unless somebody objects depends on its notice: sent to nobody, it was not delivered.
    if (notification.grace !== undefined && !to.some(({ channel }) => channel.tells?.(message) ?? true))
      throw new RedressError(
        'notify/failed',
        to.length === 0
          ? `Nobody is notified of ${formatResource(notification.resource)}, which would be changed automatically: a route says so.`
          : `Nobody is notified of ${formatResource(notification.resource)}, which would be changed automatically: ${to.map(({ channel }) => channel.name).join(', ')} cannot deliver it.`,
        {
          next: 'Give the route a channel that can, or remove the grace period.',
        },
      );
    // A channel that cannot express it, such as Security Hub for a pass without a finding, notifies nobody.
    const reaching = to.filter(({ channel }) => channel.tells?.(message) ?? true);
    try {
      const delivered = await deliver(reaching, (lane, delivery) => lane.offer(message, delivery));
      // A change rests on it: each channel that should have it has it.
      if (notification.grace !== undefined && delivered.failed !== undefined)
        throw new RedressError('notify/failed', delivered.failed, { next: 'It is delivered with the next message.', retryable: true });
      return delivered;
    } finally {
      later();
    }
  };
  const digest = async (given: GapDigest): Promise<Delivered> => {
    const { digestMessage } = await import('./digest.js');
    const routing = { routes, fallback, ownerTags };
    const messages = new Map(
      [...lanes.values()].flatMap((lane) => {
        const { name, tells } = lane.channel;
        const message = digestMessage({ ...given, gaps: given.gaps.filter((gap) => channelsOfGap(gap, names, routing).includes(name)) }, making);
        return message === null || tells?.(message) === false ? [] : [[lane, message] as const];
      }),
    );
    try {
      return await deliver([...messages.keys()], (lane, delivery) => lane.offer(messages.get(lane) as Message, delivery));
    } finally {
      later();
    }
  };
  return Object.assign(notify, { digest, flush, held: () => Object.fromEntries([...lanes].map(([name, lane]) => [name, lane.held])) });
}

function duration(text: string, refuse: (message: string) => never): number {
  const milliseconds = parseDuration(text);
  return milliseconds === null || milliseconds <= 0 ? refuse(`${JSON.stringify(text)} is not an ISO 8601 duration such as PT5M.`) : milliseconds;
}

function limitsOf(given: Limits, refuse: (message: string) => never): LaneLimits {
  const { messages, per, repeat } = { ...DEFAULTS, ...given };
  if (!Number.isInteger(messages) || messages < 1) refuse(`${messages} messages are not a limit: it is a whole number from 1.`);
  return { messages, per: duration(per, refuse), repeat: duration(repeat, refuse) };
}
