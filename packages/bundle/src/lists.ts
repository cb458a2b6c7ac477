import { RedressError } from '@redress/core';
import type { Plugin } from 'esbuild';

const LISTS = /^redress-list:(.+)#([A-Za-z_$][\w$]*)\?(.*)$/;

/** A package as a list's facts name it. */
interface PackageRef {
  readonly name: string;
  readonly version: string;
}

/**
 * The path of a module that exports one list of another, as `list`. A late import of the whole package would bring along all that it exports.
 *
 * @param from the packages that the facts of the list are of
 */
export function listPath(module: string, name: string, from: readonly PackageRef[]): string {
  return `redress-list:${module}#${name}?${[...new Set(from.map((each) => `${each.name}@${each.version}`))].sort().join(',')}`;
}

/**
 * Makes the modules of {@link listPath}.
 *
 * @param facts filled with the packages that facts are of, as `name@version`
 */
export function lateLists(facts: Set<string>): Plugin {
  return {
    name: 'redress-late-lists',
    setup(build) {
      build.onResolve({ filter: LISTS }, ({ path, resolveDir }) => ({ path, namespace: 'redress-list', sideEffects: false, pluginData: { resolveDir } }));
      build.onLoad({ filter: LISTS, namespace: 'redress-list' }, ({ path, pluginData }) => {
        const [, module = '', name = '', from = ''] = LISTS.exec(path) ?? [];
        for (const each of from.split(',')) facts.add(each);
        const { resolveDir } = pluginData as { readonly resolveDir: string };
        return { contents: `export { ${name} as list } from ${JSON.stringify(module)};`, loader: 'js', resolveDir };
      });
    },
  };
}

/**
 * Refuses facts of remediators whose code is not in the bundle in that version: a function would refuse their definitions, at each event.
 *
 * @param facts packages as `name@version`
 * @param code the packages whose code is in the bundle
 * @throws {RedressError} `compose/invalid`, with both versions
 */
export function sameVersions(facts: ReadonlySet<string>, code: readonly PackageRef[]): void {
  for (const each of facts) {
    const [name, version] = [each.slice(0, each.lastIndexOf('@')), each.slice(each.lastIndexOf('@') + 1)];
    const bundled = code.filter((one) => one.name === name).map((one) => one.version);
    if (bundled.length > 0 && !bundled.includes(version))
      throw new RedressError(
        'compose/invalid',
        `The remediators whose facts were given declare ${name} ${version}, and the code in the bundle is of ${bundled.join(' and ')}.`,
        {
          next: 'Install the same version for the program that makes the bundle and in the folder from which its imports are found (`resolveDir`). If it is the same, correct `package.version` of the remediators: records name it.',
        },
      );
  }
}
