// A key of one's own for all that a stack stores: one parameter of a template.
import type { JsonObject } from '@redress/core';
import { given, ref, type Template, type TemplateResource, when } from './template.js';

const KEY = when('Keyed', ref('EncryptionKeyArn'));
const otherwise = (keyed: JsonObject | boolean, without: JsonObject | boolean): JsonObject => ({ 'Fn::If': ['Keyed', keyed, without] });

/** What encrypts each type with the key where it is given, and leaves it as it is where it is not. */
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
          // A request to KMS for each object is most of what a key costs.
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: ref('EncryptionKeyArn') } },
        ],
      },
      BucketEncryption as JsonObject,
    ),
  }),
};

/**
 * Use of the key, for whoever reads what is encrypted with it, and to make data keys for whoever `writes`: the key's own policy leaves that to the
 * policies of the account. Left out where there is none.
 */
export function keyStatement(Sid: string, writes: boolean): JsonObject {
  return when('Keyed', { Sid, Effect: 'Allow', Action: ['kms:Decrypt', ...(writes ? ['kms:GenerateDataKey'] : [])], Resource: ref('EncryptionKeyArn') });
}

/**
 * The template with a parameter more, `EncryptionKeyArn`: where it is given, each queue, topic, log group, table and bucket is encrypted with
 * that key. Its roles need {@link keyStatement}.
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
