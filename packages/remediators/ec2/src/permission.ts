import { isIP } from 'node:net';
import { isRecord } from '@redress/core';

/** One ingress permission from one address range, in one spelling for API replies, CloudTrail requests and responses. */
export interface Permission {
  /** `tcp`, `udp`, `icmp`, `-1`, or a protocol number. */
  readonly protocol: string;
  /** Null: all ports. */
  readonly fromPort: number | null;
  readonly toPort: number | null;
  readonly cidr: string;
}

const PROTOCOL_NAMES: Readonly<Record<string, string>> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6', all: '-1' };

/** A protocol in one spelling: CloudTrail and the API give names or numbers. */
export function protocolOf(value: unknown): string {
  const text = String(value ?? '').toLowerCase();
  return PROTOCOL_NAMES[text] ?? text;
}

/**
 * Whether an address range is the whole internet. Prefix length 0 is, whatever stands before it: host bits do not count
 * (`203.0.113.9/0`), and IPv6 has many spellings (`::/0`, `0:0:0:0:0:0:0:0/0`).
 */
export function isWorld(cidr: string): boolean {
  return /^[0-9a-f.:]+\/0+$/i.test(cidr);
}

/**
 * Whether an IPv6 range holds the internet: every global unicast address there is so far is in `2000::/3`, so `::/1` and `2000::/3` are as
 * wide as `::/0`.
 *
 * @see https://www.iana.org/assignments/ipv6-unicast-address-assignments
 */
export function isWideIpv6(cidr: string): boolean {
  const [address = '', prefix = ''] = cidr.split('/');
  if (!address.includes(':') || !/^\d+$/.test(prefix)) return false;
  const length = Number(prefix);
  if (length > 3) return false;
  const first = /^[0-9a-f]{1,4}/i.exec(address)?.[0] ?? '0';
  const mask = (0xffff << (16 - length)) & 0xffff;
  return (Number.parseInt(first, 16) & mask) === (0x2000 & mask);
}

/** A range in one spelling, as far as it is the world; others as they are. */
export function normalCidr(cidr: string): string {
  if (!isWorld(cidr)) return cidr;
  return cidr.includes(':') ? '::/0' : '0.0.0.0/0';
}

/** Whether a permission lets a port in over one of the protocols. */
export function covers(permission: Pick<Permission, 'protocol' | 'fromPort' | 'toPort'>, port: number, protocols: readonly string[]): boolean {
  if (permission.protocol === '-1') return true;
  if (!protocols.includes(permission.protocol)) return false;
  return (permission.fromPort ?? 0) <= port && port <= (permission.toPort ?? 65_535);
}

type Ports = Pick<Permission, 'protocol' | 'fromPort' | 'toPort'>;

const rangeOfPorts = ({ fromPort, toPort }: Ports) => ({ from: fromPort ?? 0, to: toPort ?? 65_535 });

/** Whether it lets in none but some ports. */
export function onlyPorts(permission: Ports, ports: readonly number[]): boolean {
  const { from, to } = rangeOfPorts(permission);
  // From more ports than there are to choose from some are others.
  return (
    permission.protocol !== '-1' &&
    to - from < ports.length &&
    Array.from({ length: to - from + 1 }, (_, at) => from + at).every((port) => ports.includes(port))
  );
}

/** Whether it lets in every port of TCP or of UDP, or every protocol. */
export function isAllTraffic(permission: Ports): boolean {
  const { from, to } = rangeOfPorts(permission);
  return permission.protocol === '-1' || (['tcp', 'udp'].includes(permission.protocol) && from <= 1 && to === 65_535);
}

/**
 * Ports that nobody on the internet has to reach.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
 */
export const HIGH_RISK_PORTS: readonly number[] = [
  20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300,
];

/** A port, or a range of them: `443`, `1024-2048`; null: it is none. */
export function portsIn(text: string): { readonly from: number; readonly to: number } | null {
  const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  return first !== undefined && from <= to && to <= 65_535 ? { from, to } : null;
}

/**
 * Permissions of TCP and UDP that let in to more than what is authorised, and whether all that they let in is. Those of other protocols have no
 * ports, and are none of them.
 */
export function beyond(authorized: { readonly tcp: readonly string[]; readonly udp: readonly string[] }): {
  covers(permission: Ports): boolean;
  only(permission: Ports): boolean;
} {
  const known = (protocol: 'tcp' | 'udp') => authorized[protocol].flatMap((text) => portsIn(text) ?? []).sort((a, b) => a.from - b.from);
  const ranges: Readonly<Record<string, ReturnType<typeof known>>> = { tcp: known('tcp'), udp: known('udp') };
  return {
    covers(permission) {
      if (permission.protocol === '-1') return true;
      const { from, to } = rangeOfPorts(permission);
      const allowed = ranges[permission.protocol];
      if (allowed === undefined) return false;
      let next = from;
      for (const each of allowed) if (each.from <= next && each.to >= next) next = each.to + 1;
      return next <= to;
    },
    only(permission) {
      const { from, to } = rangeOfPorts(permission);
      const allowed = ranges[permission.protocol];
      return allowed?.every((each) => each.to < from || each.from > to) === true;
    },
  };
}

/**
 * The name of a permission within its group. EC2 refuses a second equal permission, so it is unique, and CloudTrail always has it, while
 * rule ids are missing in older records.
 */
