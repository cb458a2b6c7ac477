// The only file of this package that imports an SDK client. It is loaded at the first call.
export {
  ConfigServiceClient,
  DescribeConfigRulesCommand,
  GetComplianceDetailsByConfigRuleCommand,
  GetComplianceDetailsByResourceCommand,
  GetResourceConfigHistoryCommand,
} from '@aws-sdk/client-config-service';
