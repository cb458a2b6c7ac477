import type { ResourceClaim } from '../../model/finding.js';
import { contradicts, type Decoder, type Draft, firstOf, foreign, keyOf, type Verdict, verdict } from '../draft.js';
import { epoch, members, number, scalars, text, time } from '../read.js';
import { claimOf, parseArn } from '../resource-ids.js';

type Members = Readonly<Record<string, unknown>>;

/**
 * `Config Rules Compliance Change`: one rule, one resource. Sent on a change only: a resource that stays non-compliant after a failed
 * fix says nothing more.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/monitor-config-with-cloudwatchevents.html
 */
export const complianceChange: Decoder = (detail) => {
  const result = members(detail.newEvaluationResult);
  const previous = members(detail.oldEvaluationResult);
  const identifier = members(result.evaluationResultIdentifier);
  const qualifier = members(identifier.evaluationResultQualifier);
  const state = text(result.complianceType, 64);
  const ruleArn = text(detail.configRuleARN);
  const orderingTimestamp = text(identifier.orderingTimestamp, 64);
  const account = detail.awsAccountId;
  const region = detail.awsRegion;
  const resourceType = firstOf(detail.resourceType, qualifier.resourceType);
  const resourceId = firstOf(detail.resourceId, qualifier.resourceId);
  const id = keyOf(text(account), text(region), ruleArn, text(resourceType), text(resourceId), orderingTimestamp, state);
  const claim = claimOf({ type: resourceType, id: resourceId, region, account: text(account) });
  const missing = absentMember({ awsAccountId: account, awsRegion: region, resourceType, resourceId, 'newEvaluationResult.complianceType': state });

  return {
    source: 'config',
    kind: 'config-compliance-change',
    id,
    ...(detail.messageType === 'ComplianceChangeNotification'
      ? (contradictionOf(detail, previous) ?? foreign([resourceId], account, judgeCompliance(missing, state, qualifier.evaluationMode)))
      : verdict('rejected', 'The messageType is not ComplianceChangeNotification.')),
    account,
    region,
    resources: listed(claim),
    configRule: text(firstOf(detail.configRuleName, qualifier.configRuleName), 256),
    state,
    previousState: text(previous.complianceType, 64),
    observedAt: time(result.resultRecordedTime) ?? time(detail.notificationCreationTime),
    extra: scalars({
      configRuleArn: ruleArn,
      orderingTimestamp,
      capturedAt: capturedAt(result),
      previousCapturedAt: capturedAt(previous),
      evaluationMode: text(qualifier.evaluationMode, 32),
      annotation: text(result.annotation, 256),
      // Security Hub sends the same failure as a finding.
      securityHubRule: ruleArn?.includes('aws-service-rule/securityhub.amazonaws.com/') === true ? true : null,
    }),
  };
};

/** Names are there up to three times: in the event, in its result and in the result before. Of one rule, one resource and one account. */
function contradictionOf(detail: Members, previous: Members): Verdict | null {
  const qualifierOf = (result: unknown) => members(members(members(result).evaluationResultIdentifier).evaluationResultQualifier);
  const now = qualifierOf(detail.newEvaluationResult);
  const before = qualifierOf(previous);
  for (const member of ['resourceId', 'resourceType', 'configRuleName'] as const) {
    const named = [detail[member], now[member]].filter((each) => typeof each === 'string');
    if (new Set(named).size > 1) return contradicts(`it has two ${member}: ${named.map((each) => text(each, 128)).join(' and ')}`);
    const earlier = before[member];
    if (typeof earlier === 'string' && named.length > 0 && named[0] !== earlier)
      return contradicts(`its older result is of another ${member}, ${text(earlier, 128)} instead of ${text(named[0], 128)}`);
  }
  const arn = parseArn(detail.configRuleARN);
  if (arn !== null && arn.account !== '' && typeof detail.awsAccountId === 'string' && arn.account !== detail.awsAccountId)
    return contradicts(`its rule belongs to account ${text(arn.account, 32)}, but the event is from account ${text(detail.awsAccountId, 32)}`);
  return null;
}

/** Sooner than this after its trigger, a rule was invoked by its schedule. The documented example of a scheduled one took 295 ms. */
const SCHEDULED_WITHIN = 5_000;

/**
 * When the configuration that an evaluation is about was recorded. Null where that is not known: of an evaluation by schedule the same member is
 * the schedule's tick, which says nothing of how old the recorded configuration is.
 *
 * @see https://docs.aws.amazon.com/config/latest/APIReference/API_Evaluation.html
 */
function capturedAt(result: Members): string | null {
  const triggered = time(members(result.evaluationResultIdentifier).orderingTimestamp);
  const invoked = time(result.configRuleInvokedTime);
  if (triggered === null || invoked === null) return triggered;
  const took = Date.parse(invoked) - Date.parse(triggered);
  return took > 0 && took < SCHEDULED_WITHIN ? null : triggered;
}

