import type { JsonObject } from '@redress/core';
import { checkovMetadata } from './lint-exceptions.js';
import { att, ref, type TemplateResource } from './template.js';

/** 14 days, the maximum retention of SQS. */
export const QUEUE_RETENTION_SECONDS = 1_209_600;

/** A queue with AWS's own encryption, and the maximum retention. */
export function queue(more: JsonObject = {}): TemplateResource {
  return {
    Type: 'AWS::SQS::Queue',
    DeletionPolicy: 'Delete',
    UpdateReplacePolicy: 'Delete',
    ...checkovMetadata('AWS::SQS::Queue'),
    Properties: { MessageRetentionPeriod: QUEUE_RETENTION_SECONDS, SqsManagedSseEnabled: true, ...more },
  };
}

/** Only over TLS. EventBridge may send, but only for these rules of this account. */
export function queuePolicy(name: string, rules: readonly string[]): TemplateResource {
  const Resource = att(name);
  return {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [ref(name)],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Sid: 'TlsOnly', Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
          ...(rules.length === 0
            ? []
            : [
                {
                  Sid: 'OurRules',
                  Effect: 'Allow',
                  Principal: { Service: 'events.amazonaws.com' },
                  Action: 'sqs:SendMessage',
                  Resource,
                  Condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') }, ArnEquals: { 'aws:SourceArn': rules.map((rule) => att(rule)) } },
                },
              ]),
        ],
      },
    },
  };
}
