import { hash } from 'node:crypto';

/** The namespace of all names here; created once, at random. */
const NAMESPACE = Buffer.from('5f1c8a526f0e4c0b9c552b8f1d0b7a36', 'hex');

/**
 * The UUID of a name, version 5: the same name always gives the same UUID.
 *
 * @example uuidOf('finding', 'ec2-revoke-sg-open-ssh')
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.5
 */
export function uuidOf(...parts: readonly string[]): string {
  const name = JSON.stringify(parts);
  const length = NAMESPACE.length + Buffer.byteLength(name);
  // Called for each event, so the input is assembled in one reused buffer.
  const bytes = length <= ROOM.length ? ROOM : Buffer.alloc(length);
  NAMESPACE.copy(bytes);
  bytes.write(name, NAMESPACE.length);
  const hex = hash('sha1', bytes.subarray(0, length), 'hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
const ROOM = Buffer.alloc(1024);
