#!/usr/bin/env node
// The command. It is also the thread that takes a share of the work, or all of it.
import { parentPort } from 'node:worker_threads';
import { runVerify } from './command.js';
import { answerAside } from './verify.js';
import { serveShares } from './work.js';

if (parentPort !== null) serveShares(parentPort, answerAside);
else
  process.exitCode = await runVerify(process.argv.slice(2), { out: (text) => void process.stdout.write(text), err: (text) => void process.stderr.write(text) });
