import { type Document, isMap, isSeq, LineCounter, parseDocument, visit, YAMLSeq } from 'yaml';
import { formatPlace, messageOf, type Place, type PlacedMistake, RedressError, type RedressErrorCode } from './model/errors.js';
import { type Policy, type PolicyInput, type PolicyParsing, parsePolicy } from './policy/policy.js';
import { parseRegister, type Register, type RegisterInput } from './policy/register.js';
import type { PlaceOf } from './policy/validate.js';

/**
 * Reads a policy from YAML (or JSON, which YAML includes).
 *
 * @param file name for error messages.
 * @param also finds further mistakes: `policyMistakes` of its composition, so that all mistakes are reported at once.
 * @throws {RedressError} `policy/invalid` with file, line and what is allowed, for every mistake.
 * @example readPolicy(await readFile('redress.yaml', 'utf8'), 'redress.yaml')
 */
export function readPolicy(text: string, file: string, also?: PolicyParsing['also']): Policy {
  const { value, placeOf } = parse(text, file, 'policy/invalid', 'The policy');
  return parsePolicy(value, { placeOf, ...(also === undefined ? {} : { also }) });
}

/**
 * Reads an exceptions register from YAML.
 *
 * @throws {RedressError} `register/invalid` with file, line and what is allowed.
 */
export function readRegister(text: string, file: string): Register {
  const { value, placeOf } = parse(text, file, 'register/invalid', 'The exceptions register');
  return parseRegister(value, placeOf);
}

/**
 * A policy's text as the data that `definePolicy` takes, checked: what a program holds that has no YAML reader.
 *
 * @throws {RedressError} `policy/invalid` with file, line and what is allowed.
 * @example definePolicy(policyData(text, 'redress.yaml')).digest === readPolicy(text, 'redress.yaml').digest
 */
export function policyData(text: string, file: string): PolicyInput {
  const { value, placeOf } = parse(text, file, 'policy/invalid', 'The policy');
  parsePolicy(value, { placeOf });
  return value as PolicyInput;
}

/**
 * A register's text as the data that `defineRegister` takes, checked.
 *
 * @throws {RedressError} `register/invalid` with file, line and what is allowed.
 */
export function registerData(text: string, file: string): RegisterInput {
  const { value, placeOf } = parse(text, file, 'register/invalid', 'The exceptions register');
  parseRegister(value, placeOf);
  return value as RegisterInput;
}

/**
 * A register's text with one more entry; comments and order stay.
 *
 * @throws {RedressError} `register/invalid` if the text is not a register, or would not be one with the entry: an id that is used, an owner who approves.
 * @example await writeFile(file, addException(await readFile(file, 'utf8'), file, { id: 'EXC-43', scope: { resource: 'sg-0abc' }, … }));
 */
export function addException(text: string, file: string, entry: RegisterInput[number]): string {
  readRegister(text, file);
  const document: Document = parseDocument(text, { version: '1.2' });
  const entries = isSeq(document.contents) ? document.contents : new YAMLSeq();
  // `[]` in an empty register would go on as one long line.
  entries.flow = false;
  entries.add(document.createNode(entry));
  document.contents = entries;
  return checkedText(document.toString({ lineWidth: 0 }), file);
}

/**
 * A register's text in which an entry ends at a moment: it stays, and says until when the risk was accepted.
 *
 * @throws {RedressError} `register/invalid` if the text is not a register, has no such entry, or the entry has already ended.
 */
export function expireException(text: string, file: string, id: string, at: number): string {
  const register = readRegister(text, file);
  const index = register.entries.findIndex((each) => each.id === id);
  const entry = register.entries[index];
  const refuse = (message: string, next: string): never => {
    throw new RedressError('register/invalid', `${file}: ${message}`, { place: { file }, next });
  };
  if (entry === undefined)
    return refuse(`There is no exception ${JSON.stringify(id)}.`, `There are: ${register.entries.map((each) => each.id).join(', ') || 'none'}.`);
  if (entry.expires <= at) refuse(`${id} expired on ${new Date(entry.expires).toISOString()}.`, 'Nothing is to be done.');
  const document: Document = parseDocument(text, { version: '1.2' });
  const node = isSeq(document.contents) ? document.contents.items[index] : undefined;
  if (!isMap(node)) return refuse(`${id} is written as an alias.`, 'Change it by hand.');
  node.set('expires', new Date(at).toISOString());
  return checkedText(document.toString({ lineWidth: 0 }), file);
}

function checkedText(text: string, file: string): string {
  readRegister(text, file);
  return text;
}

/** What some editors write before a text. */
const BYTE_ORDER_MARK = /^\ufeff/;

function parse(given: string, file: string, code: RedressErrorCode, what: string): { value: unknown; placeOf: PlaceOf } {
  const text = given.replace(BYTE_ORDER_MARK, '');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true, version: '1.2' });
  const at = (offset: number, path?: string): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, ...(path === undefined ? {} : { path }) };
  };
  const refuse = (problems: readonly PlacedMistake[]): never => {
    const told = problems.map(({ place, message }) => `${formatPlace(place)}: ${message}`);
    throw new RedressError(code, `${what} cannot be read: ${told.join('\n  ')}`, {
      ...(problems[0] === undefined ? {} : { place: problems[0].place }),
      mistakes: problems,
      next: 'Correct the YAML. Nothing was done.',
    });
  };
  if (/^\ufffd|\0/.test(text)) refuse([{ place: { file, line: 1, column: 1 }, message: 'it is not UTF-8: save it as UTF-8 (PowerShell writes UTF-16)' }]);
  // A warning (an unknown tag, say) may change what a value means.
  const problems = [...document.errors, ...document.warnings];
  if (problems.length > 0) refuse(problems.map(({ pos, message }) => ({ place: at(pos[0]), message: message.split('\n')[0] ?? '' })));
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
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown, placeOf };
  } catch (error) {
    // Aliases of aliases, which would fill the memory, or of what is not there.
    return refuse([{ place: at(lastAlias(document)), message: messageOf(error) }]);
  }
}

/** Where aliases end: those before it have added up. */
function lastAlias(document: Document): number {
  let found = 0;
  visit(document, {
    Alias: (_, node) => {
      found = node.range?.[0] ?? found;
    },
  });
  return found;
}
