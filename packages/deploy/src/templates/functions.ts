// Functions and their logs in templates, with the parameters CodeBucket, CodeKey, CodeVersion, ReserveConcurrency and LogRetentionDays.
import type { JsonObject } from '@redress/core';
import { checkovMetadata } from './lint-exceptions.js';
import { att, ref, type TemplateResource, when } from './template.js';

export function lambda(handler: string, roleName: string, logGroup: string, timeout: number, reserved: number, variables: JsonObject): TemplateResource {
  return {
    Type: 'AWS::Lambda::Function',
    ...checkovMetadata('AWS::Lambda::Function'),
    Properties: {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: handler,
      MemorySize: 512,
      Timeout: timeout,
      Role: att(roleName),
      Code: { S3Bucket: ref('CodeBucket'), S3Key: ref('CodeKey'), S3ObjectVersion: when('HasCodeVersion', ref('CodeVersion')) },
      ReservedConcurrentExecutions: when('Reserves', reserved),
      LoggingConfig: { LogGroup: ref(logGroup), LogFormat: 'JSON' },
      Environment: { Variables: variables },
    },
  };
}

export function log(): TemplateResource {
  return {
    Type: 'AWS::Logs::LogGroup',
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    ...checkovMetadata('AWS::Logs::LogGroup'),
    Properties: { RetentionInDays: ref('LogRetentionDays') },
  };
}
