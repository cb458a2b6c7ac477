import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { Gate } from '../../packages/core/src/engine/gate.js';
import { type RedactionOptions, Redactor } from '../../packages/core/src/engine/redaction.js';
import { createRedress } from '../../packages/core/src/engine/redress.js';
import type { Journal } from '../../packages/core/src/journal.js';
import { RedressError } from '../../packages/core/src/model/errors.js';
import { digestOf, isRecord, type Json } from '../../packages/core/src/model/json.js';
import { definePolicy } from '../../packages/core/src/policy/policy.js';
import { defineRemediator } from '../../packages/core/src/remediator/define.js';
import { bound, recordsOf } from '../support/journal.js';
import { noteWidget, openedEvent, revokeOpenRules, Widgets, widgetService } from '../support/widgets.js';

const KEY = 'a key of sixteen characters or more';
const ACCOUNT = '111111111111';
let aws: Widgets;
let journal: Journal;
let time: number;
const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
/** Takes a note out that is longer than eight characters, and would put it back. Its state is the note. */
const takesOut = defineRemediator({
  id: 'widget-take-out',
  title: 'Take notes out',
  resourceTypes: ['AWS::Test::Widget'],
  controls: [{ framework: 'aws-fsbp', id: 'Widget.3' }],
  ceiling: 'enforce',
  blindSpots: ['none in a test'],
  uses: {
    reads: [widgetService.pick('DescribeWidget')],
    writes: [widgetService.pick('RevokeRule', 'PutNote')],
    undoes: [widgetService.pick('PutNote', 'AuthorizeRule')],
  },
  async observe({ aws: { widget: service }, resource: ref }) {
    const found = await service.DescribeWidget({ Id: ref.id });
    return { state: { note: found.Note ?? '', rules: found.Rules ?? [] }, tags: found.Tags ?? {} };
  },
  plan({ state, resource: { id: Id } }) {
    const change = { summary: `change what has ${state.note}`, resolves: true };
    if (state.note.startsWith('write'))
      return {
        status: 'change',
        changes: [
          {
            ...change,
            call: widgetService.call('PutNote', { Id, Note: `was ${state.note}` }),
            undo: { calls: [widgetService.call('PutNote', { Id, Note: state.note })], restores: 'exact' },
          },
        ],
      };
    const rule = state.rules.find((each) => each.startsWith('open'));
    if (rule === undefined) return { status: 'compliant' };
    return {
      status: 'change',
      changes: [
        {
          ...change,
          call: widgetService.call('RevokeRule', { Id, Rule: rule }),
          undo: { calls: [widgetService.call('AuthorizeRule', { Id, Rule: rule })], restores: 'exact' },
        },
      ],
    };
  },
});

const only = [takesOut];
const engine = (redaction: RedactionOptions = { key: KEY }, remediators = only) =>
  createRedress({
    remediators,
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: { 'widget-take-out': { dev: 'enforce' } },
    }),
    journal,
    connect: aws.connect,
    clock,
    redaction,
  });

const put = (note: string) => {
  const ref = aws.put('w1', ['open-1']);
  const there = aws.widgets.get('w1');
  if (there !== undefined) there.note = note;
  return ref;
};

beforeEach(() => {
  aws = new Widgets();
  time = Date.parse('2026-11-24T10:00:00Z');
  journal = memoryJournal({ clock });
});

