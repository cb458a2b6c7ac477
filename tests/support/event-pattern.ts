/**
 * Matches events and patterns like EventBridge. Values of a list are alternatives, and all members have to match. An event's list matches through any of its
 * elements. What a pattern requires of a list's objects has to be within one of them.
 *
 * It checks the fields of a pattern in the order of their paths, as EventBridge does, and stays in the list element in which a field was found. So `exists:
 * false` means "not in this element" if an earlier field has fixed the element, and "in no element" otherwise. AWS's Event Ruler judges it (`npm run
 * judges`).
 *
 * @throws {Error} at an operator that it does not support
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function matchesPattern(event: unknown, pattern: unknown): boolean {
  return matcherOf(pattern)(event);
}

/** The same for many events. */
export function matcherOf(pattern: unknown): (event: unknown) => boolean {
  if (!isObject(pattern)) throw new Error('A pattern is an object.');
  const branches = branchesOf(pattern).map((branch) => [...branch].sort(byPath));
  return (event) => {
    const fields = fieldsOf(event);
    return branches.some((branch) => matches(fields, branch, new Map()));
  };
}

/** The lists that contain a value, and the index in each. */
type Elements = ReadonlyMap<unknown, number>;

/** A value of an event that is neither object nor list. */
interface Field {
  readonly path: string;
  readonly value: unknown;
  readonly within: Elements;
}

/** A path of a pattern, and its condition there. */
type Wanted = readonly [path: string, filters: readonly unknown[]];

/** By code units, as Java sorts. */
const byPath = ([a]: Wanted, [b]: Wanted) => (a < b ? -1 : a > b ? 1 : 0);
const joined = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);

function fieldsOf(value: unknown, path = '', within: Elements = new Map()): Field[] {
  if (Array.isArray(value))
    return value.flatMap((element, index) =>
      // Plain values of a list are in no element of it: each of two fields may be found in a different one.
      fieldsOf(element, path, typeof element === 'object' && element !== null ? new Map([...within, [value, index]]) : within),
    );
  if (isObject(value)) return Object.entries(value).flatMap(([name, member]) => fieldsOf(member, joined(path, name), within));
  return [{ path, value, within }];
}

/** The conditions of a pattern by path: one set for each combination of `$or` alternatives. */
function branchesOf(pattern: Record<string, unknown>, path = '', before: readonly ReadonlyMap<string, readonly unknown[]>[] = [new Map()]) {
  let branches = before;
  for (const [name, wanted] of Object.entries(pattern)) {
    const soFar = branches;
    if (name === '$or') branches = (wanted as Record<string, unknown>[]).flatMap((each) => branchesOf(each, path, soFar));
    else if (Array.isArray(wanted)) branches = soFar.map((branch) => new Map([...branch, [joined(path, name), wanted]]));
    else if (isObject(wanted)) branches = branchesOf(wanted, joined(path, name), soFar);
    else throw new Error(`${joined(path, name)} is neither a list nor an object.`);
  }
  return branches;
}

function matches(fields: readonly Field[], [next, ...rest]: readonly Wanted[], within: Elements): boolean {
  if (next === undefined) return true;
  const [path, filters] = next;
  const there = fields.flatMap((field) => {
    const both = field.path === path ? together(within, field.within) : null;
    return both === null ? [] : [{ value: field.value, both }];
  });
  if (there.length === 0) return filters.some((filter) => isObject(filter) && filter['exists'] === false) && matches(fields, rest, within);
  return there.some(({ value, both }) => filters.some((filter) => matchesValue(value, filter)) && matches(fields, rest, both));
}

/** Merges both; null if they are in different elements of one list. */
function together(one: Elements, other: Elements): Elements | null {
  for (const [list, element] of other) if ((one.get(list) ?? element) !== element) return null;
  return new Map([...one, ...other]);
}

function matchesValue(value: unknown, filter: unknown): boolean {
  if (!isObject(filter)) return value === filter;
  const [[operator, operand] = ['', null]] = Object.entries(filter);
  switch (operator) {
    case 'exists':
      return operand === true;
    case 'prefix':
      return typeof value === 'string' && value.startsWith(String(operand));
    case 'anything-but':
      if (typeof operand === 'object') break;
      return value !== operand;
    case 'equals-ignore-case':
      return typeof value === 'string' && value.toLowerCase() === String(operand).toLowerCase();
  }
  throw new Error(`The operator ${JSON.stringify(filter)} is not known here.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
