// A call that writes a whole value, and a value that a person has changed before anybody has looked: what is there is not what the call has left.
import { createRedress, definePolicy, defineRemediator, type Journal } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { Widgets, widget, widgetService } from '../support/widgets.js';

const ACCOUNT = '111111111111';
/** Signs notes: the whole note is written. */
const signNote = defineRemediator({
  id: 'widget-sign',
  title: 'Sign notes',
  resourceTypes: ['AWS::Test::Widget'],
  controls: [{ framework: 'aws-fsbp', id: 'Widget.3' }],
  ceiling: 'enforce',
  blindSpots: ['none in a test'],
  uses: { reads: [widgetService.pick('DescribeWidget')], writes: [widgetService.pick('PutNote')], undoes: [widgetService.pick('PutNote')] },
  async observe({ aws, resource: ref }) {
    const found = await aws.widget.DescribeWidget({ Id: ref.id });
    return { state: { note: found.Note ?? '' }, tags: found.Tags ?? {} };
  },
  plan({ state: { note }, resource: ref }) {
    if (note.endsWith('!')) return { status: 'compliant' };
    const put = (Note: string) => widgetService.call('PutNote', { Id: ref.id, Note });
    return { status: 'change', changes: [{ call: put(`${note}!`), undo: { calls: [put(note)], restores: 'exact' }, summary: 'sign it', resolves: true }] };
  },
});
let aws: Widgets;
let time: number;
let journal: Journal;
let meanwhile: () => void;
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
    meanwhile();
  },
};
const engine = () =>
  createRedress({
    remediators: [signNote],
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { 'widget-sign': { dev: 'enforce' } } }),
    journal,
    connect: aws.connect,
    clock,
  });
const write = (note: string) => void Object.assign(aws.widgets.get('w') ?? {}, { note });

beforeEach(() => {
  aws = new Widgets();
  aws.put('w', []);
  write('ours');
  time = Date.parse('2026-11-24T10:00:00Z');
  journal = memoryJournal({ clock });
  meanwhile = () => undefined;
});

it.each([
  ['was not made', 'lost-before'],
  ['was made', 'lost'],
] as const)('a lost reply does not prove the call if somebody changed the resource and the call %s', async (_name, fault) => {
  aws.faults.set('PutNote', [fault]);
  meanwhile = () => write('theirs');
  aws.before = (operation) => void (operation === 'DescribeWidget' && aws.writes.length > 0 && write('theirs'));
  const [pass] = await engine().run(widget('w'));
  expect(pass).toMatchObject({ outcome: 'partial', message: expect.stringMatching(/^0 of 1 changes were made: The reply to PutNote was lost/) });
  const statuses = (await recordsOf(journal)).flatMap(({ record }) => (record.kind === 'call' ? [(record.body['call'] as { status: string }).status] : []));
  expect(statuses).toEqual(['unknown']);
  expect(aws.writes).toEqual(['PutNote']);
  await expect(engine().rollback(pass?.execution ?? '', { by: 'ops', reason: 'a test' })).rejects.toMatchObject({ code: 'rollback/refused' });
  expect(aws.widgets.get('w')?.note).toBe('theirs');
});

it('a state that an acknowledged call did not leave is not overwritten', async () => {
  aws.before = (operation) => void (operation === 'DescribeWidget' && aws.writes.length > 0 && write('theirs'));
  const [pass] = await engine().run(widget('w'));
  expect(pass).toMatchObject({ outcome: 'unknown' });
  await expect(engine().rollback(pass?.execution ?? '', { by: 'ops', reason: 'a test' })).rejects.toMatchObject({
    code: 'rollback/refused',
    message: expect.stringContaining('did not show'),
  });
  expect(aws.widgets.get('w')?.note).toBe('theirs');
  expect(aws.writes).toEqual(['PutNote']);
});
