import { createRedress, definePolicy, type Journal, type Notification, type RedressOptions, type ResourceRef } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { configComplianceEvent } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { revokeOpenRules, Widgets, widget } from '../support/widgets.js';

const ACCOUNT = '111111111111';
const START = Date.parse('2026-11-24T10:00:00Z');
const MINUTE = 60_000;

const clock = {
  time: START,
  now: () => clock.time,
  sleep: async (milliseconds: number) => {
    clock.time += milliseconds;
  },
};

let aws: Widgets;
let journal: Journal;
let told: Notification[];

function redress(over: Partial<RedressOptions> = {}) {
  const remediators = over.remediators ?? [revokeOpenRules];
  return createRedress({
    remediators,
    policy: definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: Object.fromEntries(remediators.map(({ id }) => [id, { dev: 'enforce' }])),
    }),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    ...over,
  });
}

beforeEach(() => {
  clock.time = START;
  aws = new Widgets();
  journal = memoryJournal({ clock });
  told = [];
});

describe('a transition that AWS Config reports', () => {
  const reported = (resource: ResourceRef, previousTime: number) =>
    configComplianceEvent({ resource, rule: 'widget-open', time: new Date(START - MINUTE), previousTime: new Date(previousTime) });

  it.each([
    ['the recorder was off for twenty days', 20 * 24 * 60 * MINUTE],
    ['it records daily', 24 * 60 * MINUTE],
    ['its record before is a minute too old', 31 * MINUTE],
  ])('shows nothing to be new where %s: a person is asked', async (_name, before) => {
    aws.put('w1', ['open-1']);
    const { results } = await redress().handle(reported(widget('w1'), START - before));
    expect(results[0]?.passes).toMatchObject([{ outcome: 'awaiting-approval' }]);
    expect(results[0]?.passes[0]?.decision?.results.find((each) => each.guardrail === 'freshness')).toMatchObject({ effect: 'approve', code: 'not-fresh' });
    expect(aws.rules('w1')).toEqual(['open-1']);
    expect(aws.writes).toEqual([]);
  });

  it('between two records of the last minutes is put right at once', async () => {
    aws.put('w1', ['open-1']);
    const { results } = await redress().handle(reported(widget('w1'), START - 10 * MINUTE));
    expect(results[0]?.passes).toMatchObject([{ outcome: 'remediated' }]);
    expect(aws.rules('w1')).toEqual([]);
  });
});
