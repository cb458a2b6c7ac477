import type { Assessment, Change, JsonObject, RecordedCall, RedressError } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, ec2Error, type FakeRegion, type FakeRule, fakeEc2, GROUP, group, rule } from '../test/fake.js';
import { revokeSgOpenSsh as remediator, revokeSgOpenRdp } from './index.js';

const parameters = remediator.parameters(undefined);
const REGION: FakeRegion = { groups: { [GROUP]: {} } };

async function look(region: FakeRegion, of = remediator) {
  const fake = fakeEc2({ ...REGION, ...region });
  const seen = await of.observe({ aws: fake.aws, resource: group(), parameters });
  if (seen === 'gone') throw new Error('gone');
  return { ...seen, calls: fake.calls };
}
async function plan(region: FakeRegion, of = remediator): Promise<Assessment> {
  const { state, context } = await look(region, of);
  return of.plan({ state, context, resource: group(), parameters, observedAt: 0 });
}
function changes(assessment: Assessment): readonly Change[] {
  if (assessment.status !== 'change') throw new Error(`${assessment.status}, not a change`);
  return assessment.changes;
}
const revoked = (assessment: Assessment) =>
  changes(assessment).map(({ call }) => {
    expect([call.service, call.operation, call.input['GroupId']]).toEqual(['ec2', 'RevokeSecurityGroupIngress', GROUP]);
    return call.input['SecurityGroupRuleIds'];
  });

/** Operations by how many had been answered when they were called: those that went out together are one round trip. */
async function waves(region: FakeRegion, more: Partial<Parameters<typeof remediator.observe>[0]> = {}): Promise<string[][]> {
  const { ec2 } = fakeEc2({ ...REGION, ...region }).aws as { ec2: Record<string, (input: unknown) => Promise<{ NextToken?: string }>> };
  const sent: string[][] = [];
  let answered = 0;
  const waved = Object.entries(ec2).map(([operation, call]) => [
    operation,
    async (input: { NextToken?: string }) => {
      // A later page needs the one before.
      if (input.NextToken === undefined) (sent[answered] ??= []).push(operation);
      const reply = await call(input);
      await new Promise((resolve) => setImmediate(resolve));
      if (reply.NextToken === undefined) answered++;
      return reply;
    },
  ]);
  await remediator.observe({ aws: { ec2: Object.fromEntries(waved) } as never, resource: group(), parameters, ...more });
  return sent.filter((wave) => wave !== undefined).map((wave) => wave.sort());
}

describe('open rules', () => {
  it('are revoked: those that allow 22/tcp from everywhere, one change each, by id', async () => {
    const open = [
      rule(22),
      rule(22, { IpProtocol: '6', CidrIpv4: '203.0.113.9/0' }),
      rule(22, { CidrIpv6: '::/0' }),
      rule(22, { CidrIpv6: '0:0:0:0:0:0:0:0/0' }),
      rule(20, { ToPort: 32 }),
      rule(-1, { IpProtocol: '-1', ToPort: -1 }),
    ];
    const harmless = [
      rule(443),
      rule(22, { CidrIpv4: '10.0.0.0/8' }),
      rule(22, { IsEgress: true }),
      rule(22, { IpProtocol: 'udp' }),
      rule(23, { ToPort: 65_535 }),
      rule(22, { PrefixListId: 'pl-1' }),
      rule(22, { ReferencedGroupInfo: { GroupId: 'sg-2' } }),
      rule(22, { GroupId: 'sg-2' }),
    ];
    const assessment = await plan({ rules: [...harmless.slice(0, 5), ...open, ...harmless.slice(5)] });
    expect(revoked(assessment)).toEqual(open.map((each) => [each.SecurityGroupRuleId]));
    // What opens more than SSH waits for a person.
    expect(changes(assessment).map((change) => change.hazards?.map((hazard) => `${hazard.effect}: ${hazard.code}`) ?? [])).toEqual([
      [],
      [],
      [],
      [],
      ['approve: wide-rule'],
      ['approve: wide-rule'],
    ]);
  });

  it('RDP: tcp and udp', async () => {
    const open = [rule(3389), rule(3389, { IpProtocol: 'udp' })];
    expect(revoked(await plan({ rules: [rule(22), rule(3389, { IpProtocol: 'icmp' }), ...open] }, revokeSgOpenRdp))).toEqual(
      open.map((each) => [each.SecurityGroupRuleId]),
    );
  });

  it('none: compliant', async () => {
    expect(await plan({ rules: [rule(443)] })).toEqual({ status: 'compliant', message: 'No rule opens SSH to the internet.' });
  });

  it('belong to the account that shares the group, not to the one that uses it', async () => {
    expect((await plan({ groups: { [GROUP]: { owner: '999999999999' } }, rules: [rule(22)] })).status).toBe('not-applicable');
  });

  it.each<[string, FakeRule]>([
    ['the id', { SecurityGroupRuleId: undefined as never }],
    ['the direction', { IsEgress: undefined as never }],
    ['the source', { CidrIpv4: undefined as never }],
    ['the ports', { IpProtocol: undefined as never }],
  ])('are not guessed if EC2 omits %s of one of them: the read fails, and a sweep checks the group', async (_, left) => {
    const rules = [rule(443), { ...rule(22), ...left }];
    await expect(look({ rules })).rejects.toThrow(/^The service did not return /);
    const { aws } = fakeEc2({ ...REGION, rules: rules.map((each) => ({ ...each, GroupOwnerId: ACCOUNT })) });
    const listed: unknown[] = [];
    for await (const page of remediator.observeMany?.({ aws, parameters, account: ACCOUNT, region: 'eu-west-1' } as never) ?? []) listed.push(...page);
    expect(listed).toEqual([{ type: 'AWS::EC2::SecurityGroup', id: GROUP, seen: null }]);
  });

  it('do not depend on the order in the response', async () => {
    const rules = [rule(22), rule(22, { CidrIpv6: '::/0' })];
    expect(await look({ rules: [...rules].reverse() })).toEqual(await look({ rules }));
  });
});

