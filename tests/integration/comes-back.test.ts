// A message that cannot be decided yet, in a queue that hides what was received for twelve minutes: it is delivered again when its resource has
// settled, or nobody holds it any more. The clock is the real one, since it is the emulator's queue that counts.
import { CreateQueueCommand, DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { messageVisibility } from '@redress/connect';
import { definePolicy, type Journal } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { type BatchResponse, createHandler, type HandlerLogger } from '@redress/lambda-runtime';
import { recordingProxy, testConnect } from '@redress/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Boto, startBoto } from '../support/boto.ts';
import { enforced, outcomes } from '../support/runtime.ts';
import { type Gap, ssh } from '../support/situations.ts';

const REGION = 'eu-west-3';
const endpoint = inject('moto');
const sqs = new SQSClient({ endpoint, region: REGION, credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } });
let aws: Boto;

beforeAll(() => {
  aws = startBoto(endpoint);
});
afterAll(async () => {
  sqs.destroy();
  await aws.close();
});

/** A queue, and the function that reads it: what Lambda does between the two. */
async function hub({ hidden = 720, fifo = false, at = endpoint }: { hidden?: number; fifo?: boolean; at?: string } = {}) {
  const QueueName = `redress-${crypto.randomUUID()}${fifo ? '.fifo' : ''}`;
  const Attributes = { VisibilityTimeout: String(hidden), ...(fifo ? { FifoQueue: 'true' } : {}) };
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  const about = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const journal: Journal = memoryJournal();
  const warnings: string[] = [];
  const logger: HandlerLogger = { info: () => undefined, warn: (message) => void warnings.push(message), error: () => undefined };
  const handler = createHandler({
    remediators: [ssh.remediator],
    policy: definePolicy(enforced(ssh).policy),
    journal,
    connect: testConnect({ endpoint }),
    changeVisibility: messageVisibility({ endpoint: at }),
    logger,
  });
  return {
    journal,
    warnings,
    send: (gap: Gap, age: number) =>
      sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: JSON.stringify(gap.event({ time: new Date(Date.now() - age) })),
          ...(fifo ? { MessageGroupId: 'one', MessageDeduplicationId: crypto.randomUUID() } : {}),
        }),
      ),
    /** Waits for messages; which resources they are about, which came back, and when they were received. */
    async deliver(): Promise<{ at: number; about: string[]; back: string[] }> {
      for (;;) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, MessageSystemAttributeNames: ['All'] }),
        );
        if (Messages.length === 0) continue;
        const at = Date.now();
        const read = Messages.map(({ MessageId = '', ReceiptHandle = '', Body = '', Attributes }) => {
          const { groupId } = (JSON.parse(Body) as { detail: { requestParameters: { groupId: string } } }).detail.requestParameters;
          return { id: MessageId, receiptHandle: ReceiptHandle, body: Body, attributes: { ...Attributes }, about: groupId };
        });
        const Records = read.map(({ id, receiptHandle, body, attributes }) => ({
          messageId: id,
          receiptHandle,
          body,
          attributes,
          eventSource: 'aws:sqs' as const,
          eventSourceARN: about.Attributes?.['QueueArn'] ?? '',
        }));
        const answer = (await handler({ Records }, { getRemainingTimeInMillis: () => 300_000 })) as BatchResponse;
        const failed = answer.batchItemFailures.map((each) => each.itemIdentifier);
        for (const { id, receiptHandle } of read)
          if (!failed.includes(id)) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receiptHandle }));
        return { at, about: read.map((each) => each.about), back: read.filter(({ id }) => failed.includes(id)).map((each) => each.about) };
      }
    },
  };
}

async function recorded(journal: Journal, gap: Gap) {
  const found = [];
  for await (const record of journal.read({ resource: gap.ref })) found.push(record);
  return found;
}

