/**
 * EventBridge's matching of events and patterns, after its documentation: values of a list are alternatives, members are all needed, an
 * event's list matches by any of its elements, and members of a list of objects have to match within one element.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */
export function matchesPattern(event: unknown, pattern: unknown): boolean {
  if (!isObject(pattern)) throw new Error('A pattern is an object.');
  if (Array.isArray(event)) return event.some((element) => matchesPattern(element, pattern));
  return Object.entries(pattern).every(([name, wanted]) => {
    if (name === '$or') return (wanted as unknown[]).some((each) => matchesPattern(event, each));
    const value = isObject(event) ? event[name] : undefined;
    if (Array.isArray(wanted)) return wanted.some((filter) => matchesLeaf(value, filter));
    return value === undefined ? onlyAbsence(wanted) : matchesPattern(value, wanted);
  });
}

/** A pattern below a member that is absent: only `exists: false` can match there. */
function onlyAbsence(pattern: unknown): boolean {
  return (
    isObject(pattern) &&
    Object.values(pattern).every((wanted) => (Array.isArray(wanted) ? wanted.some((filter) => matchesLeaf(undefined, filter)) : onlyAbsence(wanted)))
  );
}

function matchesLeaf(value: unknown, filter: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0 ? matchesLeaf(undefined, filter) : value.some((element) => matchesLeaf(element, filter));
  if (!isObject(filter)) return value === filter;
  const [[operator, operand] = ['', null]] = Object.entries(filter);
  switch (operator) {
    case 'exists':
      // Of leaves alone: an object does not count as there.
      return operand === (value !== undefined && !isObject(value));
    case 'prefix':
      return typeof value === 'string' && value.startsWith(String(operand));
    case 'anything-but':
      return value !== undefined && value !== operand;
    case 'equals-ignore-case':
      return typeof value === 'string' && value.toLowerCase() === String(operand).toLowerCase();
    default:
      throw new Error(`The operator ${operator} is not known here.`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
