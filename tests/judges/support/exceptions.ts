// What the models of botocore would refuse, and is right all the same: each with its reason. One that is not met any more fails.

/** Absences that mean something: `remediator service:operation member: what it is taken for`. */
export const ABSENCES: readonly { readonly what: RegExp; readonly why: string }[] = [
  { what: /\bTags?(?:List)?\[\]\.Value: |TagsList\[\]\.Value: /, why: 'A tag without a value is a tag: its key alone says what it says.' },
  { what: / EC2:Describe\w+ [\w[\].]*\bTags: /, why: 'EC2 leaves the tags of what has none out.' },
  { what: / IAM:GetUser User\.Tags: /, why: 'IAM leaves the tags of a user who has none out.' },
  { what: / API Gateway:GetStage (?:tags|methodSettings): /, why: 'API Gateway leaves both out of a stage that has none.' },
  { what: / SSM:ListTagsForResource TagList: /, why: 'Systems Manager leaves the list out where there is nothing in it.' },
  {
    what: / CloudWatch Logs:DescribeLogGroups logGroups\[\]\.retentionInDays: compliant(?: by a sweep)?$/,
    why: 'A group without it keeps its events for ever, which is long enough.',
  },
  {
    what: / EC2:DescribeSnapshotAttribute CreateVolumePermissions\[\]\.Group: compliant$/,
    why: 'A permission is of a group, or of an account that is named: one without a group is of an account.',
  },
  {
    what: / EC2:DescribeNetworkInterfaces NetworkInterfaces\[\]\.TagSet.*: without the hazard appliance$/,
    why: 'Tags that are not there say nothing of an appliance.',
  },
  {
    what: / EC2:DescribeLaunchTemplateVersions LaunchTemplateVersions\[\]\.LaunchTemplateData\.(?:BlockDeviceMappings|NetworkInterfaces)[^:]*: compliant$/,
    why: 'A template that names no volume or address leaves them to the image and the subnet.',
  },
  {
    what: / EC2:DescribeLaunchTemplateVersions LaunchTemplateVersions\[\]\.LaunchTemplateData\.MetadataOptions[^:]*: without the hazard one-hop$/,
    why: 'A template without a hop limit leaves it to the image and the account.',
  },
  {
    what: /^s3-enable-bucket-key S3:GetBucketEncryption .*\.ApplyServerSideEncryptionByDefault/,
    why: 'Only encryption with KMS has a bucket key, and a rule that names no key uses the one of AWS.',
  },
  {
    what: / S3:GetBucketLifecycleConfiguration Rules\[\]\.Filter\.Prefix: compliant$/,
    why: 'A filter without a prefix takes every object.',
  },
  { what: /^s3-report-missing-version-lifecycle S3:GetBucketVersioning Status: not-applicable$/, why: 'A bucket that was never versioned has no status.' },
  {
    what: / EC2:DescribeRouteTables RouteTables\[\]\.Routes\[\]\.GatewayId: /,
    why: 'A route goes to one of many kinds of targets: one without a gateway goes elsewhere.',
  },
  {
    what: / EC2:GetInstanceMetadataDefaults AccountLevel\.HttpPutResponseHopLimit: without the hazard one-hop$/,
    why: 'EC2 leaves out what nobody has set: then images and launches decide.',
  },
  {
    what: / IAM:GetAccountPasswordPolicy PasswordPolicy\.HardExpiry: without the hazard hard-expiry$/,
    why: 'A password policy that says nothing of it locks nobody out.',
  },
  { what: / IAM:ListVirtualMFADevices VirtualMFADevices\[\]\.User: compliant$/, why: 'A device without a user is assigned to nobody.' },
  {
    what: / ECS:DescribeTaskDefinition taskDefinition\.containerDefinitions\[\]\.privileged: compliant$/,
    why: 'A container for which nobody asked for it is not privileged.',
  },
  {
    what: / ECS:DescribeTaskDefinition taskDefinition\.(?:networkMode|pidMode): compliant$/,
    why: 'ECS leaves both out where nobody has set them: then a task has a network and processes of its own.',
  },
  { what: / Lambda:GetFunctionConfiguration VpcConfig: not-applicable$/, why: 'Lambda leaves it out of a function that was never in a VPC.' },
  { what: / Secrets Manager:DescribeSecret RotationEnabled: not-applicable$/, why: 'Secrets Manager leaves it out of a secret that was never rotated.' },
  { what: / RDS:DescribeDBInstances DBInstances\[\]\.ReadReplicaSourceDBInstanceIdentifier: /, why: 'An instance without a source is no replica.' },
];

