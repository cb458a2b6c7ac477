import { defineConfig, type Options } from 'tsup';

/** The one build configuration: a package gives its entries. */
export function build(entry: Record<string, string>, extra: Options = {}) {
  return defineConfig({
    entry,
    format: 'esm',
    target: 'node22',
    platform: 'node',
    dts: true,
    sourcemap: true,
    clean: true,
    treeshake: true,
    // Else `node:sqlite`, which has no name without the prefix, cannot be imported.
    removeNodeProtocol: false,
    ...extra,
  });
}
