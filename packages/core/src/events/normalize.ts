import type { EnvelopeInfo, Finding } from '../model/finding.js';
import { isRecord } from '../model/json.js';
import { isAccountId } from '../model/resource.js';
import { type Decoder, type DecoderContext, type Draft, digestOfAnything, finish, keysOf, verdict } from './draft.js';
import { foreign } from './foreign.js';
import { elements, members, name, text, time } from './read.js';
import { accessAnalyzer } from './sources/access-analyzer.js';
import { cloudtrail } from './sources/cloudtrail.js';
import { complianceChange, complianceDetail, itemChange, remediationRequest, ruleInvocation, statusOnly } from './sources/config.js';
import { inspector, macie } from './sources/detections.js';
import { guardduty } from './sources/guardduty.js';
import { health } from './sources/health.js';
import { other } from './sources/other.js';
import { prowlerCheckOfAsff, prowlerCheckOfOcsf } from './sources/prowler.js';
import { scheduled } from './sources/scheduled.js';
import { asff, customAction, imported, insightResults } from './sources/securityhub.js';
import { importedV2, ocsf } from './sources/securityhub-v2.js';
import { automationStatus } from './sources/ssm.js';
import { tagChange } from './sources/tag.js';
import { trustedAdvisor } from './sources/trusted-advisor.js';
import { type Envelope, MAX_BYTES, type UnwrapOptions, unwrap } from './unwrap.js';

/** Bounds of {@link normalize}. */
export type NormalizeOptions = UnwrapOptions;

// By source and detail type, both exact: nobody but AWS can put events with a source of `aws.`.
const DECODERS = bySource([
  ['aws.config', 'Config Rules Compliance Change', complianceChange],
  ['aws.config', 'Config Configuration Item Change', itemChange],
  ['aws.config', 'Config Rules Re-evaluation Status', statusOnly],
  ['aws.config', 'Config Configuration Snapshot Delivery Status', statusOnly],
  ['aws.config', 'Config Configuration History Delivery Status', statusOnly],
  ['aws.securityhub', 'Security Hub Findings - Imported', imported],
  ['aws.securityhub', 'Security Hub Findings - Custom Action', customAction],
  ['aws.securityhub', 'Security Hub Insight Results', insightResults],
  ['aws.securityhub', 'Findings Imported V2', importedV2],
  ['aws.guardduty', 'GuardDuty Finding', guardduty],
  ['aws.access-analyzer', 'Access Analyzer Finding', accessAnalyzer],
  ['aws.inspector2', 'Inspector2 Finding', inspector],
  ['aws.macie', 'Macie Finding', macie],
  ['aws.health', 'AWS Health Event', health],
  ['aws.health', 'AWS Health Abuse Event', health],
  ['aws.trustedadvisor', 'Trusted Advisor Check Item Refresh Notification', trustedAdvisor],
  ['aws.tag', 'Tag Change on Resource', tagChange],
  ['aws.ssm', 'EC2 Automation Execution Status-change Notification', automationStatus],
  ['aws.events', 'Scheduled Event', scheduled],
  ['aws.scheduler', 'Scheduled Event', scheduled],
]);

// In two steps: to join both names for each event costs more than to look twice.
function bySource(decoders: readonly (readonly [source: string, detailType: string, decoder: Decoder])[]): Map<string, Map<string, Decoder>> {
  const found = new Map<string, Map<string, Decoder>>();
  for (const [source, detailType, decoder] of decoders) found.set(source, (found.get(source) ?? new Map<string, Decoder>()).set(detailType, decoder));
  return found;
}

/**
 * Reads findings out of anything: an EventBridge event, a wrapper of events (see {@link unwrap}), an {@link Envelope}, or a bare finding,
 * record, rule invocation or API answer.
 *
 * Total and pure: it never throws, never changes its input, and returns at least one finding. An input that cannot be read becomes a finding with
 * the disposition `rejected` and a reason. An empty batch becomes one that is `ignored`. Results are frozen, and contain only plain JSON.
 *
 * @example
 * for (const finding of normalize(lambdaEvent)) {
 *   if (finding.disposition === 'candidate') await redress.run(finding);
 * }
 * @see https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html
 */
export function normalize(input: unknown, options: NormalizeOptions = {}): Finding[] {
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  // An envelope is what `unwrap` gives back for itself.
  const envelopes = unwrap(input, { maxBytes });
  if (envelopes.length === 0)
    return [finish({ source: 'wrapper', kind: 'unsupported', ...verdict('ignored', 'The batch is empty.') }, { ...NOWHERE, key: keysOf(input) })];
  const findings: Finding[] = [];
  for (const envelope of envelopes) read(envelope, maxBytes, findings);
  return findings;
}

const NOWHERE = Object.freeze({ envelope: null, via: Object.freeze([]), itemId: null });

function read(item: Envelope, maxBytes: number, findings: Finding[]): void {
  const { via, itemId, body } = item;
  if (item.problem !== null) {
    findings.push(
      finish(
        { ...malformed(item.problem), source: 'wrapper', ...(body === null ? { id: digestOfAnything([item.problem, ...via, itemId]) } : {}) },
        { envelope: null, via, itemId, key: keysOf(body) },
      ),
    );
    return;
  }
  try {
    const { drafts, envelope } = decode(body, maxBytes);
    const around = { envelope, via, itemId, key: keysOf(body) };
    if (Array.isArray(drafts)) for (const draft of drafts as readonly Draft[]) findings.push(finish(draft, around));
    else findings.push(finish(drafts as Draft, around));
  } catch {
    // A getter or a proxy that throws, or a text too deep to parse.
    findings.push(finish(malformed('The event cannot be read.'), { envelope: null, via, itemId, key: keysOf(body) }));
  }
}

