// A plan for programs: a row, or a line, a gap.
import { countOf } from '@redress/core';
import { csvOf } from '@redress/report';
import { printable } from '../printable.js';
import type { PlanDocument } from './document.js';
import { type Gap, groupsOf } from './gaps.js';
import { becauseOf, VERDICTS } from './verdicts.js';
import { countsOf } from './view.js';

const COLUMNS = [
  'environment',
  'account',
  'region',
  'type',
  'resource',
  'name',
  'remediator',
  'also planned by',
  'verdict',
  'code',
  'if enforced',
  'held until',
  'changes',
] as const;

function rowOf({ resource, name, environment, remediator, alsoPlannedBy, verdict, code, ifEnforced, heldUntil, changes }: Gap): readonly string[] {
  const { account, region, type, id } = resource;
  const plain = [environment ?? '', account, region, type, id, name ?? '', remediator, alsoPlannedBy.join(' '), verdict, code, ifEnforced.verdict];
  return [...plain, heldUntil ?? '', changes.join('; ')].map(printable);
}

/** A row a gap, as RFC 4180 has them. */
export function planCsv({ gaps }: PlanDocument): string {
  return csvOf(COLUMNS, gaps.map(rowOf));
}

/** A line a gap. */
export function planNdjson({ gaps }: PlanDocument): string {
  return gaps.map((gap) => printable(JSON.stringify(gap))).join('\n');
}

/** For a comment on a pull request: counts, and a table of groups. */
export function planMarkdown({ gaps, summary, ifEnforced }: PlanDocument): string {
  const row = (cells: readonly string[]) => `| ${cells.map(cellOf).join(' | ')} |`;
  const table = (heads: readonly string[], rows: readonly (readonly string[])[]) => [row(heads), row(heads.map(() => '---')), ...rows.map(row)];
  const groups = groupsOf(gaps).map(({ verdict, code, remediator, environment, gaps: of }) => [
    VERDICTS[verdict].words,
    String(of.length),
    remediator,
    environment ?? '',
    verdict === 'would-fix' || verdict === 'would-flag' ? '' : (becauseOf(code) ?? code),
    `${of
      .slice(0, 5)
      .map(({ name, resource }) => name ?? resource.id)
      .join(', ')}${of.length > 5 ? ` and ${of.length - 5} more` : ''}`,
  ]);
  return [
    `**${countOf(summary.gaps, 'gap')}:** ${countsOf(summary)}.`,
    ...(gaps.length === 0 ? [] : ['', ...table(['Verdict', 'Gaps', 'Remediator', 'Environment', 'Because', 'Resources'], groups)]),
    ...(ifEnforced.environments.length === 0
      ? []
      : [
          '',
          ...table(
            ['If enforced everywhere', 'Gaps', 'Fixed', 'Flagged', 'Approval', 'Held back'],
            ifEnforced.environments.map(({ environment, ifEnforced: then }) => [
              environment ?? 'accounts in no environment',
              ...[then.gaps, then.wouldFix, then.wouldFlag, then.needApproval, then.heldBack + then.notRead].map(String),
            ]),
          ),
        ]),
    '',
  ].join('\n');
}

/** A cell that is text and nothing else: names come from accounts. */
function cellOf(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_{}[\]|~@#!]/g, '\\$&');
}
