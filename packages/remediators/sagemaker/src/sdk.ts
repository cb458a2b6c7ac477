// The only file of this package that imports an SDK client. It is loaded at the first call.
export { DescribeNotebookInstanceCommand, ListNotebookInstancesCommand, ListTagsCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