export function subjectOf(permission: Permission): string {
  const ports = permission.fromPort === null && permission.toPort === null ? 'all' : `${permission.fromPort ?? 0}-${permission.toPort ?? 65_535}`;
  return `${permission.protocol} ${permission.protocol === '-1' ? 'all' : ports} ${normalCidr(permission.cidr)}`;
}

/** -1 means all ports in EC2's answers; missing means the same in requests. */
export function portOf(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}

/** The address permissions in a recorded AuthorizeSecurityGroupIngress request: flat, or as a list; each may be spelled either way. */
export function requestedPermissions(request: unknown): readonly Permission[] {
  if (!isRecord(request)) return [];
  return [
    ...itemsOf(request['ipPermissions']).flatMap((item) => [
      ...itemsOf(item['ipRanges']).flatMap((range) => permissionOf(item, range['cidrIp'])),
      ...itemsOf(item['ipv6Ranges']).flatMap((range) => permissionOf(item, range['cidrIpv6'])),
    ]),
    ...permissionOf(request, request['cidrIp']),
    ...permissionOf(request, request['cidrIpv6']),
  ];
}

/** Those in its response, where it names the rules that it made: the request may be left out of the record. */
export function grantedPermissions(response: unknown): readonly Permission[] {
  return grantedRules(response).flatMap((rule) => [...permissionOf(rule, rule['cidrIpv4']), ...permissionOf(rule, rule['cidrIpv6'])]);
}

/** Whether a recorded AuthorizeSecurityGroupIngress let in a prefix list. */
export function letsPrefixListIn(request: unknown, response: unknown): boolean {
  const asked = itemsOf(isRecord(request) ? request['ipPermissions'] : undefined).some((item) => itemsOf(item['prefixListIds']).length > 0);
  return asked || grantedRules(response).some((rule) => typeof rule['prefixListId'] === 'string');
}

/** The ingress rules that a response names. */
export function grantedRules(response: unknown): readonly Record<string, unknown>[] {
  return itemsOf(isRecord(response) ? response['securityGroupRuleSet'] : undefined).filter((rule) => rule['isEgress'] !== true);
}

function permissionOf(source: Record<string, unknown>, cidr: unknown): readonly Permission[] {
  if (typeof cidr !== 'string') return [];
  return [{ protocol: protocolOf(source['ipProtocol']), fromPort: portOf(source['fromPort']), toPort: portOf(source['toPort']), cidr }];
}

/** CloudTrail writes an EC2 list as `{ items: […] }`, and an empty one as `{}`. */
function itemsOf(list: unknown): readonly Record<string, unknown>[] {
  const items = isRecord(list) ? list['items'] : list;
  return Array.isArray(items) ? items.filter(isRecord) : [];
}

/** A range of addresses as first and last number, in its family; null when it is none. */
function rangeOf(cidr: string): { readonly family: 4 | 6; readonly from: bigint; readonly to: bigint } | null {
  const [address = '', prefix = ''] = cidr.split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || !/^\d{1,3}$/.test(prefix)) return null;
  const bits = family === 4 ? 32 : 128;
  const length = Number(prefix);
  if (length > bits) return null;
  const size = 1n << BigInt(bits - length);
  const from = (numberOf(address, family) / size) * size;
  return { family, from, to: from + size };
}

/**
 * Whether a range holds the whole of another one.
 *
 * @example holds('10.0.0.0/8', '10.1.0.0/16') === true
 */
export function holds(outer: string, inner: string): boolean {
  const [wide, narrow] = [rangeOf(outer), rangeOf(inner)];
  return wide !== null && narrow !== null && wide.family === narrow.family && wide.from <= narrow.from && narrow.to <= wide.to;
}

function numberOf(address: string, family: 4 | 6): bigint {
  if (family === 4) return address.split('.').reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
  // The form of URLs has no addresses in dots at its end, and no zeros in front.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail)];
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return all.reduce((sum, part) => (sum << 16n) + BigInt(`0x${part}`), 0n);
}

/** Where the internet is, and half of it: whoever lets that many in lets anybody in. */
const INTERNET = {
  4: { from: 0n, to: 1n << 32n },
  // Global unicast, `2000::/3`.
  6: { from: 1n << 125n, to: 1n << 126n },
} as const;

/**
 * Whether ranges together hold half of the internet or more, of IPv4 or of IPv6: `0.0.0.0/1` and `128.0.0.0/1` are as open as `0.0.0.0/0`, and no
 * rule that looks at one range alone finds them.
 *
 * @example spansInternet(['0.0.0.0/1', '128.0.0.0/1']) === true
 */
export function spansInternet(cidrs: readonly string[]): boolean {
  const ranges = cidrs.map(rangeOf).filter((range) => range !== null);
  return ([4, 6] as const).some((family) => {
    const { from, to } = INTERNET[family];
    let held = 0n;
    let at = from;
    for (const range of ranges.filter((each) => each.family === family).sort((a, b) => (a.from < b.from ? -1 : 1))) {
      const end = range.to < to ? range.to : to;
      if (end <= at) continue;
      // What lies before was counted with the range before.
      if (range.from > at) at = range.from;
      held += end - at;
      at = end;
    }
    return held * 2n >= to - from;
  });
}

/** Whether a range may be a piece of the internet: wider than `10.0.0.0/8`, so that some dozens hold it. */
export function isPiece(cidr: string): boolean {
  const range = rangeOf(cidr);
  if (range === null) return false;
  const { from, to } = INTERNET[range.family];
  const overlap = (range.to < to ? range.to : to) - (range.from > from ? range.from : from);
  return overlap * 256n > to - from;
}
