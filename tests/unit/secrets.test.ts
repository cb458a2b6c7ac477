// The search of the tests on redaction finds what is there: else that it finds nothing says nothing.
import { expect, it } from 'vitest';
import { corpus, leaksIn } from '../support/secrets.js';

const secrets = corpus();
const base64 = (before: string) => (secret: string) => Buffer.from(`${before}${secret}zz`).toString('base64');

it.each<[string, (secret: string) => string]>([
  ['plain', (secret) => secret],
  ['in JSON', (secret) => JSON.stringify(secret)],
  ['in JSON in JSON', (secret) => JSON.stringify(JSON.stringify(secret))],
  ['in an address', encodeURIComponent],
  ['in hexadecimal', (secret) => Buffer.from(secret).toString('hex')],
  ['in Base64', base64('')],
  ['in Base64, one byte later', base64('a')],
  ['in Base64, two bytes later', base64('ab')],
  ['at the beginning, twice', (secret) => `${secret}${secret}`],
])('finds each secret of the corpus %s, alone and among the others', (_how, write) => {
  const among = leaksIn(secrets.map(({ secret }) => `${'x'.repeat(11)}${write(secret)} `).join(''), secrets).join('\n');
  const missed = secrets.filter(({ secret }) => !`${among}\n`.includes(`: ${secret}\n`) || leaksIn(write(secret), [{ kind: 'k', secret }]).length === 0);
  expect(missed).toEqual([]);
});

it('finds a part of a long secret', () => {
  const long = secrets.filter(({ secret }) => secret.length > 60);
  expect(long.length).toBeGreaterThan(20);
  expect(long.filter((each) => leaksIn(`x${each.secret.slice(12, 44)}x`, [each]).length === 0)).toEqual([]);
});

it('finds secrets that are shorter than the hashed length, and nothing in a text without any', () => {
  expect(leaksIn('a pin: 9x7q', [{ kind: 'pin', secret: '9x7q' }])).toEqual(['pin (an address): 9x7q']);
  expect(leaksIn('Nothing of that kind is in here. '.repeat(200), secrets)).toEqual([]);
  expect(leaksIn('', secrets)).toEqual([]);
});
