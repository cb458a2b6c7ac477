import { type CallReader, type Connect, defineRemediator, defineService, type Identity, isRecord, type ResourceRef, resource } from '@redress/core';

/** What a service does with the next call of an operation, instead of or in addition to its work. */
export type Fault = 'denied' | 'invalid' | 'throttled' | 'gone' | 'server' | 'lost' | 'lost-before' | 'stale';

/**
 * A small AWS service in this process: widgets with rules that are open or not. Calls are counted as on the wire, faults are set per operation, and `before`
 * lets a test change the world right before a call.
 */
export class Widgets {
  readonly widgets = new Map<string, { rules: string[]; tags: Record<string, string>; note: string | null }>();
  readonly calls: { operation: string; input: Record<string, unknown>; write: boolean }[] = [];
  readonly faults = new Map<string, Fault[]>();
  before: (operation: string) => void = () => undefined;
  identity: Identity = { account: '111111111111', arn: 'arn:aws:sts::111111111111:assumed-role/Redress/test' };
  identityFails = false;
  /** The state before the last write, which a stale read returns. */
  #old = new Map<string, { rules: string[]; tags: Record<string, string>; note: string | null }>();

  get writes(): string[] {
    return this.calls.filter((call) => call.write).map((call) => call.operation);
  }

  put(id: string, rules: string[], tags: Record<string, string> = {}): ResourceRef {
    this.widgets.set(id, { rules, tags, note: null });
    return widget(id);
  }

  rules(id: string): string[] {
    return this.widgets.get(id)?.rules ?? [];
  }

  readonly connect: Connect = async ({ region }) => ({
    config: { region, widgets: this },
    identity: async () => {
      if (this.identityFails) throw new Error('STS is down');
      return this.identity;
    },
  });

  handle(operation: string, input: Record<string, unknown>): unknown {
    this.before(operation);
    const write = !operation.startsWith('Describe');
    this.calls.push({ operation, input, write });
    const fault = this.faults.get(operation)?.shift();
    const fail = (name: string, status: number | undefined) => {
      throw Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status, requestId: 'r-fault' } });
    };
    if (fault === 'denied') fail('AccessDenied', 403);
    if (fault === 'invalid') fail('ValidationException', 400);
    if (fault === 'throttled') fail('ThrottlingException', 400);
    if (fault === 'gone') fail('Widget.NotFound', 400);
    if (fault === 'server') fail('InternalError', 500);
    if (fault === 'lost-before') fail('TimeoutError', undefined);
    if (write) this.#old = structuredClone(this.widgets);
    const result = this.#work(operation, input, fail, fault === 'stale' ? this.#old : this.widgets);
    if (fault === 'lost') fail('ECONNRESET', undefined);
    return { ...result, $metadata: { httpStatusCode: 200, requestId: `r-${this.calls.length}` } };
  }

  #work(operation: string, input: Record<string, unknown>, fail: (name: string, status: number) => void, widgets: typeof this.widgets): object {
    if (operation === 'DescribeWidgets') return { Ids: [...widgets.keys()] };
    const found = widgets.get(String(input['Id']));
    if (found === undefined) fail('Widget.NotFound', 400);
    const one = found as NonNullable<typeof found>;
    const rule = String(input['Rule']);
    if (operation === 'DescribeWidget') return { Rules: [...one.rules], Tags: { ...one.tags }, Note: one.note };
    if (operation === 'RevokeRule') {
      if (!one.rules.includes(rule)) fail('Rule.NotFound', 400);
      one.rules = one.rules.filter((each) => each !== rule);
    } else if (operation === 'AuthorizeRule') {
      if (one.rules.includes(rule)) fail('Rule.Duplicate', 400);
      one.rules.push(rule);
    } else if (operation === 'PutNote') {
      one.note = input['Note'] === null ? null : String(input['Note']);
    } else fail('NoSuchOperation', 400);
    return {};
  }
}

/** The reference of a widget in the test account. */
export function widget(id: string, account = '111111111111'): ResourceRef {
  return resource({ type: 'AWS::Test::Widget', id, account, region: 'us-east-1' });
}

