// The README's promise about exit codes, command by command: 0 done; 1 something failed, has to be run again, needs a person, or could not be
// read; 2 the command, the policy, the register or a file is wrong, and nothing was done.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Remediator } from '@redress/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noteWidget, openedEvent, revokeOpenRules, Widgets } from '../../../tests/support/widgets.js';
import { command } from '../test/support/command.js';
import type { RunDocument } from './commands/run.js';

const START = Date.parse('2026-11-20T10:00:00Z');
const ME = 'arn:aws:iam::111111111111:role/Redress';
const policy = (mode = 'enforce', more = '') =>
  `version: 1\nenvironments:\n  dev: { accounts: ["111111111111"] }\n  prod: { accounts: [], after: none, because: a test }\napprovers: { dev: ["${ME}"] }\nremediators:\n  widget-revoke-open: { dev: ${mode} }\n${more}`;
const PERIOD = ['--from', '2026-11-01', '--to', '2026-11-19'];
const REGISTER = 'exceptions: { register: exceptions.yaml }\n';
const ENTRY = (expires: string) => `- { id: E-1, scope: { resource: w-1 }, reason: r, owner: a, approver: b, expires: "${expires}" }\n`;

const compliance = (rule: string, state = 'NON_COMPLIANT') => ({
  EvaluationResultIdentifier: {
    EvaluationResultQualifier: { ConfigRuleName: rule, ResourceType: 'AWS::Test::Widget', ResourceId: 'w-1' },
    OrderingTimestamp: '2026-11-20T09:00:00+00:00',
  },
  ComplianceType: state,
  ResultRecordedTime: '2026-11-20T09:00:01+00:00',
});
const FILES: Readonly<Record<string, string | object | Buffer>> = {
  'event.json': openedEvent('w-1', 'open-1', START),
  'ignored.json': openedEvent('w-1', 'open-1', START, { errorCode: 'AccessDenied' }),
  'other-call.json': {
    ...openedEvent('w-1', 'open-1', START),
    detail: { ...(openedEvent('w-1', 'open-1', START) as { detail: object }).detail, eventName: 'TagWidget' },
  },
  'log.json.gz': gzipSync(JSON.stringify({ Records: [{ ...(openedEvent('w-1', 'open-1', START) as { detail: object }).detail, eventName: 'TagWidget' }] })),
  'state.tfstate': { version: 4, lineage: 'x', serial: 1 },
  'flow.log.gz': gzipSync('2 111111111111 eni-0a1b2c3d 10.0.0.1 10.0.0.2 443 49152 6 10 840 1 2 ACCEPT OK\n'),
  'no-account.json': {
    ...openedEvent('w-1', 'open-1', START),
    account: 5,
    detail: { eventSource: 'widget.amazonaws.com', eventName: 'AuthorizeRule', eventVersion: '1.09' },
  },
  'details.json': { EvaluationResults: [compliance('widget-open')] },
  'unknown-rule.json': { EvaluationResults: [compliance('acme-rule')] },
  'compliant.json': { EvaluationResults: [compliance('acme-rule', 'COMPLIANT')] },
  'broken.json': '{ "a": ',
  'bad.jsonl': `${JSON.stringify(openedEvent('w-1', 'open-1', START))}\n{\n`,
};

