import { defineSetting, isGone, needs, shortLived } from '@redress/core';
import * as z from '@redress/core/parameters';
import { rds } from './client.js';
import { packageRef } from './package-ref.js';
import { dbSnapshot } from './resources.js';

const parameters = z.strictObject({
  kmsKeyArn: z
    .optional(z.kmsKeyArn())
    .check(z.describe('The KMS key of the copies: symmetric, enabled, in their region, and usable by whoever restores them.')),
});

/** The name of the copy. */
const copyOf = (id: string) => `${id}-encrypted`;

/**
 * Makes an encrypted copy of a manual snapshot that is not encrypted, after a person has said yes. The original stays: who restores by its name, or
 * shares it, only people know, and they delete it.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-4
 */
export const encryptSnapshotCopy = defineSetting({
  on: dbSnapshot,
  id: 'rds-encrypt-snapshot-copy',
  title: 'Create an encrypted copy of an unencrypted snapshot',
  package: packageRef,
  controls: { 'aws-fsbp': ['RDS.4'] },
  rules: { RDS_SNAPSHOT_ENCRYPTED: 'rds-snapshot-encrypted' },
  calls: { 'rds:CreateDBSnapshot': 'request.dBSnapshotIdentifier', 'rds:CopyDBSnapshot': 'request.targetDBSnapshotIdentifier' },
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Who restores the original by its name, and with which accounts it is shared: the copy is not shared.',
    'Whether the fix role may use the key (`kms:CreateGrant`, `kms:DescribeKey`): if not, RDS rejects the copy.',
    'What the copy costs, and how long it takes: it counts towards the quota of snapshots.',
  ],
  parameters,
  read: {
    reads: [rds.pick('DescribeDBSnapshots')],
    async of({ aws, id, found }) {
      const { Encrypted, SnapshotType, DBInstanceIdentifier, OriginalSnapshotCreateTime } = await found();
      const here = { encrypted: Encrypted, kind: SnapshotType };
      if (Encrypted !== false) return { ...here, copy: 'none' as const };
      let copies: Awaited<ReturnType<typeof aws.rds.DescribeDBSnapshots>>['DBSnapshots'];
      try {
        copies = (await aws.rds.DescribeDBSnapshots({ DBSnapshotIdentifier: copyOf(id) })).DBSnapshots;
      } catch (error) {
        if (isGone(error)) return { ...here, copy: 'none' as const };
        throw error;
      }
      const [other] = copies ?? [];
      const isCopy =
        other?.Encrypted === true &&
        other.DBInstanceIdentifier === DBInstanceIdentifier &&
        other.OriginalSnapshotCreateTime !== undefined &&
        other.OriginalSnapshotCreateTime.getTime() === OriginalSnapshotCreateTime?.getTime();
      return { ...here, copy: isCopy ? ('made' as const) : ('another' as const) };
    },
  },
  hazards: [shortLived('its copy costs money, and nobody deletes it')],
  rollback: { restores: 'nothing', what: 'Redress never deletes a snapshot: the copy stays until a person deletes it.', not: [] },
  inCode: { cloudFormation: 'none: it does not contain snapshots', terraform: 'aws_db_snapshot_copy kms_key_id' },
  instead({ now: { encrypted, kind, copy }, id, parameters: { kmsKeyArn } }) {
    if (encrypted) return null;
    if (kind !== 'manual')
      return {
        status: 'manual',
        message: `The snapshot ${id} is not encrypted. It is not a manual snapshot: it is deleted with the backups that it belongs to.`,
        steps: ['Encrypt the instance: rds-report-unencrypted-instance describes how. Its later snapshots are encrypted.'],
      };
    if (copy === 'made')
      return {
        status: 'manual',
        message: `The snapshot ${id} is not encrypted. ${copyOf(id)} is its encrypted copy.`,
        steps: [`Wait until ${copyOf(id)} is available, and restore it once.`, `Switch whoever restores or shares ${id} to the copy. Then delete ${id}.`],
        flagged: true,
      };
    if (copy === 'another')
      return {
        status: 'manual',
        message: `The snapshot ${id} is not encrypted, and another snapshot already has the name of its copy, ${copyOf(id)}.`,
        steps: ['Copy it by hand under another name, with a KMS key.', `Delete ${id} when nobody restores or shares it any more.`],
      };
    return needs('rds-encrypt-snapshot-copy', `The snapshot ${id} is not encrypted`, { kmsKeyArn });
  },
  wanted: ({ now }) => (now.encrypted ? now : { ...now, copy: 'made' as const }),
  open: ({ id }) => [`delete the snapshot ${id} when nobody restores or shares it any more`],
  writes: [rds.pick('CopyDBSnapshot')],
  write: ({ id, parameters: { kmsKeyArn = '' } }) =>
    rds.call('CopyDBSnapshot', {
      SourceDBSnapshotIdentifier: id,
      TargetDBSnapshotIdentifier: copyOf(id),
      KmsKeyId: kmsKeyArn,
      // An exception of the original holds for the copy.
      CopyTags: true,
    }),
  summary: ({ id }) => `copy ${id} to ${copyOf(id)}, encrypted`,
});