/** Errors of reads that say that something is missing and are not taken for *gone*, or are and do not say so: `service:operation error: as it is taken`. */
export const ERRORS: readonly { readonly what: RegExp; readonly why: string }[] = [
  {
    what: /^ACM:(?:DescribeCertificate|ListTagsForCertificate) InvalidArnException: aws\/invalid$/,
    why: 'It is the answer to an ARN of something else. A certificate that is not there answers ResourceNotFoundException.',
  },
  {
    what: /^RDS:(?:DescribeDBProxies|ListTagsForResource) (?:DB\w+|Tenant\w+)NotFoundFault: aws\/gone$/,
    why: 'The model does not describe them. What is not there is what is looked at, or has the tags.',
  },
  {
    what: /^EFS:DescribeBackupPolicy PolicyNotFound: aws\/gone$/,
    why: 'No backup policy was ever set: the remediator knows the error by its name, and takes it for backups that are off.',
  },
  {
    what: /^OpenSearch:\w+ ValidationException: aws\/invalid$/,
    why: 'The model describes it as ResourceNotFoundException, which there is as well. It is the answer to bad input.',
  },
  {
    what: /^IAM:GetCredentialReport CredentialReportNotPresentException: aws\/invalid$/,
    why: 'What is missing is the report, and not the account. The remediator knows the error by its name, and asks a person.',
  },
  {
    what: /^IAM:GetCredentialReport CredentialReportNotReadyException: aws\/gone$/,
    why: 'IAM sends it with 404. The remediator knows the error by its name, and asks a person.',
  },
  {
    what: /^IAM:ListServiceSpecificCredentials ServiceNotSupportedException: aws\/gone$/,
    why: 'IAM sends it with 404, to who asks for one service. Nobody does here.',
  },
  {
    what: /^Organizations:DescribeEffectivePolicy EffectivePolicyNotFoundException: aws\/gone$/,
    why: 'No such policy is in force for the account: the remediator takes that for one that is missing.',
  },
  {
    what: /^SSM:DescribeDocument(?:Permission)? InvalidDocument(?:Version)?: aws\/invalid$/,
    why: 'It is the answer to a bad name, too. The remediator of documents knows it by its name. Where the document is a runbook, what is gone is not the resource.',
  },
];

