import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { queueMessages } from './queue-messages.js';

const servers: Server[] = [];
beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
type Entry = { Id: string; MessageBody: string; MessageGroupId: string; MessageDeduplicationId: string };

/** SQS on loopback; `fails` says which entries of a call it rejects. */
async function queue(fails: (entry: Entry, call: number) => { SenderFault: boolean } | null = () => null) {
  const calls: { QueueUrl: string; Entries: Entry[] }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const call = JSON.parse(text) as (typeof calls)[number];
      calls.push(call);
      const failed = call.Entries.flatMap((entry) => {
        const fault = fails(entry, calls.length);
        return fault === null ? [] : [{ Id: entry.Id, Code: 'InternalError', Message: 'no', ...fault }];
      });
      const taken = call.Entries.filter(({ Id }) => !failed.some((each) => each.Id === Id));
      response
        .writeHead(200, { 'content-type': 'application/x-amz-json-1.0' })
        .end(JSON.stringify({ Successful: taken.map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) })), Failed: failed }));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { send: queueMessages(`${endpoint}/111111111111/sweeps.fifo`, { endpoint, region: 'eu-west-1' }), calls };
}
const messages = (count: number) => Array.from({ length: count }, (_, index) => ({ group: `g${index % 3}`, id: `i${index}`, body: `b${index}` }));

it('sends all messages, ten in a call, each with its group and its id', async () => {
  const { send, calls } = await queue();
  await send(messages(25));
  expect(calls.map(({ Entries }) => Entries.length).sort((a, b) => b - a)).toEqual([10, 10, 5]);
  const sent = calls.flatMap(({ Entries }) => Entries.map((each) => `${each.MessageBody} ${each.MessageGroupId} ${each.MessageDeduplicationId}`)).sort();
  expect(sent).toEqual(
    messages(25)
      .map(({ group, id, body }) => `${body} ${group} ${id}`)
      .sort(),
  );
  expect(calls[0]?.QueueUrl).toMatch(/\/111111111111\/sweeps\.fifo$/);
});

it('sends again only what SQS could not accept', async () => {
  const { send, calls } = await queue(({ MessageBody }, call) => (MessageBody === 'b1' && call === 1 ? { SenderFault: false } : null));
  await send(messages(3));
  expect(calls.map(({ Entries }) => Entries.map(({ MessageBody }) => MessageBody))).toEqual([['b0', 'b1', 'b2'], ['b1']]);
});

it('fails if some are not accepted after three calls, or at once if a message is invalid', async () => {
  const down = await queue(({ MessageBody }) => (MessageBody === 'b2' ? { SenderFault: false } : null));
  await expect(down.send(messages(3))).rejects.toMatchObject({ code: 'aws/server', retryable: true });
  expect(down.calls).toHaveLength(3);
  const wrong = await queue(() => ({ SenderFault: true }));
  await expect(wrong.send(messages(1))).rejects.toMatchObject({ code: 'aws/invalid' });
  expect(wrong.calls).toHaveLength(1);
});

it('makes no call without messages', async () => {
  const { send, calls } = await queue();
  await send([]);
  expect(calls).toEqual([]);
});
