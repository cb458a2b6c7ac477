// An SQS FIFO queue in this process, with an injected clock: groups, deduplication of ids for five minutes, visibility.
import type { SqsRecord } from '@redress/lambda-runtime';

interface Message {
  readonly messageId: string;
  readonly group: string;
  readonly body: string;
  readonly sentAt: number;
  visibleAt: number;
  receives: number;
  receipt: string;
}

/** A FIFO queue. */
export class Fifo {
  readonly arn = 'arn:aws:sqs:us-east-1:111111111111:sweeps.fifo';
  readonly #now: () => number;
  readonly #hides: number;
  readonly #taken = new Map<string, number>();
  #messages: Message[] = [];
  #serial = 0;
  /** Bodies of all accepted messages. */
  readonly sent: string[] = [];

  /** @param hides milliseconds for which a received message is hidden. */
  constructor(now: () => number, hides: number) {
    this.#now = now;
    this.#hides = hides;
  }

  get size(): number {
    return this.#messages.length;
  }

  readonly send = async (messages: readonly { readonly group: string; readonly id: string; readonly body: string }[]): Promise<void> => {
    for (const { group, id, body } of messages) {
      if (this.#now() - (this.#taken.get(id) ?? Number.NEGATIVE_INFINITY) < 300_000) continue;
      this.#taken.set(id, this.#now());
      this.sent.push(body);
      this.#messages.push({ messageId: `m-${++this.#serial}`, group, body, sentAt: this.#now(), visibleAt: 0, receives: 0, receipt: '' });
    }
  };

  /** The next message; null: none is visible. */
  receive(): SqsRecord | null {
    const seen = new Set<string>();
    for (const message of this.#messages) {
      if (seen.has(message.group)) continue;
      seen.add(message.group);
      if (message.visibleAt > this.#now()) continue;
      message.receives++;
      message.receipt = `${message.messageId}/${message.receives}`;
      message.visibleAt = this.#now() + this.#hides;
      return {
        messageId: message.messageId,
        eventSource: 'aws:sqs',
        eventSourceARN: this.arn,
        body: message.body,
        receiptHandle: message.receipt,
        attributes: { SentTimestamp: String(message.sentAt), ApproximateReceiveCount: String(message.receives) },
      };
    }
    return null;
  }

  /** When the next one becomes visible. */
  nextAt(): number {
    return Math.min(...this.#messages.map(({ visibleAt }) => visibleAt));
  }

  readonly hide = async ({ receiptHandle }: { readonly receiptHandle: string }, seconds: number): Promise<void> => {
    const found = this.#messages.find(({ receipt }) => receipt === receiptHandle);
    if (found !== undefined) found.visibleAt = this.#now() + seconds * 1000;
  };

  delete({ receiptHandle }: SqsRecord): void {
    this.#messages = this.#messages.filter(({ receipt }) => receipt !== receiptHandle);
  }
}