function malformed(reason: string): Draft {
  return { source: 'other', kind: 'malformed', ...verdict('rejected', reason) };
}

interface Decoded {
  readonly drafts: Draft | readonly Draft[];
  readonly envelope: EnvelopeInfo | null;
}

function decode(body: unknown, maxBytes: number): Decoded {
  if (!isRecord(body)) return { drafts: malformed('The event is not a JSON object.'), envelope: null };
  if (typeof body['detail-type'] === 'string') return decodeEvent(body, maxBytes);
  const context: DecoderContext = { envelope: null, account: undefined, region: undefined, resources: [], maxBytes };
  return { drafts: decodeBare(body, context), envelope: null };
}

function decodeEvent(event: Record<string, unknown>, maxBytes: number): Decoded {
  const envelope: EnvelopeInfo = Object.freeze({
    id: text(event.id, 256),
    source: text(event.source, 256),
    detailType: text(event['detail-type'], 256),
    // Never coerced: a number has lost its leading zeros.
    account: isAccountId(event.account) ? event.account : null,
    region: name(event.region),
    time: time(event.time),
    replayName: text(event['replay-name'], 256),
  });
  const context: DecoderContext = { envelope, account: event.account, region: event.region, resources: elements(event.resources), maxBytes };
  const source = event.source;
  const detailType = event['detail-type'] as string;
  if (typeof source !== 'string') return { drafts: malformed('The event has no source.'), envelope };
  if (!source.startsWith('aws.')) {
    return {
      drafts: { source: 'other', kind: 'unsupported', ...verdict('ignored', `The source ${text(source, 128)} is not AWS.`), id: envelope.id ?? undefined },
      envelope,
    };
  }
  const decoder = DECODERS.get(source)?.get(detailType) ?? (detailType.endsWith(' via CloudTrail') ? cloudtrail : other);
  // A schedule's input is up to whoever made it; the default is the text "{}".
  if (!isRecord(event.detail) && decoder !== scheduled && decoder !== other) {
    return { drafts: { ...malformed('The event has no detail.'), id: envelope.id ?? undefined }, envelope };
  }
  return { drafts: decoder(members(event.detail), context), envelope };
}

/** Forms without an EventBridge envelope, recognized by members that no other form has. */
function decodeBare(body: Record<string, unknown>, context: DecoderContext): Draft | readonly Draft[] {
  if (typeof body.eventVersion === 'string' && typeof body.eventSource === 'string' && typeof body.eventName === 'string') return cloudtrail(body, context);
  // Without an envelope it is out of the scanner's own file, and Security Hub may not have it.
  if (typeof body.ProductArn === 'string' || (body.SchemaVersion !== undefined && body.AwsAccountId !== undefined))
    return prowlerCheckOfAsff(body) === null ? asff(body) : { ...asff(body), source: 'prowler' };
  if (typeof body.class_uid === 'number' && isRecord(body.finding_info))
    return prowlerCheckOfOcsf(body) === null ? ocsf(body) : { ...ocsf(body), source: 'prowler' };
  if (body.invokingEvent !== undefined && (body.resultToken !== undefined || body.configRuleName !== undefined || body.configRuleArn !== undefined))
    return ruleInvocation(body, context);
  if (body.redress === 'config-remediation') return remediationRequest(body, context);
  if (typeof body.schemaVersion === 'string' && isRecord(body.service) && isRecord(body.resource)) return guardduty(body, context);
  if (isRecord(body.EvaluationResultIdentifier) && body.ComplianceType !== undefined) return complianceDetail(body, context);
  // An item out of a snapshot, a history, or an answer of the API.
  if (body.configurationItemCaptureTime !== undefined && body.resourceType !== undefined && body.resourceId !== undefined)
    return itemChange({ configurationItem: body }, context);
  // Config's own SNS topic carries its messages without an envelope, all kinds in one stream.
  const messageType = body.messageType;
  if (messageType === 'ComplianceChangeNotification') return complianceChange(body, context);
  if (messageType === 'ConfigurationItemChangeNotification' || messageType === 'OversizedConfigurationItemChangeNotification') return itemChange(body, context);
  if (typeof messageType === 'string' && CONFIG_STATUS.test(messageType)) return statusOnly(body, context);
  // What AWS sends to try a new subscription.
  if (body.Event === 's3:TestEvent') return { source: 'wrapper', kind: 'unsupported', ...verdict('ignored', 'A test message of S3.') };
  if (body.Type === 'SubscriptionConfirmation' || body.Type === 'UnsubscribeConfirmation')
    return { source: 'wrapper', kind: 'unsupported', ...verdict('ignored', `${body.Type} of SNS: no event.`) };
  if (body.messageType === 'CONTROL_MESSAGE') return { source: 'wrapper', kind: 'unsupported', ...verdict('ignored', 'A test message of CloudWatch Logs.') };
  const what = foreign(body);
  if (what === null) return malformed('The input is not a known AWS event.');
  return what.companion
    ? { source: 'other', kind: 'unsupported', ...verdict('ignored', `It is ${what.name}, which contains no events.`) }
    : malformed(`It is ${what.name}, not an event or a finding.`);
}

const CONFIG_STATUS = /^Config(?:uration(?:Snapshot|History)|Rules)[A-Za-z]+$/;
