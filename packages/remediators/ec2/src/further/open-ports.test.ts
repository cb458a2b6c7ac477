import type { Assessment, Remediator } from '@redress/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCOUNT, type FakeRegion, fakeEc2, GROUP, group, rule } from '../../test/fake.js';
import { replaceSgAllTrafficOpen, revokeSgOpenAdminExisting, revokeSgOpenHighRiskPorts, revokeSgUnauthorizedOpenPorts } from '../index.js';
import { beyond } from '../permission.js';

async function look(of: Remediator, rules: NonNullable<FakeRegion['rules']>, given: object = {}) {
  const parameters = of.parameters(given);
  const { aws } = fakeEc2({ groups: { [GROUP]: {} }, rules });
  const seen = await of.observe({ aws, resource: group(), parameters });
  if (seen === 'gone') throw new Error('gone');
  return { seen, parameters, assessment: of.plan({ state: seen.state, context: seen.context, resource: group(), parameters, observedAt: 0 }) };
}
const assess = async (...args: Parameters<typeof look>): Promise<Assessment> => (await look(...args)).assessment;
/** What is sent, and the hazards of each. */
function revoked(assessment: Assessment) {
  if (assessment.status !== 'change') throw new Error(`${assessment.status}, not a change`);
  return assessment.changes.map(({ call: { operation, input }, hazards = [] }) => [operation, input, hazards.map(({ code }) => code)]);
}
const revoke = (id: string | undefined, ...hazards: string[]) => ['RevokeSecurityGroupIngress', { GroupId: GROUP, SecurityGroupRuleIds: [id] }, hazards];
const all = (more = {}) => rule(-1, { IpProtocol: '-1', ToPort: -1, ...more });

describe('high-risk ports', () => {
  const HIGH_RISK = [20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300];
  it.each(HIGH_RISK)('include %i', async (port) => {
    const open = rule(port);
    expect(revoked(await assess(revokeSgOpenHighRiskPorts, [open]))).toEqual([revoke(open.SecurityGroupRuleId)]);
  });
  it('are reported for a rule of several of them, and for one with others', async () => {
    const [several, wide, every] = [rule(20, { ToPort: 23 }), rule(3300, { ToPort: 3400 }), all()];
    expect(revoked(await assess(revokeSgOpenHighRiskPorts, [several, wide, every]))).toEqual([
      revoke(several.SecurityGroupRuleId),
      revoke(wide.SecurityGroupRuleId, 'wide-rule'),
      revoke(every.SecurityGroupRuleId, 'wide-rule'),
    ]);
  });
  it('do not include others, or ranges that are not open to everybody', async () => {
    expect((await assess(revokeSgOpenHighRiskPorts, [rule(443), rule(3306, { CidrIpv4: '10.0.0.0/8' }), rule(3306, { IpProtocol: 'icmp' })])).status).toBe(
      'compliant',
    );
  });
  it('are those of the policy, if it names some', async () => {
    const own = rule(8443);
    expect(revoked(await assess(revokeSgOpenHighRiskPorts, [rule(3306), own], { ports: [8443] }))).toEqual([revoke(own.SecurityGroupRuleId)]);
    for (const ports of [[], [65_536], [-1], ['22'], null]) expect(() => revokeSgOpenHighRiskPorts.parameters({ ports })).toThrow('ports');
  });
  it('of a Config rule that blocks others stay open according to the rule', async () => {
    const { seen, parameters } = await look(revokeSgOpenHighRiskPorts, [rule(4444)]);
    const claim = (blocked: string) => ({
      configRule: 'restricted-common-ports',
      controls: [],
      parameters: { blockedPort1: blocked },
      observedAt: 0,
      isRule: (name: string) => name === 'restricted-common-ports',
    });
    const judged = (blocked: string) =>
      revokeSgOpenHighRiskPorts.judge?.({ state: seen.state, context: seen.context, claim: claim(blocked) as never, resource: group(), parameters });
    expect(judged('4444')).toEqual([
      'tcp port 4444 is open to the internet, which the Config rule restricted-common-ports reports and this remediator does not change',
    ]);
    expect(judged('3306')).toEqual([]);
  });
  it('are closed by the same call as of a narrower remediator, so that one exception covers both', async () => {
    const open = [rule(22)];
    expect(revoked(await assess(revokeSgOpenHighRiskPorts, open))).toEqual(revoked(await assess(revokeSgOpenAdminExisting, open)));
    expect(
      [revokeSgOpenAdminExisting, revokeSgOpenHighRiskPorts, revokeSgUnauthorizedOpenPorts, replaceSgAllTrafficOpen].map(({ breadth }) => breadth),
    ).toEqual([20, 30, 40, 50]);
  });
});

