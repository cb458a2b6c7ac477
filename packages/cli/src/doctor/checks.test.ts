import {
  type Approval,
  definePolicy,
  defineRegister,
  type EventPattern,
  type JsonObject,
  known,
  type OpenExecution,
  resource,
  unreadable,
} from '@redress/core';
import { describe, expect, it } from 'vitest';
import { accessChecks, approvalChecks, functionChecks, queueChecks, stopChecks } from './deployment-checks.js';
import type {
  Check,
  DeploymentFacts,
  FunctionFact,
  MappingFact,
  PlaceFacts,
  QueueFact,
  RecorderFact,
  RecordFacts,
  RuleFact,
  TrailFact,
  Wanted,
} from './facts.js';
import { ofGlobalServices, recorderChecks, ruleChecks, securityHubChecks, trailChecks } from './place-checks.js';
import { canaryChecks, journalChecks, policyChecks } from './record-checks.js';

const ACCOUNT = '111111111111';
const NOW = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const no = unreadable(new Error('AccessDenied: not yours'));
const said = (checks: readonly Check[]) => checks.map((each) => `${each.status} ${each.code}`);

const trail = (over: Partial<TrailFact> = {}): TrailFact => ({
  name: 't',
  homeRegion: 'eu-west-1',
  multiRegion: true,
  logging: known({ on: true, deliveryError: null }),
  writes: known(true),
  ...over,
});
const recorder = (over: Partial<RecorderFact> = {}): RecorderFact => ({
  name: 'default',
  recording: true,
  lastStatus: 'SUCCESS',
  all: true,
  global: true,
  types: [],
  except: [],
  daily: false,
  ...over,
});
const place = (over: Partial<PlaceFacts> = {}): PlaceFacts => ({
  account: ACCOUNT,
  region: 'eu-west-1',
  trails: known([trail()]),
  recorders: known([recorder()]),
  channels: known(1),
  rules: known([]),
  securityHub: known(true),
  ...over,
});
const api = (service: string, names: string[]): JsonObject => ({
  source: [`aws.${service}`],
  'detail-type': ['AWS API Call via CloudTrail'],
  detail: { eventName: names },
});
const pattern = (name: string, body: JsonObject): EventPattern => ({ name, description: '', pattern: body });
const wanted = (over: Partial<Wanted> = {}): Wanted => ({
  patterns: [pattern('cloudtrail-ec2', api('ec2', ['A', 'B']))],
  configTypes: ['AWS::EC2::SecurityGroup', 'AWS::IAM::User', 'AWS::::Account'],
  securityHub: true,
  globalRegion: 'us-east-1',
  ...over,
});

describe('trails', () => {
  it.each<[string, PlaceFacts['trails'], string[]]>([
    ['exists', known([trail()]), ['ok trail']],
    ['is one of two', known([trail({ logging: known({ on: false, deliveryError: null }) }), trail()]), ['ok trail']],
    ['covers only this region', known([trail({ multiRegion: false })]), ['warn trail-single-region']],
    ['covers only another region', known([trail({ multiRegion: false, homeRegion: 'us-east-1' })]), ['fail trail-single-region']],
    ['does not exist', known([]), ['fail trail-missing']],
    ['does not log', known([trail({ logging: known({ on: false, deliveryError: null }) })]), ['fail trail-stopped']],
    ['omits write events', known([trail({ writes: known(false) })]), ['fail trail-no-write-events']],
    ['cannot deliver', known([trail({ logging: known({ on: true, deliveryError: 'NoSuchBucket' }) })]), ['ok trail', 'warn trail-delivery']],
    ['cannot be read', no, ['unknown trail']],
    ['has a status that cannot be read', known([trail({ logging: no })]), ['unknown trail']],
    ['has selectors that cannot be read', known([trail({ writes: no })]), ['unknown trail']],
  ])('a trail %s', (_name, trails, expected) => expect(said(trailChecks(place({ trails })))).toEqual(expected));
});

