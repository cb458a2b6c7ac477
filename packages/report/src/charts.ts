// Charts as SVG. Each describes in words what it shows, and is next to a table with its numbers.
import { scaleBand, scaleLinear } from 'd3-scale';
import { symbol, symbolCircle, symbolDiamond } from 'd3-shape';
import { type Html, html } from './html.js';

const WIDTH = 720;
const rounded = (value: number) => Math.round(value * 10) / 10;

/** What a chart says of itself. */
interface Titled {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

const framed = ({ id, title, description }: Titled, height: number, content: readonly Html[]): Html =>
  html`<svg class="chart" role="img" aria-labelledby="${id}-t ${id}-d" viewBox="0 0 ${WIDTH} ${height}" xmlns="http://www.w3.org/2000/svg"><title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>${content}</svg>`;

/** One bar for each name, with its number above it. */
export function barChart(titled: Titled, bars: readonly { readonly name: string; readonly value: number }[]): Html {
  const [top, bottom, height] = [18, 34, 190];
  const x = scaleBand<number>(
    bars.map((_, at) => at),
    [4, WIDTH - 4],
  ).padding(0.25);
  const y = scaleLinear([0, Math.max(1, ...bars.map(({ value }) => value))], [height - bottom, top]);
  // Names of weeks are wider than their bars: as many as have room.
  const every = Math.max(1, Math.ceil(62 / x.step()));
  return framed(titled, height, [
    html`<line class="axis" x1="0" x2="${WIDTH}" y1="${height - bottom}" y2="${height - bottom}"/>`,
    ...bars.map(({ name, value }, at) => {
      const left = x(at) ?? 0;
      const middle = rounded(left + x.bandwidth() / 2);
      return html`<rect class="bar" x="${rounded(left)}" y="${rounded(y(value))}" width="${rounded(x.bandwidth())}" height="${rounded(height - bottom - y(value))}"/><text class="value" x="${middle}" y="${rounded(y(value) - 4)}">${value}</text>${at % every === 0 && html`<text class="label" x="${middle}" y="${height - bottom + 16}">${name}</text>`}`;
    }),
  ]);
}

/** For each name a circle at its p50 and a diamond at its p90, on one axis of time. */
export function rangeChart(
  titled: Titled,
  ranges: readonly { readonly name: string; readonly p50: number; readonly p90: number }[],
  text: (value: number) => string,
): Html {
  const [row, left] = [26, 250];
  const height = ranges.length * row + 30;
  const x = scaleLinear([0, Math.max(1, ...ranges.map(({ p90 }) => p90))], [left, WIDTH - 90]);
  const mark = (shape: typeof symbolCircle) => symbol(shape, 90)() ?? '';
  return framed(titled, height, [
    ...ranges.map(({ name, p50, p90 }, at) => {
      const y = at * row + 16;
      // What distinguishes two of them may be at the end: the environment.
      const label = name.length > 34 ? `${name.slice(0, 20)}…${name.slice(-13)}` : name;
      return html`<text class="row" x="0" y="${y + 4}">${label}</text><line class="range" x1="${rounded(x(p50))}" x2="${rounded(x(p90))}" y1="${y}" y2="${y}"/><path class="p50" transform="translate(${rounded(x(p50))},${y})" d="${mark(symbolCircle)}"/><path class="p90" transform="translate(${rounded(x(p90))},${y})" d="${mark(symbolDiamond)}"/><text class="row" x="${rounded(x(p90) + 10)}" y="${y + 4}">${text(p90)}</text>`;
    }),
    html`<text class="row" x="0" y="${height - 6}">○ p50   ◆ p90</text>`,
  ]);
}
