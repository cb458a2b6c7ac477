import type { Actor, FindingKind } from '../../model/finding.js';
import type { JsonObject } from '../../model/json.js';
import { groupsOfCall, resourcesOfCall } from '../cloudtrail-resources.js';
import { contradicts, type Decoder, firstOf, type Verdict, verdict } from '../draft.js';
import { copyObject, members, scalars, text, time } from '../read.js';

// For records older than eventVersion 1.05, which have no `readOnly`.
const READS = /^(?:BatchGet|Describe|Discover|Get|Head|List|Lookup|Search|Select|View)(?=[A-Z]|$)/;

/**
 * A CloudTrail record: an API call that somebody made. Every call that changed something is a candidate: which operations matter is
 * what remediators know. A call that failed changed nothing.
 *
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 * @see https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 */
export const cloudtrail: Decoder = (record, context) => {
  const identity = members(record.userIdentity);
  // Of unusual activity the calls are inside, and there may be none around them.
  const insight = members(record.insightDetails);
  const eventSource = text(firstOf(record.eventSource, insight.eventSource));
  const operation = text(firstOf(record.eventName, insight.eventName));
  const account = firstOf(record.recipientAccountId, identity.accountId, context.account);
  const errorCode = text(record.errorCode);
  const readOnly = isReadOnly(record.readOnly, operation ?? '');
  const kind: FindingKind = isSignIn(record, context.envelope?.detailType ?? null) ? 'console-sign-in' : 'api-call';
  const id = text(record.eventID) ?? undefined;
  const region = firstOf(record.awsRegion, context.region);
  const observedAt = time(record.eventTime);
  if (eventSource === null || operation === null) {
    const why = verdict('rejected', 'The record names no operation: eventSource or eventName is missing.');
    return { source: 'cloudtrail', kind, id, account, region, observedAt, ...why };
  }

  const dot = eventSource.indexOf('.');
  const service = dot < 0 ? eventSource : eventSource.slice(0, dot);
  const request = copyObject(record.requestParameters);
  const response = copyObject(record.responseElements);
  const contradiction = errorCode === null && !readOnly && kind === 'api-call' ? contradictionOf(service, operation, request.value, response.value) : null;
  const { disposition, reason } = contradiction ?? judge(kind, record.eventType, operation, errorCode, readOnly);
  // Member by member: this is read for each event there is, and spread objects cost more than what is in them.
  return {
    source: 'cloudtrail',
    kind,
    id,
    account,
    region,
    observedAt,
    disposition,
    reason,
    resources:
      kind === 'console-sign-in' || readOnly || record.eventType === 'AwsCloudTrailInsight'
        ? []
        : resourcesOfCall({
            service,
            operation,
            account: typeof account === 'string' ? account : null,
            request: request.value,
            response: response.value,
            identity,
            resources: record.resources,
          }),
    actor: actorOf(identity),
    call: { service, operation, request: request.value, response: response.value, errorCode, readOnly },
    extra: scalars({
      eventType: text(record.eventType, 64),
      sourceIPAddress: text(record.sourceIPAddress, 256),
      userAgent: text(record.userAgent, 256),
      requestId: text(record.requestID, 128),
      sharedEventId: text(record.sharedEventID, 128),
      // Whoever reads ids out of the call has to know that there may be more.
      truncated: request.truncated || response.truncated ? true : null,
    }),
  };
};

/** What its request and its response say of one call, where they cannot both be right. */
function contradictionOf(service: string, operation: string, request: JsonObject | null, response: JsonObject | null): Verdict | null {
  if (response?.['_return'] === false) return contradicts(`${operation} has no error, and its response says that it was not done`);
  const [asked, answered] = groupsOfCall({ service, operation, request, response });
  const other = answered.find((group) => asked.length > 0 && !asked.includes(group));
  return other === undefined ? null : contradicts(`its request names ${text(asked[0], 128)}, and its response ${text(other, 128)}`);
}

function judge(kind: FindingKind, eventType: unknown, operation: string, errorCode: string | null, readOnly: boolean): Verdict {
  if (errorCode !== null) return verdict('ignored', `The call failed with ${errorCode}; it changed nothing.`);
  if (kind === 'console-sign-in') return verdict('record-only', 'A console sign-in changes no resource.');
  // What AWS did on its own, or unusual activity: no caller to name, no request to read.
  if (eventType === 'AwsServiceEvent' || eventType === 'AwsConsoleAction' || eventType === 'AwsCloudTrailInsight')
    return verdict('record-only', `${eventType} is not an API call.`);
  if (readOnly) return verdict('ignored', `${operation} only reads.`);
  return verdict('candidate', `${operation} changed something.`);
}

function isReadOnly(flag: unknown, operation: string): boolean {
  // Some loggers write the boolean as a text.
  if (flag === true || flag === 'true') return true;
  if (flag === false || flag === 'false') return false;
  return READS.test(operation);
}

// The documentation has both spellings of the detail type.
function isSignIn(record: Readonly<Record<string, unknown>>, detailType: string | null): boolean {
  if (typeof record.eventType === 'string') return record.eventType === 'AwsConsoleSignIn';
  return detailType === 'AWS Console Sign In via CloudTrail' || detailType === 'AWS Console Signin via CloudTrail';
}

function actorOf(identity: Readonly<Record<string, unknown>>): Actor {
  const session = members(identity.sessionContext);
  const sourceIdentity = text(session.sourceIdentity, 256);
  return {
    arn: text(identity.arn),
    type: text(identity.type, 64),
    issuerArn: text(members(session.sessionIssuer).arn),
    invokedBy: text(identity.invokedBy, 256),
    ...(sourceIdentity === null ? {} : { sourceIdentity }),
  };
}
