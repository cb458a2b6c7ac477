// The page of each remediator: it is there, it says all that is declared, and what it tells to type does what it says.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Remediator } from '@redress/core';
import { parametersJsonSchema } from '@redress/core/schema';
import { remediators } from '@redress/remediators';
import { fakeClock, simulatedAccount } from '@redress/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtinRemediators } from '../../packages/cli/src/builtin.js';
import type { PlanDocument } from '../../packages/cli/src/commands/plan.js';
import type { SweepDocument } from '../../packages/cli/src/commands/sweep.js';
import { command } from '../../packages/cli/test/support/command.js';

const PAGES = fileURLToPath(new URL('../../docs/remediators', import.meta.url));
const ACCOUNT = '111111111111';
const REGION = 'us-east-1';
const pageOf = (id: string) => readFileSync(join(PAGES, `${id}.md`), 'utf8');
const blocksOf = (page: string, language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => match[1] ?? '');

/** An account with something for everyone. */
function gaps() {
  const clock = fakeClock();
  const account = simulatedAccount({
    account: ACCOUNT,
    clock,
    services: { ec2: { DescribeVolumes: () => ({ Volumes: [{ VolumeId: 'vol-1', Encrypted: false, Size: 8, State: 'available' }] }) } },
  });
  const { GroupId } = account.act('ec2', 'CreateSecurityGroup', { GroupName: 'web', Description: 'web' }, REGION);
  const open = (port: number, ranges: object) =>
    account.act('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, ...ranges }] }, REGION);
  open(22, { IpRanges: [{ CidrIp: '0.0.0.0/0' }] });
  open(3389, { IpRanges: [{ CidrIp: '0.0.0.0/0' }] });
  open(22, { Ipv6Ranges: [{ CidrIpv6: '::/0' }] });
  account.act('s3', 'CreateBucket', { Bucket: 'plain' }, REGION);
  account.act('logs', 'CreateLogGroup', { logGroupName: 'short' }, REGION);
  account.act('logs', 'PutRetentionPolicy', { logGroupName: 'short', retentionInDays: 7 }, REGION);
  account.act('iam', 'CreateUser', { UserName: 'robot' }, REGION);
  account.act('iam', 'CreateAccessKey', { UserName: 'robot' }, REGION);
  clock.advance(200 * 86_400_000);
  return { account, clock };
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-pages-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function typed(line: string, { account, clock }: ReturnType<typeof gaps>, cwd: string): Promise<{ exit: number; json: unknown; err: string }> {
  const [npx, redress, ...argv] = line.trim().split(' ');
  expect([npx, redress]).toEqual(['npx', 'redress']);
  const { exit, out, err } = await command([...argv, '--json', '--region', REGION], cwd, { connect: account.connect, clock });
  return { exit, json: JSON.parse(out) as unknown, err };
}

it('each remediator has one page, and no other page exists', () => {
  expect(readdirSync(PAGES).sort()).toEqual(remediators.map(({ id }) => `${id}.md`).sort());
});

describe.each(remediators.map((each) => [each.id, each] as const))('%s', (id, remediator: Remediator) => {
  it('declares its hazards, and what a rollback restores', () => {
    expect(remediator.hazards).toBeDefined();
    if (remediator.uses.writes.length > 0) expect(remediator.rollback?.what).toMatch(/\.$/);
  });

  it('has a page with everything that is declared', () => {
    const page = pageOf(id);
    const said = [
      remediator.title,
      ...remediator.resourceTypes,
      ...remediator.controls.map((control) => control.id),
      ...remediator.configRules,
      ...Object.values(remediator.alsoFoundBy ?? {}).flat(),
      ...Object.keys(remediator.apiCalls),
      ...remediator.blindSpots,
      ...(remediator.hazards ?? []).flatMap(({ code, what, advice }) => [code, what, advice]),
      ...(remediator.rollback === undefined ? [] : [remediator.rollback.what, ...remediator.rollback.not]),
      ...Object.keys(parametersJsonSchema(remediator)?.['properties'] ?? {}),
      ...Object.values(remediator.uses).flatMap((uses) =>
        uses.flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? [])),
      ),
    ];
    expect(said.filter((each) => !page.includes(each))).toEqual([]);
  });

  // What does not come with the command needs a configuration of its own, and what it needs is not simulated.
  if (!builtinRemediators.includes(remediator)) return;
  it('has working commands on its page', async () => {
    const page = pageOf(id);
    const cwd = mkdtempSync(join(directory, 'page-'));
    const world = gaps();
    writeFileSync(join(cwd, 'redress.yaml'), blocksOf(page, 'yaml')[0] ?? '');
    const lines = blocksOf(page, 'sh').flatMap((block) => block.trim().split('\n'));
    expect(lines.map((line) => line.split(' ')[2])).toEqual(['plan', 'patterns', 'generate', ...(remediator.discover === null ? [] : ['sweep'])]);
    for (const line of lines) {
      const { exit, json, err } = await typed(line, world, cwd);
      // What takes long says what it does, and how far it is.
      expect(
        err.replaceAll(/^(?:\d+ of \d+ places, .*|Reading configuration, policy and register\.|Reading with 1 remediator; .*|settling until .*)\n/gm, ''),
        line,
      ).toBe('');
      if (line.includes(' plan ')) {
        const { passes, summary } = json as PlanDocument;
        // What has nothing to change is only counted.
        expect(passes.length + summary.nothingToChange, line).toBeGreaterThan(0);
        expect(passes.filter((pass) => pass.remediator !== id)).toEqual([]);
        expect(world.account.calls.filter((call) => call.write)).toEqual([]);
        continue;
      }
      expect(exit, line).toBe(0);
      if (line.includes(' sweep ')) expect(Object.keys((json as SweepDocument).sweeps[0]?.outcomes ?? {}).length).toBeGreaterThan(0);
      if (line.includes(' generate ')) {
        const text = JSON.stringify(json);
        for (const use of remediator.uses.writes)
          for (const operation of use.operations) for (const action of use.service.operations.get(operation)?.iam ?? []) expect(text).toContain(action);
      }
    }
    const writes = world.account.calls.filter((call) => call.write);
    if (remediator.ceiling !== 'enforce' || remediator.freshWithin !== null) expect(writes).toEqual([]);
    else expect(writes.length).toBeGreaterThan(0);
  });
});