describe('unauthorized ports', () => {
  it('are all except 443, of TCP and UDP', async () => {
    const [web, dns, wide, every] = [rule(80), rule(53, { IpProtocol: 'udp' }), rule(440, { ToPort: 450 }), all({ CidrIpv4: undefined, CidrIpv6: '::/0' })];
    const others = [rule(443), rule(8, { IpProtocol: 'icmp', ToPort: -1 }), rule(-1, { IpProtocol: '50' }), rule(80, { CidrIpv4: '192.0.2.0/24' })];
    expect(revoked(await assess(revokeSgUnauthorizedOpenPorts, [...others, web, dns, wide, every]))).toEqual([
      revoke(web.SecurityGroupRuleId),
      revoke(dns.SecurityGroupRuleId),
      // 443 would go with it.
      revoke(wide.SecurityGroupRuleId, 'wide-rule'),
      revoke(every.SecurityGroupRuleId, 'wide-rule'),
    ]);
  });
  it('are those outside of every range of the policy', async () => {
    const given = { authorizedTcp: ['80', '1024-2048', '2049-3000'], authorizedUdp: ['53'] };
    const over = rule(2000, { ToPort: 3001 });
    const rules = [rule(80), rule(1024, { ToPort: 3000 }), rule(53, { IpProtocol: 'udp' }), over];
    expect(revoked(await assess(revokeSgUnauthorizedOpenPorts, rules, given))).toEqual([revoke(over.SecurityGroupRuleId, 'wide-rule')]);
    expect(revoked(await assess(revokeSgUnauthorizedOpenPorts, [rules[0] ?? {}, over], { authorizedTcp: [] })).map(([, , hazards]) => hazards)).toEqual([
      [],
      [],
    ]);
  });
  it.each(['443-80', '65536', 'https', '', '1-', '-1'])('do not include the invalid port %j', (text) => {
    expect(() => revokeSgUnauthorizedOpenPorts.parameters({ authorizedTcp: [text] })).toThrow('authorizedTcp');
  });
  it('are reported as open by a rule or a control that authorizes others', async () => {
    const { seen, parameters } = await look(revokeSgUnauthorizedOpenPorts, [rule(443), rule(80)], { authorizedTcp: ['80', '443'] });
    const judged = (more: object) =>
      revokeSgUnauthorizedOpenPorts.judge?.({
        state: seen.state,
        context: seen.context,
        claim: { configRule: null, controls: [], parameters: {}, observedAt: 0, isRule: () => false, ...more } as never,
        resource: group(),
        parameters,
      });
    const byRule = (authorizedTcpPorts: string) => ({
      configRule: 'open-only',
      parameters: { authorizedTcpPorts },
      isRule: (name: string) => name === 'VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS',
    });
    expect(judged(byRule('443'))).toEqual([
      'tcp 80-80 0.0.0.0/0 is open to the internet, which the Config rule open-only reports and this remediator does not change',
    ]);
    expect(judged(byRule('443,70-90'))).toEqual([]);
    expect(judged({ controls: ['EC2.18'] })).toEqual([]);
  });
  it('leave only authorized ports, for all lists and rules', () => {
    const range = fc.tuple(fc.nat(60), fc.nat(10)).map(([first, more]) => ({ from: first, to: first + more }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 6 }), range, (allowed, { from, to }) => {
        const ports = Array.from({ length: to - from + 1 }, (_, at) => from + at);
        const isAllowed = (port: number) => allowed.some((each) => each.from <= port && port <= each.to);
        const { covers, only } = beyond({ tcp: allowed.map((each) => `${each.from}-${each.to}`), udp: [] });
        const permission = { protocol: 'tcp', fromPort: from, toPort: to };
        expect([covers(permission), only(permission)]).toEqual([!ports.every(isAllowed), !ports.some(isAllowed)]);
        expect(covers({ ...permission, protocol: 'udp' })).toBe(true);
      }),
    );
  });
});

