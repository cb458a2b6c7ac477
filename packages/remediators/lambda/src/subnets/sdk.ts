// Of EC2 only the zones of subnets are read. It is loaded at the first call.
export { DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
