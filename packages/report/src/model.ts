// From the index and what is known besides to what the report says: plain, sorted, dated by the end of its period. No clock, no locale, no chance.
import { createHash } from 'node:crypto';
import { formatResource, type JsonObject, type Outcome } from '@redress/core';
import type { Assessed, Assessment } from '@redress/evidence/formats';
import { businessDaysBetween, businessDeadline, type Calendar, dayIn } from './business-days.js';
import { type HistoryEntry, objectOf, text } from './entries.js';
import type { DayCount, EntryIndex, EntryLine } from './entry-index.js';
import { EVERYTHING, type Filter } from './filter.js';
import { type Around, type Row, rowOf } from './rows.js';
import { sampleOf } from './sample.js';
import { percentile, timesOf, weekOf, weeksBetween } from './times.js';

/** What a report is about. */
export interface Period {
  /** The first moment of it, and the first after it; ISO 8601 in UTC, with milliseconds. */
  readonly from: string;
  readonly to: string;
}

/** What was verified, as the verifier says. */
export interface Verification {
  readonly status: 'intact' | 'tampered' | 'untrusted' | 'incomplete';
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string; readonly sealed: string | null } | null;
  /** Keys that were trusted to seal, by their names. */
  readonly keys: readonly string[];
  /** Checkpoints kept elsewhere that were compared, and witnesses that have cosigned. */
  readonly compared: number;
  readonly witnesses: readonly string[];
  readonly records: number;
  readonly streams: number;
  /** Records that no seal covers. */
  readonly unsealed: number;
  readonly expired: number;
  readonly findings: readonly {
    readonly severity: string;
    readonly code: string;
    readonly message: string;
    readonly file: string;
    readonly line: number | null;
  }[];
  /** What the check cannot show. */
  readonly limits: readonly string[];
}

/** Something that the report was made from, besides the records. */
export interface NamedInput {
  readonly what: string;
  readonly name: string;
  readonly digest: string;
}

/** An entry of the exceptions register. */
export interface ExceptionInput {
  readonly id: string;
  readonly owner: string;
  readonly approver: string;
  readonly reason: string;
  readonly ticket: string | null;
  readonly compensatingControl: string | null;
  /** Epoch milliseconds. */
  readonly expires: number;
  readonly remediators: readonly string[] | null;
  /** What it covers, in words. */
  readonly scope: string;
}

/** Coverage of a pack or a framework. */
export interface CoverageInput {
  readonly of: string;
  readonly title: string;
  readonly rows: readonly {
    readonly id: string;
    readonly answer: string;
    readonly because: string;
    readonly paragraphs: readonly string[];
    readonly by: readonly { readonly remediator: string; readonly modes: string; readonly last: string; readonly open: number }[];
  }[];
}

/** Everything that a report is made of. */
export interface ReportInput {
  readonly period: Period;
  /** Over all records before the end of the period. */
  readonly index: EntryIndex;
  /** Of the same records. */
  readonly assessment: Assessment;
  readonly verification: Verification;
  /** Why not all of the records could be read; empty: all could. */
  readonly unread: readonly string[];
  readonly inputs: readonly NamedInput[];
  readonly around: Around;
  readonly exceptions: readonly ExceptionInput[];
  readonly coverage: readonly CoverageInput[];
  readonly calendar: Calendar;
  /** How long after it appeared the policy wants a gap closed, milliseconds; null: it does not say. */
  readonly closedWithin: (remediator: string, account: string) => number | null;
  readonly sample: { readonly size: number; readonly seed: string | null };
  /** The file of a change's proof, next to the report, by its execution; absent: there is none. */
  readonly proofs: ReadonlyMap<string, string>;
  /** Files next to the report, and what each is. */
  readonly files: readonly { readonly name: string; readonly what: string }[];
}

/** A gap that is open, or accepted, at the end of the period. */
export interface OpenGap {
  readonly remediator: string;
  /** In words; what it is made of is `of`. */
  readonly resource: string;
  readonly of: HistoryEntry['resource'];
  /** Where all that is recorded of the resource is. */
  readonly stream: string;
  readonly account: string;
  readonly environment: string | null;
  readonly outcome: Outcome | 'open';
  readonly message: string;
  /** How many resources it stands for. */
  readonly members: number;
  readonly owner: string | null;
  /** When it was first recorded; epoch milliseconds. */
  readonly since: number;
  readonly ageDays: number;
  readonly businessDays: number;
  /** Until when the policy wants it closed; null: it does not say. */
  readonly policyDeadline: number | null;
  /** The tenth business day after it was first recorded. */
  readonly paragraph36: string;
  readonly pastPolicy: boolean;
  readonly past36: boolean;
  /** The exception that covers it still, or did; null: none has. */
  readonly exception: { readonly id: string; readonly until: number | null; readonly covers: boolean; readonly why: string } | null;
}

