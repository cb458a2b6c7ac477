import { describe, expect, it } from 'vitest';
import { noteWidget, revokeOpenRules } from '../../../../tests/support/widgets.js';
import type { RecordedCall } from '../model/finding.js';
import { resource } from '../model/resource.js';
import type { Remediator } from './define.js';
import { lateRemediators, loaded, remediatorFacts } from './late.js';

const both: readonly Remediator[] = [revokeOpenRules, noteWidget];
const facts = both.map(remediatorFacts);
/** As they are in a bundle. */
const written = JSON.parse(JSON.stringify(facts)) as typeof facts;
const ref = resource({ type: 'AWS::Test::Widget', id: 'w1', account: '111111111111', region: 'us-east-1' });

function late(load: () => Promise<readonly Remediator[]> = async () => both, of = written): readonly [Remediator, Remediator] {
  return lateRemediators(of, load) as [Remediator, Remediator];
}

describe('a remediator whose definition is loaded later', () => {
  it('has the facts of its definition', () => {
    const [revoke] = late();
    for (const member of ['id', 'package', 'resourceTypes', 'controls', 'configRules', 'showsNew', 'ceiling', 'freshWithin', 'breadth', 'global'] as const)
      expect([member, revoke[member]]).toEqual([member, revokeOpenRules[member]]);
    expect(Object.keys(revoke.apiCalls)).toEqual(['widget:AuthorizeRule']);
    expect(revoke.late?.loaded).toBe(false);
  });

  it('has no other members before it is loaded, not even a null', () => {
    const [revoke] = late();
    const members: readonly (keyof Remediator)[] = ['title', 'uses', 'blindSpots', 'plan', 'parameters', 'identify', 'judge', 'observeMany', 'discover'];
    for (const member of members) expect(() => revoke[member]).toThrow(expect.objectContaining({ code: 'remediator/not-loaded' }));
    const call = { service: 'widget', operation: 'AuthorizeRule', request: { id: 'w1' }, response: {} } as unknown as RecordedCall;
    const read = () => revoke.apiCalls['widget:AuthorizeRule']?.({ ...call, account: ref.account, region: ref.region });
    expect(read).toThrow(expect.objectContaining({ code: 'remediator/not-loaded' }));
  });

  it('has all members of its definition after it is loaded', async () => {
    const [revoke] = await loaded(late());
    expect(revoke.late?.loaded).toBe(true);
    const { late: _, apiCalls, ...members } = { ...revoke };
    const { apiCalls: defined, ...others } = revokeOpenRules;
    expect(members).toEqual(others);
    const call = { service: 'widget', operation: 'AuthorizeRule', request: { id: 'w1', rule: 'open-1' } } as unknown as RecordedCall;
    const at = { ...call, account: ref.account, region: ref.region };
    expect(apiCalls['widget:AuthorizeRule']?.(at)).toEqual(defined['widget:AuthorizeRule']?.(at));
  });

  it('loads the list of its package once, for concurrent callers', async () => {
    let loads = 0;
    const [revoke, note] = late(async () => {
      loads++;
      return both;
    });
    await Promise.all([loaded([revoke]), loaded([note]), loaded([revoke, note])]);
    await loaded([revoke]);
    expect(loads).toBe(1);
  });

  it('is loaded by the next caller if its code could not be read', async () => {
    let fails = true;
    const [revoke] = late(async () => {
      if (fails) throw new Error('EMFILE');
      return both;
    });
    await expect(loaded([revoke])).rejects.toMatchObject({ code: 'remediator/not-loaded', retryable: true });
    fails = false;
    await loaded([revoke]);
    expect(revoke.uses).toBe(revokeOpenRules.uses);
  });

  it('refuses a definition with other facts, or none: what was routed and checked was this one', async () => {
    const [first, second] = written as [(typeof written)[0], (typeof written)[0]];
    const refusal = { code: 'remediator/invalid', message: expect.stringContaining('widget-revoke-open') as string };
    for (const other of [{ ceiling: 'approve' }, { freshWithin: null }, { breadth: 3 }, { calls: [] }, { resourceTypes: ['AWS::Test::Other'] }] as const) {
      const [revoke] = late(async () => both, [{ ...first, ...other }, second]);
      await expect(loaded([revoke])).rejects.toMatchObject(refusal);
      expect(() => revoke.plan).toThrow(expect.objectContaining({ code: 'remediator/not-loaded' }));
    }
    await expect(loaded([late(async () => [noteWidget])[0]])).rejects.toMatchObject(refusal);
  });
});

it('other remediators are returned unchanged', async () => {
  expect(await loaded(both)).toBe(both);
});
