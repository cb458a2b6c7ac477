import { digestOf, type JsonObject, namesOfType, RedressError, type Remediator } from '@redress/core';
import { printYaml } from '../templates/print.js';
import { logicalId, ref } from '../templates/template.js';
import { type AskedRule, answerTo } from './answer.js';
import { evaluatedBy, knownRules, type ParametersOf } from './managed-rules.js';

/** Input of a conformance pack. */
export interface ConformancePackOptions {
  readonly remediators: readonly Remediator[];
  /** Parameters of remediators from the policy; default: their own defaults. */
  readonly parametersOf?: ParametersOf;
  /** The rules of a pack, with its parameters; default: those that remediators support. */
  readonly rules?: readonly AskedRule[];
  /** Whether Config calls Redress to remediate; default true. If false, the pack only finds, and Redress acts on the events. */
  readonly remediation?: boolean;
}

/** A conformance pack, as plain data. */
export interface ConformancePack {
  readonly Parameters?: JsonObject;
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly DependsOn?: string; readonly Properties: JsonObject }>>;
}

/**
 * Maximum bytes of a pack in a bucket.
 *
 * @see https://docs.aws.amazon.com/config/latest/APIReference/API_PutConformancePack.html
 */
export const MAX_PACK_BYTES = 307_200;
/**
 * Maximum number of rules in a pack.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/configlimits.html
 */
export const MAX_PACK_RULES = 130;
/** Default name of the Automation document. */
export const ASK_DOCUMENT_NAME = 'Redress-Remediate';

/**
 * How often Config tries: a second time after a failure, in case the failure was temporary. After two attempts within this time, Config sets its own
 * exception on the resource, and stops trying. Redress ignores these exceptions.
 */
export const ATTEMPTS = { MaximumAutomaticAttempts: 2, RetryAttemptSeconds: 600 } as const;

/**
 * Config rules with their remediations through Redress. A remediation is automatic if Redress closes the gap without approval. If it needs an approval, a
 * person starts the remediation. Rules that remediators support have the remediators' parameters, so that Config only finds what would be changed. Rules of
 * a pack keep their own.
 *
 * @example printYaml(conformancePack({ remediators: s3Remediators }))
 * @throws {RedressError} `compose/invalid`: more rules than a pack may have; {@link packFiles} splits them
 * @see https://docs.aws.amazon.com/config/latest/developerguide/custom-conformance-pack.html
 */
export function conformancePack(options: ConformancePackOptions): ConformancePack {
  const rules = rulesOf(options);
  if (rules.length > MAX_PACK_RULES)
    throw new RedressError('compose/invalid', `A conformance pack can have ${MAX_PACK_RULES} rules, but there are ${rules.length}.`, {
      next: 'Write them to several files: redress generate conformance-pack --out FOLDER.',
    });
  return packOf(rules, options);
}

/** A pack as a file for a bucket. */
export interface PackFile {
  /** Contains a digest of its text: if the text changes, so does the name, and CloudFormation notices. */
  readonly name: string;
  readonly text: string;
  /** Whether it contains remediations: it is for the region of the hub. */
  readonly asks: boolean;
}

/**
 * The packs as files for a bucket, in as many files as Config needs: one set with remediations, and one without.
 *
 * @throws {RedressError} `compose/invalid`: a file is larger than Config allows
 */
export function packFiles(options: Omit<ConformancePackOptions, 'remediation'>): readonly PackFile[] {
  const rules = rulesOf(options);
  const parts = Array.from({ length: Math.ceil(rules.length / MAX_PACK_RULES) }, (_, at) => rules.slice(at * MAX_PACK_RULES, (at + 1) * MAX_PACK_RULES));
  return parts.flatMap((part, at) =>
    [true, false].map((asks): PackFile => {
      const text = printYaml(packOf(part, { ...options, remediation: asks }));
      if (Buffer.byteLength(text) > MAX_PACK_BYTES)
        throw new RedressError('compose/invalid', `Part ${at + 1} of the conformance pack has more than ${MAX_PACK_BYTES} bytes.`, {
          next: 'Omit remediators that are not used here.',
        });
      return { name: `${asks ? 'asking' : 'finding'}-${at + 1}-${digestOf(text).slice('sha256:'.length, 'sha256:'.length + 12)}.yaml`, text, asks };
    }),
  );
}

