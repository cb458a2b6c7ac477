// A quarter of a small company, as the engine writes it: two simulated accounts, a clock that is simulated, people who open, approve, deny and roll back.
// Nothing here writes a record: records are what the engine made of what happened. Chance is seeded, so each run makes the same bytes.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRedress, type JsonObject, RedressError, type Remediator, resource } from '@redress/core';
import { readPolicy, readRegister } from '@redress/core/yaml';
import { folderJournal, sealFolder, signerOf } from '@redress/evidence';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { cloudTrailEvent, configComplianceEvent, type EventBridgeEvent, type SimulatedAccount, simulatedAccount } from '@redress/testing';

export const DEV = '111111111111';
export const PROD = '333333333333';
const REGION = 'ap-southeast-2';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The period that is reported. */
export const QUARTER = { from: '2026-07-01', to: '2026-09-30' };

/** Days on which nobody in Sydney works. */
export const CALENDAR = { zone: 'Australia/Sydney', weekend: ['saturday', 'sunday'], holidays: ['2026-10-05'] };

const LEAD = `arn:aws:iam::${PROD}:role/SecurityLead`;

/** What is swept, and what may act: the others that come with the command notify. */
const USED = [
  'ec2-revoke-sg-open-ssh',
  'ec2-revoke-sg-open-rdp',
  'ec2-report-unencrypted-ebs-volumes',
  's3-enforce-default-encryption',
  's3-block-public-access-private-bucket',
  'iam-flag-stale-access-key',
  'logs-raise-retention',
];
const remediators: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators].filter(({ id }) => USED.includes(id));

/** As it was in July, and as it is since August. */
const policyText = (retention: 'notify' | 'enforce') => `version: 1
environments:
  dev: { accounts: ["${DEV}"] }
  prod: { accounts: ["${PROD}"], after: { environment: dev, fixes: 3, bake: P7D } }
approvers: { prod: ["${LEAD}"] }
remediators:
  ec2-revoke-sg-open-ssh: { dev: enforce, prod: approve }
  ec2-revoke-sg-open-rdp: { dev: enforce, prod: approve }
  s3-enforce-default-encryption: { dev: enforce, prod: enforce }
  s3-block-public-access-private-bucket: { dev: enforce, prod: approve }
  iam-flag-stale-access-key: { dev: enforce, prod: approve }
  logs-raise-retention: { dev: enforce, prod: ${retention}, parameters: { minDays: 365 } }
exceptions: { tag: "redress:exception", register: exceptions.yaml }
deadlines:
  - { environments: [prod], within: P14D }
  - { environments: [dev], within: P30D }
limits:
  - { per: [remediator, account], changes: 4, window: PT1H }
`;

/** As it was until the end of August, and as it is since. */
const registerText = (groups: Readonly<Record<string, string>>, until: 'August' | 'now') =>
  [
    `- id: EXC-42
  scope: { account: "${PROD}", resource: ${groups['payments-vendor'] ?? ''}, remediators: [ec2-revoke-sg-open-ssh] }
  reason: the payment provider's support connects from changing addresses
  owner: payments
  approver: security
  ticket: CHG-1042
  compensatingControl: the host firewall lets in the provider's certificates only
  expires: "2026-12-31T00:00:00Z"
`,
    `- id: EXC-17
  scope: { account: "${PROD}", resource: ${groups['data-migration'] ?? ''} }
  reason: data centre migration
  owner: platform
  approver: security
  ticket: CHG-1017
  compensatingControl: the jump host is watched while the migration runs
  expires: "2026-09-15T00:00:00Z"
`,
    `- id: EXC-51
  scope: { account: "${DEV}", resource: ${groups['batch'] ?? ''}, remediators: [ec2-revoke-sg-open-rdp] }
  reason: short experiments
  owner: research
  approver: security
  expires: "2027-01-31T00:00:00Z"
`,
    ...(until === 'now'
      ? []
      : [
          `- id: EXC-30
  scope: { account: "${DEV}", resource: ${groups['build-agents'] ?? ''} }
  reason: build agents are debugged
  owner: platform
  approver: security
  ticket: CHG-1030
  expires: "2026-08-31T00:00:00Z"
`,
        ]),
  ].join('');

