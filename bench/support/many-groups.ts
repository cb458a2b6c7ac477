// A region with many security groups, one in fifty of them open, generated page by page, to measure memory and calls of a sweep.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRedress, definePolicy } from '@redress/core';
import { folderJournal } from '@redress/evidence';
import { ec2Remediators } from '@redress/remediator-ec2';

const GROUPS = Number(process.argv[2]);
const PAGE = 1000;
const ACCOUNT = '111111111111';
const idOf = (at: number) => `sg-${String(at).padStart(17, '0')}`;
/** The rules of a group: one egress rule, one ingress rule. */
const rulesOf = (at: number) => {
  const of = (id: string, more: object) => ({
    SecurityGroupRuleId: `sgr-${id}`,
    GroupId: idOf(at),
    GroupOwnerId: ACCOUNT,
    IpProtocol: 'tcp',
    Tags: [],
    ...more,
  });
  const open = at % 50 === 0;
  return [
    of(`${at}-out`, { IsEgress: true, IpProtocol: '-1', FromPort: -1, ToPort: -1, CidrIpv4: '0.0.0.0/0' }),
    of(`${at}-in`, { IsEgress: false, FromPort: open ? 22 : 443, ToPort: open ? 22 : 443, CidrIpv4: open ? '0.0.0.0/0' : '10.0.0.0/8' }),
  ];
};

let [listed, time] = [0, Date.parse('2026-11-28T00:00:00Z')];
const answer = (operation: string, input: { NextToken?: string; Filters?: { Values: string[] }[]; GroupIds?: string[] }): object => {
  if (operation === 'DescribeSecurityGroupRules') {
    const one = input.Filters?.[0]?.Values[0];
    if (one !== undefined) return { SecurityGroupRules: rulesOf(Number(one.slice(3))) };
    listed++;
    const from = Number(input.NextToken ?? 0);
    const rules = Array.from({ length: PAGE / 2 }, (_, at) => from + at).flatMap((at) => (at < GROUPS ? rulesOf(at) : []));
    const next = from + PAGE / 2;
    return { SecurityGroupRules: rules, ...(next < GROUPS ? { NextToken: String(next) } : {}) };
  }
  if (operation === 'DescribeSecurityGroups') return { SecurityGroups: [{ GroupId: input.GroupIds?.[0], GroupName: 'made-up', OwnerId: ACCOUNT, Tags: [] }] };
  return { NetworkInterfaces: [], Reservations: [], Tags: [] };
};
const clock = {
  now: () => time,
  sleep: async (milliseconds: number) => {
    time += milliseconds;
  },
};
const directory = mkdtempSync(join(tmpdir(), 'redress-many-'));
const journal = folderJournal({ directory, clock });
try {
  const redress = createRedress({
    remediators: ec2Remediators.filter(({ resourceTypes }) => resourceTypes.includes('AWS::EC2::SecurityGroup')),
    policy: definePolicy({ version: 1 }),
    journal,
    clock,
    connect: async () => ({
      config: {},
      identity: async () => ({ account: ACCOUNT, arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Redress/bench` }),
      client: () => ({
        send: async (command) => answer(command.constructor.name.replace(/Command$/, ''), (command as unknown as { input: object }).input) as never,
      }),
    }),
  });
  const started = performance.now();
  const summaries = await redress.sweep({ targets: [{ account: ACCOUNT, region: 'us-east-1' }] });
  const all = summaries.every(({ complete, looked }) => complete && looked === GROUPS);
  if (!all)
    throw new Error(`not everything was decided on: ${JSON.stringify(summaries.map(({ remediator, status, looked }) => [remediator, status, looked]))}`);
  const decided = Math.max(...summaries.map(({ looked }) => looked));
  // Kilobytes, by getrusage(2).
  const rss = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ rss, calls: listed, decided, seconds: (performance.now() - started) / 1000 }));
} finally {
  await journal.close?.();
  rmSync(directory, { recursive: true, force: true });
}
