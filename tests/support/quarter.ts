// A quarter in two accounts, as the engine writes it on a clock that is simulated: changes, approvals, exceptions, fights, a rollback, a breaker, drills, sweeps.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connect, createRedress, type Journal, RedressError } from '@redress/core';
import { readPolicy, readRegister } from '@redress/core/yaml';
import { folderJournal, generateKey, sealFolder, signerOf } from '@redress/evidence';
import { noteWidget, openedEvent, revokeOpenRules, Widgets } from './widgets.js';

export const DEV = '111111111111';
export const PROD = '333333333333';
const DAY = 86_400_000;
const HOUR = 3_600_000;

/** The period of the quarter, and the time at its end. */
export const QUARTER = { from: '2026-07-01', to: '2026-09-30', end: Date.parse('2026-10-01T00:00:00Z') };

export const POLICY = `version: 1
environments:
  dev: { accounts: ["${DEV}"] }
  prod: { accounts: ["${PROD}"], after: none, because: "a test" }
remediators:
  widget-revoke-open: { dev: enforce, prod: approve }
  widget-note: { dev: plan, prod: notify }
approvers: { prod: ["arn:aws:iam::333333333333:role/SecurityLead"] }
exceptions: { register: exceptions.yaml }
deadlines:
  - { environments: [prod], within: P14D }
limits:
  - { per: [remediator, account], changes: 500, window: PT1H }
`;

const entry = (id: string, resource: string, account: string, expires: string, more = '') =>
  `- id: ${id}\n  scope: { account: "${account}", resource: ${JSON.stringify(resource)}, remediators: [widget-revoke-open] }\n  reason: vendor support\n  owner: payments\n  approver: security\n${more}  expires: "${expires}"\n`;
export const REGISTER = [
  entry('EXC-1', 'w-live', PROD, '2027-03-31T00:00:00Z', '  ticket: CHG-100\n  compensatingControl: jump host with MFA\n'),
  entry('EXC-2', 'w-ended', PROD, '2026-09-30T12:00:00Z', '  ticket: CHG-101\n'),
  entry('EXC-3', 'w-nothing', DEV, '2027-01-31T00:00:00Z'),
].join('');

/** Names that a page must show as text. */
export const HOSTILE_NAMES: readonly string[] = [
  '<script>document.title="x"</script>',
  '"><img src=x onerror=alert(1)>',
  '\u202egnp.exe',
  'مرحبا',
  `long-${'x'.repeat(995)}`,
  "'--></style><b>",
  '=cmd|x!A0',
  '#{7*7} {{7*7}} &amp;',
];

/** What was created. */
export interface Quarter {
  readonly data: string;
  readonly connect: Connect;
  readonly trust: string;
}

/** The world of a quarter: two accounts, a clock and a journal in a folder. */
class World {
  readonly directory: string;
  time = Date.parse('2026-06-30T09:00:00Z');
  readonly clock = { now: () => this.time, sleep: async (milliseconds: number) => void (this.time += milliseconds) };
  readonly widgets = { [DEV]: new Widgets(), [PROD]: new Widgets() } as const;
  readonly journal: Journal;

  constructor(directory: string) {
    this.directory = directory;
    this.journal = folderJournal({ directory: join(directory, '.redress'), clock: this.clock });
  }

  readonly connect: Connect = async ({ region, account }) => {
    const own = this.widgets[account === PROD ? PROD : DEV];
    return {
      config: { region, widgets: own },
      identity: async () => ({ account: account === PROD ? PROD : DEV, arn: `arn:aws:sts::${account}:assumed-role/Redress/quarter` }),
    };
  };

  // Read once: some hundred engines are created.
  readonly #policy = readPolicy(POLICY, 'redress.yaml');
  readonly #exceptions = readRegister(REGISTER, 'exceptions.yaml');

  redress() {
    return createRedress({
      remediators: [revokeOpenRules, noteWidget],
      policy: this.#policy,
      exceptions: this.#exceptions,
      journal: this.journal,
      connect: this.connect,
      clock: this.clock,
    });
  }

  /** Somebody opens a rule, and the event arrives a little later. */
  async opened(account: typeof DEV | typeof PROD, id: string, rule: string, actor: string, tags: Record<string, string> = {}): Promise<void> {
    const own = this.widgets[account];
    if (!own.widgets.has(id)) own.put(id, ['closed'], tags);
    own.widgets.get(id)?.rules.push(rule);
    const at = this.time;
    this.time += 90_000;
    await this.redress().handle(openedEvent(id, rule, at, { account, actor: `arn:aws:iam::${account}:user/${actor}` }));
  }

