import { type Finding, normalize } from '@redress/core';
import { readInputs } from '../inputs.js';
import { type Answer, type Io, painter, table } from '../io.js';
import { printable } from '../printable.js';

/** One row of `redress normalize`. */
export interface NormalizedRow {
  readonly file: string;
  /** Counts the findings of one file, from 0. */
  readonly index: number;
  readonly source: string;
  readonly kind: string;
  readonly account: string | null;
  readonly region: string | null;
  readonly resources: readonly { readonly type: string; readonly id: string }[];
  readonly controls: readonly string[];
  readonly state: string | null;
  readonly actor: string | null;
  readonly observedAt: string | null;
  readonly disposition: string;
  readonly reason: string;
}

/** What Redress reads out of files, without an account and without a policy. Never fails for what is in a file. */
export async function normalizeCommand(io: Io, files: readonly string[]): Promise<Answer> {
  const rows: NormalizedRow[] = [];
  for (const { file, value, problem } of await readInputs(io, files)) {
    if (problem === null) rows.push(...normalize(value).map((finding, index) => row(file, index, finding)));
    else
      rows.push({
        file,
        index: 0,
        source: 'other',
        kind: 'malformed',
        account: null,
        region: null,
        resources: [],
        controls: [],
        state: null,
        actor: null,
        observedAt: null,
        disposition: 'rejected',
        reason: problem,
      });
  }
  return { json: rows, text: human(io, rows), exit: 0 };
}

function row(file: string, index: number, finding: Finding): NormalizedRow {
  return {
    file,
    index,
    source: finding.source,
    kind: finding.kind,
    account: finding.account,
    region: finding.region,
    resources: finding.resources.map(({ type, id }) => ({ type, id })),
    controls: finding.controls,
    state: finding.state,
    actor: finding.actor?.arn ?? null,
    observedAt: finding.observedAt,
    disposition: finding.disposition,
    reason: finding.reason,
  };
}

function human(io: Io, rows: readonly NormalizedRow[]): string {
  const cells = rows.map((each) =>
    [
      `${each.file}#${each.index}`,
      each.disposition,
      `${each.source} ${each.kind}`,
      [each.account ?? '-', each.region ?? '-'].join(' '),
      each.resources.map(({ type, id }) => `${type} ${id}`).join(', ') || '-',
      [each.controls.slice(0, 2).join(', '), each.state ?? '', each.reason].filter((part) => part !== '').join(' · '),
    ].map(printable),
  );
  return table(['INPUT', 'DISPOSITION', 'SOURCE', 'WHERE', 'RESOURCES', 'DETAILS'], cells, painter(io));
}
