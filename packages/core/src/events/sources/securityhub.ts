import type { FindingKind, ResourceClaim } from '../../model/finding.js';
import type { JsonObject } from '../../model/json.js';
import { type Decoder, type Draft, firstOf, foreign, keyOf, uniqueClaims, type Verdict, verdict } from '../draft.js';
import { elements, members, name, number, scalars, text, time } from '../read.js';
import { claimOf, parseArn } from '../resource-ids.js';
import { prowlerCheckOfAsff } from './prowler.js';

type Members = Readonly<Record<string, unknown>>;

/** Resources of one finding: the format allows 32. */
const MAX_RESOURCES = 32;
const MAX_PARAMETERS = 32;
/** The format allows 50. */
const MAX_TYPES = 50;

/** `Security Hub Findings - Imported`: one event, one finding or several. */
export const imported: Decoder = (detail) => {
  const findings = elements(detail.findings);
  if (findings.length === 0) return { source: 'securityhub', kind: 'finding-imported', ...verdict('rejected', 'The event contains no findings.') };
  return findings.map((finding) => asff(members(finding)));
};

/**
 * `Security Hub Findings - Custom Action`: a person sent findings from the console. Who is not in the event, so it approves nothing.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cloudwatch-events.html
 */
export const customAction: Decoder = (detail, context) => {
  const findings = elements(detail.findings);
  const action = { arn: text(context.resources[0]), name: text(detail.actionName) };
  if (findings.length === 0) return { source: 'securityhub', kind: 'finding-custom-action', ...verdict('rejected', 'The event contains no findings.') };
  return findings.map((finding) => asff(members(finding), action));
};

/** `Security Hub Insight Results`: counts, no findings. */
export const insightResults: Decoder = (detail, context) => ({
  source: 'securityhub',
  kind: 'insight-results',
  ...verdict('ignored', 'Insight results are counts, not findings.'),
  account: context.account,
  region: context.region,
  observedAt: context.envelope?.time ?? null,
  extra: scalars({ insightArn: text(detail.insightArn), actionName: text(detail.actionName), customActionArn: text(context.resources[0]) }),
});

interface CustomAction {
  readonly arn: string | null;
  readonly name: string | null;
}

/**
 * One finding in the AWS Security Finding Format.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
 */
export function asff(finding: Members, action: CustomAction | null = null): Draft {
  const fields = members(finding.ProductFields);
  const compliance = members(finding.Compliance);
  const workflow = text(members(finding.Workflow).Status, 64);
  const legacy = text(finding.WorkflowState, 64);
  const productArn = text(finding.ProductArn);
  const findingId = text(finding.Id);
  const updatedAt = text(finding.UpdatedAt, 64);
  const state = text(compliance.Status, 64);
  const recordState = text(finding.RecordState, 64);
  const kind: FindingKind = action === null ? 'finding-imported' : 'finding-custom-action';
  const id = action === null ? keyOf(findingId, updatedAt) : keyOf(findingId, updatedAt, action.arn);
  const raw = elements(finding.Resources).slice(0, MAX_RESOURCES).map(members);
  const account = finding.AwsAccountId;
  const product = productOf(productArn);
  const check = prowlerCheckOfAsff(finding);
  const standardPath = standardOf(finding, fields);
  const severity = members(finding.Severity);
  const note = members(finding.Note);
  const noteBy = text(note.UpdatedBy, 256);
  const own = noteBy === SECURITY_HUB_AUTHOR ? ownNote(time(note.UpdatedAt), time(finding.UpdatedAt)) : null;

  return {
    source: 'securityhub',
    kind,
    id,
    ...foreign(
      raw.map((each) => each.Id),
      account,
      judge({ missing: missingMember(finding), product, check, state, recordState, workflow, legacy, custom: action !== null, own }),
    ),
    account,
    // Older findings have none of their own.
    region: firstOf(finding.Region, raw[0]?.Region, parseArn(productArn)?.region),
    resources: uniqueClaims(raw.flatMap((each) => claims(each, typeof account === 'string' ? account : null))),
    // Other products say in `Types` what they have found.
    controls:
      check !== null
        ? [check]
        : product === 'securityhub'
          ? controlsOf(compliance, fields, standardPath)
          : product === 'config'
            ? []
            : elements(finding.Types)
                .slice(0, MAX_TYPES)
                .map((each) => text(each, 256))
                .filter((each) => each !== null),
    configRule: ruleOf(fields),
    state,
    observedAt: time(finding.UpdatedAt),
    extra: {
      ...controlParameters(compliance.SecurityControlParameters, 'Name', 'Value'),
      ...scalars({
        findingId,
        standardPath,
        recordState,
        workflowStatus: workflow,
        legacyWorkflowState: legacy,
        severity: text(severity.Label, 64) ?? number(severity.Normalized),
        productArn,
        title: text(finding.Title, 256),
        // Distinguishes our own updates from others.
        noteUpdatedBy: noteBy,
        customActionArn: action?.arn,
        customActionName: action?.name,
      }),
    },
  };
}

