import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, isWideIpv6, isWorld, normalCidr, onlyPorts, portOf, protocolOf, requestedPermissions, subjectOf } from './permission.js';

describe('the internet', () => {
  it.each(['0.0.0.0/0', '203.0.113.9/0', '0.0.0.0/00', '::/0', '::0/0', '0:0:0:0:0:0:0:0/0', '2001:DB8::1/0', '::ffff:1.2.3.4/0'])('includes %s', (cidr) => {
    expect(isWorld(cidr)).toBe(true);
  });
  it.each(['10.0.0.0/8', '0.0.0.0/1', '0.0.0.0/32', '0.0.0.0', '::/1', '::/128', '::1/10', '/0', '', 'pl-0123/0', '0.0.0.0/0 10.0.0.0/8', 'any'])(
    'does not include %j',
    (cidr) => {
      expect(isWorld(cidr)).toBe(false);
    },
  );
  it('has one spelling for each family, and other ranges keep theirs', () => {
    expect(['203.0.113.9/0', '0:0:0:0:0:0:0:0/0', '10.1.2.3/8', '2001:DB8::/32'].map(normalCidr)).toEqual(['0.0.0.0/0', '::/0', '10.1.2.3/8', '2001:DB8::/32']);
  });
  it('is exactly a prefix of no bits', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 128 }), (address, bits) => {
        expect(isWorld(`${address}/${bits}`)).toBe(bits === 0);
      }),
    );
  });
});

describe('protocols and ports', () => {
  it.each([
    ['tcp', 'tcp'],
    ['TCP', 'tcp'],
    ['6', 'tcp'],
    [6, 'tcp'],
    ['17', 'udp'],
    ['-1', '-1'],
    [-1, '-1'],
    ['all', '-1'],
    ['50', '50'],
    [undefined, ''],
    [null, ''],
  ])('%j is %s', (given, protocol) => {
    expect(protocolOf(given)).toBe(protocol);
  });
  it.each([
    [22, 22],
    [0, 0],
    [-1, null],
    [undefined, null],
    ['22', null],
  ])('have %j as port %j', (given, port) => {
    expect(portOf(given)).toBe(port);
  });

  const permission = (protocol: string, fromPort: number | null, toPort: number | null) => ({ protocol, fromPort, toPort });
  it.each([
    [permission('tcp', 22, 22), true, true],
    [permission('tcp', 20, 22), true, false],
    [permission('tcp', 22, 23), true, false],
    [permission('tcp', 0, 65_535), true, false],
    [permission('tcp', null, null), true, false],
    [permission('-1', null, null), true, false],
    // EC2 ignores ports where every protocol is meant.
    [permission('-1', 22, 22), true, false],
    [permission('-1', 443, 443), true, false],
    [permission('tcp', 23, 65_535), false, false],
    [permission('tcp', 0, 21), false, false],
    [permission('udp', 22, 22), false, true],
    [permission('icmp', 22, 22), false, true],
    [permission('', 22, 22), false, true],
  ])('%j allows 22/tcp: %s; only that port: %s', (each, covered, only) => {
    expect([covers(each, 22, ['tcp']), onlyPorts(each, [22])]).toEqual([covered, only]);
  });
});

const permission = fc.record({
  protocol: fc.constantFrom('tcp', 'udp', 'icmp', '-1', '50'),
  fromPort: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: null }),
  toPort: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: null }),
  cidr: fc.constantFrom('0.0.0.0/0', '203.0.113.9/0', '::/0', '0:0:0:0:0:0:0:0/0', '10.0.0.0/8', '2001:db8::/32'),
});

describe('the name of a permission', () => {
  it('is the same for the same permission in another spelling, and for no other', () => {
    const canonical = ({ protocol, fromPort, toPort, cidr }: { protocol: string; fromPort: number | null; toPort: number | null; cidr: string }) => {
      const ports = fromPort === null && toPort === null ? [] : [fromPort ?? 0, toPort ?? 65_535];
      return JSON.stringify([protocol, protocol === '-1' ? [] : ports, normalCidr(cidr)]);
    };
    fc.assert(
      fc.property(permission, permission, (one, other) => {
        expect(subjectOf(one) === subjectOf(other)).toBe(canonical(one) === canonical(other));
      }),
    );
  });
});

describe('a recorded request', () => {
  const items = (...list: object[]) => (list.length === 0 ? {} : { items: list });

  it('in lists names each range of each permission, without groups and prefix lists', () => {
    const request = {
      groupId: 'sg-1',
      ipPermissions: items(
        {
          ipProtocol: '6',
          fromPort: 20,
          toPort: 32,
          groups: items({ groupId: 'sg-2' }),
          ipRanges: items({ cidrIp: '0.0.0.0/0', description: 'x' }, { cidrIp: '10.0.0.0/8' }),
          ipv6Ranges: items({ cidrIpv6: '::/0' }),
          prefixListIds: items({ prefixListId: 'pl-1' }),
        },
        { ipProtocol: '-1', groups: {}, ipRanges: items({ cidrIp: '203.0.113.9/0' }), ipv6Ranges: {}, prefixListIds: {} },
      ),
    };
    expect(requestedPermissions(request)).toEqual([
      { protocol: 'tcp', fromPort: 20, toPort: 32, cidr: '0.0.0.0/0' },
      { protocol: 'tcp', fromPort: 20, toPort: 32, cidr: '10.0.0.0/8' },
      { protocol: 'tcp', fromPort: 20, toPort: 32, cidr: '::/0' },
      { protocol: '-1', fromPort: null, toPort: null, cidr: '203.0.113.9/0' },
    ]);
  });

  it('flat', () => {
    expect(requestedPermissions({ groupId: 'sg-1', ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0' })).toEqual([
      { protocol: 'tcp', fromPort: 22, toPort: 22, cidr: '0.0.0.0/0' },
    ]);
    expect(requestedPermissions({ groupId: 'sg-1', ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIpv6: '::/0' })).toMatchObject([{ cidr: '::/0' }]);
  });

  it('with lists that are arrays', () => {
    expect(requestedPermissions({ ipPermissions: [{ ipProtocol: 'tcp', ipRanges: [{ cidrIp: '0.0.0.0/0' }] }] })).toMatchObject([
      { protocol: 'tcp', fromPort: null, cidr: '0.0.0.0/0' },
    ]);
  });

  it('of any other shape names nothing, and never throws', () => {
    for (const odd of [null, 'x', 1, [], {}, { ipPermissions: 'x' }, { ipPermissions: { items: [null, 1, { ipRanges: { items: [{ cidrIp: 7 }] } }] } }])
      expect(requestedPermissions(odd)).toEqual([]);
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (odd) => {
        expect(Array.isArray(requestedPermissions({ ipPermissions: odd, cidrIp: odd }))).toBe(true);
      }),
    );
  });
});

describe('wide IPv6 ranges', () => {
  it.each([
    ['::/0', true],
    ['0:0:0:0:0:0:0:0/0', true],
    ['::/1', true],
    ['::/2', true],
    ['2000::/3', true],
    ['2a00::/3', true],
    ['3FFF::/3', true],
    ['2000::/4', false],
    ['::/3', false],
    ['4000::/2', false],
    ['8000::/1', false],
    ['fc00::/7', false],
    ['fe80::/10', false],
    ['2001:db8::/32', false],
    ['0.0.0.0/0', false],
    ['10.0.0.0/1', false],
    ['::', false],
    ['::/', false],
    ['', false],
  ])('%s: %s', (cidr, wide) => {
    expect(isWideIpv6(cidr)).toBe(wide);
  });
});
