import type { Stats } from 'node:fs';

/**
 * The folder where Node keeps our code compiled, from one run to the next; null where there is none that is safe. Whoever can write into it decides what
 * runs here, so it has to be ours, a folder and no link, written by nobody else, and so has every folder on the way to it.
 *
 * @param uid whose it has to be; undefined where the system has no owners that could be checked.
 * @example compileCacheFolder(process.env, process.getuid?.())
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 * @see https://nodejs.org/api/module.html#module-compile-cache
 */
export function compileCacheFolder(env: NodeJS.ProcessEnv, uid: number | undefined): string | null {
  const { dirname, isAbsolute, join } = process.getBuiltinModule('node:path');
  const { lstatSync, mkdirSync } = process.getBuiltinModule('node:fs');
  if (uid === undefined) return null;
  const { XDG_CACHE_HOME: given = '', HOME: home = '' } = env;
  const base = isAbsolute(given) ? given : isAbsolute(home) ? join(home, '.cache') : null;
  if (base === null) return null;
  const safe = (path: string, owners: readonly number[]): boolean => {
    const found: Stats | undefined = lstatSync(path, { throwIfNoEntry: false });
    return found === undefined || (found.isDirectory() && owners.includes(found.uid) && (found.mode & 0o022) === 0);
  };
  const folder = join(base, 'redress', 'compiled');
  try {
    for (let path = dirname(folder); ; path = dirname(path)) {
      if (!safe(path, [0, uid])) return null;
      if (path === dirname(path)) break;
    }
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // What was there before is looked at as well. Below it Node makes folders by the umask: nobody else may come that far.
    return safe(folder, [uid]) && (lstatSync(folder).mode & 0o077) === 0 ? folder : null;
  } catch {
    // No folder can be made, as on a disk that is read-only: then it is compiled in each run.
    return null;
  }
}
