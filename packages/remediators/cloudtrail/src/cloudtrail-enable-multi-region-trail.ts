import { accountEverywhere, allOf, defineSetting, given, inParallel, needs, paginate, tagsIn } from '@redress/core';
import * as z from '@redress/core/parameters';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { isWhole } from './selectors.js';
import { retired, trail } from './trail.js';

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
  /** When it was last started or stopped, ISO 8601; null: it was never started. */
  readonly since: string | null;
  /** Whether it records management events, all of them. */
  readonly whole: boolean;
  /** Whether its files are validated and encrypted with a KMS key, and it records what has no region. */
  readonly secure: boolean;
  /** The rest of what is configured: if a person has changed it, the trail is not deleted by a rollback. */
  readonly settings: Readonly<Record<string, string | boolean>>;
}

/**
 * Creates a trail of all regions that records management events, and starts it. Automatically only in an account without any trail: there it is the
 * first copy of these events. It delivers to the bucket that the policy names. One that a lost worker has created is started.
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
    async of({ aws }) {
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
        trails.push({ arn, logging, since: since?.toISOString() ?? null, whole: isWhole(selectors), secure, settings: settingsOf(each) });
      }
      return { trails: trails.sort((a, b) => a.arn.localeCompare(b.arn)) as readonly Seen[] };
    },
  },
  context: {
    reads: [cloudtrail.pick('ListTrails', 'ListTags')],
    async of({ aws, id, parameters: { name } }) {
      // Those of every region, unlike DescribeTrails.
      const all = (await allOf(paginate(aws.cloudtrail.ListTrails, {}, 'Trails'))).map((each) => given(each, 'TrailARN'));
      const created = all.find((arn) => isNamed(arn, id, name));
      if (created === undefined) return { others: all, created: [] };
      const tags = tagsIn((await aws.cloudtrail.ListTags({ ResourceIdList: [created] })).ResourceTagList?.[0]?.TagsList);
      return { others: all.filter((arn) => arn !== created), created: [{ type: trail.type, id: name, region: created.split(':')[3] ?? '', tags }] };
    },
  },
  contextHolds: true,
  // An exception on a trail that was created, and never started, holds for its start.
  usedBy: ({ created }) => created,
  exceptionTypes: [trail.type],
  hazards: [
    {
      code: 'second-copy',
      effect: 'approve',
      what: 'The account has another trail. A further one may record the same events again, which is billed.',
      advice: 'Make that trail record all management events of all regions. If you need both, approve.',
      when: ({ context }) => (context === undefined || context.others.length === 0 ? null : `The account has ${context.others.join(', ')}`),
    },
    retired,
  ],
  rollback: {
    restores: 'equivalent',
    by: 'person',
    what: 'A person stops and deletes the trail that was created. No role of Redress may.',
    not: ['Logs delivered until then stay in its bucket.', 'Events after that are in no trail.'],
  },
  alsoFoundBy: { prowler: ['cloudtrail_multi_region_enabled', 'cloudtrail_multi_region_enabled_logging_management_events'] },
  inCode: { cloudFormation: 'AWS::CloudTrail::Trail IsMultiRegionTrail', terraform: 'aws_cloudtrail is_multi_region_trail' },
  instead({ now: { trails }, id, parameters: { bucket, name } }) {
    if (trails.some(records)) return null;
    const gap = `Account ${id} has no multi-region trail that records all management events`;
    const named = trails.find(({ arn }) => isNamed(arn, id, name));
    if (named?.whole === false)
      return {
        status: 'manual',
        message: `${gap}, and ${named.arn} leaves some of them out.`,
        steps: ['Make its event selectors include all management events, read and write.'],
      };
    // One that a lost worker has created, as the policy says, and not started.
    if (named?.since === null && named.settings['S3BucketName'] === bucket) return null;
    // Whether a trail is started again that somebody has stopped depends on its own exceptions, tags and hazards.
    const stopped = trails.filter(({ whole }) => whole);
    if (stopped.length === 0) return needs('cloudtrail-enable-multi-region-trail', gap, { bucket });
    return {
      status: 'manual',
      message: `${gap}: ${stopped.map(({ arn }) => arn).join(', ')} would record them, but is stopped.`,
      steps: [
        'Start it in its home region: cloudtrail-restart-logging does that, if the policy enables it. An organization trail is started from the management account.',
      ],
    };
  },
  wanted({ now: { trails }, resource, parameters: { name, kmsKeyArn } }) {
    if (trails.some(records)) return { trails };
    const created = trails.find(({ arn }) => isNamed(arn, resource.account, name)) ?? {
      arn: `arn:${resource.partition}:cloudtrail:*:${resource.account}:trail/${name}`,
      since: null,
      whole: true,
      secure: kmsKeyArn !== undefined,
      settings: {},
    };
    return { trails: [...trails.filter(({ arn }) => arn !== created.arn), { ...created, logging: true }] };
  },
  writes: [cloudtrail.pick('CreateTrail', 'StartLogging')],
  undoes: [cloudtrail.pick('StopLogging', 'DeleteTrail')],
  write({ now: { trails }, id, parameters: { bucket = '', prefix, name, kmsKeyArn } }) {
    const undone = (operation: 'StopLogging' | 'DeleteTrail') => ({
      calls: [cloudtrail.call(operation, { Name: name })],
      restores: 'equivalent' as const,
      destroys: `what the trail ${name} would record from then on, unless another trail records it`,
    });
    // In another region than its own CloudTrail refuses to start it.
    const start = { call: cloudtrail.call('StartLogging', { Name: name }), summary: `start the trail ${name}` };
    // A worker that was lost in between has created it.
    if (trails.some(({ arn }) => isNamed(arn, id, name))) return [{ ...start, undo: undone('DeleteTrail') }];
    const create = cloudtrail.call('CreateTrail', {
      Name: name,
      S3BucketName: bucket,
      ...(prefix === '' ? {} : { S3KeyPrefix: prefix }),
      ...(kmsKeyArn === undefined ? {} : { KmsKeyId: kmsKeyArn }),
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      EnableLogFileValidation: true,
    });
    return [
      { call: create, undo: undone('DeleteTrail'), summary: `create the multi-region trail ${name}, delivered to ${bucket}` },
      { ...start, undo: undone('StopLogging') },
    ];
  },
  // A trail that a lost worker has created, and that was never started, is gone afterwards.
  equivalent: ({ before, after }) => same(before.trails.filter(records), after.trails.filter(records)),
  compliant: ({ now: { trails } }) => `${trails.find(records)?.arn} records management events in all regions.`,
  // The rule of a secure trail asks for all of it of one trail; the other rules for a trail alone.
  judge: ({ state: { trails }, claim, resource }) =>
    !claim.isRule('CLOUDTRAIL_SECURITY_TRAIL_ENABLED') || trails.some((each) => records(each) && each.secure)
      ? []
      : [
          `no multi-region trail of account ${resource.account} has log file validation, is encrypted with a KMS key, and records global services: cloudtrail-enable-log-file-validation and cloudtrail-encrypt-with-kms set that on a trail`,
        ],
  summary: ({ parameters: { name } }) => `create and start the trail ${name}`,
});

/** Whether it records all management events now. */
const records = ({ logging, whole }: Seen) => logging && whole;
/** Whether they are the same trails. */
const same = (one: readonly Seen[], other: readonly Seen[]) => one.map(({ arn }) => arn).join() === other.map(({ arn }) => arn).join();
/** Whether it is the trail that would be created: of this account, by its name. */
const isNamed = (arn: string, account: string, name: string) => arn.split(':')[4] === account && arn.endsWith(`:trail/${name}`);

const SETTINGS = [
  'S3BucketName',
  'S3KeyPrefix',
  'SnsTopicARN',
  'CloudWatchLogsLogGroupArn',
  'KmsKeyId',
  'HasCustomEventSelectors',
  'HasInsightSelectors',
] as const;

/** What of a trail a person may have changed since it was created. */
const settingsOf = (trail: Partial<Record<(typeof SETTINGS)[number], string | boolean | undefined>>) =>
  Object.fromEntries(
    SETTINGS.flatMap((member) => {
      const value = trail[member];
      return value === undefined ? [] : [[member, value] as const];
    }),
  );
