// An S3 server that refuses what S3 refuses: conditional writes under concurrency, and to make a lock shorter.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Sender } from '../../../packages/evidence/src/aws/store.js';
import { folderOf } from '../../../scripts/setup.mjs';
import { type Server, startServer } from '../../support/server.js';

/** For the root user: `testing` as key id and secret. */
export function startVersitygw(): Promise<Server> {
  return startServer(({ port, folder }) => {
    // One must not lie within the other.
    const [objects, versions] = ['objects', 'versions'].map((name) => join(folder, name)) as [string, string];
    for (const each of [objects, versions]) mkdirSync(each);
    return {
      name: 'versitygw',
      command: join(folderOf('versitygw'), 'versitygw'),
      args: ['--port', `127.0.0.1:${port}`, '--quiet', '--health', '/health', 'posix', '--versioning-dir', versions, objects],
      env: { ROOT_ACCESS_KEY: 'testing', ROOT_SECRET_KEY: 'testing', TMPDIR: folder },
      ready: '/health',
    };
  });
}

/** Each of them sets a lock. */
const LOCKING = ['PutObjectCommand', 'PutObjectRetentionCommand'];

/**
 * A client for many writers whose requests that lock a key wait for each other. Reads, and requests for other keys, go on meanwhile.
 *
 * S3 does each of these requests as one. versitygw does two steps, and no other request is kept out in between: PutObject shows the object and then
 * locks it; PutObjectRetention compares the lock with the one that is there and then replaces it. So of two that it acknowledges the shorter lock
 * may win, without any client's fault: one time in a hundred when 32 send at once.
 */
export function locksInTurn(client: Sender): Sender {
  const last = new Map<string, Promise<unknown>>();
  return {
    send(command: { readonly constructor: { readonly name: string }; readonly input: { readonly Bucket: string; readonly Key: string } }) {
      const send = () => client.send(command as never);
      if (!LOCKING.includes(command.constructor.name)) return send();
      const key = `${command.input.Bucket}/${command.input.Key}`;
      const done = (last.get(key) ?? Promise.resolve()).then(send);
      last.set(
        key,
        done.catch(() => {}),
      );
      return done;
    },
  };
}
