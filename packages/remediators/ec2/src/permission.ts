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

/** Whether it lets in that port alone. */
export function onlyPort(permission: Pick<Permission, 'protocol' | 'fromPort' | 'toPort'>, port: number): boolean {
  return permission.protocol !== '-1' && permission.fromPort === port && permission.toPort === port;
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
  const found: Permission[] = [];
  const add = (source: Record<string, unknown>, cidr: unknown) => {
    if (typeof cidr === 'string')
      found.push({ protocol: protocolOf(source['ipProtocol']), fromPort: portOf(source['fromPort']), toPort: portOf(source['toPort']), cidr });
  };
  for (const item of itemsOf(request['ipPermissions'])) {
    for (const range of itemsOf(item['ipRanges'])) add(item, range['cidrIp']);
    for (const range of itemsOf(item['ipv6Ranges'])) add(item, range['cidrIpv6']);
  }
  add(request, request['cidrIp']);
  add(request, request['cidrIpv6']);
  return found;
}

/** CloudTrail writes an EC2 list as `{ items: […] }`, and an empty one as `{}`. */
function itemsOf(list: unknown): readonly Record<string, unknown>[] {
  const items = isRecord(list) ? list['items'] : list;
  return Array.isArray(items) ? items.filter(isRecord) : [];
}