describe('AWS Config', () => {
  const check = (over: Partial<PlaceFacts>, want = wanted()) => said(recorderChecks(place(over), want)).filter((each) => !each.endsWith('delivery-channel'));
  it.each<[string, Partial<RecorderFact>, string, string[]]>([
    ['records everything', {}, 'us-east-1', ['ok recorder']],
    ['is off', { recording: false }, 'us-east-1', ['fail recorder-off']],
    ['omits global types', { global: false }, 'us-east-1', ['fail recorder-types']],
    ['omits global types where they are not recorded', { global: false }, 'eu-west-1', ['ok recorder']],
    ['lists what is needed', { all: false, types: ['AWS::EC2::SecurityGroup'] }, 'eu-west-1', ['ok recorder']],
    ['lists something else', { all: false, types: ['AWS::EC2::Instance'] }, 'eu-west-1', ['fail recorder-types']],
    ['excludes what is needed', { all: false, except: ['AWS::EC2::SecurityGroup'] }, 'eu-west-1', ['fail recorder-types']],
    ['excludes something else', { all: false, except: ['AWS::EC2::Instance'] }, 'us-east-1', ['ok recorder']],
    ['records nothing', { all: false }, 'eu-west-1', ['fail recorder-types']],
    ['fails', { lastStatus: 'FAILURE' }, 'eu-west-1', ['fail recorder-failing']],
    ['records daily', { daily: true }, 'eu-west-1', ['warn recorder-daily']],
  ])('a recorder that %s', (_name, over, region, expected) => expect(check({ region, recorders: known([recorder(over)]) })).toEqual(expected));

  it('is missing, cannot be read, or is not needed', () => {
    expect(check({ recorders: known([]) })).toEqual(['fail recorder-missing']);
    expect(said(recorderChecks(place({ recorders: no, channels: no }), wanted()))).toEqual(['unknown recorder', 'unknown delivery-channel']);
    expect(said(recorderChecks(place({ channels: known(0) }), wanted()))).toEqual(['ok recorder', 'fail delivery-channel-missing']);
    expect(recorderChecks(place({ recorders: known([]) }), wanted({ configTypes: [] }))).toEqual([]);
  });
});

describe('Security Hub', () => {
  it.each<[string, PlaceFacts['securityHub'], boolean, string[]]>([
    ['is on', known(true), true, ['ok security-hub']],
    ['is off', known(false), true, ['warn security-hub-off']],
    ['cannot be read', no, true, ['unknown security-hub']],
    ['is not needed', known(false), false, []],
  ])('%s', (_name, securityHub, needed, expected) =>
    expect(said(securityHubChecks(place({ securityHub }), wanted({ securityHub: needed })))).toEqual(expected),
  );
});