/** Bytes that a seed decides: ids and keys of each run are the same. */
function seeded(seed: string): (bytes: Uint8Array) => void {
  let drawn = 0;
  return (bytes) => {
    for (let at = 0; at < bytes.length; at += 32)
      bytes.set(
        createHash('sha256')
          .update(`${seed} ${drawn++}`)
          .digest()
          .subarray(0, bytes.length - at),
        at,
      );
  };
}

/** While work runs, what this process takes for chance is decided by a seed. */
async function withoutChance<T>(seed: string, work: (draw: (bytes: Uint8Array) => void) => Promise<T>): Promise<T> {
  const draw = seeded(seed);
  Object.defineProperty(crypto, 'getRandomValues', {
    configurable: true,
    value: <A extends Uint8Array>(array: A): A => {
      draw(array);
      return array;
    },
  });
  try {
    return await work(draw);
  } finally {
    Reflect.deleteProperty(crypto, 'getRandomValues');
  }
}

/** A key that everybody can make, from its name alone: it seals the sample, and nothing that anybody relies on. */
function publicKey(name: string): string {
  const seed = createHash('sha256').update(`a public key pair: ${name}`).digest();
  const key = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const id = createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.from([1]))
    .update(raw)
    .digest('hex')
    .slice(0, 8);
  return ['PRIVATE', 'KEY', name, id, Buffer.concat([Buffer.from([1]), seed]).toString('base64')].join('+');
}

type Which = typeof DEV | typeof PROD;

/** Two accounts, a clock, and a journal in a folder. */
class Company {
  time = Date.parse('2026-06-15T00:00:00Z');
  readonly clock = {
    now: () => this.time,
    sleep: async (milliseconds: number) => {
      this.time += milliseconds;
    },
  };
  readonly accounts: Readonly<Record<Which, SimulatedAccount>> = { [DEV]: this.#account(DEV), [PROD]: this.#account(PROD) };
  readonly groups: Record<string, string> = {};
  readonly journal;
  readonly #draw: (bytes: Uint8Array) => void;
  retention: 'notify' | 'enforce' = 'notify';
  register: 'August' | 'now' = 'August';

  constructor(directory: string, draw: (bytes: Uint8Array) => void) {
    this.#draw = draw;
    this.journal = folderJournal({ directory, clock: this.clock });
  }

  #account(account: Which): SimulatedAccount {
    const made = simulatedAccount({
      account,
      clock: this.clock,
      // Calls to AWS take time.
      turn: () => this.clock.sleep(120),
    });
    // Ids of the two are not the same.
    made.state.made = account === PROD ? 0x3000 : 0x1000;
    return made;
  }

  redress() {
    return createRedress({
      remediators,
      policy: readPolicy(policyText(this.retention), 'redress.yaml'),
      exceptions: readRegister(registerText(this.groups, this.register), 'exceptions.yaml'),
      journal: this.journal,
      connect: (place) => this.accounts[place.account === PROD ? PROD : DEV].connect(place),
      notify: async () => undefined,
      clock: this.clock,
    });
  }

  /** The clock goes on to a moment in UTC of the year 2026; never back. */
  at(moment: string): void {
    this.time = Math.max(this.time, Date.parse(`2026-${moment}:00Z`));
  }

  /** An event arrives, with an id that the seed decides. */
  async arrives(event: EventBridgeEvent, options: { readonly drill?: boolean } = {}): Promise<void> {
    const id = () => {
      const bytes = new Uint8Array(16);
      this.#draw(bytes);
      return Buffer.from(bytes)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    };
    const detail = event.source === 'aws.config' ? event.detail : ({ ...event.detail, requestID: id(), eventID: id() } as JsonObject);
    await this.redress().handle({ ...event, id: id(), detail }, options);
  }

  /** A security group, with tags. */
  group(account: Which, name: string, owner: string | null): string {
    const own = this.accounts[account];
    const { GroupId } = own.act('ec2', 'CreateSecurityGroup', { GroupName: name, Description: name }, REGION) as { GroupId: string };
    const tags = [{ Key: 'Name', Value: name }, ...(owner === null ? [] : [{ Key: 'owner', Value: owner }])];
    own.act('ec2', 'CreateTags', { Resources: [GroupId], Tags: tags }, REGION);
    own.act('ec2', 'AuthorizeSecurityGroupIngress', { GroupId, IpPermissions: permissions(443, '10.0.0.0/8') }, REGION);
    this.groups[name] = GroupId;
    return GroupId;
  }

