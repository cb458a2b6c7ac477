import { defineLaunchTemplateSetting } from './launch-template.js';

/**
 * Requires session tokens for the metadata of what is started by the default version of a launch template. The other metadata options stay as they are.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-170
 */
export const requireImdsv2InLaunchTemplate = defineLaunchTemplateSetting({
  id: 'ec2-require-imdsv2-in-launch-template',
  title: 'Create a launch template version that requires IMDSv2',
  controls: { 'aws-fsbp': ['EC2.170'] },
  rules: { EC2_LAUNCH_TEMPLATE_IMDSV2_CHECK: 'ec2-launch-template-imdsv2-check' },
  alsoFoundBy: { prowler: ['ec2_launch_template_imdsv2_required'] },
  blindSpots: ['Whether anything on its instances calls without a token: the CloudWatch metric MetadataNoToken counts such calls, and is not read.'],
  inCode: { cloudFormation: 'AWS::EC2::LaunchTemplate MetadataOptions.HttpTokens', terraform: 'aws_launch_template metadata_options.http_tokens' },
  member: 'MetadataOptions',
  fix: (options) => ({ ...options, HttpTokens: 'required' }),
  hazards: [
    {
      code: 'one-hop',
      effect: 'approve',
      what: 'Its hop limit is 1: containers outside the host network get no token, and no credentials.',
      advice: 'Where containers run, give tasks and pods their own roles, or set the hop limit of the template to 2. Then approve.',
      when: (options) => (options !== null && 'HttpPutResponseHopLimit' in options && options.HttpPutResponseHopLimit === 1 ? 'Its hop limit is 1' : null),
    },
  ],
  summary: 'require session tokens for instance metadata',
});