/**
 * One of `EvaluationResults`, as `get-compliance-details-by-config-rule` and `-by-resource` answer: what a rule says of a resource, not since when.
 * Only an aggregator's result (`AggregateEvaluationResults`) names account and region itself.
 *
 * @see https://docs.aws.amazon.com/config/latest/APIReference/API_EvaluationResult.html
 * @see https://docs.aws.amazon.com/config/latest/APIReference/API_AggregateEvaluationResult.html
 */
export const complianceDetail: Decoder = (result) => {
  const identifier = members(result.EvaluationResultIdentifier);
  const qualifier = members(identifier.EvaluationResultQualifier);
  const { AccountId: account, AwsRegion: region } = result;
  const state = text(result.ComplianceType, 64);
  const rule = text(qualifier.ConfigRuleName, 256);
  const orderingTimestamp = moment(identifier.OrderingTimestamp);
  const claim = claimOf({ type: qualifier.ResourceType, id: qualifier.ResourceId, region, account: text(account) });
  const missing = absentMember({ ConfigRuleName: rule, ResourceType: qualifier.ResourceType, ResourceId: qualifier.ResourceId, ComplianceType: state });
  return {
    source: 'config',
    kind: 'config-compliance-detail',
    id: keyOf(text(account), text(region), rule, text(qualifier.ResourceType), text(qualifier.ResourceId), orderingTimestamp, state),
    ...judgeCompliance(missing, state, qualifier.EvaluationMode),
    account,
    region,
    resources: listed(claim),
    configRule: rule,
    state,
    observedAt: moment(result.ResultRecordedTime),
    extra: scalars({ orderingTimestamp, evaluationMode: text(qualifier.EvaluationMode, 32), annotation: text(result.Annotation, 256) }),
  };
};

/** A time as the AWS CLI writes it: ISO 8601, or with `cli_timestamp_format = none`, and in its first version, seconds since 1970. */
function moment(value: unknown): string | null {
  const seconds = number(value);
  return seconds === null ? time(value) : epoch(Math.round(seconds * 1000));
}

function judgeCompliance(missing: string | null, state: string | null, mode: unknown): Verdict {
  if (missing !== null) return verdict('rejected', `The event has no ${missing}.`);
  // Of a resource that is planned, not there.
  if (mode === 'PROACTIVE') return verdict('ignored', 'A proactive evaluation is about a resource that does not exist yet.');
  switch (state) {
    case 'NON_COMPLIANT':
      return verdict('candidate', 'The rule found the resource not compliant.');
    case 'COMPLIANT':
      return verdict('resolved', 'The rule found the resource compliant.');
    case 'NOT_APPLICABLE':
      return verdict('resolved', 'The rule does not apply to the resource, or the resource is gone.');
    default:
      return verdict('record-only', `The compliance type is ${state ?? 'missing'}.`);
  }
}

/**
 * `Config Configuration Item Change`: that a resource changed, not whether it is compliant.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/example-sns-notification.html
 */
export const itemChange: Decoder = (detail) => {
  const found = itemOf(detail);
  if (found.problem !== null) return { source: 'config', kind: 'configuration-item-change', ...verdict('rejected', found.problem) };
  const gone = found.status === 'ResourceDeleted' || found.status === 'ResourceDeletedNotRecorded';
  return {
    source: 'config',
    kind: 'configuration-item-change',
    ...found.draft,
    ...(gone ? verdict('resolved', 'The resource is gone.') : verdict('record-only', 'A configuration item says what changed, not whether it is compliant.')),
  };
};

/** `Config Rules Re-evaluation Status` and deliveries of snapshots and histories: nothing about a resource. */
export const statusOnly: Decoder = (detail, context) => ({
  source: 'config',
  kind: 'unsupported',
  ...verdict('ignored', `${text(detail.messageType, 128) ?? 'The message'} is about Config itself, not about a resource.`),
  account: context.account,
  region: context.region,
  observedAt: time(detail.notificationCreationTime) ?? context.envelope?.time ?? null,
});

/**
 * The invocation of a custom Config rule's function: asks for an evaluation, which is then put back with `PutEvaluations`.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html
 */