  /** Somebody opens a port to the world, and the event arrives a while later. */
  async opens(account: Which, name: string, by: string, { port = 22, after = 2 * MINUTE, drill = false } = {}): Promise<void> {
    const groupId = this.groups[name] ?? '';
    const at = this.time;
    // What is open already nobody opens again.
    if (this.accounts[account].state.groups[groupId]?.rules.some((rule) => rule.from === port && rule.cidr === '0.0.0.0/0') === true) return;
    const { SecurityGroupRules } = this.accounts[account].act(
      ...(['ec2', 'AuthorizeSecurityGroupIngress', { GroupId: groupId, IpPermissions: permissions(port, '0.0.0.0/0') }, REGION] as const),
    ) as { SecurityGroupRules: { SecurityGroupRuleId: string }[] };
    this.time += after;
    const ranges = { groups: {}, ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] }, ipv6Ranges: {}, prefixListIds: {} };
    const made = SecurityGroupRules.map(({ SecurityGroupRuleId }) => ({
      ...{ groupId, groupOwnerId: account, isEgress: false, ipProtocol: 'tcp', fromPort: port, toPort: port },
      ...{ cidrIpv4: '0.0.0.0/0', securityGroupRuleId: SecurityGroupRuleId },
    }));
    const call = { service: 'ec2', operation: 'AuthorizeSecurityGroupIngress', actor: by.startsWith('arn:') ? by : `arn:aws:iam::${account}:user/${by}` };
    const request = { groupId, ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: port, toPort: port, ...ranges }] } };
    const response = { _return: true, securityGroupRuleSet: { items: made } };
    await this.arrives(cloudTrailEvent({ ...call, account, region: REGION, time: new Date(at), request, response }), { drill });
  }

  /** AWS Config reports a resource, some minutes after it was changed. */
  async reports(account: Which, type: string, id: string, rule: string, options: { readonly region?: string; readonly drill?: boolean } = {}): Promise<void> {
    const at = this.time;
    this.time += 9 * MINUTE;
    const ref = resource({ type, id, account, region: options.region ?? REGION });
    await this.arrives(configComplianceEvent({ resource: ref, rule, time: new Date(at) }), options.drill === true ? { drill: true } : {});
  }

  /** A bucket without what it should have. */
  async bucket(account: Which, Bucket: string, team: string, without: 'encryption' | 'block'): Promise<void> {
    const own = this.accounts[account];
    own.act('s3', 'CreateBucket', { Bucket }, REGION);
    own.act('s3', 'PutBucketTagging', { Bucket, Tagging: { TagSet: [{ Key: 'team', Value: team }] } }, REGION);
    const PublicAccessBlockConfiguration = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
    if (without !== 'block') own.act('s3', 'PutPublicAccessBlock', { Bucket, PublicAccessBlockConfiguration }, REGION);
    const ServerSideEncryptionConfiguration = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] };
    if (without !== 'encryption') own.act('s3', 'PutBucketEncryption', { Bucket, ServerSideEncryptionConfiguration }, REGION);
    await this.reports(
      ...([account, 'AWS::S3::Bucket', Bucket] as const),
      without === 'encryption' ? 's3-bucket-server-side-encryption-enabled' : 's3-bucket-level-public-access-prohibited',
    );
  }

  /** A log group that keeps too little. */
  async logs(account: Which, logGroupName: string, team: string, options: { readonly drill?: boolean } = {}): Promise<void> {
    const own = this.accounts[account];
    own.act('logs', 'CreateLogGroup', { logGroupName }, REGION);
    own.act('logs', 'TagResource', { resourceArn: `arn:aws:logs:${REGION}:${account}:log-group:${logGroupName}`, tags: { team } }, REGION);
    own.act('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: 7 }, REGION);
    await this.reports(account, 'AWS::Logs::LogGroup', logGroupName, 'cw-loggroup-retention-period-check', options);
  }

  /** The security lead answers what waits on a resource. */
  async answers(id: string, verdict: 'approve' | 'deny', reason: string): Promise<void> {
    for (const waiting of await this.redress().approvals())
      if (waiting.resource.id === id) await refusable(this.redress()[verdict](waiting.id, { by: { name: LEAD, verified: true }, reason }));
  }

  /** The newest execution of a resource is rolled back. */
  async rollsBack(id: string, by: string, reason: string): Promise<void> {
    let last: string | null = null;
    for await (const { record } of this.journal.read({ all: true })) if (record.kind === 'outcome' && record.resource.id === id) last = record.execution;
    if (last === null) throw new Error(`Nothing was done to ${id}.`);
    await this.redress().rollback(last, { by, reason });
  }

  async sweep(): Promise<void> {
    await this.redress().sweep({ targets: [DEV, PROD].map((account) => ({ account, region: REGION })), perSecond: 10 });
  }
}

