import { type Clock, countOf, isAccountId, parseDuration, systemClock } from '@redress/core';
import { Coverage, type Discrepancy, isWanted, type Period, type Reconciliation, type Recorded, reconcile, recordedOf } from '@redress/evidence/reconcile';
import { momentIn } from '@redress/report';
import { type Composition, type Data, endpointOf, type GlobalOptions, openJournal, regionOf } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { type LeftAccount, leftAccountLines, type PlaceOptions, placesOf } from '../places.js';
import { printable } from '../printable.js';
import { withProgress } from '../progress-line.js';
import { bucketPlace, gatherBucket } from '../reconcile/bucket.js';
import { type Gathered, gatherFiles, shownPlace, type TrailError } from '../reconcile/trail.js';

/** What `reconcile` takes. */
export interface ReconcileOptions extends Pick<PlaceOptions, 'accounts' | 'in'> {
  readonly lookup?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly grace?: string;
  readonly delay?: string;
  readonly principal?: readonly string[];
  readonly ignore?: readonly string[];
}

/** `redress reconcile --json` */
export interface ReconcileDocument extends Reconciliation {
  /**
   * - `agrees`: every change of Redress has its record, and every record its change.
   * - `differs`: not so.
   * - `incomplete`: nothing differs, but something could not be compared.
   */
  readonly status: 'agrees' | 'differs' | 'incomplete';
  /** ISO 8601. */
  readonly period: { readonly from: string; readonly until: string };
  readonly grace: string;
  readonly delay: string;
  /** What was read of the trail. */
  readonly trail: {
    readonly files: number;
    readonly records: number;
    /** Where it speaks of, at most. */
    readonly places: readonly { readonly account: string; readonly region: string; readonly from: string; readonly until: string }[];
  };
  /** Accounts that were to be asked, and do not let these credentials in. */
  readonly left: readonly LeftAccount[];
  /** One for each file or place that could not be read as a whole. */
  readonly errors: readonly TrailError[];
}

const DEFAULTS = { since: 'P7D', grace: 'P1D', delay: 'PT15M' } as const;
/** Clocks differ, and CloudTrail's has seconds: what is near the edges of the period is read, to be compared with what is in it. */
const MARGIN = 3_600_000;

/**
 * Compares the records of a journal with CloudTrail, both ways.
 *
 * @param composed for `--lookup`, which asks accounts; files need no policy and no account.
 */
export async function reconcileCommand(
  io: Io,
  data: Data,
  globals: GlobalOptions,
  trail: readonly string[],
  options: ReconcileOptions,
  composed: Composition | null,
): Promise<Answer> {
  const clock = composed?.clock ?? systemClock;
  const asked = askedOf(trail, options, clock);
  const { period, grace, delay, accounts } = asked;
  const { found, gathered, left } = await withProgress(io, clock, async (progress) => {
    progress.step('reading the journal');
    const before = await recordsIn(data);
    const wanted = { from: period.from - MARGIN, until: period.until + MARGIN, ...(accounts === undefined ? {} : { accounts }) };
    const read: Gathered = {
      wanted,
      tree: { ...wanted, until: wanted.until + Math.max(grace, delay) },
      coverage: new Coverage(delay),
      keep: isWanted(before, options.principal),
      ...{ events: [], errors: [], files: 0, records: 0 },
      more: () => progress.update(() => `reading the trail: ${countOf(read.files, 'file')}, ${countOf(read.records, 'record')} so far`),
    };
    progress.step(options.lookup === true ? 'querying the event history of CloudTrail' : 'reading the trail');
    const leftOver = await gather(io, globals, trail, options, composed, read);
    for (const file of read.coverage.missing)
      read.errors.push({ code: 'trail/missing', message: 'A digest file names this log file, but it was not read.', place: { file } });
    const compared = (recorded: Recorded) =>
      reconcile({
        ...{ recorded, events: read.events, coverage: read.coverage, period, grace, delay, now: clock.now() },
        ...(accounts === undefined ? {} : { accounts }),
        ...(options.principal === undefined ? {} : { principals: options.principal }),
        ...(options.ignore === undefined ? {} : { ignored: options.ignore }),
      });
    const first = compared(before);
    if (!first.discrepancies.some(({ kind }) => kind === 'orphan')) return { found: first, gathered: read, left: leftOver };
    // What was made while the trail was read has its record by now.
    progress.step('reading the journal again');
    return { found: compared(await recordsIn(data)), gathered: read, left: leftOver };
  });
  const document = documentOf(found, gathered, asked, left);
  const exit = { agrees: 0, differs: 1, incomplete: 2 } as const;
  return { json: document, text: human(io, data, document), exit: exit[document.status] };
}

