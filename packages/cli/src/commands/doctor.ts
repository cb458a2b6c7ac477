import {
  type Breaker,
  breakerOf,
  CANARY,
  canaryPattern,
  canaryResource,
  countOf,
  eventPatterns,
  type Fact,
  inOrganization,
  type Journal,
  known,
  messageOf,
  modeOf,
  namesOfType,
  needsOrganization,
  type OperationUse,
  type Partition,
  type Policy,
  partitionOf,
  type Remediator,
  unreadable,
} from '@redress/core';
import { type Composition, hasJournal, killSwitch, openJournal } from '../compose.js';
import { ok, unknown, warn } from '../doctor/check.js';
import { accessChecks, approvalChecks, functionChecks, queueChecks, stopChecks } from '../doctor/deployment-checks.js';
import { fact } from '../doctor/fact.js';
import type { CanaryFacts, Check, CheckStatus, DeploymentFacts, JournalFacts, PlaceFacts, RecordFacts, Wanted } from '../doctor/facts.js';
import { ofGlobalServices, recorderChecks, ruleChecks, securityHubChecks, trailChecks } from '../doctor/place-checks.js';
import { canaryChecks, journalChecks, policyChecks } from '../doctor/record-checks.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, type Paint, painter } from '../io.js';
import { accountOf } from '../places.js';
import { printable } from '../printable.js';
import { type ProgressLine, withProgress } from '../progress-line.js';
import { parametersOf } from './generate-config.js';
import { known as knownRemediator } from './plan.js';

/** Options of `redress doctor`. */
export interface DoctorOptions {
  readonly live?: boolean;
  readonly stack?: string;
  readonly function?: string;
  readonly approvals?: string;
  readonly account?: string[];
  readonly in?: string[];
  readonly remediator?: string[];
  readonly canary?: string;
  readonly probe?: boolean;
}

/** `redress doctor --json` */
export interface DoctorDocument {
  /** The worst of all: fail, unknown, warn, ok. */
  readonly status: CheckStatus;
  readonly live: boolean;
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  readonly checks: readonly Check[];
}

const WORST: readonly CheckStatus[] = ['fail', 'unknown', 'warn', 'ok'];
/** Where services without a region report their calls. */
const GLOBAL: Readonly<Record<Partition, string>> = { aws: 'us-east-1', 'aws-cn': 'cn-north-1', 'aws-us-gov': 'us-gov-west-1' };

/** What keeps Redress from working. Reads only, whatever it finds. */
export async function doctorCommand(io: Io, written: Composition, options: DoctorOptions): Promise<Answer> {
  const only = ['stack', 'function', 'approvals', 'account', 'in', 'probe'] as const;
  const lonely = options.live === true ? undefined : only.find((name) => options[name] !== undefined);
  if (lonely !== undefined) throw new CliError('cli/usage', `--${lonely} needs --live.`);
  const { resolving, live, local } = await withProgress(io, written.clock, async (progress) => {
    if (options.live === true && needsOrganization(written.policy)) progress.step('asking the organization for the accounts of the policy');
    const { composition, checks } = await withItsAccounts(written, options.live === true);
    const seen = options.live === true ? await look(composition, options, progress) : null;
    progress.step('reading the journal');
    const recordedThere = await withJournal(composition, seen?.deployment ?? null, (journal, shown) => recorded(composition, options, seen, journal, shown));
    return { resolving: checks, live: seen, local: recordedThere };
  });
  const checks = [...resolving, ...local, ...(live?.checks ?? [])].sort((a, b) => WORST.indexOf(a.status) - WORST.indexOf(b.status));
  const status = WORST.find((each) => checks.some((check) => check.status === each)) ?? 'ok';
  const document: DoctorDocument = { status, live: live !== null, accounts: live?.accounts ?? [], regions: live?.regions ?? [], checks };
  return { json: document, text: human(document, painter(io)), exit: status === 'fail' || status === 'unknown' ? 1 : 0 };
}