const permissions = (port: number, cidr: string) => [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: cidr }] }];

/** What is refused is part of what happens. */
async function refusable(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof RedressError)) throw error;
  });
}

/** Groups of one deployment: more than the policy lets be changed within an hour. */
const QUEUE = ['queue-1', 'queue-2', 'queue-3', 'queue-4', 'queue-5', 'queue-6'];

/** What happened, in order of time. */
async function happens(company: Company): Promise<void> {
  const { groups } = company;
  for (const [name, owner] of [
    ...([
      ['shop-web', 'shop'],
      ['build-agents', 'platform'],
      ['search', 'search'],
      ['batch', null],
      ['lab', 'research'],
      ['edge', 'platform'],
      ...QUEUE.map((name) => [name, 'platform'] as const),
    ] as const),
  ])
    company.group(DEV, name, owner);
  for (const [name, owner] of [
    ...([
      ['legacy-vpn', 'platform'],
      ['payments-vendor', 'payments'],
      ['data-migration', 'platform'],
      ['checkout', 'shop'],
      ['orders', 'shop'],
      ['reports', null],
      ['crm', 'sales'],
    ] as const),
  ])
    company.group(PROD, name, owner);

  // Before the quarter: one gap that is still open at its end, and fixes in dev, by which prod may enforce.
  company.at('06-16T00:20');
  await company.opens(PROD, 'legacy-vpn', 'omar');
  for (const [at, name] of ['invoices-test', 'orders-test', 'crm-test'].entries()) {
    company.at(`06-1${7 + at}T01:00`);
    await company.bucket(DEV, `acme-${name}`, 'shop', 'encryption');
    await company.logs(DEV, `/acme/${name}`, 'shop');
  }

  for (let week = 0; week < 13; week++) {
    const monday = Date.parse('2026-07-05T22:00:00Z') + (week - 1) * 7 * DAY;
    company.time = Math.max(company.time, monday);
    if (week % 2 === 0) await company.sweep();
    await inWeek(company, week);
  }
  // What is open at the end of the quarter is closed after it: it is not part of what is reported.
  company.at('09-30T23:00');
  company.at('10-01T03:00');
  await company.answers(groups['reports'] ?? '', 'approve', 'CHG-1301: checked with sales');
}