it('the answer to an event has no secret, not even from an error of AWS', async () => {
  aws.put('w1', ['open-1']);
  aws.before = () => {
    throw Object.assign(new Error('password=hunter2hunter2 is wrong'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  };
  const redress = createRedress({ remediators: [revokeOpenRules], policy: definePolicy({ version: 1 }), journal, connect: aws.connect, clock });
  const { results } = await redress.handle(openedEvent('w1', 'open-1', time));
  const answered = JSON.stringify(results.map(({ passes, error }) => [passes, error]));
  expect(answered).toContain('[redacted hmac:');
  expect(answered).not.toContain('hunter2');
});

describe('a plan from a state that holds a secret', () => {
  it('is carried out and rolled back if no call writes the secret; its digest is that of what is stored', async () => {
    const ref = put('password=hunter2');
    const [pass] = await engine(undefined, only).run(ref);
    expect([pass?.outcome, aws.rules('w1')]).toEqual(['remediated', []]);
    const [intent] = await recordsOf(journal);
    const { digest, ...content } = (intent?.documents['plan'] ?? {}) as { digest: string };
    expect(digest).toBe(digestOf(content));
    expect(pass?.plan?.digest).toBe(digest);
    expect(intent?.documents['before']).toEqual({ note: expect.stringMatching(/^password=\[redacted hmac:[0-9a-f]{16}\]$/), rules: ['open-1'] });
    const back = await engine(undefined, only).rollback(pass?.execution ?? '', { by: 'ops', reason: 'it was needed' });
    expect([back.outcome, aws.rules('w1'), aws.widgets.get('w1')?.note]).toEqual(['rolled-back', ['open-1'], 'password=hunter2']);
  });

  it('is the same plan under the same key, and another one if the secret differs', async () => {
    const digest = async (note: string, key = KEY) => (await engine({ key }, only).plan('widget-take-out', put(note)))[0]?.plan?.digest;
    const first = await digest('password=hunter2');
    expect(await digest('password=hunter2')).toBe(first);
    expect(await digest('password=hunter3')).not.toBe(first);
    expect(await digest('password=hunter2', 'another key of sixteen or more')).not.toBe(first);
  });

  it('detects that the secret was changed since, without having it: it is not overwritten by a rollback', async () => {
    const ref = put('password=hunter2');
    const [pass] = await engine(undefined, only).run(ref);
    const there = aws.widgets.get('w1');
    if (there !== undefined) there.note = 'password=hunter3';
    const refused = await engine(undefined, only)
      .rollback(pass?.execution ?? '', { by: 'ops', reason: 'r' })
      .catch((error: RedressError) => error);
    expect([(refused as RedressError).code, (refused as RedressError).next]).toEqual([
      'rollback/refused',
      'Its state holds a secret: if the redaction key was replaced since, use the earlier key. Otherwise roll back later executions first, or restore by hand.',
    ]);
    expect(aws.rules('w1')).toEqual([]);
  });

  it('is denied if a call, or its undo, would write the secret: nothing is sent', async () => {
    const [pass] = await engine(undefined, only).run(put('write password=hunter2'));
    expect(pass?.outcome).toBe('denied');
    expect(pass?.decision?.results.filter((each) => each.effect === 'deny').map((each) => [each.guardrail, each.code])).toEqual([
      ['secrets', 'secret-in-plan'],
    ]);
    expect(aws.writes).toEqual([]);
    expect(JSON.stringify(await recordsOf(journal))).not.toContain('hunter2');
  });

  it('is never sent, whatever the decision: the gate itself refuses redacted text', async () => {
    const call = widgetService.call('PutNote', { Id: 'w1', Note: 'was [redacted hmac:0123456789abcdef]' });
    const lease = { execution: 'x-1', fence: 1, until: time + 600_000 };
    const resource = put('x');
    const gate = new Gate(aws.connect, clock, () => undefined);
    const sent = gate.within(lease, () =>
      gate.write(call, { remediator: noteWidget, resource, purpose: 'fix', lease, deadline: null, recheck: async () => undefined }),
    );
    await expect(sent).rejects.toMatchObject({ code: 'gate/redacted' });
    expect(aws.writes).toEqual([]);
  });

  it('is not rolled back if the recorded undo would write a secret', async () => {
    const ref = put('x');
    const [pass] = await engine(undefined, only).run(ref);
    const real = journal;
    // As if the reply, from which the undo was made, had held one.
    journal = {
      ...bound(real),
      async *read(query) {
        for await (const each of real.read(query)) {
          const { call } = each.record.body;
          if (!isRecord(call)) yield each;
          else {
            const undo = [{ ...widgetService.call('AuthorizeRule', { Id: 'w1', Rule: '[redacted hmac:0123456789abcdef]' }) }];
            yield { ...each, record: { ...each.record, body: { ...each.record.body, call: { ...call, undo } as unknown as Json } } };
          }
        }
      },
    };
    const refused = await engine(undefined, only)
      .rollback(pass?.execution ?? '', { by: 'ops', reason: 'r' })
      .catch((error: RedressError) => error);
    expect([(refused as RedressError).code, (refused as RedressError).message]).toEqual([
      'rollback/refused',
      'Its undo would write a secret, which is not kept.',
    ]);
    expect(aws.writes).toEqual(['RevokeRule']);
  });
});

describe('the redaction key', () => {
  it('is read once, when the first secret is found', async () => {
    let asked = 0;
    const redactor = new Redactor({ key: async () => (asked++, KEY) }, null);
    expect(await redactor.of({ a: 'nothing' })).toEqual({ a: 'nothing' });
    expect(asked).toBe(0);
    const [one, two] = await Promise.all([redactor.of('password=hunter2'), redactor.of('password=hunter2')]);
    expect([one, asked]).toEqual([two, 1]);
    expect(redactor.now('password=hunter2')).toBe(one);
  });

  it('that cannot be read blocks every record with a secret, and is requested again', async () => {
    let fails = true;
    const key = async () => {
      if (fails) throw new Error('the parameter is not there');
      return KEY;
    };
    const ref = put('password=hunter2');
    const passes = await engine({ key }, only)
      .run(ref)
      .catch((error: RedressError) => error);
    expect(passes).toMatchObject([{ outcome: 'denied' }]);
    expect(aws.writes).toEqual([]);
    fails = false;
    expect((await engine({ key }, only).run(ref))[0]?.outcome).toBe('remediated');
  });

  it('is refused if it is short, and so is a pattern that finds only the first secret', () => {
    expect(() => new Redactor({ key: 'short' }, null)).toThrow('shorter than 16 characters');
    expect(() => new Redactor({ patterns: [/x/] }, null)).toThrow('first secret only');
  });

  it('is that of the journal if none is given', async () => {
    const key = (await journal.redactionKey?.()) ?? '';
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(await new Redactor({}, journal).of('password=hunter2')).toBe(await new Redactor({ key }, null).of('password=hunter2'));
  });
});

describe('warnings and errors', () => {
  it('have no secret: neither a warning, nor its error or cause', () => {
    const cause = new Error('password=hunter2 is wrong');
    const error = new RedressError('aws/invalid', 'Value password=hunter2', { cause, next: 'Not password=hunter2' });
    const clean = new Redactor({ key: KEY }, null).now(error);
    expect(clean).toBe(error);
    expect([error.message, error.next, error.stack, cause.message].join(' ')).not.toContain('hunter2');
    expect(error.code).toBe('aws/invalid');
  });

  it('have no secret in a warning of the engine', async () => {
    const warned: string[] = [];
    const engineOf = createRedress({
      remediators: [revokeOpenRules],
      policy: { read: async () => Promise.reject(new Error('password=hunter2')) },
      journal,
      connect: aws.connect,
      clock,
      onWarning: (message, error) => warned.push(`${message} ${String(error)}`),
    });
    await engineOf.handle({
      version: '0',
      id: 'e',
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.widget',
      account: ACCOUNT,
      time: new Date(time).toISOString(),
      region: 'us-east-1',
      resources: [],
      detail: {
        eventVersion: '1.09',
        eventSource: 'widget.amazonaws.com',
        eventName: 'AuthorizeRule',
        eventTime: new Date(time).toISOString(),
        awsRegion: 'us-east-1',
        eventID: 'c',
        requestParameters: { id: 'w1', rule: 'open-1' },
        recipientAccountId: ACCOUNT,
        readOnly: false,
        eventType: 'AwsApiCall',
        userIdentity: { type: 'Root' },
      },
    });
    expect(warned.length).toBe(1);
    expect(warned[0]).toContain('password=[redacted');
    expect(warned[0]).not.toContain('hunter2');
  });
});
