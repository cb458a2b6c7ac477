import { breakerOf } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { ledgerOnAws } from '../../test/support/ledger-aws.js';
import { Model } from '../../test/support/model.js';
import { all, HOUR, opened, ref, request, verified } from '../../test/support/world.js';
import { journalPermissions } from './permissions.js';

/** More than fits into an item. */
const large = { text: 'x'.repeat(70_000) };
const where = { tableArn: 'arn:aws:dynamodb:eu-west-1:111111111111:table/t', bucketArn: 'arn:aws:s3:::b' };
const actions = (role: 'worker' | 'auditor' | 'sealer', more: object = {}) => {
  const allowed = journalPermissions(role, { ...where, ...more }).filter(({ Effect }) => Effect === 'Allow');
  return [...new Set(allowed.flatMap((each) => each.Action))].sort();
};

/** The actions that IAM checks: a transaction needs those of each of its items. */
function asked(model: Model): string[] {
  const names: string[] = [];
  for (const [name, count] of model.counts)
    if (count > 0 && name !== 'TransactWriteItems') names.push(name.includes('Object') ? `s3:${name}` : `dynamodb:${name}`);
  for (const kind of model.kinds) names.push(`dynamodb:${kind === 'Put' ? 'PutItem' : kind === 'Update' ? 'UpdateItem' : 'ConditionCheckItem'}`);
  return [...new Set(names)].sort();
}

describe('the permissions of a worker', () => {
  it('are what it uses and nothing else', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const journal = opened(model);
    await journal.view(ref());
    const budgets = [{ key: 'k', changes: 1, window: HOUR }];
    const begun = await journal.begin(request('a', { budgets, documents: { before: large, plan: {} } }));
    if (begun.status !== 'begun') throw new Error(begun.status);
    await journal.finish({ resource: ref(), remediator: 'r', lease: begun.lease, outcome: 'failed', sent: 0, body: {} });
    await journal.append({ kind: 'breaker', resource: breakerOf(ref()), remediator: 'r', body: { breaker: 'open' } });
    await journal.open();
    await journal.trackRecord({ remediator: 'r', accounts: ['111111111111'] });
    for await (const _ of journal.read({ execution: begun.lease.execution }));
    // No call needs `s3:ListBucket`. With it S3 says that an object does not exist; without it, that access is denied.
    expect(actions('worker')).toEqual([...asked(model), 's3:ListBucket'].sort());
  });

  it('include, with locks, what storing a document again uses', async () => {
    const model = new Model('t', 'b', { overlap: false });
    for (const lockDays of [1, 2])
      await opened(model, { lockDays }).append({ kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { seen: large } });
    expect(asked(model)).toContain('s3:PutObjectRetention');
    const locks = (names: readonly string[]) => names.filter((name) => name.includes('Retention'));
    // No call names the second one. With it, a read returns the end of an object's lock.
    expect(locks(actions('worker', { lockDays: 1 }))).toEqual(['s3:GetObjectRetention', ...locks(asked(model))]);
    expect(locks(actions('auditor', { lockDays: 1 }))).toEqual([]);
  });

  it('do not allow deleting, replacing or unlocking a document', () => {
    const statements = journalPermissions('worker', { ...where, lockDays: 30, prefix: 'evidence/' });
    expect(statements.flatMap((each) => each.Action).filter((each) => /Delete|\*|Batch(?:Write)|PartiQL|Bypass|Scan/.test(each))).toEqual([]);
    expect(statements.find((each) => each.Action.includes('s3:PutObject'))).toMatchObject({
      Resource: ['arn:aws:s3:::b/evidence/*'],
      Condition: { Null: { 's3:if-none-match': 'false' } },
    });
    expect(actions('worker', { lockDays: 30 })).toContain('s3:PutObjectRetention');
    expect(actions('worker')).not.toContain('s3:PutObjectRetention');
  });
});

describe('the permissions of an auditor', () => {
  it('are what a verification and a copy use, and allow no write', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const worker = opened(model);
    await worker.append({ kind: 'decision', resource: ref(), remediator: 'r', body: {}, documents: { seen: large } });
    model.counts.clear();
    model.kinds.clear();
    await verified(model);
    await all(opened(model));
    await opened(model).open();
    await opened(model).view(ref());
    expect(actions('auditor')).toEqual([...asked(model), 's3:ListBucket'].sort());
    expect(actions('auditor').filter((each) => /Put|Update|Delete|Check/.test(each))).toEqual([]);
  });
});