let directory: string;
let widgets: Widgets;
let time: number;
let remediators: readonly Remediator[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'redress-exit-'));
  widgets = new Widgets();
  time = START;
  remediators = [revokeOpenRules, noteWidget];
  file('redress.yaml', policy());
  for (const [name, content] of Object.entries(FILES)) file(name, content);
  mkdirSync(join(directory, 'empty'));
  widgets.put('w-1', ['open-1', 'closed']);
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const file = (name: string, content: string | object | Buffer) =>
  writeFileSync(join(directory, name), typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
const redress = (...argv: string[]) =>
  command(argv, directory, {
    remediators,
    connect: widgets.connect,
    clock: { now: () => time, sleep: async (milliseconds) => void (time += milliseconds) },
  });
const ran = async () => JSON.parse((await redress('run', 'event.json', '--json')).out) as RunDocument;
const sealed = async () => {
  await ran();
  for (const argv of [['key', '--origin', 'example.com/redress'], ['seal']]) expect((await redress('evidence', ...argv)).exit).toBe(0);
};
/** The key that seals, as the trust file has it. */
const sealer = () => (JSON.parse(readFileSync(join(directory, 'redress.trust.json'), 'utf8')) as { keys: [{ key: string }] }).keys[0].key;
const execution = async () => (await ran()).files[0]?.passes[0]?.execution ?? '';
const approval = async (approver = ME) => {
  file('redress.yaml', policy('approve').replace(ME, approver));
  return (await ran()).files[0]?.passes[0]?.approval ?? '';
};
const denied = (operation: string, times = 1) =>
  void widgets.faults.set(
    operation,
    Array.from({ length: times }, () => 'denied' as const),
  );
const tripped = async () => {
  file('redress.yaml', policy('enforce', 'limits: [{ per: [remediator, account], changes: 1, window: PT1H }]\n'));
  await ran();
  widgets.put('w-2', ['open-1']);
  file('second.json', openedEvent('w-2', 'open-1', START));
  await redress('run', 'second.json');
  time += 2 * 3_600_000;
};
const registered = (text: string) => () => {
  file('redress.yaml', policy('enforce', REGISTER));
  file('exceptions.yaml', text);
};
const AWARENESS = 'security-awareness-program-exists';
const tracking = () => file('redress.yaml', policy('enforce', 'tracked: { packs: [apra-cpg-234] }\n'));
const tampered = async () => {
  await ran();
  const streams = join(directory, '.redress', 'streams');
  const name = readdirSync(streams, { recursive: true, encoding: 'utf8' }).find((each) => each.endsWith('.jsonl')) ?? '';
  writeFileSync(join(streams, name), readFileSync(join(streams, name), 'utf8').replace('mallory', 'somebody'));
};
const untellable = () => {
  file('redress.config.mjs', "export default { notify: async () => { throw new Error('the topic is gone'); } };");
  file('redress.yaml', policy('notify'));
};

/** A call in a session that is named by an execution. */
const orphan = {
  userIdentity: { type: 'AssumedRole', arn: 'arn:aws:sts::111111111111:assumed-role/Fix/x-0mx0xrs12-b6f68d646395b931d809' },
  ...{ eventTime: '2026-11-20T12:00:00Z', eventSource: 'ec2.amazonaws.com', eventName: 'DeleteSecurityGroup', awsRegion: 'us-east-1' },
  ...{ eventID: 'e-1', requestID: 'r-1', eventType: 'AwsApiCall', readOnly: false, recipientAccountId: '111111111111' },
};

type Row = readonly [what: string, argv: readonly string[] | (() => Promise<readonly string[]>), exit: number, arrange?: () => unknown];
const table: Readonly<Record<string, readonly Row[]>> = {
  normalize: [
    ['an event', ['event.json'], 0],
    ['what is ignored', ['ignored.json'], 0],
    ['what is no event', ['state.tfstate'], 1],
    ['what is no JSON', ['flow.log.gz'], 1],
    ['a broken file', ['event.json', 'broken.json'], 1],
    ['a broken line', ['bad.jsonl'], 1],
    ['compliance details of nowhere', ['details.json'], 1],
    ['compliance details of somewhere', ['details.json', '--from', '111111111111/us-east-1'], 0],
    ['no such file', ['none.json'], 2],
    ['an empty folder', ['empty'], 2],
    ['a place that is none', ['details.json', '--from', 'prod'], 2],
  ],
  plan: [
    ['a plan', ['event.json'], 0],
    ['what needs no decision', ['ignored.json'], 0],
    ['a log, with calls that nobody looks for', ['log.json.gz'], 0],
    ['an event without a remediator', ['other-call.json'], 1],
    ['a rule that nobody knows', ['unknown-rule.json'], 1],
    ['a rule that nobody knows, which is satisfied', ['compliant.json'], 0],
    ['compliance details, of here', ['details.json'], 0],
    ['what cannot be right', ['no-account.json'], 1],
    ['what is no event, beside one', ['event.json', 'state.tfstate'], 1],
    ['what is no JSON', ['flow.log.gz'], 1],
    ['what could not be read', ['event.json'], 1, () => denied('DescribeWidget')],
    ['an account that is not ours', ['event.json'], 1, () => file('event.json', openedEvent('w-1', 'open-1', START, { account: '222222222222' }))],
    ['a broken file', ['event.json', 'broken.json'], 2],
    ['a broken line', ['bad.jsonl'], 2],
    ['nothing', [], 2],
    ['a wrong policy', ['event.json'], 2, () => file('redress.yaml', policy('enforced'))],
    ['the account', ['--live'], 0],
    ['an account that cannot be listed', ['--live'], 1, () => denied('DescribeWidgets')],
    ['an account with something that cannot be read', ['--live'], 1, () => denied('DescribeWidget')],
    ['a remediator that is none', ['--live', '--remediator', 'x'], 2],
  ],
  run: [
    ['an event', ['event.json'], 0],
    ['what needs no decision', ['ignored.json'], 0],
    ['a log, with calls that nobody looks for', ['log.json.gz'], 0],
    ['what waits for a person, who was asked', ['event.json'], 0, () => file('redress.yaml', policy('approve'))],
    ['an event without a remediator', ['other-call.json'], 1],
    ['a rule that nobody knows', ['unknown-rule.json'], 1],
    ['what cannot be right', ['no-account.json'], 1],
    ['what is no event, beside one', ['event.json', 'state.tfstate'], 1],
    ['what is no JSON', ['flow.log.gz'], 1],
    ['what could not be read', ['event.json'], 1, () => denied('DescribeWidget')],
    ['a write that is refused', ['event.json'], 1, () => denied('RevokeRule')],
    ['what nobody could be told', ['event.json'], 1, untellable],
    ['a broken file', ['event.json', 'broken.json'], 2],
    ['a broken line', ['bad.jsonl'], 2],
    ['an empty folder', ['empty'], 2],
    ['a wrong register', ['event.json'], 2, registered('- id: 5\n')],
  ],
  sweep: [
    ['everything', [], 0],
    ['what cannot be listed', [], 1, () => denied('DescribeWidgets')],
    ['what cannot be read', [], 1, () => denied('DescribeWidget')],
    [
      'a write that is refused',
      [],
      1,
      () => {
        // How old it is does not matter to a note.
        remediators = [{ ...noteWidget, discover: revokeOpenRules.discover, uses: { ...noteWidget.uses, reads: revokeOpenRules.uses.reads } }];
        file('redress.yaml', policy().replace('widget-revoke-open', 'widget-note'));
        denied('PutNote');
      },
    ],
    ['a rate that is none', ['--per-second', 'fast'], 2],
  ],
  replay: [
    ['an event', ['event.json'], 0],
    ['a log, with calls that nobody looks for', ['log.json.gz'], 0],
    ['what is no event', ['event.json', 'state.tfstate'], 1],
    ['what is no JSON', ['flow.log.gz'], 1],
    ['what cannot be right', ['no-account.json'], 1],
    ['a broken line', ['bad.jsonl'], 1],
    ['no such file', ['none.json'], 2],
    ['a number that is none', ['event.json', '--most', 'x'], 2],
  ],
  rollback: [
    ['an execution', async () => [await execution(), '--reason', 'r'], 0],
    ['an execution whose undo is refused', async () => [await execution(), '--reason', 'r'], 1, () => denied('AuthorizeRule')],
    ['an execution that is none', async () => (await ran(), ['none', '--reason', 'r']), 1],
    ['a bad hour, shown', async () => (await ran(), ['--all', '--since', 'PT1H', '--reason', 'r']), 0],
    ['a bad hour', async () => (await ran(), ['--all', '--since', 'PT1H', '--reason', 'r', '--yes']), 0],
    ['a bad hour whose undo is refused', async () => (await ran(), ['--all', '--since', 'PT1H', '--reason', 'r', '--yes']), 1, () => denied('AuthorizeRule')],
    ['no reason', ['x'], 2],
  ],
  'approvals list': [
    ['what waits', async () => (await approval(), []), 0],
    ['no journal', [], 2],
  ],
  'approvals show': [
    ['a request', async () => [await approval()], 0],
    ['a request that is none', async () => (await approval(), ['a-0']), 2],
  ],
  'approvals approve': [
    ['a request', async () => [await approval(), '--reason', 'r'], 0],
    ['a request whose write is refused', async () => [await approval(), '--reason', 'r'], 1, () => denied('RevokeRule')],
    ['a request that others decide on', async () => [await approval(`${ME}2`), '--reason', 'r'], 1],
    ['no reason', ['a-0'], 2],
  ],
  'approvals deny': [
    ['a request', async () => [await approval(), '--reason', 'r'], 0],
    ['a request that is none', async () => (await approval(), ['a-0', '--reason', 'r']), 2],
    ['no reason', ['a-0'], 2],
  ],
  'breakers list': [
    ['those that are open', async () => (await tripped(), []), 0],
    ['no journal', [], 2],
  ],
  'breakers close': [
    ['one', async () => (await tripped(), ['widget-revoke-open', '--account', '111111111111', '--reason', 'r']), 0],
    ['one that is not open', async () => (await ran(), ['widget-revoke-open', '--account', '111111111111', '--reason', 'r']), 1],
    ['an account that is none', ['widget-revoke-open', '--account', '1', '--reason', 'r'], 2],
  ],
  retry: [
    ['what AWS refused', async () => (denied('RevokeRule'), await ran(), ['w-1', '--reason', 'r']), 0],
    ['where it refused nothing', async () => (await ran(), ['w-1']), 1],
    ['a resource that nobody knows', async () => (await ran(), ['w-2']), 2],
    ['no journal', ['w-1'], 2],
  ],
  attest: [
    ['what a person says', [AWARENESS, '--account', '111111111111', '--until', '2027-01-31', '--evidence', 'x'], 0, tracking],
    ['what was said is withdrawn', [AWARENESS, '--account', '111111111111', '--withdraw', '--evidence', 'x'], 0, tracking],
    ['for more than a year', [AWARENESS, '--account', '111111111111', '--until', '2029-01-31', '--evidence', 'x'], 1, tracking],
    ['a time that is none', [AWARENESS, '--account', '111111111111', '--until', 'soon', '--evidence', 'x'], 2, tracking],
    ['neither a time nor that it ended', [AWARENESS, '--account', '111111111111', '--evidence', 'x'], 2, tracking],
    ['an account that is none', [AWARENESS, '--account', '1', '--until', '2027-01-31', '--evidence', 'x'], 2, tracking],
    ['a rule that nothing asks a person for', ['restricted-ssh', '--account', '111111111111', '--until', '2027-01-31', '--evidence', 'x'], 2, tracking],
  ],
  completion: [
    ['a shell', ['bash'], 0],
    ['a shell that there is no script for', ['tcsh'], 2],
  ],
  man: [
    ['the page', [], 0],
    ['an argument', ['plan'], 2],
  ],
  'exceptions list': [
    ['entries', [], 0, registered(ENTRY('2027-12-31T00:00:00Z'))],
    ['a wrong register', [], 2, registered('- id: 5\n')],
  ],
  'exceptions check': [
    ['an entry', [], 0, registered(ENTRY('2027-12-31T00:00:00Z'))],
    ['an entry that ends soon', [], 1, registered(ENTRY('2026-11-25T00:00:00Z'))],
    ['an entry that has ended', [], 1, registered(ENTRY('2026-01-25T00:00:00Z'))],
    ['a time that is none', ['--within', 'soon'], 2, registered('[]\n')],
  ],
  'exceptions add': [
    ['an entry', ['E-2', '--resource', 'w-2', '--reason', 'r', '--owner', 'a', '--approver', 'b', '--expires', 'P9D'], 0, registered('[]\n')],
    ['an entry of who owns it', ['E-2', '--resource', 'w-2', '--reason', 'r', '--owner', 'a', '--approver', 'a', '--expires', 'P9D'], 2, registered('[]\n')],
  ],
  'exceptions expire': [
    ['an entry', ['E-1'], 0, registered(ENTRY('2027-12-31T00:00:00Z'))],
    ['an entry that is none', ['E-9'], 2, registered('[]\n')],
  ],
  recover: [
    ['nothing that is open', async () => (await ran(), []), 0],
    ['no journal', [], 2],
  ],
  doctor: [
    ['what is well, but for what only a person can judge', async () => (await ran(), []), 0],
    ['an account that cannot be read', ['--live'], 1, () => (widgets.identityFails = true)],
    ['a remediator that is none', ['--live', '--remediator', 'x'], 2],
  ],
  history: [
    ['everything', async () => (await ran(), []), 0],
    ['a resource that is not known', async () => (await ran(), ['w-9']), 2],
  ],
  explain: [
    ['a resource', async () => (await ran(), ['w-1']), 0],
    ['a resource that is not known', async () => (await ran(), ['w-9']), 2],
  ],
  report: [
    ['a period of a ledger that is sealed', async () => (await sealed(), [...PERIOD, '--out', 'made']), 0],
    ['a ledger that was never sealed', async () => (await ran(), [...PERIOD, '--out', 'made']), 1],
    ['a period that has not passed', async () => (await sealed(), ['--from', '2026-11-01', '--to', '2026-12-31', '--out', 'made']), 2],
    ['no journal', [...PERIOD, '--out', 'made'], 2],
  ],
  console: [
    ['no journal', [], 2],
    ['a port that is none', async () => (await ran(), ['--port', '70000']), 2],
  ],
  reconcile: [
    [
      'records and a trail that agree',
      async () => {
        file('empty.json', { Records: [] });
        return ['empty.json', '--until', '2026-11-01T00:00:00Z', '--since', '2026-10-01T00:00:00Z'];
      },
      0,
      ran,
    ],
    [
      'a change that no record knows',
      async () => {
        file('trail.json', { Records: [orphan] });
        return ['trail.json', '--since', '2026-11-01T00:00:00Z'];
      },
      1,
      ran,
    ],
    ['a file that is damaged', ['broken.json'], 2, ran],
    ['no trail', [], 2, ran],
    ['no journal', ['event.json'], 2],
  ],
  'evidence verify': [
    ['what is intact', async () => (await ran(), []), 0],
    ['what is tampered with', async () => (await tampered(), []), 1],
    ['no evidence', [], 2],
    ['what is sealed', async () => (await sealed(), []), 0],
    ['what is sealed, without whom to trust', async () => (await sealed(), rmSync(join(directory, 'redress.trust.json')), []), 3],
    ['a sealed ledger that was taken out', async () => (await sealed(), rmSync(join(directory, '.redress', 'ledger'), { recursive: true }), []), 1],
    ['no trust file', async () => (await ran(), ['--trust', 'none.json']), 2],
  ],
  'evidence key': [
    ['a key', ['--origin', 'example.com/redress'], 0],
    ['a name that is none', ['--origin', 'a b'], 2],
    ['where one is', async () => (await sealed(), ['--origin', 'example.com/redress']), 2],
  ],
  'evidence seal': [
    ['what was recorded', async () => (await sealed(), []), 0],
    ['what was changed', async () => (await sealed(), await tampered(), []), 1],
    ['no key', async () => (await ran(), []), 2],
    ['what is no key', async () => (await ran(), ['--key', 'event.json']), 2],
  ],
  'evidence rotate': [
    ['a key that seals', async () => (await sealed(), ['--reason', 'a drill']), 0],
    ['the key of what was changed', async () => (await sealed(), await tampered(), ['--reason', 'a drill']), 1],
    ['no trust file', async () => (await ran(), ['--reason', 'a drill']), 2],
  ],
  'evidence break': [
    ['the key that has sealed', async () => (await sealed(), ['--lost', sealer(), '--reason', 'a drill']), 0],
    ['a key that nobody trusts', async () => (await sealed(), ['--lost', 'example.com/redress+00000000', '--reason', 'a drill']), 2],
    ['no trust file', async () => (await ran(), ['--lost', 'x', '--reason', 'a drill']), 2],
  ],
  'evidence restored': [['a journal in a folder, which no table restores', async () => (await ran(), ['--reason', 'a drill']), 2]],
  'evidence proof': [
    ['a record that is sealed', async () => (await sealed(), ['w-1/1']), 0],
    ['a record that is not there', async () => (await sealed(), ['w-1/99']), 2],
    ['a ledger that was never sealed', async () => (await ran(), ['w-1/1']), 2],
  ],
  'evidence bundle': [
    ['the records of a resource', async () => (await sealed(), ['--resource', 'w-1']), 0],
    ['nothing that is named', async () => (await sealed(), []), 2],
  ],
  'evidence export': [
    ['events of OCSF', async () => (await ran(), ['--format', 'ocsf']), 0],
    ['assessment results of OSCAL', async () => (await ran(), ['--format', 'oscal-ar', '--out', 'ar.json']), 0],
    ['what is open, as OSCAL', async () => (await ran(), ['--format', 'oscal-poam']), 0],
    ['a format of a journal that was changed', async () => (await tampered(), ['--format', 'ocsf']), 1],
    ['a format that is not known', async () => (await ran(), ['--format', 'asff']), 2],
    ['a format of what is copied', async () => (await ran(), ['--format', 'ocsf', '--store']), 2],
    ['a format of no journal', ['--format', 'ocsf'], 2],
    ['a format into a folder that is not there', async () => (await ran(), ['--format', 'ocsf', '--out', 'no/where']), 2],
    ['no journal that is named', [], 2],
    ['a lock of what is not stored', ['--table', 't', '--bucket', 'b', '--lock-days', '7'], 2],
  ],
  remediators: [
    ['all', [], 0],
    ['a wrong policy', [], 2, () => file('redress.yaml', policy('enforced'))],
  ],
  patterns: [
    ['all', [], 0],
    ['a remediator that is none', ['--remediator', 'x'], 2],
  ],
  coverage: [
    ['a pack', ['--pack', 'apra-cpg-234'], 0],
    ['a framework', ['--framework', 'cis-7.0'], 0],
    ['nothing', [], 2],
    ['a pack that is none', ['--pack', 'x'], 2],
    ['a file that is no pack', ['--pack', 'state.tfstate'], 2],
    ['a framework that is none', ['--framework', 'cis-1.0'], 2],
  ],
  'generate template': [
    ['the hub', ['hub'], 0],
    ['what is none', ['x'], 2],
  ],
  'generate iam': [
    ['the reading role', ['read'], 0],
    ['what is none', ['x'], 2],
  ],
  'generate ssm-document': [
    ['it', [], 0],
    ['a format that is none', ['--format', 'xml'], 2],
  ],
  'generate conformance-pack': [
    ['it', [], 0],
    ['a remediator that is none', ['--remediator', 'x'], 2],
  ],
  'generate fsbp': [
    ['it', [], 0],
    ['a format that is none', ['--format', 'xml'], 2],
  ],
  bundle: [['a remediator that is none', ['--remediator', 'x'], 2]],
  up: [['no emulator', [], 2]],
  'up inject': [
    ['no twin', ['event.json', '--port', '1'], 2],
    ['a broken file', ['broken.json'], 2],
    ['what is no event', ['state.tfstate'], 2],
  ],
  'new remediator': [
    ['one', ['acme-close-things'], 0],
    ['a setting', ['acme-close-more', '--setting'], 0],
    ['an id that is none', ['X'], 2],
  ],
  'new handler': [
    ['one', ['deployed'], 0],
    ['one where something is', async () => (await redress('new', 'handler', 'deployed'), ['deployed']), 2],
  ],
  schema: [
    ['of the policy', ['policy'], 0],
    ['of what has none', ['x'], 2],
  ],
  'policy check': [
    ['a policy', [], 0],
    ['a wrong policy', [], 2, () => file('redress.yaml', policy('enforced'))],
    ['a wrong register', [], 2, registered('- id: 5\n')],
    ['a region that is none', ['--region', 'nowhere'], 2],
  ],
};
/** What ends with 0 costs an emulator or a bundler, or runs until it is interrupted, and is shown where these are. */
const ELSEWHERE = ['evidence restored', 'bundle', 'console', 'up', 'up inject'];

/** Every command, as the help has it. */
async function commands(path: readonly string[] = []): Promise<string[]> {
  const { out } = await redress(...path, '--help');
  const listed = out.split('Commands:\n')[1]?.split('\n\n')[0] ?? '';
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].flatMap(([, name]) => (name === undefined || name === 'help' ? [] : [name]));
  const below = (await Promise.all(names.map((name) => commands([...path, name])))).flat();
  // A group answers only with its commands; one that does something itself has an action of its own.
  const own = path.length > 0 && (names.length === 0 || path.join(' ') === 'up') ? [path.join(' ')] : [];
  return [...own, ...below];
}

