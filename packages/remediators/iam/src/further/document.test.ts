import { describe, expect, it } from 'vitest';
import { allowedBy, blockedIn, isEveryAction, isEveryKey, isWholeService, onEveryKey, overlap } from './document.js';

const encoded = (policy: unknown) => encodeURIComponent(JSON.stringify(policy));

describe('the permissions in a document', () => {
  it('are read as IAM returns them, in each form of the language', () => {
    expect(
      allowedBy(
        encoded({
          Statement: [
            { Sid: 'One', Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::a+b c' },
            { Effect: 'Allow', NotAction: ['iam:*'], NotResource: 'arn:aws:s3:::x' },
            { Effect: 'Deny', Action: '*', Resource: '*' },
          ],
        }),
        'p',
      ),
    ).toEqual([
      { name: 'One', actions: ['s3:*'], notActions: [], resources: ['arn:aws:s3:::a+b c'] },
      { name: 'statement 2', actions: [], notActions: ['iam:*'], resources: ['*'] },
    ]);
    expect(allowedBy(encoded({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }), 'p')).toHaveLength(1);
    expect(allowedBy('{"Statement":[]}', 'p')).toEqual([]);
  });
  it.each([undefined, '', '%', 'no', '%5B%5D', 'null'])('are not read from %j', (document) => {
    expect(() => allowedBy(document, 'the policy x')).toThrow('the policy x');
  });
});

it.each([
  ['*', true, true],
  ['*:*', true, true],
  ['s3:*', false, true],
  ['S3-object-lambda:*', false, true],
  ['s3:Get*', false, false],
  ['s3:GetObject', false, false],
])('%s: every action %s, a whole service %s', (action, every, whole) => {
  expect([isEveryAction(action), isWholeService(action)]).toEqual([every, whole]);
});

it.each([
  ['*', true],
  ['arn:aws:kms:*:111111111111:key/*', true],
  ['arn:aws:kms:eu-west-1:111111111111:*', true],
  ['arn:aws:kms:eu-west-1:111111111111:key/1234', false],
  ['arn:aws:kms:eu-west-1:111111111111:alias/*', false],
  ['arn:aws:s3:::*', false],
])('%s names every key: %s', (name, every) => {
  expect(isEveryKey(name)).toBe(every);
});

it.each([
  ['kms:Decrypt', 'kms:decrypt', true],
  ['kms:*', 'kms:Decrypt', true],
  ['kms:De*', 'kms:*crypt', true],
  ['*', 'kms:Decrypt', true],
  ['kms:Decryp?', 'kms:Decrypt', true],
  ['kms:Decrypt', 'kms:Decrypt*', true],
  ['kms:ReEncrypt*', 'kms:ReEncryptFrom', true],
  ['kms:Encrypt', 'kms:Decrypt', false],
  ['kms:Decrypt?', 'kms:Decrypt', false],
  ['s3:*', 'kms:*', false],
  ['', 'kms:Decrypt', false],
  ['', '*', true],
])('%s and %s have an action in common: %s', (a, b, common) => {
  expect([overlap(a, b), overlap(b, a)]).toEqual([common, common]);
});

describe('the permissions of a statement with every key', () => {
  const BLOCKED = 'kms:ReEncryptFrom, kms:Decrypt';
  const of = (statement: object, patterns = BLOCKED) =>
    allowedBy(encoded({ Statement: { Effect: 'Allow', Resource: '*', ...statement } }), 'p')
      .flatMap(onEveryKey)
      .flatMap((each) => blockedIn(each, patterns));
  it.each<[object, string[]]>([
    [{ Action: 'kms:Decrypt' }, ['kms:Decrypt']],
    [{ Action: ['s3:GetObject', 'kms:*'] }, ['kms:ReEncryptFrom', 'kms:Decrypt']],
    [{ Action: 'kms:De*' }, ['kms:Decrypt']],
    [{ Action: '*' }, ['kms:ReEncryptFrom', 'kms:Decrypt']],
    [{ Action: 'kms:Encrypt' }, []],
    [{ Action: 'kms:Decrypt', Resource: 'arn:aws:kms:eu-west-1:111111111111:key/1234' }, []],
    [{ Action: undefined, NotAction: 'iam:*' }, ['kms:ReEncryptFrom', 'kms:Decrypt']],
    [{ Action: undefined, NotAction: ['kms:Decrypt'] }, ['kms:ReEncryptFrom']],
    [{ Action: undefined, NotAction: ['kms:*'] }, []],
  ])('%j', (statement, blocked) => {
    expect(of(statement)).toEqual(blocked);
  });
  it('exclude only what a pattern covers completely', () => {
    expect(of({ Action: undefined, NotAction: 'kms:Decrypt' }, 'kms:*')).toEqual(['kms:*']);
    expect(of({ Action: undefined, NotAction: 'kms:D*' }, 'kms:Decrypt')).toEqual([]);
  });
});
