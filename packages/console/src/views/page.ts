// What is around each page: its policy, its style, its one script, the way to the other pages.
import { createHash } from 'node:crypto';
import { type Fragment, type Html, html, nameView, render, STYLE, scriptElement, styleElement } from '@redress/report';
import type { Session } from '../access.js';
import type { Approver } from '../ports.js';
import { SCRIPT } from './script.js';

/** What only the console has. */
const OWN_STYLE = `
.skip{position:absolute;left:0;top:0;z-index:1;background:#fff;padding:.6rem 1rem}
.skip:not(:focus){width:1px;height:1px;padding:0;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
#way{max-width:none;border-bottom:3px solid var(--ink);padding:.75rem 0 .35rem}
p.where{max-width:74rem;margin:0 auto;padding:0 1.5rem;color:var(--soft);font-size:.9rem}
p.where strong{color:var(--ink)}
nav.bar ul{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;list-style:none;margin:0;padding:0;max-width:none}
nav.bar a{display:inline-block;padding:.35rem 0}
nav.bar a[aria-current]{font-weight:700;color:var(--ink);text-decoration-thickness:3px}
main{padding-top:1.5rem}
main>h1{margin-bottom:.75rem}
[data-live]>section:first-child>h2,ul.tiles+section>h2,.notice+section>h2{margin-top:1.5rem;border-top:0;padding-top:0}
ul.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;list-style:none;margin:1rem 0;padding:0;max-width:none}
ul.tiles li{border:1px solid var(--line);border-top:4px solid var(--soft);padding:.6rem .9rem}
ul.tiles li.bad{border-top-color:var(--bad)}ul.tiles li.mind{border-top-color:var(--mind)}ul.tiles li.good{border-top-color:var(--good)}
ul.tiles b{display:block;font-size:1.9rem;line-height:1.2}
form.filter{display:grid;grid-template-columns:repeat(auto-fill,minmax(9rem,1fr));gap:.75rem 1rem;align-items:end;border:1px solid var(--line);background:var(--tint);padding:1rem;margin:1rem 0}
form.answer{border:1px solid var(--line);background:var(--tint);padding:1rem;margin:1rem 0}
form.answer>*+*{margin-top:.75rem}
label{display:block;font-weight:600;font-size:.9rem}
label .soft{display:block;font-weight:400;font-size:.85rem}
input,select{font:inherit;width:100%;min-height:2.5rem;padding:.35rem .5rem;border:1px solid #6e7781;border-radius:3px;background:#fff;color:var(--ink)}
button{font:inherit;font-weight:600;min-height:2.5rem;padding:.35rem 1.1rem;border:1px solid var(--ink);border-radius:3px;background:#fff;color:var(--ink);cursor:pointer}
button.yes{background:var(--good);border-color:var(--good);color:#fff}
button.no{background:#fff;border-color:var(--bad);color:var(--bad)}
.buttons{display:flex;flex-wrap:wrap;gap:.75rem}
.pages{display:flex;gap:1.5rem}
td .id{white-space:nowrap}
ol.story{list-style:none;padding:0;max-width:none}
ol.story>li{border-left:3px solid var(--line);padding:.1rem 0 .6rem 1rem;margin-bottom:1rem}
ol.story h2{border:0;margin:0 0 .25rem;padding:0;font-size:1.1rem}
ol.story p,ol.story ul{margin:.25rem 0}
#news:empty{display:none}
@media screen{td bdi{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden}}
@media screen and (max-width:900px){p.where{padding:0 1rem}}
@media print{p.where{padding:0}nav.bar,.skip,#news,form,.pages{display:none}}
`;

const CSS = `${STYLE}${OWN_STYLE}`;
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing but the style, the one script, and what this server answers: what got in as markup in spite of everything could neither run nor fetch. */
export const POLICY = [
  "default-src 'none'",
  `style-src ${hashOf(CSS)}`,
  `script-src ${hashOf(SCRIPT)}`,
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A link within the console. */
export function linkTo(path: string, label: Fragment): Html {
  if (!/^\/(?!\/)[\w\-.~/?=&%+*:]*$/.test(path)) throw new Error(`${JSON.stringify(path)} is not a page of the console.`);
  return html`<a href="${path}">${label}</a>`;
}

/** What a page is made with. */
export interface PageAround {
  /** Null: nobody is let in, and nothing is said of the journal. */
  readonly session: Session | null;
  readonly journal: string;
  readonly version: number;
  /** How much waits and is open, for the way to it. */
  readonly counts: { readonly waiting: number; readonly gaps: number };
  /** Who may answer, or why nobody may. */
  readonly approver: Approver | string;
}

/** A page, where it is, and what it holds. */
export interface Page {
  readonly title: string;
  /** The entry of {@link PLACES} that it is below. */
  readonly place: string | null;
  readonly main: Fragment;
}

const PLACES = [
  ['/', 'Overview'],
  ['/approvals', 'Pending approvals'],
  ['/gaps', 'Open gaps'],
  ['/fixes', 'Fixes'],
  ['/health', 'Health'],
] as const;

/** The whole of a page. */
export function pageText({ title, place, main }: Page, around: PageAround): string {
  const { session, journal, version, counts, approver } = around;
  const count = (path: string) => (path === '/approvals' ? counts.waiting : path === '/gaps' ? counts.gaps : null);
  const way = html`<nav class="bar" aria-label="Pages"><ul>${PLACES.map(([path, name]) => {
    const many = count(path);
    const label = html`${name}${many !== null && ` (${many})`}`;
    return html`<li>${path === place ? html`<a href="${path}" aria-current="page">${label}</a>` : linkTo(path, label)}</li>`;
  })}</ul></nav>`;
  return render(html`<!doctype html>
<html lang="en" data-version="${version}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · Redress</title>${styleElement(CSS)}</head><body>
<a class="skip" href="#main">Skip to the content</a>
${session !== null && html`<header id="way"><p class="where"><strong>Redress</strong> · ${nameView(journal)}</p>${way}</header>`}
<main id="main" tabindex="-1">
<h1>${title}</h1>
<p id="news" role="status"></p>
${main}
</main>
<footer>${session !== null && html`<p>${who(approver)}</p>`}<p>Redress console, on this machine only. It decides nothing: an approval makes the same record as <code>redress approvals</code>.</p></footer>
${session !== null && scriptElement(SCRIPT)}
</body></html>
`);
}

/** Who answers, in a sentence. */
export function who(approver: Approver | string): Fragment {
  if (typeof approver === 'string') return html`Read only: ${approver}`;
  return html`Answers are recorded under ${nameView(approver.name)}, the name in the AWS credentials${approver.verified ? ', in a signed request' : '; they are recorded as unverified'}.`;
}
