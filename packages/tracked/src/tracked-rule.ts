import {
  type AwsReads,
  defineRemediator,
  fromConfigName,
  isGone,
  isRedressError,
  namesOfType,
  oneType,
  paginate,
  RedressError,
  type Remediator,
  type ResourceRef,
} from '@redress/core';
import { config } from './client.js';
import { packageRef } from './package-ref.js';

/** A Config rule whose word is followed. */
export interface TrackedRule {
  /** Of a managed rule: `RDS_MULTI_AZ_SUPPORT`. Null: a rule of your own, known by its name. */
  readonly identifier: string | null;
  /** `rds-multi-az-support`; in an account it may have the suffix of a conformance pack. */
  readonly name: string;
  /** Types of what it evaluates, as AWS Config names them. */
  readonly types: readonly string[];
}

/** What a rule of the account says of a resource. */
interface Word {
  readonly rule: string;
  readonly compliance: 'COMPLIANT' | 'NON_COMPLIANT';
  readonly annotation: string | null;
}

const READS = [config.pick('DescribeConfigRules', 'GetComplianceDetailsByConfigRule', 'GetComplianceDetailsByResource', 'GetResourceConfigHistory')] as const;
type Reads = AwsReads<typeof READS>;

const ACCOUNT = 'AWS::::Account';
/** How many rules Config describes in a call. */
const RULES_IN_A_CALL = 25;

/**
 * A gap that stands open for as long as a Config rule says so, and for no other reason: nothing here looks at the resource, and nothing is changed.
 * What AWS Config has found is read again for each event and in each sweep, so that it is asked, and not the event believed. A rule that is there
 * several times (in a pack, by Security Hub) is one source: the gap is closed when none of them finds it.
 *
 * @example trackedRule({ identifier: 'RDS_MULTI_AZ_SUPPORT', name: 'rds-multi-az-support', types: ['AWS::RDS::DBInstance'] })
 * @throws {RedressError} `remediator/invalid`: it names no type
 * @see https://docs.aws.amazon.com/config/latest/APIReference/API_GetComplianceDetailsByConfigRule.html
 */
export function trackedRule({ identifier, name, types: given }: TrackedRule): Remediator {
  const [first, ...more] = given.map(oneType);
  if (first === undefined)
    throw new RedressError('remediator/invalid', `The Config rule ${name} names no type of what it evaluates.`, {
      next: 'Give types, such as AWS::RDS::DBInstance: events and results of other types are left alone.',
    });
  const types: readonly [string, ...string[]] = [first, ...more];
  return defineRemediator({
    id: `tracked-${name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')}`,
    title: `Track the Config rule ${name}`,
    package: packageRef,
    resourceTypes: types,
    controls: [],
    triggers: { configRules: [...(identifier === null ? [] : [identifier]), name] },
    ceiling: 'notify',
    // Its source also says when it is over.
    whenResolved: true,
    blindSpots: ['Whether the rule is right: only AWS Config has evaluated the resource.', 'A tag of a resource that AWS Config does not record.'],
    hazards: [],
    uses: { reads: READS, writes: [], undoes: [], finds: [config.pick('GetComplianceDetailsByConfigRule')] },
    async observe({ aws, resource }) {
      const names = configNamesOf(resource);
      const words = await wordsOn(aws, names, { identifier, name });
      if (words.length === 0) {
        // What is no longer evaluated is not a gap; a rule that no longer exists reports nothing.
        if ((await rulesHere(aws, { identifier, name })).length > 0) return 'gone';
        throw new RedressError('evaluation/unreadable', `There is no Config rule ${name} in ${resource.account} ${resource.region}: its last result stands.`, {
          next: 'Deploy the rule again, or stop tracking it.',
        });
      }
      return {
        state: { words: words.map(({ rule, compliance }) => ({ rule, compliance })) },
        context: { annotations: words.flatMap(({ annotation }) => annotation ?? []) },
        tags: await tagsOf(aws, names),
      };
    },
    plan({ state, context }) {
      const failing = state.words.filter(({ compliance }) => compliance === 'NON_COMPLIANT').map(({ rule }) => rule);
      if (failing.length === 0) {
        const rules = state.words.map(({ rule }) => rule).join(', ');
        return { status: 'compliant', message: `Reported only by AWS Config: ${rules} finds it compliant.` };
      }
      const [annotation] = context?.annotations ?? [];
      return {
        status: 'manual',
        message: `Reported only by AWS Config: ${failing.join(', ')} finds it not compliant${annotation === undefined ? '.' : `: ${annotation}`}`,
        steps: [
          ...(identifier === null ? [] : [`Read what the rule looks for: https://docs.aws.amazon.com/config/latest/developerguide/${name}.html`]),
          `Correct the resource, and have the rule evaluate it: aws configservice start-config-rules-evaluation --config-rule-names ${failing.join(' ')}`,
        ],
      };
    },
    async *discover({ aws, account }) {
      for (const rule of await rulesHere(aws, { identifier, name })) {
        const found = paginate(aws.config.GetComplianceDetailsByConfigRule, { ConfigRuleName: rule, ComplianceTypes: ['NON_COMPLIANT'] }, 'EvaluationResults');
        for await (const each of found) {
          const { ResourceType: type, ResourceId: id } = each.EvaluationResultIdentifier?.EvaluationResultQualifier ?? {};
          if (type === undefined || id === undefined)
            throw new Error(`GetComplianceDetailsByConfigRule did not return which resource of ${rule} is not compliant.`);
          // A gap that nobody would be notified of is worse than a sweep that fails.
          if (!types.includes(oneType(type)))
            throw new RedressError('evaluation/unreadable', `The Config rule ${rule} evaluates ${type}, and it is tracked for ${types.join(', ')}.`, {
              next: `Add ${type} to the types of ${name}.`,
            });
          yield fromConfigName({ type, id }, account);
        }
      }
    },
  });
}