/** The policy with the accounts that its units and tags stand for, as whoever acts by it reads it: they are looked at as those that it names by id. */
async function withItsAccounts(composition: Composition, live: boolean): Promise<{ readonly composition: Composition; readonly checks: readonly Check[] }> {
  const { policy, organization, clock } = composition;
  const [code, where] = ['policy-organization', 'policy'] as const;
  if (!needsOrganization(policy)) return { composition, checks: [] };
  if (!live) return { composition, checks: [ok(code, where, 'Its units and tags were not resolved to accounts; use --live.')] };
  const claimed: Check[] = [];
  const ambiguous = (account: string, environments: readonly string[]) => {
    claimed.push(warn('policy-ambiguous-account', account, `It is in ${environments.join(' and ')}, so none of them applies.`, 'List its id in one of them.'));
  };
  try {
    const resolved = await inOrganization(policy, organization, { clock, ambiguous }).read();
    const count = (of: Policy) => new Set(of.environments.flatMap(({ accounts }) => accounts)).size;
    const found = ok(code, where, `Its units and tags add ${countOf(count(resolved) - count(policy), 'account')} to those it names.`);
    return { composition: { ...composition, policy: resolved }, checks: [...claimed, found] };
  } catch (error) {
    return { composition, checks: [unknown(code, where, messageOf(error), 'Until they can be read, there is no policy and everything is denied.')] };
  }
}

/** What was seen in the account. */
interface Live {
  readonly accounts: readonly string[];
  readonly regions: readonly string[];
  readonly deployment: DeploymentFacts | null;
  readonly config: object;
  readonly checks: readonly Check[];
}

async function look(composition: Composition, options: DoctorOptions, progress: ProgressLine): Promise<Live> {
  const { policy, connect, region } = composition;
  const partition = partitionOf(region);
  const own = await accountOf(composition, undefined);
  const accounts = options.account ?? [own];
  const wanted = wantedOf(composition, options, GLOBAL[partition]);
  const regions = [...new Set(options.in ?? [region, GLOBAL[partition]])];
  const places: PlaceFacts[] = [];
  const { gatherPlace } = await import('../doctor/gather-place.js');
  for (const account of accounts)
    for (const each of regions) {
      progress.step(`reading ${account}/${each}, ${places.length + 1} of ${accounts.length * regions.length} places`);
      const connection = await connect({ partition, account, region: each, access: 'read', execution: null });
      places.push(
        await placeOf(
          account,
          each,
          () => connection.identity().then(({ account: is }) => is),
          () => gatherPlace(connection, account, each),
        ),
      );
    }
  const { config } = await composition.ambient({ partition, account: own, region, access: 'read', execution: null });
  progress.step('reading the deployment');
  const deployment = await deploymentOf(config, options, places);
  const handler = deployment?.handler.ok === true ? deployment.handler.value : null;
  const targets = handler?.mappings.ok === true ? handler.mappings.value.map((each) => each.source) : [];
  // Members forward to the bus of the hub, whose name is not known here.
  const targetsIn = (place: PlaceFacts) => (place.account === own && place.region === region ? targets : []);
  const canary = canaryParameter(options, deployment);
  // Nobody named the region of global services: nothing but these need be used there.
  const implied = options.in === undefined && region !== wanted.globalRegion ? wanted.globalRegion : null;
  const wantedIn = (place: PlaceFacts): Wanted => {
    if (place.region === implied) return ofGlobalServices(wanted);
    return canary === undefined || targetsIn(place).length === 0 ? wanted : { ...wanted, patterns: [...wanted.patterns, canaryPattern(canary)] };
  };
  const globalRulesOf = ({ account }: PlaceFacts) => places.find((each) => each.account === account && each.region === wanted.globalRegion)?.rules ?? null;
  const checks: Check[] = places.flatMap((place) => {
    const here = wantedIn(place);
    return [
      ...trailChecks(place),
      ...recorderChecks(place, here),
      ...ruleChecks(place, here, targetsIn(place), globalRulesOf(place)),
      ...securityHubChecks(place, here),
    ];
  });
  if (deployment === null)
    checks.push(warn('deployment-not-named', 'deployment', 'Function, queues and kill switch were not checked.', 'Name them with --stack or --function.'));
  else
    checks.push(
      ...functionChecks(deployment, composition, composition.policySource.kind !== 'absent'),
      ...queueChecks(deployment),
      ...approvalChecks(deployment, policy),
      ...stopChecks(deployment),
    );
  const { gatherAccess, gatherDryRun } = await import('../doctor/gather-access.js');
  const members = [...new Set([...accounts, ...policy.environments.flatMap((each) => each.accounts)])];
  const role = handler?.environment['REDRESS_MEMBER_ROLE'] ?? null;
  for (const [at, account] of members.entries()) {
    progress.step(`checking permissions in ${account}, ${at + 1} of ${countOf(members.length, 'account')}`);
    const fixes = fixesOf(composition, account);
    const access = await gatherAccess(connect, account, region, role, fixes, { remediators: composition.remediators, parametersOf: parametersOf(composition) });
    const asks = options.probe === true && fixes.includes('ec2:RevokeSecurityGroupIngress');
    checks.push(...accessChecks([{ ...access, dryRun: asks ? await gatherDryRun(connect, account, region) : null }]));
  }
  return { accounts, regions, deployment, config, checks };
}

