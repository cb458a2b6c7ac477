// What people exempted is left alone, whatever it is on: the group, one of those that use it, one of its rules. EC2 is simulated.
import {
  createRedress,
  createReplay,
  definePolicy,
  defineRegister,
  type Journal,
  type Notification,
  normalize,
  type RedressOptions,
  readRecordings,
  resource,
  unwrap,
} from '@redress/core';
import { celRules } from '@redress/core/cel';
import { readRegister } from '@redress/core/yaml';
import { memoryJournal } from '@redress/evidence';
import { ec2Remediators } from '@redress/remediator-ec2';
import { cloudTrailEvent, configComplianceEvent, type FakeClock, fakeClock, type SimulatedAccount, simulatedAccount } from '@redress/testing';
import { beforeEach, describe, expect, it } from 'vitest';

const ACCOUNT = '111111111111';
const REGION = 'eu-west-1';
const DAY = 86_400_000;
const GROUP = 'sg-00000000000000001';
const remediators = ec2Remediators.filter(({ id }) => id === 'ec2-revoke-sg-open-ssh');
const remediator = 'ec2-revoke-sg-open-ssh';
const ref = resource({ type: 'AWS::EC2::SecurityGroup', id: GROUP, account: ACCOUNT, region: REGION });

let aws: SimulatedAccount;
let clock: FakeClock;
let journal: Journal;
let told: Notification[];

beforeEach(() => {
  clock = fakeClock(Date.parse('2026-11-24T10:00:00Z'));
  aws = simulatedAccount({ account: ACCOUNT, clock });
  journal = memoryJournal({ clock });
  told = [];
  aws.state.groups[GROUP] = { name: 'web', description: 'web servers', tags: {}, rules: [] };
});

/** Opens SSH from an address range, as someone would, and gives the id of the rule. */
function open(cidr: string, tags: Record<string, string> = {}): string {
  const range = cidr.includes(':') ? { Ipv6Ranges: [{ CidrIpv6: cidr }] } : { IpRanges: [{ CidrIp: cidr }] };
  const input = { GroupId: GROUP, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, ...range }] };
  const { SecurityGroupRules } = aws.act('ec2', 'AuthorizeSecurityGroupIngress', input, REGION) as { SecurityGroupRules: { SecurityGroupRuleId: string }[] };
  const id = SecurityGroupRules[0]?.SecurityGroupRuleId ?? '';
  if (Object.keys(tags).length > 0)
    aws.act('ec2', 'CreateTags', { Resources: [id], Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }, REGION);
  return id;
}
const rules = () => (aws.state.groups[GROUP]?.rules ?? []).map(({ id }) => id);
const entry = (scope: object, id = 'EXC-1') => ({
  id,
  scope,
  reason: 'vendor',
  owner: 'payments',
  approver: 'security',
  expires: '2027-11-24T10:00:00Z',
});
const exempt = (...scopes: object[]) => ({ exceptions: defineRegister(scopes.map((scope, index) => entry(scope, `EXC-${index + 1}`))) });

function redress(over: Partial<RedressOptions> = {}) {
  return createRedress({
    remediators,
    policy: definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { [remediator]: { dev: 'enforce' } } }),
    journal,
    connect: aws.connect,
    clock,
    notify: async (each) => void told.push(each),
    ...over,
  });
}

/** The call that opened both address families, as CloudTrail tells of it: both rules are new. */
async function told22(over: Partial<RedressOptions> = {}) {
  const items = (list: object[]) => ({ items: list });
  const event = cloudTrailEvent({
    service: 'ec2',
    operation: 'AuthorizeSecurityGroupIngress',
    account: ACCOUNT,
    region: REGION,
    time: new Date(clock.now()),
    request: {
      groupId: GROUP,
      ipPermissions: items([
        {
          ipProtocol: 'tcp',
          fromPort: 22,
          toPort: 22,
          groups: {},
          ipRanges: items([{ cidrIp: '0.0.0.0/0' }]),
          ipv6Ranges: items([{ cidrIpv6: '::/0' }]),
          prefixListIds: {},
        },
      ]),
    } as never,
  });
  const { results } = await redress(over).handle(event);
  return results.flatMap(({ passes }) => passes);
}
const outcomes = async (over: Partial<RedressOptions> = {}) => (await told22(over)).map(({ outcome }) => outcome);