describe('rules', () => {
  const QUEUE = 'arn:aws:sqs:eu-west-1:111111111111:redress';
  const rule = (over: Partial<RuleFact> = {}): RuleFact => ({
    name: 'Redress-cloudtrail-ec2-X1',
    enabled: true,
    pattern: api('ec2', ['A', 'B']),
    targets: [{ arn: QUEUE, deadLetters: 'arn:aws:sqs:eu-west-1:111111111111:dead' }],
    ...over,
  });
  it.each<[string, RuleFact[], string[]]>([
    ['is as expected', [rule()], ['ok rule']],
    ['has its lists in another order', [rule({ pattern: api('ec2', ['B', 'A']) })], ['ok rule']],
    ['is missing', [], ['fail rule-missing']],
    ['is only a schedule', [rule({ pattern: null })], ['fail rule-missing']],
    ['is disabled', [rule({ enabled: false })], ['fail rule-disabled']],
    ['exists twice, once disabled', [rule({ enabled: false }), rule()], ['ok rule']],
    ['has an older pattern', [rule({ pattern: api('ec2', ['A']) })], ['fail rule-drift']],
    ['delivers more', [rule({ pattern: api('ec2', ['A', 'B', 'C']) })], ['fail rule-drift']],
    ['is of another service', [rule({ pattern: api('s3', ['A', 'B']) })], ['fail rule-missing']],
    ['has no target', [rule({ targets: [] })], ['fail rule-no-target']],
    ['delivers elsewhere', [rule({ targets: [{ arn: 'arn:aws:sqs:eu-west-1:111111111111:other', deadLetters: null }] })], ['fail rule-foreign-target']],
    ['loses undelivered events', [rule({ targets: [{ arn: QUEUE, deadLetters: null }] })], ['warn rule-no-dead-letters']],
    // Somebody else's rule with the same pattern says nothing of ours.
    ['exists next to one of somebody else', [rule({ name: 'theirs', targets: [{ arn: 'arn:x', deadLetters: null }] }), rule()], ['ok rule']],
    [
      'exists next to an equal one of somebody else',
      [rule({ name: 'theirs', pattern: api('ec2', ['Z']), targets: [{ arn: 'arn:x', deadLetters: null }] })],
      ['fail rule-missing'],
    ],
  ])('one %s', (_name, rules, expected) => expect(said(ruleChecks(place({ rules: known(rules) }), wanted(), [QUEUE]))).toEqual(expected));

  it('is required only for global services if nothing else uses the region', () => {
    const all = wanted({ patterns: [pattern('cloudtrail-iam', api('iam', ['A'])), pattern('cloudtrail-ec2', api('ec2', ['B']))] });
    const only = ofGlobalServices(all);
    expect(said(ruleChecks(place({ region: 'us-east-1', rules: known([]) }), only, []))).toEqual(['fail rule-missing']);
    expect(only.patterns.map(({ name }) => name)).toEqual(['cloudtrail-iam']);
    expect(said(recorderChecks(place({ region: 'us-east-1', recorders: known([]) }), only))).toEqual([]);
    expect(said(securityHubChecks(place({ region: 'us-east-1', securityHub: known(false) }), only))).toEqual([]);
    expect(said(ruleChecks(place({ region: 'us-east-1', rules: known([]) }), all, []))).toEqual(['fail rule-missing', 'fail rule-missing']);
  });

  it('for a global service belongs to one region', () => {
    const iam = wanted({ patterns: [pattern('cloudtrail-iam', api('iam', ['A']))] });
    const one = known([rule({ name: 'iam', pattern: api('iam', ['A']) })]);
    // Where there is one in its region, another is only idle.
    expect(said(ruleChecks(place({ region: 'eu-west-1', rules: one }), iam, [QUEUE], one))).toEqual([]);
    expect(said(ruleChecks(place({ region: 'eu-west-1', rules: one }), iam, [QUEUE], known([])))).toEqual(['warn rule-wrong-region']);
    expect(said(ruleChecks(place({ region: 'eu-west-1', rules: one }), iam, [QUEUE], no))).toEqual(['warn rule-wrong-region']);
    expect(said(ruleChecks(place({ region: 'eu-west-1', rules: one }), iam, [QUEUE]))).toEqual(['warn rule-wrong-region']);
    expect(said(ruleChecks(place({ region: 'eu-west-1', rules: known([]) }), iam, [QUEUE]))).toEqual([]);
    expect(said(ruleChecks(place({ region: 'us-east-1', rules: one }), iam, [QUEUE]))).toEqual(['ok rule']);
    expect(said(ruleChecks(place({ region: 'us-east-1', rules: known([]) }), iam, [QUEUE]))).toEqual(['fail rule-missing']);
  });

  it('that cannot be read are unknown', () => expect(said(ruleChecks(place({ rules: no }), wanted(), []))).toEqual(['unknown rule']));
});

const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, approvers: { dev: [`arn:aws:iam::${ACCOUNT}:role/Lead`] } });
const register = defineRegister([]);
const mapping = (over: Partial<MappingFact> = {}): MappingFact => ({
  source: 'arn:aws:sqs:eu-west-1:1:q',
  enabled: true,
  partialAnswers: true,
  maximumConcurrency: 5,
  ...over,
});
const handler = (over: Partial<FunctionFact> = {}): FunctionFact => ({
  name: 'f',
  arn: 'arn:f',
  state: 'Active',
  lastUpdate: 'Successful',
  timeout: 120,
  environment: { REDRESS_POLICY_DIGEST: policy.digest, REDRESS_REGISTER_DIGEST: register.digest },
  mappings: known([mapping()]),
  ...over,
});
const queue = (over: Partial<QueueFact> = {}): QueueFact => ({
  arn: 'arn:aws:sqs:eu-west-1:1:q',
  waiting: 0,
  visibility: 720,
  deadLetters: 'arn:dead',
  ...over,
});
const deployment = (over: Partial<DeploymentFacts> = {}): DeploymentFacts => ({
  handler: known(handler()),
  approvalUrl: known({ authType: 'AWS_IAM' }),
  queues: [known(queue())],
  deadLetters: [{ arn: 'arn:dead', queue: known(queue({ arn: 'arn:dead' })) }],
  stop: known('none'),
  ...over,
});

