// Named imports, so that a bundler keeps only these commands. Loaded when something is sealed.
export { TransactGetItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
export { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
