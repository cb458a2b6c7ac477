import type { ResourceClaim } from '../../model/finding.js';
import { contradicts, type Decoder, type Draft, firstOf, foreign, keyOf, uniqueClaims, type Verdict, verdict } from '../draft.js';
import { elements, epoch, members, number, scalars, text, time } from '../read.js';
import { canonicalType, claimOf, claimOfId, fromArn } from '../resource-ids.js';
import { judgeProwlerOcsf, prowlerCheckOfOcsf, prowlerTime } from './prowler.js';
import { controlParameters, productOf, standardOfFindingId } from './securityhub.js';

type Members = Readonly<Record<string, unknown>>;

/** OCSF class of compliance findings, the only ones that say that a control failed. */
const COMPLIANCE_FINDING = 2003;

const MAX_RESOURCES = 32;

/** `Findings Imported V2`: Security Hub in the Open Cybersecurity Schema Framework. */
export const importedV2: Decoder = (detail) => {
  const findings = elements(detail.findings);
  if (findings.length === 0) return { source: 'securityhub-v2', kind: 'finding-imported-v2', ...verdict('rejected', 'The event contains no findings.') };
  return findings.map((finding) => ocsf(members(finding)));
};

/**
 * One OCSF finding. Its `finding_info.uid` is the `Id` of the same finding in ASFF, so that duplicates can be recognised in an account with both
 * hubs enabled.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-ocsf-findings.html
 * @see https://schema.ocsf.io/1.6.0/classes/compliance_finding
 */
export function ocsf(finding: Members): Draft {
  const info = members(finding.finding_info);
  const compliance = members(finding.compliance);
  const cloud = members(finding.cloud);
  const findingId = text(info.uid);
  const classUid = number(finding.class_uid);
  const productArn = text(members(members(finding.metadata).product).uid);
  const check = prowlerCheckOfOcsf(finding);
  const modifiedAt =
    check === null ? (time(info.modified_time_dt) ?? epoch(info.modified_time) ?? time(finding.time_dt) ?? epoch(finding.time)) : prowlerTime(finding);
  const statusId = number(finding.status_id);
  // What is written to a finding with BatchUpdateFindingsV2 does not move its times: a person's suppression, and our own update, would arrive
  // under the key of the finding that was handled.
  const id = statusId === null || statusId === 1 ? keyOf(findingId, modifiedAt) : keyOf(findingId, modifiedAt, `status ${statusId}`);
  const account = members(cloud.account).uid;
  const isCompliance = classUid === COMPLIANCE_FINDING;
  const standardPath = standardOfFindingId(findingId);
  // Version 1.1 of the schema has one `resource`.
  const raw = (Array.isArray(finding.resources) ? finding.resources : [finding.resource]).slice(0, MAX_RESOURCES).map(members);

  return {
    source: 'securityhub-v2',
    kind: 'finding-imported-v2',
    id,
    ...(twoIds(raw) ??
      foreign(
        raw.map((each) => each.uid_alt),
        account,
        check === null || findingId === null ? judge(finding, compliance, findingId, classUid, productOf(productArn)) : judgeProwlerOcsf(finding),
      )),
    account: firstOf(account, members(members(raw[0]?.owner).account).uid),
    region: regionOf(firstOf(cloud.region, raw[0]?.region)),
    resources: uniqueClaims(raw.map((each) => claimOfResource(each, typeof account === 'string' ? account : null))),
    controls: check !== null ? [check] : isCompliance ? kept([text(compliance.control, 128), standardPath]) : kept([text(elements(info.types).at(-1), 256)]),
    configRule: isCompliance ? text(members(info.analytic).name, 256) : null,
    state: check !== null ? text(finding.status_code, 64) : isCompliance ? text(compliance.status, 64) : text(finding.status, 64),
    observedAt: modifiedAt,
    extra: {
      ...controlParameters(compliance.control_parameters, 'name', 'values'),
      ...scalars({
        findingId,
        standardPath: isCompliance ? standardPath : null,
        severity: text(finding.severity, 64),
        productArn,
        title: text(info.title, 256),
        workflowStatus: text(finding.status, 64),
        statusId,
        activityId: number(finding.activity_id),
        classUid,
      }),
    },
  };
}

