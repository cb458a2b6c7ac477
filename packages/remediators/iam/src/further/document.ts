import { isRecord } from '@redress/core';

/** A statement that allows something. */
export interface Allowed {
  /** `Sid`, else its place: `statement 2`. */
  readonly name: string;
  readonly actions: readonly string[];
  /** Everything but these. */
  readonly notActions: readonly string[];
  readonly resources: readonly string[];
}

/**
 * What a policy document allows. Conditions are left out: a rule that looks for wildcards does not ask for them.
 *
 * @param document as IAM gives it: JSON, percent-encoded.
 * @throws {Error} where it is no policy: what cannot be read allows no conclusion.
 */
export function allowedBy(document: string | undefined, of: string): readonly Allowed[] {
  const text = document ?? '';
  let policy: unknown;
  try {
    policy = JSON.parse(text.startsWith('{') ? text : decodeURIComponent(text));
  } catch (cause) {
    throw new Error(`The policy document of ${of} cannot be read.`, { cause });
  }
  if (!isRecord(policy)) throw new Error(`The policy document of ${of} is not a policy.`);
  return list(policy['Statement']).flatMap((each, index) => {
    if (!isRecord(each) || each['Effect'] !== 'Allow') return [];
    const sid = each['Sid'];
    return [
      {
        name: typeof sid === 'string' && sid !== '' ? sid : `statement ${index + 1}`,
        actions: texts(each['Action']),
        notActions: texts(each['NotAction']),
        // NotResource leaves out a few: it is as wide as all.
        resources: each['NotResource'] === undefined ? texts(each['Resource']) : ['*'],
      },
    ];
  });
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const texts = (value: unknown): readonly string[] => list(value).filter((each): each is string => typeof each === 'string');

/** All actions there are, in whatever way that is written. */
export const isEveryAction = (action: string): boolean => /^\*+(:\*+)?$/.test(action);

/** All actions of a service. */
export const isWholeService = (action: string): boolean => isEveryAction(action) || /^[a-z0-9-]+:\*+$/i.test(action);

/** Every resource. */
export const isEveryResource = (resource: string): boolean => /^\*+$/.test(resource);

/** Every KMS key, of an account or a region at least. */
export const isEveryKey = (resource: string): boolean => isEveryResource(resource) || /^arn:[^:]*:(kms|\*):[^:]*:[^:]*:(key\/)?\*+$/i.test(resource);

/**
 * Whether there is an action that two patterns both name. `*` stands for any letters, `?` for one.
 *
 * @example overlap('kms:De*', 'kms:Decrypt') // true
 */
export function overlap(a: string, b: string): boolean {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  // Row by row: whether the rest of one and the rest of the other can be the same text.
  let below: boolean[] = [];
  for (let i = left.length; i >= 0; i--) {
    const row: boolean[] = [];
    for (let j = right.length; j >= 0; j--) {
      const [x, y] = [left[i], right[j]];
      if (x === undefined && y === undefined) row[j] = true;
      else if (x === '*' && (below[j] === true || (y !== undefined && row[j + 1] === true))) row[j] = true;
      else if (y === '*' && (row[j + 1] === true || (x !== undefined && below[j] === true))) row[j] = true;
      else row[j] = x !== undefined && y !== undefined && x !== '*' && y !== '*' && (x === y || x === '?' || y === '?') && below[j + 1] === true;
    }
    below = row;
  }
  return below[0] === true;
}

/** What a statement allows of KMS with every key. */
export interface OnEveryKey {
  readonly statement: string;
  readonly actions: readonly string[];
  /** Where it allows everything but some: those. */
  readonly except: readonly string[] | null;
}

/** What of it is about every KMS key. */
export function onEveryKey({ name, actions, notActions, resources }: Allowed): readonly OnEveryKey[] {
  if (!resources.some(isEveryKey)) return [];
  const ofKms = (all: readonly string[]) => all.filter((action) => overlap(action, 'kms:*'));
  if (notActions.length > 0) return [{ statement: name, actions: [], except: ofKms(notActions) }];
  const some = ofKms(actions);
  return some.length === 0 ? [] : [{ statement: name, actions: some, except: null }];
}

/**
 * Which of some patterns it allows an action of, in whole or in part.
 *
 * @param patterns as rules of AWS Config have them: `kms:ReEncryptFrom, kms:Decrypt`.
 */
export const blockedIn = ({ actions, except }: OnEveryKey, patterns: string): readonly string[] =>
  patterns
    .split(/[\s,]+/)
    .filter(
      (pattern) => pattern !== '' && (except === null ? actions.some((action) => overlap(action, pattern)) : !except.some((action) => covers(action, pattern))),
    );

/** Whether a pattern names every action that another one does. */
const covers = (wide: string, narrow: string): boolean =>
  new RegExp(
    `^${wide
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '[^*]')}$`,
    'i',
  ).test(narrow);
