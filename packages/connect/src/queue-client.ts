// Loaded when it is needed, and by name: importing the client itself at run time would make a bundle hold every command of it.
export { ChangeMessageVisibilityCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
