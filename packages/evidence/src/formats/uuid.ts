import { hash } from 'node:crypto';

/** Of everything that is named here; made once, at random. */
const NAMESPACE = Buffer.from('5f1c8a526f0e4c0b9c552b8f1d0b7a36', 'hex');

/**
 * The UUID of a name, version 5: the same name has the same one, wherever and whenever it is made.
 *
 * @example uuidOf('finding', 'ec2-revoke-sg-open-ssh')
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.5
 */
export function uuidOf(...parts: readonly string[]): string {
  const bytes = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(JSON.stringify(parts))]), 'buffer').subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
