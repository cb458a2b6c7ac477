// Events are best effort. With three in ten of them lost, one sweep closes or reports every gap.
import type { Remediator } from '@redress/core';
import { reportUnencryptedEbsVolumes } from '@redress/remediator-ec2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Moto, startMoto } from '../../scripts/moto.mjs';
import { type Boto, startBoto } from '../support/boto.ts';
import { random } from '../support/random.ts';
import { outcomes, type Runtime, startRuntime } from '../support/runtime.ts';
import { ACCOUNT, encryption, type Gap, rdp, retention, type Situation, ssh, staleKey } from '../support/situations.ts';

// An account of its own: a sweep looks at everything that is there.
let moto: Moto;
let aws: Boto;
let runtime: Runtime;
beforeAll(async () => {
  moto = await startMoto();
  aws = startBoto(moto.endpoint);
  runtime = await startRuntime(moto.endpoint);
});
afterAll(async () => {
  await runtime.close();
  await aws.close();
  await moto.stop();
});

const REGION = 'eu-west-1';
/** How many gaps of each kind. */
const EACH = Number(process.env['REDRESS_LOST_EVENTS'] ?? 6);
const situations: readonly Situation[] = [ssh, rdp, encryption, staleKey, retention];
const remediators: readonly Remediator[] = [...situations.map(({ remediator }) => remediator), reportUnencryptedEbsVolumes];

it('closes or reports every gap', async () => {
  const gaps: { situation: Situation; gap: Gap; before: Readonly<Record<string, unknown>>; lost: boolean }[] = [];
  const dice = random(30);
  for (const situation of situations)
    for (let each = 0; each < EACH; each++) {
      const gap = await situation.gap(aws, REGION);
      gaps.push({ situation, gap, before: await gap.read(), lost: dice() < 0.3 });
    }
  const lost = gaps.filter((each) => each.lost);
  expect(lost.length).toBeGreaterThan(gaps.length / 10);
  expect(new Set(lost.map(({ situation }) => situation.remediator.id)).size).toBeGreaterThan(2);
  const { VolumeId } = await aws.call(REGION, 'ec2', 'create_volume', { AvailabilityZone: `${REGION}a`, Size: 1, Encrypted: false });

  const handler = runtime.handler({
    remediators,
    policy: {
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: Object.fromEntries(
        situations.map(({ remediator, parameters }) => [remediator.id, { dev: 'enforce', ...(parameters === undefined ? {} : { parameters }) }]),
      ),
      limits: [{ per: ['run'], changes: 1000 }],
    },
    sweep: { targets: [{ account: ACCOUNT, region: REGION }], perSecond: 1000 },
  });
  for (const { gap, lost: gone } of gaps) if (!gone) expect((await runtime.deliver(handler, [gap.event()])).failures).toEqual([]);
  // What an event told of is closed; what none told of is not even known.
  for (const { situation, gap, before, lost: gone } of gaps) {
    expect(await gap.read()).toEqual(gone ? before : situation.fixed(before));
    expect((await runtime.records(gap.ref)).length > 0).toBe(!gone);
  }

  const tick = { version: '0', id: 't-1', 'detail-type': 'Scheduled Event', source: 'aws.events', account: ACCOUNT, region: REGION, resources: [], detail: {} };
  const swept = await runtime.deliver(handler, [{ ...tick, time: new Date().toISOString() }]);
  expect(swept.failures).toEqual([]);
  let closed = 0;
  let reported = 0;
  for (const { situation, gap, before, lost: gone } of gaps) {
    // Nobody knows how old a rule is that no event told of: it is reported, and waits for a person.
    const told = gone && situation.stale === null;
    expect(await gap.read()).toEqual(told ? before : situation.fixed(before));
    const found = outcomes(await runtime.records(gap.ref));
    // A flag closes nothing: what an event has flagged the sweep still finds.
    const flagged = gone ? 'flagged' : 'notified';
    expect(found.at(-1)).toBe(told ? 'awaiting-approval' : situation === staleKey ? flagged : 'remediated');
    if (told) reported++;
    else closed++;
  }
  expect(closed + reported).toBe(gaps.length);
  expect([closed > 0, reported > 0]).toEqual([true, true]);
  expect(outcomes(await runtime.records({ type: 'AWS::EC2::Volume', id: VolumeId, account: ACCOUNT, region: REGION, partition: 'aws' }))).toEqual(['notified']);

  // A second sweep has nothing left to change.
  const again = await runtime.deliver(handler, [{ ...tick, id: 't-2', time: new Date().toISOString() }]);
  expect([again.failures, again.writes]).toEqual([[], []]);
  // One record per place for each sweep that came to its end, whatever it recorded on the way; one line of the log per remediator.
  const account = await runtime.records({ type: 'AWS::::Account', id: ACCOUNT, account: ACCOUNT, region: REGION, partition: 'aws' });
  const ended = account.filter(({ record }) => record.kind === 'sweep' && (record.body['sweep'] as { status: string }).status === 'complete');
  expect(ended.map(({ record }) => Object.keys((record.body['sweep'] as { remediators: object }).remediators).length)).toEqual(
    Array(2).fill(remediators.length),
  );
  const summaries = runtime.log.filter(({ kind }) => kind === 'sweep-summary');
  expect(summaries.map(({ level, status, message }) => [level, status, /^(?:\d+ checked|Nothing to check)\.$/.test(message)])).toEqual(
    Array(2 * remediators.length).fill(['INFO', 'complete', true]),
  );
  expect(runtime.verify()).toMatchObject({ status: 'intact', findings: [] });
});
