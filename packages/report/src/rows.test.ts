// What a row says of an entry: above all who is named in it, and by whom.
import { describe, expect, it } from 'vitest';
import { causeOf, type HistoryEntry } from './entries.js';
import { type Around, actorsOf, approverOf, RECORDS_ALONE, ROW_COLUMNS, rowOf, ticketsOf } from './rows.js';

const EMPTY: HistoryEntry = {
  ...{
    kind: 'decision',
    time: '2026-11-24T10:00:00.000Z',
    closed: null,
    execution: null,
    outcome: null,
    message: null,
    trigger: null,
    reasons: [],
    plan: null,
  },
  resource: { type: 'AWS::S3::Bucket', id: 'b', account: '111111111111', region: 'us-east-1', partition: 'aws' },
  ...{ remediator: 'r', changes: [], calls: [], before: null, after: null, open: [], rollbackOf: null, by: null, reason: null, approval: null, notices: [] },
  ...{ notice: null, seenUntil: null, records: [], guardrails: [], approvedBy: null, askedBy: null, recordedAt: null, documents: {}, policy: null },
  ...{ verified: null, drill: false, exception: null, tags: null },
};
const entry = (over: Partial<HistoryEntry> = {}): HistoryEntry => ({ ...EMPTY, ...over });
const around: Around = {
  environmentOf: (account) => (account === '111111111111' ? 'prod' : null),
  exceptionOf: (id) => (id === 'EXC-1' ? { approver: 'dana', ticket: 'CHG-1' } : id === 'EXC-2' ? { approver: 'erin', ticket: null } : null),
};
const yes = { name: 'arn:lead', verified: true, at: 't', reason: 'as in INC0012345' };

describe('the actor', () => {
  it('is the person first, then those in the event and the request, each once', () => {
    const trigger = { by: 'finding', actor: 'arn:actor', person: 'ann', sourceIdentity: 'ann', issuer: 'arn:issuer', call: 's3:X' };
    expect(actorsOf(entry({ by: { name: 'ops' }, trigger, askedBy: { actor: 'arn:asker', issuer: 'arn:issuer' } }))).toEqual([
      'ops',
      'arn:actor',
      'ann',
      'arn:issuer',
      'arn:asker',
    ]);
    expect(actorsOf(entry({ by: 'somebody' }))).toEqual(['somebody']);
    expect(actorsOf(entry({ by: { name: 7 }, trigger: 'x', askedBy: [] }))).toEqual([]);
  });
});

describe('the approver', () => {
  it('is whoever approved what an execution relies on, with whether the request was signed', () => {
    expect(approverOf(entry({ approvedBy: yes, exception: 'EXC-1' }), around)).toEqual({ name: 'arn:lead', namedBy: 'signed' });
    expect(approverOf(entry({ approvedBy: { ...yes, verified: false } }), around)).toEqual({ name: 'arn:lead', namedBy: 'unsigned' });
  });
  it.each(['approved', 'denied'])('is whoever answered, for an answer (%s)', (outcome) => {
    const of = (by: HistoryEntry['by']) => approverOf(entry({ kind: 'approval', outcome, by }), around);
    expect(of({ name: 'dana', verified: true })).toEqual({ name: 'dana', namedBy: 'signed' });
    expect(of({ name: 'dana', verified: 'true' })).toEqual({ name: 'dana', namedBy: 'unsigned' });
    expect(of(null)).toEqual({ name: '', namedBy: 'unsigned' });
  });
  it('is nobody if no approval was requested, or nothing was answered', () => {
    expect(approverOf(entry({ kind: 'approval', outcome: 'ended', by: { name: 'dana', verified: true } }), around)).toBeNull();
    expect(approverOf(entry({ outcome: 'approved', by: { name: 'dana', verified: true } }), around)).toBeNull();
    expect(approverOf(entry(), around)).toBeNull();
  });
  it('is the one in the register for what an exception covers', () => {
    expect(approverOf(entry({ exception: 'EXC-1' }), around)).toEqual({ name: 'dana', namedBy: 'register' });
    expect(approverOf(entry({ exception: 'EXC-9' }), around)).toBeNull();
    expect(approverOf(entry({ exception: 'EXC-1' }), RECORDS_ALONE)).toBeNull();
  });
});

