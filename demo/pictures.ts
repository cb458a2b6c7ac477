// The pictures of the quick start: terminals with what the command really prints, on a simulated account and on the sample of a ledger. Each run makes the
// same bytes.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processIo, type RunOverrides, run } from '@redress/cli';
import { simulatedAccount } from '@redress/testing';
import { terminalSvg } from './terminal.ts';

/** Where they stand in the repository. */
export const PICTURES = 'docs/images/terminal';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COLUMNS = 88;
const ACCOUNT = '111111111111';
const REGION = 'eu-west-1';

/** A command as it is typed in `cwd`, and what it prints on a terminal. @throws {Error} when it fails */
async function typed(cwd: string, line: string, overrides: RunOverrides = {}): Promise<{ readonly typed: string; readonly printed: string }> {
  let [printed, problems] = ['', ''];
  const io = {
    ...processIo(),
    ...{ cwd, env: { AWS_REGION: REGION }, columns: COLUMNS, color: true, terminal: false, user: 'you' },
    stdout: (text: string) => {
      printed += text;
    },
    stderr: (text: string) => {
      problems += text;
    },
  };
  const exit = await run(line.split(' ').slice(2), io, overrides);
  if (exit !== 0) throw new Error(`${line} ended with ${exit}: ${printed}${problems}`);
  return { typed: line, printed };
}

/** The policy of the quick start, as its page has it. */
function policyOfPage(): string {
  const [, policy] = /^```yaml session\n([\s\S]*?)^```$/m.exec(readFileSync(join(ROOT, 'docs', 'quick-start.md'), 'utf8')) ?? [];
  if (policy === undefined) throw new Error('docs/quick-start.md has no policy.');
  return policy;
}

/** An account as a new user may find it: a group that is open, one that is not, buckets, log groups. */
function account(): RunOverrides {
  let time = Date.parse('2026-11-24T09:00:00Z');
  const clock = {
    now: () => time,
    sleep: async (milliseconds: number) => {
      time += milliseconds;
    },
  };
  const own = simulatedAccount({ account: ACCOUNT, clock });
  for (const [name, port, cidr] of [
    ['shop-web', 443, '0.0.0.0/0'],
    ['jump-host', 22, '0.0.0.0/0'],
    ['batch', 22, '10.0.0.0/8'],
  ] as const) {
    const { GroupId } = own.act('ec2', 'CreateSecurityGroup', { GroupName: name, Description: name }, REGION) as { GroupId: string };
    own.act('ec2', 'CreateTags', { Resources: [GroupId], Tags: [{ Key: 'Name', Value: name }] }, REGION);
    const IpPermissions = [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: cidr }] }];
    own.act('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions }, REGION);
  }
  for (const Bucket of ['acme-invoices', 'acme-orders']) own.act('s3', 'CreateBucket', { Bucket }, REGION);
  own.act('logs', 'CreateLogGroup', { logGroupName: '/acme/orders' }, REGION);
  own.act('logs', 'PutRetentionPolicy', { logGroupName: '/acme/orders', retentionInDays: 7 }, REGION);
  // They have stood for a while.
  time += 30 * 86_400_000;
  return { connect: (place) => own.connect(place), clock };
}

/** A security group of the sample about which one thing was done: the newest that was fixed. */
async function fixedGroup(directory: string): Promise<string> {
  const { printed } = await typed(directory, 'npx redress history --data ledger --json');
  const passes = JSON.parse(printed) as readonly { readonly outcome: string; readonly resource: { readonly id: string } }[];
  const passesOf = (id: string) => passes.filter(({ resource }) => resource.id === id).length;
  const last = passes.findLast(({ outcome, resource: { id } }) => outcome === 'remediated' && id.startsWith('sg-') && passesOf(id) === 1);
  if (last === undefined) throw new Error('The sample has no fix of a security group.');
  return last.resource.id;
}

/**
 * Each picture, by its path in {@link PICTURES}.
 *
 * @param sample the files of the sample, by their path in it.
 * @throws {Error} when a command fails.
 */
export async function pictures(sample: ReadonlyMap<string, Buffer>): Promise<ReadonlyMap<string, string>> {
  const directory = mkdtempSync(join(tmpdir(), 'redress-pictures-'));
  try {
    const [handler, quarter] = [join(directory, 'our-redress'), join(directory, 'sample')];
    mkdirSync(handler);
    writeFileSync(join(handler, 'redress.yaml'), policyOfPage());
    writeFileSync(join(handler, 'exceptions.yaml'), '[]\n');
    for (const [path, bytes] of sample) {
      mkdirSync(dirname(join(quarter, path)), { recursive: true });
      writeFileSync(join(quarter, path), bytes);
    }
    const group = await fixedGroup(quarter);
    const checked = await typed(handler, 'npx redress policy check');
    const planned = await typed(handler, 'npx redress plan --live', account());
    const proven = [
      await typed(quarter, `npx redress explain ${group} --data ledger`),
      await typed(quarter, 'npx redress evidence verify --data ledger --trust redress.trust.json'),
    ];
    return new Map([
      ['check.svg', terminalSvg('The policy is valid. One remediator enforces in dev, all others notify.', COLUMNS, [checked])],
      ['plan.svg', terminalSvg('A plan: the counts, a table by remediator, and each gap with what would be done about it.', COLUMNS, [planned])],
      ['evidence.svg', terminalSvg('Why a rule was revoked, with the command that rolls it back. The evidence is intact.', COLUMNS, proven)],
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
