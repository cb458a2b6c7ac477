// A plan as text for people: the document in, text out. Counts come first, then what could not be read, then tables and groups, details last.
import { countOf, formatResource } from '@redress/core';
import type { Paint } from '../io.js';
import { leftLines } from '../left.js';
import { onceEach, type PlannedPass } from '../passes.js';
import { leftAccountLines } from '../places.js';
import { printable } from '../printable.js';
import { type Difference, differencesOf, valueText } from './difference.js';
import type { PlanDocument } from './document.js';
import { blindSpotsOf, type Gap, type GapGroup, groupsOf, type Summary } from './gaps.js';
import { columns, cutMiddle, widthOf, wrapped } from './text.js';
import { becauseOf, ORDER, VERDICTS } from './verdicts.js';

/** What is shown of each change besides: nothing, the members that differ, or also the calls. */
export type Details = 'none' | 'changes' | 'calls';

/** How a plan is shown. */
export interface PlanLayout {
  /** Columns of the terminal; at least 40 are used. */
  readonly width: number;
  readonly details: Details;
  readonly paint: Paint;
}

/** Two screens of a terminal as small as they are: what comes before the details has to fit. */
const SCREENS = 48;
/** How many gaps of a group are named, so that two screens suffice. */
const NAMED = 5;
const MOST_GROUPS = 12;
const MOST_PROBLEMS = 10;
const NARROWEST = 40;

/**
 * A plan as text, without a line feed at its end.
 *
 * @example planView(document, { width: 80, details: 'none', paint: (_, text) => text })
 */
export function planView(document: PlanDocument, { width: columnsOf, details: asked, paint }: PlanLayout): string {
  const width = Math.max(NARROWEST, columnsOf);
  // Of one resource there is nothing to group.
  const single = new Set(document.gaps.map(({ resource }) => formatResource(resource))).size === 1;
  const details = single && asked === 'none' ? 'changes' : asked;
  const head = [...headLines(document, width, paint), ...troubleLines(document, details, width, paint)];
  const end = endLines(document, details, width, paint);
  const middle = single ? [] : fitting(document, width, paint, SCREENS - head.length - end.length, details);
  return [...head, ...middle, ...(details === 'none' ? [] : detailLines(document, details, width, paint)), ...end].join('\n');
}

/** Tables and groups, with as many names as there is room for: all of them with details. */
function fitting(document: PlanDocument, width: number, paint: Paint, room: number, details: Details): readonly string[] {
  const drawn = (named: number, most: number) => [...tableLines(document, width, paint), ...groupLines(document, { named, most }, width, paint)];
  if (details !== 'none') return drawn(NAMED, Number.POSITIVE_INFINITY);
  let lines: readonly string[] = [];
  for (let named = NAMED; named >= 1; named--) {
    lines = drawn(named, MOST_GROUPS);
    if (lines.length <= room) return lines;
  }
  for (let most = MOST_GROUPS - 1; most >= 1 && lines.length > room; most--) lines = drawn(1, most);
  return lines;
}

function headLines(document: PlanDocument, width: number, paint: Paint): readonly string[] {
  const { summary, policySource } = document;
  const policy =
    policySource.kind === 'absent' ? 'no policy: everything is notify only' : `policy ${printable(policySource.file ?? 'of the configuration file')}`;
  const resources = new Set(document.gaps.map(({ resource }) => formatResource(resource))).size;
  const unread = document.notSwept.length + document.problems.length + document.left.length > 0;
  const none = unread ? 'No gap was found in what was read.' : 'No gap was found.';
  const counts = summary.gaps === 0 ? none : `${countOf(summary.gaps, 'gap')} in ${countOf(resources, 'resource')}: ${countsOf(summary)}.`;
  const nothing = summary.nothingToChange === 0 ? '' : ` ${countOf(summary.nothingToChange, 'pass', 'passes')} found nothing to change.`;
  return [
    ...wrapped(`${whereOf(document)}; ${policy}.`, width),
    ...wrapped(`${counts}${nothing}`, width).map((line) => paint('bold', line)),
    ...(document.interrupted ? [paint('yellow', 'It was interrupted: there may be more.')] : []),
  ];
}

