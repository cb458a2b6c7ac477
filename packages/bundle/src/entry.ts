import { type JsonObject, RedressError, type Remediator, remediatorFacts } from '@redress/core';
import { listPath } from './lists.js';

/** A list of remediators that a package exports. */
export interface RemediatorList {
  /** The name of the export: `s3Remediators`. */
  readonly name: string;
  /** What it holds, as it is installed here. */
  readonly remediators: readonly Remediator[];
}

/** What {@link entryText} takes. */
export interface EntryOptions {
  /**
   * Modules whose lists of remediators are used. Left out with a configuration that lists its own. With a name alone (`'s3Remediators'`) a start loads
   * the list. With its remediators (`{ name: 's3Remediators', remediators: s3Remediators }`) it loads their facts, and the list when it is asked for.
   */
  readonly remediators?: Readonly<Record<string, string | RemediatorList>>;
  /** Ids; default: all of them. */
  readonly only?: readonly string[];
  /** Path of a module whose default export is as that of `redress.config.mjs`. */
  readonly config?: string;
  /** Data of the policy, as `policyData` of `@redress/core/yaml` gives it; default: that of the configuration, or an empty one. */
  readonly policy?: object;
  /** Config rules whose own word is followed, where none of the remediators judges them: data for `trackedRules` of `@redress/tracked`. */
  readonly tracked?: readonly object[];
  /** Controls of Security Hub whose own word is followed: data for `trackedControls`. */
  readonly trackedControls?: readonly object[];
  /** Data of the exceptions register. */
  readonly exceptions?: readonly object[];
}

/**
 * The text of a module that exports `handler`, `approvals`, `config` and `seal`, for {@link bundle}: policy and register are data in it, so that the function
 * needs no YAML reader, and the ZIP is the one thing to review.
 *
 * @throws {RedressError} `compose/invalid` without any remediators; `policy/invalid` if parameters in the policy do not fit remediators that are given
 */
export function entryText({ remediators = {}, only, config, policy, exceptions, tracked = [], trackedControls = [] }: EntryOptions): string {
  const lists = Object.entries(remediators).map(([module, list], at) => ({ module, as: `list${at}`, ...(typeof list === 'string' ? { name: list } : list) }));
  if (lists.length === 0 && config === undefined)
    throw new RedressError('compose/invalid', 'A bundle without remediators would do nothing.', {
      next: 'Give remediators, or a configuration that lists them.',
    });
  const hasRules = Array.isArray((policy as { rules?: unknown } | undefined)?.rules);
  const given = lists.map(({ as }) => `...${as}`).join(', ');
  const own = config === undefined ? '' : 'given.remediators ?? ';
  const following = [
    ...(tracked.length === 0 ? [] : [['trackedRules', tracked] as const]),
    ...(trackedControls.length === 0 ? [] : [['trackedControls', trackedControls] as const]),
  ];
  const lines = [
    `import { fromEnvironment${lists.some((each) => 'remediators' in each) ? ', lateRemediators' : ''} } from '@redress/bundle/runtime';`,
    // CEL is a third of what the rest of the policy is: only where a rule is.
    ...(hasRules || config !== undefined ? ["import { celRules } from '@redress/core/cel';"] : []),
    ...(following.length === 0 ? [] : [`import { ${following.map(([name]) => name).join(', ')} } from '@redress/tracked';`]),
    ...lists.flatMap((each) => ('remediators' in each ? [] : [`import { ${each.name} as ${each.as} } from ${JSON.stringify(each.module)};`])),
    ...(config === undefined ? [] : [`import given from ${JSON.stringify(config)};`]),
    ...lists.flatMap((each) => ('remediators' in each ? [lateList(each, policy, only)] : [])),
    ...(following.length === 0
      ? [`const all = ${own}[${given}];`]
      : [
          `const judging = ${own}[${given}];`,
          `const all = [${['...judging', ...following.map(([name, all]) => `...${name}(${data([...all])}, judging)`)].join(', ')}];`,
        ]),
    ...(only === undefined ? [] : [`const only = ${data([...only])};`]),
    `const remediators = ${only === undefined ? 'all' : 'all.filter(({ id }) => only.includes(id))'};`,
    'export const { handler, approvals, config, seal } = fromEnvironment({',
    ...(config === undefined ? [] : ['  ...given,']),
    '  remediators,',
    ...(policy === undefined ? [] : [`  policy: ${data(policy)},`]),
    ...(exceptions === undefined ? [] : [`  exceptions: ${data([...exceptions])},`]),
    ...(config === undefined ? (hasRules ? ['  guardrails: [celRules()],'] : []) : ['  guardrails: [celRules(), ...(given.guardrails ?? [])],']),
    '});',
  ];
  return `${lines.join('\n')}\n`;
}

/** Those that `only` leaves out need no facts. */
function lateList(
  { as, module, name, remediators }: RemediatorList & { readonly as: string; readonly module: string },
  policy: object | undefined,
  only?: readonly string[],
): string {
  const chosen = remediators.filter(({ id }) => only?.includes(id) ?? true);
  const { remediators: entries = {} } = (policy ?? {}) as { readonly remediators?: Readonly<Record<string, { readonly parameters?: unknown } | undefined>> };
  // The definition is here; a start of the function does not have it.
  for (const { id, parameters } of chosen) parameters(entries[id]?.parameters);
  const path = listPath(
    module,
    name,
    chosen.map((each) => each.package),
  );
  return `const ${as} = lateRemediators(${data(chosen.map(remediatorFacts))}, async () => (await import(${JSON.stringify(path)})).list);`;
}

/** As an expression that can hold nothing but data: not even a key `__proto__` means anything in it. */
function data(value: object): string {
  return `JSON.parse(${JSON.stringify(JSON.stringify(value as JsonObject))})`;
}
