// Every remediator with the scenarios of its conformance tests: what those tests describe, without running them.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { Remediator } from '@redress/core';
import type { ConformanceOptions } from '@redress/testing';
import { vi } from 'vitest';

/** What a conformance test describes. */
export interface Kit {
  readonly remediator: Remediator;
  readonly options: ConformanceOptions;
}

/** Reads them from the tests. Has to be awaited while a test file is loaded: what the tests start, they end after the tests of that file. */
export async function conformanceKits(): Promise<readonly Kit[]> {
  const kits: Kit[] = [];
  vi.doMock('@redress/testing', async (original) => ({
    ...(await original<object>()),
    describeRemediator: (remediator: Remediator, options: ConformanceOptions) => void kits.push({ remediator, options }),
  }));
  const root = join(import.meta.dirname, '..', '..', '..');
  for (const file of globSync('packages/remediators/*/test/conformance.test.ts', { cwd: root }).sort()) await import(/* @vite-ignore */ join(root, file));
  return kits;
}