function judge(finding: Members, compliance: Members, findingId: string | null, classUid: number | null, product: string | null): Verdict {
  if (findingId === null) return verdict('rejected', 'The finding has no finding_info.uid.');
  if (classUid !== COMPLIANCE_FINDING) return verdict('record-only', 'The finding is not a compliance finding.');
  if (product !== 'securityhub' && product !== 'config')
    return verdict('record-only', 'The finding is of another product than Security Hub controls or Config.');
  const status = word(finding.status);
  const statusId = number(finding.status_id);
  // Closing goes first: a finding is closed with its status still New.
  if (finding.activity_id === 3) return verdict('resolved', 'The finding was closed.');
  if (statusId === 4 || status === 'resolved') return verdict('resolved', 'The finding was set to resolved.');
  if (statusId === 5 || status === 'archived') return verdict('resolved', 'The finding is archived.');
  const outcome = complianceOf(compliance);
  if (outcome === 'pass') return verdict('resolved', 'The control passed.');
  if (statusId === 3 || status === 'suppressed') return verdict('ignored', 'The finding was set to Suppressed.');
  if (statusId === 2 || status === 'in progress') return verdict('ignored', 'The finding was set to In Progress: somebody was notified already.');
  if (outcome !== 'fail') return verdict('record-only', `The compliance status is ${outcome}, not Fail.`);
  if ((statusId ?? 1) !== 1 || (status ?? 'new') !== 'new' || (statusId === null && status === null)) return verdict('record-only', 'The status is not New.');
  return verdict('candidate', 'The control failed.');
}

const OUTCOMES = new Map<unknown, string>([
  [1, 'pass'],
  [2, 'warning'],
  [3, 'fail'],
  ['pass', 'pass'],
  ['passed', 'pass'],
  ['warning', 'warning'],
  ['fail', 'fail'],
  ['failed', 'fail'],
]);

// The number and the word say the same, unless something is wrong with the finding; then neither is believed.
function complianceOf(compliance: Members): string {
  const said = [number(compliance.status_id), word(compliance.status)].filter((each) => each !== null).map((each) => OUTCOMES.get(each) ?? 'unknown');
  const [first, second] = said;
  if (first === undefined) return 'missing';
  return second === undefined || second === first ? first : 'contradictory';
}

function word(value: unknown): string | null {
  return text(value, 64)?.toLowerCase() ?? null;
}

function regionOf(value: unknown): unknown {
  return value === 'global' ? 'aws-global' : value;
}

function claimOfResource(resource: Members, account: string | null): ResourceClaim | null {
  const alternative = resource.uid_alt;
  // The ARN where there is one: it names region and account as well.
  // Not where it is of something else in it: an account's may be that of a detector.
  const named = fromArn(alternative, account);
  const same = named === null || named.type === canonicalType(text(resource.type) ?? '') || firstOf(resource.uid, resource.name) === undefined;
  const id = typeof alternative === 'string' && alternative.startsWith('arn:') && same ? alternative : firstOf(resource.uid, resource.name);
  return claimOf({ type: resource.type, id, region: resource.region, account });
}

/** Whether a resource has two ids of one kind that are not the same. Kinds with several names of one resource cannot be compared. */
function twoIds(resources: readonly Members[]): Verdict | null {
  for (const { uid, uid_alt: alternative } of resources) {
    const [one, other] = [claimOfId(uid), claimOfId(alternative)];
    if (one !== null && other !== null && one.type === other.type && one.type.startsWith('AWS::EC2::') && one.id !== other.id)
      return contradicts(`a resource is called both ${one.id} and ${other.id}`);
  }
  return null;
}

function kept(values: readonly (string | null)[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== null))];
}