/** An exception as it stands at the end of the period. */
export interface ExceptionRow extends ExceptionInput {
  readonly status: 'live' | 'ended';
  /** How often it has held something back within the period, and at last. */
  readonly used: number;
  readonly lastUsed: string | null;
}

/** A share of the fixes of one remediator in one environment. */
export interface TimesRow {
  readonly remediator: string;
  readonly environment: string | null;
  readonly fixes: number;
  /** Of how many it is known when the gap came to be. */
  readonly dated: number;
  readonly detect: Shares;
  readonly decide: Shares;
  readonly close: Shares;
}
/** Milliseconds; null: of none it is known. */
export interface Shares {
  readonly p50: number | null;
  readonly p90: number | null;
}

/** A week of the period. */
export interface WeekRow {
  /** Its Monday, in UTC. */
  readonly week: string;
  readonly closed: number;
  readonly rolledBack: number;
  readonly fights: number;
  readonly drills: number;
  readonly breakers: number;
}

/** What the report says, but for its pages of changes. */
export interface ReportModel {
  readonly period: Period;
  /** What there are records of, up to the end of the period. */
  readonly scope: {
    readonly accounts: readonly { readonly account: string; readonly environment: string | null; readonly resources: number }[];
    readonly remediators: readonly string[];
  };
  readonly gaps: readonly OpenGap[];
  readonly accepted: readonly OpenGap[];
  readonly exceptions: readonly ExceptionRow[];
  /** Used within the period, and not in the register: id, how often. */
  readonly unregistered: readonly { readonly id: string; readonly used: number }[];
  readonly changes: number;
  /** The population, in chronological order. */
  readonly rows: readonly Row[];
  /** Entries of the period, by kind and end, in order of their names. */
  readonly counts: readonly { readonly kind: string; readonly outcome: string; readonly count: number }[];
  readonly sample: { readonly seed: string; readonly seedFrom: string; readonly ids: readonly string[] };
  readonly populationDigest: string;
  readonly times: readonly TimesRow[];
  readonly weeks: readonly WeekRow[];
  readonly policies: readonly { readonly digest: string; readonly decisions: number }[];
}

const DAY = 86_400_000;
/** Business days of paragraph 36 of CPS 234. */
const NOTIFY_WITHIN = 10;

/** The population: each change that was begun within the period, in chronological order. */
export function changesIn({ from, to }: Period): Filter {
  return { ...EVERYTHING, since: from, until: to, kinds: ['execution'] };
}

/** What open gaps and exceptions are made of. */
export interface GapsInput extends Pick<ReportInput, 'index' | 'period' | 'around' | 'exceptions' | 'calendar' | 'closedWithin'> {
  readonly assessment: Pick<Assessment, 'assessed'>;
}

/** What is open and what is accepted at the end of the period, by deadline; and the register, with how often each of its entries was used within it. */
export function gapsOf(input: GapsInput): Pick<ReportModel, 'gaps' | 'accepted' | 'exceptions' | 'unregistered' | 'period'> {
  const used = new Map<string, Used>();
  for (const each of input.index.days({ ...EVERYTHING, since: input.period.from, until: input.period.to, outcomes: ['exempt'] })) addUse(used, each);
  return { period: input.period, ...standing(input, used) };
}

interface Used {
  readonly count: number;
  readonly last: string;
}

function addUse(used: Map<string, Used>, { exception, count, last }: Pick<DayCount, 'exception' | 'count' | 'last'>): void {
  if (exception === null) return;
  const known = used.get(exception) ?? { count: 0, last };
  used.set(exception, { count: known.count + count, last: compare(known.last, last) > 0 ? known.last : last });
}

function standing(input: GapsInput, used: ReadonlyMap<string, Used>): Pick<ReportModel, 'gaps' | 'accepted' | 'exceptions' | 'unregistered'> {
  const { exceptions, period } = input;
  const open = openGaps(input);
  const registered = new Set(exceptions.map(({ id }) => id));
  return {
    gaps: open.filter(({ exception }) => exception?.covers !== true),
    accepted: open.filter(({ exception }) => exception?.covers === true),
    exceptions: exceptions.map((each) => ({
      ...each,
      status: each.expires <= Date.parse(period.to) ? ('ended' as const) : ('live' as const),
      used: used.get(each.id)?.count ?? 0,
      lastUsed: used.get(each.id)?.last ?? null,
    })),
    unregistered: [...used]
      .filter(([id]) => !registered.has(id))
      .map(([id, { count }]) => ({ id, used: count }))
      .sort((a, b) => compare(a.id, b.id)),
  };
}

