import { defineService } from '@redress/core';

/** Systems Manager as far as documents are concerned. */
export const ssm = defineService({
  id: 'ssm',
  load: () => import('./sdk.js'),
  client: 'SSMClient',
  operations: {
    DescribeDocument: {},
    DescribeDocumentPermission: {},
    ListDocuments: {},
    ListTagsForResource: {},
    // It sets what it names: sent twice, it changes nothing more.
    ModifyDocumentPermission: { retry: 'idempotent' },
  },
});
