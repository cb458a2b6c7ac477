import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, link, render, styleElement } from './html.js';

const text = fc.string({ unit: 'binary', maxLength: 60 });

describe('html', () => {
  it('escapes values in text and in attributes, and leaves its own markup unchanged', () => {
    expect(render(html`<p title="${'"\'><&'}">${'<b>'}${html`<i>${'&'}</i>`}${[html`<br>`, 'x', 7]}${null}${false}</p>`)).toBe(
      '<p title="&quot;&#39;&gt;&lt;&amp;">&lt;b&gt;<i>&amp;</i><br>x7</p>',
    );
  });

  it('shows invisible characters and those that change the direction of text', () => {
    expect(render(html`${'a\u202eb\u0000c\u200bd\ud800e\nf'}`)).toBe('a\\u202eb\\u0000c\\u200bd\\ud800e\nf');
    // A pair of surrogates is one character, and letters of Arabic are letters.
    expect(render(html`${'🎉 مرحبا'}`)).toBe('🎉 مرحبا');
  });

  it('lets no text become markup', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        const made = render(html`<p title="${one}">${other}</p>`);
        expect(made.match(/[<>"]/g)?.join('')).toBe('<"">' + '<>');
      }),
    );
  });

  it('links within the page and to files next to it, and nowhere else', () => {
    expect(render(link('#change-1', '<x>'))).toBe('<a href="#change-1">&lt;x&gt;</a>');
    expect(render(link('proofs/x-1.tlog-proof', 'p'))).toContain('href="proofs/x-1.tlog-proof"');
    for (const to of ['https://example.com', 'javascript:alert(1)', '//x', '/etc/passwd', '../x', 'a/../b', '', '#', 'a b', '#"x'])
      expect(() => link(to, 'x')).toThrow('not a link');
  });

  it('refuses a style that ends its own element', () => {
    expect(() => styleElement('</style>')).toThrow();
    expect(render(styleElement('a{}'))).toBe('<style>a{}</style>');
  });
});
