// The only file of this package that imports an SDK client. It is loaded at the first call.
export {
  DescribeBackupPolicyCommand,
  DescribeFileSystemsCommand,
  EFSClient,
  PutBackupPolicyCommand,
} from '@aws-sdk/client-efs';
