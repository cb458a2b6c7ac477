// What the records say of Redress itself.
import { countOf } from '@redress/core';
import { type EntryIndex, EVERYTHING } from '@redress/report';
import type { LiveJournal } from './live.js';
import type { HealthFact } from './ports.js';

/** An execution without an end is not normal after so long: no lease lasts longer. Milliseconds. */
const LONGEST_EXECUTION = 3_600_000;
const DAY = 86_400_000;
const LISTED = 20;

/** What was read, circuit breakers, executions without an end, and sweeps. */
export function healthOf(live: LiveJournal, now: number): readonly HealthFact[] {
  return [readFact(live), ...breakerFacts(live.index), ...executionFacts(live.index, now), sweepFact(live.index, now)];
}

function readFact(live: LiveJournal): HealthFact {
  const { unread, records, streams } = live;
  const text = `${countOf(records, 'record')} of ${countOf(streams, 'resource')}, each compared with its digest.`;
  if (unread.length === 0) return { name: 'Records', state: 'good', text: `All were read: ${text}`, next: null };
  const shown = unread.slice(0, LISTED).join('; ');
  return {
    name: 'Records',
    state: 'bad',
    text: `Some could not be read and are missing from these pages: ${shown}${unread.length > LISTED ? ` and ${unread.length - LISTED} more` : ''}. ${text}`,
    next: '`redress evidence verify` shows what is wrong with them.',
  };
}

function breakerFacts(index: EntryIndex): readonly HealthFact[] {
  const last = new Map<string, { open: boolean; account: string; remediator: string; time: string; reason: string }>();
  for (const { resource, remediator, outcome, time, reason, message } of index.query({ ...EVERYTHING, kinds: ['breaker'] }))
    last.set(`${resource.account} ${remediator}`, { open: outcome === 'open', account: resource.account, remediator, time, reason: reason ?? message ?? '' });
  const open = [...last.values()].filter((each) => each.open);
  if (open.length === 0) return [{ name: 'Circuit breakers', state: 'good', text: 'None is open.', next: null }];
  return open.map(({ account, remediator, time, reason }) => ({
    name: `Circuit breaker of ${remediator}`,
    state: 'bad' as const,
    text: `Open in ${account} since ${time}: ${reason}`,
    next: `Find out why; then \`redress breakers close ${remediator} --account ${account}\`.`,
  }));
}

function executionFacts(index: EntryIndex, now: number): readonly HealthFact[] {
  const open = [...index.query({ ...EVERYTHING, kinds: ['execution'], outcomes: ['open'] })];
  const old = open.filter(({ time }) => now - Date.parse(time) > LONGEST_EXECUTION);
  const name = 'Executions without an outcome';
  if (old.length === 0) return [{ name, state: 'good', text: open.length === 0 ? 'None.' : `${open.length}, started within the last hour.`, next: null }];
  const shown = old.slice(0, LISTED).map(({ execution, resource }) => `${execution ?? ''} on ${resource.id}`);
  return [
    {
      name,
      state: 'bad',
      text: `Started more than an hour ago: ${shown.join('; ')}${old.length > LISTED ? ` and ${old.length - LISTED} more` : ''}.`,
      next: '`redress recover` closes them.',
    },
  ];
}

function sweepFact(index: EntryIndex, now: number): HealthFact {
  const name = 'Last sweep';
  const [last] = index.newest({ ...EVERYTHING, kinds: ['sweep'] }, { from: 0, most: 1 });
  if (last === undefined)
    return { name, state: 'mind', text: 'No sweep is recorded: nothing finds what events missed.', next: '`redress sweep` looks for it.' };
  const days = Math.floor((now - Date.parse(last.time)) / DAY);
  const text = `${last.time}, ${last.resource.account} ${last.resource.region}, ${last.remediator}: ${last.outcome ?? 'open'}.`;
  return days < 2
    ? { name, state: 'good', text, next: null }
    : { name, state: 'mind', text: `${text} That is ${countOf(days, 'day')} ago.`, next: '`redress sweep` looks for what events missed.' };
}
