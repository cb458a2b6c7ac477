import type { spawn } from 'node:child_process';

/** A registry on loopback. */
export interface Registry {
  readonly url: string;
  /** A file of settings with which npm installs from it and publishes to it. */
  readonly npmrc: string;
  /** The registry that serves everything else. */
  readonly upstream: string;
  close(): Promise<void>;
}

export function startRegistry(folder: string, start?: typeof spawn): Promise<Registry>;
/** Packs each package as it would be published; answers the tarballs. */
export function pack(folder: string): Promise<string[]>;
export function publish(tarballs: readonly string[], registry: Registry): Promise<void>;
/** Packs, publishes and serves until `work` ends. */
export function withRegistry<T>(work: (registry: Registry) => Promise<T>): Promise<T>;