describe('ranges that cover the internet only together', () => {
  const listed = (id: string, more = {}) => rule(22, { PrefixListId: id, ...more });
  const open = (by: string) => ({ status: 'manual', message: `SSH is open to the internet through ${by} of ${GROUP}.` });

  it.each([
    [
      'two halves',
      [rule(22, { CidrIpv4: '0.0.0.0/1' }), rule(20, { ToPort: 30, CidrIpv4: '128.0.0.0/1' })],
      'ranges that together cover it (0.0.0.0/1, 128.0.0.0/1)',
    ],
    ['a half with another one', [rule(22, { CidrIpv4: '0.0.0.0/1' })], 'ranges that together cover it (0.0.0.0/1)'],
    [
      'eight sixteenths, overlapping',
      [0, 16, 32, 48, 64, 80, 96, 112].map((n) => rule(22, { CidrIpv4: `${n}.0.0.0/4` })),
      /^ranges that together cover it \(0.0.0.0\/4, .*\)$/,
    ],
    ['the halves of IPv6', [rule(22, { CidrIpv6: '2000::/4' }), rule(22, { CidrIpv6: '3000::/4' })], 'ranges that together cover it (2000::/4, 3000::/4)'],
    ['a prefix list that holds everything', [listed('pl-all')], 'the prefix list pl-all'],
    [
      'a prefix list and a range',
      [listed('pl-half'), rule(22, { CidrIpv4: '64.0.0.0/2' })],
      'ranges that together cover it (0.0.0.0/2, 64.0.0.0/2), some of them in pl-half',
    ],
  ])('%s: people are notified, and nothing is revoked', async (_name, rules, by) => {
    const assessment = await plan({ rules, prefixLists: { 'pl-all': ['10.0.0.0/8', '0.0.0.0/0'], 'pl-half': ['0.0.0.0/2'] } });
    if (typeof by === 'string') expect(assessment).toMatchObject(open(by));
    else
      expect(assessment).toMatchObject({
        status: 'manual',
        message: expect.stringContaining('SSH is open to the internet through ranges that together cover it (0.0.0.0/4, '),
      });
  });

  it.each([
    ['less than a half', [rule(22, { CidrIpv4: '0.0.0.0/2' }), rule(22, { CidrIpv4: '10.0.0.0/8' })]],
    ['the same quarter twice', [rule(22, { CidrIpv4: '0.0.0.0/2' }), rule(22, { CidrIpv4: '16.0.0.0/4' })]],
    ['halves of other ports', [rule(22, { CidrIpv4: '0.0.0.0/2' }), rule(443, { CidrIpv4: '128.0.0.0/1' })]],
    ['a prefix list of an office', [listed('pl-office')]],
    ['a missing prefix list', [listed('pl-gone')]],
    ['no addresses at all', [rule(22, { CidrIpv4: 'everywhere' }), rule(22, { CidrIpv4: '0.0.0.0/33' })]],
    ['IPv6 addresses that are not global unicast', [rule(22, { CidrIpv6: 'fc00::/7' }), rule(22, { CidrIpv6: '4000::/2' })]],
  ])('%s: compliant', async (_name, rules) => {
    expect(await plan({ rules, prefixLists: { 'pl-office': ['192.0.2.0/24', '198.51.100.7/32', '2001:db8::/32'] } })).toMatchObject({ status: 'compliant' });
  });

  it('next to a rule that is open on its own: that one is revoked, the rest stays open', async () => {
    const assessment = await plan({ rules: [rule(22), listed('pl-all')], prefixLists: { 'pl-all': ['0.0.0.0/0'] } });
    expect(changes(assessment)).toHaveLength(1);
    expect(assessment).toMatchObject({ open: [`SSH is open to the internet through the prefix list pl-all of ${GROUP}`] });
  });

  it('with a list that cannot be read: denied', async () => {
    const fake = fakeEc2({ ...REGION, rules: [listed('pl-1')] }, { GetManagedPrefixListEntries: ec2Error('UnauthorizedOperation', 'aws/denied') });
    await expect(remediator.observe({ aws: fake.aws, resource: group(), parameters })).rejects.toThrow('UnauthorizedOperation');
  });

  it('are found by a sweep', async () => {
    const rules = [
      rule(22, { GroupId: 'sg-1', CidrIpv4: '0.0.0.0/1' }),
      rule(22, { GroupId: 'sg-2', CidrIpv4: '0.0.0.0/2' }),
      rule(22, { GroupId: 'sg-2', CidrIpv4: '128.0.0.0/2' }),
      rule(22, { GroupId: 'sg-3', PrefixListId: 'pl-1' }),
      rule(443, { GroupId: 'sg-4', PrefixListId: 'pl-1' }),
      rule(22, { GroupId: 'sg-5', CidrIpv4: '64.0.0.0/2' }),
    ];
    const found: string[] = [];
    const { aws } = fakeEc2({ rules });
    for await (const { id } of remediator.discover?.({ aws, parameters, account: ACCOUNT, region: 'eu-west-1' } as never) ?? []) found.push(id);
    expect(found).toEqual(['sg-1', 'sg-2', 'sg-3']);
  });
});

