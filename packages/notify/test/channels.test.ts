import { CreateEventBusCommand, EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Finding, Notification } from '@redress/core';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import {
  eventBridgeChannel,
  jira,
  notifier,
  notifierFromEnvironment,
  securityHubChannel,
  serviceNow,
  slackChannel,
  teamsChannel,
  ticketChannel,
} from '../src/index.js';
import { sample } from '../src/internal/sample.js';
import { type Arrived, server } from './support.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const endpoint = inject('moto');
const APPROVE = 'redress approvals approve a-0123456789abcdef --reason "…"';
const opened: { close: () => Promise<void> }[] = [];
const listen = async (answer: Parameters<typeof server>[0] = () => ({})) => {
  const one = await server(answer);
  opened.push(one);
  return one;
};
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
const HOSTS = ['127.0.0.1'];
const NASTY = 'b\u001b[2J <!channel> password=hunter2secret \u202e';

async function queue(): Promise<{ arn: string; receive: () => Promise<any> }> {
  const sqs = new SQSClient({ region: 'us-east-1', endpoint });
  const name = `notify-${crypto.randomUUID()}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  return {
    arn: `arn:aws:sqs:us-east-1:123456789012:${name}`,
    receive: async () => JSON.parse((await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2 }))).Messages?.[0]?.Body ?? 'null'),
  };
}

describe('AWS', () => {
  it('SNS: a text with the commands, and attributes to filter by, configured by the variables of a function', async () => {
    const sns = new SNSClient({ region: 'us-east-1', endpoint });
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `t-${crypto.randomUUID()}` }));
    const { arn, receive } = await queue();
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn }));
    const notify = notifierFromEnvironment({ REDRESS_TOPIC_ARN: TopicArn }, { client: { endpoint } });
    await notify?.(sample());
    const got = await receive();
    expect(got.Message).toContain(APPROVE);
    expect(got.Message).toContain('CidrIp: "0.0.0.0/0"');
    expect(got.Subject).toMatch(/^Redress: Approval needed/);
    expect(got.MessageAttributes.outcome.Value).toBe('awaiting-approval');
    expect(notifierFromEnvironment({})).toBeNull();
  });

  it('EventBridge: an event in the CloudEvents format', async () => {
    const events = new EventBridgeClient({ region: 'us-east-1', endpoint });
    const bus = `b-${crypto.randomUUID()}`;
    const { arn, receive } = await queue();
    await events.send(new CreateEventBusCommand({ Name: bus }));
    await events.send(new PutRuleCommand({ Name: 'all', EventBusName: bus, EventPattern: JSON.stringify({ source: ['redress'] }) }));
    await events.send(new PutTargetsCommand({ Rule: 'all', EventBusName: bus, Targets: [{ Id: 'q', Arn: arn }] }));
    await notifier({ channels: [eventBridgeChannel({ region: 'us-east-1', bus, client: { endpoint } })] })(sample());
    const { detail, ...event } = await receive();
    expect(event).toMatchObject({ source: 'redress', 'detail-type': 'Redress Outcome' });
    expect(detail).toMatchObject({
      specversion: '1.0',
      type: 'dev.redress.outcome.awaiting-approval',
      data: { approval: 'a-0123456789abcdef', environment: 'prod' },
    });
    expect(() => eventBridgeChannel({ region: 'us-east-1', source: 'aws.redress' })).toThrow('cannot be the source');
  });
});

describe('Slack and Teams', () => {
  it('Slack: blocks without markup from data, and no secret', async () => {
    const { url, arrived } = await listen();
    await notifier({ channels: [slackChannel({ webhook: `${url}/services/T/B/x`, hosts: HOSTS })] })(sample({ message: NASTY }));
    const [{ json, text }] = arrived as [Arrived];
    expect(json.blocks.every((each: { type: string }) => each.type === 'rich_text')).toBe(true);
    expect(text).toContain(JSON.stringify(APPROVE).slice(1, -1));
    expect(text).not.toContain('hunter2secret');
    expect(text).not.toMatch(/[^\\]\\u001b|\u202e/);
    // The one text that is interpreted.
    expect(json.text).not.toContain('<');
  });

  it('Slack: a token, and an error response with status 200', async () => {
    const { url, arrived } = await listen(() => ({ json: { ok: false, error: 'channel_not_found' } }));
    const notify = notifier({ channels: [slackChannel({ token: 'xoxb-seeded-secret-1', channel: 'C1', api: url, hosts: HOSTS })] });
    await expect(notify(sample())).rejects.toThrow('Slack refused the message: channel_not_found');
    expect(arrived[0]).toMatchObject({ path: '/chat.postMessage', json: { channel: 'C1' } });
    expect(arrived[0]?.headers.authorization).toBe('Bearer xoxb-seeded-secret-1');
    expect(notify.held()).toEqual({ slack: 1 });
  });

  it.each(['slack', 'teams'] as const)('%s: a message that is too long keeps its commands', async (which) => {
    const { url, arrived } = await listen();
    const channel = which === 'slack' ? slackChannel({ webhook: url, hosts: HOSTS }) : teamsChannel({ webhook: url, hosts: HOSTS });
    await notifier({ channels: [channel] })(
      sample({ message: 'x'.repeat(90_000), open: Array.from({ length: 900 }, (_, at) => `rule ${at} ${'ä'.repeat(300)}`) }),
    );
    expect(arrived[0]?.text).toContain(JSON.stringify(APPROVE).slice(1, -1));
    expect(Buffer.byteLength(arrived[0]?.text ?? '')).toBeLessThanOrEqual(which === 'slack' ? 40_000 : 28 * 1024);
    if (which === 'slack') expect(arrived[0]?.json.blocks.length).toBeLessThanOrEqual(50);
  });

  it('Teams: an adaptive card', async () => {
    const { url, arrived } = await listen();
    await notifier({ channels: [teamsChannel({ webhook: url, hosts: HOSTS })] })(sample());
    const card = arrived[0]?.json.attachments[0];
    expect(card).toMatchObject({ contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard' } });
    expect(card.content.body.every((each: { type: string }) => each.type === 'RichTextBlock')).toBe(true);
  });

  it.each(['https://evil.example/x', 'http://hooks.slack.com/x', 'https://hooks.slack.com.evil.example/', 'https://a:b@hooks.slack.com/', 'nothing'])(
    'an address that is not allowed is not called and not shown: %s',
    async (webhook) => {
      const said = await notifier({ channels: [slackChannel({ webhook })] })(sample()).catch((error: Error) => error.message);
      expect(said).toMatch(/The address of a channel/);
      expect(said).not.toContain('a:b');
    },
  );
});

describe('delivery', () => {
  it('429 and 5xx are tried twice, and Retry-After is respected', async () => {
    const times: number[] = [];
    const { url } = await listen((_, count) => {
      times.push(Date.now());
      return count === 1 ? { status: 429, headers: { 'retry-after': '1' } } : {};
    });
    await notifier({ channels: [slackChannel({ webhook: url, hosts: HOSTS })] })(sample());
    expect(times.length).toBe(2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990);
  });

  it('the budget is not exceeded, neither for Retry-After nor without a response; what failed is sent with the next message', async () => {
    const { url, arrived } = await listen((_, count) => (count === 1 ? { status: 503, headers: { 'retry-after': '600' } } : count === 2 ? { hang: true } : {}));
    const waits: number[] = [];
    const clock = { now: Date.now, sleep: async (milliseconds: number) => void waits.push(milliseconds) };
    const budgets = vi.spyOn(AbortSignal, 'timeout');
    const notify = notifier({ channels: [slackChannel({ webhook: url, hosts: HOSTS })], budget: 'PT1S', clock });
    await expect(notify(sample({ id: 'sg-1' }))).rejects.toMatchObject({ code: 'notify/failed' });
    // Ten minutes are more than there is: it is not waited for at all.
    expect([waits, arrived.length]).toEqual([[], 1]);
    await expect(notify(sample({ id: 'sg-2' }))).rejects.toMatchObject({ code: 'notify/failed' });
    expect(waits).toEqual([]);
    // A delivery has its second; an attempt's own limit is longer.
    expect(new Set(budgets.mock.calls.flat())).toEqual(new Set([1000, 5000]));
    budgets.mockRestore();
    await notify.flush({ all: true });
    expect(arrived[2]?.text).toContain('2 approvals needed');
    expect(arrived[2]?.text).toMatch(/sg-1.*sg-2/s);
    expect(notify.held()).toEqual({ slack: 0 });
  });

  it.each([
    ['Slack', (url: string) => slackChannel({ webhook: url, hosts: HOSTS })],
    ['Teams', (url: string) => teamsChannel({ webhook: url, hosts: HOSTS })],
  ])('%s: of 700 approvals that exceed the limit each is sent with its resource and its command, however long the names', async (_name, channelOf) => {
    const { url, arrived } = await listen();
    const notify = notifier({ channels: [channelOf(url)], approvalsUrl: `https://${'u'.repeat(60)}.lambda-url.eu-west-1.on.aws/`, budget: 'PT60S' });
    const idOf = (at: number) => `sg-${String(at).padStart(4, '0')}-${'é'.repeat(200)}`;
    for (let at = 0; at < 700; at++) await notify(sample({ id: idOf(at), approval: `a-${at}-`, message: 'm'.repeat(3000), change: 'c'.repeat(3000) }));
    expect(arrived.length).toBe(30);
    await notify.flush({ all: true });
    expect(notify.held()).toEqual({ [_name.toLowerCase()]: 0 });
    expect(arrived.length).toBe(30 + 67);
    const seen = arrived.map(({ json }) => JSON.stringify(json));
    for (let at = 0; at < 700; at++) {
      const one = seen.filter((text) => text.includes(`approvals approve a-${at}- --reason`));
      expect([at, one.length, one.every((text) => text.includes(idOf(at)))]).toEqual([at, 1, true]);
    }
  });

  it('an automatic change is announced at once, in its own message, with its time and how to stop it, whatever is held', async () => {
    const { url, arrived } = await listen();
    const notify = notifier({ channels: [slackChannel({ webhook: url, hosts: HOSTS })] });
    for (let at = 0; at < 600; at++) await notify(sample({ id: `sg-${at}`, outcome: 'failed', approval: null }));
    const before = arrived.length;
    expect([before, notify.held()]).toEqual([30, { slack: 570 }]);
    const ends = Date.parse('2026-12-01T10:00:00Z');
    await notify(sample({ id: 'sg-own', approval: 'a-own', grace: { notice: 0, ends } }));
    expect(arrived.length).toBe(before + 1);
    for (const each of ['Will be changed', 'sg-own', new Date(ends).toISOString(), 'redress approvals deny a-own --reason'])
      expect(arrived.at(-1)?.text).toContain(each);
    await notify.flush({ all: true });
    expect(arrived.length).toBe(before + 2);
    expect(arrived.at(-1)?.text).toContain('570 messages were held back');
    expect(arrived.at(-1)?.text).not.toContain('sg-own');
  });

  it('an automatic change that could not be announced is reported, even by a channel that is skipped, and announced in its own message later', async () => {
    let down = true;
    const { url, arrived } = await listen(() => (down ? { status: 400 } : {}));
    const notify = notifier({ channels: [slackChannel({ webhook: url, hosts: HOSTS })] });
    for (let at = 0; at < 40; at++) await notify(sample({ id: `sg-${at}`, outcome: 'failed', approval: null })).catch(() => undefined);
    const grace = (notice: number) => ({ approval: 'a-own', grace: { notice, ends: Date.parse('2026-12-01T10:00:00Z') } });
    await expect(notify(sample({ id: 'sg-own', ...grace(0) }))).rejects.toMatchObject({ code: 'notify/failed' });
    down = false;
    const before = arrived.length;
    await notify.flush({ all: true });
    expect(
      arrived
        .slice(before)
        .map(({ text }) => [text.includes('Will be changed'), text.includes('approvals deny a-own'), text.includes('40 messages were held back')]),
    ).toEqual([
      [true, true, false],
      [false, false, true],
    ]);
    // Told, so the same is no news; a reminder is.
    await notify(sample({ id: 'sg-own', ...grace(0) }));
    expect(arrived.length).toBe(before + 2);
    await notify(sample({ id: 'sg-own', ...grace(1) }));
    expect(arrived.at(-1)?.text).toContain('Reminder');
  });

  it('a request is refused if too many wait: the caller learns that nobody was notified', async () => {
    const seen: string[] = [];
    const notify = notifier({
      channels: [
        { name: 'c', held: 'summed-up', send: async (messages) => void seen.push(...messages.flatMap(({ commands }) => commands.map((each) => each.command))) },
      ],
    });
    const refused: number[] = [];
    for (let at = 0; at < 2040; at++) await notify(sample({ id: `sg-${at}`, approval: `a-${at}-` })).catch(() => refused.push(at));
    expect(refused).toEqual([2030, 2031, 2032, 2033, 2034, 2035, 2036, 2037, 2038, 2039]);
    // What waits for nobody is held and counted beside them.
    for (let at = 0; at < 510; at++) await notify(sample({ id: `vol-${at}`, outcome: 'denied', approval: null }));
    expect(notify.held()).toEqual({ c: 2510 });
    await notify.flush({ all: true });
    for (let at = 0; at < 2030; at++) expect(seen.some((each) => each.startsWith(`redress approvals approve a-${at}- `))).toBe(true);
  });

  it('a redirect is not followed, and the response of a host is not shown', async () => {
    const { url, arrived } = await listen(() => ({ status: 302, headers: { location: '/elsewhere' }, json: { secret: 'x' } }));
    await expect(notifier({ channels: [slackChannel({ webhook: `${url}/hidden`, hosts: HOSTS })] })(sample())).rejects.toThrow(/^(?!.*hidden).*answered 302/);
    expect(arrived.length).toBe(1);
  });

  it('a message goes to its owner, or else to the default; a channel that fails does not affect others', async () => {
    const payments = await listen();
    const broken = await listen(() => ({ status: 400 }));
    const rest = await listen();
    const at = (name: string, { url }: { url: string }) => slackChannel({ name, webhook: url, hosts: HOSTS });
    const notify = notifier({
      channels: [at('payments', payments), at('broken', broken), at('rest', rest)],
      routes: [
        { when: { owner: 'payments', outcome: 'awaiting-approval' }, to: ['payments', 'broken'] },
        { when: { remediator: 'ec2-*', environment: 'prod', outcome: 'exempt' }, to: [] },
      ],
      default: ['rest'],
    });
    expect(await notify(sample())).toMatchObject({ status: 'delivered', channels: ['payments'], failed: expect.stringContaining('broken: ') });
    await notify(sample({ tags: null }));
    await notify(sample({ outcome: 'exempt' }));
    expect([payments, broken, rest].map((each) => each.arrived.length)).toEqual([1, 1, 1]);
    // Nobody is told of an exemption; a change that comes by itself has to be told to somebody, or it must not come.
    const grace = { notice: 0, ends: Date.parse('2026-12-01T10:00:00Z') };
    await expect(notify(sample({ outcome: 'exempt', grace }))).rejects.toMatchObject({ code: 'notify/failed' });
    expect([payments, broken, rest].map((each) => each.arrived.length)).toEqual([1, 1, 1]);
    expect(() => notifier({ channels: [at('a', rest)], default: ['b'] })).toThrow('There is no channel "b"');
    expect(() => notifier({ channels: [at('a', rest)], default: [] })).toThrow('no channel');
  });
});

