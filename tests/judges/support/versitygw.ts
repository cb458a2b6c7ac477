// An S3 server that refuses what S3 refuses: conditional writes under concurrency, and to make a lock shorter.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
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
