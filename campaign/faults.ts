// The fault catalogue as code: for each remediator every call of a run, to AWS and to the journal, meets every kind of fault once. The
// denominator is counted from a clean run, so that nothing is left out by hand.
import { createRedress, RedressError, type Remediator } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { DISTURBANCES, type Disturbance } from '@redress/testing';
import { enforcing, type Gap, type Journal, journalProblems, makers, type SimulatedAccount, START, simulatedAccount, VirtualClock, writing } from './world.ts';

/** What may happen to a call to the journal. */
const JOURNAL_FAULTS = ['crash-before', 'crash-after', 'unavailable', 'unavailable-after', 'down'] as const;
type JournalFault = (typeof JOURNAL_FAULTS)[number];
/** The worker's time is up, or it dies, at a call to AWS: nothing that it does returns any more. */
const DEATHS = ['dies-before', 'dies-after'] as const;
/** Someone else is at it in this moment. */
const OTHERS = ['someone-deletes', 'someone-fixes', 'someone-changes', 'kill-switch', 'clock-back', 'clock-ahead'] as const;
type CallFault = Disturbance | (typeof DEATHS)[number] | (typeof OTHERS)[number];
const CALL_FAULTS: readonly CallFault[] = [...DISTURBANCES, ...DEATHS, ...OTHERS];

/** Which entries of the fault catalogue a kind stands for. */
const CATALOGUE: Readonly<Record<CallFault | JournalFault | 'duplicate', string>> = {
  throttled: 'F12 throttling',
  server: 'F13 5xx',
  denied: 'F14 access denied',
  lost: 'F7 reply lost',
  'lost-before': 'F7 call lost',
  stale: 'F15 stale read',
  gone: 'F16 resource deleted in between',
  'dies-before': 'F5, F6, F8, F11 dies before a call',
  'dies-after': 'F8, F9, F10, F11 dies after a call',
  'someone-deletes': 'F16 resource deleted in between',
  'someone-fixes': 'F17 changed by another actor',
  'someone-changes': 'F17 changed by another actor',
  'kill-switch': 'F30 kill switch flipped mid-run',
  'clock-back': 'F24 clock skew',
  'clock-ahead': 'F18, F24 lease over, clock skew',
  'crash-before': 'F5 crash before a record',
  'crash-after': 'F6, F9 crash after a record',
  unavailable: 'F20, F22 store unavailable for a moment',
  'unavailable-after': 'F20 stored, and not acknowledged',
  down: 'F20, F22 store down from here on',
  duplicate: 'F1, F19 duplicates at once',
};

/** What the matrix came to. */
export interface FaultReport {
  readonly remediators: number;
  readonly injected: number;
  readonly survived: number;
  /** By kind of fault: how often it was injected, and survived. */
  readonly kinds: Readonly<Record<string, { readonly catalogue: string; readonly injected: number; readonly survived: number }>>;
  readonly broken: readonly { readonly remediator: string; readonly fault: string; readonly at: string; readonly why: readonly string[] }[];
}

const BLOCKED = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
const NEVER = new Promise<never>(() => undefined);

interface Injection {
  readonly on: 'aws' | 'journal';
  readonly index: number;
  readonly kind: CallFault | JournalFault;
}

interface World {
  readonly clock: VirtualClock;
  readonly account: SimulatedAccount;
  readonly journal: Journal;
  readonly gap: Gap;
  readonly remediator: Remediator;
  stop: 'none' | 'changes';
  injection: Injection | null;
  /** Calls so far, and their names. */
  readonly seen: { aws: string[]; journal: string[] };
  /** Set when the worker has died. */
  died: (() => void) | null;
  /** The faults end: what comes now has a sound store, and is alive. */
  heal(): void;
}