describe('tickets', () => {
  const CLOSED = { outcome: 'remediated', approval: null, execution: 'x-1', open: [] } as const;

  it('Jira: one issue, commented on, then closed by any outcome that closes the gap', async () => {
    let issue: { label: string; done: boolean } | null = null;
    const { url, arrived } = await listen(({ path, json }) => {
      if (path.endsWith('/search/jql')) return { json: { issues: issue !== null && !issue.done && json.jql.includes(issue.label) ? [{ id: '10001' }] : [] } };
      if (path.endsWith('/issue')) {
        issue = { label: json.fields.labels[0], done: false };
        return { status: 201, json: { id: '10001' } };
      }
      if (path.endsWith('/transitions') && json === null)
        return {
          json: {
            transitions: [
              { id: '11', to: { statusCategory: { key: 'new' } } },
              { id: '31', to: { statusCategory: { key: 'done' } } },
            ],
          },
        };
      if (path.endsWith('/transitions') && issue !== null) issue.done = json.transition.id === '31';
      return {};
    });
    const notify = notifier({ channels: [ticketChannel({ name: 'jira', port: jira({ site: url, project: 'SEC', email: 'a@example.org', token: 't' }) })] });
    await notify(sample());
    await notify(sample({ change: 'another plan' }));
    await notify(sample(CLOSED));
    expect(arrived.filter((each) => each.path.endsWith('/issue')).length).toBe(1);
    expect(arrived.filter((each) => each.path.endsWith('/comment')).length).toBe(2);
    expect(issue).toMatchObject({ done: true });
    // Closed already, and nothing to do: none is opened.
    await notify(sample({ ...CLOSED, change: 'x' }));
    expect(arrived.filter((each) => each.path.endsWith('/issue')).length).toBe(1);
  });

  it('ServiceNow: one incident, even if the response to its creation is lost', async () => {
    const rows: Record<string, string>[] = [];
    const { url, arrived } = await listen(({ method, path, json }) => {
      if (method === 'GET')
        return { json: { result: rows.filter((row) => row['state'] !== '6' && decodeURIComponent(path).includes(row['correlation_id'] ?? '-')) } };
      if (method === 'POST') {
        rows.push({ ...json, sys_id: 'a'.repeat(32) });
        // It is there, and nobody hears of it.
        return { status: 502 };
      }
      Object.assign(rows[0] ?? {}, json);
      return { json: { result: {} } };
    });
    const notify = notifier({ channels: [ticketChannel({ name: 'snow', port: serviceNow({ instance: url, auth: { user: 'u', password: 'p' } }) })] });
    await notify(sample());
    expect(rows.length).toBe(1);
    expect(rows[0]?.['description']).toContain(APPROVE);
    await notify(sample({ outcome: 'failed' }));
    expect(rows[0]?.['work_notes']).toContain('Failed');
    await notify(sample(CLOSED));
    expect([rows.length, rows[0]?.['state']]).toEqual([1, '6']);
    expect(arrived.filter((each) => each.method === 'POST').length).toBe(1);
  });
});

