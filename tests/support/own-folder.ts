import { mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../scripts/setup.mjs';

/** Whether nobody else may write to a folder or its parents. */
function isOwn(folder: string): boolean {
  return (statSync(folder).mode & 0o022) === 0 && (folder === dirname(folder) || isOwn(dirname(folder)));
}

/**
 * Creates a folder that nobody else can replace, as compiled code needs it. The clone may be in a shared folder, such as that for temporary files.
 *
 * @throws {Error} if neither the clone nor the user's home is in such a place.
 */
export function ownFolder(prefix: string): string {
  const parent = [ROOT, homedir()].find(isOwn);
  if (parent === undefined) throw new Error(`Others may write into ${ROOT} or ${homedir()}, or a folder above them: nothing that is compiled is safe there.`);
  const cache = join(parent, '.cache');
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  return mkdtempSync(join(cache, prefix));
}
