// The main job, on real input: an account with mistakes in it, the events that AWS sends about them, and what Redress makes of it.
// Options: --keep leaves the emulator running; --data DIR keeps the evidence there.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { processIo, run } from '@redress/cli';
import { connectAws } from '@redress/connect';
import { createRedress, type Notification, type StoredRecord } from '@redress/core';
import { readPolicy, readRegister } from '@redress/core/yaml';
import { folderJournal, generateKey, sealFolder, signerOf } from '@redress/evidence';
import { createHandler } from '@redress/lambda-runtime';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { verifyLedger } from '@redress/verify';
import { startMoto } from '../scripts/moto.mjs';
import { arrange, clients, leadCredentials, look } from './account.ts';
import { ACCOUNT, compliance, finding, opened, queue, REGION } from './events.ts';

const { values: options } = parseArgs({ options: { keep: { type: 'boolean', default: false }, data: { type: 'string' } } });
const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
const paint = (style: Parameters<typeof styleText>[0], text: string) => (colour ? styleText(style, text) : text);
const say = (text = '') => process.stdout.write(`${text}\n`);
const title = (text: string) => say(`\n${paint('bold', text)}`);
const started = Date.now();

/** What the demo promises; it fails when one of them does not hold. */
const broken: string[] = [];
function expect(holds: boolean, promise: string): void {
  if (!holds) broken.push(promise);
}

// Only the emulator may be reached: no credentials of the machine, no metadata service.
Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: 'demo',
  AWS_SECRET_ACCESS_KEY: 'demo',
  AWS_REGION: REGION,
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
});
for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL', 'AWS_LAMBDA_FUNCTION_NAME']) delete process.env[name];

const temporary = options.data === undefined && !options.keep;
const data = options.data === undefined ? mkdtempSync(join(tmpdir(), 'redress-demo-')) : resolve(options.data);
if (existsSync(join(data, 'streams'))) {
  process.stderr.write(`${data} holds evidence already; the demo makes a new account, to which it would not fit. Name another folder.\n`);
  process.exit(2);
}
mkdirSync(data, { recursive: true });

title('1. An account with mistakes in it');
const moto = await startMoto({ detached: options.keep });
const aws = clients(moto.endpoint);
const see = look(aws);
const { groups, volume, userId } = await arrange(aws);
say(`An emulated AWS account ${ACCOUNT} at ${moto.endpoint}: 8 security groups, 2 buckets, a volume, a user, a log group.`);

title('2. What may happen automatically, and what may not');
const inTenDays = new Date(Date.now() + 10 * 86_400_000).toISOString();
const lastWeek = new Date(Date.now() - 7 * 86_400_000).toISOString();
const policyText = `# Everything that is not named here is notify-only.
version: 1
environments:
  dev: { accounts: ["${ACCOUNT}"] }
  prod: { accounts: [], after: none, because: the demo has one account }
approvers: { dev: ["arn:aws:iam::${ACCOUNT}:role/SecurityLead"] }
remediators:
  ec2-revoke-sg-open-ssh: { dev: enforce }
  ec2-revoke-sg-open-rdp: { dev: enforce }
  ec2-enable-ebs-encryption-by-default: { dev: enforce }
  s3-enforce-default-encryption: { dev: enforce }
  iam-flag-stale-access-key: { dev: enforce }
  logs-raise-retention: { dev: enforce, parameters: { minDays: 365 } }
exceptions: { tag: "redress:exception", register: exceptions.yaml }
limits:
  - { per: [remediator, account], changes: 10, window: PT1H }
`;
const registerText = `- id: EXC-42
  scope: { account: "${ACCOUNT}", resource: ${groups.payments}, remediators: [ec2-revoke-sg-open-ssh] }
  reason: payment provider's support window
  owner: payments-team
  approver: security-team
  ticket: CHG-1234
  compensatingControl: host firewall allows the provider's addresses only
  expires: "${inTenDays}"
- id: EXC-17
  scope: { account: "${ACCOUNT}", resource: ${groups.migration} }
  reason: data centre migration
  owner: migration-team
  approver: security-team
  expires: "${lastWeek}"
`;
writeFileSync(join(data, 'redress.yaml'), policyText);
writeFileSync(join(data, 'exceptions.yaml'), registerText);
say(policyText.trim().replace(/^/gm, '  '));
say(`  ${paint('dim', '# exceptions.yaml: EXC-42 lives (payments), EXC-17 expired a week ago (migration)')}`);

