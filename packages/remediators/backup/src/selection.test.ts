import { describe, expect, it } from 'vitest';
import { type Selection, selects } from './selection.js';

const ARN = 'arn:aws:ec2:eu-west-1:111111111111:volume/vol-1';
const DAILY = { ConditionKey: 'aws:ResourceTag/backup', ConditionValue: 'daily' };
const LISTED = { ...DAILY, ConditionKey: 'backup' };
const TAGGED = { backup: 'daily', stage: 'production' };

describe('a selection includes', () => {
  it.each<[what: string, selection: Selection, tags: Readonly<Record<string, string>>, taken: boolean]>([
    ['a named resource', { Resources: [ARN] }, {}, true],
    ['no other resource', { Resources: [`${ARN}0`, 'arn:aws:ec2:eu-west-1:111111111111:volume/vol-'] }, {}, false],
    ['what matches a pattern', { Resources: ['arn:aws:ec2:*:*:volume/*'] }, {}, true],
    ['everything with one star', { Resources: ['*'] }, {}, true],
    ['nothing with another end', { Resources: ['arn:aws:ec2:*:volume/vol-2'] }, {}, false],
    ['nothing whose parts overlap', { Resources: [`${ARN}*1`] }, {}, false],
    ['nothing of another type', { Resources: ['arn:aws:ec2:*:*:instance/*'] }, {}, false],
    ['everything, if its lists are empty', { Resources: [], ListOfTags: [], NotResources: [], Conditions: {} }, {}, true],
    ['nothing that it excludes', { Resources: ['*'], NotResources: ['arn:aws:ec2:*:*:volume/*'] }, {}, false],
    ['nothing that it excludes, even with a tag', { ListOfTags: [LISTED], NotResources: [ARN] }, TAGGED, false],
    ['what has a tag', { ListOfTags: [LISTED] }, TAGGED, true],
    ['nothing by a tag that is listed like a condition', { ListOfTags: [DAILY] }, TAGGED, false],
    ['what a condition names without a prefix', { Resources: ['*'], Conditions: { StringEquals: [LISTED] } }, TAGGED, true],
    ['what has one of the tags', { ListOfTags: [{ ...LISTED, ConditionValue: 'weekly' }, LISTED] }, TAGGED, true],
    ['what has the tag, or is named', { Resources: ['arn:aws:s3:::*'], ListOfTags: [LISTED] }, TAGGED, true],
    ['nothing without the tag', { ListOfTags: [LISTED] }, { backup: 'Daily' }, false],
    ['what meets all conditions', { Resources: ['*'], Conditions: { StringEquals: [DAILY], StringLike: [{ ...DAILY, ConditionValue: 'd*y' }] } }, TAGGED, true],
    [
      'nothing that does not meet a condition',
      { Resources: ['*'], Conditions: { StringEquals: [DAILY, { ConditionKey: 'aws:ResourceTag/stage', ConditionValue: 'test' }] } },
      TAGGED,
      false,
    ],
    ['nothing by its name alone if a condition is not met', { Resources: [ARN], Conditions: { StringEquals: [DAILY] } }, {}, false],
    ['nothing with an excluded tag', { Resources: ['*'], Conditions: { StringNotEquals: [DAILY] } }, TAGGED, false],
    ['what does not have an excluded tag', { Resources: ['*'], Conditions: { StringNotEquals: [DAILY] } }, {}, true],
    [
      'nothing with a tag that matches an excluded pattern',
      { Resources: ['*'], Conditions: { StringNotLike: [{ ...DAILY, ConditionValue: 'd*' }] } },
      TAGGED,
      false,
    ],
    ['nothing without a tag that a pattern requires', { Resources: ['*'], Conditions: { StringLike: [{ ...DAILY, ConditionValue: '*' }] } }, {}, false],
  ])('%s', (_, selection, tags, taken) => expect(selects(selection, ARN, tags)).toBe(taken));

  it('an unknown set of resources if the service omits it', () => {
    for (const selection of [{}, { ListOfTags: [] }, { NotResources: ['arn:aws:s3:::*'], Conditions: {} }])
      expect(() => selects(selection, ARN, TAGGED)).toThrow(/did not say/);
  });
  it('and a pattern with many stars is matched quickly', () => {
    // Tried out part by part this would never end.
    expect(selects({ Resources: [`${'*a'.repeat(2000)}b`] }, 'a'.repeat(5000), {})).toBe(false);
  });
});
