import { given, inParallel } from '@redress/core';
import { cloudtrail } from './client.js';
import { isWhole, type Selectors } from './selectors.js';

/** A trail of all regions, as far as it counts. */
export interface Recorder {
  readonly arn: string;
  readonly logging: boolean;
  /** Whether it records management events, all of them. */
  readonly whole: boolean;
  /** Whether its files are validated and encrypted with a KMS key, and it records what has no region. */
  readonly secure: boolean;
}

/** The reads of {@link recorders}. */
export const READS = [cloudtrail.pick('DescribeTrails', 'GetTrailStatus', 'GetEventSelectors')] as const;

/** A trail as CloudTrail describes it. */
interface Described {
  readonly IsMultiRegionTrail?: boolean | undefined;
  readonly TrailARN?: string | undefined;
  readonly LogFileValidationEnabled?: boolean | undefined;
  readonly IncludeGlobalServiceEvents?: boolean | undefined;
  readonly KmsKeyId?: string | undefined;
}
interface Reads {
  readonly GetTrailStatus: (input: { Name: string }) => Promise<{ readonly IsLogging?: boolean | undefined }>;
  readonly GetEventSelectors: (input: { TrailName: string }) => Promise<Selectors>;
}

/** Those among trails that are of all regions. */
export async function recorders({ GetTrailStatus, GetEventSelectors }: Reads, trails: readonly Described[]): Promise<readonly Recorder[]> {
  const found: Recorder[] = [];
  for (const each of trails) {
    if (!given(each, 'IsMultiRegionTrail')) continue;
    const arn = given(each, 'TrailARN');
    const [{ IsLogging }, selectors] = await inParallel(GetTrailStatus({ Name: arn }), GetEventSelectors({ TrailName: arn }));
    if (IsLogging === undefined) throw new Error(`CloudTrail did not say whether ${arn} is logging.`);
    // What is not said to be on is not: then the rule that asks for it stays open.
    const secure = each.LogFileValidationEnabled === true && each.IncludeGlobalServiceEvents === true && (each.KmsKeyId ?? '') !== '';
    found.push({ arn, logging: IsLogging, whole: isWhole(selectors), secure });
  }
  return found.sort((a, b) => a.arn.localeCompare(b.arn));
}

/** The undo of a start. A person sends it: a role that may stop trails is an attacker's first target. */
export const stopping = (Name: string) => ({
  calls: [cloudtrail.call('StopLogging', { Name })],
  restores: 'equivalent' as const,
  destroys: 'the record of what happens from then on, unless another trail has it',
});

/** Whether it records all management events now. */
export const records = ({ logging, whole }: Recorder): boolean => logging && whole;