/** A region of an account that is another account's is not looked at: what is seen there says nothing of this one. */
async function placeOf(account: string, region: string, identity: () => Promise<string>, gather: () => Promise<PlaceFacts>): Promise<PlaceFacts> {
  try {
    const is = await identity();
    if (is === account) return await gather();
    return nowhere(account, region, new Error(`The credentials belong to account ${is}.`));
  } catch (error) {
    return nowhere(account, region, error);
  }
}

function nowhere(account: string, region: string, error: unknown): PlaceFacts {
  const not = unreadable(error);
  return { account, region, trails: not, recorders: not, channels: not, rules: not, securityHub: not };
}

async function deploymentOf(config: object, options: DoctorOptions, places: readonly PlaceFacts[]): Promise<DeploymentFacts | null> {
  const { stack, approvals } = options;
  const named = {
    ...(stack === undefined ? {} : { stack }),
    ...(options.function === undefined ? {} : { function: options.function }),
    ...(approvals === undefined ? {} : { approvals }),
  };
  if (Object.keys(named).length === 0) return null;
  const { gatherDeployment } = await import('../doctor/gather-deployment.js');
  return gatherDeployment(
    { config },
    named,
    places.map((place) => place.rules),
  );
}

/** What the remediators that are not turned off everywhere want to hear. */
function wantedOf(composition: Composition, { remediator }: DoctorOptions, globalRegion: string): Wanted {
  const ids = remediator?.map((id) => knownRemediator(composition, id).id);
  const isOff = ({ id }: Remediator) => {
    const modes = Object.values(composition.policy.remediators[id]?.modes ?? {});
    return modes.length > 0 && modes.every((mode) => mode === 'off');
  };
  const remediators = composition.remediators.filter((each) => (ids === undefined || ids.includes(each.id)) && !isOff(each));
  const types = remediators.filter((each) => each.configRules.length > 0).flatMap((each) => each.resourceTypes.flatMap(namesOfType));
  return {
    patterns: eventPatterns(remediators, { exceptionTag: composition.policy.exceptions.tag }),
    configTypes: [...new Set(types)].sort(),
    securityHub: remediators.some((each) => each.controls.length > 0),
    globalRegion,
  };
}

/** IAM actions of the fixes that the policy lets be made in an account. */
function fixesOf({ remediators, policy }: Composition, account: string): readonly string[] {
  const actions = (uses: readonly OperationUse[]) =>
    uses.flatMap((use) => use.operations.flatMap((operation) => use.service.operations.get(operation)?.iam ?? []));
  const acting = remediators.filter((each) => ['enforce', 'approve'].includes(modeOf(policy, each.id, account)));
  return [...new Set(acting.flatMap((each) => actions(each.uses.writes)))].sort();
}

