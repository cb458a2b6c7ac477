// litewitness as it is run: with a database that knows one log, and a key in an ssh-agent, which is this process.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { folderOf } from '../../../scripts/setup.mjs';
import { startServer } from '../../support/server.js';

const NAME = 'example.com/litewitness';

/** Starts it for the log that a public key, as signed notes write it, is of. */
export async function startLitewitness(log: string): Promise<{ readonly key: string; readonly url: string; close(): Promise<void> }> {
  const origin = log.slice(0, log.indexOf('+'));
  const agent = await startAgent();
  const server = await startServer(({ port, folder }) => {
    // What its own tool does, which needs a module that not every proxy gives out.
    const database = new DatabaseSync(join(folder, 'db'));
    database.exec(`
      CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL);
      CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin));
    `);
    database.prepare('INSERT INTO log VALUES (?, 0, ?)').run(origin, createHash('sha256').digest('base64'));
    database.prepare('INSERT INTO key VALUES (?, ?)').run(origin, log);
    database.close();
    return {
      name: 'litewitness',
      command: join(folderOf('litewitness'), 'litewitness'),
      args: ['-name', NAME, '-db', join(folder, 'db'), '-ssh-agent', agent.path, '-key', agent.fingerprint, '-listen', `127.0.0.1:${port}`],
      env: {},
      ready: '/',
    };
  });
  const typed = Buffer.concat([Buffer.from([4]), agent.raw]);
  const id = createHash('sha256').update(`${NAME}\n`).update(typed).digest('hex').slice(0, 8);
  return {
    key: `${NAME}+${id}+${typed.toString('base64')}`,
    url: server.endpoint,
    async close() {
      await server.close();
      await agent.close();
    },
  };
}

const text = (bytes: Buffer | string): Buffer => {
  const body = Buffer.from(bytes as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};

/** An agent with one new key: https://datatracker.ietf.org/doc/html/draft-ietf-sshm-ssh-agent */
async function startAgent(): Promise<{ readonly path: string; readonly raw: Buffer; readonly fingerprint: string; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'redress-agent-'));
  const path = join(folder, 'agent');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
  const blob = Buffer.concat([text('ssh-ed25519'), text(raw)]);
  const answer = (request: Buffer): Buffer => {
    if (request[0] === 11) return Buffer.concat([Buffer.from([12, 0, 0, 0, 1]), text(blob), text('witness')]);
    if (request[0] !== 13) return Buffer.from([5]);
    const at = 5 + request.readUInt32BE(1);
    const signed = request.subarray(at + 4, at + 4 + request.readUInt32BE(at));
    return Buffer.concat([Buffer.from([14]), text(Buffer.concat([text('ssh-ed25519'), text(sign(null, signed, privateKey))]))]);
  };
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let read = Buffer.alloc(0);
    socket.on('data', (piece: Buffer) => {
      read = Buffer.concat([read, piece]);
      while (read.length >= 4 && read.length >= 4 + read.readUInt32BE(0)) {
        const length = read.readUInt32BE(0);
        socket.write(text(answer(read.subarray(4, 4 + length))));
        read = read.subarray(4 + length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    raw,
    fingerprint: `SHA256:${createHash('sha256').update(blob).digest('base64').replaceAll('=', '')}`,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true });
    },
  };
}
