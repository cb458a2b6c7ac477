import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { errorClasses, literalKeys, packageVersions, shortErrors } from './prune.js';

/** What a module exports. */
async function exportsOf(source: string): Promise<Record<string, unknown>> {
  return { ...(await import(`data:text/javascript,${encodeURIComponent(source)}`)) };
}

describe('literalKeys', () => {
  it('writes computed keys as literals', () => {
    expect(literalKeys('const _xN = "xmlName";\nvar A = [0, { [_xN]: "Min", [ _xN ]: 1 }];')).toBe(
      'const _xN = "xmlName";\nvar A = [0, { "xmlName": "Min", "xmlName": 1 }];',
    );
  });

  it('leaves anything else that looks like a name unchanged', () => {
    const source = 'const a = 1, b = f();\nlet c = "c";\nvar x = { [a]: 1, [b]: 2, [c]: 3, [d]: 4, [`e`]: 5, a: 6, f() { return [a]; } };';
    expect(literalKeys(source)).toBe(source);
  });

  it('knows names that are declared later, and not those of a function', () => {
    expect(literalKeys('function f(d) { const a = "a"; return `${a}`; }\nvar x = { [a]: 1, [b]: 2 };\nconst b = "b";')).toBe(
      'function f(d) { const a = "a"; return `${a}`; }\nvar x = { [a]: 1, "b": 2 };\nconst b = "b";',
    );
  });

  it('does not change texts, comments and indexes that look like a key', () => {
    const source = 'const _k = "key";\nvar t = "[_k]: 1"; /* [_k]: */ var u = { a: [_k], b: t[_k], c: `{[_k]: ${_k}}` };';
    expect(literalKeys(source)).toBe(source);
  });

  it('does not turn a key into a prototype', async () => {
    const source = 'const _p = "__proto__";\nexport const x = Object.keys({ [_p]: { y: 1 } });';
    expect(await exportsOf(literalKeys(source))).toEqual({ x: ['__proto__'] });
  });

  it('does not change the meaning', async () => {
    const source = [
      'const _a = "a b", _q = "quo\\"te\\n";',
      'const _u = "\\u2028";',
      'const n0 = "com.amazonaws";',
      'export const shape = [3, n0, _a, { [_q]: [_a, { [_u]: _q }], [_a]: () => 1 }, [_a, _q], [0, [() => shape, { [_a]: { [_q]: 1 } }]], 1].slice(0, 6).map((x) => typeof x === "object" ? JSON.stringify(x, (k, v) => typeof v === "function" ? "f" : v) : x);',
    ].join('\n');
    const written = literalKeys(source);
    expect(written).not.toContain('[_q]:');
    expect(await exportsOf(written)).toEqual(await exportsOf(source));
  });
});

