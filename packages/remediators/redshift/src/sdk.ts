// The only file of this package that imports an SDK client. It is loaded at the first call.
export {
  DescribeClustersCommand,
  DescribeLoggingStatusCommand,
  DisableLoggingCommand,
  EnableLoggingCommand,
  ModifyClusterCommand,
  RedshiftClient,
} from '@aws-sdk/client-redshift';