describe('the permissions of a sealer', () => {
  it('are what it uses and nothing else', async () => {
    const model = new Model('t', 'b', { overlap: false });
    const world = ledgerOnAws(model, async () => undefined, { lockDays: 1 });
    for (const id of ['a', 'b', 'a']) await world.decide(id);
    model.counts.clear();
    model.kinds.clear();
    for (let seals = 0; seals < 3; seals++) await world.seal();
    expect([...model.counts.keys()].sort()).toEqual(['BatchGetItem', 'GetObject', 'PutObject', 'Query', 'Scan', 'UpdateItem']);
    // It reads at one moment only what changes meanwhile, and one record only of a stream that came late; so it needs GetItem, too.
    expect(actions('sealer', { lockDays: 1, keyArn: 'arn:key' })).toEqual(
      [
        ...['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan', 'dynamodb:UpdateItem', 'kms:GetPublicKey', 'kms:Sign'],
        ...['s3:GetObject', 's3:ListBucket', 's3:PutObject', 's3:PutObjectRetention'],
      ].sort(),
    );
    expect(actions('sealer')).not.toContain('kms:Sign');
  });

  it('allow signing with two keys only while one replaces the other, and with both only the message itself', () => {
    const signing = (more: object) =>
      journalPermissions('sealer', { ...where, ...more })
        .filter(({ Action }) => Action.some((each) => each.startsWith('kms:')))
        .map(({ Action, Resource, Condition }) => [Action, Resource, Condition]);
    const condition = { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' } };
    expect(signing({ keyArn: 'arn:old', nextKeyArn: 'arn:next' })).toEqual([
      [['kms:Sign'], ['arn:old', 'arn:next'], condition],
      [['kms:GetPublicKey'], ['arn:old', 'arn:next'], undefined],
    ]);
    expect(signing({ keyArn: 'arn:next' })[0]).toEqual([['kms:Sign'], ['arn:next'], condition]);
  });

  it('allow replacing only the checkpoint, and only the attributes that hold its progress', () => {
    const statements = journalPermissions('sealer', { ...where, prefix: 'e/', lockDays: 1, keyArn: 'arn:key' });
    const puts = statements.filter(({ Action }) => Action.includes('s3:PutObject')).map(({ Resource, Condition }) => [Resource, Condition]);
    expect(puts).toEqual([
      [['arn:aws:s3:::b/e/ledger/*', 'arn:aws:s3:::b/e/sealer/*'], { Null: { 's3:if-none-match': 'false' } }],
      [['arn:aws:s3:::b/e/ledger/checkpoint'], { Null: { 's3:if-match': 'false' } }],
    ]);
    const update = statements.find(({ Action }) => Action.includes('dynamodb:UpdateItem'));
    expect(update?.Condition).toEqual({ 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['pk', 'sk', 'seq', 'unsealedShard', 'size'] } });
    expect(statements.flatMap(({ Action }) => Action).filter((each) => /Delete|\*|dynamodb:PutItem|Bypass/.test(each))).toEqual([]);
  });
});

describe('the statements of a policy', () => {
  const table = 'arn:aws:dynamodb:eu-west-1:111111111111:table/t';
  const read = (...more: string[]) => [
    {
      Sid: 'JournalRead',
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', ...more],
      Resource: [table, `${table}/index/*`],
    },
    { Sid: 'JournalReadDocuments', Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::b/*'] },
    { Sid: 'JournalSeeDocuments', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: ['arn:aws:s3:::b'] },
  ];
  const write = [
    { Sid: 'JournalAppend', Effect: 'Allow', Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'], Resource: [table] },
    {
      Sid: 'JournalCreateDocuments',
      Effect: 'Allow',
      Action: ['s3:PutObject'],
      Resource: ['arn:aws:s3:::b/*'],
      Condition: { Null: { 's3:if-none-match': 'false' } },
    },
  ];
  const denied = { Sid: 'LedgerIsOfTheSealer', Effect: 'Deny', Action: ['s3:PutObject'], Resource: ['arn:aws:s3:::b/ledger/*', 'arn:aws:s3:::b/sealer/*'] };
  const lock = { Sid: 'JournalLockDocuments', Effect: 'Allow', Action: ['s3:PutObjectRetention', 's3:GetObjectRetention'], Resource: ['arn:aws:s3:::b/*'] };

  it('cover the table, its indexes and the objects, and no other resource', () => {
    expect(journalPermissions('auditor', { ...where, lockDays: 1 })).toEqual(read('dynamodb:Scan'));
    expect(journalPermissions('worker', where)).toEqual([...read(), ...write, denied]);
    expect(journalPermissions('worker', { ...where, lockDays: 1 })).toEqual([...read(), ...write, denied, lock]);
  });

  it('cover only what is under the prefix, if there is one', () => {
    const resources = journalPermissions('worker', { ...where, prefix: 'evidence/', lockDays: 1 }).map(({ Sid, Resource }) => [Sid, Resource]);
    expect(Object.fromEntries(resources)).toEqual({
      JournalRead: [table, `${table}/index/*`],
      JournalReadDocuments: ['arn:aws:s3:::b/evidence/*'],
      JournalSeeDocuments: ['arn:aws:s3:::b'],
      JournalAppend: [table],
      JournalCreateDocuments: ['arn:aws:s3:::b/evidence/*'],
      LedgerIsOfTheSealer: ['arn:aws:s3:::b/evidence/ledger/*', 'arn:aws:s3:::b/evidence/sealer/*'],
      JournalLockDocuments: ['arn:aws:s3:::b/evidence/*'],
    });
  });
});
