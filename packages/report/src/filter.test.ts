import { isRedressError } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { type FilterInput, type Known, parseFilter } from './filter.js';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const known: Known = {
  environments: new Map([
    ['dev', ['111111111111']],
    ['prod', ['333333333333', '444444444444']],
  ]),
  remediators: ['ec2-revoke-sg-open-ssh', 'logs-raise-retention'],
  now: NOW,
};

describe('a filter', () => {
  it('accepts durations, dates and times; a date ends with its day', () => {
    expect(parseFilter({ since: '2026-07-01', until: '2026-09-30' }, known)).toMatchObject({
      since: '2026-07-01T00:00:00.000Z',
      until: '2026-10-01T00:00:00.000Z',
    });
    expect(parseFilter({ since: 'P7D' }, known)).toMatchObject({ since: '2026-11-13T10:00:00.000Z', until: null });
    expect(parseFilter({ until: '2026-09-30T00:00:00+10:00' }, known).until).toBe('2026-09-29T14:00:00.000Z');
    // One day is from its first moment to its last.
    expect(parseFilter({ since: '2026-07-01', until: '2026-07-01' }, known)).toMatchObject({
      since: '2026-07-01T00:00:00.000Z',
      until: '2026-07-02T00:00:00.000Z',
    });
  });

  it('treats an environment as its accounts, and combines both', () => {
    expect(parseFilter({ environment: ['prod'] }, known).accounts).toEqual(['333333333333', '444444444444']);
    expect(parseFilter({ environment: ['prod'], account: ['333333333333'] }, known).accounts).toEqual(['333333333333']);
    // Nothing is in both: nothing fits, and not everything.
    expect(parseFilter({ environment: ['dev'], account: ['333333333333'] }, known).accounts).toEqual([]);
  });

  it.each<[FilterInput, string, string]>([
    [{ since: 'yesterday' }, 'since "yesterday"', 'P7D'],
    [{ until: '2026-06-31' }, 'until "2026-06-31"', '2026-07-01'],
    [{ since: '2026-09-30', until: '2026-07-01' }, 'is not before', 'earlier'],
    [{ account: ['prod'] }, '"prod" is not a 12-digit account id', '111111111111'],
    [{ environment: ['production'] }, 'environment "production" is not known', 'dev, prod'],
    [{ remediator: ['ec2-revoke-ssh'] }, 'remediator "ec2-revoke-ssh" is not known', 'ec2-revoke-sg-open-ssh, logs-raise-retention'],
    [{ outcome: ['fixed'] }, 'outcome "fixed" is not known', 'remediated'],
    [{ ticket: [' '] }, 'ticket is empty', 'Omit it'],
    [{ actor: [''] }, 'actor is empty', 'Omit it'],
    [{ since: '2026-07-01T00:00:00Z', until: '2026-07-01T00:00:00Z' }, 'is not before', 'earlier'],
    [{ since: 'x2026-07-01' }, 'since "x2026-07-01"', 'P7D'],
    [{ since: 'x2026-07-01T00:00:00Z' }, 'since "x2026-07-01T00:00:00Z"', 'P7D'],
    [{ since: '2026-07-01T00:00:00Z ' }, 'since "2026-07-01T00:00:00Z "', 'P7D'],
    [{ since: 'P0D' }, 'since "P0D"', 'P7D'],
    [{ resource: ['sg-1', ' '] }, 'resource is empty', 'Omit it'],
    [{ approver: [''] }, 'approver is empty', 'Omit it'],
  ])('invalid filter %# is refused, with what is allowed', (input, message, next) => {
    try {
      parseFilter(input, known);
      expect.unreachable();
    } catch (error) {
      expect(isRedressError(error) && error.code).toBe('compose/invalid');
      expect((error as Error).message).toContain(message);
      expect((error as { next: string }).next).toContain(next);
    }
  });

  it('has the given values, and nothing else', () => {
    const nothing = { since: null, until: null, accounts: null, remediators: null, outcomes: null, kinds: null, actors: null, approvers: null };
    expect(parseFilter({}, known)).toEqual({ ...nothing, resources: null, tickets: null });
    const given = { actor: ['alice'], approver: ['SecurityLead'], resource: ['sg-1'], ticket: ['CHG-1'], outcome: ['open'], account: ['111111111111'] };
    expect(parseFilter({ ...given, remediator: ['logs-raise-retention'] }, known)).toEqual({
      ...{ ...nothing, actors: ['alice'], approvers: ['SecurityLead'], resources: ['sg-1'], tickets: ['CHG-1'], outcomes: ['open'] },
      ...{ accounts: ['111111111111'], remediators: ['logs-raise-retention'] },
    });
    // An environment without accounts is nobody's.
    expect(parseFilter({ environment: ['lab'] }, { ...known, environments: new Map([['lab', []]]) }).accounts).toEqual([]);
  });

  it('accepts an environment only if a policy names accounts', () => {
    expect(() => parseFilter({ environment: ['prod'] }, { ...known, environments: null })).toThrow('environment needs a policy that names accounts');
  });
});
