// What ends, and what does not, when nothing holds resources back alike any more.
import { describe, expect, it } from 'vitest';
import { ACCOUNT, group } from '../internal/testing/facts.js';
import { type Gap, gapKey } from '../journal.js';
import { resource } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { Alike } from './alike.js';
import type { Runtime } from './runtime.js';
import type { PassResult } from './types.js';

const place = resource({ type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: 'us-east-1' });
const elsewhere = { ...place, region: 'eu-west-1' };
const mine = { id: 'mine' } as Remediator;
const stopped = { effect: 'deny', results: [{ guardrail: 'kill-switch', effect: 'deny', code: 'stopped', message: 'Stopped.' }] } as const;
const key = (code: string, id = 'mine') => gapKey(id, [`held:${code}`]);
const gap = (over: Partial<Gap>): Gap =>
  ({ remediator: 'mine', key: key('stopped'), members: 2, resource: place, told: null, record: 3, ...over }) as unknown as Gap;

async function ends(stands: readonly Gap[], stillHeld: (() => Promise<ReadonlySet<string>>) | null = async () => new Set(), ...passes: object[]) {
  const appended: { readonly body: object }[] = [];
  const journal = { append: async (entry: { readonly body: object }) => (appended.push(entry), { seq: 9 }) };
  const alike = new Alike();
  for (const each of passes) alike.add({ message: 'Stopped.', resource: group, ...each } as unknown as PassResult);
  await alike.tell({ notify: null, needJournal: () => journal } as unknown as Runtime, mine, place, { stands, stillHeld });
  return appended.map(({ body }) => body);
}

describe('a shared reason that held resources back', () => {
  const over = (...keys: string[]) => [
    { outcome: 'no-op', message: 'Nothing is held back for the same reason any more.', gap: { over: keys }, trigger: { by: 'sweep' } },
  ];
  it('ends in one record once nothing is held back any more', async () => {
    expect(await ends([gap({}), gap({ key: key('frozen') })])).toEqual(over(key('stopped'), key('frozen')));
  });
  it('ends alone: gaps of the account itself, of other remediators and of other places stay open', async () => {
    const others = [gap({ key: 'g-1', members: null }), gap({ key: key('stopped', 'other'), remediator: 'other' }), gap({ key: 'g-2', resource: elsewhere })];
    expect(await ends(others)).toEqual([]);
    expect(await ends([...others, gap({})])).toEqual(over(key('stopped')));
  });
  it('does not end if it still applies, in this part of the sweep or an earlier one, or if not everything was checked', async () => {
    expect(await ends([gap({}), gap({ key: key('frozen') })], async () => new Set(['stopped']))).toEqual(over(key('frozen')));
    expect(await ends([gap({}), gap({ key: key('frozen') })], async () => new Set(), { decision: stopped })).toEqual(over(key('frozen')));
    expect(await ends([gap({})], null)).toEqual([]);
  });
  it('is not looked up if nothing was held back', async () => {
    const asked: string[] = [];
    expect(await ends([], async () => (asked.push('asked'), new Set<string>()))).toEqual([]);
    expect(asked).toEqual([]);
  });
  it('comes from decisions, and from nothing else', async () => {
    expect(await ends([], null, { decision: null }, { decision: { effect: 'allow', results: [] } })).toEqual([]);
    expect(await ends([], null, { decision: stopped }, { decision: stopped })).toMatchObject([
      {
        outcome: 'denied',
        message: '2 resources are held back for the same reason: Stopped.',
        open: ['sg-0abc', 'sg-0abc'],
        effect: 'deny',
        guardrails: stopped.results,
      },
    ]);
  });
});