describe('a claim', () => {
  const judged = async (
    rules: readonly FakeRule[],
    claim: { rule?: string; controls?: readonly string[]; parameters?: Record<string, string> | null },
    of = revokeSgOpenRdp,
  ) => {
    const { state, context } = await look({ rules }, of);
    const { rule: known, controls = [], parameters: given = {} } = claim;
    return of.judge?.({
      state,
      context,
      resource: group(),
      parameters,
      claim: { controls, configRule: known ?? null, isRule: (each) => each === known, parameters: given, observedAt: 0 },
    });
  };
  const says = (port: number, by: string) => [`tcp port ${port} is open to the internet, which ${by} reports and this remediator does not change`];
  const common = 'RESTRICTED_INCOMING_TRAFFIC';

  it('of a rule that checks more ports than RDP is judged by the ports of the rule', async () => {
    expect(await judged([rule(3306)], { rule: common })).toEqual(says(3306, `the Config rule ${common}`));
    expect(await judged([rule(3306)], { rule: common, parameters: { blockedPort1: '8080' } })).toEqual([]);
    expect(await judged([rule(8080)], { rule: common, parameters: { blockedPort1: '22', blockedPort2: ' 8080' } })).toEqual(
      says(8080, `the Config rule ${common}`),
    );
    expect(await judged([rule(8000, { ToPort: 9000 })], { rule: common, parameters: { blockedPorts: '22,8080' } })).toEqual(
      says(8080, `the Config rule ${common}`),
    );
  });
  it('of a rule with unknown parameters is not judged completely', async () => {
    expect(await judged([rule(8080)], { rule: common, parameters: null })).toBeNull();
    expect(await judged([rule(3306)], { rule: common, parameters: null })).toEqual(says(3306, `the Config rule ${common}`));
    expect(await judged([rule(443)], { rule: 'INCOMING_SSH_DISABLED', parameters: null })).toEqual([]);
  });
  it('of another rule is not judged', async () => {
    expect(await judged([rule(3306)], { rule: 'acme' })).toBeNull();
    expect(await judged([rule(3306)], { controls: ['EC2.21'] })).toBeNull();
  });
  it('of one family is judged by that family', async () => {
    expect(await judged([rule(22, { CidrIpv6: '::/0' })], { controls: ['EC2.53'] })).toEqual([]);
    expect(await judged([rule(22, { CidrIpv6: '::/0' })], { controls: ['EC2.54'] })).toEqual(says(22, 'the control EC2.54'));
    const port = { rule: 'VPC_SG_PORT_RESTRICTION_CHECK', parameters: { restrictPorts: '8443', ipType: 'IPv4' } };
    expect(await judged([rule(8443, { CidrIpv6: '::/0' })], port)).toEqual([]);
    expect(await judged([rule(8443)], port)).toEqual(says(8443, 'the Config rule VPC_SG_PORT_RESTRICTION_CHECK'));
  });
});

describe('the undo', () => {
  it('restores ports, range, description and tags', async () => {
    const tags = [
      { Key: 'b', Value: '2' },
      { Key: 'a', Value: '1' },
    ];
    const [change] = changes(await plan({ rules: [rule(22, { CidrIpv6: '0:0:0:0:0:0:0:0/0', Description: 'vendor', Tags: tags })] }));
    expect(change?.undo).toEqual({
      restores: 'equivalent',
      calls: [
        {
          service: 'ec2',
          operation: 'AuthorizeSecurityGroupIngress',
          retry: 'idempotent',
          input: {
            GroupId: GROUP,
            IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, Ipv6Ranges: [{ CidrIpv6: '::/0', Description: 'vendor' }] }],
            TagSpecifications: [{ ResourceType: 'security-group-rule', Tags: [...tags].reverse() }],
          },
        },
      ],
    });
  });
  it('has no ports for every protocol, and no empty description', async () => {
    const [change] = changes(await plan({ rules: [rule(-1, { IpProtocol: '-1', ToPort: -1, Description: '' })] }));
    expect(change?.undo).toMatchObject({ calls: [{ input: { GroupId: GROUP, IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] } }] });
  });

  const state = (id: string, more: JsonObject = {}): never =>
    ({ owner: ACCOUNT, open: [{ id, protocol: 'tcp', fromPort: 22, toPort: 22, cidr: '0.0.0.0/0', description: null, tags: [], ...more }] }) as never;
  it('is done if the same rule exists under another id, and not if it differs', () => {
    expect(remediator.equivalent(state('sgr-1'), state('sgr-2'))).toBe(true);
    for (const more of [{ description: 'x' }, { fromPort: 21 }, { cidr: '::/0' }, { tags: [{ Key: 'a', Value: 'b' }] }])
      expect(remediator.equivalent(state('sgr-1'), state('sgr-1', more))).toBe(false);
    expect(remediator.equivalent(state('sgr-1'), { owner: ACCOUNT, open: [] } as never)).toBe(false);
  });
});