const remediators = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const journal = folderJournal({ directory: data });
const told: Notification[] = [];
const composition = {
  remediators,
  policy: readPolicy(policyText, 'redress.yaml'),
  exceptions: readRegister(registerText, 'exceptions.yaml'),
  journal,
  connect: connectAws({ endpoint: moto.endpoint }),
  notify: async (notification: Notification) => {
    told.push(notification);
  },
};
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined };
const handler = createHandler({ ...composition, logger: quiet as never });
const context = { getRemainingTimeInMillis: () => 300_000, awsRequestId: 'demo', functionName: 'redress' } as never;

interface Case {
  readonly name: string;
  readonly about: string;
  readonly event: object;
  readonly resource: string;
  readonly now: () => Promise<string>;
  readonly outcome: string;
  readonly remediator: string;
}
const sg = (key: keyof typeof groups, remediator = 'ec2-revoke-sg-open-ssh') => ({ resource: groups[key], now: () => see.rules(groups[key]), remediator });
const cases: Case[] = [
  { name: 'SSH opened to the world, a minute ago', about: 'shop-web', event: opened(groups.shop, 22, '0.0.0.0/0'), ...sg('shop'), outcome: 'remediated' },
  {
    name: 'RDP opened to the world over IPv6',
    about: 'desktops',
    event: opened(groups.desktop, 3389, '::/0'),
    ...sg('desktop', 'ec2-revoke-sg-open-rdp'),
    outcome: 'remediated',
  },
  {
    name: 'an old open SSH rule that nobody just added',
    about: 'vendor-access',
    event: finding(
      'EC2.13',
      'AwsEc2SecurityGroup',
      `arn:aws:ec2:${REGION}:${ACCOUNT}:security-group/${groups.vendor}`,
      'Security groups should not allow ingress from 0.0.0.0/0 to port 22',
    ),
    ...sg('vendor'),
    outcome: 'awaiting-approval',
  },
  { name: 'a live exception', about: 'payments', event: opened(groups.payments, 22, '0.0.0.0/0'), ...sg('payments'), outcome: 'exempt' },
  { name: 'an exception that expired', about: 'migration', event: opened(groups.migration, 22, '0.0.0.0/0'), ...sg('migration'), outcome: 'remediated' },
  {
    name: 'a rule that opens everything, not SSH alone',
    about: 'lab',
    event: compliance('restricted-ssh', 'AWS::EC2::SecurityGroup', groups.lab, 'COMPLIANT'),
    ...sg('lab'),
    outcome: 'awaiting-approval',
  },
  {
    name: 'an exception tag that nobody registered',
    about: 'self-service',
    event: opened(groups.tagged, 22, '0.0.0.0/0'),
    ...sg('tagged'),
    outcome: 'notified',
  },
  {
    name: 'a forged event: another account speaks about ours',
    about: 'sandbox',
    event: { ...opened(groups.notified, 22, '0.0.0.0/0'), account: '999999999999' },
    ...sg('notified'),
    outcome: 'denied',
  },
  {
    name: 'a bucket below the encryption baseline',
    about: 'acme-invoices',
    event: compliance('s3-bucket-server-side-encryption-enabled', 'AWS::S3::Bucket', 'acme-invoices', null),
    resource: 'acme-invoices',
    now: () => see.encryption('acme-invoices'),
    outcome: 'remediated',
    remediator: 's3-enforce-default-encryption',
  },
  {
    name: 'a public bucket that is a website',
    about: 'acme-website',
    event: compliance('s3-bucket-public-read-prohibited', 'AWS::S3::Bucket', 'acme-website', null),
    resource: 'acme-website',
    now: () => see.website('acme-website'),
    outcome: 'notified',
    remediator: 's3-report-public-website-bucket',
  },
  {
    name: 'EBS encryption by default is off',
    about: 'the account',
    event: finding('EC2.7', 'AwsAccount', `AWS::::Account:${ACCOUNT}`, 'EBS default encryption should be enabled'),
    resource: ACCOUNT,
    now: () => see.ebsDefault(),
    outcome: 'remediated',
    remediator: 'ec2-enable-ebs-encryption-by-default',
  },
  {
    name: 'an unencrypted volume',
    about: volume,
    event: compliance('encrypted-volumes', 'AWS::EC2::Volume', volume, null),
    resource: volume,
    now: () => see.volume(volume),
    outcome: 'notified',
    remediator: 'ec2-report-unencrypted-ebs-volumes',
  },
  {
    name: 'an access key 200 days old',
    about: 'old-deploy-bot',
    event: compliance('access-keys-rotated', 'AWS::IAM::User', userId, null),
    resource: 'old-deploy-bot',
    now: () => see.user('old-deploy-bot'),
    outcome: 'flagged',
    remediator: 'iam-flag-stale-access-key',
  },
  {
    name: 'logs kept for a week only',
    about: '/acme/orders',
    event: compliance('cw-loggroup-retention-period-check', 'AWS::Logs::LogGroup', '/acme/orders', null),
    resource: '/acme/orders',
    now: () => see.retention('/acme/orders'),
    outcome: 'remediated',
    remediator: 'logs-raise-retention',
  },
];

