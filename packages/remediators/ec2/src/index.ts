/**
 * Remediators for EC2 and EBS.
 *
 * @packageDocumentation
 */
import type { Remediator } from '@redress/core';
import { enableEbsEncryptionByDefault } from './ec2-enable-ebs-encryption-by-default.js';
import { reportUnencryptedEbsVolumes } from './ec2-report-unencrypted-ebs-volumes.js';
import { revokeSgOpenRdp } from './ec2-revoke-sg-open-rdp.js';
import { revokeSgOpenSsh } from './ec2-revoke-sg-open-ssh.js';

export { enableEbsEncryptionByDefault, reportUnencryptedEbsVolumes, revokeSgOpenRdp, revokeSgOpenSsh };

/** Every remediator of this package. */
export const ec2Remediators: readonly Remediator[] = [revokeSgOpenSsh, revokeSgOpenRdp, enableEbsEncryptionByDefault, reportUnencryptedEbsVolumes];
