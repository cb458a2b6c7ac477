// By when a gap has to be closed: what people hear of it, and what the journal says.
import { createRedress, definePolicy, type Notification, type PolicyInput, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordsOf } from '../support/journal.js';
import { revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const HERE = { account: ACCOUNT, region: 'us-east-1' };
const HOUR = 3_600_000;
const START = Date.parse('2026-11-23T00:30:00Z');

let aws: Widgets;
let time: number;
const clock = { now: () => time, sleep: async (milliseconds: number) => void (time += milliseconds) };
/** Only people close what it finds. */
const report: Remediator = {
  ...revokeOpenRules,
  id: 'widget-report',
  ceiling: 'notify',
  freshWithin: null,
  discover: async function* () {
    yield { type: 'AWS::Test::Widget', id: 'w-1' };
  },
};

beforeEach(() => {
  aws = new Widgets();
  time = START;
  aws.put('w-1', ['open-1'], {});
});

function world(journal = memoryJournal({ clock })) {
  const heard: string[] = [];
  const hours = (at: number) => (at - START) / HOUR;
  const notify = async (each: Notification) => {
    heard.push(`${hours(time)}: ${each.outcome}${each.deadline === undefined ? '' : `, until ${Math.round(hours(each.deadline))}`}`);
  };
  /** A sweep an hour. */
  const sweep = async (deadlines: PolicyInput['deadlines'], from: number, to: number): Promise<void> => {
    const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, ...(deadlines === undefined ? {} : { deadlines }) });
    const redress = createRedress({ remediators: [report], policy, journal, connect: aws.connect, clock, notify });
    for (let hour = from; hour < to; hour++) {
      time = START + hour * HOUR;
      await redress.sweep({ targets: [HERE] });
    }
  };
  const decisions = async () => (await recordsOf({ read: () => journal.read({ resource: widget('w-1') }) })).filter(({ record }) => record.kind === 'decision');
  return { heard, sweep, journal, decisions };
}

describe('a gap with a deadline', () => {
  it('is notified when it appears, a day before, and when the deadline has passed; its record has the deadline', async () => {
    const { heard, sweep, journal, decisions } = world();
    await sweep([{ within: 'P3D', ceilings: ['notify'] }], 0, 100);
    expect(heard).toEqual(['0: notified', '48: notified, until 72', '72: notified, until 72']);
    const [gap] = (await journal.standing()).gaps;
    expect(gap).toMatchObject({ near: true, since: START });
    expect(Math.abs((gap?.deadline ?? 0) - (START + 72 * HOUR))).toBeLessThan(60_000);
    // That a gap stands is recorded when it appears and when its deadline is near, and not by each sweep.
    expect(await decisions()).toHaveLength(2);
  });

  it('of less than a day is notified when it has passed', async () => {
    const { heard, sweep } = world();
    await sweep([{ within: 'PT12H' }], 0, 30);
    expect(heard).toEqual(['0: notified', '12: notified, until 12']);
  });

  it('that is closed in time is not notified again', async () => {
    const { heard, sweep, journal } = world();
    await sweep([{ within: 'P3D' }], 0, 10);
    aws.put('w-1', ['closed'], {});
    await sweep([{ within: 'P3D' }], 10, 80);
    expect(heard).toEqual(['0: notified']);
    expect((await journal.standing()).gaps).toEqual([]);
  });

  it('gets the deadline of a later policy, counted from when the gap appeared', async () => {
    const { heard, sweep, journal } = world();
    await sweep(undefined, 0, 10);
    expect((await journal.standing()).gaps).toMatchObject([{ deadline: null }]);
    await sweep([{ within: 'P3D' }], 10, 50);
    expect(heard).toEqual(['0: notified', '48: notified, until 72']);
  });

  it('has none if the deadline is for another remediator or another environment', async () => {
    const { heard, sweep, journal } = world();
    await sweep([{ within: 'PT1H', ceilings: ['enforce', 'approve'] }], 0, 5);
    expect(heard).toEqual(['0: notified']);
    expect((await journal.standing()).gaps).toMatchObject([{ deadline: null }]);
  });
});
