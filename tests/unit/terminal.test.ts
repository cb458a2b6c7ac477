// Pictures of terminals: what is in them, and where.
import { describe, expect, it } from 'vitest';
import { terminalSvg } from '../../demo/terminal.ts';

const texts = (svg: string) =>
  [...svg.matchAll(/<text(?: class="(\w)")? x="([\d.]+)" y="(\d+)" textLength="([\d.]+)">([^<]*)<\/text>/g)].map((each) => each.slice(1));

describe('a terminal as a picture', () => {
  it('has the prompt, the input and the output, each at its column and row', () => {
    const svg = terminalSvg('Two lines.', 20, [{ typed: 'redress x', printed: 'one\n    two\n' }]);
    expect(texts(svg)).toEqual([
      ['d', '16', '29', '7.8', '$'],
      [undefined, '31.6', '29', '70.2', 'redress x'],
      [undefined, '16', '47', '23.4', 'one'],
      [undefined, '47.2', '65', '23.4', 'two'],
    ]);
    expect(svg).toContain('viewBox="0 0 188 86"');
  });

  it('has an empty row between two commands', () => {
    const svg = terminalSvg('Two commands.', 20, [
      { typed: 'a', printed: 'x\n' },
      { typed: 'b', printed: 'y\n' },
    ]);
    expect(texts(svg).map(([, , y, , text]) => `${y} ${text}`)).toEqual(['29 $', '29 a', '47 x', '83 $', '83 b', '101 y']);
  });

  it('continues in the next row at the edge of the terminal, in the same colour', () => {
    const svg = terminalSvg('Long.', 4, [{ typed: 'c', printed: '\u001b[32mabcdef\u001b[39mgh' }]);
    expect(texts(svg).slice(2)).toEqual([
      ['g', '16', '47', '31.2', 'abcd'],
      ['g', '16', '65', '15.6', 'ef'],
      [undefined, '31.6', '65', '15.6', 'gh'],
    ]);
  });

  it('is text without markup, with a text alternative', () => {
    const svg = terminalSvg('a < b & "c"', 40, [{ typed: 'c', printed: '<script>alert("x")</script> & \u001b[31mred\u001b[39m' }]);
    expect(svg).not.toContain('<script');
    expect(svg).toContain('<title id="t">a &lt; b &amp; &quot;c&quot;</title>');
    expect(texts(svg).slice(2)).toEqual([
      [undefined, '16', '47', '226.2', '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp;'],
      ['r', '250', '47', '23.4', 'red'],
    ]);
  });
});
