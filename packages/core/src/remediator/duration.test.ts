import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../policy/policy.js';
import { policySchema } from '../schema.js';
import { parseDuration } from './duration.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

const GOOD: readonly (readonly [string, number])[] = [
  ['P7D', 7 * DAY],
  ['PT1H30M', 90 * MINUTE],
  ['P1W2DT3S', 9 * DAY + 3000],
  ['7d', 7 * DAY],
  ['7 days', 7 * DAY],
  ['1 day', DAY],
  ['90 days', 90 * DAY],
  ['2w', 14 * DAY],
  ['1h 30m', 90 * MINUTE],
  ['1h30m', 90 * MINUTE],
  ['15 min', 15 * MINUTE],
  ['1 hour 5 minutes 10 seconds', 65 * MINUTE + 10_000],
  ['45s', 45_000],
];
const BAD = [
  '',
  '7',
  'd',
  '7D',
  '1M',
  '3 months',
  '1y',
  '1 year',
  '7 dayss',
  '-7d',
  '1.5h',
  '30m 1h',
  '1h 2h',
  '7  d',
  ' 7d',
  '7d ',
  'P',
  'PT',
  'P1M',
  'pt1h',
  '1e3d',
];

describe('a duration', () => {
  it.each(GOOD)('is %s', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));
  it.each(BAD)('is not %j', (text) => expect(parseDuration(text)).toBeNull());
  it('has no more digits than a number can hold', () => expect(parseDuration(`${'9'.repeat(30)}d`)).toBeNull());

  it('is accepted in a policy in the same forms as in its schema', () => {
    const window = (text: string) => ({ version: 1, limits: [{ per: ['account'], changes: 1, window: text }] });
    const schema = JSON.stringify(policySchema([]));
    const pattern = /"pattern":"(\^\(\?:P[^"]+)"/.exec(schema)?.[1];
    const matches = (text: string) => new RegExp(JSON.parse(`"${pattern}"`) as string).test(text);
    for (const [text, milliseconds] of GOOD) {
      expect([text, parsePolicy(window(text)).limits[0]?.window, matches(text)]).toEqual([text, milliseconds, true]);
    }
    for (const text of BAD) {
      expect(() => parsePolicy(window(text))).toThrow(/is not a duration such as 7d, 90 days, PT1H or P7D/);
      expect([text, matches(text)]).toEqual([text, false]);
    }
  });

  it('results in one policy however it is written', () => {
    const digestOf = (text: string) => parsePolicy({ version: 1, limits: [{ per: ['account'], changes: 1, window: text }] }).digest;
    expect(digestOf('7 days')).toBe(digestOf('P7D'));
  });
});
