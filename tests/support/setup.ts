import { Socket } from 'node:net';
import fc from 'fast-check';

if (!process.version.startsWith('v24.')) throw new Error(`Tests run on Node 24, not ${process.version}: start them with \`npm test\`.`);

// The same generated inputs on each run, so that results differ only because of changes; `REDRESS_SEED=N` tries others.
fc.configureGlobal({ seed: Number(process.env['REDRESS_SEED'] ?? 20_261_124) });

// No test may find real credentials, or leave this machine.
Object.assign(process.env, {
  AWS_ACCESS_KEY_ID: 'testing',
  AWS_SECRET_ACCESS_KEY: 'testing',
  AWS_REGION: 'us-east-1',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
});
for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL', 'AWS_DEFAULT_REGION', 'HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])
  delete process.env[name];

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::']);
/** Files share a process, so Node's own functions are wrapped once. */
const NODES = Symbol.for('redress.connect');
const here = globalThis as { [NODES]?: typeof Socket.prototype.connect };
here[NODES] ??= Socket.prototype.connect;
const connect = here[NODES];
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  const first = (Array.isArray(args[0]) ? args[0][0] : args[0]) as { host?: string; path?: string } | number | string;
  const host =
    typeof first === 'object' && first !== null
      ? first.path === undefined
        ? (first.host ?? 'localhost')
        : 'localhost'
      : typeof args[1] === 'string'
        ? args[1]
        : 'localhost';
  // `localhost` has subdomains: S3 puts bucket names before it.
  if (!LOOPBACK.has(host) && !host.endsWith('.localhost')) throw new Error(`A test tried to reach ${host}; tests stay on this machine.`);
  return (connect as (...given: unknown[]) => Socket).apply(this, args);
} as typeof connect;