describe('the deployment', () => {
  const fine = ['ok function', 'ok policy-digest', 'ok register-digest', 'ok mapping'];
  const but = (at: number, ...codes: string[]) => fine.toSpliced(at, 1, ...codes);
  it.each<[string, Partial<FunctionFact>, string[]]>([
    ['is healthy', {}, fine],
    ['is pending', { state: 'Pending' }, but(0, 'fail function-inactive')],
    ['failed to update', { lastUpdate: 'Failed' }, but(0, 'fail function-update-failed')],
    ['has too little time', { timeout: 59 }, but(0, 'fail timeout-short')],
    ['has another policy', { environment: { REDRESS_POLICY_DIGEST: 'sha256:x', REDRESS_REGISTER_DIGEST: register.digest } }, but(1, 'fail policy-stale')],
    ['does not report which policy it has', { environment: { REDRESS_REGISTER_DIGEST: register.digest } }, but(1, 'unknown policy-digest')],
    // An exception that was written since is not kept.
    ['has another register', { environment: { REDRESS_POLICY_DIGEST: policy.digest, REDRESS_REGISTER_DIGEST: 'sha256:x' } }, but(2, 'fail register-stale')],
    ['does not report which register it has', { environment: { REDRESS_POLICY_DIGEST: policy.digest } }, but(2, 'unknown register-digest')],
    ['has no queue', { mappings: known([]) }, but(3, 'fail mapping-missing')],
    ['has a disabled mapping', { mappings: known([mapping({ enabled: false })]) }, but(3, 'fail mapping-disabled')],
    ['loses whole batches', { mappings: known([mapping({ partialAnswers: false })]) }, but(3, 'fail mapping-whole-batches')],
    ['has no bound', { mappings: known([mapping({ maximumConcurrency: null })]) }, but(3, 'warn mapping-unbounded')],
    ['has mappings that cannot be read', { mappings: no }, but(3, 'unknown mapping')],
  ])('a function that %s', (_name, over, expected) =>
    expect(said(functionChecks(deployment({ handler: known(handler(over)) }), { policy, register }, true))).toEqual(expected),
  );

  it('is missing or cannot be read', () => {
    expect(said(functionChecks(deployment({ handler: known(null) }), { policy, register }, true))).toEqual(['fail function-missing']);
    expect(said(functionChecks(deployment({ handler: no }), { policy, register }, true))).toEqual(['unknown function']);
    expect(said(functionChecks(deployment(), { policy, register }, false))).toContain('warn policy-not-compared');
  });

  it.each<[string, Partial<DeploymentFacts>, string[]]>([
    ['are healthy', {}, ['ok queue', 'ok dead-letters']],
    ['have a backlog', { queues: [known(queue({ waiting: 1000 }))] }, ['warn queue-backlog', 'ok dead-letters']],
    ['have no dead-letter queue', { queues: [known(queue({ deadLetters: null }))], deadLetters: [] }, ['fail queue-no-dead-letters']],
    [
      'are for sweeps, and need no dead-letter queue',
      { queues: [known(queue({ arn: 'arn:aws:sqs:eu-west-1:1:q.fifo', deadLetters: null }))], deadLetters: [] },
      ['ok queue'],
    ],
    ['show a message during its handling', { queues: [known(queue({ visibility: 119 }))] }, ['fail visibility-short', 'ok dead-letters']],
    ['show a message too soon', { queues: [known(queue({ visibility: 719 }))] }, ['warn visibility-short', 'ok dead-letters']],
    ['have messages in the dead-letter queue', { deadLetters: [{ arn: 'arn:dead', queue: known(queue({ waiting: 1 })) }] }, ['ok queue', 'fail dead-letters']],
    ['cannot be read', { queues: [no], deadLetters: [{ arn: 'arn:dead', queue: no }] }, ['unknown queue', 'unknown dead-letters']],
  ])('queues that %s', (_name, over, expected) => expect(said(queueChecks(deployment(over)))).toEqual(expected));

  it.each<[string, DeploymentFacts['approvalUrl'], string[]]>([
    ['uses IAM authentication', known({ authType: 'AWS_IAM' }), ['ok approval-url']],
    ['is public', known({ authType: 'NONE' }), ['fail approval-url-open']],
    ['does not exist', known(null), ['warn approval-url-missing']],
    ['cannot be read', no, ['unknown approval-url']],
    ['is not named', null, []],
  ])('an approval URL that %s', (_name, approvalUrl, expected) => expect(said(approvalChecks(deployment({ approvalUrl }), policy))).toEqual(expected));

  it.each<[string, DeploymentFacts['stop'], string[]]>([
    ['is off', known('none'), ['ok kill-switch']],
    ['is on', known('everything'), ['warn kill-switch-on']],
    ['is missing', known(null), ['fail kill-switch-missing']],
    ['cannot be read', no, ['unknown kill-switch']],
    ['does not exist', null, []],
  ])('a kill switch that %s', (_name, stop, expected) => expect(said(stopChecks(deployment({ stop })))).toEqual(expected));

  const me = known({ account: ACCOUNT, arn: 'arn:aws:sts::111111111111:assumed-role/RedressRead/x' });
  it.each<[string, Parameters<typeof accessChecks>[0][number], string[]]>([
    ['allows access', { account: ACCOUNT, identity: me, actions: null, dryRun: null }, ['ok role']],
    ['denies the role', { account: ACCOUNT, identity: no, actions: null, dryRun: null }, ['fail role-denied']],
    ['does not respond', { account: ACCOUNT, identity: unreadable(new Error('ECONNREFUSED')), actions: null, dryRun: null }, ['unknown role']],
    ['is another one', { account: '222222222222', identity: me, actions: null, dryRun: null }, ['unknown role']],
    ['allows fixes', { account: ACCOUNT, identity: me, actions: known({ role: 'r', denied: [], unsure: [] }), dryRun: null }, ['ok role', 'ok actions']],
    [
      'denies an action',
      { account: ACCOUNT, identity: me, actions: known({ role: 'r', denied: ['ec2:RevokeSecurityGroupIngress'], unsure: ['x:Y'] }), dryRun: null },
      ['ok role', 'fail actions-denied'],
    ],
    [
      'allows an action on some resources, or on none',
      { account: ACCOUNT, identity: me, actions: known({ role: 'r', denied: [], unsure: ['x:Y'] }), dryRun: null },
      ['ok role', 'warn actions-unsure'],
    ],
    ['would allow that a rule is revoked', { account: ACCOUNT, identity: me, actions: null, dryRun: known(true) }, ['ok role', 'ok dry-run']],
    ['would not allow it', { account: ACCOUNT, identity: me, actions: null, dryRun: known(false) }, ['ok role', 'fail dry-run-denied']],
    ['does not report whether it would', { account: ACCOUNT, identity: me, actions: null, dryRun: no }, ['ok role', 'unknown dry-run']],
    ['does not allow IAM simulations', { account: ACCOUNT, identity: me, actions: no, dryRun: null }, ['ok role', 'unknown actions']],
  ])('an account that %s', (_name, fact, expected) => expect(said(accessChecks([fact]))).toEqual(expected));
});

