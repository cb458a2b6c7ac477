import { stringify } from 'csv-stringify/sync';

/**
 * Rows as RFC 4180 has them. A cell that a spreadsheet would take for a formula has an apostrophe before it: names come from accounts.
 *
 * @example csvOf(['name'], [['=1+1']]) === "name\r\n'=1+1\r\n"
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
export function csvOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  // A carriage return alone ends a line for some readers, and the library quotes none.
  return stringify([[...columns], ...rows.map((row) => [...row])], { record_delimiter: 'windows', escape_formulas: true, quoted_match: /[\r\n]/ });
}