/** The configured parameters of a control, as `extra.controlParameters`; nothing if the finding has none. */
export function controlParameters(list: unknown, nameKey: string, valueKey: string): { readonly controlParameters?: JsonObject } {
  const found: [string, string][] = [];
  for (const each of elements(list).slice(0, MAX_PARAMETERS).map(members)) {
    const key = name(each[nameKey]);
    const values = elements(each[valueKey]).filter((value) => typeof value === 'string' || typeof value === 'number');
    if (key !== null && values.length > 0) found.push([key, text(values.join(',')) ?? '']);
  }
  return found.length === 0 ? {} : { controlParameters: Object.freeze(Object.fromEntries(found)) };
}

// The format's required members, without which nothing can be determined.
function missingMember(finding: Members): string | null {
  for (const member of ['Id', 'ProductArn', 'AwsAccountId', 'UpdatedAt'] as const) {
    if (finding[member] === undefined || finding[member] === null || finding[member] === '') return member;
  }
  return null;
}

const PRODUCT = /^arn:aws(?:-[a-z]+)*:securityhub:[a-z0-9-]*:[0-9]*:product(?:v2)?\/aws\/([a-z0-9-]+)$/;

/** Which AWS product speaks in a finding, `securityhub` for its own controls; null for products of others. */
export function productOf(productArn: string | null): string | null {
  return productArn === null ? null : (PRODUCT.exec(productArn)?.[1] ?? null);
}

interface Status {
  readonly missing: string | null;
  readonly product: string | null;
  /** Of Prowler, whose findings are read like those of AWS itself. */
  readonly check: string | null;
  readonly state: string | null;
  readonly recordState: string | null;
  readonly workflow: string | null;
  readonly legacy: string | null;
  readonly custom: boolean;
  /** The last note is ours: the finding is as we left it, or was evaluated again since. Null: it is someone else's, or there is none. */
  readonly own: 'newest' | 'evaluated-since' | null;
}

/** Author of our notes on findings: an update of ours is imported again. */
export const SECURITY_HUB_AUTHOR = 'redress';

/**
 * Our note stays on a finding, so it alone says nothing. What Security Hub evaluates changes `UpdatedAt`, and what is written to a finding with
 * BatchUpdateFindings does not: a note that is as new is of our own update, which comes back as an import. Where one of the times is missing it
 * counts as that, since an update that answers itself would have no end.
 *
 * @see https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchUpdateFindings.html
 */
function ownNote(writtenAt: string | null, evaluatedAt: string | null): 'newest' | 'evaluated-since' {
  return writtenAt !== null && evaluatedAt !== null && Date.parse(evaluatedAt) > Date.parse(writtenAt) ? 'evaluated-since' : 'newest';
}

