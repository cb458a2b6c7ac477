// What a change makes of a resource, out of its call and its undo: the members that differ.
import { isRecord, type Json } from '@redress/core';

/** A member that a change sets, removes or replaces. */
export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed';
  /** `Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm` */
  readonly path: string;
  /** Undefined: it is not set. */
  readonly before?: Json;
  readonly after?: Json;
}

/** What differs, and how many members do not. */
export interface Differences {
  readonly members: readonly Difference[];
  readonly unchanged: number;
}

interface Call {
  readonly operation: string;
  readonly input: Json;
}

/** What a service calls the opposite of giving. */
const TAKES = /:(?:Revoke|Delete|Remove|Disassociate|Detach|Disable|Deregister|Untag|Stop|Cancel)/;

/**
 * The members that a call changes, as far as its undo says what is there now. A call and an undo of one operation are after and before. A call that
 * removes shows what its undo would give back; one whose undo removes shows what it gives. What both name (the id of the resource) is what stays.
 *
 * @example differencesOf({ operation: 'logs:PutRetentionPolicy', input: { logGroupName: 'a', retentionInDays: 365 } },
 *   [{ operation: 'logs:PutRetentionPolicy', input: { logGroupName: 'a', retentionInDays: 30 } }])
 * // { members: [{ kind: 'changed', path: 'retentionInDays', before: 30, after: 365 }], unchanged: 1 }
 */
export function differencesOf(call: Call, undo: readonly Call[]): Differences {
  const [back] = undo;
  const gives = membersOf(call.input);
  const restores = new Map(undo.flatMap(({ input }) => [...membersOf(input)]));
  const same = back !== undefined && undo.length === 1 && back.operation === call.operation;
  const takesOnly = TAKES.test(call.operation) && undo.length > 0;
  const givesOnly = !same && !takesOnly && undo.length > 0 && undo.every(({ operation }) => TAKES.test(operation));
  const members: Difference[] = [];
  let unchanged = 0;
  for (const path of new Set([...restores.keys(), ...gives.keys()])) {
    const [before, after] = [restores.get(path), gives.get(path)];
    if (before !== undefined && after !== undefined) {
      if (JSON.stringify(before) === JSON.stringify(after)) unchanged++;
      else members.push({ kind: 'changed', path, before, after });
    } else if (before !== undefined && !givesOnly) members.push({ kind: 'removed', path, before });
    else if (after !== undefined && !takesOnly) members.push({ kind: 'added', path, after });
  }
  return { members, unchanged };
}

/** Every member by its path. Documents within a text (a policy of IAM) are read, too; a list of plain values is one value. */
function membersOf(value: Json, path = ''): Map<string, Json> {
  const read = documentIn(value);
  if (Array.isArray(read) && read.some((each) => typeof each === 'object' && each !== null))
    return new Map(read.flatMap((each, at) => [...membersOf(each as Json, `${path}[${at}]`)]));
  if (isRecord(read) && Object.keys(read).length > 0 && !('$response' in read))
    return new Map(Object.entries(read).flatMap(([key, each]) => [...membersOf(each as Json, path === '' ? key : `${path}.${key}`)]));
  return path === '' && isRecord(read) ? new Map() : new Map([[path, read]]);
}

function documentIn(value: Json): Json {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

/** A value as a line of a difference has it. */
export function valueText(value: Json | undefined): string {
  if (value === undefined) return '(not set)';
  if (isRecord(value) && '$response' in value) return '(from the reply to the call)';
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}
