// What is called of documents; loaded at the first call.
export {
  DescribeDocumentCommand,
  DescribeDocumentPermissionCommand,
  ListDocumentsCommand,
  ListTagsForResourceCommand,
  ModifyDocumentPermissionCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
