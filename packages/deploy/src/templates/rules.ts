import { type EventPattern, eventPatterns, type JsonObject, type Remediator } from '@redress/core';
import { att, logicalId, type TemplateResource } from './template.js';

/** How long and how often EventBridge retries a target. Then the event goes to the dead-letter queue. A day is also the maximum. */
export const RULE_RETRY = { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 } as const;

/** Where a rule sends matching events, and where undelivered events go. */
interface Sends {
  readonly to: JsonObject;
  readonly deadLetters: string;
  readonly role?: string;
}

/** A target with retry limits and a dead-letter queue. By default, EventBridge drops what it cannot deliver. */
export function target({ to, deadLetters, role }: Sends, more: JsonObject = {}): JsonObject {
  return {
    Id: 'Redress',
    Arn: to,
    ...(role === undefined ? {} : { RoleArn: att(role) }),
    RetryPolicy: { ...RULE_RETRY },
    DeadLetterConfig: { Arn: att(deadLetters) },
    ...more,
  };
}

/** One rule for each pattern of the remediators. */
export function rulesOf(
  remediators: readonly Remediator[],
  exceptionTag: string | undefined,
  sends: Sends,
  condition?: string,
): Record<string, TemplateResource> {
  const patterns = eventPatterns(remediators, exceptionTag === undefined ? {} : { exceptionTag });
  return Object.fromEntries(patterns.map((each) => [`${logicalId(each.name)}Rule`, rule(each, sends, condition)]));
}

/** A rule with one target. */
export function rule({ description, pattern }: Pick<EventPattern, 'description' | 'pattern'>, sends: Sends, condition?: string): TemplateResource {
  return {
    Type: 'AWS::Events::Rule',
    ...(condition === undefined ? {} : { Condition: condition }),
    Properties: { Description: description, EventPattern: pattern, State: 'ENABLED', Targets: [target(sends)] },
  };
}

/**
 * One rule for events from member accounts. Their own rules have the full patterns, so sources and kinds are enough here. Any other event costs one message,
 * and the normalizer ignores it. The sources belong to AWS: nobody else can put such an event on a bus.
 */
export function forwardedRule(remediators: readonly Remediator[], exceptionTag: string | undefined, bus: JsonObject, sends: Sends): TemplateResource {
  const patterns = eventPatterns(remediators, exceptionTag === undefined ? {} : { exceptionTag });
  const every = (member: 'source' | 'detail-type') => [...new Set(patterns.flatMap(({ pattern }) => pattern[member] as string[]))].sort();
  return {
    Type: 'AWS::Events::Rule',
    Properties: {
      Description: 'Events that member accounts forward.',
      EventBusName: bus,
      EventPattern: { source: every('source'), 'detail-type': every('detail-type') },
      State: 'ENABLED',
      Targets: [target(sends)],
    },
  };
}
