#!/usr/bin/env node
import manifest from '../package.json' with { type: 'json' };
import { nodeTooOld } from './node-version.js';

const old = nodeTooOld(process.versions.node, manifest.engines.node);
if (old !== null) {
  process.stderr.write(old);
  process.exitCode = 2;
} else {
  const { compileCacheFolder } = await import('./compile-cache.js');
  const compiled = compileCacheFolder(process.env, process.getuid?.());
  if (compiled !== null) process.getBuiltinModule('node:module').enableCompileCache(compiled);
  const { processIo, run } = await import('./run.js');
  // `redress … | head` closes the pipe: that is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  process.exitCode = await run(process.argv.slice(2), processIo());
  // After a refusal nobody waits for a request that was begun before it.
  if (process.exitCode !== 0) process.stdout.write('', () => process.stderr.write('', () => process.exit()));
}
