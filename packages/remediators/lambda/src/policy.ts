import { isRecord } from '@redress/core';

/** A statement of a resource policy. */
export type Statement = Readonly<Record<string, unknown>>;

/** The statements of a policy; null: it cannot be understood. */
export function statementsOf(policy: string): readonly Statement[] | null {
  try {
    const document: unknown = JSON.parse(policy);
    const statements = isRecord(document) ? [document['Statement']].flat() : null;
    return statements?.every(isRecord) === true ? statements : null;
  } catch {
    return null;
  }
}

const listOf = (value: unknown) => [value].flat();
/** Conditions that bind a call to somebody, when they compare for what is there. */
const BINDING = /^(?:aws:(?:source(?:arn|account|orgid|orgpaths|owner|vpc|vpce)|principal(?:arn|account|orgid|orgpaths))|lambda:eventsourcetoken)$/;
const POSITIVE = /^(?:ForAnyValue:)?(?:String(?:Equals|EqualsIgnoreCase|Like)|Arn(?:Equals|Like))$/i;
/** Conditions that say how it is called, and bind it to nobody. */
const HOW = /^lambda:(?:functionurlauthtype|invokedviafunctionurl)$/;

interface Compared {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}
const comparedIn = ({ Condition }: Statement): readonly Compared[] =>
  Object.entries(isRecord(Condition) ? Condition : {}).flatMap(([operator, keys]) =>
    Object.entries(isRecord(keys) ? keys : {}).map(([key, values]) => ({ operator, key: key.toLowerCase(), values: listOf(values).map(String) })),
  );
const namesEverybody = ({ Principal }: Statement) => Principal === '*' || (isRecord(Principal) && listOf(Principal['AWS']).includes('*'));

/**
 * Who may call by a statement: `everybody`, whoever it `names` or its conditions bind it to, or `unknown`: by conditions that are not weighed here, or by
 * leaving somebody out.
 */
export function opennessOf(statement: Statement): 'everybody' | 'named' | 'unknown' {
  if (statement['Effect'] !== 'Allow') return 'named';
  if (statement['NotPrincipal'] !== undefined) return 'unknown';
  if (!namesEverybody(statement)) return 'named';
  const compared = comparedIn(statement);
  // A wildcard with a word beside it may still be wide (arn:aws:s3:::*): nothing but a fixed value binds.
  if (compared.some(({ operator, key, values }) => BINDING.test(key) && POSITIVE.test(operator) && values.every((each) => !/[*?]/.test(each)))) return 'named';
  return compared.every(({ key }) => HOW.test(key)) ? 'everybody' : 'unknown';
}

/** The statement for the account alone in place of everybody; who is named besides stays. */
export function narrowed(statement: Statement, account: string): Statement {
  if (opennessOf(statement) !== 'everybody') return statement;
  const others = isRecord(statement['Principal']) ? statement['Principal'] : {};
  const named = [...new Set([...listOf(others['AWS'] ?? []).filter((each) => each !== '*'), account])];
  return { ...statement, Principal: { ...others, AWS: named.length === 1 ? named[0] : named } };
}

/** Whether it lets S3 in for buckets of any account: their names can be taken by another one. */
export const letsAnyBucketIn = (statement: Statement): boolean =>
  statement['Effect'] === 'Allow' &&
  isRecord(statement['Principal']) &&
  listOf(statement['Principal']['Service']).includes('s3.amazonaws.com') &&
  !comparedIn(statement).some(({ key }) => key === 'aws:sourceaccount');

/** How a statement is called: by its Sid, else by its place. */
export const nameOf = (statement: Statement, at: number): string =>
  typeof statement['Sid'] === 'string' && statement['Sid'] !== '' ? statement['Sid'] : `number ${at + 1}`;
