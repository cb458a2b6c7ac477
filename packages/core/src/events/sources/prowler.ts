import { type Verdict, verdict } from '../draft.js';
import { epoch, members, number, text } from '../read.js';

type Members = Readonly<Record<string, unknown>>;

// Product findings of a partner: `product/COMPANY/PRODUCT`.
const PRODUCT = /^arn:aws(?:-[a-z]+)*:securityhub:[a-z0-9-]*:[0-9]*:product\/prowler\/prowler$/;
const CHECK = /^[a-z0-9_]{1,200}$/;

/** The check behind a finding of Prowler in the AWS Security Finding Format, `prowler/CHECK`; null for findings of others. */
export function prowlerCheckOfAsff(finding: Members): string | null {
  if (!PRODUCT.test(text(finding.ProductArn) ?? '')) return null;
  return named(text(finding.GeneratorId)?.replace(/^prowler-/, '') ?? null);
}

/** The same of a finding in the Open Cybersecurity Schema Framework. */
export function prowlerCheckOfOcsf(finding: Members): string | null {
  const metadata = members(finding.metadata);
  return members(metadata.product).uid === 'prowler' ? named(text(metadata.event_code)) : null;
}

function named(check: string | null): string | null {
  return check !== null && CHECK.test(check) ? `prowler/${check}` : null;
}

/**
 * What follows from a Prowler finding in OCSF. It writes Detection Findings (class 2004) whose result is in `status_code`, its times in
 * seconds, and mutes by the status Suppressed.
 *
 * @see https://docs.prowler.com/user-guide/cli/tutorials/reporting
 */
export function judgeProwlerOcsf(finding: Members): Verdict {
  const provider = text(members(finding.cloud).provider, 64);
  if (provider !== 'aws') return verdict('ignored', `The finding is about ${provider ?? 'no cloud'}, not about AWS.`);
  const result = text(finding.status_code, 64);
  if (result === 'PASS') return verdict('resolved', 'The check passed.');
  if (finding.status_id === 3) return verdict('ignored', 'The finding is muted in Prowler.');
  if (result !== 'FAIL') return verdict('record-only', `The result of the check is ${result ?? 'missing'}, not FAIL.`);
  return verdict('candidate', 'The Prowler check failed.');
}

/** When it ran: `time` in seconds; `time_dt` is local time, without a zone. */
export function prowlerTime(finding: Members): string | null {
  const seconds = number(finding.time);
  return seconds === null ? null : epoch(seconds * 1000);
}
