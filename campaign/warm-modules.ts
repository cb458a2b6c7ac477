// Which modules a thread that serves many runs loads again for the next one.

/** A module that a thread has loaded, as Vite keeps it. */
export interface LoadedModule {
  readonly id: string;
  /** Ids of the modules that import it. */
  readonly importers: Set<string>;
  promise: unknown;
  exports: unknown;
  evaluated: boolean;
}

/** The modules of a thread, as Vite keeps them. */
export interface LoadedModules {
  readonly idToModuleMap: Map<string, LoadedModule>;
  getModulesByFile(file: string): Iterable<LoadedModule> | undefined;
  invalidateModule(module: LoadedModule): void;
}

/** Modules of tests: their state is their own affair, and they may leave some. */
const OF_TESTS = /\/(?:tests?|campaign)\/|\.test\.ts$/;

/**
 * Unloads the modules of some files, all modules that import them, directly or not, and all modules of tests. The next import evaluates them again. All others
 * keep what they have: their state is memory of what they have computed themselves, so a defect in another module is not in it. And their code stays compiled.
 *
 * @param modules the modules of the thread
 * @param files absolute paths. Their code is requested again, too.
 * @param root the folder of the repository
 */
export function unload(modules: LoadedModules, files: Iterable<string>, root: string): void {
  const changed = [...files].flatMap((file) => [...(modules.getModulesByFile(file) ?? [])]);
  const waiting = [
    ...changed,
    ...[...modules.idToModuleMap.values()].filter(({ id }) => OF_TESTS.test(id.replace(root, '')) && !id.includes('/node_modules/')),
  ];
  const unloaded = new Set<LoadedModule>();
  for (const module of waiting) {
    if (unloaded.has(module)) continue;
    unloaded.add(module);
    for (const id of module.importers) {
      const importer = modules.idToModuleMap.get(id);
      if (importer !== undefined) waiting.push(importer);
    }
  }
  for (const module of unloaded) {
    Object.assign(module, { promise: undefined, exports: undefined, evaluated: false });
    module.importers.clear();
  }
  for (const module of changed) modules.invalidateModule(module);
}
