import { LineCounter, parseDocument } from 'yaml';
import { type Place, RedressError, type RedressErrorCode } from './model/errors.js';
import { definePolicy, type Policy } from './policy/policy.js';
import { defineRegister, type Register } from './policy/register.js';
import type { PlaceOf } from './policy/validate.js';

/**
 * Reads a policy from YAML (or JSON, which YAML includes).
 *
 * @param file name for error messages.
 * @throws {RedressError} `policy/invalid` with file, line and what is allowed.
 * @example readPolicy(await readFile('redress.yaml', 'utf8'), 'redress.yaml')
 */
export function readPolicy(text: string, file: string): Policy {
  const { value, placeOf } = parse(text, file, 'policy/invalid', 'The policy');
  return definePolicy(value, placeOf);
}

/**
 * Reads an exceptions register from YAML.
 *
 * @throws {RedressError} `register/invalid` with file, line and what is allowed.
 */
export function readRegister(text: string, file: string): Register {
  const { value, placeOf } = parse(text, file, 'register/invalid', 'The exceptions register');
  return defineRegister(value, placeOf);
}

function parse(text: string, file: string, code: RedressErrorCode, what: string): { value: unknown; placeOf: PlaceOf } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, version: '1.2' });
  const at = (offset: number, path?: string): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, ...(path === undefined ? {} : { path }) };
  };
  // A warning (an unknown tag, say) may change what a value means.
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const place = at(problem.pos[0]);
    throw new RedressError(code, `${what} cannot be read: ${file}:${place.line}:${place.column}: ${problem.message.split('\n')[0] ?? ''}`, {
      place,
      next: 'Correct the YAML; nothing was done.',
    });
  }
  const placeOf: PlaceOf = (path) => {
    const joined = path.join('.');
    for (let length = path.length; length > 0; length--) {
      const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
      const key = path[length - 1];
      const items: unknown = (parent as { items?: unknown } | null)?.items;
      if (!Array.isArray(items)) continue;
      const node: unknown =
        typeof key === 'number' ? items[key] : items.find((pair: { key?: { value?: unknown } }) => String(pair.key?.value) === String(key))?.key;
      const range = (node as { range?: [number, number, number] } | undefined)?.range;
      if (range !== undefined) return at(range[0], joined);
    }
    return { file, line: 1, column: 1, path: joined };
  };
  return { value: document.toJS({ maxAliasCount: 100 }) as unknown, placeOf };
}