describe('a register entry by tag', () => {
  const vendor = { tags: { team: 'vendor' }, groups: [GROUP] };
  const web = { tags: { team: 'web' }, groups: [GROUP] };
  const VENDOR = 'i-00000000000000001';
  const WEB = 'i-00000000000000002';

  it.each([
    ['the first of two instances', {}, { [VENDOR]: vendor, [WEB]: web }],
    ['the last of two instances', {}, { [WEB]: web, [VENDOR]: vendor }],
    ['an instance, under a tag of the group', { team: 'web' }, { [VENDOR]: vendor }],
    ['the group, under a tag of an instance', { team: 'vendor' }, { [WEB]: web }],
    ['an instance, its key in capitals and with spaces', {}, { [VENDOR]: { tags: { ' TEAM ': ' vendor' }, groups: [GROUP] } }],
  ])('holds when it is on %s', async (_name, tags, instances) => {
    Object.assign(aws.state.groups[GROUP]?.tags ?? {}, tags);
    aws.state.instances = instances as typeof aws.state.instances;
    const id = open('0.0.0.0/0');
    expect(await outcomes(exempt({ tag: 'team=vendor' }))).toEqual(['exempt']);
    expect(rules()).toEqual([id]);
  });

  it('does not apply to tags that no resource has', async () => {
    aws.state.instances = { [WEB]: web, [VENDOR]: { tags: { team: 'Vendor' }, groups: [GROUP] } };
    open('0.0.0.0/0');
    expect(await outcomes(exempt({ tag: 'team=vendor' }))).toEqual(['remediated']);
    expect(rules()).toEqual([]);
  });

  it('reports what the exception applies to', async () => {
    aws.state.instances = { [VENDOR]: vendor };
    open('0.0.0.0/0');
    const [pass] = await told22(exempt({ tag: 'team=vendor' }));
    expect(pass?.message).toBe(`Exception EXC-1 covers ${VENDOR} until 2027-11-24T10:00:00.000Z: vendor (owner payments, approved by security).`);
  });

  it.each([
    ['names an instance that uses the group', { resource: VENDOR }, ['exempt']],
    ['names its ARN', { resource: `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/${VENDOR}` }, ['exempt']],
    ['names its ARN in another region', { resource: `arn:aws:ec2:us-east-1:${ACCOUNT}:instance/${VENDOR}` }, ['remediated']],
    ['names the group by its ARN in another region', { resource: `arn:aws:ec2:us-east-1:${ACCOUNT}:security-group/${GROUP}` }, ['remediated']],
    ['names an instance that does not use it', { resource: WEB }, ['remediated']],
    ['covers all instances of the account: what uses the group is not included', { account: ACCOUNT, resourceType: 'AWS::EC2::Instance' }, ['remediated']],
    ['covers the instances with a tag', { tag: 'team=vendor', resourceType: 'AWS::EC2::Instance' }, ['exempt']],
    ['covers the interfaces with a tag', { tag: 'team=vendor', resourceType: 'AWS::EC2::NetworkInterface' }, ['remediated']],
    ['covers the group, with the tag of the instance', { resource: GROUP, tag: 'team=vendor' }, ['exempt']],
  ])('%s', async (_name, scope, expected) => {
    aws.state.instances = { [VENDOR]: vendor };
    open('0.0.0.0/0');
    expect(await outcomes(exempt(scope))).toEqual(expected);
  });

  it('a rule of the policy is evaluated with the tags of each resource', async () => {
    const policy = (when: string) =>
      definePolicy({
        version: 1,
        environments: { dev: { accounts: [ACCOUNT] } },
        remediators: { [remediator]: { dev: 'enforce' } },
        rules: [{ when, effect: 'deny', because: 'b' }],
      });
    Object.assign(aws.state.groups[GROUP]?.tags ?? {}, { team: 'web', env: 'dev' });
    aws.state.instances = { [VENDOR]: vendor, [WEB]: web };
    open('0.0.0.0/0');
    const under = (when: string) => outcomes({ policy: policy(when), guardrails: [celRules()] });
    expect(await under('resource.tags["team"] == "vendor"')).toEqual(['denied']);
    // Of two, and not of one.
    expect(await under('resource.tags["team"] == "vendor" && resource.tags["env"] == "dev"')).toEqual(['denied']);
    expect(await under('resource.tags["team"] == "nobody"')).toEqual(['remediated']);
  });
});