/** `12 would be fixed, 30 need approval, 4 held back` */
export function countsOf(summary: Summary): string {
  const { wouldFix, wouldFlag, needApproval, heldBack, notRead } = summary;
  return [
    `${wouldFix} would be fixed`,
    ...(wouldFlag > 0 ? [`${wouldFlag} would be flagged`] : []),
    `${needApproval} ${needApproval === 1 ? 'needs' : 'need'} approval`,
    `${heldBack} held back`,
    ...(notRead > 0 ? [`${notRead} could not be read`] : []),
  ].join(', ');
}

function whereOf({ account, region, places }: PlanDocument): string {
  if (places.length < 2) return `Account ${account ?? 'unknown'}, ${places[0]?.region ?? region}`;
  const count = (of: 'account' | 'region') => new Set(places.map((each) => each[of])).size;
  return `${countOf(count('account'), 'account')} in ${countOf(count('region'), 'region')}`;
}

/** What could not be read, handled or swept: nothing of it is in the counts. */
function troubleLines(document: PlanDocument, details: Details, width: number, paint: Paint): readonly string[] {
  const swept = Map.groupBy(document.notSwept, ({ reason }) => reason);
  const lines = [
    ...leftAccountLines(document.left).map((line) => `${paint('red', 'denied')}  ${line}`),
    ...document.problems
      .filter((problem) => !document.notSwept.some(({ remediator, reason }) => problem === `${remediator}: ${reason}`))
      .map((problem) => `${paint('red', 'problem')}  ${printable(problem)}`),
    ...leftLines(document, paint),
    ...[...swept].map(
      ([reason, of]) => `${paint('yellow', 'not swept')}  ${of.map(({ remediator }) => printable(remediator)).join(', ')}: ${printable(reason)}`,
    ),
  ];
  const shown = details === 'none' ? lines.slice(0, MOST_PROBLEMS) : lines;
  if (lines.length > shown.length) shown.push(paint('dim', `and ${lines.length - shown.length} more problems, with --details`));
  return shown.flatMap((line) => wrapped(line, width, 2));
}

function tableLines(document: PlanDocument, width: number, paint: Paint): readonly string[] {
  const { gaps, ifEnforced } = document;
  if (gaps.length === 0) return [];
  const verdicts = ORDER.filter((verdict) => gaps.some((gap) => gap.verdict === verdict));
  const byRemediator = [...Map.groupBy(gaps, ({ remediator }) => remediator)].sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1));
  const cells = (of: readonly Gap[]) => [...verdicts.map((verdict) => blankZero(of.filter((gap) => gap.verdict === verdict).length)), String(of.length)];
  const shown = byRemediator.slice(0, MOST_GROUPS);
  const rest = byRemediator.slice(MOST_GROUPS);
  const numbers = [...verdicts.map((verdict) => VERDICTS[verdict].column), 'gaps'].map((title) => ({ title, numbers: true }));
  return [
    '',
    ...columns(
      [{ title: 'remediator' }, ...numbers],
      [
        ...shown.map(([remediator, of]) => [printable(remediator), ...cells(of)]),
        ...(rest.length === 0 ? [] : [[`${rest.length} others`, ...cells(rest.flatMap(([, of]) => of))]]),
        ...(byRemediator.length < 2 ? [] : [['all', ...cells(gaps)]]),
      ],
      width,
      paint,
    ),
    '',
    ...columns(
      [{ title: 'if enforced everywhere' }, ...['gaps', 'fixed', 'flagged', 'approval', 'held back', 'fixed now'].map((title) => ({ title, numbers: true }))],
      ifEnforced.environments.map(({ environment, now, ifEnforced: then }) => [
        printable(environment ?? 'accounts in no environment'),
        ...[now.gaps, then.wouldFix, then.wouldFlag, then.needApproval, then.heldBack + then.notRead, now.wouldFix].map(String),
      ]),
      width,
      paint,
    ),
  ];
}

