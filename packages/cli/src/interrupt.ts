/** A signal that an interrupt from the terminal gives, or somebody else's; the second interrupt ends the process as it always does. */
export function interruptible(given: AbortSignal | undefined): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  given?.addEventListener('abort', stop, { once: true });
  if (given?.aborted === true) stop();
  return {
    signal: controller.signal,
    end() {
      process.off('SIGINT', stop);
      given?.removeEventListener('abort', stop);
    },
  };
}