/** Puts together what the report says. */
export function modelOf(input: ReportInput): ReportModel {
  const { index, period, around } = input;
  const counts = new Map<string, number>();
  const used = new Map<string, Used>();
  const policies = new Map<string, number>();
  const weeks = new Map(weeksBetween(Date.parse(period.from), Date.parse(period.to)).map((week) => [week, blankWeek(week)]));
  const fixes = new Map<string, { remediator: string; environment: string | null; times: ReturnType<typeof timesOf>[] }>();
  for (const each of index.days({ ...EVERYTHING, since: period.from, until: period.to })) {
    const { day, kind, outcome, policy, count } = each;
    add(counts, `${kind}\n${outcome}`, count);
    if (policy !== null) add(policies, policy, count);
    addUse(used, each);
    inWeek(weeks.get(weekOf(Date.parse(`${day}T00:00:00Z`))), each);
  }
  const rows: Row[] = [];
  for (const entry of index.query(changesIn(period))) {
    rows.push(rowOf(entry, around));
    if (entry.drill || entry.outcome !== 'remediated') continue;
    const environment = around.environmentOf(entry.resource.account);
    const key = `${entry.remediator}\n${environment ?? ''}`;
    const known = fixes.get(key) ?? { remediator: entry.remediator, environment, times: [] };
    known.times.push(timesOf(entry));
    fixes.set(key, known);
  }
  const ids = rows.map(({ execution }) => execution);
  const populationDigest = digestOfAll(ids);
  const seed = input.sample.seed ?? input.verification.checkpoint?.root ?? populationDigest;
  const seedFrom = input.sample.seed !== null ? 'given' : input.verification.checkpoint !== null ? 'root of the sealed tree' : 'digest of the population';
  return {
    period,
    scope: {
      accounts: index.accounts().map((each) => ({ ...each, environment: around.environmentOf(each.account) })),
      remediators: index.remediators(),
    },
    ...standing(input, used),
    changes: rows.length,
    rows,
    counts: [...counts].sort(([a], [b]) => compare(a, b)).map(([key, count]) => ({ kind: key.split('\n')[0] ?? '', outcome: key.split('\n')[1] ?? '', count })),
    sample: { seed, seedFrom, ids: sampleOf(ids, seed, input.sample.size) },
    populationDigest,
    times: [...fixes].sort(([a], [b]) => compare(a, b)).map(([, each]) => timesRow(each)),
    weeks: [...weeks.values()],
    policies: [...policies].sort(([a], [b]) => compare(a, b)).map(([digest, decisions]) => ({ digest, decisions })),
  };
}

function timesRow({
  remediator,
  environment,
  times,
}: {
  remediator: string;
  environment: string | null;
  times: readonly ReturnType<typeof timesOf>[];
}): TimesRow {
  const shares = (values: readonly number[]): Shares => ({ p50: percentile(values, 0.5), p90: percentile(values, 0.9) });
  const detected = times.flatMap(({ detect }) => detect ?? []);
  return {
    remediator,
    environment,
    fixes: times.length,
    dated: detected.length,
    detect: shares(detected),
    decide: shares(times.map(({ decide }) => decide)),
    close: shares(times.map(({ close }) => close)),
  };
}

type Counted<T> = { -readonly [K in keyof T]: T[K] };

function blankWeek(week: string): Counted<WeekRow> {
  return { week, closed: 0, rolledBack: 0, fights: 0, drills: 0, breakers: 0 };
}

function inWeek(week: Counted<WeekRow> | undefined, { kind, outcome, drill, count }: DayCount): void {
  if (week === undefined) return;
  if (kind === 'execution' && drill) week.drills += count;
  else if (kind === 'execution' && outcome === 'remediated') week.closed += count;
  else if (kind === 'execution' && outcome === 'rolled-back') week.rolledBack += count;
  if (outcome === 'contested') week.fights += count;
  if (kind === 'breaker' && outcome === 'open') week.breakers += count;
}

