// What a browser sends, checked before anything is done with it.
import type { FilterInput } from '@redress/report';

/** What the browser has sent cannot be meant. */
export class BadInput extends Error {}

/** As long as a reason may be; what the approval endpoint takes, too. */
export const MOST_REASON = 1_000;
const MOST_VALUE = 1_100;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * Fields by their names: each once, and no others.
 *
 * @throws {BadInput}
 */
export function fieldsOf<K extends string>(params: URLSearchParams, allowed: readonly K[]): Readonly<Partial<Record<K, string>>> {
  const found: Partial<Record<K, string>> = {};
  for (const [name, value] of params) {
    const known = allowed.find((each) => each === name);
    if (known === undefined) throw new BadInput(`There is no field ${JSON.stringify(name.slice(0, 100))} here.`);
    if (Object.hasOwn(found, known)) throw new BadInput(`${known} is given twice.`);
    if (value.length > MOST_VALUE) throw new BadInput(`${known} is longer than ${MOST_VALUE} characters.`);
    found[known] = value;
  }
  return found;
}

/** An answer to a request for approval. */
export interface AnswerInput {
  readonly verdict: 'approve' | 'deny';
  readonly reason: string;
}

/**
 * What a form of an answer holds.
 *
 * @throws {BadInput} for what no form of the console sends
 */
export function answerOf({ verdict, reason = '' }: { readonly verdict?: string; readonly reason?: string }): AnswerInput & { readonly problem: string | null } {
  if (verdict !== 'approve' && verdict !== 'deny') throw new BadInput('The verdict is approve or deny.');
  const problem =
    reason.trim() === ''
      ? 'Give a reason: it is kept in the evidence.'
      : reason.length > MOST_REASON
        ? `The reason is longer than ${MOST_REASON} characters.`
        : CONTROL.test(reason)
          ? 'The reason contains control characters.'
          : null;
  return { verdict, reason: reason.trim(), problem };
}

/** Fields of the filter, as `redress history` takes them. */
const FILTER_FIELDS = ['since', 'until', 'account', 'environment', 'remediator', 'outcome', 'actor', 'approver', 'resource', 'ticket'] as const;
/** Fields of the page of fixes. */
const FIXES_FIELDS = [...FILTER_FIELDS, 'show', 'page'] as const;

/** What a page of fixes is asked for. */
export interface FixesInput {
  readonly filter: FilterInput;
  /** As it was typed. */
  readonly given: Readonly<Partial<Record<(typeof FILTER_FIELDS)[number], string>>>;
  /** Changes alone, or everything that is recorded. */
  readonly show: 'fixes' | 'everything';
  /** From 1. */
  readonly page: number;
}

/**
 * Reads the query of the page of fixes; what is empty is not asked for. Whether the values can match anything the filter says.
 *
 * @throws {BadInput}
 */
export function fixesInput(params: URLSearchParams): FixesInput {
  const fields = fieldsOf(params, FIXES_FIELDS);
  const given: Partial<Record<(typeof FILTER_FIELDS)[number], string>> = {};
  for (const name of FILTER_FIELDS) {
    const value = fields[name]?.trim() ?? '';
    if (value !== '') given[name] = value;
  }
  const { since, until, ...lists } = given;
  const filter = {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...Object.fromEntries(Object.entries(lists).map(([name, value]) => [name, [value]])),
  };
  const show = fields.show ?? 'fixes';
  if (show !== 'fixes' && show !== 'everything') throw new BadInput('show is fixes or everything.');
  return { filter, given, show, page: pageOf(fields.page) };
}

/**
 * The number of a page.
 *
 * @throws {BadInput}
 */
export function pageOf(given: string | undefined): number {
  if (given === undefined || given === '') return 1;
  if (!/^[1-9]\d{0,5}$/.test(given)) throw new BadInput('page is a number from 1 on.');
  return Number(given);
}
