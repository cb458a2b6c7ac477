import { isRecord } from './json.js';

/** A statement of a resource policy. */
export type Statement = Readonly<Record<string, unknown>>;

/**
 * The statements of a resource policy; null: it cannot be parsed.
 *
 * @param policy the document, as JSON.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html
 */
export function statementsOf(policy: string): readonly Statement[] | null {
  try {
    const document: unknown = JSON.parse(policy);
    const statements = isRecord(document) ? [document['Statement']].flat() : null;
    return statements?.every(isRecord) === true ? statements : null;
  } catch {
    return null;
  }
}

/** One or several, as policies have both. */
export const listOf = (value: unknown): readonly unknown[] => [value].flat();

/** Whether a statement's principal is everybody, regardless of its conditions. */
export const namesEverybody = ({ Principal }: Statement): boolean => Principal === '*' || (isRecord(Principal) && listOf(Principal['AWS']).includes('*'));

/** One comparison of a statement's conditions. */
export interface Compared {
  readonly operator: string;
  /** In small letters. */
  readonly key: string;
  readonly values: readonly string[];
}

/** What the conditions of a statement compare. */
export const comparedIn = ({ Condition }: Statement): readonly Compared[] =>
  Object.entries(isRecord(Condition) ? Condition : {}).flatMap(([operator, keys]) =>
    Object.entries(isRecord(keys) ? keys : {}).map(([key, values]) => ({ operator, key: key.toLowerCase(), values: listOf(values).map(String) })),
  );

/** Conditions of every service that bind a request to somebody. */
const BINDING = /^aws:(?:source(?:arn|account|orgid|orgpaths|owner|vpc|vpce)|principal(?:arn|account|orgid|orgpaths))$/;
/** A wildcard next to a word may still be wide (arn:aws:s3:::*), and a policy variable may be what it is compared with: neither binds. */
const isFixed = (value: string) => !/[*?]|\$\{/.test(value);
const POSITIVE = /^(?:ForAnyValue:)?(?:String(?:Equals|EqualsIgnoreCase|Like)|Arn(?:Equals|Like))$/i;

/** Conditions of one service. */
export interface OwnConditions {
  /** In small letters: those that bind a request to somebody, as `aws:SourceArn` does. */
  readonly binding?: RegExp;
  /** In small letters: those that say how a request is made, and bind it to nobody. */
  readonly how?: RegExp;
}

/**
 * Whom a statement allows: `everybody`; `named`, if it names principals or its conditions limit it to some; or `unknown`, because of conditions that
 * are not evaluated here, or because it excludes principals.
 *
 * @example opennessOf({ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }) // 'everybody'
 */
export function opennessOf(statement: Statement, { binding, how }: OwnConditions = {}): 'everybody' | 'named' | 'unknown' {
  if (statement['Effect'] !== 'Allow') return 'named';
  if (statement['NotPrincipal'] !== undefined) return 'unknown';
  if (!namesEverybody(statement)) return 'named';
  const compared = comparedIn(statement);
  const binds = (key: string) => BINDING.test(key) || binding?.test(key) === true;
  if (compared.some(({ operator, key, values }) => binds(key) && POSITIVE.test(operator) && values.every(isFixed))) return 'named';
  return compared.every(({ key }) => how?.test(key) === true) ? 'everybody' : 'unknown';
}

/** The statement with the account in place of everybody. Other named principals stay, and nobody gets access that they did not have. */
export function leftToAccount(statement: Statement, { partition, account }: { readonly partition: string; readonly account: string }): Statement {
  const others = isRecord(statement['Principal']) ? statement['Principal'] : {};
  const root = `arn:${partition}:iam::${account}:root`;
  const named = [...new Set([...listOf(others['AWS'] ?? []).filter((each) => each !== '*'), root])];
  return { ...statement, Principal: { ...others, AWS: named.length === 1 ? named[0] : named } };
}

/** How a statement is called: by its Sid, else by its place. */
export const nameOfStatement = (statement: Statement, at: number): string =>
  typeof statement['Sid'] === 'string' && statement['Sid'] !== '' ? statement['Sid'] : `number ${at + 1}`;