describe('an exception on a rule of the group', () => {
  it.each([
    ['by its id', (id: string) => exempt({ resource: id })],
    ['by its ARN', (id: string) => exempt({ resource: `arn:aws:ec2:${REGION}:${ACCOUNT}:security-group-rule/${id}` })],
    ['by its type', (id: string) => exempt({ resource: id, resourceType: 'AWS::EC2::SecurityGroupIngress' })],
    ['by its id and the type of the group', (id: string) => exempt({ resource: id, resourceType: 'AWS::EC2::SecurityGroup' })],
    ['by its tag', () => exempt({ tag: 'keep=yes' })],
    ['among others that do not apply', (id: string) => exempt({ resource: 'sg-0000000000000000f' }, { resource: id })],
  ])('%s holds for that rule, and only for it', async (_name, exceptions) => {
    const kept = open('0.0.0.0/0', { keep: 'yes' });
    const other = open('::/0');
    const passes = await told22(exceptions(kept));
    expect(passes.map(({ outcome, plan }) => [outcome, plan?.changes.map(({ call }) => call.input['SecurityGroupRuleIds'])])).toEqual([
      ['remediated', [[other]]],
      ['exempt', [[kept]]],
    ]);
    expect(rules()).toEqual([kept]);
    expect(passes[1]?.message).toContain(`covers ${kept} until`);
  });

  it('on another rule of the group exempts nothing', async () => {
    open('0.0.0.0/0');
    expect(await outcomes(exempt({ resource: 'sgr-0000000000000abcd' }))).toEqual(['remediated']);
  });

  it('that ended exempts nothing, and is named', async () => {
    const id = open('0.0.0.0/0');
    clock.advance(366 * DAY);
    const [pass] = await told22(exempt({ resource: id }));
    expect(pass?.outcome).toBe('remediated');
    expect(pass?.decision?.results.find(({ guardrail }) => guardrail === 'exceptions')).toMatchObject({
      code: 'exception-expired',
      data: { expired: ['EXC-1'] },
    });
  });

  it('by tag holds that rule back for three days from its own first sight, and not the others', async () => {
    const kept = open('0.0.0.0/0', { 'redress:exception': 'please' });
    open('::/0');
    expect(await outcomes()).toEqual(['remediated', 'notified']);
    expect(rules()).toEqual([kept]);
    expect(Object.keys((await journal.view(ref)).tagFirstSeen)).toEqual([`${remediator} tcp 22-22 0.0.0.0/0`]);

    // Another rule is tagged later: its three days begin then.
    clock.advance(3 * DAY - 3_600_000);
    const later = open('::/0', { 'Redress:Exception ': '' });
    expect(await outcomes()).toEqual(['notified', 'notified']);
    clock.advance(3_600_000);
    expect((await outcomes()).sort()).toEqual(['notified', 'remediated']);
    expect(rules()).toEqual([later]);
  });

  it('that is registered after the decision stops the write', async () => {
    const id = open('0.0.0.0/0');
    let register = defineRegister([]);
    const { length } = aws.calls;
    const exceptions = { read: async () => (aws.calls.length > length + 4 ? (register = defineRegister([entry({ resource: id })])) : register) };
    expect(await outcomes({ exceptions })).toEqual(['exempt']);
    expect(rules()).toEqual([id]);
  });

  it('that was added after an approval of several leaves the others to be requested again', async () => {
    const kept = open('0.0.0.0/0');
    const other = open('::/0');
    clock.advance(DAY);
    const policy = definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: { [remediator]: { dev: 'enforce' } },
      approvers: { dev: [`arn:aws:iam::${ACCOUNT}:role/Lead`] },
    });
    const [asked] = await redress({ policy }).run(ref);
    expect(asked).toMatchObject({ outcome: 'awaiting-approval', plan: { changes: [{}, {}] } });
    const by = { by: { name: `arn:aws:iam::${ACCOUNT}:role/Lead`, verified: true }, reason: 'r' };
    await redress({ policy, ...exempt({ resource: kept }) }).approve(asked?.approval ?? '', by);
    expect(rules()).toEqual([kept, other]);
    const again = await redress({ policy, ...exempt({ resource: kept }) }).run(ref);
    expect(again.map(({ outcome, plan }) => [outcome, plan?.changes.length])).toEqual([
      ['awaiting-approval', 1],
      ['exempt', 1],
    ]);
  });

  it('is replayed from the record: what was decided then is decided again', async () => {
    const kept = open('0.0.0.0/0', { keep: 'yes' });
    aws.state.instances = { 'i-00000000000000001': { tags: { team: 'vendor' }, groups: [GROUP] } };
    const event = configComplianceEvent({ resource: ref, rule: 'restricted-ssh', time: new Date(clock.now()) });
    await redress().handle(event);
    expect(rules()).toEqual([]);
    const recordings = await readRecordings(journal);
    const again = async (scope: object) => {
      const policy = definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, remediators: { [remediator]: { dev: 'enforce' } } });
      const replay = createReplay({ remediators, policy, recordings, ...exempt(scope) });
      const findings = [...unwrap(event)].flatMap((envelope) => [...normalize(envelope)]);
      return (await Promise.all(findings.map((finding) => replay.run(finding)))).flat().map(({ pass }) => pass.outcome);
    };
    expect(await again({ resource: kept })).toEqual(['exempt']);
    expect(await again({ tag: 'keep=yes' })).toEqual(['exempt']);
    expect(await again({ tag: 'team=vendor' })).toEqual(['exempt']);
    expect(await again({ tag: 'team=web' })).not.toEqual(['exempt']);
  });
});

