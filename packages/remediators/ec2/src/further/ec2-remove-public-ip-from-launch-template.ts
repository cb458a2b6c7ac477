import { sharedOnPurpose } from '@redress/core';
import { defineLaunchTemplateSetting, each } from './launch-template.js';

/**
 * Stops the default version of a launch template from asking for public IPv4 addresses. What else it says of its interfaces stays as it is.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-25
 */
export const removePublicIpFromLaunchTemplate = defineLaunchTemplateSetting({
  id: 'ec2-remove-public-ip-from-launch-template',
  title: 'Make a version of a launch template that asks for no public address',
  controls: { 'aws-fsbp': ['EC2.25'] },
  rules: { EC2_LAUNCH_TEMPLATE_PUBLIC_IP_DISABLED: 'ec2-launch-template-public-ip-disabled' },
  alsoFoundBy: { prowler: ['ec2_launch_template_no_public_ip'] },
  blindSpots: ['Whether the subnets in which it is used have a NAT gateway or VPC endpoints: without, what is started there reaches nothing outside.'],
  inCode: {
    cloudFormation: 'AWS::EC2::LaunchTemplate NetworkInterfaces.AssociatePublicIpAddress',
    terraform: 'aws_launch_template network_interfaces.associate_public_ip_address',
  },
  member: 'NetworkInterfaces',
  fix: (interfaces) => each(interfaces, (one) => (one['AssociatePublicIpAddress'] === true ? { ...one, AssociatePublicIpAddress: false } : one)),
  hazards: [sharedOnPurpose('what is started by it would come up without a public address')],
  summary: 'ask for no public address',
});