describe('records', () => {
  const entry = (id: string, expires: string) => ({ id, scope: { account: ACCOUNT }, reason: 'r', owner: 'team', approver: 'security', expires });
  const facts = (over: Partial<RecordFacts> = {}): RecordFacts => ({
    now: NOW,
    policy,
    policyFound: true,
    register: defineRegister([]),
    stopFile: known('none'),
    journal: known({ shown: '.redress', open: [], approvals: [], breakers: [] }),
    ...over,
  });
  it.each<[string, Partial<RecordFacts>, string[]]>([
    ['is valid', {}, ['ok policy', 'ok register']],
    ['does not exist', { policyFound: false }, ['warn policy-missing', 'ok register']],
    ['has no environment', { policy: definePolicy({ version: 1 }) }, ['warn policy-no-environment', 'ok register']],
    [
      'stops changes',
      { policy: definePolicy({ version: 1, stop: 'changes', environments: { dev: { accounts: [ACCOUNT] } } }) },
      ['ok policy', 'warn kill-switch-on', 'ok register'],
    ],
    ['is stopped by a file', { stopFile: known('everything') }, ['ok policy', 'warn kill-switch-on', 'ok register']],
    ['has a kill switch that cannot be read', { stopFile: no }, ['ok policy', 'unknown kill-switch', 'ok register']],
    ['has an exception that expires soon', { register: defineRegister([entry('E-1', '2026-12-08T10:00:00Z')]) }, ['ok policy', 'warn exception-ending']],
    ['has one that expires later', { register: defineRegister([entry('E-1', '2026-12-08T10:00:01Z')]) }, ['ok policy', 'ok register']],
    ['has one that has expired', { register: defineRegister([entry('E-1', '2026-11-24T10:00:00Z')]) }, ['ok policy', 'warn exceptions-ended']],
  ])('a policy that %s', (_name, over, expected) => expect(said(policyChecks(facts(over)))).toEqual(expected));

  const group = resource({ type: 'AWS::EC2::SecurityGroup', id: 'sg-1', account: ACCOUNT, region: 'eu-west-1' });
  const open = (leaseUntil: number): OpenExecution => ({
    execution: 'x-1',
    resource: group,
    remediator: 'r',
    planDigest: 'sha256:1',
    subjects: [],
    fence: 1,
    leaseUntil,
    begunAt: NOW,
    version: '1',
    parameters: 'p',
    drill: false,
    rollbackOf: null,
  });
  const approval = (expires: number, over: Partial<Approval> = {}): Approval => ({
    id: 'a-1',
    resource: group,
    remediator: 'r',
    planDigest: 'sha256:1',
    subjects: [],
    discharges: [],
    fresh: false,
    causedBy: [],
    requestedAt: NOW,
    expires,
    verdict: 'none',
    by: null,
    usedBy: null,
    ...over,
  });
  it.each<[string, RecordFacts['journal'], string[]]>([
    ['is empty', known({ shown: 'x', open: [], approvals: [], breakers: [] }), ['ok journal']],
    ['does not exist yet', known(null), ['ok journal']],
    ['cannot be read', no, ['unknown journal']],
    ['has an execution in progress', known({ shown: 'x', open: [open(NOW + 1)], approvals: [], breakers: [] }), ['ok journal']],
    ['has one of a lost worker', known({ shown: 'x', open: [open(NOW)], approvals: [], breakers: [] }), ['fail stale-lease', 'ok journal']],
    [
      'has an open circuit breaker',
      known({ shown: 'x', open: [], approvals: [], breakers: [{ remediator: 'r', since: NOW, reason: 'too many', account: ACCOUNT }] }),
      ['warn breaker-open', 'ok journal'],
    ],
    [
      'has an approval that is about to expire',
      known({ shown: 'x', open: [], approvals: [approval(NOW + 24 * HOUR)], breakers: [] }),
      ['warn approval-late', 'ok journal'],
    ],
    [
      'has one with time left, one that was answered, and one that expired',
      known({ shown: 'x', open: [], approvals: [approval(NOW + 25 * HOUR), approval(NOW + HOUR, { verdict: 'denied' }), approval(NOW)], breakers: [] }),
      ['ok journal'],
    ],
  ])('a journal that %s', (_name, journal, expected) => expect(said(journalChecks(facts({ journal })))).toEqual(expected));

  it.each<[string, Parameters<typeof canaryChecks>[0][number]['last'], string[]]>([
    ['arrived', known(NOW - 26 * HOUR), ['ok canary']],
    ['is missing', known(NOW - 26 * HOUR - 1), ['fail canary-missing']],
    ['never arrived', known(null), ['warn canary-never']],
    ['cannot be looked up', no, ['unknown canary']],
  ])('a canary that %s', (_name, last, expected) => expect(said(canaryChecks([{ region: 'eu-west-1', now: NOW, last }]))).toEqual(expected));

  it('always have a next step unless they are ok', () => {
    const all = [
      ...policyChecks(facts({ policyFound: false, stopFile: no })),
      ...journalChecks(facts({ journal: known({ shown: 'x', open: [open(NOW)], approvals: [], breakers: [] }) })),
      ...trailChecks(place({ trails: known([]) })),
    ];
    for (const each of all) expect(each.next === null, each.code).toBe(each.status === 'ok');
  });
});