describe.concurrent('a message is delivered again', () => {
  it('when its resource has settled, and is then fixed', async () => {
    const gap = await ssh.gap(aws, REGION);
    const before = await gap.read();
    const { journal, send, deliver } = await hub();
    const sent = Date.now();
    await send(gap, 45_000);
    const first = await deliver();
    expect(first.back).toEqual([gap.ref.id]);
    // Nobody has slept through it, looked, or said anything.
    expect([await recorded(journal, gap), await gap.read()]).toEqual([[], before]);
    const second = await deliver();
    expect(second).toMatchObject({ about: [gap.ref.id], back: [] });
    // 60 s after the change; events are exact to the second.
    expect(second.at).toBeGreaterThanOrEqual(sent + 14_000);
    expect(outcomes(await recorded(journal, gap))).toEqual(['remediated']);
    expect(await gap.read()).toEqual(ssh.fixed(before));
  });

  it('when the lease on its resource has ended', async () => {
    const gap = await ssh.gap(aws, REGION);
    const before = await gap.read();
    const { journal, send, deliver } = await hub();
    const { generation } = await journal.view(gap.ref);
    const begun = await journal.begin({
      resource: gap.ref,
      remediator: ssh.remediator.id,
      planDigest: 'sha256:x',
      generation,
      budgets: [],
      lease: 16_000,
      body: {},
    });
    if (begun.status !== 'begun') throw new Error(begun.status);
    const ends = (await journal.view(gap.ref)).open?.leaseUntil ?? 0;
    await send(gap, 120_000);
    expect((await deliver()).back).toEqual([gap.ref.id]);
    expect(await gap.read()).toEqual(before);
    // Its worker closes it, and writes no more.
    await journal.finish({ resource: gap.ref, remediator: ssh.remediator.id, lease: begun.lease, outcome: 'failed', sent: 0, body: {} });
    const second = await deliver();
    expect(second).toMatchObject({ about: [gap.ref.id], back: [] });
    expect(second.at).toBeGreaterThanOrEqual(ends);
    expect(outcomes(await recorded(journal, gap))).toEqual(['failed', 'remediated']);
    expect(await gap.read()).toEqual(ssh.fixed(before));
  });

  // Here without the order: the emulator (moto 5.2.5) delivers the second of two that are visible again, and the first when that is deleted.
  it('in a FIFO queue, together with what was received behind it', async () => {
    const gaps = [await ssh.gap(aws, REGION), await ssh.gap(aws, REGION)];
    const [young, old] = gaps.map(({ ref }) => ref.id);
    const { journal, send, deliver } = await hub({ fifo: true });
    await send(gaps[0] as Gap, 45_000);
    await send(gaps[1] as Gap, 120_000);
    expect(await deliver()).toMatchObject({ about: [young, old], back: [young, old] });
    const order: string[] = [];
    while (order.length < 2) {
      const { about, back } = await deliver();
      expect(back).toEqual([]);
      order.push(...about);
    }
    expect(order.toSorted()).toEqual([young, old].toSorted());
    for (const gap of gaps) expect(outcomes(await recorded(journal, gap))).toEqual(['remediated']);
  });

  it('after the timeout of the queue if its visibility cannot be changed, with a warning', async () => {
    const gap = await ssh.gap(aws, REGION);
    const proxy = await recordingProxy(endpoint);
    proxy.inject({ kind: 'denied', on: 'ChangeMessageVisibility', times: 10 });
    const { warnings, send, deliver } = await hub({ hidden: 3, at: proxy.endpoint });
    await send(gap, 5000);
    expect((await deliver()).back).toEqual([gap.ref.id]);
    expect(warnings).toEqual(['the visibility of a message could not be changed']);
    expect((await deliver()).back).toEqual([gap.ref.id]);
    expect(proxy.calls.map(({ operation, status }) => [operation, status])).toEqual([
      ['ChangeMessageVisibility', 400],
      ['ChangeMessageVisibility', 400],
    ]);
    await proxy.close();
  });
});