describe('a hazard for access', () => {
  it.each([
    ['its name', { groups: { [GROUP]: { name: 'prod-bastion' } } }, [GROUP]],
    ['its description', { groups: { [GROUP]: { description: 'the jump host' } } }, [GROUP]],
    ['a tag', { groups: { [GROUP]: { tags: { role: 'Jump-Box' } } } }, [GROUP]],
    ['a tag as a stack makes it', { groups: { [GROUP]: { tags: { Role: 'BastionHost' } } } }, [GROUP]],
    ['the key of a tag', { groups: { [GROUP]: { tags: { 'acme:bastion': 'yes' } } } }, [GROUP]],
    ['an instance that uses it', { instances: { 'i-0': { group: GROUP }, 'i-1': { group: GROUP, tags: { Name: 'bastion-1' } } } }, ['i-1']],
    ['an instance that uses it on another interface', { instances: { 'i-1': { group: 'sg-2', second: GROUP, tags: { Name: 'bastion-1' } } } }, ['i-1']],
    ['an instance that a service manages and hides', { instances: { 'i-1': { group: GROUP, tags: { Name: 'bastion-1' }, hidden: true as const } } }, ['i-1']],
    ['the description of an interface that uses it', { interfaces: { 'eni-1': { group: GROUP, description: 'prod_jumphost' } } }, ['eni-1']],
    [
      'the tag of an interface that a service hides',
      { interfaces: { 'eni-1': { group: GROUP, tags: { Name: 'Bastion' }, hidden: true as const } } },
      ['eni-1'],
    ],
  ] satisfies [string, FakeRegion, string[]][])('a bastion, by %s', async (_name, region, ids) => {
    const assessment = await plan({ ...region, rules: [rule(22)] });
    expect(assessment).toMatchObject({
      status: 'change',
      hazards: [{ code: 'bastion', effect: 'approve', message: expect.stringContaining(`(${ids.join(', ')})`) }],
    });
  });
  it.each([
    'prod_bastion',
    'bastion01',
    'BastionHost',
    'MyStack-BastionSecurityGroup-1ABC',
    'my_jumphost',
    'JumpBoxes',
    'JUMP_SERVER_2',
    'ssh-gateway',
    'RDGW1',
    'bastions',
  ])('%s is a bastion', async (name) => {
    for (const region of [
      { groups: { [GROUP]: { name } } },
      { groups: { [GROUP]: { description: name } } },
      { groups: { [GROUP]: { tags: { Name: name } } } },
      { instances: { 'i-1': { group: GROUP, tags: { Name: name } } } },
    ])
      expect(await plan({ ...region, rules: [rule(22)] })).toMatchObject({ hazards: [{ code: 'bastion' }] });
  });
  it.each(['web', 'bastionade', 'jumper', 'jumpy', 'gateway', 'ssh'])('%s is not a bastion', async (name) => {
    expect(await plan({ groups: { [GROUP]: { name } }, rules: [rule(22)] })).toMatchObject({ hazards: [], changes: [{ hazards: [] }] });
  });
  it('a rule with its own description or tag, and only that one', async () => {
    const rules = [
      rule(22),
      rule(22, { CidrIpv6: '::/0', Description: 'to the bastion_host' }),
      rule(22, { CidrIpv4: '198.51.100.7/0', Tags: [{ Key: 'use', Value: 'JumpHost' }] }),
    ];
    const assessment = await plan({ rules });
    expect(assessment).toMatchObject({ hazards: [] });
    expect(changes(assessment).map(({ hazards = [] }) => hazards.map(({ code, message }) => [code, message.includes('sgr-')]))).toEqual([
      [],
      [['bastion', true]],
      [['bastion', true]],
    ]);
  });
  it('the words come from the policy', async () => {
    const words = (bastionWords: readonly string[]) => remediator.parameters({ bastionWords });
    const named = async (name: string, bastionWords: readonly string[]) => {
      const fake = fakeEc2({ groups: { [GROUP]: { name } }, rules: [rule(22)] });
      const seen = await remediator.observe({ aws: fake.aws, resource: group(), parameters: words(bastionWords) });
      if (seen === 'gone') throw new Error('gone');
      const { state, context } = seen;
      const assessment = remediator.plan({ state, context, resource: group(), parameters: words(bastionWords), observedAt: 0 });
      return assessment.status === 'change' && assessment.hazards?.some(({ code }) => code === 'bastion');
    };
    expect([await named('vendor-gate2', ['vendor gate']), await named('VendorGates', ['vendor gate']), await named('prod_bastion', ['vendor gate'])]).toEqual([
      true,
      true,
      false,
    ]);
    for (const bastionWords of [[], [''], ['-'], 'bastion', [1]]) expect(() => remediator.parameters({ bastionWords })).toThrow('bastionWords');
    expect(() => remediator.parameters({ bastions: ['x'] })).toThrow('bastions');
  });
});

