// Text for a terminal of some width: what is measured is what is displayed, never the length of a string.
import stringWidth from 'fast-string-width';
import { wrapAnsi } from 'fast-wrap-ansi';
import type { Paint } from '../io.js';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Columns that a text takes. */
export const widthOf = (text: string): number => stringWidth(text);

/**
 * Lines of at most `width` columns: the first begins with `prefix`, the others with as many blanks as `indent` says. A word that is longer than a line is
 * broken, and nothing is put into it.
 */
export function wrapped(text: string, width: number, indent = 0, prefix = ''): readonly string[] {
  const room = Math.max(1, width - Math.max(indent, widthOf(prefix)));
  return wrapAnsi(text, room, { hard: true })
    .split('\n')
    .map((line, at) => (at === 0 ? prefix : ' '.repeat(indent)) + line);
}

/** A text in at most `width` columns: the middle goes, since ids and ARNs differ at their ends. */
export function cutMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width <= 1) return '…'.slice(0, Math.max(0, width));
  const parts = [...graphemes.segment(text)].map(({ segment }) => segment);
  let [head, tail] = ['', ''];
  for (let [left, right] = [0, parts.length - 1]; left <= right; ) {
    const fromHead = widthOf(head) <= widthOf(tail);
    const next = (fromHead ? parts[left++] : parts[right--]) ?? '';
    if (widthOf(head) + widthOf(tail) + widthOf(next) + 1 > width) break;
    if (fromHead) head += next;
    else tail = next + tail;
  }
  return `${head}…${tail}`;
}

/** A text in exactly `width` columns. */
export function padded(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const room = ' '.repeat(Math.max(0, width - widthOf(text)));
  return side === 'left' ? text + room : room + text;
}

/** A column of {@link columns}. */
export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly numbers?: boolean;
}

const GAP = '  ';

/** A table in at most `width` columns. Where it does not fit the first column is cut in the middle; where even that does not do, each row is a block. */
export function columns(heads: readonly Column[], rows: readonly (readonly string[])[], width: number, paint: Paint): readonly string[] {
  const widest = heads.map(({ title }, at) => Math.max(widthOf(title), ...rows.map((row) => widthOf(row[at] ?? ''))));
  const others = widest.slice(1).reduce((sum, each) => sum + each + GAP.length, 0);
  const room = width - others;
  const least = Math.min(widest[0] ?? 0, 16);
  if (room < least)
    return rows.flatMap((row) => [
      cutMiddle(row[0] ?? '', width),
      ...heads.slice(1).flatMap(({ title }, at) => (row[at + 1] === '' ? [] : [`  ${title}: ${row[at + 1] ?? ''}`])),
    ]);
  const widths = [Math.min(widest[0] ?? 0, room), ...widest.slice(1)];
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => padded(at === 0 ? cutMiddle(cell, widths[0] ?? 0) : cell, widths[at] ?? 0, heads[at]?.numbers === true ? 'right' : 'left'))
      .join(GAP)
      .trimEnd();
  return [paint('bold', line(heads.map(({ title }) => title))), ...rows.map(line)];
}
