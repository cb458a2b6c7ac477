// A terminal as a picture: what a command printed, with its colours, as SVG. No fonts and no scripts are in it, so it is small, and the same bytes each time.

const SIZE = 13;
const CELL = 7.8;
const LINE = 18;
const MARGIN = 16;
/** Of the sequences that Node's `styleText` writes; those that end a style are not here. */
const STYLES: Readonly<Record<string, string>> = { 1: 'b', 2: 'd', 31: 'r', 32: 'g', 33: 'y', 36: 'c' };
// Each colour has a contrast of at least 7 to 1 on the background.
const CSS = `text{font:${SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6e6e6;white-space:pre}.b{font-weight:700}.d{fill:#a9b1bd}.r{fill:#ff9d9d}.g{fill:#7ee2a0}.y{fill:#f2cf7a}.c{fill:#7fd7ea}`;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

interface Piece {
  readonly style: string;
  readonly text: string;
}

/** A line in pieces of one style each. */
function* piecesOf(line: string): Iterable<Piece> {
  const [first = '', ...others] = line.split('\u001b[');
  if (first !== '') yield { style: '', text: first };
  for (const each of others) {
    // Each sequence is a number and an m.
    const end = each.indexOf('m');
    if (end + 1 < each.length) yield { style: STYLES[each.slice(0, end)] ?? '', text: each.slice(end + 1) };
  }
}

/** A line as a terminal of so many columns shows it: what is longer goes on in the next row. */
function rowsOf(line: string, columns: number): readonly (readonly Piece[])[] {
  const rows: Piece[][] = [[]];
  let used = 0;
  for (const { style, text } of piecesOf(line))
    for (let left = [...text]; left.length > 0; ) {
      if (used === columns) {
        rows.push([]);
        used = 0;
      }
      const fits = left.slice(0, columns - used);
      rows.at(-1)?.push({ style, text: fits.join('') });
      used += fits.length;
      left = left.slice(fits.length);
    }
  return rows;
}

/**
 * Draws a terminal.
 *
 * @param title the text alternative: what the picture shows.
 * @param commands what was typed, and what it printed.
 */
export function terminalSvg(title: string, columns: number, commands: readonly { readonly typed: string; readonly printed: string }[]): string {
  const lines = commands.flatMap(({ typed, printed }, index) => [
    ...(index === 0 ? [] : ['']),
    `\u001b[2m$\u001b[22m ${typed}`,
    ...printed.trimEnd().split('\n'),
  ]);
  const rows = lines.flatMap((line) => rowsOf(line, columns));
  const [width, height] = [Math.ceil(columns * CELL) + 2 * MARGIN, rows.length * LINE + 2 * MARGIN];
  const texts = rows.flatMap((pieces, row) => {
    let column = 0;
    return pieces.flatMap(({ style, text }) => {
      const length = [...text].length;
      const lead = length - [...text.trimStart()].length;
      const shown = text.trim();
      const x = MARGIN + (column + lead) * CELL;
      column += length;
      if (shown === '') return [];
      // Whatever font there is: each column stays where it is.
      const place = `x="${+x.toFixed(1)}" y="${MARGIN + row * LINE + SIZE}" textLength="${+([...shown].length * CELL).toFixed(1)}"`;
      return [`<text${style === '' ? '' : ` class="${style}"`} ${place}>${escaped(shown)}</text>`];
    });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title id="t">${escaped(title)}</title>`,
    `<style>${CSS}</style>`,
    `<rect width="100%" height="100%" rx="8" fill="#16181d"/>`,
    ...texts,
    '</svg>',
    '',
  ].join('\n');
}