describe('a tag that was probably meant as the exception tag', () => {
  it.each(['redress:exceptions', 'redress-exception', 'Redress_Exception', 'redress:exeption', 'redress:exempt', 'redress:ignore'])(
    'is reported in the notice: %s',
    async (key) => {
      open('0.0.0.0/0', { [key]: 'please' });
      const [pass] = await told22();
      expect(pass?.outcome).toBe('remediated');
      expect(told[0]?.hints).toEqual([expect.stringMatching(/^sgr-\w+ has the tag .* which is not the exception tag redress:exception, and has no effect\.$/)]);
    },
  );
  it.each(['team', 'exception', 'redress:stale-access-keys', 'except', 'redress:owner'])('%s is not reported', async (key) => {
    open('0.0.0.0/0', { [key]: 'please' });
    await told22();
    expect(told[0]?.hints).toEqual([]);
  });
  it.each([' redress:exception', 'redress:exception\t', ' REDRESS:exception '])('%j is the exception tag', async (key) => {
    Object.assign(aws.state.groups[GROUP]?.tags ?? {}, { [key]: 'please' });
    open('0.0.0.0/0');
    expect(await outcomes()).toEqual(['notified']);
  });
  it('spaces around the tag in a policy do not matter', async () => {
    Object.assign(aws.state.groups[GROUP]?.tags ?? {}, { 'acme:leave-alone': '' });
    open('0.0.0.0/0');
    const policy = definePolicy({
      version: 1,
      environments: { dev: { accounts: [ACCOUNT] } },
      remediators: { [remediator]: { dev: 'enforce' } },
      exceptions: { tag: ' acme:leave-alone ' },
    });
    expect(await outcomes({ policy })).toEqual(['notified']);
  });
});

describe('a policy that names a register', () => {
  const policy = definePolicy({ version: 1, exceptions: { register: 'exceptions.yaml' } });
  it('does not start without one', () => {
    expect(() => redress({ policy })).toThrow(expect.objectContaining({ code: 'policy/invalid', place: { path: 'exceptions.register' } }));
    expect(() => redress({ policy, exceptions: null as never })).toThrow(expect.objectContaining({ code: 'policy/invalid' }));
    expect(() => redress({ policy, exceptions: defineRegister([]) })).not.toThrow();
  });
  it('that is read live denies everything without one', async () => {
    open('0.0.0.0/0');
    expect(await outcomes({ policy: { read: async () => policy } })).toEqual([]);
    const [pass] = await redress({ policy: { read: async () => policy } }).run(ref);
    expect(pass).toMatchObject({ outcome: 'denied', retryable: true });
    expect(rules()).toHaveLength(1);
  });
});

