import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { nodeTooOld } from './node-version.js';

it.each([
  ['20.19.5', true],
  ['22.18.0', true],
  ['22.19.0', false],
  ['22.19.0-nightly', false],
  ['24.0.1', false],
  ['9.0.0', true],
])('Node %s is too old: %s', (version, old) => {
  const said = nodeTooOld(version, '>=22.19');
  expect(said !== null).toBe(old);
  if (old) expect(said).toContain(`this is Node ${version}, and Redress needs Node 22.19 or newer`);
});

it('is checked before anything else is loaded', () => {
  const bin = readFileSync(fileURLToPath(new URL('bin.ts', import.meta.url)), 'utf8');
  expect([...bin.matchAll(/^import .* from '([^']*)'/gm)].map(([, from]) => from)).toEqual(['../package.json', './node-version.js']);
});
