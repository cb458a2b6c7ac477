import { accountEverywhere, apiRegion, defineSetting, given, needs, type ResourceRef } from '@redress/core';
import * as z from '@redress/core/parameters';
import { cloudtrail } from './client.js';
import { packageRef } from './package-ref.js';
import { READS, type Recorder, recorders, records, stopping } from './recorders.js';

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
    'Single-region trails of other regions: they stay as they are, and record the same events a second time.',
    'Whether the bucket policy lets CloudTrail deliver: if not, CloudTrail rejects the call.',
    'How long the bucket keeps the logs, and who reads them.',
  ],
  parameters,
  read: {
    reads: READS,
    of: async ({ aws }) => ({
      trails: await recorders(aws.cloudtrail, given(await aws.cloudtrail.DescribeTrails({ includeShadowTrails: true }), 'trailList')),
    }),
  },
  context: {
    reads: [cloudtrail.pick('DescribeTrails')],
    async of({ aws }) {
      const trails = given(await aws.cloudtrail.DescribeTrails({ includeShadowTrails: true }), 'trailList');
      return { single: trails.filter((each) => !given(each, 'IsMultiRegionTrail')).map((each) => given(each, 'TrailARN')) };
    },
  },
  hazards: [
    {
      code: 'second-copy',
      effect: 'approve',
      what: 'The account has a trail already, of one region or of a part of the events: a further trail records them again, which is billed.',
      advice: 'Make that trail record all management events of all regions. Or approve, and stop it afterwards.',
      when({ context, now: { trails }, to }) {
        // To start the trail that is there makes no other.
        if (context === undefined || to.trails.length === trails.length) return null;
        const others = [...context.single, ...trails.filter(({ logging }) => logging).map(({ arn }) => arn)];
        return others.length === 0 ? null : `The account has ${others.join(', ')}`;
      },
    },
  ],
  rollback: {
    restores: 'equivalent',
    by: 'person',
    what: 'A person stops the trail. It stays, and no role of Redress may stop or delete it.',
    not: ['Logs delivered until then stay in its bucket.', 'Events after that are in no trail.'],
  },
  alsoFoundBy: { prowler: ['cloudtrail_multi_region_enabled', 'cloudtrail_multi_region_enabled_logging_management_events'] },
  inCode: { cloudFormation: 'AWS::CloudTrail::Trail IsMultiRegionTrail', terraform: 'aws_cloudtrail is_multi_region_trail' },
  instead({ now: { trails }, id, parameters: { bucket, name } }) {
    if (trails.some(records)) return null;
    const gap = `Account ${id} has no multi-region trail that records all management events`;
    const ours = trails.find(({ arn }) => isOurs(arn, id, name));
    if (ours !== undefined) {
      if (ours.whole) return null;
      return {
        status: 'manual',
        message: `${gap}, and ${ours.arn} leaves some of them out.`,
        steps: ['Make its event selectors include all management events, read and write.'],
      };
    }
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
    const known = trails.find(({ arn }) => isOurs(arn, resource.account, name));
    const { arn, secure } = known ?? { arn: madeAs(resource, name), secure: kmsKeyArn !== undefined };
    return { trails: [...trails.filter((each) => each !== known), { arn, logging: true, whole: true, secure }] };
  },
  writes: [cloudtrail.pick('CreateTrail', 'StartLogging')],
  undoes: [cloudtrail.pick('StopLogging')],
  write({ now: { trails }, id, resource, parameters: { bucket = '', prefix, name, kmsKeyArn } }) {
    const known = trails.find(({ arn }) => isOurs(arn, id, name))?.arn;
    // By its ARN: in another region than its own CloudTrail refuses to start it by name.
    const Name = known ?? madeAs(resource, name);
    const undo = stopping(Name);
    const start = { call: cloudtrail.call('StartLogging', { Name }), undo, summary: `start the trail ${name}` };
    if (known !== undefined) return [start];
    const call = cloudtrail.call('CreateTrail', {
      Name: name,
      S3BucketName: bucket,
      ...(prefix === '' ? {} : { S3KeyPrefix: prefix }),
      ...(kmsKeyArn === undefined ? {} : { KmsKeyId: kmsKeyArn }),
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      EnableLogFileValidation: true,
    });
    // What was created stays, stopped: nothing is deleted.
    return [{ call, undo, summary: `create the multi-region trail ${name}, delivered to ${bucket}` }, start];
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

/** Whether it is the trail that would be made: of this account, by its name. */
const isOurs = (arn: string, account: string, name: string) => arn.split(':')[4] === account && arn.endsWith(`:trail/${name}`);