describe('a rule that allows everything', () => {
  const keep = ['tcp/443'];
  it('stays if the policy does not name what has to be reachable', async () => {
    expect(await assess(replaceSgAllTrafficOpen, [all()])).toMatchObject({
      status: 'manual',
      message: expect.stringMatching(/The policy does not say what has to stay/),
    });
    const every = all();
    expect(revoked(await assess(replaceSgAllTrafficOpen, [every], { keep: [] }))).toEqual([revoke(every.SecurityGroupRuleId, 'wide-rule')]);
  });
  it('stays until each kept port has its own rule, from the same range', async () => {
    const [v4, v6] = [all(), rule(0, { ToPort: 65_535, CidrIpv6: '::/0' })];
    expect(await assess(replaceSgAllTrafficOpen, [v4, v6, rule(443), rule(443, { CidrIpv4: '10.0.0.0/8' })], { keep })).toMatchObject({
      status: 'manual',
      message: `${v4.SecurityGroupRuleId}, ${v6.SecurityGroupRuleId} of ${GROUP} opens everything to the internet, and tcp/443 ::/0 would be lost with it: no rule of its own allows that.`,
      steps: [
        `aws ec2 authorize-security-group-ingress --group-id ${GROUP} --ip-permissions IpProtocol=tcp,FromPort=443,ToPort=443,Ipv6Ranges=[{CidrIpv6=::/0}]`,
        'An approval for the wide rule is requested when the next pass finds these rules.',
      ],
    });
    expect(revoked(await assess(replaceSgAllTrafficOpen, [v4, v6, rule(443), rule(400, { ToPort: 500, CidrIpv6: '::/0' })], { keep }))).toEqual([
      revoke(v4.SecurityGroupRuleId),
      revoke(v6.SecurityGroupRuleId),
    ]);
  });
  it.each([
    ['another port', rule(444)],
    ['a part of the range', rule(1024, { ToPort: 2000 })],
    ['another protocol', rule(1024, { ToPort: 2048, IpProtocol: 'udp' })],
    ['the wide rule for UDP', rule(0, { ToPort: 65_535, IpProtocol: 'udp' })],
  ])('is not kept by %s', async (_, beside) => {
    expect((await assess(replaceSgAllTrafficOpen, [all(), beside], { keep: ['tcp/1024-2048'] })).status).toBe('manual');
  });
  it('is one of every protocol, or of every port of TCP or UDP', async () => {
    const wide = [all(), rule(1, { ToPort: 65_535 }), rule(0, { ToPort: 65_535, IpProtocol: 'udp' })];
    const others = [rule(2, { ToPort: 65_535 }), rule(-1, { ToPort: -1, IpProtocol: 'icmp' }), all({ CidrIpv4: '10.0.0.0/8' })];
    expect(
      revoked(await assess(replaceSgAllTrafficOpen, [...others, ...wide], { keep: [] })).map(
        ([, input]) => (input as { SecurityGroupRuleIds: string[] }).SecurityGroupRuleIds,
      ),
    ).toEqual(wide.map((each) => [each.SecurityGroupRuleId]));
    expect((await assess(replaceSgAllTrafficOpen, others, { keep: [] })).status).toBe('compliant');
  });
  it('is planned again if the rule for a kept port is removed: that is part of the state', async () => {
    const rules = [all(), rule(443)];
    const [before, after] = [await look(replaceSgAllTrafficOpen, rules, { keep }), await look(replaceSgAllTrafficOpen, rules.slice(0, 1), { keep })];
    expect([before.seen.state, after.seen.state]).toEqual([
      { owner: ACCOUNT, open: [expect.anything()], beside: ['tcp/443 0.0.0.0/0'] },
      { owner: ACCOUNT, open: [expect.anything()], beside: [] },
    ]);
  });
  it('is never opened again', () => {
    for (const { uses } of [revokeSgOpenHighRiskPorts, revokeSgUnauthorizedOpenPorts, replaceSgAllTrafficOpen])
      expect(uses.writes.flatMap(({ operations }) => operations)).toEqual(['RevokeSecurityGroupIngress']);
  });
  it.each(['443', 'icmp/8', 'tcp/', 'tcp/https', 'tcp/443-80'])('refuses %j as a port to keep', (text) => {
    expect(() => replaceSgAllTrafficOpen.parameters({ keep: [text] })).toThrow('keep');
  });
});

it.each([revokeSgOpenHighRiskPorts, revokeSgUnauthorizedOpenPorts, replaceSgAllTrafficOpen])(
  '$id: every call that opens something to everybody is checked',
  ({ apiCalls }) => {
    const read = (cidrIp: string) =>
      apiCalls['ec2:AuthorizeSecurityGroupIngress']?.({
        request: { groupId: GROUP, ipPermissions: { items: [{ ipProtocol: 'tcp', fromPort: 9999, toPort: 9999, ipRanges: { items: [{ cidrIp }] } }] } },
        response: null,
        actor: null,
        account: ACCOUNT,
        region: 'eu-west-1',
      } as never);
    expect(read('0.0.0.0/0')).toEqual([{ id: GROUP, subjects: ['tcp 9999-9999 0.0.0.0/0'] }]);
    expect(read('10.0.0.0/8')).toEqual([]);
  },
);
