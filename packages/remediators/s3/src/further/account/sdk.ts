// What only the account's own block needs; loaded at the first call of it.
export { DescribeEffectivePolicyCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
export { DeletePublicAccessBlockCommand, GetPublicAccessBlockCommand, PutPublicAccessBlockCommand } from '@aws-sdk/client-s3-control';
export { AddressedS3ControlClient } from '../../control/sdk.js';
