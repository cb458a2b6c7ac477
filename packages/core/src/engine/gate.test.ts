import { beforeEach, describe, expect, it } from 'vitest';
import type { Lease } from '../journal.js';
import type { ApiCall } from '../model/plan.js';
import { type ResourceRef, resource } from '../model/resource.js';
import type { Clock, Connect, ConnectTarget } from '../ports.js';
import { defineRemediator } from '../remediator/define.js';
import { defineService } from '../remediator/service.js';
import { apiRegion, type CallTrace, Gate, type WriteContext } from './gate.js';

const ACCOUNT = '111111111111';
const NOW = Date.parse('2026-11-24T10:00:00Z');

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

const reads = (access: ConnectTarget['access'] = 'read', deadline: number | null = null) =>
  gate().reads(remediator, ref, access, deadline) as unknown as { lamp: Record<string, (input: object) => Promise<unknown>> };

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

  it('are not made with credentials of another account', async () => {
    identity = async () => ({ account: '222222222222', arn: 'arn:aws:iam::222222222222:role/Other' });
    await expect(reads().lamp['DescribeLamp']?.({})).rejects.toMatchObject({ code: 'gate/wrong-account', retryable: false });
    expect(sent).toEqual([]);
  });

  it('end with the time of the process', async () => {
    await expect(reads('read', NOW).lamp['DescribeLamp']?.({})).rejects.toMatchObject({ code: 'gate/no-time-left', retryable: true });
    expect(sent).toEqual([]);
  });

  it('say what AWS said', async () => {
    answer = () => Promise.reject(Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403, requestId: 'r-2' } }));
    await expect(reads().lamp['DescribeLamp']?.({})).rejects.toMatchObject({ code: 'aws/denied', retryable: false });
    expect(traces).toMatchObject([{ requestId: 'r-2', failure: { code: 'aws/denied' } }]);
  });

  it('go to the home region for what is global', () => {
    expect(apiRegion({ region: 'aws-global', partition: 'aws' })).toBe('us-east-1');
    expect(apiRegion({ region: 'aws-global', partition: 'aws-cn' })).toBe('cn-north-1');
    expect(apiRegion({ region: 'aws-global', partition: 'aws-us-gov' })).toBe('us-gov-west-1');
    expect(apiRegion(ref)).toBe('eu-west-1');
  });
});

describe('a write passes when it', () => {
  it.each([
    ['fix', 'SwitchOff', 'write'],
    ['rollback', 'SwitchOn', 'rollback'],
  ] as const)('is declared for a %s', async (purpose, operation, access) => {
    expect(await gate().write(call(operation), context({ purpose }))).toMatchObject({ ok: true, requestId: 'r-1' });
    expect(sent).toEqual([operation]);
    expect(targets.map((target) => target.access)).toEqual([access]);
    expect(order).toEqual(['recheck', 'send']);
  });
});

describe('nothing is sent when', () => {
  it.each<[string, string, ApiCall, Partial<WriteContext>]>([
    ['a fix uses an undo', 'gate/undeclared', call('SwitchOn'), {}],
    ['a rollback uses a write', 'gate/undeclared', call('SwitchOff'), { purpose: 'rollback' }],
    ['an operation is bound, but not declared', 'gate/undeclared', call('BreakLamp'), {}],
    ['a read is sent as a write', 'gate/undeclared', call('DescribeLamp'), {}],
    ['an operation is not bound at all', 'gate/undeclared', call('ExplodeLamp'), {}],
    ['the service is another', 'gate/undeclared', call('SwitchOff', 'door'), {}],
    ['the lease has ended', 'gate/intent-not-open', call('SwitchOff'), { lease: lease(NOW - 1) }],
    ['the lease may end before the reply', 'gate/intent-not-open', call('SwitchOff'), { lease: lease(NOW + 9_999) }],
    ['the process may end before the reply', 'gate/no-time-left', call('SwitchOff'), { deadline: NOW + 9_999 }],
    ['the last look says no', 'gate/stopped', call('SwitchOff'), { recheck: () => Promise.reject(Object.assign(new Error('stop'), { code: 'gate/stopped' })) }],
  ])('%s', async (_name, code, what, over) => {
    await expect(gate().write(what, context(over))).rejects.toMatchObject({ code });
    expect(sent).toEqual([]);
  });

  it('the credentials are of another account', async () => {
    identity = async () => ({ account: '222222222222', arn: 'arn:aws:iam::222222222222:role/Other' });
    await expect(gate().write(call('SwitchOff'), context())).rejects.toMatchObject({ code: 'gate/wrong-account' });
    expect(sent).toEqual([]);
  });

  it('the last look took the time that was left', async () => {
    const slow = context({
      recheck: async () => {
        time += 55_000;
      },
    });
    await expect(gate().write(call('SwitchOff'), slow)).rejects.toMatchObject({ code: 'gate/intent-not-open' });
    expect(sent).toEqual([]);
  });
});

it('what AWS answers to a write is returned, not thrown', async () => {
  answer = () => Promise.reject(Object.assign(new Error('slow down'), { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } }));
  expect(await gate().write(call('SwitchOff'), context())).toMatchObject({ ok: false, failure: { code: 'aws/throttled', effect: 'refused' } });
  answer = () => Promise.reject(Object.assign(new Error('reset'), { name: 'ECONNRESET' }));
  expect(await gate().write(call('SwitchOff'), context())).toMatchObject({ ok: false, failure: { code: 'aws/unreachable', effect: 'unknown' } });
});

it('a plan cannot be changed by what sends it', async () => {
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
  await gate().write(given, context({ remediator: { ...remediator, uses: { ...remediator.uses, writes: [touching.pick('SwitchOff')] } } }));
  expect(given.input).toEqual({ Id: 'l-1' });
});

describe('connections', () => {
  it('are made once per account, region and access', async () => {
    const one = gate();
    const target = { partition: 'aws', account: ACCOUNT, region: 'eu-west-1', access: 'read' } as const;
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
    const target = { partition: 'aws', account: ACCOUNT, region: 'eu-west-1', access: 'read' } as const;
    await expect(one.identity(target)).rejects.toMatchObject({ code: 'aws/unreachable', retryable: true });
    await expect(one.identity(target)).resolves.toMatchObject({ account: ACCOUNT });
  });
});
