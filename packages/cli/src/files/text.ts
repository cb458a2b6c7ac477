/** {@link Text.line} of a line that is longer than it may be: it is left where it is. */
export const LONG: unique symbol = Symbol('a line that is too long');

/** Text that comes in pieces, read by lines or on from where it is. */
export class Text {
  readonly #source: AsyncIterator<string>;
  #unread: string[] = [];

  constructor(source: AsyncIterable<string>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next line without its end, with at most this many UTF-16 units; null at the end. */
  async line(most: number): Promise<string | null | typeof LONG> {
    const taken: string[] = [];
    let length = 0;
    for (;;) {
      const piece = await this.#piece();
      if (piece === null) return taken.length === 0 ? null : withoutReturn(taken.join(''));
      const end = piece.indexOf('\n');
      const part = end < 0 ? piece : piece.slice(0, end);
      taken.push(part);
      length += part.length;
      if (end >= 0) this.#unread.unshift(piece.slice(end + 1));
      if (length > most) {
        this.#unread.unshift(...taken, ...(end < 0 ? [] : ['\n']));
        return LONG;
      }
      if (end >= 0) return withoutReturn(taken.join(''));
    }
  }

  /** Goes on behind the next line end. */
  async skipLine(): Promise<void> {
    for (let piece = await this.#piece(); piece !== null; piece = await this.#piece()) {
      const end = piece.indexOf('\n');
      if (end < 0) continue;
      this.#unread.unshift(piece.slice(end + 1));
      return;
    }
  }

  /** All that is left, in pieces. */
  async *rest(): AsyncGenerator<string> {
    for (let piece = await this.#piece(); piece !== null; piece = await this.#piece()) yield piece;
  }

  async #piece(): Promise<string | null> {
    const unread = this.#unread.shift();
    if (unread !== undefined) return unread;
    const next = await this.#source.next();
    return next.done === true ? null : next.value;
  }
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
