// The only file of this package that imports an SDK client. It is loaded at the first call.
export {
  DeleteLoggingConfigurationCommand,
  GetLoggingConfigurationCommand,
  GetWebACLCommand,
  ListTagsForResourceCommand,
  ListWebACLsCommand,
  PutLoggingConfigurationCommand,
  WAFV2Client,
} from '@aws-sdk/client-wafv2';