/** What was asked for. */
interface Asked {
  readonly period: Period;
  readonly grace: number;
  readonly delay: number;
  readonly accounts?: ReadonlySet<string>;
}

function askedOf(trail: readonly string[], options: ReconcileOptions, clock: Clock): Asked {
  if (trail.length === 0 && options.lookup !== true)
    throw new CliError('cli/usage', 'There is nothing to compare with.', {
      next: 'Name log files of CloudTrail, their folder or s3://BUCKET/PREFIX, or give --lookup.',
    });
  if (options.in !== undefined && options.lookup !== true) throw new CliError('cli/usage', '--in needs --lookup.', { next: 'Give --lookup with it.' });
  const now = clock.now();
  const from = Date.parse(momentIn(options.since ?? DEFAULTS.since, '--since', now, false));
  // What has not happened yet is not compared.
  const until = options.until === undefined ? now : Math.min(now, Date.parse(momentIn(options.until, '--until', now, true)));
  if (from >= until) throw new CliError('cli/usage', '--since is after --until.');
  const grace = durationOf(options.grace ?? DEFAULTS.grace, '--grace');
  const delay = durationOf(options.delay ?? DEFAULTS.delay, '--delay');
  if (grace < delay)
    throw new CliError('cli/usage', '--grace is shorter than --delay: records would count as ghosts before CloudTrail has delivered their events.');
  for (const each of options.principal ?? [])
    if (!/^(?:arn:aws[a-z-]*:(?:iam|sts)::\d{12}:.+|(?:[\w+=,.@-]+\/)*[\w+=,.@-]{1,64})$/.test(each))
      throw new CliError('cli/usage', `--principal ${JSON.stringify(each)} is neither an IAM or STS ARN nor a role name.`);
  for (const each of options.ignore ?? [])
    if (!/^[a-z0-9-]+:[\w.-]+$/.test(each))
      throw new CliError('cli/usage', `--ignore ${JSON.stringify(each)} is not an operation.`, {
        next: 'As CloudTrail names it, for example: --ignore ssm:PutParameter',
      });
  const ids = (options.accounts ?? []).filter(isAccountId);
  // Units and all are known to the organization, which only --lookup asks.
  const other = options.accounts?.find((each) => !isAccountId(each));
  if (other !== undefined && options.lookup !== true)
    throw new CliError('cli/usage', `--accounts ${JSON.stringify(other)} is not a 12-digit account id.`, {
      next: 'Give ids, or use --lookup, which asks the organization.',
    });
  return { period: { from, until }, grace, delay, ...(ids.length === 0 || other !== undefined ? {} : { accounts: new Set(ids) }) };
}

async function gather(
  io: Io,
  globals: GlobalOptions,
  trail: readonly string[],
  options: ReconcileOptions,
  composed: Composition | null,
  gathered: Gathered,
): Promise<readonly LeftAccount[]> {
  const buckets = trail.flatMap((each) => bucketPlace(each) ?? []);
  const files = trail.filter((each) => bucketPlace(each) === null);
  if (files.length > 0) await gatherFiles(io, files, gathered);
  const { endpointUrl, profile } = globals;
  for (const bucket of buckets)
    await gatherBucket(
      {
        region: regionOf(io, globals),
        ...(endpointUrl === undefined ? {} : { endpoint: endpointOf(endpointUrl), forcePathStyle: true }),
        ...(profile === undefined ? {} : { profile }),
      },
      bucket,
      gathered,
    );
  if (composed === null) return [];
  const { targets, left } = await placesOf(composed, options);
  const { gatherLookups } = await import('../reconcile/lookup.js');
  await gatherLookups(options.accounts === undefined ? composed.ambient : composed.connect, composed.clock, targets, gathered);
  return left;
}

async function recordsIn(data: Data): Promise<Recorded> {
  const journal = await openJournal(data, { create: false });
  try {
    return await recordedOf(journal.read({ all: true }));
  } finally {
    await journal.close?.();
  }
}