it('every command has a row with a successful run', async () => {
  expect(Object.keys(table).sort()).toEqual((await commands()).sort());
  const neverDone = Object.entries(table).filter(([, rows]) => !rows.some(([, , exit]) => exit === 0));
  expect(neverDone.map(([name]) => name).sort()).toEqual([...ELSEWHERE].sort());
  // All but what merely writes down what there is can be called wrongly.
  expect(Object.entries(table).filter(([, rows]) => !rows.some(([, , exit]) => exit === 2))).toEqual([]);
});

const rows = Object.entries(table).flatMap(([name, all]) => all.map(([what, argv, exit, arrange]) => ({ name, what, argv, exit, arrange })));
it.each(rows)('$name: $what exits with $exit', async ({ name, argv, exit, arrange }) => {
  await arrange?.();
  const given = typeof argv === 'function' ? await argv() : argv;
  const { out, err, exit: ended } = await redress(...name.split(' '), ...given, '--json');
  expect([ended, out, err]).toEqual([exit, out, err]);
  const document = JSON.parse(out) as { error?: unknown } | null;
  if (exit === 2) expect(['evidence verify', 'reconcile'].includes(name) || document?.error !== undefined).toBe(true);
});

it('what was not read or has no remediator is never reported as handled, and is named once, with its place', async () => {
  file(
    'rules.jsonl',
    `${JSON.stringify(compliance('acme-rule'))}\n${JSON.stringify(compliance('acme-rule', 'COMPLIANT'))}\n${JSON.stringify(compliance('acme-rule'))}\n`,
  );
  const given = ['state.tfstate', 'flow.log.gz', 'rules.jsonl', 'other-call.json', 'ignored.json', 'log.json.gz'];
  const { out } = await redress('run', ...given, '--from', '111111111111');
  expect(out).not.toContain('All were handled');
  expect(out.split('\n').map((line) => line.replace(/handles .*?( \(2 times\))?$/, 'handles it.$1'))).toEqual([
    'state.tfstate',
    '  rejected  It is a Terraform state, not an event or a finding.',
    'flow.log.gz',
    '  rejected  It is a VPC flow log, not JSON.',
    'rules.jsonl',
    '  1 resolved: no decision needed',
    '  unhandled  rules.jsonl:1: No remediator handles it. (2 times)',
    'other-call.json',
    '  unhandled  No remediator handles it.',
    'ignored.json',
    '  1 ignored: no decision needed',
    'log.json.gz',
    '  1 logged: calls that no remediator handles',
    'Not all were handled.',
    '',
  ]);
  const planned = await redress('plan', ...given, '--from', '111111111111');
  expect(planned.out).toContain('rejected  state.tfstate: It is a Terraform state, not an event or a finding.\n');
  expect(planned.out).toContain('unhandled  rules.jsonl:1: ');
  const document = JSON.parse((await redress('run', ...given, '--from', '111111111111', '--json')).out) as RunDocument;
  expect(document).toMatchObject({
    handled: false,
    files: [
      { file: 'state.tfstate', rejected: ['It is a Terraform state, not an event or a finding.'], counted: { rejected: 1 } },
      { file: 'flow.log.gz', rejected: ['It is a VPC flow log, not JSON.'], counted: {} },
      { file: 'rules.jsonl', unasked: [{ count: 2, first: 'rules.jsonl:1' }], counted: { candidate: 2, resolved: 1 } },
      { file: 'other-call.json', unasked: [{ count: 1, first: 'other-call.json' }] },
      { file: 'ignored.json', unasked: [], rejected: [] },
      { file: 'log.json.gz', unasked: [], rejected: [], counted: { candidate: 1 } },
    ],
  });
});

