// An account full of secrets: in tags, variables, user data, policies, Automations, messages of AWS, and in the events that report it.
import { defineRemediator, defineService, type JsonObject, type ResourceRef, resource } from '@redress/core';
import type { Planted } from './secrets.js';

/** The fate of a widget: fixed, refused by AWS, unreadable, exempt, sent for approval, or impossible to write without a secret. */
export const FATES = ['fixed', 'refused', 'unread', 'exempt', 'asked', 'written', 'manual'] as const;
export type Fate = (typeof FATES)[number];

const TYPE = 'AWS::Test::Leak';
const ACCOUNT = '111111111111';
export const leakRef = (id: string): ResourceRef => resource({ type: TYPE, id, account: ACCOUNT, region: 'us-east-1' });
/** States its fate, and whose secrets it contains. */
export const leakId = (fate: Fate, kind: string) => `${fate}--${kind}`;

const numbered = <T>(planted: readonly Planted[], make: (each: Planted) => T) => planted.map((each, at) => [`${each.name}_${at + 1}`, make(each)] as const);
const script = (planted: readonly Planted[]) => `#!/bin/bash\nset -eu\n${planted.map(({ text }) => text).join('\n')}\nsystemctl start app\n`;

/** Everything known about a resource. */
export function stateOf(planted: readonly Planted[]) {
  return {
    environment: { Variables: { STAGE: 'prod', ...Object.fromEntries(numbered(planted, ({ value }) => value)) } },
    userData: Buffer.from(script(planted)).toString('base64'),
    policy: JSON.stringify({
      Statement: planted.map(({ text }, at) => ({ Sid: `s${at}`, Effect: 'Allow', Condition: { StringEquals: { 'aws:Referer': text } } })),
    }),
    automation: {
      Parameters: Object.fromEntries(numbered(planted, ({ value }) => [value])),
      Outputs: { 'run.Output': planted.map(({ text }) => `done\n${text}\n`) },
    },
  };
}

/** The account: what was written to it, and which widgets are open. */
export class LeakyAccount {
  readonly open = new Set<string>();
  readonly written: JsonObject[] = [];
  readonly #planted: ReadonlyMap<string, readonly Planted[]>;

  constructor(planted: readonly Planted[]) {
    this.#planted = Map.groupBy(planted, ({ kind }) => kind);
    for (const kind of this.#planted.keys()) for (const fate of FATES) this.open.add(leakId(fate, kind));
  }

  plantedIn(id: string): readonly Planted[] {
    return this.#planted.get(id.slice(id.indexOf('--') + 2)) ?? [];
  }

  readonly connect = async ({ region }: { readonly region: string }) => ({
    config: { region, account: this },
    identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/test` }),
  });

  call(operation: string, input: JsonObject): object {
    const id = String(input['Id']);
    const planted = this.plantedIn(id);
    const fail = (): never => {
      const message = `1 validation error detected: Value '${planted.map(({ text }) => text).join(' ')}' at 'userData' failed to satisfy constraint`;
      throw Object.assign(new Error(message), { name: 'ValidationException', $metadata: { httpStatusCode: 400, requestId: 'r-fault' } });
    };
    if (operation === 'DescribeLeak') {
      if (id.startsWith('unread')) fail();
      return { Open: this.open.has(id), State: stateOf(planted), Tags: { team: 'payments', ...Object.fromEntries(numbered(planted, ({ value }) => value)) } };
    }
    if (id.startsWith('refused')) fail();
    this.written.push({ operation, ...input });
    if (operation === 'CloseLeak') this.open.delete(id);
    else this.open.add(id);
    return { $metadata: { httpStatusCode: 200, requestId: 'r-1' } };
  }
}

class Client {
  readonly #account: LeakyAccount;
  constructor(config: { account: LeakyAccount }) {
    this.#account = config.account;
  }
  async send(command: { input: JsonObject; operation: string }): Promise<unknown> {
    return this.#account.call(command.operation, command.input);
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

type State = ReturnType<typeof stateOf>;
const leakService = defineService({
  id: 'leak',
  client: Client,
  operations: {
    DescribeLeak: { command: command<{ Id: string }, { Open?: boolean; State?: State; Tags?: Record<string, string> }>('DescribeLeak') },
    CloseLeak: { command: command<{ Id: string; UserData?: string }, object>('CloseLeak'), retry: 'idempotent' },
    OpenLeak: { command: command<{ Id: string }, object>('OpenLeak'), retry: 'idempotent' },
  },
});

/** Closes it. It reveals everything that it has read: in its summary, its hazards, its steps and what stays open. */
export const closeLeak = defineRemediator({
  id: 'leak-close',
  title: 'Close leaks',
  resourceTypes: [TYPE],
  controls: [{ framework: 'aws-fsbp', id: 'Leak.1' }],
  triggers: {
    configRules: ['leak-open'],
    apiCalls: { 'leak:OpenLeak': ({ request }) => (typeof request?.['id'] === 'string' ? [{ id: request['id'], subjects: [] }] : []) },
  },
  ceiling: 'enforce',
  blindSpots: ['none in a test'],
  uses: {
    reads: [leakService.pick('DescribeLeak')],
    writes: [leakService.pick('CloseLeak')],
    undoes: [leakService.pick('OpenLeak')],
  },
  async observe({ aws, resource: ref }) {
    const found = await aws.leak.DescribeLeak({ Id: ref.id });
    const state = { open: found.Open === true, ...(found.State as State) };
    return { state, context: { again: found.State?.automation ?? {} }, tags: found.Tags ?? {} };
  },
  plan({ state, resource: ref }) {
    const outputs = state.automation.Outputs['run.Output'].join(' ');
    if (!state.open) return { status: 'compliant', message: `It is closed: ${outputs}` };
    if (ref.id.startsWith('manual')) return { status: 'manual', message: `Somebody has to look: ${outputs}`, steps: [`Change ${outputs}`] };
    const input = { Id: ref.id, ...(ref.id.startsWith('written') ? { UserData: state.userData } : {}) };
    return {
      status: 'change',
      open: [`rotate what is in ${outputs}`],
      ...(ref.id.startsWith('asked') ? { hazards: [{ code: 'in-use', effect: 'approve' as const, message: `It is used by ${outputs}` }] } : {}),
      changes: [
        {
          call: leakService.call('CloseLeak', input),
          undo: { calls: [leakService.call('OpenLeak', { Id: ref.id })], restores: 'exact' as const },
          summary: `close it, which ${outputs}`,
          resolves: true,
        },
      ],
    };
  },
  async *discover() {},
});

/** The event of the call that opened it, with its full request and response. */
export function leakEvent(id: string, planted: readonly Planted[], at: number): object {
  const time = new Date(at).toISOString();
  const said = stateOf(planted);
  return {
    version: '0',
    id: `event-${id}`,
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.leak',
    account: ACCOUNT,
    time,
    region: 'us-east-1',
    resources: [],
    detail: {
      eventVersion: '1.09',
      userIdentity: { type: 'IAMUser', arn: `arn:aws:iam::${ACCOUNT}:user/mallory`, accountId: ACCOUNT, userName: 'mallory' },
      userAgent: planted.map(({ text }) => text).join(' '),
      eventTime: time,
      eventSource: 'leak.amazonaws.com',
      eventName: 'OpenLeak',
      awsRegion: 'us-east-1',
      requestParameters: { id, ...said },
      responseElements: { ...said, _return: true },
      eventID: `call-${id}`,
      readOnly: false,
      eventType: 'AwsApiCall',
      recipientAccountId: ACCOUNT,
    },
  };
}
