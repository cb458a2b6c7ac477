/** Thrown so that Lambda delivers an input again that came without a queue, or with a message of a batch that has to come again. */
export class RetryError extends Error {
  readonly code = 'lambda/retry';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RetryError';
  }
}