it('compliance details belong to the account of the credentials, which is reported, and never prove that something is new', async () => {
  const { out, err } = await redress('plan', 'details.json', '--json');
  expect(err).toBe('details.json does not contain its account and region: 111111111111 and us-east-1 are assumed. Give others with --from ACCOUNT/REGION.\n');
  expect(JSON.parse(out)).toMatchObject({
    passes: [
      {
        resource: { id: 'w-1', account: '111111111111', region: 'us-east-1' },
        verdict: 'needs-approval',
        reasons: [{ code: 'no-envelope' }, { code: 'not-fresh' }],
      },
    ],
  });
  const elsewhere = await redress('plan', 'details.json', '--from', '222222222222/eu-west-1', '--json');
  expect(elsewhere.err).toBe('');
  expect(JSON.parse(elsewhere.out)).toMatchObject({ passes: [{ resource: { account: '222222222222', region: 'eu-west-1' }, code: 'foreign-account' }] });
  expect(widgets.writes).toEqual([]);
});

it.each([
  ['run', ['run', 'event.json']],
  ['plan', ['plan', 'event.json']],
  ['plan --live', ['plan', '--live', '--remediator', 'widget-revoke-open']],
  ['sweep', ['sweep', '--remediator', 'widget-revoke-open']],
])('%s reports a reason once, on standard output or on standard error', async (_name, argv) => {
  // Text for people is wrapped.
  const said = (text: string) => text.replaceAll(/\s+/g, ' ').split('AccessDenied: AccessDenied').length - 1;
  denied('DescribeWidget');
  const unread = await redress(...argv);
  expect([unread.exit, said(unread.out + unread.err)]).toEqual([1, 1]);
  expect(unread.out).not.toContain('Everything was read.');
  denied('DescribeWidgets');
  const unlisted = await redress(...argv);
  if (argv.length > 2 || argv[0] === 'sweep') expect([unlisted.exit, said(unlisted.out + unlisted.err)]).toEqual([1, 1]);
});

it('history and explain report a reason once', async () => {
  denied('DescribeWidget');
  await ran();
  for (const name of ['history', 'explain']) expect((await redress(name, 'w-1')).out.split('AccessDenied: AccessDenied')).toHaveLength(2);
});