function build(remediator: Remediator): World {
  const clock = new VirtualClock();
  const seen: World['seen'] = { aws: [], journal: [] };
  let dead = false;
  const world = { clock, seen, remediator, stop: 'none' as World['stop'], injection: null as Injection | null, died: null as World['died'] };
  const at = (on: Injection['on'], index: number) => (world.injection?.on === on && world.injection.index === index ? world.injection.kind : null);
  const account = simulatedAccount({
    clock,
    turn: async (name) => {
      if (dead) return NEVER;
      const index = seen.aws.push(name) - 1;
      const kind = at('aws', index);
      if (kind === 'dies-before') return die();
      if (kind === 'someone-deletes') remove(account, gap);
      if (kind === 'someone-fixes') close(account, gap, remediator.id);
      if (kind === 'someone-changes') touch(account, gap);
      if (kind === 'kill-switch') world.stop = 'changes';
      if (kind === 'clock-back') clock.time -= 600_000;
      if (kind === 'clock-ahead') clock.time += 600_000;
    },
    disturb: () => {
      const kind = at('aws', seen.aws.length - 1);
      return kind !== null && (DISTURBANCES as readonly string[]).includes(kind) ? (kind as Disturbance) : null;
    },
    after: async () => {
      if (at('aws', seen.aws.length - 1) === 'dies-after') return die();
    },
  });
  const die = (): Promise<never> => {
    dead = true;
    world.died?.();
    return NEVER;
  };
  const real = memoryJournal({ clock });
  let down = false;
  const guarded =
    <A extends unknown[], T>(name: string, work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      if (dead) return NEVER;
      const index = seen.journal.push(name) - 1;
      const kind = at('journal', index);
      const unavailable = () => new RedressError('journal/unavailable', 'the store is down', { retryable: true });
      if (kind === 'crash-before') return die();
      if (kind === 'down') down = true;
      if (kind === 'unavailable' || down) throw unavailable();
      const answer = await work(...args);
      if (kind === 'crash-after') return die();
      if (kind === 'unavailable-after') throw unavailable();
      return answer;
    };
  const journal: Journal = {
    kind: 'faulty',
    view: guarded('view', (ref) => real.view(ref)),
    begin: guarded('begin', (request) => real.begin(request)),
    append: guarded('append', (entry) => real.append(entry)),
    finish: guarded('finish', (request) => real.finish(request)),
    open: () => real.open(),
    approvals: () => real.approvals(),
    trackRecord: (query) => real.trackRecord(query),
    read: (query) => real.read(query),
  };
  // Something that is as it should be, beside the gap.
  account.act('s3', 'CreateBucket', { Bucket: 'bystander' });
  account.act('s3', 'PutBucketEncryption', {
    Bucket: 'bystander',
    ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
  });
  account.act('s3', 'PutPublicAccessBlock', { Bucket: 'bystander', PublicAccessBlockConfiguration: BLOCKED });
  const make = makers[remediator.id];
  if (make === undefined) throw new Error(`There is no gap for ${remediator.id}: the matrix has to know one for each remediator that writes.`);
  const gap = make(account, 'subject');
  return Object.assign(world, {
    account,
    gap,
    journal,
    heal() {
      dead = false;
      down = false;
      world.injection = null;
      world.stop = 'none';
    },
  });
}

function remove(account: SimulatedAccount, { ref }: Gap): void {
  const { type, id } = ref;
  try {
    if (type === 'AWS::EC2::SecurityGroup') account.act('ec2', 'DeleteSecurityGroup', { GroupId: id });
    if (type === 'AWS::S3::Bucket') account.act('s3', 'DeleteBucket', { Bucket: id });
    if (type === 'AWS::IAM::User') account.act('iam', 'DeleteUser', { UserName: id });
    if (type === 'AWS::Logs::LogGroup') account.act('logs', 'DeleteLogGroup', { logGroupName: id });
  } catch {
    // It is gone already.
  }
}

/** Somebody makes the same change by hand. */
function close(account: SimulatedAccount, gap: Gap, remediator: string): void {
  if (!gap.isOpen()) return;
  const { id } = gap.ref;
  if (remediator.startsWith('ec2-revoke')) {
    const open = account.state.groups[id]?.rules.filter((rule) => !rule.egress && rule.cidr !== '10.0.0.0/8').map((rule) => rule.id) ?? [];
    account.act('ec2', 'RevokeSecurityGroupIngress', { GroupId: id, SecurityGroupRuleIds: open });
  } else if (remediator === 'ec2-enable-ebs-encryption-by-default') account.act('ec2', 'EnableEbsEncryptionByDefault', {});
  else if (remediator === 's3-enforce-default-encryption')
    account.act('s3', 'PutBucketEncryption', {
      Bucket: id,
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }] },
    });
  else if (remediator === 's3-block-public-access-private-bucket')
    account.act('s3', 'PutPublicAccessBlock', {
      Bucket: id,
      PublicAccessBlockConfiguration: BLOCKED,
    });
  else if (remediator === 'logs-raise-retention') account.act('logs', 'PutRetentionPolicy', { logGroupName: id, retentionInDays: 400 });
}

/** Somebody changes something else of the resource. */
function touch(account: SimulatedAccount, { ref }: Gap): void {
  const { type, id } = ref;
  if (type === 'AWS::EC2::SecurityGroup' && account.state.groups[id] !== undefined)
    account.act('ec2', 'AuthorizeSecurityGroupIngress', {
      GroupId: id,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '192.0.2.0/24' }] }],
    });
  if (type === 'AWS::S3::Bucket') account.act('s3', 'PutBucketTagging', { Bucket: id, Tagging: { TagSet: [{ Key: 'team', Value: 'x' }] } });
  if (type === 'AWS::IAM::User') account.act('iam', 'TagUser', { UserName: id, Tags: [{ Key: 'team', Value: 'x' }] });
}

