import { beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../journal.js';
import type { ApiCall } from '../model/plan.js';
import { type ResourceRef, resource } from '../model/resource.js';
import type { Clock, Connect, ConnectTarget } from '../ports.js';
import { defineRemediator, type Remediator } from '../remediator/define.js';
import { defineService, type SdkClient } from '../remediator/service.js';
import { type As, apiRegion, type CallTrace, Gate, inExecution, LOOKING, SharedReads, type WriteContext, type WriteReply } from './gate.js';

const ACCOUNT = '111111111111';
const NOW = Date.parse('2026-11-24T10:00:00Z');
/** The first half of the SHA-256 of the execution x-1 and its call, as canonical JSON. */
const TOKEN = 'f7a03aff-b7ad-790f-733b-a01be7c2675e';

let sent: string[];
let order: string[];
let answer: (operation: string) => Promise<unknown>;
let identity: () => Promise<{ account: string; arn: string }>;
let targets: ConnectTarget[];
let traces: CallTrace[];
let time: number;

function command(operation: string) {
  return class {
    readonly operation = operation;
    readonly input: object;
    constructor(input: object) {
      this.input = input;
    }
    resolveMiddleware(): (args: unknown) => Promise<{ output: object }> {
      throw new Error('only its type is used');
    }
  };
}

class Client {
  async send(each: { operation: string; input: object }): Promise<unknown> {
    order.push('send');
    sent.push(each.operation);
    return answer(each.operation);
  }
}

const lamp = defineService({
  id: 'lamp',
  client: Client as never,
  operations: {
    DescribeLamp: { command: command('DescribeLamp') as never },
    SwitchOff: { command: command('SwitchOff') as never },
    SwitchOn: { command: command('SwitchOn') as never },
    BreakLamp: { command: command('BreakLamp') as never },
  },
});

const remediator = defineRemediator({
  id: 'lamp-switch-off',
  title: 'Switch lamps off',
  resourceTypes: ['AWS::Test::Lamp'],
  controls: [],
  ceiling: 'enforce',
  blindSpots: ['none in a test'],
  uses: { reads: [lamp.pick('DescribeLamp')], writes: [lamp.pick('SwitchOff')], undoes: [lamp.pick('SwitchOn')] },
  observe: async () => ({ state: {}, tags: {} }),
  plan: () => ({ status: 'compliant' }),
});

const ref: ResourceRef = resource({ type: 'AWS::Test::Lamp', id: 'l-1', account: ACCOUNT, region: 'eu-west-1' });
const call = (operation: string, service = 'lamp'): ApiCall => ({ service, operation, input: { Id: 'l-1' }, retry: 'idempotent' });
const lease = (until: number): Lease => ({ execution: 'x-1', fence: 1, until });
const context = (over: Partial<WriteContext> = {}): WriteContext => ({
  remediator,
  resource: ref,
  purpose: 'fix',
  lease: lease(NOW + 60_000),
  deadline: null,
  recheck: async () => {
    order.push('recheck');
  },
  ...over,
});
const clock: Clock = { now: () => time, sleep: async () => undefined };

function gate(): Gate {
  const connect: Connect = async (target) => {
    targets.push(target);
    return { config: {}, identity };
  };
  return new Gate(connect, clock, (trace) => void traces.push(trace));
}

/** A write in its execution, as the engine sends it. */
async function write(what: ApiCall, over: Partial<WriteContext> = {}, one = gate()): Promise<WriteReply> {
  const given = context(over);
  return one.within(given.lease, () => one.write(what, given));
}

const reads = (as: As = LOOKING, deadline: number | null = null) =>
  gate().reads(remediator, ref, as, deadline) as unknown as { lamp: Record<string, (input: object) => Promise<unknown>> };

beforeEach(() => {
  sent = [];
  order = [];
  targets = [];
  traces = [];
  time = NOW;
  answer = async () => ({ $metadata: { requestId: 'r-1' } });
  identity = async () => ({ account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:role/Redress` });
});

describe('reads', () => {
  it('are the declared ones, and nothing else', async () => {
    const aws = reads();
    expect(Object.keys(aws)).toEqual(['lamp']);
    expect(Object.keys(aws.lamp)).toEqual(['DescribeLamp']);
    expect(Object.isFrozen(aws) && Object.isFrozen(aws.lamp)).toBe(true);
    await aws.lamp['DescribeLamp']?.({ Id: 'l-1' });
    expect(sent).toEqual(['DescribeLamp']);
    expect(traces).toEqual([
      { service: 'lamp', operation: 'DescribeLamp', access: 'read', account: ACCOUNT, region: 'eu-west-1', requestId: 'r-1', failure: null },
    ]);
  });

  it('do not include an operation that is declared as a read and writes, or is not bound at all', async () => {
    const uses = { ...remediator.uses, reads: [{ service: remediator.uses.reads[0]?.service as never, operations: ['SwitchOff', 'ExplodeLamp'] }] };
    const aws = gate().reads({ id: remediator.id, uses }, ref, LOOKING, null) as unknown as ReturnType<typeof reads>;
    for (const operation of ['SwitchOff', 'ExplodeLamp'])
      await expect(aws.lamp[operation]?.({})).rejects.toMatchObject({ code: 'gate/undeclared', message: expect.stringContaining(`lamp:${operation}`) });
    expect(sent).toEqual([]);
  });

  it('include everything of a service that several uses name', () => {
    const uses = {
      ...remediator.uses,
      reads: [...remediator.uses.reads, { service: remediator.uses.reads[0]?.service as never, operations: ['DescribeLamps'] }],
    };
    const aws = gate().reads({ id: remediator.id, uses }, ref, LOOKING, null) as unknown as { lamp: object };
    expect(Object.keys(aws.lamp)).toEqual(['DescribeLamp', 'DescribeLamps']);
    expect(Object.isFrozen(aws.lamp)).toBe(true);
  });
  it('are not made with credentials of another account', async () => {
    identity = async () => ({ account: '222222222222', arn: 'arn:aws:iam::222222222222:role/Other' });
    await expect(reads().lamp['DescribeLamp']?.({})).rejects.toMatchObject({ code: 'gate/wrong-account', retryable: false });
    expect(sent).toEqual([]);
  });

  it('are those of the role: fix reads nothing, and rollback reads neither what discovers resources nor what decides', async () => {
    const as = (access: As['access'], kind: 'finds' | 'decides' | null) => {
      const mine: Remediator = kind === null ? remediator : { ...remediator, uses: { ...remediator.uses, [kind]: [lamp.pick('DescribeLamp')] } };
      return (gate().reads(mine, ref, { access, execution: null }, null) as unknown as ReturnType<typeof reads>).lamp;
    };
    for (const kind of ['finds', 'decides', null] as const)
      for (const access of ['read', 'write', 'rollback'] as const) {
        const read = as(access, kind)['DescribeLamp']?.({});
        if (access === 'read' || (access === 'rollback' && kind === null)) await read;
        else await expect(read).rejects.toMatchObject({ code: 'gate/undeclared' });
      }
    expect(sent).toEqual(['DescribeLamp', 'DescribeLamp', 'DescribeLamp', 'DescribeLamp']);
    // What only finds is an operation of one service; one of another may have the same name.
    const door = defineService({ id: 'door', client: Client as never, operations: { DescribeLamp: { command: command('DescribeLamp') as never } } });
    const uses = { ...remediator.uses, finds: [door.pick('DescribeLamp')] };
    const aws = gate().reads({ id: remediator.id, uses }, ref, { access: 'rollback', execution: null }, null) as unknown as ReturnType<typeof reads>;
    await aws.lamp['DescribeLamp']?.({});
    expect(sent).toHaveLength(5);
  });

  it('end when the process runs out of time', async () => {
    await expect(reads(LOOKING, NOW).lamp['DescribeLamp']?.({})).rejects.toMatchObject({ code: 'gate/no-time-left', retryable: true });
    expect(sent).toEqual([]);
  });

  it('report the error of AWS', async () => {
    answer = () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403, requestId: 'r-2' } }));
    await expect(reads().lamp['DescribeLamp']?.({})).rejects.toMatchObject({
      code: 'aws/denied',
      message: 'lamp:DescribeLamp: AccessDenied: no',
      retryable: false,
    });
    expect(traces).toMatchObject([{ access: 'read', requestId: 'r-2', failure: { code: 'aws/denied' } }]);
  });

  it('use the home region for global services', () => {
    expect(apiRegion({ region: 'aws-global', partition: 'aws' })).toBe('us-east-1');
    expect(apiRegion({ region: 'aws-global', partition: 'aws-cn' })).toBe('cn-north-1');
    expect(apiRegion({ region: 'aws-global', partition: 'aws-us-gov' })).toBe('us-gov-west-1');
    expect(apiRegion(ref)).toBe('eu-west-1');
  });
});

describe('a write is sent when it', () => {
  it.each([
    ['fix', 'SwitchOff', 'write'],
    ['rollback', 'SwitchOn', 'rollback'],
  ] as const)('is declared for a %s', async (purpose, operation, access) => {
    expect(await write(call(operation), { purpose })).toMatchObject({ ok: true, requestId: 'r-1' });
    expect(sent).toEqual([operation]);
    expect(targets).toEqual([
      { partition: 'aws', account: ACCOUNT, region: 'eu-west-1', access, execution: { id: 'x-1', remediator: 'lamp-switch-off', resource: ref } },
    ]);
    expect(order).toEqual(['recheck', 'send']);
    expect(traces).toEqual([{ service: 'lamp', operation, access: 'write', account: ACCOUNT, region: 'eu-west-1', requestId: 'r-1', failure: null }]);
  });

  it('has just enough time before its lease and the process end', async () => {
    expect(await write(call('SwitchOff'), { lease: lease(NOW + 10_000), deadline: NOW + 10_000 })).toMatchObject({ ok: true });
  });

  it('gets a response, even one without metadata', async () => {
    answer = async () => ({});
    expect(await write(call('SwitchOff'))).toMatchObject({ ok: true, requestId: null, caller: `arn:aws:iam::${ACCOUNT}:role/Redress` });
  });
});

describe('nothing is sent when', () => {
  it.each<[string, string, ApiCall, Partial<WriteContext>, boolean?]>([
    ['a fix uses an undo', 'gate/undeclared', call('SwitchOn'), {}],
    ['a rollback uses a write', 'gate/undeclared', call('SwitchOff'), { purpose: 'rollback' }],
    ['an operation is bound, but not declared', 'gate/undeclared', call('BreakLamp'), {}],
    ['a read is sent as a write', 'gate/undeclared', call('DescribeLamp'), {}],
    ['an operation is not bound at all', 'gate/undeclared', call('ExplodeLamp'), {}],
    ['the service is another one', 'gate/undeclared', call('SwitchOff', 'door'), {}],
    ['the lease has ended', 'gate/intent-not-open', call('SwitchOff'), { lease: lease(NOW - 1) }, true],
    ['the lease may end before the reply', 'gate/intent-not-open', call('SwitchOff'), { lease: lease(NOW + 9_999) }, true],
    ['the process may end before the reply', 'gate/no-time-left', call('SwitchOff'), { deadline: NOW + 9_999 }, true],
    [
      'the last read denies it',
      'gate/stopped',
      call('SwitchOff'),
      { recheck: () => Promise.reject(Object.assign(new Error('stop'), { code: 'gate/stopped' })) },
    ],
  ])('%s', async (_name, code, what, over, retryable) => {
    await expect(write(what, over)).rejects.toMatchObject({ code, ...(retryable === undefined ? {} : { retryable }) });
    expect(sent).toEqual([]);
  });

  it.each(['DescribeLamp', 'ExplodeLamp'])('%s is declared as a write, and is not one', async (operation) => {
    const service = remediator.uses.writes[0]?.service as never;
    const mine: Remediator = { ...remediator, uses: { ...remediator.uses, writes: [{ service, operations: [operation] }] } };
    await expect(write(call(operation), { remediator: mine })).rejects.toMatchObject({
      code: 'gate/undeclared',
      message: expect.stringContaining(`lamp:${operation}`),
    });
    expect([sent, targets]).toEqual([[], []]);
  });

  it('the credentials belong to another account', async () => {
    identity = async () => ({ account: '222222222222', arn: 'arn:aws:iam::222222222222:role/Other' });
    await expect(write(call('SwitchOff'))).rejects.toMatchObject({ code: 'gate/wrong-account' });
    expect(sent).toEqual([]);
  });

  it('the last read used up the remaining time', async () => {
    const slow = async () => {
      time += 55_000;
    };
    await expect(write(call('SwitchOff'), { recheck: slow })).rejects.toMatchObject({ code: 'gate/intent-not-open' });
    expect(sent).toEqual([]);
  });
});

it('the response of AWS to a write is returned, not thrown', async () => {
  answer = () => Promise.reject(Object.assign(new Error('slow down'), { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } }));
  expect(await write(call('SwitchOff'))).toMatchObject({ ok: false, failure: { code: 'aws/throttled', effect: 'refused' } });
  answer = () => Promise.reject(Object.assign(new Error('reset'), { name: 'ECONNRESET' }));
  expect(await write(call('SwitchOff'))).toMatchObject({ ok: false, failure: { code: 'aws/unreachable', effect: 'unknown' } });
  expect(traces).toMatchObject([
    { access: 'write', failure: { code: 'aws/throttled' } },
    { access: 'write', failure: { code: 'aws/unreachable' } },
  ]);
});

it('a plan cannot be changed by its sender', async () => {
  const given = call('SwitchOff');
  answer = async () => ({});
  const touching = defineService({
    id: 'lamp',
    client: class {
      async send(each: { input: Record<string, unknown> }) {
        each.input['Id'] = 'l-2';
        return {};
      }
    } as never,
    operations: { SwitchOff: { command: command('SwitchOff') as never } },
  });
  await write(given, { remediator: { ...remediator, uses: { ...remediator.uses, writes: [touching.pick('SwitchOff')] } } });
  expect(given.input).toEqual({ Id: 'l-1' });
});

describe('a call with a client token', () => {
  const inputs: Record<string, unknown>[] = [];
  const token = async (execution: string, input: object, retry: ApiCall['retry'] = 'client-token') => {
    answer = async () => ({});
    const lamps = defineService({
      id: 'lamp',
      client: class {
        async send(each: { input: Record<string, unknown> }) {
          inputs.push(each.input);
          return {};
        }
      } as never,
      operations: { SwitchOff: { command: command('SwitchOff') as never } },
    });
    const over = {
      lease: { ...lease(NOW + 60_000), execution },
      remediator: { ...remediator, uses: { ...remediator.uses, writes: [lamps.pick('SwitchOff')] } },
    };
    await write({ service: 'lamp', operation: 'SwitchOff', input: input as never, retry }, over);
    return inputs.at(-1);
  };
  it('has the same one whenever the same execution sends it, in the form of a UUID', async () => {
    const sentFirst = await token('x-1', { Id: 'l-1' });
    expect(sentFirst).toEqual({ Id: 'l-1', ClientToken: TOKEN });
    expect(await token('x-1', { Id: 'l-1' })).toEqual(sentFirst);
    expect((await token('x-2', { Id: 'l-1' }))?.['ClientToken']).not.toBe(sentFirst?.['ClientToken']);
    expect((await token('x-1', { Id: 'l-2' }))?.['ClientToken']).not.toBe(sentFirst?.['ClientToken']);
  });
  it('has one, and other calls have none', async () => {
    expect(await token('x-1', { Id: 'l-1' }, 'idempotent')).toEqual({ Id: 'l-1' });
  });
});

describe('connections', () => {
  it('are made once per account, region and access', async () => {
    const one = gate();
    const target = { partition: 'aws', account: ACCOUNT, region: 'eu-west-1', access: 'read', execution: null } as const;
    await one.identity(target);
    await one.identity(target);
    await one.identity({ ...target, access: 'write' });
    expect(targets).toHaveLength(2);
  });

  it('that failed are made again', async () => {
    let tries = 0;
    const flaky: Connect = async () => {
      if (tries++ === 0) throw new Error('no network');
      return { config: {}, identity };
    };
    const one = new Gate(flaky, clock, () => undefined);
    const target = { partition: 'aws', account: ACCOUNT, region: 'eu-west-1', access: 'read', execution: null } as const;
    await expect(one.identity(target)).rejects.toMatchObject({
      code: 'aws/unreachable',
      message: expect.stringMatching(/^sts:GetCallerIdentity: /),
      retryable: true,
    });
    await expect(one.identity(target)).resolves.toMatchObject({ account: ACCOUNT });
  });
});

describe('executions', () => {
  const place = { partition: 'aws', account: ACCOUNT, region: 'eu-west-1' } as const;
  const of = (id: string) => inExecution({ execution: id }, remediator, ref, 'rollback');
  const under = (id: string): Lease => ({ ...lease(NOW + 60_000), execution: id });
  let open: Set<string>;
  let most: number;

  /** Connections that are made for one execution alone, unless `shared`; the clients that are open. */
  function counted(shared = false): Gate {
    open = new Set();
    most = 0;
    let made = 0;
    const connect: Connect = async (target) => {
      targets.push(target);
      const client = (): SdkClient => {
        const name = `client ${++made}`;
        open.add(name);
        most = Math.max(most, open.size);
        return { send: async (each: { operation: string }) => (sent.push(each.operation), {}), destroy: () => void open.delete(name) };
      };
      const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/${target.execution?.id ?? target.access}`;
      return { config: {}, identity: async () => ({ account: ACCOUNT, arn }), client, ...(shared ? {} : { perExecution: target.access !== 'read' }) };
    };
    return new Gate(connect, clock, (trace) => void traces.push(trace));
  }

  const work = async (one: Gate, id: string) => {
    const aws = one.reads(remediator, ref, of(id), null) as unknown as { lamp: Record<string, (input: object) => Promise<unknown>> };
    await aws.lamp['DescribeLamp']?.({});
    return one.write(call('SwitchOn'), context({ lease: under(id), purpose: 'rollback' }));
  };

  it('have a connection each, even concurrently, if it is made for one execution; the reply says who called', async () => {
    const one = counted();
    const replies = await Promise.all(['x-1', 'x-2', 'x-3'].map((id) => one.within(under(id), () => work(one, id))));
    expect(replies.map((reply) => reply.caller)).toEqual(['x-1', 'x-2', 'x-3'].map((id) => `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/${id}`));
    expect(targets.map((target) => target.execution?.id).sort()).toEqual(['x-1', 'x-2', 'x-3']);
  });

  it('share one that serves all, also with earlier reads', async () => {
    const one = counted(true);
    await one.identity({ ...place, access: 'rollback', execution: null });
    for (const id of ['x-1', 'x-2']) await one.within(under(id), () => work(one, id));
    expect(targets).toHaveLength(1);
    expect(open.size).toBe(2);
  });

  it('share one that serves all, also the one that was made for the first of them; closed, nothing is open', async () => {
    const one = counted(true);
    for (const id of ['x-1', 'x-2']) {
      await one.within(under(id), () => work(one, id));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([targets.length, open.size, one.connections]).toEqual([1, 2, 1]);
    one.close();
    expect([open.size, one.connections]).toEqual([0, 0]);
  });

  it('and places: with a thousand places the newest stay open, and those in use', async () => {
    const one = counted();
    const looks = (region: string) =>
      (one.reads(remediator, { ...ref, region }, LOOKING, null) as unknown as { lamp: Record<string, (input: object) => Promise<unknown>> }).lamp[
        'DescribeLamp'
      ]?.({});
    await one.within(under('x-1'), async () => {
      await work(one, 'x-1');
      for (let n = 1; n <= 1000; n++) await looks(`eu-west-${n}`);
      expect(one.connections).toBe(64);
      const before = targets.length;
      // Neither the newest nor that of the execution is made again.
      await looks('eu-west-1000');
      await work(one, 'x-1');
      expect(targets).toHaveLength(before);
    });
    expect(most).toBeLessThanOrEqual(66);
  });

  it('do not use a connection that was made before them, if it is not for them', async () => {
    const one = counted();
    await one.identity({ ...place, access: 'rollback', execution: null });
    expect(await one.within(under('x-1'), () => work(one, 'x-1'))).toMatchObject({ caller: expect.stringMatching(/x-1$/) });
    expect(await one.identity({ ...place, access: 'rollback', execution: null })).toMatchObject({ arn: expect.stringMatching(/rollback$/) });
    expect(targets).toHaveLength(2);
  });

  it('do not lend their connection to anything outside of an execution', async () => {
    const one = counted();
    const outside = () => one.identity({ ...place, access: 'rollback', execution: null });
    const seen = await one.within(under('x-1'), async () => {
      await work(one, 'x-1');
      return outside();
    });
    expect(seen).toMatchObject({ arn: expect.stringMatching(/rollback$/) });
    expect(targets).toHaveLength(2);
  });

  it('leave nothing open at their end, 10,000 of them, eight at a time', async () => {
    const one = counted();
    let next = 0;
    const worker = async () => {
      while (next < 10_000) {
        const id = `x-${next++}`;
        await one.within(under(id), () => work(one, id));
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    await new Promise((resolve) => setImmediate(resolve));
    expect(targets).toHaveLength(10_000);
    expect(sent.filter((each) => each === 'SwitchOn')).toHaveLength(10_000);
    expect(open.size).toBe(0);
    expect(most).toBeLessThanOrEqual(8 * 2 + 16);
    expect(one.connections).toBe(0);
  });

  it('leave nothing open if they fail', async () => {
    const one = counted();
    const failing = one.within(under('x-1'), async () => {
      await work(one, 'x-1');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    await new Promise((resolve) => setImmediate(resolve));
    expect([open.size, one.connections]).toEqual([0, 0]);
  });

  it('make no call after their end, or before they begin', async () => {
    const one = counted();
    const aws = one.reads(remediator, ref, of('x-1'), null) as unknown as { lamp: Record<string, (input: object) => Promise<unknown>> };
    await expect(aws.lamp['DescribeLamp']?.({})).rejects.toMatchObject({ code: 'gate/intent-not-open' });
    await one.within(under('x-1'), () => work(one, 'x-1'));
    await expect(aws.lamp['DescribeLamp']?.({})).rejects.toMatchObject({ code: 'gate/intent-not-open' });
    await expect(one.write(call('SwitchOn'), context({ lease: under('x-1'), purpose: 'rollback' }))).rejects.toMatchObject({ code: 'gate/intent-not-open' });
    expect(sent).toEqual(['DescribeLamp', 'SwitchOn']);
    // Nor are they connected for.
    await new Promise((resolve) => setImmediate(resolve));
    expect([targets.length, one.connections]).toEqual([1, 0]);
  });

  it('leave nothing open if they end while they wait for the connection of another one', async () => {
    const connected = Promise.withResolvers<void>();
    const connect: Connect = async (target) => {
      targets.push(target);
      await connected.promise;
      return { config: {}, identity, perExecution: true };
    };
    const one = new Gate(connect, clock, () => undefined);
    const first = one.within(under('x-1'), () => one.identity({ ...place, ...of('x-1') }));
    let late: Promise<unknown> = Promise.resolve();
    // A read that nobody waits for any more.
    await one.within(under('x-2'), async () => {
      late = one.identity({ ...place, ...of('x-2') });
    });
    connected.resolve();
    await expect(late).rejects.toMatchObject({ code: 'gate/intent-not-open' });
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    expect(targets.map((target) => target.execution?.id)).toEqual(['x-1']);
    expect(one.connections).toBe(0);
  });

  it('send nothing if they end while they are connecting', async () => {
    const connected = Promise.withResolvers<void>();
    const connect: Connect = async () => {
      await connected.promise;
      return { config: {}, identity, perExecution: true };
    };
    const one = new Gate(connect, clock, () => undefined);
    let late: Promise<unknown>[] = [];
    await one.within(under('x-1'), async () => {
      const aws = one.reads(remediator, ref, of('x-1'), null) as unknown as ReturnType<typeof reads>;
      late = [aws.lamp['DescribeLamp']?.({}) ?? Promise.resolve(), one.write(call('SwitchOn'), context({ lease: under('x-1'), purpose: 'rollback' }))];
      await Promise.resolve();
    });
    connected.resolve();
    for (const each of late) await expect(each).rejects.toMatchObject({ code: 'gate/intent-not-open' });
    expect(sent).toEqual([]);
  });

  it('do not affect the connection that another one made after theirs had failed', async () => {
    const failed = Promise.withResolvers<void>();
    const destroyed: string[] = [];
    const connect: Connect = async (target) => {
      targets.push(target);
      const id = target.execution?.id ?? '';
      if (id === 'x-1') throw new Error('its policy is too large');
      return { config: {}, identity, perExecution: true, client: () => ({ send: async () => ({}), destroy: () => void destroyed.push(id) }) };
    };
    const one = new Gate(connect, clock, () => undefined);
    const first = one.within(under('x-1'), async () => {
      await expect(work(one, 'x-1')).rejects.toThrow('its policy is too large');
      await failed.promise;
    });
    await expect.poll(() => targets).toHaveLength(1);
    await expect.poll(() => one.connections).toBe(0);
    await one.within(under('x-2'), async () => {
      await work(one, 'x-2');
      failed.resolve();
      await first;
      await new Promise((resolve) => setImmediate(resolve));
      expect(destroyed).toEqual([]);
      await work(one, 'x-2');
    });
    expect(targets.map((target) => target.execution?.id)).toEqual(['x-1', 'x-2']);
  });

  it('close what was made for them alone because another one could not connect', async () => {
    const connect: Connect = async (target) => {
      if (target.execution?.id === 'x-1') throw new Error('its policy is too large');
      return { config: {}, identity };
    };
    const one = new Gate(connect, clock, () => undefined);
    await Promise.allSettled(['x-1', 'x-2'].map((id) => one.within(under(id), () => work(one, id))));
    await new Promise((resolve) => setImmediate(resolve));
    // The second call of x-2 has made one that serves all, which stays.
    expect(one.connections).toBe(1);
  });

  it('are not blocked by another one that cannot connect', async () => {
    const connect: Connect = async (target) => {
      targets.push(target);
      if (target.execution?.id === 'x-1') throw new Error('its policy is too large');
      return { config: {}, identity, perExecution: true };
    };
    const one = new Gate(connect, clock, () => undefined);
    const [first, second] = await Promise.allSettled(['x-1', 'x-2'].map((id) => one.within(under(id), () => work(one, id))));
    expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
    expect(first?.status === 'rejected' && first.reason).toMatchObject({ message: 'its policy is too large' });
  });

  it('are not part of a cache key: what one has read is not requested again', async () => {
    const one = counted();
    const shared = new SharedReads();
    for (const as of [of('x-1'), of('x-2')])
      await one.within(under(as.execution?.id ?? ''), async () => {
        const aws = one.reads(remediator, ref, as, null, shared) as unknown as { lamp: Record<string, (input: object) => Promise<unknown>> };
        await aws.lamp['DescribeLamp']?.({ Id: 'l-1' });
      });
    expect(sent).toEqual(['DescribeLamp']);
  });
});

describe('a shared read', () => {
  const asking = (shared: SharedReads) =>
    (gate().reads(remediator, ref, LOOKING, null, shared) as unknown as { lamp: Record<string, (input: object) => Promise<unknown>> }).lamp;

  it('excludes what was requested before a change and returned after it', async () => {
    const shared = new SharedReads();
    let arrives = (_: unknown): void => undefined;
    answer = () =>
      new Promise((resolve) => {
        arrives = resolve;
      });
    const late = asking(shared)['DescribeLamp']?.({ Id: 'l-1' });
    await expect.poll(() => sent).toHaveLength(1);
    shared.forget();
    arrives({ On: true });
    await late;
    answer = async () => ({ On: false });
    expect(await asking(shared)['DescribeLamp']?.({ Id: 'l-1' })).toEqual({ On: false });
  });

  it('is requested each time if the input is not JSON; members without a value are ignored', async () => {
    const shared = new SharedReads();
    for (const day of [1, 2, 1]) await asking(shared)['DescribeLamp']?.({ Since: new Date(Date.UTC(2026, 10, day)) });
    expect(sent).toHaveLength(3);
    for (const input of [{ Id: 'l-1', NextToken: undefined }, { Id: 'l-1' }]) await asking(shared)['DescribeLamp']?.(input);
    expect(sent).toHaveLength(4);
  });

  it('is requested once by concurrent readers, and each may modify its copy', async () => {
    const shared = new SharedReads();
    answer = async () => ({ Tags: ['b', 'a'] });
    const [one, other] = await Promise.all([1, 2].map(() => asking(shared)['DescribeLamp']?.({ Id: 'l-1' }) as Promise<{ Tags: string[] }>));
    one?.Tags.sort();
    expect([one?.Tags, other?.Tags, sent.length]).toEqual([['a', 'b'], ['b', 'a'], 1]);
  });

  it('is requested again if it failed, except for not found, which is a valid response', async () => {
    const shared = new SharedReads();
    for (const [name, status, times] of [
      ['InternalError', 500, 2],
      ['Lamp.NotFound', 404, 1],
    ] as const) {
      sent = [];
      answer = async () => {
        throw Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } });
      };
      for (const _ of [1, 2]) await expect(asking(shared)['DescribeLamp']?.({ Id: name })).rejects.toMatchObject({ code: expect.stringMatching(/^aws\//) });
      expect([name, sent.length]).toEqual([name, times]);
    }
  });

  it('is shared with the other one until either of them discards it', async () => {
    const first = new SharedReads();
    const names = new SharedReads(first);
    await asking(first)['DescribeLamp']?.({ Id: 'l-1' });
    await asking(names)['DescribeLamp']?.({ Id: 'l-1' });
    expect(sent).toHaveLength(1);
    first.forget();
    await asking(names)['DescribeLamp']?.({ Id: 'l-1' });
    expect(sent).toHaveLength(1);
    await asking(first)['DescribeLamp']?.({ Id: 'l-1' });
    expect(sent).toHaveLength(2);
  });

  it('is requested each time if the response cannot be copied', async () => {
    const shared = new SharedReads();
    answer = async () => ({ Body: () => 'a stream' });
    for (const _ of [1, 2]) expect(await asking(shared)['DescribeLamp']?.({ Id: 'l-1' })).toMatchObject({ Body: expect.any(Function) });
    expect(sent).toHaveLength(2);
  });
});
