// A new user's session: docs/quick-start.md from its first command to its last, in one shell, in an empty folder. Nothing of this repository is used but
// what it would publish, from a registry on loopback; the AWS command line is the real one; the account is that of the emulator that enforces IAM.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { withRegistry } from '../../scripts/registry.mjs';
import { folderOf } from '../../scripts/setup.mjs';
import { clientsOf, emulatedHub, emulatedMember, lockBucket, openedEvent, outputsOf, type Template, written } from '../support/deployed.ts';
import { type Enforced, startEnforced } from '../support/ministack.ts';

const REGION = 'eu-west-1';
const PAGE = readFileSync(fileURLToPath(new URL('../../docs/quick-start.md', import.meta.url)), 'utf8');

/** A block of the page that is a step of the session, under its heading. */
interface Step {
  readonly heading: string;
  readonly language: string;
  readonly code: string;
}
const steps: readonly Step[] = PAGE.split(/^## /m).flatMap((section, index) => {
  const heading = index === 0 ? 'Prepare' : (section.split('\n')[0] ?? '');
  return [...section.matchAll(/^```(\w+) session\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({ heading, language, code }));
});

let folder: string;
let emulator: Enforced;
beforeAll(async () => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'redress-session-'));
  emulator = await startEnforced(inject('moto'));
});
afterAll(async () => {
  await emulator?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One shell for the whole session, with an account, the AWS command line, and nothing else of this process. */
function startShell(cwd: string, npmrc: string) {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_(?:OPTIONS|ENV|PATH)|AWS_|REDRESS_|npm_(?!config_))/i.test(name)),
  );
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(join(folderOf('awscli'), 'bin', 'aws'), join(bin, 'aws'));
  const nothing = join(folder, 'no-configuration');
  writeFileSync(nothing, '');
  const env = {
    ...inherited,
    PATH: `${bin}:${dirname(process.execPath)}:${process.env['PATH']}`,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_CONFIG_FILE: nothing,
    AWS_SHARED_CREDENTIALS_FILE: nothing,
    NPM_CONFIG_USERCONFIG: npmrc,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
  const child = spawn('sh', [], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += String(data)));
  child.stderr.on('data', (data) => (err += String(data)));
  child.stdin.write('set -e\n');
  let serial = 0;
  return {
    /** Runs commands until all have ended. @throws when one fails, with all that was printed */
    async run(code: string): Promise<string> {
      [out, err] = ['', ''];
      const end = `session-${serial++}-ended`;
      child.stdin.write(`{\n${code}\n} </dev/null\necho ${end}\n`);
      const exit = await Promise.race([
        ended,
        new Promise<'ran'>((done) => {
          const look = () => out.endsWith(`${end}\n`) && (child.stdout.off('data', look), done('ran'));
          child.stdout.on('data', look);
        }),
      ]);
      if (exit !== 'ran') throw new Error(`The session ended with ${exit}:\n${code}\n${out}\n${err}`);
      return out.slice(0, -end.length - 1);
    },
    async close(): Promise<void> {
      child.stdin.end();
      await ended;
    },
  };
}

/** What the emulator does not do as AWS does, after the command that needs it: a part of the page, and what is done instead. */
type Play = readonly [after: RegExp, play: () => Promise<void>];

function playsOf(handler: string): readonly Play[] {
  const config = clientsOf(emulator, REGION);
  const hub = () => outputsOf(new CloudFormationClient(config), 'redress');
  const adapted = (name: string, change: (template: Template) => Template) => {
    const file = join(handler, `${name}.json`);
    writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')) as Template)));
  };
  return [
    [/generate template hub /, async () => adapted('hub', emulatedHub)],
    [/deploy --stack-name redress /, async () => lockBucket(new S3Client({ ...config, forcePathStyle: true }), await hub())],
    [
      /generate template member-role /,
      async () => {
        const outputs = await hub();
        adapted('member-role', (template) => emulatedMember(template, outputs));
      },
    ],
    [
      /authorize-security-group-ingress/,
      async () => {
        const { GroupId = '', IpPermissions } = await trialGroup();
        expect(IpPermissions).toHaveLength(1);
        const MessageBody = JSON.stringify(openedEvent(GroupId, emulator.account, REGION));
        await new SQSClient(config).send(new SendMessageCommand({ QueueUrl: (await hub())['QueueUrl'], MessageBody }));
      },
    ],
  ];
}

/** The group that the page opens. */
async function trialGroup() {
  const { SecurityGroups = [] } = await new EC2Client(clientsOf(emulator, REGION)).send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['redress-trial'] }] }),
  );
  const [group] = SecurityGroups;
  if (group === undefined) throw new Error('There is no group redress-trial.');
  return group;
}

/** What the project has installed is what was packed. */
async function installedAsPacked(handler: string, url: string): Promise<void> {
  const lock = JSON.parse(readFileSync(join(handler, 'package-lock.json'), 'utf8')) as { packages: Record<string, { version: string; integrity: string }> };
  const ours = Object.entries(lock.packages).flatMap(([path, { version, integrity }]) => {
    const [name] = /@redress\/[^/]+$/.exec(path) ?? [];
    return name === undefined ? [] : [{ name, version, integrity }];
  });
  expect(ours.length).toBeGreaterThan(8);
  for (const { name, version, integrity } of ours) {
    const { versions } = (await (await fetch(`${url}/${name.replace('/', '%2f')}`)).json()) as { versions: Record<string, { dist: { integrity: string } }> };
    expect([name, integrity]).toEqual([name, versions[version]?.dist.integrity]);
  }
}

/** Commands of a README, without what the reader fills in. */
const commandsIn = (text: string) =>
  [...text.matchAll(/```sh(?: session)?\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block
      .trim()
      .replaceAll(/\\\n\s*/g, '')
      .split('\n'),
  );
const filledBefore = (command: string) => command.replace(/ --parameter-overrides .*$/, '');

it('works from an empty folder to the report of a fix, with the commands on the page', async () => {
  const handler = join(folder, 'our-redress');
  const plays = playsOf(handler);
  const played = new Set<RegExp>();
  const printed = new Map<string, string>();
  const seconds = new Map<string, number>();

  await withRegistry(async ({ url, upstream }) => {
    const npmrc = join(folder, 'npmrc');
    writeFileSync(npmrc, `registry=${upstream}\n`);
    // What the page leaves to its reader.
    const filled = (text: string) =>
      text.replaceAll('111111111111', emulator.account).replaceAll('CODE-BUCKET', 'code').replaceAll('http://127.0.0.1:PORT', url);
    const shell = startShell(folder, npmrc);
    try {
      for (const { heading, language, code } of steps) {
        const started = performance.now();
        if (language === 'yaml') writeFileSync(join(handler, 'redress.yaml'), filled(code));
        else printed.set(heading, (printed.get(heading) ?? '') + (await shell.run(filled(code))));
        seconds.set(heading, (seconds.get(heading) ?? 0) + (performance.now() - started) / 1000);
        if (/^while /m.test(code)) expect((await trialGroup()).IpPermissions).toEqual([]);
        for (const [after, play] of plays)
          if (after.test(code)) {
            await play();
            played.add(after);
          }
      }
      await installedAsPacked(handler, url);
      // What the scaffold's own README says is on the page, too. Events of other regions and accounts are not part of the session.
      const page = commandsIn(PAGE).map(filledBefore);
      const others = commandsIn(readFileSync(join(handler, 'README.md'), 'utf8')).filter((each) => !page.includes(filledBefore(each)));
      expect(others.map(filledBefore)).toEqual([
        'npm run bundle',
        'npx redress generate template member-events --format json > member-events.json',
        'aws cloudformation deploy --stack-name redress-events --template-file member-events.json --capabilities CAPABILITY_IAM --s3-bucket CODE-BUCKET',
      ]);
      await shell.run('npx redress generate template member-events --format json > member-events.json');
    } catch (error) {
      throw new Error(`What the functions wrote: ${await written(new CloudWatchLogsClient(clientsOf(emulator, REGION)))}`, { cause: error });
    } finally {
      await shell.close();
    }
  });
  expect(played.size).toBe(plays.length);
  console.log([...seconds].map(([heading, each]) => `${each.toFixed(1).padStart(6)} s  ${heading}`).join('\n'));

  const [look, policy, fix, report] = ['2. Look', '3. Write a policy', '6. See a fix', '7. Report'].map((heading) => printed.get(heading) ?? '');
  expect(look).toMatch(/\d+ gaps in \d+ resources: 0 would be fixed, 0 need approval/);
  expect(policy).toContain('ec2-revoke-sg-open-ssh  dev: enforce');
  expect(policy).toContain('iam-flag-stale-access-key  dev: notify');
  expect(fix).toContain('It made the change, and a second read found nothing left to change.');
  expect(fix).toContain('intact: ');
  expect(report).toMatch(/^intact {2}/m);
  // The report is of the ledger that holds the fix.
  const html = readFileSync(join(handler, 'report', 'report.html'), 'utf8');
  const [, execution] = /redress rollback (x-[\w-]+)/.exec(fix ?? '') ?? [];
  expect(execution).toBeDefined();
  expect(html).toContain(execution);
  expect(html).toContain(emulator.account);
  expect(JSON.parse(readFileSync(join(handler, 'member-events.json'), 'utf8'))).toHaveProperty('AWSTemplateFormatVersion');
});
