import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeated } from '../../../../tests/support/size.js';
import type { Finding } from '../model/finding.js';
import { digestOf } from '../model/json.js';
import { everyKind, kinesis, sns, snsNotification, sqs } from './fixtures/events.js';
import { normalize } from './normalize.js';
import { unwrap } from './unwrap.js';

const DISPOSITIONS = ['candidate', 'resolved', 'evaluate', 'record-only', 'ignored', 'rejected'];

/** What holds for every answer. */
function holds(findings: readonly Finding[]): void {
  expect(Array.isArray(findings)).toBe(true);
  expect(findings.length).toBeGreaterThan(0);
  for (const finding of findings) {
    expect(DISPOSITIONS).toContain(finding.disposition);
    expect(finding.reason).not.toBe('');
    expect(finding.id).not.toBe('');
    expect(finding.account === null || /^[0-9]{12}$/.test(finding.account)).toBe(true);
    if (finding.disposition === 'candidate') {
      expect(finding.account).not.toBeNull();
      expect(finding.region).not.toBeNull();
    }
    // Plain, well-formed JSON: or it could not be recorded.
    expect(() => digestOf(finding)).not.toThrow();
    expect(Object.isFrozen(finding)).toBe(true);
  }
}

const events = fc.constantFrom(...Object.keys(everyKind())).map((key) => everyKind()[key] as Record<string, unknown>);

/** All paths into a value. */
function paths(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, member]) => paths(member, [...at, key]))];
}

function replaced(value: unknown, path: readonly (string | number)[], by: unknown, drop: boolean): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((each, index) => (String(index) === key ? replaced(each, rest, by, drop) : each));
  const copy = { ...(value as Record<string, unknown>) };
  if (rest.length === 0 && drop) delete copy[key];
  else copy[key] = replaced(copy[key], rest, by, drop);
  return copy;
}

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});

const mutated = fc
  .tuple(events, fc.array(fc.tuple(fc.nat(), fc.oneof(fc.jsonValue(), anything, fc.string({ unit: 'binary' })), fc.boolean()), { minLength: 1, maxLength: 4 }))
  .map(([event, edits]) =>
    edits.reduce<unknown>((value, [index, by, drop]) => {
      const all = paths(value);
      return replaced(value, all[index % all.length] ?? [], by, drop);
    }, event),
  );

/** A value of which some members throw when they are read. */
function booby(value: unknown, random: () => boolean): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const copy: object = Array.isArray(value) ? [] : {};
  for (const [key, member] of Object.entries(value)) {
    if (random())
      Object.defineProperty(copy, key, {
        enumerable: true,
        configurable: true,
        get: () => {
          throw {
            toString: () => {
              throw new Error('twice');
            },
          };
        },
      });
    else Object.defineProperty(copy, key, { enumerable: true, configurable: true, writable: true, value: booby(member, random) });
  }
  return copy;
}

describe('normalize', () => {
  it('returns findings for any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => holds(normalize(value))),
      { numRuns: repeated(150, 500) },
    );
  });

  it('returns findings for any value', () => {
    fc.assert(
      fc.property(anything, (value) => holds(normalize(value))),
      { numRuns: repeated(150, 500) },
    );
  });

  it('returns findings for any text', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (value) => holds(normalize(value))));
  });

  it('returns findings for events with missing or wrong members', () => {
    fc.assert(
      fc.property(mutated, (value) => holds(normalize(value))),
      { numRuns: repeated(300, 3000) },
    );
  });

  it('returns findings for objects that throw', () => {
    fc.assert(
      fc.property(events, fc.infiniteStream(fc.nat({ max: 15 })), (event, stream) => {
        const random = () => stream.next().value === 0;
        holds(normalize(booby(event, random)));
        holds(normalize(booby(sqs(event, event), random)));
      }),
      { numRuns: repeated(150, 500) },
    );
  });

  it('leaves its input unchanged, and returns the same again', () => {
    fc.assert(
      fc.property(
        mutated.filter((value) => isJson(value)),
        (value) => {
          const before = JSON.stringify(value);
          const first = normalize(value);
          expect(JSON.stringify(value)).toBe(before);
          expect(normalize(value)).toEqual(first);
        },
      ),
      { numRuns: repeated(150, 500) },
    );
  });

  it('returns the same through every wrapper', () => {
    const inner = (findings: readonly Finding[]) => findings.map(({ via: _via, itemId: _itemId, ...rest }) => rest);
    fc.assert(
      fc.property(
        mutated.filter(
          (value) =>
            isJson(value) &&
            typeof value === 'object' &&
            value !== null &&
            !Array.isArray(value) &&
            unwrap(value).length === 1 &&
            unwrap(value)[0]?.body === value,
        ),
        (value) => {
          const direct = inner(normalize(value));
          for (const wrapped of [sqs(value), sqs(snsNotification(value)), sns(value), kinesis(value), [value], JSON.stringify(value)])
            expect(inner(normalize(wrapped))).toEqual(direct);
          expect(normalize(sqs(value)).every((finding) => finding.itemId === 'm-1')).toBe(true);
        },
      ),
      { numRuns: repeated(150, 500) },
    );
  });

  it('never finds a candidate in an event that AWS did not send', () => {
    fc.assert(
      fc.property(
        events.filter((event) => 'detail-type' in event),
        fc.string(),
        (event, source) => {
          fc.pre(!source.startsWith('aws.'));
          for (const finding of normalize({ ...event, source })) expect(finding.disposition).toBe('ignored');
        },
      ),
    );
  });
});

/** Whether a value is the same after a trip through JSON, so that wrapping it in text is the same event. */
function isJson(value: unknown): boolean {
  try {
    const text = JSON.stringify(value);
    return text !== undefined && digestOf(JSON.parse(text)) === digestOf(value);
  } catch {
    return false;
  }
}
