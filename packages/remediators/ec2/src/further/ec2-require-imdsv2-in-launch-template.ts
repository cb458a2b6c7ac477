import { defineLaunchTemplateSetting } from './launch-template.js';

/**
 * Requires session tokens for the metadata of what is started by the default version of a launch template. The other metadata options stay as they are.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-170
 */
export const requireImdsv2InLaunchTemplate = defineLaunchTemplateSetting({
  id: 'ec2-require-imdsv2-in-launch-template',
  title: 'Make a version of a launch template that requires IMDSv2',
  controls: { 'aws-fsbp': ['EC2.170'] },
  rules: { EC2_LAUNCH_TEMPLATE_IMDSV2_CHECK: 'ec2-launch-template-imdsv2-check' },
  alsoFoundBy: { prowler: ['ec2_launch_template_imdsv2_required'] },
  blindSpots: ['Whether anything on its instances calls without a token: the metric MetadataNoToken of CloudWatch counts that, and is not read.'],
  inCode: { cloudFormation: 'AWS::EC2::LaunchTemplate MetadataOptions.HttpTokens', terraform: 'aws_launch_template metadata_options.http_tokens' },
  member: 'MetadataOptions',
  fix: (options) => ({ ...options, HttpTokens: 'required' }),
  hazards: [
    {
      code: 'one-hop',
      effect: 'approve',
      what: 'It lets a token travel one hop: containers that are not in the network of their host get none, and no credentials.',
      advice: 'Give tasks and pods roles of their own, or the template a hop limit of 2, where containers run. Then approve.',
      when: (options) => (options !== null && 'HttpPutResponseHopLimit' in options && options.HttpPutResponseHopLimit === 1 ? 'Its hop limit is 1' : null),
    },
  ],
  summary: 'require session tokens for instance metadata',
});
