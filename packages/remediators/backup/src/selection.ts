import { isLike, type Tags } from '@redress/core';

interface Condition {
  readonly ConditionKey?: string | undefined;
  readonly ConditionValue?: string | undefined;
}
type Conditions = readonly Condition[] | undefined;

/** What of a selection says which resources a plan takes, as `GetBackupSelection` gives it. */
export interface Selection {
  readonly Resources?: readonly string[] | undefined;
  readonly NotResources?: readonly string[] | undefined;
  /** One of them is enough. */
  readonly ListOfTags?: Conditions;
  /** All of them have to hold. */
  readonly Conditions?:
    | {
        readonly StringEquals?: Conditions;
        readonly StringNotEquals?: Conditions;
        readonly StringLike?: Conditions;
        readonly StringNotLike?: Conditions;
      }
    | undefined;
}

/** Conditions name tags with this before them. */
const PREFIX = 'aws:ResourceTag/';

/**
 * Whether AWS Backup takes a resource for one of a selection. Tag conditions come on top of the ARNs; a list of tags is an alternative to them. A selection
 * that names neither takes everything.
 *
 * @param tags all tags of the resource.
 * @throws {Error} where the service leaves out what would say whether it names anything.
 * @see https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html
 */
export function selects(selection: Selection, arn: string, tags: Tags): boolean {
  if (selection.Resources === undefined && (selection.ListOfTags ?? []).length === 0) throw new Error('AWS Backup did not say what a selection takes.');
  const { Resources: named = [], NotResources: excluded = [], ListOfTags: listed = [], Conditions: conditions = {} } = selection;
  const tagOf = ({ ConditionKey: key = '' }: Condition): string | undefined => tags[key.startsWith(PREFIX) ? key.slice(PREFIX.length) : key];
  const listedSo = ({ ConditionKey: key = '', ConditionValue: value }: Condition) => value !== undefined && tags[key] === value;
  const equals = (each: Condition) => tagOf(each) === each.ConditionValue;
  const like = (each: Condition) => isLike(tagOf(each) ?? '', each.ConditionValue ?? '') && tagOf(each) !== undefined;
  const { StringEquals = [], StringNotEquals = [], StringLike = [], StringNotLike = [] } = conditions;
  if (excluded.some((each) => isLike(arn, each))) return false;
  if (!StringEquals.every(equals) || StringNotEquals.some(equals) || !StringLike.every(like) || StringNotLike.some(like)) return false;
  return (named.length === 0 && listed.length === 0) || named.some((each) => isLike(arn, each)) || listed.some(listedSo);
}
