import type { FindingResult } from '@redress/core';
import type { Paint } from './io.js';
import { printable } from './printable.js';

/** A reason why something was not handled. Each reason is shown once, with its count. */
export interface Left {
  readonly reason: string;
  readonly count: number;
  /** `file:line` of the first. */
  readonly first: string;
}

/** Inputs that led to no pass, and why. */
export class LeftOver {
  /** Findings without a pass, by disposition. */
  readonly counted: Record<string, number> = {};
  readonly #rejected = new Map<string, { reason: string; count: number; first: string }>();
  readonly #unasked = new Map<string, { reason: string; count: number; first: string }>();

  /** Inputs that are not events, or that contradict themselves. */
  get rejected(): readonly Left[] {
    return [...this.#rejected.values()];
  }

  /** Findings that report a problem, or were sent here, and that no remediator handles. */
  get unasked(): readonly Left[] {
    return [...this.#unasked.values()];
  }

  /** Adds an input that is not a document. */
  reject(place: string, reason: string): void {
    count(this.#rejected, place, reason);
  }

  /** Adds a finding. A finding with passes is ignored. */
  add(place: string, { finding, passes, reason, error }: Pick<FindingResult, 'finding' | 'passes' | 'reason' | 'error'>): void {
    if (passes.length > 0 || error !== null) return;
    this.counted[finding.disposition] = (this.counted[finding.disposition] ?? 0) + 1;
    if (finding.disposition === 'rejected') count(this.#rejected, place, finding.reason);
    if (finding.disposition === 'candidate' && !isLogged(finding)) count(this.#unasked, place, reason);
  }
}

/** A log contains every call of an account. What an EventBridge rule delivers, and what reports a problem, is meant for Redress. */
function isLogged(finding: FindingResult['finding']): boolean {
  return finding.kind === 'api-call' && finding.envelope === null;
}

function count(reasons: Map<string, { reason: string; count: number; first: string }>, first: string, reason: string): void {
  const known = reasons.get(reason);
  if (known === undefined) reasons.set(reason, { reason, count: 1, first });
  else known.count++;
}

/** The same as lines for people; `within` is the file that is already named. */
export function leftLines(
  { counted, rejected, unasked }: { readonly counted: Readonly<Record<string, number>>; readonly rejected: readonly Left[]; readonly unasked: readonly Left[] },
  paint: Paint,
  within?: string,
): string[] {
  const line = (word: string, { reason, count, first }: Left) =>
    `${paint('yellow', word)}  ${first === within ? '' : `${printable(first)}: `}${printable(reason)}${count === 1 ? '' : ` (${count} times)`}`;
  const logged = (counted['candidate'] ?? 0) - unasked.reduce((sum, each) => sum + each.count, 0);
  return [
    ...Object.entries(counted)
      .filter(([disposition]) => disposition !== 'candidate' && disposition !== 'rejected')
      .map(([disposition, n]) => `${n} ${disposition}: no decision needed`),
    ...(logged > 0 ? [`${logged} logged: calls that no remediator handles`] : []),
    ...rejected.map((each) => line('rejected', each)),
    ...unasked.map((each) => line('unhandled', each)),
  ];
}
