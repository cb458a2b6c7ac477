import type { JsonObject } from '../model/json.js';
import { namesOfType } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';
import { rawTypesOf } from './resource-ids.js';
import { ENDED } from './sources/ssm.js';

/** The pattern of an EventBridge rule, and what it matches. */
export interface EventPattern {
  /** Stable, kebab-case; fits the name of a rule. */
  readonly name: string;
  readonly description: string;
  readonly pattern: JsonObject;
}

/**
 * Characters that EventBridge takes of a pattern.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
 */
const MAX_LENGTH = 2048;
/** Services whose calls CloudTrail reports in one region only, as the source of an event names them. */
export const GLOBAL_SERVICES: ReadonlySet<string> = new Set(['iam', 'organizations', 'cloudfront', 'route53', 'account', 'globalaccelerator']);

type Patterned = Pick<Remediator, 'resourceTypes' | 'controls' | 'configRules' | 'apiCalls' | 'whenResolved' | 'runbook'>;

/**
 * The EventBridge patterns that deliver the events of remediators. They leave out what is never for a remediator: failed calls and reads, passed
 * controls, archived findings, evaluations of resources that do not exist yet.
 *
 * `exceptionTag` is that of the policy (`exceptions.tag`).
 *
 * They match more events than lead to a change, never fewer: a Config rule may have any name, so rules are distinguished by the resource type.
 *
 * @example for (const { name, pattern } of eventPatterns(s3Remediators)) await putRule({ Name: `redress-${name}`, EventPattern: JSON.stringify(pattern) });
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
export function eventPatterns(remediators: readonly Patterned[], options: { readonly exceptionTag?: string } = {}): readonly EventPattern[] {
  const drafts = [open, closed].flatMap((lane) => {
    const asked = lane === open ? remediators : remediators.filter((each) => each.whenResolved);
    const byRule = asked.filter((each) => each.configRules.length > 0);
    const byControl = asked.filter((each) => each.controls.length > 0 || each.configRules.length > 0);
    return [...config(byRule, lane), ...securityHub(byControl, lane)];
  });
  const tags = remediators.length === 0 ? [] : [tagChanges(options.exceptionTag ?? 'redress:exception')];
  return [...drafts, ...cloudTrail(remediators), ...runbooks(remediators), ...tags].flatMap((draft) => fitting(draft));
}

/** A pattern in the making: one of its lists may be divided, when it gets too long for one rule. */
interface Draft {
  readonly name: string;
  readonly description: string;
  readonly values: readonly string[];
  readonly pattern: (values: readonly string[]) => JsonObject;
}

function fitting(draft: Draft, part = 0): EventPattern[] {
  const pattern = draft.pattern(draft.values);
  if (JSON.stringify(pattern).length <= MAX_LENGTH || draft.values.length < 2)
    return [{ name: part === 0 ? draft.name : `${draft.name}-${part}`, description: draft.description, pattern }];
  const half = Math.ceil(draft.values.length / 2);
  return [
    ...fitting({ ...draft, values: draft.values.slice(0, half) }, part * 2 + 1),
    ...fitting({ ...draft, values: draft.values.slice(half) }, part * 2 + 2),
  ];
}

const open: Lane = {
  suffix: '',
  compliance: ['NON_COMPLIANT'],
  asff: { Compliance: { Status: ['FAILED'] }, RecordState: ['ACTIVE'] },
  ocsf: ocsfStatus(3, 'fail', 'failed'),
};
const closed: Lane = {
  suffix: '-resolved',
  compliance: ['COMPLIANT', 'NOT_APPLICABLE'],
  asff: { $or: [{ Compliance: { Status: ['PASSED'] } }, { RecordState: ['ARCHIVED'] }] },
  ocsf: ocsfStatus(1, 'pass', 'passed'),
};

/** Reports of gaps, and reports that a gap is closed: the latter only for remediators that ask for them. */
interface Lane {
  readonly suffix: string;
  readonly compliance: readonly string[];
  readonly asff: JsonObject;
  readonly ocsf: JsonObject;
}

function ocsfStatus(id: number, ...words: readonly string[]): JsonObject {
  return {
    $or: [
      { compliance: { status_id: [id] } },
      { compliance: { status_id: [{ exists: false }], status: words.map((word) => ({ 'equals-ignore-case': word })) } },
    ],
  };
}

