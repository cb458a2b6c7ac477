import { defineService } from '@redress/core';

/** Settings of S3 for a whole account; IAM counts them to S3. */
export const s3control = defineService({
  id: 's3control',
  load: () => import('./sdk.js'),
  client: 'AddressedS3ControlClient',
  operations: {
    GetPublicAccessBlock: { iam: ['s3:GetAccountPublicAccessBlock'] },
    // A configuration replaces the one before: sent twice, it changes nothing more.
    PutPublicAccessBlock: { iam: ['s3:PutAccountPublicAccessBlock'], retry: 'idempotent' },
    DeletePublicAccessBlock: { iam: ['s3:PutAccountPublicAccessBlock'], retry: 'idempotent' },
  },
});

/** Organizations, for whether the organization has taken the setting over. */
export const organizations = defineService({
  id: 'organizations',
  load: () => import('./sdk.js'),
  client: 'OrganizationsClient',
  operations: { DescribeEffectivePolicy: {} },
});
