/**
 * Remediators for EC2 and EBS.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableEbsEncryptionByDefault } from './ec2-enable-ebs-encryption-by-default.js';
import { reportUnencryptedEbsVolumes } from './ec2-report-unencrypted-ebs-volumes.js';
import { revokeSgOpenAdminExisting } from './ec2-revoke-sg-open-admin-existing.js';
import { revokeSgOpenAdminIpv6 } from './ec2-revoke-sg-open-admin-ipv6.js';
import { revokeSgOpenRdp } from './ec2-revoke-sg-open-rdp.js';
import { revokeSgOpenSsh } from './ec2-revoke-sg-open-ssh.js';

export { enableEbsEncryptionByDefault, reportUnencryptedEbsVolumes, revokeSgOpenAdminExisting, revokeSgOpenAdminIpv6, revokeSgOpenRdp, revokeSgOpenSsh };

/** Every remediator of this package. */
export const ec2Remediators: readonly Remediator[] = [
  revokeSgOpenSsh,
  revokeSgOpenRdp,
  revokeSgOpenAdminIpv6,
  revokeSgOpenAdminExisting,
  enableEbsEncryptionByDefault,
  reportUnencryptedEbsVolumes,
];
