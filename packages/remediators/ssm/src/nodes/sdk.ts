// What is called of managed nodes; loaded at the first call.
export { DescribeInstanceInformationCommand, ListComplianceItemsCommand, ListTagsForResourceCommand, SSMClient } from '@aws-sdk/client-ssm';
