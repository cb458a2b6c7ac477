import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrangeThing, encryptThings, tag, toyCloud, toyOptions } from '../test/toy.js';
import { Bench } from './bench.js';
import { scenarioChecks } from './checks.js';
import type { Scenario } from './scenario.js';

/** Checks whose result depends on the calls of a plan, not on the situation. */
const ONCE = [
  'a write that fails is classified, and one whose reply is lost is made once',
  'a worker that dies is found out by the next',
  'ten equal events are one change',
];
const DRY_RUN = 'a dry run sees what is expected and writes nothing';
const HERE = { tag, arrange: (sdk: Bench['sdk']) => arrangeThing(sdk, {}), expect: 'change' } as const;

let cloud: Awaited<ReturnType<typeof toyCloud>>;
beforeAll(async () => {
  cloud = await toyCloud();
});
afterAll(() => cloud.close());

/** The scenarios in which each check sent a writing call. */
async function tried(scenarios: readonly Scenario[], checks: readonly string[]): Promise<Record<string, string[]>> {
  const bench = await Bench.open(encryptThings, toyOptions(cloud.endpoint, scenarios));
  const found: Record<string, string[]> = Object.fromEntries(ONCE.map((name) => [name, []]));
  try {
    for (const scenario of scenarios)
      for (const check of scenarioChecks.filter(({ name, applies }) => checks.includes(name) && applies(scenario, encryptThings))) {
        const before = bench.proxy.calls.length;
        expect(await check.run(bench, scenario)).toEqual([]);
        if (bench.proxy.calls.slice(before).some(({ write }) => write)) found[check.name]?.push(scenario.name);
      }
  } finally {
    await bench.close();
  }
  return found;
}
const all = (names: readonly string[]) => Object.fromEntries(ONCE.map((name) => [name, names]));

it('a check that depends only on the calls of a plan runs for the first plan with these calls, and again for other calls', async () => {
  const scenarios: Scenario[] = [
    { ...HERE, name: 'one' },
    { ...HERE, name: 'another' },
    { ...HERE, name: 'a part of it', partly: true },
    { ...HERE, name: 'another part', partly: true },
  ];
  expect(await tried(scenarios, [DRY_RUN, ...ONCE])).toEqual(all(['one', 'a part of it']));
});

it('a scenario with a hazard, in which nothing is changed, replaces no other one', async () => {
  const scenarios: Scenario[] = [
    { ...HERE, name: 'with a hazard', hazards: ['website'], arrange: (sdk) => arrangeThing(sdk, { website: true }) },
    { ...HERE, name: 'without one' },
  ];
  expect(await tried(scenarios, [DRY_RUN, ...ONCE])).toEqual(all(['without one']));
});

it('a check without a dry run before it runs in each scenario', async () => {
  const scenarios: Scenario[] = [
    { ...HERE, name: 'one' },
    { ...HERE, name: 'another' },
  ];
  expect(await tried(scenarios, ONCE)).toEqual(all(['one', 'another']));
});
