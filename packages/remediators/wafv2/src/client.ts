import { defineService } from '@redress/core';

/** AWS WAF as this package uses it. */
export const wafv2 = defineService({
  id: 'wafv2',
  load: () => import('./sdk.js'),
  client: 'WAFV2Client',
  operations: {
    GetLoggingConfiguration: {},
    GetWebACL: {},
    ListTagsForResource: {},
    ListWebACLs: {},
    // Each says the whole of it: sent twice, it changes nothing more.
    PutLoggingConfiguration: { retry: 'idempotent' },
    DeleteLoggingConfiguration: { retry: 'idempotent' },
  },
});