/** What is not as it should be at the end of the period: what the plan of action and milestones has, and executions without an end. */
function openGaps(input: GapsInput): readonly OpenGap[] {
  const { index, assessment, period } = input;
  const unfinished = [...index.query({ ...EVERYTHING, kinds: ['execution'], outcomes: ['open'] })].map((entry) =>
    gapRow(input, entry.resource, entry.remediator, entry.records[0]?.stream ?? '', {
      outcome: 'open',
      message: 'An execution was started but has no outcome: whether it changed anything is not recorded.',
      since: Date.parse(entry.time),
      members: 1,
      exception: null,
    }),
  );
  const found = assessment.assessed
    .filter(({ satisfied }) => !satisfied)
    .flatMap((each) => (each.gaps.length === 0 ? [fromConclusion(input, each)] : each.gaps.map((gap) => fromGap(input, each, gap))));
  const end = Date.parse(period.to);
  const rank = (gap: OpenGap) => gap.policyDeadline ?? end + gap.since;
  return [...unfinished, ...found].sort(
    (a, b) => rank(a) - rank(b) || a.since - b.since || compare(a.resource, b.resource) || compare(a.remediator, b.remediator) || compare(a.message, b.message),
  );
}

function fromConclusion(input: GapsInput, { conclusion }: Assessed): OpenGap {
  const { outcome, message, time, stream, seq, resource, remediator } = conclusion;
  const entry = outcome === 'exempt' ? input.index.at(stream, seq) : null;
  return gapRow(input, resource, remediator, stream, { outcome, message, since: time, members: 1, exception: exceptionOf(input, entry, null) });
}

function fromGap(input: GapsInput, { conclusion: { stream } }: Assessed, gap: Assessed['gaps'][number]): OpenGap {
  const { outcome, message, since, members, deadline, resource, remediator } = gap;
  const entry = outcome === 'exempt' ? input.index.at(stream, gap.record) : null;
  const exception = outcome === 'exempt' ? exceptionOf(input, entry, deadline) : null;
  return gapRow(input, resource, remediator, stream, { outcome, message, since, members: members ?? 1, exception });
}

/** Whether an exception still covers a gap: it does by what was recorded, and by the register. */
function exceptionOf({ exceptions, period }: GapsInput, entry: EntryLine | null, recorded: number | null): OpenGap['exception'] {
  const id = entry?.exception ?? null;
  if (id === null) return null;
  const registered = exceptions.find((each) => each.id === id);
  const until = registered?.expires ?? recorded;
  const end = Date.parse(period.to);
  if (registered === undefined) return { id, until, covers: false, why: 'It is not in the register.' };
  if (registered.expires <= end) return { id, until, covers: false, why: 'It has ended.' };
  return { id, until, covers: true, why: 'It is live.' };
}

function gapRow(
  input: GapsInput,
  resource: HistoryEntry['resource'],
  remediator: string,
  stream: string,
  said: Pick<OpenGap, 'outcome' | 'message' | 'since' | 'members' | 'exception'>,
): OpenGap {
  const { around, calendar, period, index } = input;
  // Ages are as of the last moment of the period.
  const end = Date.parse(period.to) - 1;
  const within = input.closedWithin(remediator, resource.account);
  const policyDeadline = within === null ? null : said.since + within;
  const paragraph36 = businessDeadline(calendar, said.since, NOTIFY_WITHIN);
  const owner = ownerIn(index.tagsOf(stream)) ?? input.exceptions.find(({ id }) => id === said.exception?.id)?.owner ?? null;
  return {
    ...said,
    remediator,
    resource: formatResource(resource),
    of: resource,
    stream,
    account: resource.account,
    environment: around.environmentOf(resource.account),
    owner,
    ageDays: Math.max(0, Math.floor((end - said.since) / DAY)),
    businessDays: businessDaysBetween(calendar, said.since, end),
    policyDeadline,
    paragraph36,
    pastPolicy: policyDeadline !== null && policyDeadline <= end,
    past36: dayIn(calendar.zone, end) > paragraph36,
  };
}

/** Tags that name an owner, the most specific first. */
const OWNER_TAGS = ['owner', 'team'] as const;

/** Whose a resource is, as its tags say: names are compared without their case. */
function ownerIn(tags: unknown): string | null {
  const own: JsonObject = objectOf(tags) ?? {};
  for (const wanted of OWNER_TAGS) {
    const found = Object.entries(own).find(([key, value]) => key.toLowerCase() === wanted && text(value)?.trim());
    if (found !== undefined) return String(found[1]).trim();
  }
  return null;
}

/** Names a population: equal for the same ids, in any order. */
function digestOfAll(ids: readonly string[]): string {
  const hash = createHash('sha256');
  for (const id of [...ids].sort()) hash.update(`${id}\n`);
  return `sha256:${hash.digest('hex')}`;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
