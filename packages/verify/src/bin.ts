#!/usr/bin/env node
// The command; and a thread that shares its work.
import { parentPort } from 'node:worker_threads';
import { runVerify } from './command.js';
import { serveShares } from './work.js';

if (parentPort !== null) serveShares(parentPort);
else
  process.exitCode = await runVerify(process.argv.slice(2), { out: (text) => void process.stdout.write(text), err: (text) => void process.stderr.write(text) });
