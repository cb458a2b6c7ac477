// Events in the form in which AWS sends them, as text.
export const ACCOUNT = '111111111111';

export const apiCall = JSON.stringify({
  version: '0',
  id: '0d079340-135a-4f2c-95c6-7f7a0b1f2e3d',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.ec2',
  account: ACCOUNT,
  time: '2026-11-02T09:15:30Z',
  region: 'eu-west-1',
  resources: [],
  detail: {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLEEXAMPLE01:kim',
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/Developer/kim`,
      accountId: ACCOUNT,
      accessKeyId: 'ASIAEXAMPLEEXAMPLE01',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: 'AROAEXAMPLEEXAMPLE01',
          arn: `arn:aws:iam::${ACCOUNT}:role/teams/Developer`,
          accountId: ACCOUNT,
          userName: 'Developer',
        },
        attributes: { creationDate: '2026-11-02T08:00:00Z', mfaAuthenticated: 'true' },
      },
    },
    eventTime: '2026-11-02T09:15:00Z',
    eventSource: 'ec2.amazonaws.com',
    eventName: 'AuthorizeSecurityGroupIngress',
    awsRegion: 'eu-west-1',
    sourceIPAddress: '198.51.100.7',
    userAgent: 'aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython cfg/retry-mode#standard',
    requestParameters: {
      groupId: 'sg-0a1b2c3d4e5f60718',
      ipPermissions: {
        items: [
          {
            ipProtocol: 'tcp',
            fromPort: 22,
            toPort: 22,
            groups: {},
            ipRanges: { items: [{ cidrIp: '0.0.0.0/0', description: 'vendor support' }] },
            ipv6Ranges: {},
            prefixListIds: {},
          },
        ],
      },
    },
    responseElements: {
      requestId: '5a8f1c2e-0b3d-4e6f-8a90-1b2c3d4e5f60',
      _return: true,
      securityGroupRuleSet: {
        items: [
          {
            groupOwnerId: ACCOUNT,
            groupId: 'sg-0a1b2c3d4e5f60718',
            securityGroupRuleId: 'sgr-0f1e2d3c4b5a69788',
            description: 'vendor support',
            isEgress: false,
            ipProtocol: 'tcp',
            fromPort: 22,
            toPort: 22,
            cidrIpv4: '0.0.0.0/0',
          },
        ],
      },
    },
    requestID: '5a8f1c2e-0b3d-4e6f-8a90-1b2c3d4e5f60',
    eventID: 'b1946ac9-2f4e-4c1d-9a57-3d2f1e0c9b8a',
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
    tlsDetails: { tlsVersion: 'TLSv1.3', cipherSuite: 'TLS_AES_128_GCM_SHA256', clientProvidedHostHeader: 'ec2.eu-west-1.amazonaws.com' },
  },
});

const group = `arn:aws:ec2:eu-west-1:${ACCOUNT}:security-group/sg-0a1b2c3d4e5f60718`;
const findingId = `arn:aws:securityhub:eu-west-1:${ACCOUNT}:subscription/aws-foundational-security-best-practices/v/1.0.0/EC2.13/finding/7c9e6679-7425-40de-944b-e07fc1f90ae7`;
export const finding = JSON.stringify({
  version: '0',
  id: '9f1d3b5a-7c2e-4a60-8b4d-1e2f3a4b5c6d',
  'detail-type': 'Security Hub Findings - Imported',
  source: 'aws.securityhub',
  account: ACCOUNT,
  time: '2026-11-02T09:20:06Z',
  region: 'eu-west-1',
  resources: [`arn:aws:securityhub:eu-west-1::product/aws/securityhub/${findingId}`],
  detail: {
    findings: [
      {
        SchemaVersion: '2018-10-08',
        Id: findingId,
        ProductArn: 'arn:aws:securityhub:eu-west-1::product/aws/securityhub',
        ProductName: 'Security Hub',
        CompanyName: 'AWS',
        Region: 'eu-west-1',
        GeneratorId: 'aws-foundational-security-best-practices/v/1.0.0/EC2.13',
        AwsAccountId: ACCOUNT,
        Types: ['Software and Configuration Checks/Industry and Regulatory Standards/AWS-Foundational-Security-Best-Practices'],
        FirstObservedAt: '2026-11-02T09:20:00.000Z',
        LastObservedAt: '2026-11-02T09:20:05.000Z',
        CreatedAt: '2026-11-02T09:20:00.000Z',
        UpdatedAt: '2026-11-02T09:20:01.123Z',
        Severity: { Product: 70, Label: 'HIGH', Normalized: 70, Original: 'HIGH' },
        Title: 'EC2.13 Security groups should not allow ingress from 0.0.0.0/0 or ::/0 to port 22',
        Description: 'This control checks whether an Amazon EC2 security group allows ingress from 0.0.0.0/0 or ::/0 to port 22. The control fails if it does.',
        Remediation: {
          Recommendation: {
            Text: 'For information on how to correct this issue, consult the AWS Security Hub controls documentation.',
            Url: 'https://docs.aws.amazon.com/console/securityhub/EC2.13/remediation',
          },
        },
        ProductFields: {
          StandardsArn: 'arn:aws:securityhub:::standards/aws-foundational-security-best-practices/v/1.0.0',
          StandardsSubscriptionArn: `arn:aws:securityhub:eu-west-1:${ACCOUNT}:subscription/aws-foundational-security-best-practices/v/1.0.0`,
          ControlId: 'EC2.13',
          RecommendationUrl: 'https://docs.aws.amazon.com/console/securityhub/EC2.13/remediation',
          'RelatedAWSResources:0/name': 'securityhub-restricted-ssh-3f2a1b0c',
          'RelatedAWSResources:0/type': 'AWS::Config::ConfigRule',
          StandardsControlArn: `arn:aws:securityhub:eu-west-1:${ACCOUNT}:control/aws-foundational-security-best-practices/v/1.0.0/EC2.13`,
          'aws/securityhub/ProductName': 'Security Hub',
          'aws/securityhub/CompanyName': 'AWS',
          'Resources:0/Id': group,
          'aws/securityhub/FindingId': `arn:aws:securityhub:eu-west-1::product/aws/securityhub/${findingId}`,
        },
        Resources: [
          {
            Type: 'AwsEc2SecurityGroup',
            Id: group,
            Partition: 'aws',
            Region: 'eu-west-1',
            Details: {
              AwsEc2SecurityGroup: {
                GroupName: 'web',
                GroupId: 'sg-0a1b2c3d4e5f60718',
                OwnerId: ACCOUNT,
                VpcId: 'vpc-0a1b2c3d',
                IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
                IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
              },
            },
          },
        ],
        Compliance: {
          Status: 'FAILED',
          SecurityControlId: 'EC2.13',
          AssociatedStandards: [{ StandardsId: 'standards/aws-foundational-security-best-practices/v/1.0.0' }],
        },
        WorkflowState: 'NEW',
        Workflow: { Status: 'NEW' },
        RecordState: 'ACTIVE',
        FindingProviderFields: {
          Severity: { Label: 'HIGH', Original: 'HIGH' },
          Types: ['Software and Configuration Checks/Industry and Regulatory Standards/AWS-Foundational-Security-Best-Practices'],
        },
      },
    ],
  },
});
