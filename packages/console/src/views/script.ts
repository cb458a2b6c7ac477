/**
 * The one script: it shows what is new. Without it a page is as of when it was loaded. Parts that change have an id and `data-live`; a page without
 * them says that there is news, so that nothing moves under who decides. Plain script, with what a browser has. A tab in the background holds no
 * connection: a browser has six of them for one server.
 */
export const SCRIPT = `(() => {
'use strict';
const root = document.documentElement;
const news = document.getElementById('news');
let events = null;
let busy = false;
const say = (text) => { news.textContent = text; };
const update = async (version) => {
  if (busy || version === root.dataset.version) return;
  if (document.querySelector('[data-live]') === null) {
    root.dataset.version = version;
    say('The journal has changed since this page was loaded. ');
    const again = document.createElement('a');
    again.href = location.pathname;
    again.textContent = 'Reload it';
    news.append(again);
    return;
  }
  busy = true;
  try {
    const reply = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (!reply.ok) { say('This page cannot be updated: ' + reply.status + '.'); return; }
    const page = new DOMParser().parseFromString(await reply.text(), 'text/html');
    const focus = document.activeElement === null ? null : document.activeElement.getAttribute('href');
    let changed = false;
    for (const part of document.querySelectorAll('[data-live], #way')) {
      const fresh = page.getElementById(part.id);
      if (fresh === null || fresh.innerHTML === part.innerHTML) continue;
      part.replaceChildren(...fresh.childNodes);
      changed = true;
    }
    if (focus !== null && document.activeElement === document.body)
      for (const link of document.querySelectorAll('a')) if (link.getAttribute('href') === focus) { link.focus(); break; }
    root.dataset.version = page.documentElement.dataset.version;
    if (changed) say('Updated at ' + new Date().toISOString().slice(11, 19) + ' UTC.');
  } catch (error) {
    say('This page cannot be updated: ' + error.message);
  } finally {
    busy = false;
  }
};
const listen = () => {
  if (document.hidden) { if (events !== null) events.close(); events = null; return; }
  if (events !== null) return;
  events = new EventSource('/events');
  events.addEventListener('version', (event) => { void update(event.data); });
};
document.addEventListener('visibilitychange', listen);
addEventListener('pagehide', () => { if (events !== null) events.close(); events = null; });
addEventListener('pageshow', listen);
listen();
})();`;