describe('observing', () => {
  it('reads the tags of instances, interfaces and rules, on all pages, each separately', async () => {
    const opened = rule(22, { Tags: [{ Key: 'keep', Value: 'yes' }, { Key: 'flag' }] });
    const { tags, usedBy, parts } = await look({
      groups: { [GROUP]: { tags: { team: 'web', shared: 'group' } } },
      interfaces: { 'eni-0': { group: GROUP, tags: { shared: 'interface' } }, 'eni-1': { group: GROUP, tags: { 'redress:exception': 'EXC-1' } } },
      rules: [opened, rule(443, { Tags: [{ Key: 'no', Value: 'no' }] })],
      instances: { 'i-0': { group: 'sg-2', tags: { no: 'no' } }, 'i-1': { group: GROUP }, 'i-2': { group: GROUP, tags: { shared: 'instance', app: 'shop' } } },
    });
    expect(tags).toEqual({ team: 'web', shared: 'group' });
    expect(usedBy).toEqual([
      { type: 'AWS::EC2::NetworkInterface', id: 'eni-0', tags: { shared: 'interface' } },
      { type: 'AWS::EC2::NetworkInterface', id: 'eni-1', tags: { 'redress:exception': 'EXC-1' } },
      { type: 'AWS::EC2::Instance', id: 'i-1', tags: {} },
      { type: 'AWS::EC2::Instance', id: 'i-2', tags: { shared: 'instance', app: 'shop' } },
    ]);
    expect(parts).toEqual([
      { subject: 'tcp 22-22 0.0.0.0/0', type: 'AWS::EC2::SecurityGroupIngress', id: opened.SecurityGroupRuleId, tags: { keep: 'yes', flag: '' } },
    ]);
  });
  it('decides after one round trip, and after a second one only if a rule names a prefix list', async () => {
    expect(await waves({ rules: [rule(22)] })).toEqual([
      ['DescribeInstances', 'DescribeNetworkInterfaces', 'DescribeSecurityGroupRules', 'DescribeSecurityGroups'],
    ]);
    const listed = await waves({ rules: [rule(22, { PrefixListId: 'pl-1' }), rule(22, { PrefixListId: 'pl-2' })], prefixLists: { 'pl-1': [], 'pl-2': [] } });
    expect(listed.slice(1)).toEqual([['GetManagedPrefixListEntries', 'GetManagedPrefixListEntries']]);
  });
  describe('for a confirmation', () => {
    const USED = {
      groups: { [GROUP]: { name: 'bastion', tags: { team: 'web' } } },
      interfaces: { 'eni-1': { group: GROUP, tags: { shared: 'interface' } } },
      instances: { 'i-1': { group: GROUP, tags: { app: 'shop' } } },
      rules: [rule(22, { Tags: [{ Key: 'keep', Value: 'yes' }] }), rule(443)],
    } satisfies FakeRegion;
    const observing = async (region: FakeRegion, earlier: Awaited<ReturnType<typeof remediator.observe>> | null, refuse: Record<string, RedressError> = {}) => {
      const fake = fakeEc2(region, refuse);
      const args = { aws: fake.aws, resource: group(), parameters, purpose: 'confirmation' } as const;
      return { seen: await remediator.observe({ ...args, earlier: earlier === 'gone' ? null : earlier }), calls: [...new Set(fake.calls)] };
    };
    const decided = (region: FakeRegion) => remediator.observe({ aws: fakeEc2(region).aws, resource: group(), parameters });

    it('reads the rules, and every tag in one more call, concurrently', async () => {
      const before = await decided(USED);
      const { seen, calls } = await observing(USED, before);
      expect(calls).toEqual(['DescribeSecurityGroupRules', 'DescribeTags']);
      // What only decides is left to the plan: its hazards stay.
      expect(seen).toEqual(before);
      expect(await waves(USED, { purpose: 'confirmation', earlier: before as never })).toEqual([['DescribeSecurityGroupRules', 'DescribeTags']]);
    });
    it.each([
      ['the group', { groups: { [GROUP]: { name: 'bastion', tags: { team: 'web', 'redress:exception': 'EXC-1' } } } }, 'tags'],
      ['an interface', { interfaces: { 'eni-1': { group: GROUP, tags: { 'redress:exception': 'EXC-1' } } } }, 'usedBy'],
      ['an instance', { instances: { 'i-1': { group: GROUP, tags: { app: 'shop', 'redress:exception': 'EXC-1' } } } }, 'usedBy'],
      ['the rule', { rules: [{ ...USED.rules[0], Tags: [{ Key: 'redress:exception', Value: 'EXC-1' }] }] }, 'parts'],
    ] satisfies [string, FakeRegion, string][])('detects a tag that somebody has put on %s since', async (_what, since, member) => {
      const { seen } = await observing({ ...USED, ...since }, await decided(USED));
      expect(JSON.stringify((seen as unknown as Record<string, unknown>)[member])).toContain('EXC-1');
    });
    it('detects a rule that has changed or is gone, with its group or without', async () => {
      const before = await decided(USED);
      const changed = await observing({ ...USED, rules: [{ ...USED.rules[0], Description: 'vendor' }, rule(443)] }, before);
      expect(changed.seen).toMatchObject({ state: { open: [{ description: 'vendor' }] } });
      const closed = await observing({ ...USED, rules: [] }, before);
      expect(closed.seen).toMatchObject({ state: { owner: ACCOUNT, open: [] } });
      expect((await observing({}, before)).seen).toMatchObject({ state: { owner: ACCOUNT, open: [] }, tags: {} });
    });
    it('requests as many tags at once as a filter accepts', async () => {
      const many = { ...USED, instances: Object.fromEntries(Array.from({ length: 199 }, (_, at) => [`i-${at}`, { group: GROUP, tags: { at: String(at) } }])) };
      const before = await decided(many);
      const asked: number[] = [];
      const { ec2 } = fakeEc2(many).aws as { ec2: Record<string, (input: never) => Promise<unknown>> };
      const DescribeTags = (input: { NextToken?: string; Filters: { Values: string[] }[] }) => {
        if (input.NextToken === undefined) asked.push(input.Filters[0]?.Values.length ?? 0);
        return ec2['DescribeTags']?.(input as never);
      };
      const aws = { ec2: { ...ec2, DescribeTags } } as never;
      const seen = await remediator.observe({ aws, resource: group(), parameters, purpose: 'confirmation', earlier: before as never });
      expect(asked).toEqual([200, 1]);
      expect(seen).toEqual(before);
    });
    it('reads everything if nothing was found before', async () => {
      expect((await observing(USED, null)).calls).toEqual([
        'DescribeSecurityGroups',
        'DescribeSecurityGroupRules',
        'DescribeNetworkInterfaces',
        'DescribeInstances',
      ]);
    });
    it.each(['DescribeSecurityGroupRules', 'DescribeTags'])('throws if %s is refused', async (operation) => {
      await expect(observing(USED, await decided(USED), { [operation]: ec2Error('UnauthorizedOperation', 'aws/denied') })).rejects.toThrow(
        'UnauthorizedOperation',
      );
    });
  });
  describe('while somebody else changes the rules: the group and its rules are read at two times', () => {
    const SSH = { controls: ['EC2.13'], configRule: null, isRule: () => false, parameters: {}, observedAt: 0 };
    const torn = async (before: readonly FakeRule[], after: readonly FakeRule[]) => {
      const { state, context } = await look({ describedRules: before, rules: after });
      const args = { state, context, resource: group(), parameters };
      return { assessment: remediator.plan({ ...args, observedAt: 0 }), judged: remediator.judge?.({ ...args, claim: SSH }) };
    };

    it('a rule that is revoked in between is not open at the source', async () => {
      for (const open of [rule(22), rule(22, { CidrIpv6: '::/0' }), rule(-1, { IpProtocol: '-1', ToPort: -1 })]) {
        const { assessment, judged } = await torn([open, rule(443)], [rule(443)]);
        expect(assessment.status).toBe('compliant');
        expect(judged).toEqual([]);
      }
    });
    it('one that is added in between is found', async () => {
      const added = rule(22);
      const { assessment, judged } = await torn([], [added]);
      expect(revoked(assessment)).toEqual([[added.SecurityGroupRuleId]]);
      expect(judged).toEqual(['tcp port 22 is open to the internet, which the control EC2.13 reports and this remediator does not change']);
    });
    it('ranges that are revoked in between are not combined with those that are left', async () => {
      const [half, other, list] = [rule(22, { CidrIpv4: '0.0.0.0/2' }), rule(22, { CidrIpv4: '128.0.0.0/2' }), rule(22, { PrefixListId: 'pl-all' })];
      expect((await torn([half, other], [half])).assessment.status).toBe('compliant');
      expect((await torn([half, list], [half])).assessment.status).toBe('compliant');
      expect((await torn([half], [half, other])).assessment.status).toBe('manual');
    });
  });
  describe('for a verification', () => {
    const verify = async (region: FakeRegion, knowing = false) => {
      const decided = knowing ? await remediator.observe({ aws: fakeEc2({ ...REGION, rules: [rule(22)] }).aws, resource: group(), parameters }) : null;
      const fake = fakeEc2({ ...REGION, ...region });
      const earlier = decided === 'gone' ? null : decided;
      const seen = await remediator.observe({ aws: fake.aws, resource: group(), parameters, purpose: 'verification', earlier });
      if (seen === 'gone') throw new Error('gone');
      return { state: seen.state, calls: [...new Set(fake.calls)] };
    };
    const harmless = [rule(443), rule(22, { CidrIpv4: '10.0.0.0/8' }), rule(22, { IpProtocol: 'udp' }), rule(22, { ReferencedGroupInfo: { GroupId: 'sg-2' } })];

    it.each([
      [[]],
      [[rule(22)]],
      [[rule(22, { CidrIpv6: '::/0' })]],
      [[rule(20, { ToPort: 32 })]],
      [[rule(-1, { IpProtocol: '-1', ToPort: -1 })]],
      [[rule(22, { IpProtocol: '6', CidrIpv4: '203.0.113.9/0' })]],
    ])('reads the rules, and never what uses the group: %j', async (open) => {
      const { state, calls } = await verify({ rules: [...harmless, ...open] });
      expect(calls).toEqual(['DescribeSecurityGroups', 'DescribeSecurityGroupRules']);
      expect(await verify({ rules: [...harmless, ...open] }, true)).toEqual({ state, calls: ['DescribeSecurityGroupRules'] });
      expect(state).toEqual((await look({ rules: [...harmless, ...open] })).state);
      expect(state).toMatchObject({ open: open.map((each) => ({ id: each.SecurityGroupRuleId })) });
    });
    it('a group that is gone by then is closed; without an earlier state it is missing', async () => {
      expect(await verify({ groups: {}, rules: [] }, true)).toEqual({ state: { owner: ACCOUNT, open: [] }, calls: ['DescribeSecurityGroupRules'] });
      await expect(verify({ groups: {}, rules: [] })).rejects.toThrow('gone');
    });
  });
  it('reports a missing group', async () => {
    expect(await remediator.observe({ aws: fakeEc2({}).aws, resource: group(), parameters })).toBe('gone');
  });
  it.each(['DescribeSecurityGroups', 'DescribeSecurityGroupRules', 'DescribeNetworkInterfaces', 'DescribeInstances'])(
    'throws if %s is refused',
    async (operation) => {
      const { aws } = fakeEc2({ ...REGION, rules: [rule(22)] }, { [operation]: ec2Error('UnauthorizedOperation', 'aws/denied') });
      await expect(remediator.observe({ aws, resource: group(), parameters })).rejects.toThrow('UnauthorizedOperation');
    },
  );
});

