import { type EventPattern, eventPatterns, type JsonObject, type Remediator } from '@redress/core';
import { att, logicalId, type TemplateResource } from './template.js';

/** EventBridge tries a target again for so long and so often; then the event goes to the dead letters. A day is what the services allow, too. */
export const RULE_RETRY = { MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400 } as const;

/** Where a rule sends what it lets through, and what becomes of the rest. */
interface Sends {
  readonly to: JsonObject;
  readonly deadLetters: string;
  readonly role?: string;
}

/** A target with limits and a queue for what cannot be delivered. EventBridge's own defaults drop it. */
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

/** A rule with the one target. */
export function rule({ description, pattern }: Pick<EventPattern, 'description' | 'pattern'>, sends: Sends, condition?: string): TemplateResource {
  return {
    Type: 'AWS::Events::Rule',
    ...(condition === undefined ? {} : { Condition: condition }),
    Properties: { Description: description, EventPattern: pattern, State: 'ENABLED', Targets: [target(sends)] },
  };
}

/**
 * One rule for what member accounts forward. Their own rules have the patterns, so sources and kinds are enough here; what else comes costs a
 * message, and the normalizer leaves it. The sources are AWS's own: nobody else can put such an event on a bus.
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