type Known = Pick<TrackedRule, 'identifier' | 'name'>;

/** A resource as AWS Config names it. */
type Named = Pick<ResourceRef, 'type' | 'id'>;

/**
 * The names that a resource may have in AWS Config: one under each of its types. The ID of a domain, which has two types, may have the account before the
 * name.
 */
function configNamesOf({ type, id, account }: ResourceRef): readonly Named[] {
  const types = namesOfType(type);
  return types.flatMap((each) => (types.length > 1 ? [id, `${account}/${id}`] : [id]).map((named) => ({ type: each, id: named })));
}

/** What rules of the account say of a resource; of those that have found out. */
async function wordsOn(aws: Reads, names: readonly Named[], known: Known): Promise<readonly Word[]> {
  const found: Word[] = [];
  for (const { type: ResourceType, id: ResourceId } of names)
    for await (const each of paginate(aws.config.GetComplianceDetailsByResource, { ResourceType, ResourceId }, 'EvaluationResults')) {
      const rule = each.EvaluationResultIdentifier?.EvaluationResultQualifier?.ConfigRuleName;
      const compliance = each.ComplianceType;
      if (rule === undefined || compliance === undefined)
        throw new Error(`GetComplianceDetailsByResource did not return the result of a rule for ${ResourceId}.`);
      if (compliance === 'COMPLIANT' || compliance === 'NON_COMPLIANT') found.push({ rule, compliance, annotation: each.Annotation ?? null });
    }
  const ours = new Set<string>();
  for (let at = 0; at < found.length; at += RULES_IN_A_CALL) {
    const names = [...new Set(found.slice(at, at + RULES_IN_A_CALL).map(({ rule }) => rule))];
    for await (const rule of paginate(aws.config.DescribeConfigRules, { ConfigRuleNames: names }, 'ConfigRules'))
      if (isIt(rule, known) && rule.ConfigRuleName !== undefined) ours.add(rule.ConfigRuleName);
  }
  return found.filter(({ rule }) => ours.has(rule)).sort((a, b) => (a.rule < b.rule ? -1 : 1));
}

/** Names of the account's rules that are meant. */
async function rulesHere(aws: Reads, known: Known): Promise<readonly string[]> {
  const names: string[] = [];
  const internal: string[] = [];
  for await (const rule of paginate(aws.config.DescribeConfigRules, {}, 'ConfigRules'))
    if (isIt(rule, known) && rule.ConfigRuleName !== undefined) (rule.RuleEvaluationVisibility === 'INTERNAL' ? internal : names).push(rule.ConfigRuleName);
  // A service of AWS deploys it for itself, and nobody else gets its evaluations: that it shows none is not that there is nothing to show.
  if (names.length === 0 && internal.length > 0)
    throw new RedressError(
      'evaluation/unreadable',
      `The Config rule ${internal.join(', ')} is internal to a service of AWS, which does not publish its evaluations.`,
      {
        next: `Deploy a rule of the same kind of your own, or stop tracking ${known.name}.`,
      },
    );
  return names.sort();
}

interface Described {
  readonly RuleEvaluationVisibility?: string | undefined;
  readonly ConfigRuleName?: string | undefined;
  readonly ConfigRuleState?: string | undefined;
  readonly Source?: { readonly Owner?: string | undefined; readonly SourceIdentifier?: string | undefined } | undefined;
}

/** A managed rule is known by what it is, whatever it is called; one of your own by its name, also out of a pack. */
function isIt({ ConfigRuleName, Source }: Described, { identifier, name }: Known): boolean {
  if (identifier !== null) return Source?.Owner === 'AWS' && Source.SourceIdentifier === identifier;
  return ConfigRuleName === name || ConfigRuleName?.replace(/-conformance-pack-[0-9a-z]+$/, '') === name;
}

/** Tags as Config has recorded them; what it does not record has none that could be seen. */
async function tagsOf(aws: Reads, names: readonly Named[]): Promise<Record<string, string> | 'untaggable'> {
  for (const { type, id } of names) {
    if (type === ACCOUNT) break;
    try {
      const { configurationItems: [item] = [] } = await aws.config.GetResourceConfigHistory({ resourceType: type as never, resourceId: id, limit: 1 });
      return { ...(item?.tags ?? {}) };
    } catch (error) {
      // It has no record of the resource under this name, or keeps none of the type.
      if (!isGone(error) && !(isRedressError(error) && error.code === 'aws/invalid')) throw error;
    }
  }
  return 'untaggable';
}
