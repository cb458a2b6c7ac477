import type { FindingResult } from '@redress/core';
import type { Paint } from './io.js';
import { printable } from './printable.js';

/** A reason why something was left, however often: each is said once. */
export interface Left {
  readonly reason: string;
  readonly count: number;
  /** `file:line` of the first. */
  readonly first: string;
}

/** What came of inputs that led to no pass. */
export class LeftOver {
  /** Findings without a pass, by disposition. */
  readonly counted: Record<string, number> = {};
  readonly #rejected = new Map<string, { reason: string; count: number; first: string }>();
  readonly #unasked = new Map<string, { reason: string; count: number; first: string }>();

  /** What is no event, or cannot be right. */
  get rejected(): readonly Left[] {
    return [...this.#rejected.values()];
  }

  /** What says that something is wrong, or was sent here, and that no remediator is asked about. */
  get unasked(): readonly Left[] {
    return [...this.#unasked.values()];
  }

  /** Takes in what is no document. */
  reject(place: string, reason: string): void {
    count(this.#rejected, place, reason);
  }

  /** Takes in a finding; one with passes leaves nothing over. */
  add(place: string, { finding, passes, reason, error }: Pick<FindingResult, 'finding' | 'passes' | 'reason' | 'error'>): void {
    if (passes.length > 0 || error !== null) return;
    this.counted[finding.disposition] = (this.counted[finding.disposition] ?? 0) + 1;
    if (finding.disposition === 'rejected') count(this.#rejected, place, finding.reason);
    if (finding.disposition === 'candidate' && !isLogged(finding)) count(this.#unasked, place, reason);
  }
}

/** A log has everything that an account did. What a rule of EventBridge delivers, and what says that something is wrong, is meant for us. */
function isLogged(finding: FindingResult['finding']): boolean {
  return finding.kind === 'api-call' && finding.envelope === null;
}

function count(reasons: Map<string, { reason: string; count: number; first: string }>, first: string, reason: string): void {
  const known = reasons.get(reason);
  if (known === undefined) reasons.set(reason, { reason, count: 1, first });
  else known.count++;
}

/** The same, in lines for people; `within` is the file that is named already. */
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
