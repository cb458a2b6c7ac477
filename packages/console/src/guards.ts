// What is refused before anything is looked up: requests that are not of a page of this server.
import { POLICY } from './views/page.js';

/** On every answer. With `no-referrer` a browser would hide from us, too, where a form comes from. */
export const LATE_HEADERS: readonly (readonly [string, string])[] = [
  ['content-security-policy', POLICY],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cache-control', 'no-store'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=()'],
];

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 403 | 405;
  readonly message: string;
}

/**
 * Why a request is refused, whoever sends it; null: it may go on.
 *
 * - `Host` is this server's own, so that no name of somebody's that is made to mean this machine (DNS rebinding) becomes a way in.
 * - What a browser says of where it comes from has to be this server, or its own address bar; a form has to say it.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function refusalOf(request: Request, authority: string): Refusal | null {
  const { method, headers } = request;
  const header = (name: string) => headers.get(name);
  if (header('host') !== authority) return { status: 403, message: `This server answers only as ${authority}.` };
  if (!['GET', 'HEAD', 'POST'].includes(method)) return { status: 405, message: `It does not accept ${method.slice(0, 20)}.` };
  const site = header('sec-fetch-site');
  const origin = header('origin');
  const own = `http://${authority}`;
  if (method === 'POST') {
    if (origin !== own) return { status: 403, message: 'The form does not show that it comes from this console.' };
    if (site !== null && site !== 'same-origin') return { status: 403, message: 'The form comes from another page.' };
    return null;
  }
  if (origin !== null && origin !== own) return { status: 403, message: 'The request comes from another page.' };
  // A link from elsewhere shows a page that needs the cookie, which such a link does not carry.
  const isLink = header('sec-fetch-mode') === 'navigate' && header('sec-fetch-dest') === 'document';
  if (site !== null && site !== 'same-origin' && site !== 'none' && !isLink) return { status: 403, message: 'The request comes from another page.' };
  return null;
}