/** Members that a write leaves out although they were read: `purpose service:operation member`. */
export const LEFT_OUT: readonly { readonly what: RegExp; readonly why: string }[] = [
  { what: / CloudTrail:UpdateTrail /, why: 'What is left out stays as it is.' },
  { what: / DynamoDB:UpdateTable /, why: 'What is left out stays as it is.' },
  { what: / EC2:ModifyImageAttribute /, why: 'Only who is named may launch it more, or less.' },
  { what: / EC2:ModifyTransitGateway /, why: 'Options that are left out stay as they are.' },
  { what: / EC2:ModifySubnetAttribute /, why: 'One attribute is set by each call; the others stay.' },
  { what: / EC2:ModifyInstanceMetadataOptions /, why: 'EC2 maintains the state of options that are left out; that moto resets them is a mistake of its own.' },
  { what: / EC2:ModifyInstanceMetadataDefaults /, why: 'Defaults that are left out stay as they are.' },
  { what: / EC2:ModifyLaunchTemplate /, why: 'It sets the default version, and nothing else.' },
  {
    what: / EC2:ModifyVpnTunnelOptions TunnelOptions\.(?!LogOptions)/,
    why: 'Options that are left out stay as they are.',
  },
  {
    what: / EC2:ModifyVpnTunnelOptions TunnelOptions\.LogOptions\.CloudWatchLogOptions\./,
    why: 'What one tunnel says of its logs is not of the other one: a tunnel is changed with its own options, whole.',
  },
  { what: / EC2:ModifyNetworkInterfaceAttribute /, why: 'One attribute is set by each call; the others stay.' },
  { what: / EC2:ModifyClientVpnEndpoint (?!ConnectionLogOptions)/, why: 'What is left out stays as it is.' },
  {
    what: /^fix EC2:ModifyClientVpnEndpoint ConnectionLogOptions\.CloudwatchLogStream$/,
    why: 'The stream is of the log group that is replaced: the policy names another one, or EC2 makes one. The undo puts it back.',
  },
  { what: / Elastic Load Balancing v2:ModifyListener (?!DefaultActions)/, why: 'Properties that are left out stay as they are.' },
  {
    what: /^fix Elastic Load Balancing v2:ModifyListener DefaultActions\./,
    why: 'The redirect takes the place of the actions; the undo puts them back whole.',
  },
  {
    what: / Elastic Load Balancing:ModifyLoadBalancerAttributes LoadBalancerAttributes\.(?!AccessLog\.)/,
    why: 'Attributes that are left out stay as they are.',
  },
  {
    what: /^undo Elastic Load Balancing:ModifyLoadBalancerAttributes LoadBalancerAttributes\.AccessLog\./,
    why: 'While nothing is logged, a bucket that is named has no effect. The rollback says that it does not bring its name back.',
  },
  { what: / GuardDuty:UpdateDetector /, why: 'What is left out stays as it is.' },
  { what: / Lambda:UpdateFunctionUrlConfig /, why: 'What is left out stays as it is.' },
  { what: / OpenSearch:UpdateDomainConfig /, why: 'What is left out stays as it is.' },
  { what: / RDS:ModifyDB(?:Instance|Cluster|Proxy) /, why: 'What is left out stays as it is.' },
  {
    what: / CloudWatch Logs:PutAccountPolicy (?:scope|selectionCriteria)$/,
    why: 'Of several policies one may say nothing of it: what another one says is not its own.',
  },
  { what: / Redshift:ModifyCluster /, why: 'What is left out stays as it is.' },
  { what: / (?:RDS:ModifyDB|Redshift:ModifyCluster)ParameterGroup Parameters\./, why: 'A parameter is set by its name and value; the rest describes it.' },
  {
    what: / SSM:ModifyDocumentPermission SharedDocumentVersion$/,
    why: 'What is taken from everybody is taken in whatever version; it is shared again in the one that was read.',
  },
  {
    what: / WAFV2:PutLoggingConfiguration LoggingConfiguration\.ManagedByFirewallManager$/,
    why: 'Firewall Manager alone sets it; what was read is that of the web ACL.',
  },
  { what: /^undo DynamoDB:UpdateContinuousBackups PointInTimeRecoverySpecification\.RecoveryPeriodInDays$/, why: 'What is turned off has no period.' },
  {
    what: /^undo Lambda:PutResourcePolicy RevisionId$/,
    why: 'By then the policy has another revision: the engine compares it with the one after the fix before it rolls back.',
  },
  { what: / IAM:UpdateAccountPasswordPolicy MaxPasswordAge$/, why: 'An age of 0 is none, which is said by leaving it out: IAM takes no 0.' },
  {
    what: /^fix S3:PutBucketEncryption ServerSideEncryptionConfiguration\.Rules\.ApplyServerSideEncryptionByDefault\.KMSMasterKeyID$/,
    why: 'The default that names the key is what is replaced: by SSE-S3, which has none, or by SSE-KMS with the key of the policy. The undo puts it back.',
  },
  {
    what: / S3:PutBucketVersioning VersioningConfiguration\.MFADelete$/,
    why: 'Only the root user with a device changes it: where it is on, S3 refuses the call; where it is off, leaving it out keeps it off.',
  },
];
