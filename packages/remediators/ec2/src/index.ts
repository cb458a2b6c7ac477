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
import { closeDefaultSecurityGroup } from './further/ec2-close-default-security-group.js';
import { createEc2InterfaceEndpoint } from './further/ec2-create-ec2-interface-endpoint.js';
import { disableSubnetAutoPublicIp } from './further/ec2-disable-subnet-auto-public-ip.js';
import { disableTgwAutoAccept } from './further/ec2-disable-tgw-auto-accept.js';
import { enableClientVpnLogging } from './further/ec2-enable-client-vpn-logging.js';
import { enableSiteVpnLogging } from './further/ec2-enable-site-vpn-logging.js';
import { enableSourceDestCheck } from './further/ec2-enable-source-dest-check.js';
import { enableVpcFlowLogs } from './further/ec2-enable-vpc-flow-logs.js';
import { encryptVolumesInLaunchTemplate } from './further/ec2-encrypt-volumes-in-launch-template.js';
import { limitImdsHopCount } from './further/ec2-limit-imds-hop-count.js';
import { makeAmiPrivate } from './further/ec2-make-ami-private.js';
import { makeEbsSnapshotPrivate } from './further/ec2-make-ebs-snapshot-private.js';
import { removePublicIpFromLaunchTemplate } from './further/ec2-remove-public-ip-from-launch-template.js';
import { replaceSgAllTrafficOpen } from './further/ec2-replace-sg-all-traffic-open.js';
import { reportDefaultRouteToIgw } from './further/ec2-report-default-route-to-igw.js';
import { reportInstancePublicIp } from './further/ec2-report-instance-public-ip.js';
import { reportInstanceWithoutProfile } from './further/ec2-report-instance-without-profile.js';
import { reportUnauthorizedInternetGateway } from './further/ec2-report-unauthorized-internet-gateway.js';
import { reportUnusedNetworkAcl } from './further/ec2-report-unused-network-acl.js';
import { reportUnusedSecurityGroup } from './further/ec2-report-unused-security-group.js';
import { requireImdsv2InLaunchTemplate } from './further/ec2-require-imdsv2-in-launch-template.js';
import { requireImdsv2OnInstance } from './further/ec2-require-imdsv2-on-instance.js';
import { revokeNaclOpenAdminPorts } from './further/ec2-revoke-nacl-open-admin-ports.js';
import { revokeSgOpenHighRiskPorts } from './further/ec2-revoke-sg-open-high-risk-ports.js';
import { revokeSgUnauthorizedOpenPorts } from './further/ec2-revoke-sg-unauthorized-open-ports.js';
import { setImdsv2AccountDefault } from './further/ec2-set-imdsv2-account-default.js';

export {
  closeDefaultSecurityGroup,
  createEc2InterfaceEndpoint,
  disableSubnetAutoPublicIp,
  disableTgwAutoAccept,
  enableClientVpnLogging,
  enableEbsEncryptionByDefault,
  enableSiteVpnLogging,
  enableSourceDestCheck,
  enableVpcFlowLogs,
  encryptVolumesInLaunchTemplate,
  limitImdsHopCount,
  makeAmiPrivate,
  makeEbsSnapshotPrivate,
  removePublicIpFromLaunchTemplate,
  replaceSgAllTrafficOpen,
  reportDefaultRouteToIgw,
  reportInstancePublicIp,
  reportInstanceWithoutProfile,
  reportUnauthorizedInternetGateway,
  reportUnencryptedEbsVolumes,
  reportUnusedNetworkAcl,
  reportUnusedSecurityGroup,
  requireImdsv2InLaunchTemplate,
  requireImdsv2OnInstance,
  revokeNaclOpenAdminPorts,
  revokeSgOpenAdminExisting,
  revokeSgOpenAdminIpv6,
  revokeSgOpenHighRiskPorts,
  revokeSgOpenRdp,
  revokeSgOpenSsh,
  revokeSgUnauthorizedOpenPorts,
  setImdsv2AccountDefault,
};

/** Those that come with the command. */
export const ec2Remediators: readonly Remediator[] = [
  revokeSgOpenSsh,
  revokeSgOpenRdp,
  revokeSgOpenAdminIpv6,
  revokeSgOpenAdminExisting,
  enableEbsEncryptionByDefault,
  reportUnencryptedEbsVolumes,
];

/** Those that do not come with the command. */
export const furtherEc2Remediators: readonly Remediator[] = [
  makeEbsSnapshotPrivate,
  enableVpcFlowLogs,
  disableSubnetAutoPublicIp,
  requireImdsv2OnInstance,
  closeDefaultSecurityGroup,
  revokeSgOpenHighRiskPorts,
  revokeSgUnauthorizedOpenPorts,
  replaceSgAllTrafficOpen,
  reportDefaultRouteToIgw,
  reportInstancePublicIp,
  reportInstanceWithoutProfile,
  reportUnauthorizedInternetGateway,
  makeAmiPrivate,
  disableTgwAutoAccept,
  revokeNaclOpenAdminPorts,
  setImdsv2AccountDefault,
  limitImdsHopCount,
  enableSourceDestCheck,
  enableClientVpnLogging,
  requireImdsv2InLaunchTemplate,
  removePublicIpFromLaunchTemplate,
  encryptVolumesInLaunchTemplate,
  reportUnusedSecurityGroup,
  reportUnusedNetworkAcl,
  enableSiteVpnLogging,
  createEc2InterfaceEndpoint,
];
