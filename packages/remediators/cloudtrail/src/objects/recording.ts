import { accountInRegion, defineSetting, given, inParallel, type JsonObject, needs, type Remediator, toJson } from '@redress/core';
import * as z from '@redress/core/parameters';
import { cloudtrail } from '../client.js';
import { packageRef } from '../package-ref.js';
import { type Kind, recordsObjects, type Selectors, selectorOf } from '../selectors.js';

/** So many basic selectors CloudTrail takes. */
const MOST = 5;
const parameters = z.strictObject({
  trail: z
    .optional(z.string().check(z.regex(/^[A-Za-z0-9][\w.-]{1,126}[A-Za-z0-9]$/, 'the name of a trail')))
    .check(z.describe('The name of the trail that records them: a multi-region trail of the account. It is changed in its home region.')),
});

/** The trail that the policy names, as far as it is changed. */
type Named = {
  readonly arn: string;
  readonly home: string;
  readonly logging: boolean;
  readonly basic: readonly JsonObject[];
  readonly advanced: readonly JsonObject[];
};

/** A remediator that lets a trail record what is done with objects of S3. */
export function recording({
  kind,
  id,
  title,
  controls,
  rules,
  prowler,
}: {
  readonly kind: Kind;
  readonly id: string;
  readonly title: string;
  readonly controls: Readonly<Record<string, readonly string[]>>;
  readonly rules: Readonly<Record<string, string>>;
  readonly prowler: readonly string[];
}): Remediator {
  const what = `${kind} data events of S3 objects`;
  return defineSetting({
    on: accountInRegion,
    id,
    title,
    package: packageRef,
    controls,
    rules: { ...rules, CLOUDTRAIL_S3_DATAEVENTS_ENABLED: 'cloudtrail-s3-dataevents-enabled' },
    calls: Object.fromEntries(['DeleteTrail', 'StopLogging', 'PutEventSelectors'].map((call) => [`cloudtrail:${call}`, 'account'] as const)),
    ceiling: 'approve',
    settle: 'PT60S',
    blindSpots: [
      'What the events cost: there can be many times more of them than management events, and each is billed.',
      'The bucket that the trail delivers to: each delivery writes an object, and that write is recorded in the next delivery.',
      'Event data stores, which may record the same events.',
      'Directory buckets: their objects have another resource type.',
    ],
    parameters,
    read: {
      reads: [cloudtrail.pick('DescribeTrails', 'GetTrailStatus', 'GetEventSelectors')],
      async of({ aws, resource, parameters: { trail } }) {
        const trails = given(await aws.cloudtrail.DescribeTrails({ includeShadowTrails: true }), 'trailList');
        let recorded = false;
        let named: Named | null = null;
        for (const each of trails) {
          const arn = given(each, 'TrailARN');
          const [{ IsLogging: logging }, selectors] = await inParallel(
            aws.cloudtrail.GetTrailStatus({ Name: arn }),
            aws.cloudtrail.GetEventSelectors({ TrailName: arn }),
          );
          if (logging === undefined) throw new Error(`CloudTrail did not say whether ${arn} is logging.`);
          const everywhere = given(each, 'IsMultiRegionTrail');
          if (logging && everywhere && recordsObjects(kind, selectors as Selectors)) recorded = true;
          if (arn.split(':')[4] !== resource.account || arn.split('/').at(-1) !== trail || !everywhere) continue;
          const { EventSelectors = [], AdvancedEventSelectors = [] } = selectors;
          // Without any the trail records something all the same, and it is not known what.
          if (EventSelectors.length + AdvancedEventSelectors.length === 0) throw new Error(`CloudTrail did not say what ${arn} records.`);
          // It takes one form alone: of a trail with both it is not known which one holds, and the other one would go.
          if (EventSelectors.length > 0 && AdvancedEventSelectors.length > 0) throw new Error(`CloudTrail says of ${arn} that it has selectors of both forms.`);
          named = {
            arn,
            home: given(each, 'HomeRegion'),
            logging,
            basic: toJson(EventSelectors) as unknown as readonly JsonObject[],
            advanced: toJson(AdvancedEventSelectors) as unknown as readonly JsonObject[],
          };
        }
        return { recorded, named: named as Named | null };
      },
    },
    hazards: [],
    rollback: { restores: 'exact', what: 'The trail records what it recorded before the change.', not: ['Events recorded in the meantime stay.'] },
    alsoFoundBy: { prowler },
    inCode: { cloudFormation: 'AWS::CloudTrail::Trail EventSelectors', terraform: 'aws_cloudtrail event_selector' },
    instead({ now: { recorded, named }, id: account, resource, parameters: { trail } }) {
      if (recorded) return null;
      const gap = `No trail of account ${account} records ${what}, in all buckets`;
      if (trail === undefined) return needs(id, gap, { trail });
      const left = (message: string, step: string) => ({ status: 'manual' as const, message: `${gap}, and ${message}.`, steps: [step] });
      if (named === null) return left(`it has no multi-region trail named ${trail}`, 'Create it, or name another trail in the policy.');
      if (named.home !== resource.region) return { status: 'not-applicable', reason: `${trail} can only be changed in ${named.home}, its home region.` };
      if (!named.logging) return left(`${trail} is stopped`, 'Start it: cloudtrail-restart-logging does that, if the policy enables it.');
      return named.advanced.length === 0 && named.basic.length >= MOST
        ? left(`${trail} has no room for another event selector`, 'Merge its event selectors, or convert them to advanced event selectors.')
        : null;
    },
    wanted({ now, resource }) {
      const { recorded, named } = now;
      if (recorded || named === null) return now;
      const { basic, advanced } = selectorOf(kind, resource.partition);
      const more = (selector: object) => toJson(selector) as unknown as JsonObject;
      return {
        recorded: true,
        named: named.advanced.length === 0 ? { ...named, basic: [...named.basic, more(basic)] } : { ...named, advanced: [...named.advanced, more(advanced)] },
      };
    },
    writes: [cloudtrail.pick('PutEventSelectors')],
    // Putting one form erases the other: the trail keeps the one that it has, and every selector of it.
    write: ({ to: { named } }) =>
      cloudtrail.call('PutEventSelectors', {
        TrailName: named?.arn,
        ...(named?.advanced.length === 0 ? { EventSelectors: named.basic as never } : { AdvancedEventSelectors: named?.advanced as never }),
      }),
    compliant: () => `A trail records ${what}.`,
    summary: ({ now: { named } }) => `make the trail ${named?.arn.split('/').at(-1)} record ${what}, in all buckets`,
    judge: ({ state: { recorded, named } }) =>
      recorded || named === null ? [] : [`nothing records ${what} yet: the trail has to be changed in ${named.home}`],
  });
}
