import { type JsonObject, RedressError } from '@redress/core';

/** What {@link entryText} takes. */
export interface EntryOptions {
  /** Modules whose lists of remediators are used: `{ '@redress/remediator-s3': 's3Remediators' }`. Left out with a configuration that lists its own. */
  readonly remediators?: Readonly<Record<string, string>>;
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
 * @throws {RedressError} `compose/invalid` without any remediators
 */
export function entryText({ remediators = {}, only, config, policy, exceptions, tracked = [], trackedControls = [] }: EntryOptions): string {
  const lists = Object.entries(remediators);
  if (lists.length === 0 && config === undefined)
    throw new RedressError('compose/invalid', 'A bundle without remediators would do nothing.', {
      next: 'Give remediators, or a configuration that lists them.',
    });
  const hasRules = Array.isArray((policy as { rules?: unknown } | undefined)?.rules);
  const given = lists.map(([, name]) => `...${name}`).join(', ');
  const own = config === undefined ? '' : 'given.remediators ?? ';
  const following = [
    ...(tracked.length === 0 ? [] : [['trackedRules', tracked] as const]),
    ...(trackedControls.length === 0 ? [] : [['trackedControls', trackedControls] as const]),
  ];
  const lines = [
    "import { fromEnvironment } from '@redress/bundle/runtime';",
    // CEL is a third of what the rest of the policy is: only where a rule is.
    ...(hasRules || config !== undefined ? ["import { celRules } from '@redress/core/cel';"] : []),
    ...(following.length === 0 ? [] : [`import { ${following.map(([name]) => name).join(', ')} } from '@redress/tracked';`]),
    ...lists.map(([module, name]) => `import { ${name} } from ${JSON.stringify(module)};`),
    ...(config === undefined ? [] : [`import given from ${JSON.stringify(config)};`]),
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

/** As an expression that can hold nothing but data: not even a key `__proto__` means anything in it. */
function data(value: object): string {
  return `JSON.parse(${JSON.stringify(JSON.stringify(value as JsonObject))})`;
}
