// The only file of this package that imports SDK clients.
import {
  DescribeKeyCommand,
  DisableKeyRotationCommand,
  GetKeyRotationStatusCommand,
  KMSClient,
  ListKeysCommand,
  ListResourceTagsCommand,
} from '@aws-sdk/client-kms';
import { DescribeDocumentCommand, GetAutomationExecutionCommand, SSMClient, StartAutomationExecutionCommand } from '@aws-sdk/client-ssm';
import { defineService } from '@redress/core';

/** Systems Manager as runbooks use it. */
export const ssm = defineService({
  id: 'ssm',
  client: SSMClient,
  operations: {
    DescribeDocument: { command: DescribeDocumentCommand },
    GetAutomationExecution: { command: GetAutomationExecutionCommand },
    // The Automation assumes a role of the account, which has to be passed to it.
    StartAutomationExecution: {
      command: StartAutomationExecutionCommand,
      iam: ['ssm:StartAutomationExecution', 'iam:PassRole'],
      retry: 'client-token',
    },
  },
});

/** KMS as this package uses it. */
export const kms = defineService({
  id: 'kms',
  client: KMSClient,
  operations: {
    DescribeKey: { command: DescribeKeyCommand },
    GetKeyRotationStatus: { command: GetKeyRotationStatusCommand },
    ListKeys: { command: ListKeysCommand },
    ListResourceTags: { command: ListResourceTagsCommand },
    DisableKeyRotation: { command: DisableKeyRotationCommand, retry: 'idempotent' },
  },
});
