import { given, inParallel } from '@redress/core';
import { cloudtrail } from './client.js';
import { isWhole, type Selectors, takesManagement } from './selectors.js';

/** A trail of all regions, as far as it counts. */
export interface Recorder {
  readonly arn: string;
  readonly logging: boolean;
  /** Whether it was ever started: then somebody has stopped it. */
  readonly started: boolean;
  /** Whether it records management events, all of them. */
  readonly whole: boolean;
  /** Whether its files are validated and encrypted with a KMS key, and it records what has no region. */
  readonly secure: boolean;
}

/** The reads of {@link recorders} and {@link copiesOf}. */
export const READS = [cloudtrail.pick('DescribeTrails', 'GetTrailStatus', 'GetEventSelectors')] as const;

/** A trail as CloudTrail describes it. */
interface Described {
  readonly IsMultiRegionTrail?: boolean | undefined;
  readonly TrailARN?: string | undefined;
  readonly LogFileValidationEnabled?: boolean | undefined;
  readonly IncludeGlobalServiceEvents?: boolean | undefined;
  readonly KmsKeyId?: string | undefined;
}
interface Status {
  readonly IsLogging?: boolean | undefined;
  readonly StartLoggingTime?: Date | undefined;
  readonly StopLoggingTime?: Date | undefined;
}
interface Reads {
  readonly DescribeTrails: (input: { includeShadowTrails: true }) => Promise<{ readonly trailList?: readonly Described[] | undefined }>;
  readonly GetTrailStatus: (input: { Name: string }) => Promise<Status>;
  readonly GetEventSelectors: (input: { TrailName: string }) => Promise<Selectors>;
}

/** The trails that are visible in a region, those of other regions and of the organization too. */
const visible = async ({ DescribeTrails }: Reads) => given(await DescribeTrails({ includeShadowTrails: true }), 'trailList');

async function isLogging({ GetTrailStatus }: Reads, arn: string): Promise<{ readonly logging: boolean; readonly started: boolean }> {
  const { IsLogging: logging, StartLoggingTime, StopLoggingTime } = await GetTrailStatus({ Name: arn });
  if (logging === undefined) throw new Error(`CloudTrail did not say whether ${arn} is logging.`);
  return { logging, started: logging || StartLoggingTime !== undefined || StopLoggingTime !== undefined };
}

/** The trails of all regions. */
export async function recorders(reads: Reads): Promise<readonly Recorder[]> {
  const found: Recorder[] = [];
  for (const each of await visible(reads)) {
    if (!given(each, 'IsMultiRegionTrail')) continue;
    const arn = given(each, 'TrailARN');
    const [status, selectors] = await inParallel(isLogging(reads, arn), reads.GetEventSelectors({ TrailName: arn }));
    // What is not said to be on is not: then the rule that asks for it stays open.
    const secure = each.LogFileValidationEnabled === true && each.IncludeGlobalServiceEvents === true && (each.KmsKeyId ?? '') !== '';
    found.push({ arn, ...status, whole: isWhole(selectors), secure });
  }
  return found.sort((a, b) => a.arn.localeCompare(b.arn));
}

/** Whether it records all management events now. */
export const records = ({ logging, whole }: Recorder): boolean => logging && whole;

/** The other trails that record management events now, or a part of them. */
export async function copiesOf(own: string, reads: Reads): Promise<readonly string[]> {
  const copies: string[] = [];
  for (const each of await visible(reads)) {
    const arn = given(each, 'TrailARN');
    if (arn !== own && (await isLogging(reads, arn)).logging && takesManagement(await reads.GetEventSelectors({ TrailName: arn }))) copies.push(arn);
  }
  return copies;
}

/** Tags say that a trail is stopped on purpose. */
export const retired = {
  code: 'retired',
  effect: 'approve',
  what: 'Tags mark the trail as retired, or as rolled back: its deliveries are billed, and may duplicate another trail.',
  advice: 'Ask its owner. Approve if no other trail records the same events; otherwise record an exception.',
  words: ['retired', 'retirement', 'deprecated', 'decommissioned', 'obsolete', 'rolled back'],
} as const;

/** Tells every remediator that a trail is stopped on purpose: a hold is only for the resource of the execution. */
export const marking = (arn: string) =>
  cloudtrail.call('AddTags', { ResourceId: arn, TagsList: [{ Key: 'redress:rolled-back', Value: 'cloudtrail-enable-multi-region-trail' }] });

/** The undo of a start. A person sends it: a role that may stop trails is an attacker's first target. */
export const stopping = (Name: string) => ({
  calls: [cloudtrail.call('StopLogging', { Name })],
  restores: 'equivalent' as const,
  destroys: 'the record of what happens from then on, unless another trail has it',
});
