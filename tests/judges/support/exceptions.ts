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
    why: 'A group without it keeps its events forever, which is long enough.',
  },
  {
    what: / EC2:DescribeSnapshotAttribute CreateVolumePermissions\[\]\.Group: compliant$/,
    why: 'A permission belongs to a group or to a named account: without a group, it belongs to an account.',
  },
  {
    what: / EC2:DescribeNetworkInterfaces NetworkInterfaces\[\]\.TagSet.*: without the hazard appliance$/,
    why: 'Tags that are not there say nothing of an appliance.',
  },
  {
    what: / EC2:DescribeLaunchTemplateVersions LaunchTemplateVersions\[\]\.LaunchTemplateData\.(?:BlockDeviceMappings|NetworkInterfaces)[^:]*: compliant$/,
    why: 'If a template has no volume or address settings, the image and the subnet decide.',
  },
  {
    what: / EC2:DescribeLaunchTemplateVersions LaunchTemplateVersions\[\]\.LaunchTemplateData\.MetadataOptions[^:]*: without the hazard one-hop$/,
    why: 'If a template has no hop limit, the image and the account decide.',
  },
  {
    what: /^s3-enable-bucket-key S3:GetBucketEncryption .*\.ApplyServerSideEncryptionByDefault/,
    why: 'Only encryption with KMS has a bucket key, and a rule without a key uses the AWS managed key.',
  },
  {
    what: / S3:GetBucketLifecycleConfiguration Rules\[\]\.Filter\.Prefix: compliant$/,
    why: 'A filter without a prefix takes every object.',
  },
  { what: /^s3-report-missing-version-lifecycle S3:GetBucketVersioning Status: not-applicable$/, why: 'A bucket that was never versioned has no status.' },
  {
    what: / EC2:DescribeRouteTables RouteTables\[\]\.Routes\[\]\.GatewayId: /,
    why: 'A route has one of many kinds of targets: a route without a gateway has another kind.',
  },
  {
    what: / EC2:GetInstanceMetadataDefaults AccountLevel\.HttpPutResponseHopLimit: without the hazard one-hop$/,
    why: 'EC2 omits what was never set: then images and launches decide.',
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
    why: 'ECS omits both if they were never set: then a task has its own network and process namespace.',
  },
  { what: / Lambda:GetFunctionConfiguration VpcConfig: not-applicable$/, why: 'Lambda leaves it out of a function that was never in a VPC.' },
  { what: / Secrets Manager:DescribeSecret RotationEnabled: not-applicable$/, why: 'Secrets Manager leaves it out of a secret that was never rotated.' },
  { what: / RDS:DescribeDBInstances DBInstances\[\]\.ReadReplicaSourceDBInstanceIdentifier: /, why: 'An instance without a source is no replica.' },
];

/** Errors of reads that say that something is missing and are not taken for *gone*, or are and do not say so: `service:operation error: as it is taken`. */
export const ERRORS: readonly { readonly what: RegExp; readonly why: string }[] = [
  {
    what: /^ACM:(?:DescribeCertificate|ListTagsForCertificate) InvalidArnException: aws\/invalid$/,
    why: 'It is the error for an ARN of another type. The error for a missing certificate is ResourceNotFoundException.',
  },
  {
    what: /^RDS:(?:DescribeDBProxies|ListTagsForResource) (?:DB\w+|Tenant\w+)NotFoundFault: aws\/gone$/,
    why: 'The model does not describe them. What is not there is what is looked at, or has the tags.',
  },
  {
    what: /^EFS:DescribeBackupPolicy PolicyNotFound: aws\/gone$/,
    why: 'No backup policy was ever set: the remediator handles the error by name, and treats backups as off.',
  },
  {
    what: /^OpenSearch:\w+ ValidationException: aws\/invalid$/,
    why: 'The model describes it as ResourceNotFoundException, which also exists. It is the error for bad input.',
  },
  {
    what: /^IAM:GetCredentialReport CredentialReportNotPresentException: aws\/invalid$/,
    why: 'The report is missing, not the account. The remediator handles the error by name, and requires an approval.',
  },
  {
    what: /^IAM:GetCredentialReport CredentialReportNotReadyException: aws\/gone$/,
    why: 'IAM sends it with status 404. The remediator handles the error by name, and requires an approval.',
  },
  {
    what: /^IAM:ListServiceSpecificCredentials ServiceNotSupportedException: aws\/gone$/,
    why: 'IAM sends it with status 404 if one service is requested. No remediator does that.',
  },
  {
    what: /^Organizations:DescribeEffectivePolicy EffectivePolicyNotFoundException: aws\/gone$/,
    why: 'No such policy is in force for the account: the remediator treats it as missing.',
  },
  {
    what: /^SSM:DescribeDocument(?:Permission)? InvalidDocument(?:Version)?: aws\/invalid$/,
    why: 'It is also the error for an invalid name. The remediator of documents handles it by name. If the document is a runbook, the resource is not what is gone.',
  },
];

