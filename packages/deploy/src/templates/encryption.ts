// A customer key for everything that a stack stores: one parameter of a template.
import type { JsonObject } from '@redress/core';
import { given, ref, type Template, type TemplateResource, when } from './template.js';

const KEY = when('Keyed', ref('EncryptionKeyArn'));
const otherwise = (keyed: JsonObject | boolean, without: JsonObject | boolean): JsonObject => ({ 'Fn::If': ['Keyed', keyed, without] });

/** The encryption settings of each resource type: with the key if it is given, otherwise unchanged. */
const PROPERTIES: Readonly<Record<string, (properties: JsonObject) => JsonObject>> = {
  'AWS::SQS::Queue': () => ({ SqsManagedSseEnabled: otherwise(false, true), KmsMasterKeyId: KEY }),
  'AWS::SNS::Topic': () => ({ KmsMasterKeyId: KEY }),
  'AWS::Logs::LogGroup': () => ({ KmsKeyId: KEY }),
  'AWS::DynamoDB::Table': ({ SSESpecification }) => ({
    SSESpecification: otherwise({ SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: ref('EncryptionKeyArn') }, SSESpecification as JsonObject),
  }),
  'AWS::S3::Bucket': ({ BucketEncryption }) => ({
    BucketEncryption: otherwise(
      {
        ServerSideEncryptionConfiguration: [
          // Without bucket keys, a KMS request for each object would be most of the cost of a key.
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: ref('EncryptionKeyArn') } },
        ],
      },
      BucketEncryption as JsonObject,
    ),
  }),
};

/**
 * Use of the key: decryption for roles that read, and data keys for roles with `writes`. The key policy delegates this to the policies of the account.
 * Omitted if there is no key.
 */
export function keyStatement(Sid: string, writes: boolean): JsonObject {
  return when('Keyed', { Sid, Effect: 'Allow', Action: ['kms:Decrypt', ...(writes ? ['kms:GenerateDataKey'] : [])], Resource: ref('EncryptionKeyArn') });
}

/**
 * Adds the parameter `EncryptionKeyArn` to the template. If it is given, each queue, topic, log group, table and bucket is encrypted with that key. The
 * roles need {@link keyStatement}.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-services.html
 */
export function encryptable(template: Template): Template {
  const keyed = (each: TemplateResource): TemplateResource => ({ ...each, Properties: { ...each.Properties, ...PROPERTIES[each.Type]?.(each.Properties) } });
  return {
    ...template,
    Parameters: {
      ...template.Parameters,
      EncryptionKeyArn: {
        Type: 'String',
        Default: '',
        Description: 'KMS key that encrypts stored data; docs/deploy.md has its policy. Empty: AWS owned keys.',
        AllowedPattern: '^$|^arn:[^:]+:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+$',
      },
    },
    Conditions: { ...template.Conditions, Keyed: given('EncryptionKeyArn') },
    Resources: Object.fromEntries(Object.entries(template.Resources).map(([name, each]) => [name, keyed(each)])),
  };
}
