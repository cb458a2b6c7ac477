import { describe, expect, it } from 'vitest';
import { literalKeys } from './prune.js';

/** What a module exports. */
async function exportsOf(source: string): Promise<Record<string, unknown>> {
  return { ...(await import(`data:text/javascript,${encodeURIComponent(source)}`)) };
}

describe('literalKeys', () => {
  it('writes computed keys as the literals that they are', () => {
    expect(literalKeys('const _xN = "xmlName";\nvar A = [0, { [_xN]: "Min", [ _xN ]: 1 }];')).toBe(
      'const _xN = "xmlName";\nvar A = [0, { "xmlName": "Min", "xmlName": 1 }];',
    );
  });

  it('leaves alone what is not the name of a text', () => {
    const source = 'const a = 1, b = f();\nlet c = "c";\nvar x = { [a]: 1, [b]: 2, [c]: 3, [d]: 4, [`e`]: 5, a: 6, f() { return [a]; } };';
    expect(literalKeys(source)).toBe(source);
  });

  it('does not touch texts, comments and indexes that look like a key', () => {
    const source = 'const _k = "key";\nvar t = "[_k]: 1"; /* [_k]: */ var u = { a: [_k], b: t[_k], c: `{[_k]: ${_k}}` };';
    expect(literalKeys(source)).toBe(source);
  });

  it('does not make a prototype of a key', async () => {
    const source = 'const _p = "__proto__";\nexport const x = Object.keys({ [_p]: { y: 1 } });';
    expect(await exportsOf(literalKeys(source))).toEqual({ x: ['__proto__'] });
  });

  it('means the same afterwards', async () => {
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