function config(remediators: readonly Patterned[], lane: Lane): Draft[] {
  if (remediators.length === 0) return [];
  return [
    {
      name: `config-compliance-change${lane.suffix}`,
      description: `AWS Config rules that find a resource ${lane.compliance.join(' or ')}.`,
      values: typesOf(remediators).flatMap(namesOfType),
      pattern: (types) => ({
        source: ['aws.config'],
        'detail-type': ['Config Rules Compliance Change'],
        detail: {
          messageType: ['ComplianceChangeNotification'],
          resourceType: [...types],
          newEvaluationResult: {
            complianceType: [...lane.compliance],
            evaluationResultIdentifier: { evaluationResultQualifier: { evaluationMode: [{ exists: false }, { 'anything-but': 'PROACTIVE' }] } },
          },
        },
      }),
    },
  ];
}

function securityHub(remediators: readonly Patterned[], lane: Lane): Draft[] {
  if (remediators.length === 0) return [];
  const values = [...new Set(typesOf(remediators).flatMap(rawTypesOf))];
  const draft = (name: string, description: string, detailType: string, filter: (types: readonly string[]) => JsonObject): Draft => ({
    name: `${name}${lane.suffix}`,
    description,
    values,
    pattern: (types) => ({ source: ['aws.securityhub'], 'detail-type': [detailType], detail: { findings: filter(types) } }),
  });
  const asff = (types: readonly string[]): JsonObject => ({ ...lane.asff, Resources: { Type: [...types] } });
  return [
    draft('securityhub-imported', 'Findings of Security Hub controls.', 'Security Hub Findings - Imported', asff),
    draft('securityhub-custom-action', 'Findings that a person sent from the Security Hub console.', 'Security Hub Findings - Custom Action', asff),
    draft('securityhub-v2-imported', 'The same findings in the Open Cybersecurity Schema Framework.', 'Findings Imported V2', (types) => ({
      class_uid: [2003],
      ...lane.ocsf,
      resources: { type: [...types] },
    })),
  ];
}

/**
 * Calls of all services in as few rules as hold them: a queue names each rule that may send to it, and its policy is short, too. Global services
 * are apart: their rules are of use in one region only.
 */
function cloudTrail(remediators: readonly Patterned[]): Draft[] {
  const calls = [...new Set(remediators.flatMap((each) => Object.keys(each.apiCalls)))].sort();
  const draft = (name: string, description: string, isGlobal: boolean): Draft[] => {
    const values = calls.filter((call) => GLOBAL_SERVICES.has(serviceOf(call)) === isGlobal);
    return values.length === 0 ? [] : [{ name, description, values, pattern: callPattern }];
  };
  return [
    ...draft('cloudtrail', 'Calls that changed something, as CloudTrail recorded them.', false),
    ...draft('cloudtrail-global', 'Calls of global services that changed something, as CloudTrail recorded them in one region.', true),
  ];
}

function callPattern(calls: readonly string[]): JsonObject {
  const services = [...new Set(calls.map(serviceOf))];
  const each = services.map((service) => ({
    eventSource: [{ prefix: `${service}.` }],
    eventName: calls.filter((call) => serviceOf(call) === service).map((call) => call.slice(service.length + 1)),
  }));
  return {
    source: services.map((service) => `aws.${service}`),
    'detail-type': ['AWS API Call via CloudTrail'],
    // A name belongs to its service: another may have a call of the same name.
    detail: { ...(each.length === 1 ? each[0] : { $or: each }), errorCode: [{ exists: false }] },
  };
}

const serviceOf = (call: string) => call.split(':')[0] ?? '';

/** Runbooks that have ended: the resource that they were started for is then read. */
function runbooks(remediators: readonly Patterned[]): Draft[] {
  const documents = [...new Set(remediators.flatMap(({ runbook }) => (runbook === undefined ? [] : [runbook.document])))].sort();
  if (documents.length === 0) return [];
  return [
    {
      name: 'automation-ended',
      description: 'Automation runbooks that have ended.',
      values: documents,
      pattern: (names) => ({
        source: ['aws.ssm'],
        'detail-type': ['EC2 Automation Execution Status-change Notification'],
        detail: { Definition: [...names], Status: [...ENDED] },
      }),
    },
  ];
}

/** Whether it is exempt is asked again where the exception tag came or went. */
function tagChanges(exceptionTag: string): Draft {
  return {
    name: 'exception-tag',
    description: `The tag ${exceptionTag} was set, changed or removed.`,
    values: [exceptionTag],
    pattern: (tags) => ({
      source: ['aws.tag'],
      'detail-type': ['Tag Change on Resource'],
      detail: { 'changed-tag-keys': tags.map((tag) => ({ 'equals-ignore-case': tag })) },
    }),
  };
}

function typesOf(remediators: readonly Patterned[]): readonly string[] {
  return [...new Set(remediators.flatMap((each) => each.resourceTypes))].sort();
}
