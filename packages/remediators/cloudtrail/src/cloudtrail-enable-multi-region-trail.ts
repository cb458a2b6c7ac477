import { accountEverywhere, allOf, apiRegion, defineSetting, given, needs, paginate, type ResourceRef, tagsIn } from '@redress/core';
import * as z from '@redress/core/parameters';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { marking, READS, type Recorder, recorders, records, retired, stopping } from './recorders.js';
import { trail } from './trail.js';

const parameters = z.strictObject({
  bucket: z.optional(z.bucketName()).check(z.describe('The bucket that the trail delivers to. Its policy has to let cloudtrail.amazonaws.com write.')),
  prefix: z._default(z.string(), '').check(z.describe('The prefix of its object keys.')),
  name: z
    ._default(z.string().check(z.regex(/^[A-Za-z0-9][\w.-]{1,126}[A-Za-z0-9]$/, 'the name of a trail')), 'management-events')
    .check(z.describe('The name of the trail to create.')),
  kmsKeyArn: z.optional(z.kmsKeyArn()).check(z.describe('The KMS key that encrypts its files, in the region of the bucket.')),
});

/**
 * Makes a trail of all regions that records management events, where the account has none, and starts it. It delivers to the bucket that the policy
 * names. A trail that was made by a lost or broken run is started.
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
    'Event data stores that record the same events.',
    'Whether the bucket policy lets CloudTrail deliver: if not, CloudTrail rejects the call.',
    'How long the bucket keeps the logs, and who reads them.',
  ],
  parameters,
  read: { reads: READS, of: async ({ aws }) => ({ trails: await recorders(aws.cloudtrail) }) },
  context: {
    reads: [cloudtrail.pick('ListTrails', 'ListTags')],
    async of({ aws, resource, parameters: { name } }) {
      const own = madeAs(resource, name);
      // Those of every region, unlike DescribeTrails.
      const all = (await allOf(paginate(aws.cloudtrail.ListTrails, {}, 'Trails'))).map((each) => given(each, 'TrailARN'));
      const tags = all.includes(own) ? [tagsIn((await aws.cloudtrail.ListTags({ ResourceIdList: [own] })).ResourceTagList?.[0]?.TagsList)] : [];
      return { others: all.filter((arn) => arn !== own), ours: tags.map((each) => ({ type: trail.type, id: name, tags: each })) };
    },
  },
  contextHolds: true,
  // An exception on a trail that was created, and never started, holds for its start.
  usedBy: ({ ours }) => ours,
  exceptionTypes: [trail.type],
  hazards: [
    {
      code: 'second-copy',
      effect: 'approve',
      what: 'The account has another trail: a further trail may record the same events again, which is billed.',
      advice: 'Make that trail record all management events of all regions. Or approve, and stop it afterwards.',
      when: ({ context }) => (context === undefined || context.others.length === 0 ? null : `The account has ${context.others.join(', ')}`),
    },
    retired,
  ],
  rollback: {
    restores: 'equivalent',
    by: 'person',
    what: 'A person stops the trail, and tags it as rolled back, so that it is not started again without an approval. No role of Redress may stop or delete it.',
    not: ['The trail itself stays.', 'Logs delivered until then stay in its bucket.', 'Events after that are in no trail.'],
  },
  alsoFoundBy: { prowler: ['cloudtrail_multi_region_enabled', 'cloudtrail_multi_region_enabled_logging_management_events'] },
  inCode: { cloudFormation: 'AWS::CloudTrail::Trail IsMultiRegionTrail', terraform: 'aws_cloudtrail is_multi_region_trail' },
  instead({ now: { trails }, id, resource, parameters: { bucket, name } }) {
    if (trails.some(records)) return null;
    const gap = `Account ${id} has no multi-region trail that records all management events`;
    const named = trails.find(({ arn }) => arn.split(':')[4] === id && arn.endsWith(`:trail/${name}`));
    if (named?.whole === false)
      return {
        status: 'manual',
        message: `${gap}, and ${named.arn} leaves some of them out.`,
        steps: ['Make its event selectors include all management events, read and write.'],
      };
    // One that nobody has started yet: a worker that was lost in between has created it.
    if (named?.started === false && named.arn === madeAs(resource, name)) return null;
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
    const arn = madeAs(resource, name);
    const { secure } = trails.find((each) => each.arn === arn) ?? { secure: kmsKeyArn !== undefined };
    return { trails: [...trails.filter((each) => each.arn !== arn), { arn, logging: true, started: true, whole: true, secure }] };
  },
  writes: [cloudtrail.pick('CreateTrail', 'StartLogging')],
  undoes: [cloudtrail.pick('StopLogging', 'AddTags')],
  write({ now: { trails }, resource, parameters: { bucket = '', prefix, name, kmsKeyArn } }) {
    const arn = madeAs(resource, name);
    const marked = { calls: [marking(arn)], restores: 'equivalent' as const };
    const stopped = stopping(arn);
    const start = { call: cloudtrail.call('StartLogging', { Name: arn }), summary: `start the trail ${name}` };
    if (trails.some((each) => each.arn === arn)) return [{ ...start, undo: { ...stopped, calls: [...marked.calls, ...stopped.calls] } }];
    const call = cloudtrail.call('CreateTrail', {
      Name: name,
      S3BucketName: bucket,
      ...(prefix === '' ? {} : { S3KeyPrefix: prefix }),
      ...(kmsKeyArn === undefined ? {} : { KmsKeyId: kmsKeyArn }),
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      EnableLogFileValidation: true,
    });
    // They are undone in reverse: it is marked, then stopped. It stays: nothing is deleted.
    return [
      { call, undo: stopped, summary: `create the multi-region trail ${name}, delivered to ${bucket}` },
      { ...start, undo: marked },
    ];
  },
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

/** Whether they are the same trails. */
const same = (one: readonly Recorder[], other: readonly Recorder[]) => one.map(({ arn }) => arn).join() === other.map(({ arn }) => arn).join();

/** The ARN of the trail that would be made. */
const madeAs = (resource: ResourceRef, name: string) => `arn:${resource.partition}:cloudtrail:${apiRegion(resource)}:${resource.account}:trail/${name}`;