function documentOf(found: Reconciliation, gathered: Gathered, { period, grace, delay, accounts }: Asked, left: readonly LeftAccount[]): ReconcileDocument {
  const places = gathered.coverage.places.map((each) => ({ ...each, ...isoOf(each) }));
  const absent = [...(accounts ?? [])].filter((account) => !places.some((each) => each.account === account));
  const uncovered = [
    ...found.uncovered,
    // Asked for, with records or without.
    ...absent
      .filter((account) => !found.uncovered.some((each) => each.account === account))
      .map((account) => ({ account, region: '*', ...isoOf(period), records: 0, reason: 'nothing was read from the account' })),
  ];
  const errors = [...gathered.errors].sort((a, b) => (a.place.file < b.place.file ? -1 : 1));
  const open = errors.length + uncovered.length + left.length + found.records.notComparable;
  return {
    status: found.discrepancies.length > 0 ? 'differs' : open > 0 ? 'incomplete' : 'agrees',
    period: isoOf(period),
    grace: shownDuration(grace),
    delay: shownDuration(delay),
    ...found,
    uncovered,
    trail: { files: gathered.files, records: gathered.records, places },
    left,
    errors,
  };
}

function human(io: Io, data: Data, document: ReconcileDocument): string {
  const { status, period, events, records, discrepancies, waiting, uncovered, trail, left, errors, principals, grace } = document;
  const paint = painter(io);
  const color = ({ agrees: 'green', differs: 'red', incomplete: 'yellow' } as const)[status];
  const late = waiting.filter((each) => each.late).length;
  const accounts = new Set(trail.places.map(({ account }) => account)).size;
  const counts = (what: readonly (readonly [number, string])[]) => what.flatMap(([n, text]) => (n === 0 ? [] : [`${n} ${text}`])).join(', ');
  return [
    `${paint(color, status)}  ${printable(data.shown)} and CloudTrail, ${period.from} to ${period.until}`,
    `records: ${countOf(records.calls, 'call')} made; ${counts([
      [records.confirmed, 'confirmed'],
      [waiting.length, `wait for CloudTrail (${late} longer than usual, none longer than ${grace})`],
      [records.notComparable, 'cannot be compared: no request id, and no session of their own'],
      [uncovered.reduce((sum, each) => sum + each.records, 0), 'not covered'],
    ])}`,
    `CloudTrail: ${countOf(trail.records, 'record')} of ${countOf(accounts, 'account')} and ${countOf(trail.places.length, 'place')}; ${events.ours} are calls of Redress${
      events.ours === 0
        ? ''
        : `: ${counts([
            [events.byRequest, 'by request id'],
            [events.byExecution, 'by execution'],
            [events.failed, 'failed'],
            [events.byServices, 'by services on its behalf'],
            [events.ignored, 'left out'],
          ])}`
    }`,
    `Redress acts as: ${principals.length === 0 ? 'no principal that the records name; name one with --principal' : principals.map(printable).join(', ')}`,
    ...discrepancies.map((each) => `${paint('red', each.kind)}  ${discrepancyLine(each)}`),
    ...uncovered.map(
      ({ account, region, records: count, from, until, reason }) =>
        `${paint('yellow', 'not covered')}  ${account}, ${printable(region)}: ${count === 0 ? '' : `${countOf(count, 'record')} from ${from} to ${until}: `}${reason}`,
    ),
    ...errors.map((each) => `${paint('yellow', 'not read')}  ${printable(shownPlace(each))}: ${printable(each.message)} (${each.code})`),
    ...leftAccountLines(left).map((line) => `${paint('yellow', 'not asked')}  ${line}`),
  ].join('\n');
}

function discrepancyLine({ time, operation, account, region, message, caller, requestId, execution, event, record }: Discrepancy): string {
  const proof = [
    caller === null ? null : `by ${caller}`,
    requestId === null ? null : `request ${requestId}`,
    execution === null ? null : `execution ${execution}`,
    event === null ? null : `event ${event}`,
    record === null ? null : `record ${record.seq} of stream ${record.stream}`,
  ].filter((each) => each !== null);
  return `${time}  ${printable(operation)} (${account}, ${region}): ${printable(message)} (${printable(proof.join(', '))})`;
}

function isoOf({ from, until }: Period): { readonly from: string; readonly until: string } {
  return { from: new Date(from).toISOString(), until: new Date(until).toISOString() };
}

function shownDuration(milliseconds: number): string {
  return milliseconds % 86_400_000 === 0 ? `P${milliseconds / 86_400_000}D` : `PT${milliseconds / 1000}S`;
}

function durationOf(text: string, option: string): number {
  const duration = parseDuration(text);
  if (duration === null || duration < 0)
    throw new CliError('cli/usage', `${option} ${JSON.stringify(text)} is not a duration.`, { next: `For example: ${option} PT30M` });
  return duration;
}
