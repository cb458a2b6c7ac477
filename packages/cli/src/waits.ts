import { formatResource, type Wait } from '@redress/core';
import { printable } from './printable.js';

const WORDS: Readonly<Record<Wait['reason'], string>> = {
  settling: 'settling until',
  held: 'another execution holds it until',
  again: 'could not be read, next attempt at',
};

/** `settling until 10:01:00Z: AWS::EC2::SecurityGroup sg-1 (111111111111, eu-west-1), ec2-revoke-sg-open-ssh` */
export function waitLine({ reason, until, resource, remediator }: Wait): string {
  return `${WORDS[reason]} ${new Date(until).toISOString().slice(11, 19)}Z: ${printable(formatResource(resource))}, ${printable(remediator)}`;
}
