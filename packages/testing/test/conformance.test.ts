import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkRemediator } from '../src/index.js';
import { encryptThings, toyCloud, toyOptions } from './toy.js';

let cloud: Awaited<ReturnType<typeof toyCloud>>;
beforeAll(async () => {
  cloud = await toyCloud();
});
afterAll(() => cloud.close());

it('finds nothing wrong with a remediator that keeps every promise', async () => {
  expect(await checkRemediator(encryptThings, toyOptions(cloud.endpoint))).toEqual([]);
});
