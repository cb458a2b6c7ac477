// Of EC2 only the tags of instances are read. It is loaded at the first call.
export { DescribeTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
