import type { Plugin } from 'esbuild';

const LISTS = /^redress-list:(.+)#([A-Za-z_$][\w$]*)$/;

/** The path of a module that exports one list of another, as `list`. A late import of the whole package would bring along all that it exports. */
export function listPath(module: string, name: string): string {
  return `redress-list:${module}#${name}`;
}

/** Makes the modules of {@link listPath}. */
export const lateLists: Plugin = {
  name: 'redress-late-lists',
  setup(build) {
    build.onResolve({ filter: LISTS }, ({ path, resolveDir }) => ({ path, namespace: 'redress-list', sideEffects: false, pluginData: { resolveDir } }));
    build.onLoad({ filter: LISTS, namespace: 'redress-list' }, ({ path, pluginData }) => {
      const [, module = '', name = ''] = LISTS.exec(path) ?? [];
      const { resolveDir } = pluginData as { readonly resolveDir: string };
      return { contents: `export { ${name} as list } from ${JSON.stringify(module)};`, loader: 'js', resolveDir };
    });
  },
};
