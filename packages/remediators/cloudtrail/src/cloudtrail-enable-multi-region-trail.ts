import { accountEverywhere, allOf, defineSetting, given, inParallel, needs, paginate } from '@redress/core';
import * as z from '@redress/core/parameters';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { isWhole } from './selectors.js';

const parameters = z.strictObject({
  bucket: z.optional(z.bucketName()).check(z.describe('The bucket that the trail delivers to. Its policy has to let cloudtrail.amazonaws.com write.')),
  prefix: z._default(z.string(), '').check(z.describe('The prefix of its object keys.')),
  name: z
    ._default(z.string().check(z.regex(/^[A-Za-z0-9][\w.-]{1,126}[A-Za-z0-9]$/, 'the name of a trail')), 'management-events')
    .check(z.describe('The name of the trail to create.')),
  kmsKeyArn: z.optional(z.kmsKeyArn()).check(z.describe('The KMS key that encrypts its files, in the region of the bucket.')),
});

/** A trail of all regions, as far as it counts. */
interface Seen {
  readonly arn: string;
  readonly logging: boolean;
  /** Whether it records management events, all of them. */
  readonly whole: boolean;
  /** Whether its files are validated and encrypted with a KMS key, and it records what has no region. */
  readonly secure: boolean;
  /**
   * For the trail that is created: all else that is configured, and when it was started or stopped, ISO 8601. If a person has changed any of it, a
   * rollback does not delete the trail. Of other trails it does not matter.
   */
  readonly settings: Readonly<Record<string, unknown>> | null;
}

/**
 * Creates a trail of all regions that records management events, and starts it. Automatically only in an account without any trail: there it is the
 * first copy of these events. It delivers to the bucket that the policy names. A trail that exists is left to people, and to its own remediators.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/cloudtrail-controls.html#cloudtrail-1
 */
