import { describe, expect, it } from 'vitest';
import type { Assessment, Change } from '../model/plan.js';
import { resource } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import type { Look, Runtime } from './runtime.js';
import { unresolved, verify } from './verify.js';

const change = (name: string, over: object = {}): Change =>
  ({ call: { service: 'lamp', operation: 'Off', input: { Id: name }, retry: 'idempotent' }, summary: name, resolves: true, ...over }) as unknown as Change;
const plans = (...changes: Change[]): Assessment => ({ status: 'change', changes });
const names = (changes: readonly Change[]) => changes.map((each) => each.summary);

describe('the unresolved changes after a plan was carried out', () => {
  const [a, b] = [change('a'), change('b')];
  it('are the changes themselves, and whatever else one without a subject should have resolved', () => {
    expect(names(unresolved([a], plans(a, b)))).toEqual(['a']);
    expect(names(unresolved([a], plans(b)))).toEqual(['b']);
    expect(unresolved([a], { status: 'compliant' })).toEqual([]);
    expect(unresolved([a], plans())).toEqual([]);
  });
  it('do not include what is about another part, or a flag', () => {
    expect(unresolved([change('a', { subject: 'a' })], plans(b))).toEqual([]);
    expect(unresolved([change('a', { resolves: false })], plans(b))).toEqual([]);
    expect(names(unresolved([a], plans(change('c', { subject: 'c' }), change('d', { resolves: false }), b)))).toEqual(['b']);
    // One of several is enough.
    expect(names(unresolved([change('a', { resolves: false }), a], plans(b)))).toEqual(['b']);
  });
});

describe('a verification', () => {
  const ref = resource({ type: 'AWS::Test::Lamp', id: 'l', account: '111111111111', region: 'eu-west-1' });
  const seen = (assessment: Assessment, value: unknown = { state: { on: false }, tags: {} }): Look =>
    ({ observation: { ok: true, value }, assessment: { ok: true, value: assessment } }) as unknown as Look;
  const blind = { observation: { ok: false, error: 'down', retryable: true }, assessment: { ok: false, error: 'not observed', retryable: false } } as Look;
  const verified = async (...looks: Look[]) => {
    const waits: number[] = [];
    const asked: { purpose: string; deadline: number; shared: unknown; as: { access: string } }[] = [];
    const runtime = {
      clock: { sleep: async (time: number) => void waits.push(time) },
      look: async (_remediator: unknown, _ref: unknown, _policy: unknown, how: (typeof asked)[number]) => {
        asked.push(how);
        return looks[Math.min(asked.length, looks.length) - 1];
      },
    } as unknown as Runtime;
    const {
      reads,
      left: _,
      ...found
    } = await verify(runtime, {
      remediator: { id: 'lamp-off' } as Remediator,
      ref,
      changed: [change('a', { subject: 'a' })],
      policy: { ok: true, value: {} } as never,
      deadline: 7,
    });
    // No look sees what an earlier one has read; whoever looks next sees what the last one has.
    expect(new Set(asked.map((each) => each.shared)).size).toBe(asked.length);
    expect(asked.at(-1)?.shared).toBe(reads);
    expect(asked.every(({ purpose, deadline, as }) => purpose === 'verification' && deadline === 7 && as.access === 'read')).toBe(true);
    return { ...found, waits };
  };
  const left = seen(plans(change('a', { subject: 'a' })));
  it('ends at the first read that shows the result', async () => {
    expect(await verified(seen({ status: 'compliant' }))).toEqual({ status: 'verified', message: '', after: { on: false }, open: [], done: true, waits: [] });
    expect(await verified(left, blind, seen({ status: 'compliant' }))).toMatchObject({ status: 'verified', waits: [250, 1000] });
  });
  it('reports what else is open on the resource', async () => {
    expect(await verified(seen(plans(change('b', { subject: 'b' }))))).toMatchObject({ status: 'verified', open: ['b'], done: false });
    expect(await verified(seen({ status: 'manual', message: 'Look.' }))).toMatchObject({ status: 'verified', open: ['Look.'], done: true });
    expect(await verified(seen({ status: 'compliant' }, 'gone'))).toMatchObject({ status: 'verified', after: null });
  });
  it('fails if no read shows the result', async () => {
    expect(await verified(left)).toEqual({ status: 'not-verified', message: 'a', after: { on: false }, open: [], done: false, waits: [250, 1000, 2000, 4000] });
    expect(await verified(seen(plans(change('a', { subject: 'a' })), 'gone'))).toMatchObject({ status: 'not-verified', after: null });
  });
  it('confirms nothing if the last read shows nothing', async () => {
    expect(await verified(left, blind)).toEqual({ status: 'unconfirmed', message: 'down', after: null, open: [], done: false, waits: [250, 1000, 2000, 4000] });
    const noPlan = { ...seen({ status: 'compliant' }), assessment: { ok: false, error: 'a bug', retryable: false } } as Look;
    expect(await verified(noPlan)).toMatchObject({ status: 'unconfirmed', message: 'a bug' });
  });
});
