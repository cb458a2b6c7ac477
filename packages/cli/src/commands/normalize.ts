import { type Finding, normalize } from '@redress/core';
import { documentsOf, placeOf } from '../files/documents.js';
import { originOf, withOrigin } from '../files/origin.js';
import { type Answer, type Io, painter, table } from '../io.js';
import { printable } from '../printable.js';

/** One row of `redress normalize`. */
export interface NormalizedRow {
  readonly file: string;
  /** From 1; null where the file is one document. */
  readonly line: number | null;
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

/**
 * What Redress reads out of files, without an account and without a policy. Everything in a file is a row, also what cannot be read; that there
 * is such a thing is in the exit code.
 */
export async function normalizeCommand(io: Io, files: readonly string[], options: { readonly from?: string }, region: string): Promise<Answer> {
  const origin = originOf(options.from, region);
  const rows: NormalizedRow[] = [];
  const counts = new Map<string, number>();
  const indexOf = (file: string) => {
    const index = counts.get(file) ?? 0;
    counts.set(file, index + 1);
    return index;
  };
  for await (const document of withOrigin(documentsOf(io, files), async () => origin)) {
    const { file, line, value, problem } = document;
    if (problem === null) rows.push(...normalize(value).map((finding) => row(file, line, indexOf(file), finding)));
    else
      rows.push({
        file,
        line,
        index: indexOf(file),
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
  return { json: rows, text: human(io, rows), exit: rows.some(({ disposition }) => disposition === 'rejected') ? 1 : 0 };
}

function row(file: string, line: number | null, index: number, finding: Finding): NormalizedRow {
  return {
    file,
    line,
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
      `${placeOf(each)}#${each.index}`,
      each.disposition,
      `${each.source} ${each.kind}`,
      [each.account ?? '-', each.region ?? '-'].join(' '),
      each.resources.map(({ type, id }) => `${type} ${id}`).join(', ') || '-',
      [each.controls.slice(0, 2).join(', '), each.state ?? '', each.reason].filter((part) => part !== '').join(' · '),
    ].map(printable),
  );
  return table(['INPUT', 'DISPOSITION', 'SOURCE', 'WHERE', 'RESOURCES', 'DETAILS'], cells, painter(io));
}
