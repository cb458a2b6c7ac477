#!/usr/bin/env node
import { processIo } from './io.js';
import { run } from './run.js';

// `redress … | head` closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await run(process.argv.slice(2), processIo());