describe('an entry that cannot match anything', () => {
  const all = ec2Remediators;
  it.each([
    ['an unknown type', { account: ACCOUNT, resourceType: 'AWS::EC2::SecurityGroups' }, /resourceType.*did you mean AWS::EC2::SecurityGroup\?/],
    ['a type without a remediator', { account: ACCOUNT, resourceType: 'AWS::S3::Bucket' }, /resourceType.*no remediator works on that type/],
    ['an id of a type without a remediator', { resource: 'vpc-0123456789abcdef0' }, /is of type AWS::EC2::VPC/],
    ['an ARN of such a type', { resource: 'arn:aws:s3:::invoices' }, /is of type AWS::S3::Bucket/],
    ['a name, if all types have ids', { resource: 'web' }, /is not an id/],
    ['a group under a remediator of volumes', { resource: GROUP, remediators: 'ec2-report-unencrypted-ebs-volumes' }, /does not work on that type/],
    [
      'a group with another type',
      { resource: `arn:aws:ec2:${REGION}:${ACCOUNT}:security-group/${GROUP}`, resourceType: 'AWS::EC2::Volume' },
      /which resourceType does not name/,
    ],
    [
      'an ARN of another account than the named one',
      { resource: `arn:aws:ec2:${REGION}:222222222222:security-group/${GROUP}`, account: ACCOUNT },
      /is of account 222222222222/,
    ],
    [
      'an ARN in another region than the named one',
      { resource: `arn:aws:ec2:${REGION}:${ACCOUNT}:security-group/${GROUP}`, region: 'us-east-1' },
      /is in eu-west-1/,
    ],
    ['the region of IAM, without a global type', { account: ACCOUNT, region: 'aws-global' }, /on resources without a region/],
    ['an unknown remediator', { account: ACCOUNT, remediators: 'ec2-revoke-sg-open-shh' }, /did you mean ec2-revoke-sg-open-ssh\?/],
  ])('%s is refused with its place', (_name, scope, message) => {
    const thrown = (make: () => unknown) => {
      try {
        make();
      } catch (error) {
        return error as { code: string; message: string; place?: { path?: string } };
      }
      throw new Error('nothing was refused');
    };
    const error = thrown(() => redress({ remediators: all, ...exempt({ account: ACCOUNT }, scope) }));
    expect(error.code).toBe('register/invalid');
    expect(error.message).toMatch(message);
    expect(error.place?.path).toMatch(/^1\.scope\.\w+$/);
  });

  it('is reported with all others at once, with the lines of the file', () => {
    const text = `- id: EXC-1
  scope: { account: "111111111111", resourceType: [AWS::EC2::SecurityGroup, AWS::EC2::SecurityGroups] }
  reason: r
  owner: a
  approver: b
  expires: "2027-01-01T00:00:00Z"
- id: EXC-2
  scope:
    resource: vpc-0123456789abcdef0
  reason: r
  owner: a
  approver: b
  expires: "2027-01-01T00:00:00Z"
`;
    const exceptions = readRegister(text, 'exceptions.yaml');
    expect(() => redress({ exceptions })).toThrow(/2 mistakes:\n {2}exceptions\.yaml:2:\d+.*SecurityGroups.*\n {2}exceptions\.yaml:9:\d+.*VPC/);
  });

  it('changes nothing when it is in a register that is read again', async () => {
    open('0.0.0.0/0');
    const register = defineRegister([entry({ account: ACCOUNT, resourceType: 'AWS::EC2::SecurityGroups' })]);
    expect(await outcomes({ exceptions: { read: async () => register } })).toEqual(['denied']);
    expect(rules()).toHaveLength(1);
  });

  it('is refused for an unknown managed rule as well', () => {
    const mapped = (identifier: string) => definePolicy({ version: 1, configRules: { 'acme-ssh': identifier } });
    expect(() => redress({ policy: mapped('INCOMING_SSH_DISABLE') })).toThrow(
      expect.objectContaining({
        code: 'policy/invalid',
        place: { path: 'configRules.acme-ssh' },
        message: expect.stringContaining('did you mean INCOMING_SSH_DISABLED?'),
      }),
    );
    expect(() => redress({ policy: mapped('INCOMING_SSH_DISABLED') })).not.toThrow();
    expect(() => redress({ policy: mapped('restricted-ssh') })).not.toThrow();
  });

  it('is accepted if it is valid for one of several remediators', () => {
    for (const scope of [
      { resource: GROUP },
      { account: ACCOUNT, resourceType: ['AWS::EC2::SecurityGroup', 'AWS::::Account'] },
      { resource: [`arn:aws:ec2:${REGION}:${ACCOUNT}:instance/i-0123456789abcdef0`, 'sgr-0123456789abcdef0'] },
      { resource: ACCOUNT, resourceType: 'AWS::::Account' },
      { tag: 'team=vendor', region: 'ap-southeast-2' },
    ])
      expect(() => redress({ remediators: all, ...exempt(scope) })).not.toThrow();
  });
});

it('a resource of a type that its remediator does not declare is not decided on', async () => {
  open('0.0.0.0/0');
  const undeclared = remediators.map((each) => ({ ...each, exceptionTypes: [] }));
  expect(await outcomes({ remediators: undeclared })).toEqual(['denied']);
  expect(rules()).toHaveLength(1);
});
