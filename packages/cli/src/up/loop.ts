import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type EventPattern, isRecord, type JsonObject } from '@redress/core';
import type { Handler } from '@redress/lambda-runtime';

/** Where the emulator is. */
export interface Place {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** What {@link startLoop} takes. */
export interface LoopOptions {
  readonly patterns: readonly EventPattern[];
  readonly handler: Handler;
  /** Seconds that a message stays unseen after it was received; it comes again afterwards, unless it was handled. */
  readonly visibility: number;
  onProblem(message: string): void;
}

/** EventBridge, queue and poller. */
export interface Loop {
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
  put(event: { readonly source: string; readonly 'detail-type': string; readonly detail: JsonObject; readonly resources?: readonly string[] }): Promise<void>;
  stop(): Promise<void>;
}

/** After this many receives a message goes to the dead-letter queue, as in the deployed hub. */
const RECEIVES = 3;

/** What a deployed hub is made of: a rule for each pattern, one queue with a dead-letter queue, and what invokes the handler with its batches. */
export async function startLoop(place: Place, { patterns, handler, visibility, onProblem }: LoopOptions): Promise<Loop> {
  const { endpoint, region, credentials, account } = place;
  const events = new EventBridgeClient({ endpoint, region, credentials });
  const sqs = new SQSClient({ endpoint, region, credentials });
  const make = async (name: string, Attributes: Record<string, string>) => {
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
    const about = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    return { url: QueueUrl, arn: about.Attributes?.['QueueArn'] ?? '' };
  };
  const dead = await make('redress-dead-letters', { MessageRetentionPeriod: '1209600' });
  const queue = await make('redress', {
    VisibilityTimeout: String(visibility),
    MessageRetentionPeriod: '1209600',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: RECEIVES }),
  });
  for (const { name, pattern } of patterns) {
    const Name = `redress-${name}`.slice(0, 64);
    await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(emulated(pattern)), State: 'ENABLED' }));
    await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'queue', Arn: queue.arn }] }));
  }

  const stopping = new AbortController();
  const poll = async () => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queue.url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, MessageSystemAttributeNames: ['All'] }),
    );
    if (Messages.length === 0) return;
    const deadline = Date.now() + visibility * 1000;
    const answer = await handler(
      {
        Records: Messages.map((message) => ({
          messageId: message.MessageId ?? '',
          eventSource: 'aws:sqs' as const,
          eventSourceARN: queue.arn,
          body: withAccount(message.Body ?? '', account),
          attributes: { ...message.Attributes },
        })),
      },
      { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => deadline - Date.now() },
    );
    const failed = new Set('batchItemFailures' in answer ? answer.batchItemFailures.map((each) => each.itemIdentifier) : []);
    // What failed stays, and is seen again when its time is over.
    for (const message of Messages)
      if (!failed.has(message.MessageId ?? '')) await sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle: message.ReceiptHandle ?? '' }));
  };
  const polling = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await poll();
      } catch (error) {
        if (stopping.signal.aborted) return;
        onProblem(error instanceof Error ? error.message : String(error));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  })();

  return {
    queueUrl: queue.url,
    deadLetterUrl: dead.url,
    put: async (event) => {
      const { Entries, FailedEntryCount } = await events.send(
        new PutEventsCommand({
          Entries: [
            {
              Source: event.source,
              DetailType: event['detail-type'],
              Detail: JSON.stringify(event.detail),
              Resources: [...(event.resources ?? [])],
            },
          ],
        }),
      );
      if ((FailedEntryCount ?? 0) > 0) throw new Error(`EventBridge did not accept the event: ${Entries?.[0]?.ErrorMessage ?? 'no reason given'}`);
    },
    stop: async () => {
      stopping.abort();
      await polling;
      events.destroy();
      sqs.destroy();
    },
  };
}

/** The emulator (moto 5.2.5) does not look into lists, where findings are: of such a pattern only source and kind count here, and the handler leaves out the rest. */
function emulated(pattern: JsonObject): JsonObject {
  const { detail, ...rest } = pattern;
  return isRecord(detail) && 'findings' in detail ? rest : pattern;
}

/** AWS names the account in each envelope; the emulator leaves it out of those that it delivers. */
function withAccount(body: string, account: string): string {
  try {
    const event: unknown = JSON.parse(body);
    return isRecord(event) && event['account'] === undefined ? JSON.stringify({ ...event, account }) : body;
  } catch {
    // The handler refuses what is not JSON.
    return body;
  }
}
