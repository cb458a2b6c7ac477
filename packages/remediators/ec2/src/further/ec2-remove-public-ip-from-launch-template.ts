import { sharedOnPurpose } from '@redress/core';
import { defineLaunchTemplateSetting, each } from './launch-template.js';

/**
 * Stops the default version of a launch template from asking for public IPv4 addresses. What else it says of its interfaces stays as it is.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-25
 */
export const removePublicIpFromLaunchTemplate = defineLaunchTemplateSetting({
  id: 'ec2-remove-public-ip-from-launch-template',
  title: 'Create a launch template version that requests no public address',
  controls: { 'aws-fsbp': ['EC2.25'] },
  rules: { EC2_LAUNCH_TEMPLATE_PUBLIC_IP_DISABLED: 'ec2-launch-template-public-ip-disabled' },
  alsoFoundBy: { prowler: ['ec2_launch_template_no_public_ip'] },
  blindSpots: ['Whether the subnets where it is used have a NAT gateway or VPC endpoints: without them, new instances reach nothing outside.'],
  inCode: {
    cloudFormation: 'AWS::EC2::LaunchTemplate NetworkInterfaces.AssociatePublicIpAddress',
    terraform: 'aws_launch_template network_interfaces.associate_public_ip_address',
  },
  member: 'NetworkInterfaces',
  fix: (interfaces) => each(interfaces, (one) => (one['AssociatePublicIpAddress'] === true ? { ...one, AssociatePublicIpAddress: false } : one)),
  hazards: [sharedOnPurpose('new instances from it would have no public address')],
  summary: 'request no public address',
});
