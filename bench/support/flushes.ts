// Counts flushes to the disk. It has to be loaded before the modules that flush, because it replaces functions of `node:fs`.
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

/** Files and folders that were flushed so far with `fsync` of `node:fs`. */
export function flushes(): number {
  return count;
}