function judge(status: Status): Verdict {
  const { state, recordState } = status;
  const echo = status.own === 'newest' && !status.custom;
  if (status.missing !== null) return verdict('rejected', `The finding has no ${status.missing}.`);
  if (status.product !== 'securityhub' && status.product !== 'config' && status.check === null)
    return verdict('record-only', 'The finding is of another product than Security Hub controls, Config or Prowler.');
  // `WorkflowState` stays NEW after `Workflow` was resolved, so it only speaks where there is no `Workflow`. Prowler's files have neither: only
  // in Security Hub a finding gets one.
  const workflow = status.workflow ?? status.legacy ?? (status.check === null ? null : 'NEW');
  if (state === 'PASSED') return verdict('resolved', 'The control passed.');
  if (recordState === 'ARCHIVED') return verdict('resolved', 'The finding is archived.');
  if (workflow === 'RESOLVED' && echo) return verdict('ignored', 'The finding was set to RESOLVED by Redress itself.');
  // It may fail again without having passed in between, and then stays RESOLVED.
  if (workflow === 'RESOLVED' && status.own !== 'evaluated-since') return verdict('resolved', 'The finding was set to resolved.');
  if (workflow === 'SUPPRESSED' || workflow === 'DEFERRED') return verdict('ignored', `The finding was set to ${workflow}.`);
  if (workflow === 'NOTIFIED' && echo) return verdict('ignored', 'The finding was set to NOTIFIED by Redress itself.');
  if (state === 'WARNING' && status.check !== null) return verdict('ignored', 'The finding is muted in Prowler.');
  if (state !== 'FAILED') return verdict('record-only', `The compliance status is ${state ?? 'missing'}, not FAILED.`);
  if (recordState !== 'ACTIVE') return verdict('record-only', `The record state is ${recordState ?? 'missing'}, not ACTIVE.`);
  if (workflow !== 'NEW' && workflow !== 'NOTIFIED' && workflow !== 'RESOLVED')
    return verdict('record-only', `The workflow status is ${workflow ?? 'missing'}, not NEW.`);
  const what = status.check === null ? 'The control' : 'The Prowler check';
  return verdict('candidate', status.own === null ? `${what} failed.` : `${what} failed again.`);
}

const STANDARD_ARN = /:control\/(.+)$/;
const RULESET = /:ruleset\/(.+)\/rule\/([^/]+)$/;
const STANDARD = /^[a-z0-9-]+\/v\/[^/]+\/[^/]+$/;
const SUBSCRIPTION = /:subscription\/(.+)\/finding\//;

/** The control within its standard: `cis-aws-foundations-benchmark/v/1.2.0/4.1`. */
function standardOf(finding: Members, fields: Members): string | null {
  const arn = text(fields.StandardsControlArn);
  const byArn = arn === null ? null : STANDARD_ARN.exec(arn);
  if (byArn !== null) return byArn[1] ?? null;
  const generator = text(finding.GeneratorId);
  if (generator !== null) {
    const ruleset = RULESET.exec(generator);
    if (ruleset !== null) return `${ruleset[1]}/${ruleset[2]}`;
    if (STANDARD.test(generator)) return generator;
  }
  return standardOfFindingId(text(finding.Id));
}

/** The control within its standard out of a finding's id; null for consolidated findings, which are of no single standard. */
export function standardOfFindingId(findingId: string | null): string | null {
  return findingId === null ? null : (SUBSCRIPTION.exec(findingId)?.[1] ?? null);
}

const CONSOLIDATED = /(?:^|[:/])security-control\/([A-Za-z0-9]+\.[0-9]+)(?:\/|$)/;
const FOUNDATIONAL = 'aws-foundational-security-best-practices/';

// Only the foundational standard's own ids are Security Hub's control ids; in others `4.1` or `PCI.S3.1` mean something else.
function controlsOf(compliance: Members, fields: Members, standardPath: string | null): readonly string[] {
  const control =
    text(compliance.SecurityControlId, 128) ??
    (standardPath?.startsWith(FOUNDATIONAL) === true ? (text(fields.ControlId, 128) ?? standardPath.slice(standardPath.lastIndexOf('/') + 1)) : null) ??
    controlOf(text(fields['aws/securityhub/FindingId']));
  const controls = control === null ? [] : [control];
  if (standardPath !== null && standardPath !== control) controls.push(standardPath);
  return controls;
}

function controlOf(findingId: string | null): string | null {
  return findingId === null ? null : (CONSOLIDATED.exec(findingId)?.[1] ?? null);
}

function ruleOf(fields: Members): string | null {
  const own = text(fields['aws/config/ConfigRuleName'], 256);
  if (own !== null) return own;
  return fields['RelatedAWSResources:0/type'] === 'AWS::Config::ConfigRule' ? text(fields['RelatedAWSResources:0/name'], 256) : null;
}

function claims(resource: Members, account: string | null): readonly (ResourceClaim | null)[] {
  const claim = claimOf({ type: resource.Type, id: resource.Id, region: resource.Region, account });
  if (resource.Type !== 'AwsIamAccessKey') return [claim];
  // A key's finding names the user next to the resources.
  const key = members(members(resource.Details).AwsIamAccessKey);
  const user = key.PrincipalType === 'IAMUser' || key.PrincipalType === undefined ? (name(key.PrincipalName) ?? name(key.UserName)) : null;
  return [claim, user === null ? null : claimOf({ type: 'AWS::IAM::User', id: user, region: resource.Region, account })];
}