/** The journal that was named, else that of the deployment where one was found, else that of the data folder. */
async function withJournal<T>(
  composition: Composition,
  deployment: DeploymentFacts | null,
  work: (journal: Fact<Journal | null>, shown: string) => Promise<T>,
): Promise<T> {
  const environment = deployment?.handler.ok === true ? deployment.handler.value?.environment : undefined;
  const { REDRESS_TABLE: table, REDRESS_BUCKET: bucket } = environment ?? {};
  const shown = composition.data.aws === null ? (table ?? composition.data.shown) : composition.data.shown;
  const journal = await fact('journal', async () => {
    if (composition.data.aws === null && table !== undefined && bucket !== undefined) {
      const { awsJournal } = await import('@redress/evidence/aws');
      const { config } = await composition.ambient({
        partition: partitionOf(composition.region),
        account: '',
        region: composition.region,
        access: 'read',
        execution: null,
      });
      const { endpoint, credentials } = config as { endpoint?: string; credentials?: unknown };
      return awsJournal({
        table,
        bucket,
        region: composition.region,
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(credentials === undefined ? {} : { credentials }),
        clock: composition.clock,
      });
    }
    return (await hasJournal(composition.data)) ? openJournal(composition.data, { create: false, clock: composition.clock }) : null;
  });
  try {
    return await work(journal, shown);
  } finally {
    if (journal.ok) await journal.value?.close?.();
  }
}

async function recorded(
  composition: Composition,
  options: DoctorOptions,
  live: Live | null,
  journal: Fact<Journal | null>,
  shown: string,
): Promise<readonly Check[]> {
  const { policy, register, clock, region } = composition;
  const now = clock.now();
  const facts: RecordFacts = {
    now,
    policy,
    policyFound: composition.policySource.kind !== 'absent',
    register,
    stopFile: await fact('STOP', () => killSwitch(composition.data).read()),
    journal: journal.ok && journal.value !== null ? await journalFacts(journal.value, composition, live?.accounts ?? [], shown) : (journal as Fact<null>),
  };
  return [...policyChecks(facts), ...journalChecks(facts), ...canaryChecks(await canaryFacts(options, live, journal, region, now))];
}

function journalFacts(journal: Journal, { policy, region }: Composition, accounts: readonly string[], shown: string): Promise<Fact<JournalFacts>> {
  return fact('journal', async () => {
    const breakers: (Breaker & { account: string })[] = [];
    const all = new Set([...accounts, ...policy.environments.flatMap((each) => each.accounts)]);
    for (const account of all)
      for (const each of (await journal.view(breakerOf({ account, partition: partitionOf(region) }))).breakers) breakers.push({ ...each, account });
    return { shown, open: await journal.open(), approvals: await journal.approvals(), breakers };
  });
}

async function canaryFacts(
  options: DoctorOptions,
  live: Live | null,
  journal: Fact<Journal | null>,
  region: string,
  now: number,
): Promise<readonly CanaryFacts[]> {
  const parameter = canaryParameter(options, live?.deployment ?? null);
  const [account] = live?.accounts ?? [];
  if (parameter === undefined || account === undefined) return [];
  const last: Fact<number | null> = !journal.ok
    ? journal
    : journal.value === null
      ? known(null)
      : await fact('journal', async () => {
          let newest: number | null = null;
          for await (const { record } of (journal.value as Journal).read({ resource: canaryResource(parameter, account, region) }))
            if (record.remediator === CANARY) newest = Date.parse(record.time);
          return newest;
        });
  return [{ now, region, last }];
}

/** The parameter that the canary is a tag of. */
function canaryParameter(options: DoctorOptions, deployment: DeploymentFacts | null): string | undefined {
  const environment = deployment?.handler.ok === true ? deployment.handler.value?.environment : undefined;
  return options.canary ?? environment?.['REDRESS_CANARY_PARAMETER'];
}

const STYLES: Readonly<Record<CheckStatus, Parameters<Paint>[0]>> = { ok: 'green', warn: 'yellow', fail: 'red', unknown: 'red' };

function human({ checks, status, live }: DoctorDocument, paint: Paint): string {
  const count = (each: CheckStatus) => checks.filter((check) => check.status === each).length;
  return [
    ...checks.flatMap((check) => [
      `${paint(STYLES[check.status], check.status.padEnd(7))}  ${paint('bold', check.code)}  ${printable(check.where)}: ${printable(check.saw)}`,
      ...(check.next === null ? [] : [`         ${printable(check.next)}`]),
    ]),
    `${status === 'ok' ? 'All is well' : `${count('fail')} fail, ${count('unknown')} unknown, ${count('warn')} warn`}; ${count('ok')} ok.${live ? '' : ' The account was not checked; use --live.'}`,
  ].join('\n');
}
