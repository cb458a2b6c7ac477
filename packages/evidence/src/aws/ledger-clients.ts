// Named, so that a bundler keeps these commands only; loaded when something is sealed.
export { TransactGetItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
export { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
