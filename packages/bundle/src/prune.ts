import { readFile } from 'node:fs/promises';
import { type Program, parse, type Token, type TokenType, tokenizer, tokTypes } from 'acorn';
import type { Plugin } from 'esbuild';

// `schemas_0.js` and the like, of the clients and of those nested in @aws-sdk/nested-clients.
const SCHEMAS = /[\\/]@aws-sdk[\\/](?:client-[^\\/]+|nested-clients)[\\/].*[\\/]schemas[\\/]schemas_\d+\.js$/;

/**
 * Writes the computed keys of a schema file as the literals that they are.
 *
 * Since v3.930 the SDK's schemas say `{ [_xN]: _fil }` with `const _xN = "xmlName"` at the top of the file. A bundler has to keep such a
 * statement, since computing a key may do something; so one command brings along the shapes of all. With literal keys the unused ones fall away.
 * Keys and values stay the same; anything else than `const NAME = "text"` is left as it is.
 *
 * @see https://github.com/aws/aws-sdk-js-v3/issues/7607
 */
export function literalKeys(source: string): string {
  // Tokens suffice, and a tree would take most of the time of a bundle: `[NAME]:` after a brace or a comma is a key.
  const tokens = [...tokenizer(source, { ecmaVersion: 2022, sourceType: 'module' })];
  const is = (index: number, ...types: readonly TokenType[]) => types.includes(tokens[index]?.type ?? tokTypes.eof);
  const texts = new Map<string, string>();
  const keys: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  let depth = 0;
  for (const [index, { type, start }] of tokens.entries()) {
    if (OPENING.has(type)) depth++;
    else if (CLOSING.has(type)) depth--;
    if (type === tokTypes._const && depth === 0)
      // `const NAME = "text", OTHER = "text";`
      for (
        let at = index + 1;
        is(at, tokTypes.name) && is(at + 1, tokTypes.eq) && is(at + 2, tokTypes.string) && is(at + 3, tokTypes.comma, tokTypes.semi);
        at += 4
      )
        texts.set(saidBy(tokens[at]), saidBy(tokens[at + 2]));
    if (type !== tokTypes.bracketL || !is(index - 1, tokTypes.braceL, tokTypes.comma)) continue;
    if (is(index + 1, tokTypes.name) && is(index + 2, tokTypes.bracketR) && is(index + 3, tokTypes.colon))
      keys.push({ name: saidBy(tokens[index + 1]), from: start, to: tokens[index + 2]?.end ?? start });
  }
  return edited(
    source,
    keys.flatMap(({ name, from, to }) => {
      const text = texts.get(name);
      // `{ __proto__: … }` would be a prototype, not a key; `{ ["__proto__"]: … }` is one.
      return text === undefined || text === '__proto__' ? [] : [{ from, to, text: JSON.stringify(text) }];
    }),
  );
}

const OPENING: ReadonlySet<TokenType> = new Set([tokTypes.braceL, tokTypes.bracketL, tokTypes.parenL, tokTypes.dollarBraceL]);
const CLOSING: ReadonlySet<TokenType> = new Set([tokTypes.braceR, tokTypes.bracketR, tokTypes.parenR]);

/** What a name or a text says. */
const saidBy = (token: Token | undefined) => String((token as { readonly value?: unknown } | undefined)?.value);

/** A text with other pieces in some of its places. */
function edited(source: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const { from, to, text } of edits.toSorted((a, b) => a.from - b.from)) {
    result += source.slice(at, from) + text;
    at = to;
  }
  return result + source.slice(at);
}

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Lets the shapes that no command uses fall away. */
const schemaKeys: Plugin = {
  name: 'redress-schema-keys',
  setup(build) {
    build.onLoad({ filter: SCHEMAS }, async ({ path }) => ({ contents: literalKeys(await readFile(path, 'utf8')), loader: 'js' }));
  },
};

// `models/errors.js` of a client, or of one that is nested in @aws-sdk/nested-clients.
const ERRORS = /[\\/]@aws-sdk[\\/](?:client-[^\\/]+|nested-clients)[\\/].*[\\/]errors\.js$/;

/** What the SDK repeats for each error class of a client. */
const errorFactory = ({ base, namespace }: Pick<ErrorClass, 'base' | 'namespace'>) => `
const redressErrors = (Base, namespace) => (name, members = [], $fault = 'client', more = {}) => {
  const Made = class extends Base {
    static shapeId = namespace + name;
    constructor(opts) {
      super({ name, $fault, ...opts });
      Object.assign(this, { name, $fault }, more);
      for (const member of members) this[member] = undefined;
      Object.setPrototypeOf(this, Made.prototype);
      for (const member of members) this[member] = opts[member];
    }
  };
  return Made;
};
const redressError = /* @__PURE__ */ redressErrors(${base}, ${JSON.stringify(namespace)});
`;

