/** A listener, as far as it matters whether it is secure. */
interface Listener {
  readonly port: number | null;
  readonly protocol: string;
  readonly certificate: string | null;
}

const isOfAcm = (certificate: string | null) => certificate !== null && /^arn:[^:]+:acm:/.test(certificate);

/**
 * The gap of a load balancer that listens without TLS, or with a certificate that is not of Certificate Manager; null: it has none.
 *
 * @param secure Protocols with TLS.
 * @param closing How people close a listener without TLS.
 */
export function insecureListeners(id: string, listeners: readonly Listener[], secure: readonly string[], closing: readonly string[]) {
  const open = listeners.filter(({ protocol }) => !secure.includes(protocol));
  const foreign = listeners.filter(({ protocol, certificate }) => secure.includes(protocol) && !isOfAcm(certificate));
  if (open.length + foreign.length === 0) return null;
  const named = (all: readonly Listener[]) => all.map(({ protocol, port }) => `${protocol} ${port ?? '?'}`).join(', ');
  return {
    message: `${id} ${[
      ...(open.length > 0 ? [`listens without TLS (${named(open)})`] : []),
      ...(foreign.length > 0 ? [`has certificates from outside Certificate Manager (${named(foreign)})`] : []),
    ].join(', and ')}.`,
    steps: [
      ...(foreign.length > 0 ? ['Request or import a certificate in Certificate Manager, and set it on the listener: new connections use it at once.'] : []),
      ...(open.length > 0 ? closing : []),
    ],
  };
}