describe('Security Hub', () => {
  const finding = {
    id: 'f|1',
    source: 'securityhub',
    region: 'eu-west-1',
    controls: [],
    actor: null,
    call: null,
    observedAt: null,
    extra: { findingId: 'arn:f', productArn: 'arn:p' },
  } as unknown as Finding;
  const told = async (...each: Partial<Notification>[]) => {
    const { url, arrived } = await listen(() => ({ json: { ProcessedFindings: [], UnprocessedFindings: [] } }));
    const notify = notifier({ channels: [securityHubChannel({ client: { endpoint: url } })] });
    for (const one of each) await notify(sample({ approval: null, finding, ...one }));
    return arrived;
  };

  it.each<[Partial<Notification>, string]>([
    [{ outcome: 'remediated' }, 'RESOLVED'],
    [{ outcome: 'remediated', open: ['another rule'] }, 'NOTIFIED'],
    [{ outcome: 'partial' }, 'NOTIFIED'],
    [{ outcome: 'unknown' }, 'NOTIFIED'],
    [{ outcome: 'flagged' }, 'NOTIFIED'],
    [{ outcome: 'awaiting-approval' }, 'NOTIFIED'],
    [{ outcome: 'failed' }, 'NOTIFIED'],
  ])('%j is %s', async (over, status) => {
    const [one] = await told({ execution: 'x-1', ...over });
    expect(one).toMatchObject({ method: 'PATCH', path: '/findings/batchupdate' });
    expect(one?.json).toMatchObject({
      FindingIdentifiers: [{ Id: 'arn:f', ProductArn: 'arn:p' }],
      Workflow: { Status: status },
      Note: { UpdatedBy: 'redress' },
    });
    expect(one?.json.Note.Text.length).toBeLessThanOrEqual(512);
  });

  it('cannot announce a change without a finding: an automatic change needs another channel', async () => {
    const grace = { approval: 'a-1', grace: { notice: 0, ends: Date.parse('2026-12-01T10:00:00Z') } };
    const [note] = await told(grace);
    expect(note?.json.Note.Text).toMatch(/2026-12-01T10:00:00\.000Z.* Deny: redress approvals deny a-1 /);
    await expect(told({ ...grace, finding: null })).rejects.toMatchObject({
      code: 'notify/failed',
      message: expect.stringContaining('securityhub cannot deliver it'),
    });
  });

  it('does not resolve a finding while one of its parts waits', async () => {
    const arrived = await told({ outcome: 'awaiting-approval' }, { outcome: 'remediated', remediator: { id: 'other', title: 'Other' } });
    expect(arrived.map((each) => each.json.Workflow.Status)).toEqual(['NOTIFIED', 'NOTIFIED']);
  });

  it('at most 100 findings are sent in a call, and other outcomes are omitted', async () => {
    const { url, arrived } = await listen(() => ({ json: { ProcessedFindings: [], UnprocessedFindings: [] } }));
    const channel = securityHubChannel({ client: { endpoint: url } });
    const { messageOf } = await import('../src/message.js');
    const messages = Array.from({ length: 250 }, (_, at) =>
      messageOf(sample({ finding: { ...finding, id: `f${at}`, extra: { findingId: `arn:${at}`, productArn: 'arn:p' } } as Finding })),
    );
    const delivery = { signal: AbortSignal.timeout(5000), deadline: Date.now() + 5000, clock: { now: Date.now, sleep: async () => undefined } };
    await channel.send([...messages, messageOf(sample())], delivery);
    expect(arrived.map((each) => each.json.FindingIdentifiers.length)).toEqual([100, 100, 50]);
  });
});
