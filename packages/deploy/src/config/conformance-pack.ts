import type { JsonObject, Remediator } from '@redress/core';
import { logicalId, ref } from '../templates/template.js';
import { type KnownRule, knownRules, type ParametersOf } from './managed-rules.js';

/** What goes into a conformance pack. */
export interface ConformancePackOptions {
  readonly remediators: readonly Remediator[];
  /** Parameters of remediators, as the policy has them; default: their own defaults. */
  readonly parametersOf?: ParametersOf;
  /** Whether Config asks Redress to remediate; default true. Without, the pack finds, and Redress acts on the events. */
  readonly remediation?: boolean;
}

/** A conformance pack, as plain data. */
export interface ConformancePack {
  readonly Parameters?: JsonObject;
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly DependsOn?: string; readonly Properties: JsonObject }>>;
}

/** Config takes so many bytes of a pack in a call. */
export const MAX_PACK_BYTES = 51_200;
/** Name of the Automation document, unless another is given. */
export const ASK_DOCUMENT_NAME = 'Redress-Remediate';

/**
 * How often Config asks: a second time after a failure, in case it was a passing one. Two attempts within the time make Config put an
 * exception of its own on the resource, and ask no more; Redress itself takes no notice of that.
 */
export const ATTEMPTS = { MaximumAutomaticAttempts: 2, RetryAttemptSeconds: 600 } as const;

/**
 * The Config rules that the remediators know, and for those that can be closed on request a remediation that asks Redress. The rules have the
 * parameters of the remediators, so that Config asks for what would be changed, and for nothing else.
 *
 * @example printYaml(conformancePack({ remediators: s3Remediators }))
 * @see https://docs.aws.amazon.com/config/latest/developerguide/custom-conformance-pack.html
 */
export function conformancePack({ remediators, parametersOf, remediation = true }: ConformancePackOptions): ConformancePack {
  const rules = knownRules(remediators, parametersOf);
  const asking = remediation ? rules.filter((rule) => rule.remediable === true) : [];
  return {
    ...(asking.length === 0
      ? {}
      : {
          Parameters: {
            AutomationAssumeRole: { Type: 'String', Description: 'ARN of the role that the Automation assumes, of this account.' },
            DocumentName: { Type: 'String', Default: ASK_DOCUMENT_NAME, Description: 'The Automation document that asks Redress.' },
          },
        }),
    Resources: {
      ...Object.fromEntries(rules.map((rule) => [logicalId(rule.name), { Type: 'AWS::Config::ConfigRule', Properties: ruleOf(rule) }])),
      ...Object.fromEntries(
        asking.map((rule) => [
          `${logicalId(rule.name)}Remediation`,
          { Type: 'AWS::Config::RemediationConfiguration', DependsOn: logicalId(rule.name), Properties: remediationOf(rule) },
        ]),
      ),
    },
  };
}

function ruleOf({ identifier, name, remediators, input }: KnownRule): JsonObject {
  return {
    ConfigRuleName: name,
    Description: `Asks Redress: ${remediators.map(({ id }) => id).join(', ')}.`.slice(0, 256),
    Source: { Owner: 'AWS', SourceIdentifier: identifier },
    ...(Object.keys(input).length === 0 ? {} : { InputParameters: { ...input } }),
  };
}

function remediationOf({ name, resourceType }: KnownRule): JsonObject {
  const fixed = (value: JsonObject | string): JsonObject => ({ StaticValue: { Values: [value] } });
  return {
    ConfigRuleName: name,
    ResourceType: resourceType,
    TargetType: 'SSM_DOCUMENT',
    TargetId: ref('DocumentName'),
    Parameters: {
      AutomationAssumeRole: fixed(ref('AutomationAssumeRole')),
      ConfigRuleName: fixed(name),
      ResourceType: fixed(resourceType),
      ResourceId: { ResourceValue: { Value: 'RESOURCE_ID' } },
    },
    Automatic: true,
    ...ATTEMPTS,
    // What is held back counts as an error here, and must not stop what is not. How much may be changed is what Redress bounds.
    ExecutionControls: { SsmControls: { ConcurrentExecutionRatePercentage: 10, ErrorPercentage: 100 } },
  };
}
