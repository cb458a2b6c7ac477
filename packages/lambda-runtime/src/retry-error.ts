/** Thrown so that Lambda delivers an input again that came without a queue, or with a message of a batch that has to come again. */
export class RetryError extends Error {
  readonly code = 'lambda/retry';
  /** Epoch milliseconds from which on it can be decided; null: nothing says when. */
  readonly retryAt: number | null;

  constructor(message: string, { retryAt = null, ...options }: ErrorOptions & { readonly retryAt?: number | null } = {}) {
    super(message, options);
    this.name = 'RetryError';
    this.retryAt = retryAt;
  }
}
