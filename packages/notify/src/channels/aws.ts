/** Two attempts, each with an end: whoever waits for a message to be sent waits for a change to be reported. */
export function sdkConfig<T extends object>(config: T): T & { maxAttempts: number; requestHandler: object } {
  return { maxAttempts: 2, requestHandler: { connectionTimeout: 2000, requestTimeout: 4000, throwOnRequestTimeout: true }, ...config };
}