  async approveAll(name: string, reason: string): Promise<void> {
    for (const { id } of await this.redress().approvals()) await quietly(this.redress().approve(id, { by: { name, verified: true }, reason }));
  }

  async sweep(): Promise<void> {
    await this.redress().sweep({ targets: [DEV, PROD].map((account) => ({ account, region: 'us-east-1' })) });
  }
}

/** Refusals are part of a history. */
async function quietly(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof RedressError)) throw error;
  });
}

/**
 * Writes policy, register, journal and trust file into a folder.
 *
 * @param sealed whether it is sealed at its end; one record is written after the period.
 */
export async function quarter(directory: string, { sealed = true, weeks = 13 } = {}): Promise<Quarter> {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'redress.yaml'), POLICY);
  writeFileSync(join(directory, 'exceptions.yaml'), REGISTER);
  const world = new World(directory);
  // Before the period: a gap that is still open at its beginning, and one that was closed before.
  await world.opened(PROD, 'w-old', 'open-old', 'olivia', { owner: 'platform' });
  await world.opened(DEV, 'w-before', 'open-1', 'bob');
  world.time = Date.parse('2026-07-01T08:00:00Z');
  await world.opened(PROD, 'w-live', 'open-vendor', 'vendor', { Owner: 'payments' });
  await world.opened(PROD, 'w-ended', 'open-vendor', 'vendor', { team: 'payments' });
  for (let week = 0; week < weeks; week++) {
    await inWeek(world, week);
    world.time = Math.max(world.time, Date.parse('2026-07-01T08:00:00Z') + (week + 1) * 7 * DAY);
  }
  for (const [at, name] of HOSTILE_NAMES.entries()) await world.opened(DEV, name, `open-h${at}`, 'eve<b>', { owner: `team-${at % 2}<i>` });
  await world.opened(PROD, 'w-waits', 'open-waits', 'carol', { owner: 'payments' });
  world.time = QUARTER.end + HOUR;
  await world.opened(DEV, 'w-after', 'open-1', 'bob');
  // What is open at the end of the period is closed after it.
  await world.approveAll('arn:aws:iam::333333333333:role/SecurityLead', 'CHG-3000: reviewed');
  await world.journal.close?.();
  const { secret, verifier } = generateKey('example.com/redress');
  const trust = join(directory, 'redress.trust.json');
  writeFileSync(trust, JSON.stringify({ keys: [{ origin: 'example.com/redress', key: verifier, from: null, until: null }] }));
  if (sealed) await sealFolder({ directory: join(directory, '.redress'), signer: signerOf(secret), clock: world.clock });
  return { data: join(directory, '.redress'), connect: world.connect, trust };
}

async function inWeek(world: World, week: number): Promise<void> {
  const tags = { owner: ['payments', 'platform'][week % 2] ?? '' };
  await world.opened(DEV, `d-${week}`, 'open-1', 'alice', tags);
  world.time += HOUR;
  await world.opened(PROD, `p-${week}`, 'open-2', 'bob', tags);
  world.time += (1 + (week % 3)) * DAY;
  if (week % 2 === 0) await world.approveAll('arn:aws:iam::333333333333:role/SecurityLead', `CHG-${2000 + week}: reviewed`);
  if (week === 3) await rollBackNewest(world);
  // Somebody keeps opening the same rule.
  if (week >= 5 && week <= 8) for (let time = 0; time < 2; time++) await world.opened(DEV, 'w-fought', 'open-again', 'terraform', tags);
  if (week === 6) {
    world.widgets[DEV].widgets.get('d-0')?.rules.push('open-drill');
    await world.redress().handle(openedEvent('d-0', 'open-drill', world.time, { account: DEV }), { drill: true });
  }
  // AWS answers with errors until the circuit breaker opens; a person closes it.
  if (week === 10) {
    for (let time = 0; time < 6; time++) {
      world.widgets[DEV].faults.set('RevokeRule', ['invalid']);
      await world.opened(DEV, `w-broken-${time}`, 'open-broken', 'alice', tags);
    }
    world.widgets[DEV].faults.clear();
    await quietly(world.redress().closeBreaker('widget-revoke-open', { account: DEV }, { by: 'dana', reason: 'INC-78: looked at' }));
  }
  await world.sweep();
}

async function rollBackNewest(world: World): Promise<void> {
  const done: string[] = [];
  for await (const { record } of world.journal.read({ all: true }))
    if (record.kind === 'outcome' && record.resource.account === DEV && record.resource.id === 'd-3') done.push(record.execution ?? '');
  const [execution] = done;
  if (execution !== undefined) await quietly(world.redress().rollback(execution, { by: 'dana', reason: 'INC-77: it broke the shop' }));
}
