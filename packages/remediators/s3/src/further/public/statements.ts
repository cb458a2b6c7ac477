import { isRecord, leftToAccount, listOf, namesEverybody, type Statement } from '@redress/core';

/** What a public statement may let everybody do. */
export type Kind = 'read' | 'write';

const READING = ['get', 'list', 'describe'];

/** Whether an action of a statement, which may have wildcards, is of the kind. One that may be either is of both. */
function isOf(kind: Kind, action: unknown): boolean {
  const [, name] = /^s3:(.*)$/is.exec(String(action)) ?? [];
  // Of another form than S3's it is everything, or nothing that can be told.
  if (name === undefined) return true;
  const [fixed = ''] = name.toLowerCase().split(/[*?]/);
  const isWild = fixed.length < name.length;
  const reads = READING.some((verb) => fixed.startsWith(verb));
  return kind === 'write' ? !reads : reads || (isWild && READING.some((verb) => verb.startsWith(fixed)));
}

/** The actions of a statement that are of the kind; null: it names none, and means all others. */
const actionsOf = (kind: Kind, { Action }: Statement) => (Action === undefined ? null : listOf(Action).filter((each) => isOf(kind, each)));
const allows = (kind: Kind, statement: Statement) => statement['Effect'] === 'Allow' && (actionsOf(kind, statement)?.length ?? 1) > 0;
const isBound = ({ Condition }: Statement) => isRecord(Condition) && Object.keys(Condition).length > 0;

/** Whether it lets everybody do it, without any condition. */
export const isOpen = (kind: Kind, statement: Statement): boolean => allows(kind, statement) && namesEverybody(statement) && !isBound(statement);

/** Whether it may let everybody do it: under conditions, which S3 weighs, or by leaving somebody out. */
export const mayBeOpen = (kind: Kind, statement: Statement): boolean =>
  allows(kind, statement) && ((namesEverybody(statement) && isBound(statement)) || statement['NotPrincipal'] !== undefined);

/**
 * The statements that take the place of an open one: everybody becomes the account, for which its own IAM goes on to decide, and who is named besides
 * stays named. Actions of the other kind stay as they are. Nobody gets what they did not have.
 */
export function narrowed(kind: Kind, statement: Statement, owner: { readonly partition: string; readonly account: string }): readonly Statement[] {
  if (!isOpen(kind, statement)) return [statement];
  const less = leftToAccount(statement, owner);
  const taken = actionsOf(kind, statement);
  const all = listOf(statement['Action']);
  if (taken === null || taken.length === all.length) return [less];
  const { ['Sid']: _, ...rest } = less;
  return [
    { ...statement, Action: all.filter((each) => !taken.includes(each)) },
    { ...rest, Action: taken },
  ];
}