const engine = (world: World, journal: Journal) =>
  createRedress({
    remediators: [world.remediator],
    policy: enforcing([world.remediator]),
    journal,
    connect: world.account.connect,
    clock: world.clock,
    killSwitch: { read: async () => world.stop },
  });

/** Everything that is not the resource: nobody may touch it. */
function bystanders({ account, gap }: World): string {
  const { groups, buckets, users, logGroups, volumes, instances } = structuredClone(account.state);
  for (const record of [groups, buckets, users, logGroups]) delete (record as Record<string, unknown>)[gap.ref.id];
  return JSON.stringify({ groups, buckets, users, logGroups, volumes, instances });
}

/** A run under a fault, and a run afterwards without one. */
async function inject(remediator: Remediator, injection: Injection | null): Promise<{ world: World; why: string[]; effective: number }> {
  const world = build(remediator);
  const { clock, account, gap, journal } = world;
  const around = bystanders(world);
  const event = gap.open(clock.now());
  clock.time += 120_000;
  world.injection = injection;
  const dead = new Promise<'dead'>((resolve) => {
    world.died = () => resolve('dead');
  });
  await Promise.race([engine(world, journal).handle(event), dead]);
  const openFirst = gap.isOpen();
  // Time goes by: a lease ends. Then the event comes again, and a sweep.
  world.heal();
  clock.time = Math.max(clock.time, START) + 900_000;
  const after = engine(world, journal);
  await after.recover();
  await after.handle(event);
  await after.sweep({ targets: [{ account: account.account, region: gap.ref.region === 'aws-global' ? 'us-east-1' : gap.ref.region }] });
  const why = await journalProblems(journal);
  if (gap.isOpen()) why.push(`the gap is still open${openFirst ? '' : ', although it was closed before'}`);
  const effective = account.calls.filter((call) => call.write && call.effective).length;
  if (bystanders(world) !== around) why.push('something else than the resource was changed');
  let intents = 0;
  for await (const { record } of journal.read({ all: true })) if (record.kind === 'intent') intents++;
  if (effective > intents) why.push(`${effective} changes on ${intents} intents`);
  return { world, why, effective };
}

/** The whole matrix; `share` takes every n-th injection only. */
export async function faultMatrix({ every = 1 }: { readonly every?: number } = {}): Promise<FaultReport> {
  const kinds: Record<string, { catalogue: string; injected: number; survived: number }> = {};
  const broken: FaultReport['broken'][number][] = [];
  let [injected, survived, turn] = [0, 0, 0];
  const count = (kind: CallFault | JournalFault | 'duplicate', remediator: string, at: string, why: string[]) => {
    const entry = kinds[kind] ?? { catalogue: CATALOGUE[kind], injected: 0, survived: 0 };
    kinds[kind] = entry;
    entry.injected++;
    injected++;
    if (why.length === 0) {
      entry.survived++;
      survived++;
    } else broken.push({ remediator, fault: kind, at, why });
  };
  for (const remediator of writing) {
    const clean = await inject(remediator, null);
    if (clean.why.length > 0 || clean.effective !== 1)
      throw new Error(`${remediator.id} fails without any fault: ${clean.why.join('; ')} (${clean.effective} changes)`);
    // How many calls the first of the two runs makes.
    const world = build(remediator);
    const event = world.gap.open(world.clock.now());
    world.clock.time += 120_000;
    await engine(world, world.journal).handle(event);
    for (const [on, faults, names] of [
      ['aws', CALL_FAULTS, world.seen.aws],
      ['journal', JOURNAL_FAULTS, world.seen.journal],
    ] as const)
      for (const [index, name] of names.entries())
        for (const kind of faults) {
          if (turn++ % every !== 0) continue;
          const { why, effective } = await inject(remediator, { on, index, kind });
          // One gap is one change, whatever happens; by someone else's hand it may be none, and so it may when the resource is gone.
          if (effective > 1) why.push(`${effective} changes for one gap`);
          if (effective === 0 && !['someone-deletes', 'someone-fixes'].includes(kind)) why.push('nothing was changed, and yet the gap is closed');
          count(kind, remediator.id, `${on} call ${index + 1} of ${names.length} (${name})`, why);
        }
    // Ten at once.
    const crowd = build(remediator);
    const reported = crowd.gap.open(crowd.clock.now());
    crowd.clock.time += 120_000;
    await Promise.all(Array.from({ length: 10 }, () => engine(crowd, crowd.journal).handle(reported)));
    const why = await journalProblems(crowd.journal);
    const effective = crowd.account.calls.filter((call) => call.write && call.effective).length;
    if (effective !== 1) why.push(`${effective} changes for ten equal events`);
    count('duplicate', remediator.id, 'ten at once', why);
  }
  return { remediators: writing.length, injected, survived, kinds, broken };
}
