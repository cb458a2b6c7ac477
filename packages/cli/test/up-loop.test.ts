import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, inject, it } from 'vitest';
import { startLoop } from '../src/up/loop.js';

const place = { endpoint: inject('moto'), region: 'eu-north-1', account: '123456789012', credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' } };

it('acknowledges what was handled; what failed is delivered again, and goes to the dead-letter queue in the end', async () => {
  const received: string[] = [];
  const accounts = new Set<unknown>();
  const loop = await startLoop(
    { ...place, region: 'eu-south-1' },
    {
      patterns: [{ name: 'loop', description: '', pattern: { source: ['test.loop'] } }],
      visibility: 1,
      onProblem: (message) => received.push(message),
      handler: async (event) => {
        const { Records } = event as { Records: { messageId: string; body: string }[] };
        const read = Records.map((record) => ({ ...record, event: JSON.parse(record.body) as { account: string; detail: { name: string } } }));
        for (const { event: each } of read) {
          received.push(each.detail.name);
          accounts.add(each.account);
        }
        return { batchItemFailures: read.filter((each) => each.event.detail.name === 'bad').map((each) => ({ itemIdentifier: each.messageId })) };
      },
    },
  );
  const sqs = new SQSClient({ ...place, region: 'eu-south-1' });
  try {
    for (const name of ['good', 'bad']) await loop.put({ source: 'test.loop', 'detail-type': 'Test', detail: { name } });
    let dead: string[] = [];
    while (dead.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: loop.deadLetterUrl }));
      dead = Messages.map((message) => (JSON.parse(message.Body ?? '{}') as { detail: { name: string } }).detail.name);
    }
    expect(dead).toEqual(['bad']);
    expect(received.toSorted()).toEqual(['bad', 'bad', 'bad', 'good']);
    expect([...accounts]).toEqual(['123456789012']);
  } finally {
    await loop.stop();
    sqs.destroy();
  }
});