/** One class as the SDK writes it. */
interface ErrorClass {
  readonly base: string;
  /** Before the name in its shape's id. */
  readonly namespace: string;
  readonly name: string;
  readonly fault: string;
  readonly members: readonly string[];
  /** `{ throttling: true }`, as text; null without it. */
  readonly retryable: string | null;
}

/**
 * Writes the error classes of a client in the short: each is its name, whose fault it is and its members, and the SDK writes 300 bytes for each,
 * of all operations. What is not of exactly that form is left as it is, so that an error stays what it is.
 */
export function shortErrors(source: string): string {
  const program: Program = parse(source, { ecmaVersion: 2022, sourceType: 'module' });
  const edits: Edit[] = [];
  let first: ErrorClass | null = null;
  for (const { type, start, end, ...statement } of program.body) {
    if (type !== 'ExportNamedDeclaration' || !('declaration' in statement) || statement.declaration?.type !== 'ClassDeclaration') continue;
    const found = errorClass(source.slice(statement.declaration.start, statement.declaration.end));
    if (found === null) continue;
    first ??= found;
    if (found.base === first.base && found.namespace === first.namespace) edits.push({ from: start, to: end, text: short(found) });
  }
  if (first === null) return source;
  const imports = program.body.filter(({ type }) => type === 'ImportDeclaration').at(-1)?.end ?? 0;
  return edited(source, [{ from: imports, to: imports, text: errorFactory(first) }, ...edits]);
}

function short({ name, members, fault, retryable }: ErrorClass): string {
  const given = [
    JSON.stringify(name),
    members.length === 0 ? 'undefined' : JSON.stringify(members),
    fault === 'client' ? 'undefined' : JSON.stringify(fault),
    retryable === null ? 'undefined' : `{ $retryable: ${retryable} }`,
  ];
  while (given.at(-1) === 'undefined') given.pop();
  return `export const ${name} = /* @__PURE__ */ redressError(${given.join(', ')});`;
}

const squeezed = (text: string) => text.replace(/\s+/g, '').replaceAll(',}', '}').replaceAll(',)', ')');
const ERROR_CLASS =
  /^class (\w+) extends (\w+) \{\s*static shapeId = "([^"\\#]+#)\1";\s*name = "\1";\s*\$fault = "(client|server)";\s*(?:\$retryable = (\{[^{}]*\});\s*)?((?:[A-Za-z]\w*;\s*)*)constructor/;

/** The parts of a class, when writing them out gives that very class. */
function errorClass(text: string): ErrorClass | null {
  const head = ERROR_CLASS.exec(text);
  if (head === null) return null;
  const [, name = '', base = '', namespace = '', fault = '', retryable = null, fields = ''] = head;
  const members = fields.split(';').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]));
  const written = `class ${name} extends ${base} { static shapeId = "${namespace}${name}"; name = "${name}"; $fault = "${fault}";
    ${retryable === null ? '' : `$retryable = ${retryable};`} ${fields}
    constructor(opts) { super({ name: "${name}", $fault: "${fault}", ...opts }); Object.setPrototypeOf(this, ${name}.prototype);
    ${members.map((member) => `this.${member} = opts.${member};`).join(' ')} } }`;
  return squeezed(written) === squeezed(text) ? { base, namespace, name, fault, members, retryable } : null;
}

/** The error classes of clients, in the short. */
export const errorClasses: Plugin = {
  name: 'redress-error-classes',
  setup(build) {
    build.onLoad({ filter: ERRORS }, async ({ path }) => ({ contents: shortErrors(await readFile(path, 'utf8')), loader: 'js' }));
  },
};

// Of clients and of Redress's own remediators, installed or in the workspace (`packages/remediators/s3`).
const PACKAGES = /[\\/](?:@aws-sdk[\\/](?:client-[^\\/]+|nested-clients)|@redress[\\/]remediator-[^\\/]+|remediators[\\/][^\\/]+)[\\/]package\.json$/;
// Anybody's packages may be in a folder of that name: what theirs read of it, they know.
const READ_FOR_VERSION = /^@(?:aws-sdk\/(?:client-|nested-clients$)|redress\/remediator-)/;

/**
 * Of the package.json of a client or of Redress's own remediators, which puts itself into every bundle, name and version alone: what else is in it
 * nothing reads. Others are left as they are.
 */
export const packageVersions: Plugin = {
  name: 'redress-package-versions',
  setup(build) {
    build.onLoad({ filter: PACKAGES }, async ({ path }) => {
      const { name, version } = JSON.parse(await readFile(path, 'utf8')) as { name?: unknown; version?: unknown };
      if (typeof name !== 'string' || !READ_FOR_VERSION.test(name)) return null;
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    });
  },
};

