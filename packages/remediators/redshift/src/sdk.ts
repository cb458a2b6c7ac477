// The only file of this package that imports an SDK client. It is loaded at the first call.
export {
  DescribeClusterParametersCommand,
  DescribeClustersCommand,
  DescribeLoggingStatusCommand,
  DisableLoggingCommand,
  EnableLoggingCommand,
  ModifyClusterCommand,
  ModifyClusterParameterGroupCommand,
  RedshiftClient,
} from '@aws-sdk/client-redshift';
