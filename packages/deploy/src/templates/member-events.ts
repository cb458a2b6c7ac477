import type { Remediator } from '@redress/core';
import { queue, queuePolicy } from './queue.js';
import { role } from './roles.js';
import { rulesOf } from './rules.js';
import { att, BOUNDARY, given, ref, type Template } from './template.js';

/** Input of the template that forwards events. */
export interface MemberEventsTemplateOptions {
  /** Remediators whose events are forwarded. */
  readonly remediators: readonly Remediator[];
  /** The exception tag of the policy; default `redress:exception`. */
  readonly exceptionTag?: string;
}

/**
 * Forwards the events of one account and region to the hub. Deploy it in each region with resources, and always in the region where a partition's IAM events
 * arrive (us-east-1, cn-north-1, us-gov-west-1). In the hub's own account and region it creates nothing, because the hub receives those events itself. So
 * one StackSet may cover every account and region.
 *
 * @example JSON.stringify(memberEventsTemplate({ remediators: iamRemediators }))
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
 */
export function memberEventsTemplate({ remediators, exceptionTag }: MemberEventsTemplateOptions): Template {
  const rules = rulesOf(remediators, exceptionTag, { to: ref('HubBusArn'), deadLetters: 'Undelivered', role: 'ForwardRole' }, 'Forwards');
  const part = (index: number) => ({ 'Fn::Select': [index, { 'Fn::Split': [':', ref('HubBusArn')] }] });
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Redress, events of one account and region: sends them to the hub. Deploy it in each region, and where IAM events arrive.',
    Parameters: {
      HubBusArn: {
        Type: 'String',
        Description: 'Output BusArn of the hub.',
        AllowedPattern: '^arn:[^:]+:events:[a-z0-9-]+:\\d{12}:event-bus/[^*?]+$',
      },
      PermissionsBoundaryArn: BOUNDARY,
    },
    Conditions: {
      HasBoundary: given('PermissionsBoundaryArn'),
      Forwards: {
        'Fn::Not': [{ 'Fn::And': [{ 'Fn::Equals': [part(4), ref('AWS::AccountId')] }, { 'Fn::Equals': [part(3), ref('AWS::Region')] }] }],
      },
    },
    Resources: {
      Undelivered: { ...queue(), Condition: 'Forwards' },
      UndeliveredPolicy: { ...queuePolicy('Undelivered', Object.keys(rules)), Condition: 'Forwards' },
      ...role('ForwardRole', {
        description: 'Redress: lets EventBridge put events on the bus of the hub.',
        trusts: { service: 'events.amazonaws.com', condition: { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } } },
        statements: [{ Effect: 'Allow', Action: 'events:PutEvents', Resource: ref('HubBusArn') }],
        condition: 'Forwards',
      }),
      ...rules,
    },
    Outputs: {
      UndeliveredUrl: { Description: 'Events that could not be forwarded; kept for 14 days.', Value: ref('Undelivered'), Condition: 'Forwards' },
      UndeliveredArn: { Description: 'The same, as an ARN.', Value: att('Undelivered'), Condition: 'Forwards' },
    },
  };
}
