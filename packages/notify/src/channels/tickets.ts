import { isRedressError } from '@redress/core';
import type { Delivery } from '../http.js';
import type { Message } from '../message.js';
import { plainText } from '../plain-text.js';
import type { Channel } from './channel.js';

/** What a ticket says. */
export interface TicketText {
  readonly title: string;
  /** Lines of plain text. */
  readonly body: string;
  readonly severity: Message['severity'];
}

/** A ticket that is open. */
export interface Ticket {
  /** The ticket system's own. */
  readonly id: string;
}

/** A ticket system. {@link jira} and {@link serviceNow} are two; another one is four methods. */
export interface TicketPort {
  /** The open ticket with a key; null when there is none. */
  find(key: string, delivery: Delivery): Promise<Ticket | null>;
  /** Opens one that `find` finds by the key. One attempt: whoever opens looks again before it tries again. */
  open(key: string, text: TicketText, delivery: Delivery): Promise<Ticket>;
  comment(ticket: Ticket, text: TicketText, delivery: Delivery): Promise<void>;
  close(ticket: Ticket, text: TicketText, delivery: Delivery): Promise<void>;
}

/** What {@link ticketChannel} takes. */
export interface TicketOptions {
  readonly port: TicketPort;
  /** As routes name it. */
  readonly name: string;
}

/**
 * One ticket for each resource and remediator: opened when there is something for a person to do, commented on when that changes, closed when
 * the gap is. Something that needs nobody opens none.
 */
export function ticketChannel({ port, name }: TicketOptions): Channel {
  /** What was opened from here: a search may not show it yet. */
  const opened = new Map<string, Ticket>();

  const open = async (key: string, text: TicketText, delivery: Delivery): Promise<Ticket> => {
    try {
      return await port.open(key, text, delivery);
    } catch (error) {
      if (!isRedressError(error) || !error.retryable || delivery.signal.aborted) throw error;
      // The reply was lost, or it was too long: only a read shows whether the ticket exists.
      return (await port.find(key, delivery)) ?? (await port.open(key, text, delivery));
    }
  };

  return {
    name,
    held: { atOnce: 1 },
    // A ticket is for one resource; those that are open are the digest.
    tells: ({ notification }) => notification !== null,
    async send(messages, delivery) {
      for (const message of messages) {
        const key = ticketKey(message);
        const text = { title: message.title, body: plainText(message), severity: message.severity };
        const ticket = (await port.find(key, delivery)) ?? opened.get(key) ?? null;
        const closes = isClosed(message);
        if (ticket === null) {
          if (closes || message.severity === 'info') continue;
          opened.set(key, await open(key, text, delivery));
          if (opened.size > 500) opened.delete(opened.keys().next().value ?? '');
        } else if (closes) {
          await port.close(ticket, text, delivery);
          opened.delete(key);
        } else await port.comment(ticket, text, delivery);
      }
    },
  };
}

/** Nothing is left to do for a person: closed, and looked at again. */
function isClosed({ notification }: Message): boolean {
  return notification?.outcome === 'remediated' && notification.open.length === 0;
}

/** The same for all notices about a resource and a remediator: `redress-` and 32 hexadecimal digits. */
export function ticketKey({ about }: Pick<Message, 'about'>): string {
  return `redress-${about.slice('sha256:'.length, 'sha256:'.length + 32)}`;
}
