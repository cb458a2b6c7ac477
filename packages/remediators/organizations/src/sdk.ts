// The only file of this package that imports an SDK client. It is loaded at the first call.
export { DescribeOrganizationCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