title('3. The account before');
const before = await Promise.all(cases.map((each) => each.now()));
for (const [index, each] of cases.entries()) say(`  ${each.about.padEnd(23)} ${before[index]}`);

title(`4. ${cases.length} events, through the Lambda handler`);
const begun = Date.now();
const answer = await handler(queue(cases.map((each) => each.event)), context);
expect(JSON.stringify(answer) === '{"batchItemFailures":[]}', 'every message is handled');

const records: StoredRecord[] = [];
for await (const each of journal.read({ all: true })) records.push(each);
const STYLE: Record<string, [Parameters<typeof styleText>[0], string]> = {
  remediated: ['green', 'FIXED, VERIFIED'],
  flagged: ['yellow', 'FLAGGED, TOLD'],
  notified: ['yellow', 'TOLD'],
  'awaiting-approval': ['cyan', 'NEEDS AN APPROVAL'],
  exempt: ['blue', 'EXEMPT'],
  denied: ['red', 'REFUSED'],
};
const executions = new Map<string, string>();
for (const [index, each] of cases.entries()) {
  const last = records.findLast(
    (one) => one.record.resource.id === each.resource && one.record.remediator === each.remediator && ['outcome', 'decision'].includes(one.record.kind),
  );
  const body = last?.record.body as { outcome?: string; message?: string; journal?: { outcome?: string } } | undefined;
  const outcome = body?.journal?.outcome ?? body?.outcome ?? 'nothing';
  if (last?.record.execution != null) executions.set(each.about, last.record.execution);
  const [style, label] = STYLE[outcome] ?? ['red', outcome];
  const now = await each.now();
  say(`\n  ${paint(style, label.padEnd(19))} ${paint('bold', each.name)} (${each.about})`);
  say(`  ${' '.repeat(19)} ${body?.message ?? ''}`);
  say(`  ${' '.repeat(19)} ${paint('dim', now === before[index] ? `now, unchanged: ${now}` : `now: ${now}`)}`);
  expect(outcome === each.outcome, `${each.name}: ${each.outcome}, not ${outcome}`);
  expect((now !== before[index]) === ['remediated', 'flagged'].includes(outcome), `${each.name}: changed only when fixed or flagged`);
}
say(`\n  ${cases.length} events in ${((Date.now() - begun) / 1000).toFixed(1)} s; ${told.length} notifications; ${records.length} records.`);

title('5. The same event again, nine times');
const event = cases[0]?.event as object;
await handler(queue(Array.from({ length: 9 }, () => event)), context);
let named = 0;
for await (const each of journal.read({ all: true })) if (each.record.kind === 'duplicate' && each.record.execution === executions.get('shop-web')) named++;
say(`  No second change: nine records that name execution ${executions.get('shop-web')}.`);
expect(named === 9, 'nine duplicates name the one execution');

title('6. One fix is rolled back');
const redress = createRedress(composition);
const undone = await redress.rollback(executions.get('migration') ?? '', { by: 'dana', reason: 'the migration runs until Friday' });
say(`  ${undone.outcome}: ${await see.rules(groups.migration)}`);
expect(undone.outcome === 'rolled-back' && (await see.rules(groups.migration)).includes('22 from 0.0.0.0/0'), 'the rollback restores the rule');
await handler(queue([opened(groups.migration, 22, '0.0.0.0/0')]), context);
say(`  The next event about it only notifies: a hold is in force for seven days. Still: ${await see.rules(groups.migration)}`);
expect((await see.rules(groups.migration)).includes('22 from 0.0.0.0/0'), 'the hold keeps the next event from undoing the undo');

