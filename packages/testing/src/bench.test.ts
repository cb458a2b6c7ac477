import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { arrangeThing, encryptThings, tag, toyCall, toyCloud, toyOptions } from '../test/toy.js';
import { Bench } from './bench.js';
import { sdkConfig, sharedConnections } from './connect.js';
import type { Scenario } from './scenario.js';

let cloud: Awaited<ReturnType<typeof toyCloud>>;
let bench: Bench;
let arranged: number;
const counted = (name: string): Scenario => ({
  name,
  expect: 'change',
  tag,
  arrange: (sdk) => {
    arranged++;
    return arrangeThing(sdk, {});
  },
});
const plain = counted('a plain thing');
beforeAll(async () => {
  cloud = await toyCloud();
});
afterAll(() => cloud.close());
beforeEach(async () => {
  arranged = 0;
  bench = await Bench.open(encryptThings, toyOptions(cloud.endpoint, [plain]));
});
afterEach(() => bench.close());

it('arranges once for all that change nothing, each with a journal of its own', async () => {
  const first = await bench.shown(plain);
  expect(await first.act(() => first.engine({ mode: 'notify' }).run(first.resource))).toMatchObject({ value: [{ outcome: 'notified' }], writes: [] });
  const second = await bench.shown(plain);
  expect([arranged, second.resource]).toEqual([1, first.resource]);
  expect((await first.records()).length).toBeGreaterThan(0);
  expect(await second.records()).toEqual([]);
});

it('arranges again once a writing call has gone out', async () => {
  const first = await bench.shown(plain);
  expect((await first.act(() => first.engine().run(first.resource))).writes.map(({ operation }) => operation)).toEqual(['PutEncryption']);
  const second = await bench.shown(plain);
  expect([arranged, second.resource.id === first.resource.id]).toEqual([2, false]);
  expect((await second.look())?.assessment?.status).toBe('change');
  // One that never arrived has changed nothing.
  await second.during({ kind: 'denied', on: 'PutNote' }, () =>
    toyCall(bench.proxy.endpoint, 'PutNote', { Id: second.resource.id, Note: 'x' }).catch(() => null),
  );
  expect((await bench.shown(plain)).resource).toEqual(second.resource);
});

it('keeps what is to be changed apart from what is shown', async () => {
  const shown = await bench.shown(plain);
  const own = await bench.stage(plain);
  expect(own.resource.id).not.toBe(shown.resource.id);
  expect((await bench.shown(plain)).resource.id).not.toBe(own.resource.id);
  expect(arranged).toBe(3);
  await bench.shown(counted('another one'));
  await bench.shown(plain);
  expect(arranged).toBe(5);
});

it('leaves connections to others when a client is destroyed, and ends them when they are closed', async () => {
  let made = 0;
  const server = createServer((_, outgoing) => outgoing.end()).on('connection', () => made++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { requestHandler } = sdkConfig(`http://127.0.0.1:${port}`, 'us-east-1', sharedConnections());
  const agent = requestHandler?.httpAgent as ReturnType<typeof sharedConnections>;
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', agent }, (reply) => reply.resume().once('end', () => setImmediate(resolve)));
      sent.once('error', reject).end();
    });
  await ask();
  agent.destroy();
  await ask();
  expect(made).toBe(1);
  agent.close();
  await ask();
  expect(made).toBe(2);
  agent.close();
  await new Promise((resolve) => server.close(resolve));
});
