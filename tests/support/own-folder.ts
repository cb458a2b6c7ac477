import { mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../scripts/setup.mjs';

/** Whether nobody else may write into a folder, or into one above it. */
function isOwn(folder: string): boolean {
  return (statSync(folder).mode & 0o022) === 0 && (folder === dirname(folder) || isOwn(dirname(folder)));
}

/**
 * A new folder that nobody else can replace, as compiled code needs one: a clone may be in a folder that is shared, as the one for temporary files is.
 *
 * @throws {Error} when neither the clone nor the home of the user is in such a place.
 */
export function ownFolder(prefix: string): string {
  const parent = [ROOT, homedir()].find(isOwn);
  if (parent === undefined) throw new Error(`Others may write into ${ROOT} or ${homedir()}, or a folder above them: nothing that is compiled is safe there.`);
  const cache = join(parent, '.cache');
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  return mkdtempSync(join(cache, prefix));
}