it('discovers each group with an open rule once', async () => {
  const { aws } = fakeEc2({
    rules: [
      rule(443, { GroupId: 'sg-1' }),
      rule(22, { GroupId: 'sg-2' }),
      rule(22, { GroupId: 'sg-2', CidrIpv6: '::/0' }),
      rule(20, { ToPort: 25, GroupId: 'sg-3' }),
    ],
  });
  const found: string[] = [];
  for await (const { id } of remediator.discover?.({ aws, parameters, account: ACCOUNT, region: 'eu-west-1' } as never) ?? []) found.push(id);
  expect(found).toEqual(['sg-2', 'sg-3']);
});

describe('the list of all rules', () => {
  const rules = [
    rule(443, { GroupId: 'sg-shut' }),
    rule(443, { GroupId: 'sg-late' }),
    rule(22, { GroupId: 'sg-open' }),
    rule(22, { GroupId: 'sg-shared', GroupOwnerId: '222222222222', CidrIpv4: '10.0.0.0/8' }),
    rule(22, { GroupId: 'sg-late' }),
    rule(443, { GroupId: 'sg-unsaid', GroupOwnerId: undefined } as never),
  ];
  const listed = async () => {
    const pages: unknown[] = [];
    const { aws, called } = { called: [] as string[], ...fakeEc2({ rules }) };
    for await (const page of remediator.observeMany?.({ aws, parameters, account: ACCOUNT, region: 'eu-west-1' } as never) ?? []) pages.push(page);
    return { pages, called };
  };

  it('has the same result as a read for each group without an open rule, and none for one that may be open, anywhere in the list', async () => {
    const all = (await listed()).pages.flat() as { id: string; seen: { state: object } | null }[];
    expect(Object.fromEntries(all.map(({ id, seen }) => [id, seen?.state ?? null]))).toEqual({
      'sg-open': null,
      'sg-late': null,
      // It did not say whose it is.
      'sg-unsaid': null,
      'sg-shut': { owner: ACCOUNT, open: [] },
      'sg-shared': { owner: '222222222222', open: [] },
    });
    expect(all).toHaveLength(5);
  });
});