describe('tickets', () => {
  it('are that of the exception, and those in reasons, each once', () => {
    const all = entry({ exception: 'EXC-1', reason: 'see CHG-2 and CHG-1', approvedBy: yes });
    expect(ticketsOf(all, around)).toEqual(['CHG-1', 'CHG-2', 'INC0012345']);
    expect(ticketsOf(entry({ exception: 'EXC-2' }), around)).toEqual([]);
    expect(ticketsOf(entry({ exception: 'EXC-9', approvedBy: { ...yes, reason: null } }), around)).toEqual([]);
  });
});

describe('the cause', () => {
  const cause = (trigger: HistoryEntry['trigger'], over: Partial<HistoryEntry> = {}) => causeOf(entry({ trigger, ...over }));
  it('is the event that reported it, as far as it is known', () => {
    const finding = { by: 'finding', source: 'cloudtrail', kind: 'api-call', call: 's3:PutBucketAcl', actor: 'arn:a', event: 'e-1', observedAt: 't' };
    expect(cause(finding)).toBe('cloudtrail api-call, s3:PutBucketAcl, by arn:a, event e-1, of t');
    expect(cause({ by: 'finding', source: 'config' })).toBe('config');
    expect(cause({ by: 'finding', kind: 'x' })).toBe('x');
    expect(cause({ by: 'finding' })).toBe('');
  });
  it('is a sweep, the person who approved or requested it, or who rolled it back with a reason', () => {
    expect(cause({ by: 'sweep' })).toBe('a sweep found it');
    expect(cause({ by: 'request' })).toBe('it was requested');
    expect(cause({ by: 'approval', approval: 'a-1' })).toBe('a person approved it (a-1)');
    expect(cause({ by: 'approval' })).toBe('a person approved it ()');
    expect([cause({ by: 'other' }), cause(null)]).toEqual(['', '']);
    expect(cause({ by: 'sweep' }, { rollbackOf: 'x-1', by: { name: 'ops' }, reason: 'it broke' })).toBe('ops rolled back x-1: it broke');
    expect(cause(null, { rollbackOf: 'x-1' })).toBe('someone rolled back x-1: ');
  });
});

describe('a row', () => {
  it('has nothing that no record has', () => {
    const said = {
      time: EMPTY.time,
      kind: 'decision',
      outcome: 'open',
      account: '111111111111',
      region: 'us-east-1',
      resource: 'AWS::S3::Bucket/b',
      remediator: 'r',
    };
    const row = rowOf(entry(), RECORDS_ALONE);
    expect(Object.fromEntries(Object.entries(row).filter(([, value]) => value !== ''))).toEqual(said);
    expect(Object.keys(row)).toEqual([...ROW_COLUMNS]);
  });
  it('has everything in the records', () => {
    const calls = ['q-1', null, 'q-2'].map((requestId) => ({ time: 't', operation: 'o', status: 'ok', requestId, caller: null }));
    const records = [3, 4].map((seq) => ({ stream: 'sha256:s', seq, digest: 'd' }));
    const more = {
      closed: 'c',
      outcome: 'remediated',
      changes: ['one', 'two'],
      by: 'ops',
      trigger: { by: 'sweep' },
      reason: 'because',
      execution: 'x-1',
      approval: 'a-1',
    } as const;
    const rest = { rollbackOf: null, calls, verified: 'closed', drill: true, policy: 'p', message: 'm', records, exception: 'EXC-1' };
    expect(rowOf(entry({ ...more, ...rest }), around)).toEqual({
      ...{ time: EMPTY.time, closed: 'c', kind: 'decision', outcome: 'remediated', environment: 'prod', account: '111111111111', region: 'us-east-1' },
      ...{
        resource: 'AWS::S3::Bucket/b',
        remediator: 'r',
        change: 'one; two',
        actor: 'ops',
        cause: 'a sweep found it',
        approver: 'dana',
        approverNamedBy: 'register',
      },
      ...{ reason: 'because', ticket: 'CHG-1', execution: 'x-1', approval: 'a-1', rollbackOf: '', requests: 'q-1 q-2', verified: 'closed', drill: 'drill' },
      ...{ policy: 'p', message: 'm', stream: 'sha256:s', records: '3 4' },
    });
    expect(rowOf(entry({ approvedBy: yes, rollbackOf: 'x-0' }), around)).toMatchObject({
      reason: 'as in INC0012345',
      rollbackOf: 'x-0',
      approverNamedBy: 'signed',
    });
  });
});
