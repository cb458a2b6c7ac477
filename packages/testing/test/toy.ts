import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRemediator, defineService, isGone, type Remediator, resource } from '@redress/core';
import type { ConformanceOptions, Scenario, Sdk } from '../src/index.js';

type Thing = { encrypted: boolean; note: string; tags: Record<string, string>; website: boolean; locks: Record<string, string> };

/** A small AWS service that answers over HTTP in the JSON protocol: things that are encrypted or not. */
export async function toyCloud(): Promise<{ endpoint: string; close: () => Promise<void> }> {
  const things = new Map<string, Thing>();
  let locks = 0;
  const work = (operation: string, input: Record<string, unknown>): [status: number, body: object] => {
    const id = String(input['Id']);
    const thing = things.get(id);
    if (operation === 'CreateThing') {
      things.set(id, { encrypted: false, note: '', tags: {}, website: false, locks: {}, ...(input['Thing'] as Partial<Thing>) });
      return [200, {}];
    }
    if (operation === 'ListThings') return [200, { Ids: [...things.keys()] }];
    if (thing === undefined) return [400, { __type: 'ResourceNotFoundException', message: `no ${id}` }];
    switch (operation) {
      case 'GetThing':
        return [200, { Encrypted: thing.encrypted, Note: thing.note, Website: thing.website, Locks: thing.locks }];
      case 'ListTags':
        return [200, { Tags: thing.tags }];
      case 'PutEncryption':
        thing.encrypted = input['Encrypted'] === true;
        return [200, {}];
      case 'ReplaceThing':
        things.set(id, { ...thing, encrypted: true, tags: {} });
        return [200, {}];
      case 'AddLock': {
        const lock = `lock-${++locks}`;
        thing.locks[lock] = String(input['Door']);
        return [200, { LockId: lock }];
      }
      case 'RemoveLock':
        delete thing.locks[String(input['LockId'])];
        return [200, {}];
      case 'PutNote':
        thing.note = String(input['Note']);
        return [200, {}];
      case 'TagThing':
        Object.assign(thing.tags, input['Tags']);
        return [200, {}];
      default:
        return [400, { __type: 'UnknownOperationException', message: operation }];
    }
  };
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
      const [status, body] = work(operation, JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>);
      outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'toy' });
      outgoing.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One call of the toy service, as an SDK client would make it. */
export async function toyCall(endpoint: string, operation: string, input: object, attempts = 1): Promise<Record<string, unknown>> {
  for (let attempt = 1; ; attempt++) {
    let status: number | undefined;
    let body: Record<string, unknown> = {};
    try {
      const reply = await fetch(endpoint, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': `Toy.${operation}`,
          authorization: 'AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/toy/aws4_request, SignedHeaders=host, Signature=0',
        },
        body: JSON.stringify(input),
      });
      status = reply.status;
      body = (await reply.json()) as Record<string, unknown>;
      if (reply.ok) return { ...body, $metadata: { httpStatusCode: status, requestId: 'toy' } };
    } catch (error) {
      body = { __type: 'TimeoutError', message: String(error) };
    }
    if (attempt < attempts && (status === undefined || status >= 500)) continue;
    throw Object.assign(new Error(String(body['message'])), {
      name: String(body['__type']),
      $metadata: status === undefined ? {} : { httpStatusCode: status, requestId: 'toy' },
    });
  }
}