const blankZero = (count: number) => (count === 0 ? '·' : String(count));

function groupLines(
  document: PlanDocument,
  { named, most }: { readonly named: number; readonly most: number },
  width: number,
  paint: Paint,
): readonly string[] {
  const groups = groupsOf(document.gaps);
  const shown = groups.slice(0, most);
  const several = new Set(document.gaps.map(({ resource: { account, region } }) => `${account} ${region}`)).size > 1;
  const lines = shown.flatMap((group) => ['', ...groupHead(document, group, width, paint), ...memberLines(group.gaps, named, several, width)]);
  const left = groups.slice(most);
  if (left.length === 0) return lines;
  const gaps = left.reduce((sum, group) => sum + group.gaps.length, 0);
  return [
    ...lines,
    '',
    ...wrapped(`and ${countOf(left.length, 'more group')} with ${countOf(gaps, 'gap')}, with --details`, width).map((line) => paint('dim', line)),
  ];
}

function groupHead(document: PlanDocument, { verdict, code, remediator, environment, gaps }: GapGroup, width: number, paint: Paint): readonly string[] {
  const { symbol, words, style } = VERDICTS[verdict];
  const where = environment === null ? '' : `  ${cutMiddle(printable(environment), Math.floor(width / 4))}`;
  const head = `${symbol} ${words}  `;
  const room = width - widthOf(head) - widthOf(where) - widthOf(`  ${gaps.length}`);
  const title = `${paint(style, `${symbol} ${words}`)}  ${paint('bold', cutMiddle(printable(remediator), room))}${where}  ${gaps.length}`;
  const also = [...new Set(gaps.flatMap(({ alsoPlannedBy }) => alsoPlannedBy))].map(printable);
  return [
    title,
    ...(verdict === 'would-fix' || verdict === 'would-flag' ? [] : wrapped(reasonOf(document, gaps, code), width, 2, '  ')),
    ...(also.length === 0 ? [] : wrapped(`also planned by ${also.join(', ')}`, width, 2, '  ')),
    ...enforcedLines({ verdict, code, gaps }, width),
    ...holdLines(gaps, width),
  ];
}

/** Why, once for a group: in the words of the code, or of a guardrail that says the same of all. */
function reasonOf({ passes }: PlanDocument, gaps: readonly Gap[], code: string): string {
  const words = becauseOf(code);
  if (words !== null) return `${words} (${printable(code)})`;
  const said = new Set(
    gaps.flatMap((gap) => gap.passes.flatMap((at) => passes[at]?.reasons.filter((reason) => reason.code === code).map(({ message }) => message) ?? [])),
  );
  const [only] = said;
  return said.size === 1 && only !== undefined ? `${printable(only)} (${printable(code)})` : printable(code);
}

function enforcedLines({ verdict, code, gaps }: Pick<GapGroup, 'verdict' | 'code' | 'gaps'>, width: number): readonly string[] {
  const other = gaps.filter(({ ifEnforced }) => ifEnforced.verdict !== verdict || ifEnforced.code !== code);
  if (other.length === 0 || (verdict !== 'notify-only' && verdict !== 'needs-approval' && verdict !== 'denied')) return [];
  const then = [...Map.groupBy(other, ({ ifEnforced: { verdict: to, code: why } }) => `${to} ${why}`).values()].flatMap((of) => {
    const [first] = of;
    if (first === undefined) return [];
    const { verdict: to, code: why } = first.ifEnforced;
    const because = to === 'would-fix' || to === 'would-flag' ? '' : ` (${printable(why)})`;
    return [`${of.length === gaps.length ? VERDICTS[to].words : VERDICTS[to].counted.replace('{}', String(of.length))}${because}`];
  });
  return wrapped(`if enforced: ${then.join(', ')}`, width, 2, '  ');
}

