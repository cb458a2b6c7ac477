import { accountEverywhere, defineSetting, given, inParallel, needs } from '@redress/core';
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
}

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
  ceiling: 'approve',
  settle: 'PT60S',
  blindSpots: [
    'Whether the organization is about to add its own trail: management events of a second trail are billed.',
    'Single-region trails: they stay as they are, and record the same events a second time.',
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
        const [{ IsLogging }, selectors] = await inParallel(aws.cloudtrail.GetTrailStatus({ Name: arn }), aws.cloudtrail.GetEventSelectors({ TrailName: arn }));
        if (IsLogging === undefined) throw new Error(`CloudTrail did not say whether ${arn} is logging.`);
        // What is not said to be on is not: then the rule that asks for it stays open.
        const secure = each.LogFileValidationEnabled === true && each.IncludeGlobalServiceEvents === true && (each.KmsKeyId ?? '') !== '';
        trails.push({ arn, logging: IsLogging, whole: isWhole(selectors), secure });
      }
      return { trails: trails.sort((a, b) => a.arn.localeCompare(b.arn)) as readonly Seen[] };
    },
  },
  hazards: [],
  rollback: {
    restores: 'nothing',
    what: 'No role of Redress may stop or delete a trail, so it keeps recording until a person stops it.',
    not: ['Logs delivered until then stay in its bucket.'],
  },
  alsoFoundBy: { prowler: ['cloudtrail_multi_region_enabled', 'cloudtrail_multi_region_enabled_logging_management_events'] },
  inCode: { cloudFormation: 'AWS::CloudTrail::Trail IsMultiRegionTrail', terraform: 'aws_cloudtrail is_multi_region_trail' },
  instead({ now: { trails }, id, parameters: { bucket, name } }) {
    if (trails.some(({ logging, whole }) => logging && whole)) return null;
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
    if (trails.some(({ logging, whole }) => logging && whole)) return { trails };
    const known = trails.find(({ arn }) => isOurs(arn, resource.account, name));
    const made = known?.arn ?? `arn:${resource.partition}:cloudtrail:*:${resource.account}:trail/${name}`;
    return {
      trails: [...trails.filter((each) => each !== known), { arn: made, logging: true, whole: true, secure: known?.secure ?? kmsKeyArn !== undefined }],
    };
  },
  writes: [cloudtrail.pick('CreateTrail', 'StartLogging')],
  write({ now: { trails }, id, parameters: { bucket = '', prefix, name, kmsKeyArn } }) {
    const known = trails.find(({ arn }) => isOurs(arn, id, name))?.arn;
    // In another region than its own CloudTrail refuses to start it.
    const start = { call: cloudtrail.call('StartLogging', { Name: known ?? name }), summary: `start the trail ${name}` };
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
    return [{ call, summary: `create the multi-region trail ${name}, delivered to ${bucket}` }, start];
  },
  compliant: ({ now: { trails } }) => `${trails.find(({ logging, whole }) => logging && whole)?.arn} records management events in all regions.`,
  // The rule of a secure trail asks for all of it of one trail; the other rules for a trail alone.
  judge: ({ state: { trails }, claim, resource }) =>
    !claim.isRule('CLOUDTRAIL_SECURITY_TRAIL_ENABLED') || trails.some(({ logging, whole, secure }) => logging && whole && secure)
      ? []
      : [
          `no multi-region trail of account ${resource.account} has log file validation, is encrypted with a KMS key, and records global services: cloudtrail-enable-log-file-validation and cloudtrail-encrypt-with-kms set that on a trail`,
        ],
  summary: ({ parameters: { name } }) => `create and start the trail ${name}`,
});

/** Whether it is the trail that would be made: of this account, by its name. */
const isOurs = (arn: string, account: string, name: string) => arn.split(':')[4] === account && arn.endsWith(`:trail/${name}`);