/** A rule of a pack, and how Config may have it remediated. */
interface PackedRule {
  readonly identifier: string;
  readonly name: string;
  readonly description: string;
  readonly input: Readonly<Record<string, string>>;
  readonly scope: readonly string[];
  /** The resource type of the remediation; null: there is none. */
  readonly remediates: { readonly type: string; readonly automatic: boolean } | null;
}

function rulesOf({ remediators, parametersOf, rules }: ConformancePackOptions): readonly PackedRule[] {
  const asks = (ids: readonly Remediator[]) => `Asks Redress: ${ids.map(({ id }) => id).join(', ')}.`.slice(0, 256);
  if (rules === undefined)
    return knownRules(remediators, parametersOf).map(({ identifier, name, remediators: knowing, input, resourceType, remediable }): PackedRule => {
      const remediates = remediable === true ? { type: resourceType, automatic: true } : null;
      return { identifier, name, description: asks(knowing), input, scope: [], remediates };
    });
  return rules.map((rule): PackedRule => {
    const { answer, because, remediators: knowing } = answerTo(rule, remediators, parametersOf);
    const known = knowing.flatMap(({ resourceTypes }) => resourceTypes);
    const type =
      rule.types.length === 0
        ? known.map((each) => evaluatedBy(rule.identifier, each))[0]
        : known.flatMap(namesOfType).find((each) => rule.types.includes(each));
    const { identifier, name, parameters, scope = [] } = rule;
    return {
      identifier,
      name,
      description: knowing.length > 0 ? asks(knowing) : because,
      input: parameters,
      scope,
      remediates: type === undefined || (answer !== 'closes' && answer !== 'asks') ? null : { type, automatic: answer === 'closes' },
    };
  });
}

function packOf(rules: readonly PackedRule[], { remediation = true }: Pick<ConformancePackOptions, 'remediation'>): ConformancePack {
  const asking = remediation ? rules.flatMap((rule) => (rule.remediates === null ? [] : [{ ...rule, ...rule.remediates }])) : [];
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

function ruleOf({ identifier, name, description, input, scope }: PackedRule): JsonObject {
  return {
    ConfigRuleName: name,
    Description: description,
    Source: { Owner: 'AWS', SourceIdentifier: identifier },
    ...(Object.keys(input).length === 0 ? {} : { InputParameters: { ...input } }),
    ...(scope.length === 0 ? {} : { Scope: { ComplianceResourceTypes: [...scope] } }),
  };
}

function remediationOf({ name, type, automatic }: PackedRule & { readonly type: string; readonly automatic: boolean }): JsonObject {
  const fixed = (value: JsonObject | string): JsonObject => ({ StaticValue: { Values: [value] } });
  return {
    ConfigRuleName: name,
    ResourceType: type,
    TargetType: 'SSM_DOCUMENT',
    TargetId: ref('DocumentName'),
    Parameters: {
      AutomationAssumeRole: fixed(ref('AutomationAssumeRole')),
      ConfigRuleName: fixed(name),
      ResourceType: fixed(type),
      ResourceId: { ResourceValue: { Value: 'RESOURCE_ID' } },
    },
    // An automatic remediation that needs an approval would be denied twice, and then get an exception in Config. So a person starts it.
    Automatic: automatic,
    ...(automatic ? ATTEMPTS : {}),
    // A denial counts as an error here, and must not stop other remediations. Redress itself limits how much may be changed.
    ExecutionControls: { SsmControls: { ConcurrentExecutionRatePercentage: 10, ErrorPercentage: 100 } },
  };
}