export class ToyClient {
  readonly #config: { endpoint: string; maxAttempts?: number };
  constructor(config: { endpoint: string; maxAttempts?: number }) {
    this.#config = config;
  }
  send(command: { operation: string; input: object }): Promise<unknown> {
    return toyCall(this.#config.endpoint, command.operation, command.input, this.#config.maxAttempts);
  }
}

function command<I extends object, O extends object>(operation: string) {
  return class {
    readonly operation = operation;
    readonly input: I;
    constructor(input: I) {
      this.input = input;
    }
    resolveMiddleware(): (args: unknown) => Promise<{ output: O }> {
      throw new Error('only its type is used');
    }
  };
}

export const toy = defineService({
  id: 'toy',
  client: ToyClient,
  operations: {
    ListThings: { command: command<object, { Ids?: string[] }>('ListThings') },
    GetThing: { command: command<{ Id: string }, { Encrypted?: boolean; Note?: string; Website?: boolean; Locks?: Record<string, string> }>('GetThing') },
    ListTags: { command: command<{ Id: string }, { Tags?: Record<string, string> }>('ListTags') },
    PutEncryption: { command: command<{ Id: string; Encrypted: boolean }, object>('PutEncryption'), retry: 'idempotent' },
    ReplaceThing: { command: command<{ Id: string }, object>('ReplaceThing'), retry: 'idempotent' },
    AddLock: { command: command<{ Id: string; Door: string }, { LockId?: string }>('AddLock') },
    RemoveLock: { command: command<{ Id: string; LockId: string }, object>('RemoveLock'), retry: 'idempotent' },
    PutNote: { command: command<{ Id: string; Note: string }, object>('PutNote'), retry: 'idempotent' },
  },
});

/** A closed Standard Schema, by hand. */
const parameters = {
  '~standard': {
    version: 1 as const,
    vendor: 'toy',
    types: undefined as unknown as { input: unknown; output: { readonly exceptNoted: boolean } },
    validate(input: unknown) {
      const given = input as Record<string, unknown>;
      const wrong = typeof input !== 'object' || Object.keys(given).some((key) => key !== 'exceptNoted' || typeof given[key] !== 'boolean');
      return wrong ? { issues: [{ message: 'only exceptNoted: boolean' }] } : { value: { exceptNoted: given['exceptNoted'] === true } };
    },
  },
};

/** A remediator that keeps every promise; tests break one at a time. */
export const encryptThings = defineRemediator({
  id: 'toy-encrypt',
  title: 'Encrypt things',
  resourceTypes: ['AWS::Toy::Thing'],
  controls: [],
  triggers: { configRules: ['toy-encrypted'] },
  ceiling: 'enforce',
  blindSpots: ['readers that cannot decrypt'],
  hazards: [{ code: 'website', effect: 'approve', what: 'Readers of a website may not be able to decrypt.', advice: 'Ask who reads it.' }],
  rollback: { restores: 'exact', what: 'Encryption is turned off again.', not: [] },
  uses: { reads: [toy.pick('GetThing', 'ListTags', 'ListThings')], writes: [toy.pick('PutEncryption')], undoes: [toy.pick('PutEncryption')] },
  parameters,
  async observe({ aws, resource: ref }) {
    try {
      const thing = await aws.toy.GetThing({ Id: ref.id });
      const { Tags } = await aws.toy.ListTags({ Id: ref.id });
      return { state: { encrypted: thing.Encrypted === true, note: thing.Note ?? '' }, context: { website: thing.Website === true }, tags: Tags ?? {} };
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
  },
  plan({ state, context, parameters, resource: ref }) {
    if (state.encrypted) return { status: 'compliant' };
    if (parameters.exceptNoted && state.note !== '') return { status: 'manual', message: `It is noted: ${state.note}` };
    return {
      status: 'change',
      hazards: context?.website === true ? [{ code: 'website', effect: 'approve', message: 'Readers of a website may not be able to decrypt.' }] : [],
      changes: [
        {
          call: toy.call('PutEncryption', { Id: ref.id, Encrypted: true }),
          undo: { calls: [toy.call('PutEncryption', { Id: ref.id, Encrypted: false })], restores: 'exact' },
          summary: `encrypt ${ref.id}`,
          resolves: true,
        },
      ],
    };
  },
  async *discover({ aws }) {
    for (const id of (await aws.toy.ListThings({})).Ids ?? []) yield { type: 'AWS::Toy::Thing', id };
  },
});

/** Makes a thing. */
export async function arrangeThing(sdk: Sdk, thing: Partial<Thing>) {
  const id = sdk.name('thing');
  await toyCall(sdk.config.endpoint, 'CreateThing', { Id: id, Thing: thing });
  return resource({ type: 'AWS::Toy::Thing', id, account: sdk.account, region: sdk.region });
}

export const tag: NonNullable<Scenario['tag']> = async (sdk, ref, key, value) => {
  await toyCall(sdk.config.endpoint, 'TagThing', { Id: ref.id, Tags: { [key]: value } });
};

export const toyScenarios: readonly Scenario[] = [
  {
    name: 'a plain thing',
    expect: 'change',
    arrange: (sdk) => arrangeThing(sdk, { tags: { team: 'payments' } }),
    tag,
    rest: (sdk, ref) => toyCall(sdk.config.endpoint, 'ListTags', { Id: ref.id }),
    breakAgain: async (sdk, ref) => {
      await toyCall(sdk.config.endpoint, 'PutEncryption', { Id: ref.id, Encrypted: false });
    },
  },
  { name: 'an encrypted thing', expect: 'compliant', arrange: (sdk) => arrangeThing(sdk, { encrypted: true }), tag },
  { name: 'a noted thing', expect: 'manual', parameters: { exceptNoted: true }, arrange: (sdk) => arrangeThing(sdk, { note: 'ours' }) },
  { name: 'a website', expect: 'change', hazards: ['website'], arrange: (sdk) => arrangeThing(sdk, { website: true }) },
];

export function toyOptions(endpoint: string, scenarios: readonly Scenario[] = toyScenarios): ConformanceOptions {
  return { account: { endpoint, accountId: '123456789012' }, scenarios };
}

/** A remediator with something in it replaced. */
export function broken(change: Partial<Remediator>): Remediator {
  return { ...encryptThings, ...change };
}