describe('shortErrors', () => {
  const base =
    'import { Base as __BaseException } from "data:text/javascript,export class Base extends Error { constructor(o) { super(o.message); Object.assign(this, o); } }";\n';
  const written = (name: string, members: readonly string[], more = '') => `export class ${name} extends __BaseException {
    static shapeId = "com.amazonaws.x#${name}";
    name = "${name}";
    $fault = "client";
    ${more}${members.map((member) => `${member};`).join('\n    ')}
    constructor(opts) {
        super({
            name: "${name}",
            $fault: "client",
            ...opts,
        });
        Object.setPrototypeOf(this, ${name}.prototype);
        ${members.map((member) => `this.${member} = opts.${member};`).join('\n        ')}
    }
}`;

  it('leaves any other form unchanged', () => {
    const odd = [
      written('A', ['Message']).replace('this.Message = opts.Message', 'this.Message = opts.message'),
      written('B', []).replace('Object.setPrototypeOf(this, B.prototype);', ''),
      written('C', []).replace('super({', 'super({ more: 1,'),
      'export class D extends __BaseException {}',
    ];
    for (const each of odd) expect(shortErrors(base + each)).toBe(base + each);
  });

  it('keeps the retry information of a service error', async () => {
    const short = shortErrors(base + written('Busy', ['Message'], '$retryable = { throttling: true };\n    '));
    expect(short).not.toContain('class Busy');
    const { Busy } = (await exportsOf(short)) as { Busy: new (options: object) => Error };
    const error = new Busy({ message: 'm', Message: 'M', $metadata: {} });
    expect(error.message).toBe('m');
    expect({ ...error }).toEqual({ name: 'Busy', $fault: 'client', $metadata: {}, $retryable: { throttling: true }, Message: 'M' });
  });

  // The classes as they are installed: a version that writes them in another way would show here.
  it.each(['cloudwatch-logs', 'dynamodb', 'iam', 's3', 'sns', 'ssm', 'sts'])('results in the same errors: %s', async (client) => {
    const main = createRequire(import.meta.url).resolve(`@aws-sdk/client-${client}`);
    const errors = join(main.slice(0, main.lastIndexOf('dist-')), 'dist-es', 'models', 'errors.js');
    const [plain, short] = [await classesIn(errors, []), await classesIn(errors, [errorClasses])];
    const names = Object.keys(plain);
    expect(names.length).toBeGreaterThan(3);
    expect(Object.keys(short)).toEqual(names);
    const source = await readFile(errors, 'utf8');
    const left = shortErrors(source).match(/\bclass \w+ extends/g) ?? [];
    expect(left).toEqual([]);
    for (const name of names) {
      const members = [...source.matchAll(/this\.(\w+) = opts\./g)].map(([, member = '']) => member);
      const options = { message: 'm', $metadata: { httpStatusCode: 400 }, ...Object.fromEntries(members.map((member) => [member, `of ${member}`])) };
      const [a, b] = [plain, short].map((classes) => new (classes[name] as ErrorClass)(options));
      const told = (error: Error | undefined) => Object.entries(Object.getOwnPropertyDescriptors(error ?? {})).filter(([key]) => key !== 'stack');
      expect(told(b)).toEqual(told(a));
      expect(String(b)).toBe(String(a));
      expect(b).toBeInstanceOf(short[name]);
      expect(Object.getOwnPropertyDescriptor(short[name], 'shapeId')).toEqual(Object.getOwnPropertyDescriptor(plain[name], 'shapeId'));
    }
  });
});

describe('package.json', () => {
  it.each<[string, string, string | undefined, boolean]>([
    ['of a client', 'node_modules/@aws-sdk/client-s3', '@aws-sdk/client-s3', true],
    ['of nested clients', 'node_modules/@aws-sdk/nested-clients', '@aws-sdk/nested-clients', true],
    ["of Redress's remediators, installed", 'node_modules/@redress/remediator-s3', '@redress/remediator-s3', true],
    ["of Redress's remediators, in the workspace", 'packages/remediators/s3', '@redress/remediator-s3', true],
    ['of remediators of others, in a folder of that name', 'packages/remediators/s3', '@acme/remediator-s3', false],
    ['of remediators of others, in a folder of that name, without a name', 'remediators/s3', undefined, false],
    ['of remediators of others, installed', 'node_modules/@acme/remediator-s3', '@acme/remediator-s3', false],
    ['of remediators of others, installed, without a scope', 'node_modules/remediator-s3', 'remediator-s3', false],
    ['of another package of Redress', 'node_modules/@redress/tracked', '@redress/tracked', false],
  ])('%s, in %s as %s: shortened is %s', async (_, folder, name, shortened) => {
    const root = await mkdtemp(join(tmpdir(), 'redress-prune-'));
    try {
      const file = join(root, folder, 'package.json');
      const manifest = { name, version: '1.2.3', description: 'whatever', acme: { owner: 'platform' } };
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, JSON.stringify(manifest));
      const stdin = { contents: `import manifest from ${JSON.stringify(file)} with { type: 'json' };\nexport { manifest };`, resolveDir: root };
      const { outputFiles } = await build({ stdin, bundle: true, write: false, format: 'esm', platform: 'node', plugins: [packageVersions] });
      const { manifest: read } = await exportsOf(outputFiles[0]?.text ?? '');
      expect(read).toEqual(shortened ? { name, version: '1.2.3' } : JSON.parse(JSON.stringify(manifest)));
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

type ErrorClass = new (options: object) => Error;

async function classesIn(file: string, plugins: Plugin[]): Promise<Record<string, ErrorClass>> {
  const { outputFiles } = await build({ entryPoints: [file], bundle: true, write: false, format: 'esm', platform: 'node', conditions: ['module'], plugins });
  return (await exportsOf(outputFiles[0]?.text ?? '')) as Record<string, ErrorClass>;
}