function holdLines(gaps: readonly Gap[], width: number): readonly string[] {
  const ends = gaps.flatMap(({ heldUntil }) => heldUntil ?? []).sort();
  const last = ends.at(-1);
  if (last === undefined) return [];
  return wrapped(`on hold: ${ends.length === gaps.length ? '' : `${ends.length} of ${gaps.length}, `}until ${minuteOf(last)}`, width, 2, '  ');
}

/** Gaps of a group by name, a line each. */
function memberLines(gaps: readonly Gap[], named: number, several: boolean, width: number): readonly string[] {
  const sorted = gaps.toSorted((a, b) => compare(a.name ?? a.resource.id, b.name ?? b.resource.id) || compare(a.resource.id, b.resource.id));
  // One more takes no more room than saying that there is one.
  const shown = sorted.length <= named + 1 ? sorted : sorted.slice(0, named);
  const lines = shown.flatMap((gap) => memberLine(gap, several, width));
  return sorted.length === shown.length ? lines : [...lines, `    and ${sorted.length - shown.length} more`];
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function memberLine({ resource, name, changes, heldUntil }: Gap, several: boolean, width: number): readonly string[] {
  const indent = '    ';
  const room = width - indent.length;
  const id = printable(resource.id);
  const who =
    name === null || name === resource.id
      ? cutMiddle(id, Math.floor(room / 2))
      : `${cutMiddle(printable(name), Math.floor(room / 4))} (${cutMiddle(id, Math.floor(room / 3))})`;
  const about = [who, ...(several ? [`${resource.account} ${resource.region}`] : []), ...(heldUntil === null ? [] : [`until ${minuteOf(heldUntil)}`])].join(
    '  ',
  );
  const left = room - widthOf(about) - 2;
  return wrapped(left < 8 ? about : `${about}  ${cutMiddle(printable(changes.join('; ')), left)}`, width, indent.length, indent);
}

/** `2026-12-04T09:00Z` */
const minuteOf = (moment: string) => `${moment.slice(0, 16)}Z`;

/** Each pass with its changes as differences, in the order of the groups. */
function detailLines({ gaps, passes }: PlanDocument, details: Details, width: number, paint: Paint): readonly string[] {
  const order = [...new Set(groupsOf(gaps).flatMap((group) => group.gaps.flatMap((gap) => gap.passes)))];
  const seen = new Set<string>();
  // What several plan alike is shown with the first of them.
  const isNew = (key: string) => !seen.has(key) && seen.add(key) !== null;
  return order.flatMap((at) => {
    const pass = passes[at];
    if (pass === undefined) return [];
    const changes = pass.changes.filter(({ call }) => isNew(`${formatResource(pass.resource)} ${JSON.stringify(call)}`));
    return ['', ...passLines(pass, changes, details, width, paint)];
  });
}

function passLines(pass: PlannedPass, changes: PlannedPass['changes'], details: Details, width: number, paint: Paint): readonly string[] {
  const { symbol, words, style } = VERDICTS[pass.verdict];
  const named = pass.name === null || pass.name === pass.resource.id ? '' : `${printable(pass.name)}  `;
  const label = (name: string, text: string) => wrapped(text, width, 10, `  ${name.padEnd(7)} `);
  const then = pass.ifEnforced;
  const { message, reasons } = onceEach(pass.message, pass.reasons);
  return [
    ...wrapped(`${paint('bold', `${named}${printable(formatResource(pass.resource))}`)}`, width, 2),
    ...wrapped(`${paint(style, `${symbol} ${words}`)}  ${printable(pass.remediator)}`, width, 4, '  '),
    ...changes.flatMap((change) => changeLines(change, details, width, paint)),
    ...(changes.length === pass.changes.length
      ? []
      : label('change', `${pass.changes.length - changes.length === 1 ? '' : `${pass.changes.length - changes.length} `}as above`)),
    ...(message !== null && (reasons.length === 0 || pass.code === 'manual') && pass.verdict !== 'would-fix' && pass.verdict !== 'would-flag'
      ? label('why', printable(message))
      : []),
    ...reasons.flatMap((reason) => label(reason.effect, `${printable(reason.message)} (${printable(reason.code)})`)),
    ...(then === null || (then.verdict === pass.verdict && then.code === pass.code)
      ? []
      : label('if enforced', `${VERDICTS[then.verdict].words}${then.verdict.startsWith('would') ? '' : ` (${printable(then.code)})`}`)),
    ...pass.hints.flatMap((hint) => label('note', printable(hint))),
    ...pass.hazards.flatMap((hazard) => label('hazard', `${printable(hazard.message)} (${printable(hazard.code)})`)),
    ...pass.open.filter((open) => open !== message).flatMap((open) => label('open', printable(open))),
  ];
}

const SIGNS: Readonly<Record<Difference['kind'], { readonly sign: string; readonly style: Parameters<Paint>[0] }>> = {
  added: { sign: '+', style: 'green' },
  removed: { sign: '-', style: 'red' },
  changed: { sign: '~', style: 'yellow' },
};

function changeLines({ summary, call, undo }: PlannedPass['changes'][number], details: Details, width: number, paint: Paint): readonly string[] {
  const { members, unchanged } = differencesOf(call, 'irreversible' in undo ? [] : undo.calls);
  const shown = ({ operation, input }: { readonly operation: string; readonly input: unknown }) => printable(`${operation} ${JSON.stringify(input)}`);
  return [
    ...wrapped(printable(summary), width, 10, '  change  '),
    ...members.flatMap(({ kind, path, before, after }) => {
      const { sign, style } = SIGNS[kind];
      const value =
        kind === 'changed' ? `${printable(valueText(before))} → ${printable(valueText(after))}` : printable(valueText(kind === 'added' ? after : before));
      return wrapped(`${paint(style, `${sign} ${printable(path)}`)}: ${value}`, width, 8, '    ');
    }),
    ...(unchanged === 0 || members.length === 0 ? [] : [paint('dim', `      (${unchanged} unchanged)`)]),
    ...(details === 'calls' ? wrapped(shown(call), width, 10, '  call    ') : []),
    ...undoLines(undo, details, paint).flatMap(([prefix, text]) => wrapped(text, width, 10, prefix)),
  ];
}

/** Prefix and text of each line. */
function undoLines(undo: PlannedPass['changes'][number]['undo'], details: Details, paint: Paint): readonly (readonly [string, string])[] {
  if ('irreversible' in undo) return [['  undo    ', `${paint('yellow', 'none')}: ${printable(undo.irreversible)}`]];
  const how = undo.restores === 'equivalent' ? ' (equivalent, not the same)' : '';
  const calls =
    details === 'calls'
      ? undo.calls.map(({ operation, input }) => printable(`${operation} ${JSON.stringify(input)}`))
      : [undo.calls.map(({ operation }) => printable(operation)).join(', ')];
  return [
    ...calls.map((text) => ['  undo    ', `${text}${how}`] as const),
    ...(undo.destroys === null ? [] : [['          ', `${paint('yellow', 'the undo destroys')}: ${printable(undo.destroys)}`] as const]),
  ];
}

/** Blind spots, and what to do next. */
function endLines(document: PlanDocument, details: Details, width: number, paint: Paint): readonly string[] {
  const spots = blindSpotsOf(document.passes);
  const all = [...spots.values()].reduce((sum, each) => sum + each.length, 0);
  const shown =
    details !== 'none'
      ? [
          '',
          paint('bold', 'What no read shows:'),
          ...[...spots].flatMap(([remediator, texts]) => [
            `  ${cutMiddle(printable(remediator), width - 2)}`,
            ...texts.flatMap((spot) => wrapped(printable(spot), width, 4, '    ')),
          ]),
        ]
      : ['', ...wrapped(`What no read shows: ${countOf(all, 'blind spot')} of ${countOf(spots.size, 'remediator')}, with --details.`, width)];
  return [
    ...(all === 0 ? [] : shown),
    '',
    ...(document.gaps.length === 0 || details !== 'none' ? [] : wrapped('--details shows each change as a difference; --output csv lists every gap.', width)),
    ...wrapped('Nothing was changed, and nothing was recorded.', width),
  ];
}