class Client {
  readonly #widgets: Widgets;
  constructor(config: { widgets: Widgets }) {
    this.#widgets = config.widgets;
  }
  async send(command: { input: Record<string, unknown>; operation: string }): Promise<unknown> {
    return this.#widgets.handle(command.operation, command.input);
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

/** The binding of the widget service. */
export const widgetService = defineService({
  id: 'widget',
  client: Client,
  operations: {
    DescribeWidgets: { command: command<object, { Ids?: string[] }>('DescribeWidgets') },
    DescribeWidget: { command: command<{ Id: string }, { Rules?: string[]; Tags?: Record<string, string>; Note?: string | null }>('DescribeWidget') },
    RevokeRule: { command: command<{ Id: string; Rule: string }, object>('RevokeRule'), retry: 'idempotent' },
    AuthorizeRule: { command: command<{ Id: string; Rule: string }, object>('AuthorizeRule'), retry: 'idempotent' },
    PutNote: { command: command<{ Id: string; Note: string | null }, object>('PutNote'), retry: 'idempotent' },
  },
});

const opened: CallReader = ({ request }) =>
  typeof request?.['id'] === 'string' ? [{ id: request['id'], subjects: typeof request['rule'] === 'string' ? [request['rule']] : [] }] : [];

/** Revokes rules that begin with `open`; a rule `open-wide…` is a hazard. */
export const revokeOpenRules = defineRemediator({
  id: 'widget-revoke-open',
  title: 'Revoke open rules',
  resourceTypes: ['AWS::Test::Widget'],
  controls: [{ framework: 'aws-fsbp', id: 'Widget.1' }],
  triggers: { apiCalls: { 'widget:AuthorizeRule': opened }, configRules: ['widget-open'], showsNew: ['widget-open'] },
  ceiling: 'enforce',
  freshWithin: 'PT30M',
  blindSpots: ['none in a test'],
  uses: {
    reads: [widgetService.pick('DescribeWidgets', 'DescribeWidget')],
    writes: [widgetService.pick('RevokeRule')],
    undoes: [widgetService.pick('AuthorizeRule')],
  },
  async observe({ aws, resource: ref }) {
    try {
      const found = await aws.widget.DescribeWidget({ Id: ref.id });
      return { state: { open: (found.Rules ?? []).filter((rule) => rule.startsWith('open')).sort() }, tags: found.Tags ?? {} };
    } catch (error) {
      if (isRecord(error) || error instanceof Error) if ((error as { code?: string }).code === 'aws/gone') return 'gone';
      throw error;
    }
  },
  plan({ state, resource: ref }) {
    if (state.open.length === 0) return { status: 'compliant' };
    return {
      status: 'change',
      changes: state.open.map((rule) => ({
        call: widgetService.call('RevokeRule', { Id: ref.id, Rule: rule }),
        undo: { calls: [widgetService.call('AuthorizeRule', { Id: ref.id, Rule: rule })], restores: 'exact' as const },
        summary: `revoke ${rule}`,
        resolves: true,
        subject: rule,
        ...(rule.startsWith('open-wide') ? { hazards: [{ code: 'wide', effect: 'approve' as const, message: 'It opens more.' }] } : {}),
      })),
    };
  },
  async *discover({ aws }) {
    for (const id of (await aws.widget.DescribeWidgets({})).Ids ?? []) yield { type: 'AWS::Test::Widget', id };
  },
});

/** Records that a widget has rules; a flag, with an undo that destroys. */
export const noteWidget = defineRemediator({
  id: 'widget-note',
  title: 'Note widgets with rules',
  resourceTypes: ['AWS::Test::Widget'],
  controls: [{ framework: 'aws-fsbp', id: 'Widget.2' }],
  ceiling: 'enforce',
  breadth: 10,
  blindSpots: ['none in a test'],
  uses: { reads: [widgetService.pick('DescribeWidget')], writes: [widgetService.pick('PutNote')], undoes: [widgetService.pick('PutNote')] },
  async observe({ aws, resource: ref }) {
    const found = await aws.widget.DescribeWidget({ Id: ref.id });
    return { state: { rules: (found.Rules ?? []).length, note: found.Note ?? null }, tags: found.Tags ?? {} };
  },
  plan({ state, resource: ref }) {
    if (state.note !== null || state.rules === 0) return { status: 'compliant' };
    return {
      status: 'change',
      open: ['someone has to look'],
      changes: [
        {
          call: widgetService.call('PutNote', { Id: ref.id, Note: 'look' }),
          undo: { calls: [widgetService.call('PutNote', { Id: ref.id, Note: null })], restores: 'exact', destroys: 'the note' },
          summary: 'note it',
          resolves: false,
        },
      ],
    };
  },
});

/** The CloudTrail event of the call that opened a rule, as EventBridge delivers it. */
export function openedEvent(
  id: string,
  rule: string,
  at: number,
  over: { account?: string; actor?: string; errorCode?: string; replay?: string; eventId?: string; source?: string } = {},
): object {
  const account = over.account ?? '111111111111';
  return {
    version: '0',
    id: over.eventId ?? `event-${id}-${rule}`,
    'detail-type': 'AWS API Call via CloudTrail',
    source: over.source ?? 'aws.widget',
    account,
    time: new Date(at).toISOString(),
    region: 'us-east-1',
    resources: [],
    ...(over.replay === undefined ? {} : { 'replay-name': over.replay }),
    detail: {
      eventVersion: '1.09',
      userIdentity: { type: 'IAMUser', arn: over.actor ?? `arn:aws:iam::${account}:user/mallory`, accountId: account, userName: 'mallory' },
      eventTime: new Date(at).toISOString(),
      eventSource: 'widget.amazonaws.com',
      eventName: 'AuthorizeRule',
      awsRegion: 'us-east-1',
      requestParameters: { id, rule },
      responseElements: { _return: true },
      eventID: over.eventId ?? `call-${id}-${rule}`,
      readOnly: false,
      eventType: 'AwsApiCall',
      recipientAccountId: account,
      ...(over.errorCode === undefined ? {} : { errorCode: over.errorCode }),
    },
  };
}
