// What only the bucket key needs; loaded at the first call of it.
export { DescribeKeyCommand, GetKeyPolicyCommand, KMSClient } from '@aws-sdk/client-kms';
