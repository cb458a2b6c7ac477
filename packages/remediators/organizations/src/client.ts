import { defineService } from '@redress/core';

/** Organizations as this package uses it: it only reads. */
export const organizations = defineService({
  id: 'organizations',
  load: () => import('./sdk.js'),
  client: 'OrganizationsClient',
  operations: { DescribeOrganization: {} },
});