describe('recorded calls', () => {
  const read = (operation: string, request: JsonObject | null, response: JsonObject | null = null) =>
    remediator.apiCalls[`ec2:${operation}`]?.({
      service: 'ec2',
      operation,
      request,
      response,
      errorCode: null,
      readOnly: false,
      account: ACCOUNT,
      region: 'eu-west-1',
    } satisfies RecordedCall & {
      account: string;
      region: string;
    });
  const permissions = (...cidrs: string[]): JsonObject => ({
    items: [
      { ipProtocol: 'tcp', fromPort: 22, toPort: 22, groups: {}, ipRanges: { items: cidrs.map((cidrIp) => ({ cidrIp })) }, ipv6Ranges: {}, prefixListIds: {} },
    ],
  });

  it('an open rule: its group, and the rule by name', () => {
    expect(read('AuthorizeSecurityGroupIngress', { groupId: GROUP, ipPermissions: permissions('10.0.0.0/8', '0.0.0.0/0') })).toEqual([
      { id: GROUP, subjects: ['tcp 22-22 0.0.0.0/0'] },
    ]);
  });
  it('by group name, in the default VPC: the id is in the response', () => {
    const response = { _return: true, securityGroupRuleSet: { items: [{ groupId: GROUP, securityGroupRuleId: 'sgr-1' }] } };
    expect(read('AuthorizeSecurityGroupIngress', { groupName: 'web', ipPermissions: permissions('0.0.0.0/0') }, response)).toMatchObject([{ id: GROUP }]);
  });
  it('names what is in the request or the response', () => {
    const granted = (more: JsonObject = {}) => ({
      _return: true,
      securityGroupRuleSet: {
        items: [{ groupId: GROUP, securityGroupRuleId: 'sgr-1', isEgress: false, ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIpv4: '0.0.0.0/0', ...more }],
      },
    });
    for (const request of [null, { omitted: true }, {}]) {
      expect(read('AuthorizeSecurityGroupIngress', request, granted())).toEqual([{ id: GROUP, subjects: ['tcp 22-22 0.0.0.0/0'] }]);
      expect(read('AuthorizeSecurityGroupIngress', request, granted({ isEgress: true }))).toEqual([]);
      expect(read('AuthorizeSecurityGroupIngress', request, granted({ cidrIpv4: '192.0.2.0/24' }))).toEqual([]);
    }
    expect(read('AuthorizeSecurityGroupIngress', { groupId: GROUP, ipPermissions: permissions('0.0.0.0/0') }, granted())).toEqual([
      { id: GROUP, subjects: ['tcp 22-22 0.0.0.0/0'] },
    ]);
  });
  it('trusts neither a request nor a response if their groups differ', () => {
    const response = { securityGroupRuleSet: { items: [{ groupId: 'sg-2', isEgress: false }] } };
    expect(read('AuthorizeSecurityGroupIngress', { groupId: GROUP, ipPermissions: permissions('0.0.0.0/0') }, response)).toEqual([]);
  });
  it('checks the group for partial ranges and prefix lists, without treating them as new', () => {
    expect(read('AuthorizeSecurityGroupIngress', { groupId: GROUP, ipPermissions: permissions('0.0.0.0/1', '128.0.0.0/1') })).toEqual([
      { id: GROUP, subjects: [] },
    ]);
    const listed = { items: [{ ipProtocol: 'tcp', fromPort: 22, toPort: 22, ipRanges: {}, prefixListIds: { items: [{ prefixListId: 'pl-1' }] } }] };
    expect(read('AuthorizeSecurityGroupIngress', { groupId: GROUP, ipPermissions: listed })).toEqual([{ id: GROUP, subjects: [] }]);
    const response = {
      securityGroupRuleSet: { items: [{ groupId: GROUP, isEgress: false, ipProtocol: 'tcp', fromPort: 22, toPort: 22, prefixListId: 'pl-1' }] },
    };
    expect(read('AuthorizeSecurityGroupIngress', null, response)).toEqual([{ id: GROUP, subjects: [] }]);
  });
  it('ignores rules that open nothing', () => {
    expect(read('AuthorizeSecurityGroupIngress', { groupId: GROUP, ipPermissions: permissions('10.0.0.0/8') })).toEqual([]);
    expect(read('AuthorizeSecurityGroupIngress', { groupId: GROUP, ipProtocol: 'tcp', fromPort: 443, toPort: 443, cidrIp: '0.0.0.0/0' })).toEqual([]);
    expect(read('AuthorizeSecurityGroupIngress', { ipPermissions: permissions('0.0.0.0/0') })).toEqual([]);
    expect(read('AuthorizeSecurityGroupIngress', null)).toEqual([]);
  });
  it('checks the group of a modified rule, without treating any rule as new', () => {
    const request = {
      ModifySecurityGroupRulesRequest: { GroupId: GROUP, SecurityGroupRule: [{ SecurityGroupRuleId: 'sgr-1', SecurityGroupRule: { CidrIpv4: '0.0.0.0/0' } }] },
    };
    expect(read('ModifySecurityGroupRules', request)).toEqual([{ id: GROUP, subjects: [] }]);
    expect(read('ModifySecurityGroupRules', { groupId: GROUP })).toEqual([{ id: GROUP, subjects: [] }]);
    expect(read('ModifySecurityGroupRules', {})).toEqual([]);
    expect(read('ModifySecurityGroupRules', null)).toEqual([]);
  });
});