export const ruleInvocation: Decoder = (event, context) => {
  const invoking = parse(event.invokingEvent, context.maxBytes);
  const ruleArn = text(event.configRuleArn);
  const common = {
    source: 'config',
    kind: 'config-rule-invocation',
    account: event.accountId,
    region: parseArn(ruleArn)?.region,
    configRule: text(event.configRuleName, 256),
  } as const;
  const extra = {
    configRuleArn: ruleArn,
    configRuleId: text(event.configRuleId, 128),
    evaluationMode: text(event.evaluationMode, 32),
    eventLeftScope: typeof event.eventLeftScope === 'boolean' ? event.eventLeftScope : null,
    // A dry evaluation: Config takes no result for it.
    testMode: event.resultToken === 'TESTMODE' ? true : null,
  };
  if (typeof invoking === 'string') return { ...common, ...verdict('rejected', invoking), extra: scalars(extra) };
  const messageType = text(invoking.messageType, 128);
  const asks =
    event.evaluationMode === 'PROACTIVE'
      ? verdict('ignored', 'A proactive evaluation is about a resource that does not exist yet.')
      : verdict('evaluate', 'The rule asks for an evaluation.');

  if (messageType === 'ScheduledNotification' || messageType === 'ConfigurationSnapshotDeliveryCompleted') {
    const createdAt = text(invoking.notificationCreationTime, 64);
    const id = keyOf(ruleArn, text(invoking.awsAccountId) ?? text(event.accountId), createdAt);
    return {
      ...common,
      kind: 'config-rule-invocation-scheduled',
      id,
      ...asks,
      account: firstOf(invoking.awsAccountId, event.accountId),
      observedAt: time(invoking.notificationCreationTime),
      extra: scalars({ ...extra, messageType }),
    };
  }
  const found = itemOf(invoking);
  if (found.problem !== null) return { ...common, ...verdict('rejected', found.problem), extra: scalars(extra) };
  const id = keyOf(ruleArn, found.draft.id ?? null);
  return {
    ...common,
    ...found.draft,
    // The same item invokes every rule that covers it.
    id,
    account: firstOf(found.draft.account, event.accountId),
    region: firstOf(found.draft.region, common.region),
    ...asks,
    extra: { ...found.draft.extra, ...scalars({ ...extra, messageType }) },
  };
};

/**
 * What our Automation document sends when AWS Config remediates: `{ "redress": "config-remediation", … }`. It names a rule and a resource, and
 * shows nothing: not since when the resource is so, nor that it is.
 */
export const remediationRequest: Decoder = (request) => {
  const { account, region, resourceType, resourceId } = request;
  const rule = text(request.configRule, 256);
  const automation = text(request.automationExecution, 64);
  const claim = claimOf({ type: resourceType, id: resourceId, region, account: text(account) });
  const missing = absentMember({ configRule: rule, resourceType, resourceId, account, region, automationExecution: automation });
  return {
    source: 'config',
    kind: 'config-remediation',
    // One Automation remediates one resource; asked for again, it is another one.
    id: keyOf(text(account), text(region), automation, rule, text(resourceType), text(resourceId)),
    ...(missing === null ? verdict('candidate', 'AWS Config asks to remediate the resource.') : verdict('rejected', `The request has no ${missing}.`)),
    account,
    region,
    resources: listed(claim),
    configRule: rule,
    state: 'NON_COMPLIANT',
    extra: scalars({ automationExecutionId: automation }),
  };
};

function parse(value: unknown, maxBytes: number): Members | string {
  if (typeof value !== 'string' || value === '') return 'The invocation has no invokingEvent.';
  if (value.length > maxBytes) return `The invokingEvent is larger than ${maxBytes} bytes.`;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as Members) : 'The invokingEvent is not a JSON object.';
  } catch {
    return 'The invokingEvent is not JSON.';
  }
}

type Found = { readonly problem: string } | { readonly problem: null; readonly status: string | null; readonly draft: Partial<Draft> };

/** The configuration item of a message, or its summary where the item was too large to send. */
function itemOf(message: Members): Found {
  const raw = message.configurationItem ?? message.configurationItemSummary;
  // The shape of 2014 has a list, with other member names.
  if (Array.isArray(raw)) return { problem: 'The configurationItem is a list: a format that Config no longer sends.' };
  const item = members(raw);
  // The API's own answers call it otherwise than what Config delivers.
  const account = firstOf(item.awsAccountId, item.accountId);
  const region = item.awsRegion;
  const missing = absentMember({ awsAccountId: account, resourceType: item.resourceType, resourceId: item.resourceId });
  if (missing !== null) return { problem: `The configuration item has no ${missing}.` };
  const status = text(item.configurationItemStatus, 64);
  const stateId = item.configurationStateId;
  const changeType = text(members(message.configurationItemDiff).changeType ?? item.changeType, 32);
  const id = keyOf(text(account), text(region) ?? '', text(item.resourceType), text(item.resourceId), number(stateId) ?? text(stateId, 64));
  const claim = claimOf({ type: item.resourceType, id: item.resourceId, region, account: text(account) });
  return {
    problem: null,
    status,
    draft: {
      id,
      account,
      region,
      resources: listed(claim),
      state: status,
      observedAt: moment(item.configurationItemCaptureTime),
      extra: scalars({
        changeType,
        resourceName: text(item.resourceName, 256),
        // The item is elsewhere; only the resource's name is here.
        oversized: message.messageType === 'OversizedConfigurationItemChangeNotification' ? true : null,
      }),
    },
  };
}

function listed(claim: ResourceClaim | null): readonly ResourceClaim[] {
  return claim === null ? [] : [claim];
}

function absentMember(values: Readonly<Record<string, unknown>>): string | null {
  for (const [member, value] of Object.entries(values)) if (value === undefined || value === null || value === '') return member;
  return null;
}