title('7. A person approves, from the command line');
const lead = await leadCredentials(aws);
const approval = records.findLast(({ record }) => record.resource.id === groups.vendor && record.body['outcome'] === 'awaiting-approval')?.record.body[
  'approval'
] as { id: string } | undefined;
const id = approval?.id ?? '';
/** The command itself, with the credentials of the person. */
async function asLead(...argv: string[]): Promise<{ exit: number; text: string }> {
  let text = '';
  const own = { ...process.env };
  Object.assign(process.env, lead);
  try {
    const take = (more: string) => {
      text += more;
    };
    const io = { ...processIo(), color: false, stdout: take, stderr: take };
    return { exit: await run([...argv, '--endpoint-url', moto.endpoint, '--policy', join(data, 'redress.yaml'), '--data', data], io), text };
  } finally {
    for (const name of Object.keys(lead)) if (own[name] === undefined) delete process.env[name];
    Object.assign(process.env, own);
  }
}
for (const [argv, exit, promise] of [
  [['approvals', 'list'], 0, 'what waits is listed'],
  [['approvals', 'approve', id, '--reason', 'the vendor has left'], 0, 'an approved plan is carried out'],
  [['approvals', 'approve', id, '--reason', 'me too'], 1, 'an approval is used once'],
] as const) {
  const done = await asLead(...argv);
  say(`  ${paint('dim', `$ redress ${argv.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ')}`)}`);
  say(done.text.trimEnd().replace(/^/gm, '  '));
  expect(done.exit === exit && (exit === 0 || done.text.includes(`${id} was used by `)), promise);
}
say(`  ${await see.rules(groups.vendor)}`);
expect(!(await see.rules(groups.vendor)).includes('22 from 0.0.0.0/0'), 'what was approved is revoked');

title('8. The evidence');
await journal.close?.();
const report = verifyLedger({ directory: data });
say(
  `  ${paint('green', report.status)}: ${report.records} records in ${report.streams} streams, ${report.executions} executions, ${report.documents} documents, checked offline.`,
);
expect(report.status === 'intact', 'the evidence verifies');

const copy = mkdtempSync(join(tmpdir(), 'redress-tampered-'));
cpSync(data, copy, { recursive: true });
const streams = join(copy, 'streams');
const files = readdirSync(streams).flatMap((prefix) => readdirSync(join(streams, prefix)).map((name) => join(streams, prefix, name)));
const target = files.find((file) => readFileSync(file, 'utf8').includes('"outcome":"exempt"')) ?? '';
writeFileSync(target, readFileSync(target, 'utf8').replace('payments-team', 'nobody-at-all'));
const tampered = verifyLedger({ directory: copy });
say(
  `  In a copy, the owner of an exception was changed in one record. ${paint('red', tampered.status)}: ${tampered.firstBad?.message} (${tampered.firstBad?.file}:${tampered.firstBad?.line})`,
);
expect(tampered.status === 'tampered', 'tampering is found');
rmSync(copy, { recursive: true, force: true });
say('  What this cannot show:');
for (const limit of report.limits) say(`  - ${limit}`);

title('9. The report, for people');
const { secret, verifier } = generateKey('example.com/redress-demo');
await sealFolder({ directory: data, signer: signerOf(secret) });
const trust = join(data, 'redress.trust.json');
writeFileSync(trust, JSON.stringify({ keys: [{ origin: 'example.com/redress-demo', key: verifier, from: null, until: null }] }));
// It outlives the evidence of a demo that keeps none.
const out = join(temporary ? mkdtempSync(join(tmpdir(), 'redress-demo-report-')) : data, 'report');
const [from, to] = [new Date(started - 86_400_000), new Date()].map((time) => time.toISOString()) as [string, string];
const written: string[] = [];
const exit = await run(['report', '--from', from, '--to', to, '--data', data, '--policy', join(data, 'redress.yaml'), '--trust', trust, '--out', out], {
  ...processIo(),
  stdout: (text) => void written.push(text),
});
say(written.join('').trim().replace(/^/gm, '  '));
const page = join(out, 'report.html');
const html = existsSync(page) ? readFileSync(page, 'utf8') : '';
expect(exit === 0 && html.includes('<span class="state good">✓ intact</span>'), 'the report is written, and its evidence is sealed and verifies');
for (const execution of executions.values()) expect(html.includes(execution), `the report has the change ${execution}`);

redress.close();
for (const client of Object.values(aws)) client.destroy();
if (options.keep) {
  title('The emulator keeps running');
  const arguments_ = `--endpoint-url ${moto.endpoint} --policy ${join(data, 'redress.yaml')} --data ${data}`;
  say('  # To answer what still waits, as the person who may:');
  say(
    `  ${Object.entries(lead)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')} npm run -s redress -- approvals list ${arguments_}`,
  );
  say('  export AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo AWS_REGION=us-east-1');
  say(`  npm run -s redress -- plan --live ${arguments_}`);
  say(`  npm run -s redress -- history ${arguments_}`);
  say(`  npm run -s redress -- evidence verify --data ${data}`);
  say(`  kill ${moto.pid}    # when done`);
} else await moto.stop();
if (temporary) rmSync(data, { recursive: true, force: true });
else say(`\nThe evidence is in ${data}.`);

if (broken.length > 0) {
  say(paint('red', `\nThe demo is broken:\n- ${broken.join('\n- ')}`));
  process.exitCode = 1;
} else say(`\n${paint('green', 'Everything as promised.')} ${((Date.now() - started) / 1000).toFixed(1)} s. See README.md, or run it with --keep to play on.`);
say(`\nThe report that it wrote: ${page}`);
