import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ownFolder } from '../../../tests/support/own-folder.js';
import { compileCacheFolder } from './compile-cache.js';

const uid = process.getuid?.() ?? 0;
const made: string[] = [];
const kept = (folder: string) => {
  made.push(folder);
  return folder;
};
const own = () => kept(ownFolder('compiled-'));
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the folder of compiled code', () => {
  it.each(['XDG_CACHE_HOME', 'HOME'])('is created below %s, only for its owner', (variable) => {
    const base = own();
    const folder = compileCacheFolder({ [variable]: base }, uid);
    expect(folder).toBe(join(base, variable === 'HOME' ? '.cache' : '', 'redress', 'compiled'));
    expect(statSync(folder as string).mode & 0o777).toBe(0o700);
    expect(compileCacheFolder({ [variable]: base }, uid)).toBe(folder);
  });

  it.each([0o777, 0o770, 0o702, 0o755])('is not used if others may write to it, or to a folder above it: %o', (mode) => {
    const base = own();
    const folder = compileCacheFolder({ XDG_CACHE_HOME: base }, uid) as string;
    chmodSync(folder, mode);
    expect(compileCacheFolder({ XDG_CACHE_HOME: base }, uid)).toBeNull();
    chmodSync(folder, 0o700);
    chmodSync(base, mode);
    if (mode !== 0o755) expect(compileCacheFolder({ XDG_CACHE_HOME: base }, uid)).toBeNull();
  });

  it('is not created in a shared folder for temporary files', () => {
    const shared = own();
    chmodSync(shared, 0o1777);
    const base = kept(mkdtempSync(join(shared, 'compiled-')));
    expect(compileCacheFolder({ XDG_CACHE_HOME: base }, uid)).toBeNull();
    expect(existsSync(join(base, 'redress'))).toBe(false);
    if ((statSync(tmpdir()).mode & 0o002) !== 0) expect(compileCacheFolder({ HOME: kept(mkdtempSync(join(tmpdir(), 'compiled-'))) }, uid)).toBeNull();
  });

  it('is not used if it belongs to another user, or is a link', () => {
    const base = own();
    const folder = compileCacheFolder({ XDG_CACHE_HOME: base }, uid) as string;
    expect(compileCacheFolder({ XDG_CACHE_HOME: base }, uid + 1)).toBeNull();
    rmSync(folder, { recursive: true });
    symlinkSync(own(), folder);
    expect(compileCacheFolder({ XDG_CACHE_HOME: base }, uid)).toBeNull();
  });

  it('does not exist without a home, with a relative one, without owners, or if it cannot be created', () => {
    const base = own();
    expect(compileCacheFolder({}, uid)).toBeNull();
    expect(compileCacheFolder({ HOME: 'home', XDG_CACHE_HOME: '' }, uid)).toBeNull();
    expect(compileCacheFolder({ HOME: base }, undefined)).toBeNull();
    expect(compileCacheFolder({ XDG_CACHE_HOME: join(fileURLToPath(import.meta.url), 'x') }, uid)).toBeNull();
  });
});
