// Who may look: a token that is good once, and the session that it is exchanged for.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A browser that was let in. */
export interface Session {
  /** What the cookie holds. */
  readonly id: string;
  /** What each form of this session holds. */
  readonly csrf: string;
  /** Epoch milliseconds. */
  readonly ends: number;
}

/** A session ends after so long; milliseconds. */
const LONGEST_SESSION = 12 * 3_600_000;
/** What nobody guesses. */
const BYTES = 32;

const secret = () => randomBytes(BYTES).toString('base64url');

/** Whether two secrets are equal, in a time that does not depend on where they differ. */
function sameSecret(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** Lets in whoever has the token, once. */
export class Access {
  readonly #now: () => number;
  #token: string | null = secret();
  #session: Session | null = null;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** To be shown to the person who has started the console, and to nobody else; null once it is used. */
  get token(): string | null {
    return this.#token;
  }

  /** A session for a token; null: it is not the one, or was used. */
  exchange(token: string): Session | null {
    if (this.#token === null || !sameSecret(token, this.#token)) return null;
    this.#token = null;
    this.#session = { id: secret(), csrf: secret(), ends: this.#now() + LONGEST_SESSION };
    return this.#session;
  }

  /** The session of a cookie; null: there is none, or it has ended. */
  session(cookie: string | undefined): Session | null {
    const session = this.#session;
    return session !== null && cookie !== undefined && this.#now() < session.ends && sameSecret(cookie, session.id) ? session : null;
  }

  /** Whether a form is of a session: whoever can only make the browser send something does not know what it holds. */
  isOf(session: Session, csrf: string): boolean {
    return sameSecret(csrf, session.csrf);
  }
}
