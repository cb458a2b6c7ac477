/**
 * The journal on AWS: DynamoDB and S3.
 *
 * @packageDocumentation
 */
export {};