/** Members that a write leaves out although they were read: `purpose service:operation member`. */
export const LEFT_OUT: readonly { readonly what: RegExp; readonly why: string }[] = [
  { what: / CloudTrail:UpdateTrail /, why: 'What is left out stays as it is.' },
  { what: / DynamoDB:UpdateTable /, why: 'What is left out stays as it is.' },
  { what: / EC2:ModifyImageAttribute /, why: 'Only who is named may launch it more, or less.' },
  { what: / EC2:ModifyTransitGateway /, why: 'Options that are left out stay as they are.' },
  { what: / EC2:ModifySubnetAttribute /, why: 'One attribute is set by each call; the others stay.' },
  { what: / EC2:ModifyInstanceMetadataOptions /, why: 'EC2 keeps the state of omitted options; that moto resets them is a defect of moto.' },
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
    why: 'The redirect replaces the actions, and the undo restores all of them.',
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
    why: 'One of several policies may not set it: the value of another policy does not apply to it.',
  },
  { what: / Redshift:ModifyCluster /, why: 'What is left out stays as it is.' },
  { what: / (?:RDS:ModifyDB|Redshift:ModifyCluster)ParameterGroup Parameters\./, why: 'A parameter is set by its name and value; the rest describes it.' },
  {
    what: / SSM:ModifyDocumentPermission SharedDocumentVersion$/,
    why: 'Public sharing is removed for every version; the version that was read is shared again.',
  },
  {
    what: / WAFV2:PutLoggingConfiguration LoggingConfiguration\.ManagedByFirewallManager$/,
    why: 'Only Firewall Manager sets it; the value that was read belongs to the web ACL.',
  },
  { what: /^undo DynamoDB:UpdateContinuousBackups PointInTimeRecoverySpecification\.RecoveryPeriodInDays$/, why: 'What is turned off has no period.' },
  {
    what: /^undo Lambda:PutResourcePolicy RevisionId$/,
    why: 'The policy then has another revision: the engine compares it with the revision after the fix before it rolls back.',
  },
  { what: / IAM:UpdateAccountPasswordPolicy MaxPasswordAge$/, why: 'An age of 0 means no expiry, which is set by omitting it: IAM does not accept 0.' },
  {
    what: /^fix S3:PutBucketEncryption ServerSideEncryptionConfiguration\.Rules\.ApplyServerSideEncryptionByDefault\.KMSMasterKeyID$/,
    why: 'The change replaces the default with the key: by SSE-S3, which has none, or by SSE-KMS with the key of the policy. The undo restores it.',
  },
  {
    what: / S3:PutBucketVersioning VersioningConfiguration\.MFADelete$/,
    why: 'Only the root user with a device can change it. If it is on, S3 rejects the call. If it is off, omitting it keeps it off.',
  },
];