/** What stands in for `@aws-sdk/credential-provider-node`: Lambda gives credentials in the environment, and nowhere else. */
const ENVIRONMENT_CREDENTIALS = `
const failure = (message) => Object.assign(new Error(message), { name: 'CredentialsProviderError', tryNextLink: false });
export const defaultProvider = (init = {}) => async () => {
  if (init.profile !== undefined) throw failure('This bundle reads credentials from the environment only: it knows no profiles.');
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_CREDENTIAL_EXPIRATION, AWS_CREDENTIAL_SCOPE, AWS_ACCOUNT_ID } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw failure('There is no AWS_ACCESS_KEY_ID or no AWS_SECRET_ACCESS_KEY in the environment, which is the only place that this bundle looks at.');
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    ...(AWS_CREDENTIAL_EXPIRATION && { expiration: new Date(AWS_CREDENTIAL_EXPIRATION) }),
    ...(AWS_CREDENTIAL_SCOPE && { credentialScope: AWS_CREDENTIAL_SCOPE }),
    ...(AWS_ACCOUNT_ID && { accountId: AWS_ACCOUNT_ID }),
  };
};
export const credentialsWillNeedRefresh = (credentials) => credentials?.expiration !== undefined;
export const credentialsTreatedAsExpired = (credentials) => credentials?.expiration !== undefined && credentials.expiration.getTime() - Date.now() < 300000;
`;

/** Credentials from the environment only, as in Lambda: no files, no metadata service, no sign-in. */
const environmentCredentials: Plugin = {
  name: 'redress-environment-credentials',
  setup(build) {
    build.onResolve({ filter: /^@aws-sdk\/credential-provider-node$/ }, () => ({ path: 'environment-credentials', namespace: 'redress', sideEffects: false }));
    build.onLoad({ filter: /^environment-credentials$/, namespace: 'redress' }, () => ({ contents: ENVIRONMENT_CREDENTIALS, loader: 'js' }));
  },
};

/** Code for browsers, which the SDK loads nowhere in Node. */
const withoutBrowsers: Plugin = {
  name: 'redress-without-browsers',
  setup(build) {
    build.onResolve({ filter: /^bowser$/ }, () => ({ path: 'bowser', namespace: 'redress', sideEffects: false }));
    build.onLoad({ filter: /^bowser$/, namespace: 'redress' }, () => ({
      contents: "throw new Error('bowser is for browsers, and was left out of this bundle.');",
      loader: 'js',
    }));
  },
};

/** Exports that Node loads when they are asked for, and a namespace asks for all: these are of a whole HTTP client, and take longer than everything else. */
const LAZY: Readonly<Record<string, readonly string[]>> = { http: ['WebSocket', 'CloseEvent', 'MessageEvent'] };

/**
 * Modules of Node without their namespaces: an `import … from 'node:http'` reads every export, lazy ones too (25 ms). Here each name that is
 * used is read from the module itself; `await import('node:http')` gives all except the lazy ones.
 */
const builtinModules: Plugin = {
  name: 'redress-builtin-modules',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?[a-z_]+(?:\/[a-z]+)?$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      if (kind === 'require-call' || kind === 'require-resolve' || name === 'module' || !process.getBuiltinModule(name)) return null;
      return { path: name, namespace: kind === 'dynamic-import' ? 'redress-builtin-dynamic' : 'redress-builtin', sideEffects: false };
    });
    build.onLoad({ filter: /.*/, namespace: 'redress-builtin' }, ({ path }) => ({ contents: builtinText(path, []), loader: 'js' }));
    build.onLoad({ filter: /.*/, namespace: 'redress-builtin-dynamic' }, ({ path }) => ({ contents: builtinText(path, LAZY[path] ?? []), loader: 'js' }));
  },
};

function builtinText(name: string, without: readonly string[]): string {
  const names = Object.keys(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name))).filter(
    (each) => /^[A-Za-z_$][\w$]*$/.test(each) && each !== 'default' && !without.includes(each),
  );
  return [
    `const module = process.getBuiltinModule(${JSON.stringify(`node:${name}`)});`,
    'export default module;',
    // Under other names: `export const delete` would be no statement.
    ...names.map((each, index) => `const _${index} = /* @__PURE__ */ (() => module.${each})();`),
    `export { ${names.map((each, index) => `_${index} as ${each}`).join(', ')} };`,
  ].join('\n');
}

/** All that pruning does. */
export const pruning: readonly Plugin[] = [schemaKeys, errorClasses, packageVersions, environmentCredentials, withoutBrowsers, builtinModules];
