// A thread that serves many runs loads again what a defect changes, and nothing else.
import { expect, it } from 'vitest';
import { type LoadedModule, unload } from '../../campaign/warm-modules.js';

const ROOT = '/somewhere/tests/redress';
const CORE = `${ROOT}/packages/core/src`;

/** The modules of a thread, from a list of imports. */
function loaded(imports: Readonly<Record<string, readonly string[]>>) {
  const idToModuleMap = new Map<string, LoadedModule>();
  const requested: string[] = [];
  for (const id of Object.keys(imports)) {
    const importers = new Set(Object.keys(imports).filter((each) => imports[each]?.includes(id)));
    idToModuleMap.set(id, { id, importers, promise: Promise.resolve(), exports: {}, evaluated: true });
  }
  return {
    idToModuleMap,
    getModulesByFile: (file: string) => [...idToModuleMap.values()].filter(({ id }) => id === file),
    invalidateModule: ({ id }: LoadedModule) => void requested.push(id),
    requested,
    kept: () =>
      [...idToModuleMap.values()].filter(({ evaluated, promise, exports }) => evaluated && promise !== undefined && exports !== undefined).map(({ id }) => id),
  };
}

it('unloads a changed module, what imports it however far away, and tests; only the changed one is requested again', () => {
  const modules = loaded({
    [`${CORE}/a.ts`]: [`${CORE}/b.ts`],
    [`${CORE}/b.ts`]: [`${CORE}/c.ts`, `${CORE}/a.ts`, 'zod'],
    [`${CORE}/c.ts`]: ['zod'],
    [`${CORE}/beside.ts`]: [`${CORE}/c.ts`],
    [`${CORE}/beside.test.ts`]: [`${CORE}/beside.ts`, `${ROOT}/tests/support/widgets.ts`],
    [`${ROOT}/tests/support/widgets.ts`]: [],
    [`${ROOT}/packages/evidence/test/support/sealing.ts`]: [],
    [`${ROOT}/campaign/world.ts`]: [],
    [`${ROOT}/node_modules/vitest/dist/test/index.js`]: [],
    zod: [],
  });
  unload(modules, [`${CORE}/b.ts`, `${CORE}/never-loaded.ts`], ROOT);
  expect(modules.kept()).toEqual([`${CORE}/c.ts`, `${CORE}/beside.ts`, `${ROOT}/node_modules/vitest/dist/test/index.js`, 'zod']);
  expect(modules.requested).toEqual([`${CORE}/b.ts`]);
  // Who imports an unloaded module is known again once it has been imported again.
  expect([...(modules.idToModuleMap.get(`${CORE}/b.ts`)?.importers ?? ['?'])]).toEqual([]);
  expect(modules.idToModuleMap.get(`${CORE}/c.ts`)?.importers).toContain(`${CORE}/beside.ts`);
});
