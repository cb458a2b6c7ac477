// Counts what is flushed to the disk. Loaded before whoever flushes, which has the functions of `node:fs` from then on.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

let count = 0;
const { fsync, fsyncSync } = fs;
const counted = (handle: number, done: fs.NoParamCallback): void => {
  count++;
  fsync(handle, done);
};
fs.fsync = Object.assign(counted, { __promisify__: fsync.__promisify__ });
fs.fsyncSync = (handle) => {
  count++;
  fsyncSync(handle);
};
syncBuiltinESMExports();

/** Files and folders that were flushed so far, by `fsync` of `node:fs`. */
export function flushes(): number {
  return count;
}