export const enableMultiRegionTrail = defineSetting({
  on: accountEverywhere,
  id: 'cloudtrail-enable-multi-region-trail',
  title: 'Create a multi-region trail that records management events',
  package: packageRef,
  controls: {
    'aws-fsbp': ['CloudTrail.1', 'CloudTrail.3'],
    'cis-aws-foundations-benchmark/v/1.4.0': ['3.1'],
    'cis-aws-foundations-benchmark/v/3.0.0': ['3.1'],
    'cis-aws-foundations-benchmark/v/5.0.0': ['3.1'],
  },
  rules: {
    MULTI_REGION_CLOUD_TRAIL_ENABLED: 'multi-region-cloudtrail-enabled',
    CLOUD_TRAIL_ENABLED: 'cloudtrail-enabled',
    CLOUDTRAIL_SECURITY_TRAIL_ENABLED: 'cloudtrail-security-trail-enabled',
  },
  calls: Object.fromEntries(['DeleteTrail', 'UpdateTrail', 'StopLogging', 'PutEventSelectors'].map((call) => [`cloudtrail:${call}`, 'account'] as const)),
  ceiling: 'enforce',
  settle: 'PT60S',
  blindSpots: [
    'Whether the organization is about to add its own trail: management events of a second trail are billed.',
    'Event data stores, which record the same events without a trail.',
    'Whether the bucket policy lets CloudTrail deliver: if not, CloudTrail rejects the call.',
    'How long the bucket keeps the logs, and who reads them.',
  ],
  parameters,
  read: {
    reads: [cloudtrail.pick('DescribeTrails', 'GetTrailStatus', 'GetEventSelectors')],
    async of({ aws, id, parameters: { name } }) {
      const all = given(await aws.cloudtrail.DescribeTrails({ includeShadowTrails: true }), 'trailList');
      const trails: Seen[] = [];
      for (const each of all) {
        if (!given(each, 'IsMultiRegionTrail')) continue;
        const arn = given(each, 'TrailARN');
        const [status, selectors] = await inParallel(aws.cloudtrail.GetTrailStatus({ Name: arn }), aws.cloudtrail.GetEventSelectors({ TrailName: arn }));
        const logging = given(status, 'IsLogging');
        const since = logging ? given(status, 'StartLoggingTime') : (status.StopLoggingTime ?? status.StartLoggingTime);
        // What is not said to be on is not: then the rule that asks for it stays open.
        const secure = each.LogFileValidationEnabled === true && each.IncludeGlobalServiceEvents === true && (each.KmsKeyId ?? '') !== '';
        const { EventSelectors: basic, AdvancedEventSelectors: advanced } = selectors;
        const settings = isNamed(arn, id, name) ? { ...each, basic, advanced, since: since?.toISOString() ?? null } : null;
        trails.push({ arn, logging, whole: isWhole(selectors), secure, settings });
      }
      const taken = all.some((each) => each.Name === name && each.IsMultiRegionTrail === false);
      return { trails: trails.sort((a, b) => a.arn.localeCompare(b.arn)) as readonly Seen[], taken };
    },
  },
  context: {
    reads: [cloudtrail.pick('DescribeTrails', 'ListTrails')],
    async of({ aws }) {
      // Trails of the organization are in the one, trails of a single region elsewhere in the other.
      const described = given(await aws.cloudtrail.DescribeTrails({ includeShadowTrails: true }), 'trailList');
      const listed = await allOf(paginate(aws.cloudtrail.ListTrails, {}, 'Trails'));
      return { existing: [...new Set([...described, ...listed].map((each) => given(each, 'TrailARN')))] };
    },
  },
  contextHolds: true,
  hazards: [
    {
      code: 'second-copy',
      effect: 'approve',
      what: 'The account has a trail. A further one may record the same events again, which is billed.',
      advice: 'Make that trail record all management events of all regions. If you need both, approve.',
      when: ({ context }) => (context === undefined || context.existing.length === 0 ? null : `The account has ${context.existing.join(', ')}`),
    },
  ],
  rollback: {
    restores: 'exact',
    by: 'person',
    what: 'A person stops and deletes the trail that was created. No role of Redress may.',
    not: [
      'Logs delivered until then stay in its bucket.',
      'Events after that are in no trail.',
      'Once there is another trail of all regions, it is refused as drifted.',
    ],
  },
  alsoFoundBy: { prowler: ['cloudtrail_multi_region_enabled', 'cloudtrail_multi_region_enabled_logging_management_events'] },
  inCode: { cloudFormation: 'AWS::CloudTrail::Trail IsMultiRegionTrail', terraform: 'aws_cloudtrail is_multi_region_trail' },
  instead({ now: { trails, taken }, id, parameters: { bucket, name } }) {
    if (trails.some(records)) return null;
    const gap = `Account ${id} has no multi-region trail that records all management events`;
    const left = (message: string, step: string) => ({ status: 'manual' as const, message: `${gap}${message}.`, steps: [step] });
    const named = trails.find(({ arn }) => isNamed(arn, id, name));
    if (named?.whole === false)
      return left(`, and ${named.arn} leaves some of them out`, 'Make its event selectors include all management events, read and write.');
    // Whether a trail that exists is started depends on its own exceptions, tags, hazards and holds.
    const idle = trails.filter(({ whole }) => whole).map(({ arn }) => arn);
    if (idle.length > 0)
      return left(
        `: ${idle.join(', ')} would record them, but is not logging`,
        'Start it in its home region: cloudtrail-restart-logging does that, if the policy enables it. An organization trail is started from the management account.',
      );
    if (taken)
      return left(
        `, and a trail of one region is called ${name}`,
        'Make that one a multi-region trail. Or name the new one differently in the policy (`name`).',
      );
    return needs('cloudtrail-enable-multi-region-trail', gap, { bucket });
  },
  wanted({ now, resource, parameters: { name, kmsKeyArn } }) {
    if (now.trails.some(records)) return now;
    const arn = `arn:${resource.partition}:cloudtrail:*:${resource.account}:trail/${name}`;
    return { ...now, trails: [...now.trails, { arn, logging: true, whole: true, secure: kmsKeyArn !== undefined, settings: {} }] };
  },
  writes: [cloudtrail.pick('CreateTrail', 'StartLogging')],
  undoes: [cloudtrail.pick('StopLogging', 'DeleteTrail')],
  write({ parameters: { bucket = '', prefix, name, kmsKeyArn } }) {
    const create = cloudtrail.call('CreateTrail', {
      Name: name,
      S3BucketName: bucket,
      ...(prefix === '' ? {} : { S3KeyPrefix: prefix }),
      ...(kmsKeyArn === undefined ? {} : { KmsKeyId: kmsKeyArn }),
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      EnableLogFileValidation: true,
    });
    const undone = (operation: 'StopLogging' | 'DeleteTrail') => ({
      calls: [cloudtrail.call(operation, { Name: name })],
      restores: 'exact' as const,
      destroys: `what the trail ${name} would record from then on, unless another trail records it`,
    });
    return [
      { call: create, undo: undone('DeleteTrail'), summary: `create the multi-region trail ${name}, delivered to ${bucket}` },
      { call: cloudtrail.call('StartLogging', { Name: name }), undo: undone('StopLogging'), summary: `start the trail ${name}` },
    ];
  },
  compliant: ({ now: { trails } }) => `${trails.find(records)?.arn} records management events in all regions.`,
  judge({ state: { trails }, claim, resource }) {
    const recording = trails.filter(records);
    // The rule of a secure trail asks for all of it of one trail; the other rules for a trail alone.
    if (claim.isRule('CLOUDTRAIL_SECURITY_TRAIL_ENABLED') && !recording.some(({ secure }) => secure))
      return [
        `no multi-region trail of account ${resource.account} has log file validation, is encrypted with a KMS key, and records global services: cloudtrail-enable-log-file-validation and cloudtrail-encrypt-with-kms set that on a trail`,
      ];
    // A rule may ask for a bucket, a topic or a log group besides, which are not judged here.
    const asksMore = claim.parameters === null ? claim.configRule !== null : Object.values(claim.parameters).some((each) => each !== '');
    return asksMore ? null : [];
  },
  summary: ({ parameters: { name } }) => `create and start the trail ${name}`,
});

/** Whether it is the trail that would be created: of this account, by its name. */
const isNamed = (arn: string, account: string, name: string) => arn.split(':')[4] === account && arn.endsWith(`:trail/${name}`);
/** Whether it records all management events now. */
const records = ({ logging, whole }: Seen) => logging && whole;