async function inWeek(company: Company, week: number): Promise<void> {
  const { groups } = company;
  const id = (name: string) => groups[name] ?? '';
  switch (week) {
    case 0:
      company.at('07-01T00:10');
      await company.opens(PROD, 'payments-vendor', 'priya');
      await company.opens(PROD, 'data-migration', 'omar');
      company.at('07-02T04:30');
      await company.opens(DEV, 'shop-web', 'sam');
      return;
    case 1:
      company.at('07-07T01:00');
      await company.bucket(PROD, 'acme-invoices', 'payments', 'encryption');
      company.at('07-08T02:15');
      await company.opens(PROD, 'checkout', 'sam');
      company.at('07-09T23:40');
      return company.answers(id('checkout'), 'approve', 'CHG-1201: nobody uses it');
    case 2:
      company.at('07-14T05:00');
      await company.opens(DEV, 'build-agents', 'lee');
      await company.logs(PROD, '/acme/payments', 'payments');
      company.at('07-16T00:45');
      return company.opens(DEV, 'search', 'noor', { port: 3389 });
    case 3:
      company.at('07-21T03:00');
      await company.opens(PROD, 'orders', 'lee');
      company.at('07-23T22:30');
      await company.answers(id('orders'), 'deny', 'CHG-1215: the vendor connects until the end of July');
      company.at('07-24T01:00');
      return company.bucket(DEV, 'acme-uploads-test', 'search', 'block');
    case 4:
      company.at('07-28T02:00');
      await company.opens(DEV, 'batch', 'sam');
      company.at('07-28T05:30');
      await company.rollsBack(id('batch'), 'dana', 'INC0012345: the night run reaches its hosts from outside');
      company.at('07-30T02:00');
      return company.bucket(PROD, 'acme-exports', 'sales', 'encryption');
    case 5: {
      // Retention in prod is fixed from here on.
      company.retention = 'enforce';
      company.at('08-04T03:00');
      await company.logs(PROD, '/acme/checkout', 'shop');
      for (const UserName of ['old-deploy-bot', 'reporting']) {
        const own = company.accounts[UserName === 'reporting' ? PROD : DEV];
        own.act('iam', 'CreateUser', { UserName, Tags: [{ Key: 'team', Value: 'platform' }] });
        own.act('iam', 'CreateAccessKey', { UserName });
        for (const key of own.state.users[UserName]?.keys ?? []) key.created = '2026-01-12T00:00:00.000Z';
        await company.reports(own === company.accounts[PROD] ? PROD : DEV, 'AWS::IAM::User', UserName, 'access-keys-rotated', { region: 'aws-global' });
      }
      return;
    }
    // Terraform opens again what was closed, until nobody fights it.
    case 6:
      for (const at of ['08-10T23:00', '08-11T01:00', '08-11T03:00', '08-11T05:00', '08-11T07:00']) {
        company.at(at);
        await company.opens(DEV, 'edge', `arn:aws:sts::${DEV}:assumed-role/terraform/ci`, { after: 90_000 });
      }
      company.at('08-13T00:30');
      return company.bucket(PROD, 'acme-partner-files', 'sales', 'block');
    case 7:
      company.at('08-18T01:10');
      await company.answers('acme-partner-files', 'approve', 'CHG-1240: no file is public on purpose');
      company.at('08-19T04:00');
      await company.opens(PROD, 'crm', 'priya', { port: 3389, after: 14 * MINUTE });
      company.at('08-20T00:20');
      return company.answers(id('crm'), 'approve', 'CHG-1244: agreed with sales');
    case 8:
      company.at('08-25T02:00');
      return company.logs(DEV, '/acme/drill', 'platform', { drill: true });
    // A deployment opens more groups than the limit lets be changed: the circuit breaker opens, and a person closes it.
    case 9:
      company.register = 'now';
      company.at('09-01T03:00');
      for (const name of QUEUE) {
        await company.opens(DEV, name, 'noor', { after: 3 * MINUTE });
        company.time += 4 * MINUTE;
      }
      company.at('09-01T06:00');
      await company
        .redress()
        .closeBreaker('ec2-revoke-sg-open-ssh', { account: DEV }, { by: 'dana', reason: 'INC0012399: a deployment of six groups, corrected in its template' });
      return;
    case 10:
      company.at('09-08T02:00');
      await company.bucket(PROD, 'acme-statements', 'payments', 'encryption');
      company.at('09-09T03:00');
      return company.logs(PROD, '/acme/statements', 'payments');
    case 11:
      company.at('09-16T01:00');
      await company.opens(PROD, 'reports', 'sam');
      company.at('09-17T02:00');
      return company.opens(DEV, 'shop-web', 'sam');
    default:
      company.at('09-22T02:00');
      await company.logs(PROD, '/acme/search', 'search');
      company.at('09-24T05:00');
      return company.opens(DEV, 'search', 'lee');
  }
}

/**
 * Writes the quarter into a folder: `ledger` (the records, sealed), and beside it the inputs that a report names: policy, register, calendar, trusted keys.
 *
 * @param directory has to be empty.
 */
export async function quarter(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const ledger = join(directory, 'ledger');
  await withoutChance('a quarter', async (draw) => {
    const company = new Company(ledger, draw);
    await happens(company);
    await company.journal.close?.();
    const signer = signerOf(publicKey('example.com/acme-redress'));
    await sealFolder({ directory: ledger, signer, clock: company.clock });
    writeFileSync(join(directory, 'redress.yaml'), policyText(company.retention));
    writeFileSync(join(directory, 'exceptions.yaml'), registerText(company.groups, company.register));
    writeFileSync(join(directory, 'calendar.json'), `${JSON.stringify(CALENDAR, null, 2)}\n`);
    const keys = [{ origin: 'example.com/acme-redress', key: signer.verifier, from: null, until: null }];
    writeFileSync(join(directory, 'redress.trust.json'), `${JSON.stringify({ keys }, null, 2)}\n`);
  });
}
