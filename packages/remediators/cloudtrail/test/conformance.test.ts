import {
  AddTagsCommand,
  CloudTrailClient,
  CreateTrailCommand,
  type CreateTrailCommandInput,
  DeleteTrailCommand,
  DescribeTrailsCommand,
  type EventSelector,
  GetEventSelectorsCommand,
  GetTrailCommand,
  GetTrailStatusCommand,
  ListTagsCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { GLOBAL_REGION, type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { startMinistack } from '../../../../tests/support/ministack.js';
import {
  enableLogFileValidation,
  enableMultiRegionTrail,
  enableObjectReadDataEvents,
  enableObjectWriteDataEvents,
  encryptWithKms,
  restartLogging,
  sendToCloudWatchLogs,
} from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}
const account = { endpoint: inject('moto') };
const client = (sdk: Sdk) => new CloudTrailClient(sdk.config);
const arnOf = ({ region, account: owner, id }: ResourceRef) => `arn:aws:cloudtrail:${region}:${owner}:trail/${id}`;

const trail =
  (
    given: Partial<CreateTrailCommandInput> = {},
    { logs = false, tags = {} }: { readonly logs?: boolean; readonly tags?: Readonly<Record<string, string>> } = {},
  ) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const [Name, S3BucketName] = [sdk.name('trail'), sdk.name('bucket')];
    await new S3Client(sdk.config).send(new CreateBucketCommand({ Bucket: S3BucketName }));
    const TagsList = Object.entries({ team: 'security', ...tags }).map(([Key, Value]) => ({ Key, Value }));
    await client(sdk).send(new CreateTrailCommand({ Name, S3BucketName, IsMultiRegionTrail: true, TagsList, ...given }));
    if (logs) await client(sdk).send(new StartLoggingCommand({ Name: given.Name ?? Name }));
    return resource({ type: 'AWS::CloudTrail::Trail', id: given.Name ?? Name, account: sdk.account, region: sdk.region });
  };
const common = (...changed: readonly string[]): Pick<Scenario, 'tag' | 'rest'> => ({
  tag: async (sdk, ref, Key, Value) => {
    await client(sdk).send(new AddTagsCommand({ ResourceId: arnOf(ref), TagsList: [{ Key, Value }] }));
  },
  rest: async (sdk, ref) => {
    const { Trail = {} } = await client(sdk).send(new GetTrailCommand({ Name: ref.id }));
    const { ResourceTagList } = await client(sdk).send(new ListTagsCommand({ ResourceIdList: [arnOf(ref)] }));
    const { IsLogging = false } = await client(sdk).send(new GetTrailStatusCommand({ Name: ref.id }));
    return {
      trail: Object.entries(Trail).filter(([member]) => !changed.includes(member)),
      tags: ResourceTagList?.[0]?.TagsList ?? [],
      ...(changed.includes('IsLogging') ? {} : { IsLogging }),
    };
  },
});
const updated =
  (change: object): Scenario['breakAgain'] =>
  async (sdk, ref) => {
    await client(sdk).send(new UpdateTrailCommand({ Name: ref.id, ...change }));
  };
const named =
  (operation: string): Scenario['event'] =>
  ({ account: owner, region, id }) =>
    cloudTrailEvent({ account: owner, region, service: 'cloudtrail', operation, request: { name: id } });
const gone: Scenario = {
  name: 'a trail that is gone',
  expect: 'compliant',
  arrange: async (sdk) => resource({ type: 'AWS::CloudTrail::Trail', id: sdk.name('gone'), account: sdk.account, region: sdk.region }),
};

const stopped: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  ...common('IsLogging'),
  breakAgain: async (sdk, ref) => {
    await client(sdk).send(new StopLoggingCommand({ Name: ref.id }));
  },
};
/** A trail that was stopped. Of others here moto says that they record nothing, but for one with selectors of its own. */
const stopping =
  (given: Partial<CreateTrailCommandInput> = {}, { recorder = false, tags = {} } = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const { trailList = [] } = await client(sdk).send(new DescribeTrailsCommand({ trailNameList: ['recorder'] }));
    for (const { Name } of trailList) await client(sdk).send(new DeleteTrailCommand({ Name }));
    if (recorder) {
      await trail({ Name: 'recorder' }, { logs: true })(sdk);
      const EventSelectors: EventSelector[] = [{ ReadWriteType: 'All', IncludeManagementEvents: true }];
      await client(sdk).send(new PutEventSelectorsCommand({ TrailName: 'recorder', EventSelectors }));
    }
    const ref = await trail(given, { tags, logs: true })(sdk);
    await client(sdk).send(new StopLoggingCommand({ Name: ref.id }));
    return ref;
  };
describeRemediator(restartLogging, {
  account,
  scenarios: [
    { ...stopped, name: 'a trail that is stopped', expect: 'change', arrange: stopping() },
    { ...stopped, name: 'someone has just stopped it', expect: 'change', arrange: stopping(), event: named('StopLogging') },
    { ...stopped, name: 'a trail that was never started', expect: 'change', hazards: ['not-stopped-just-now'], arrange: trail() },
    { ...stopped, name: 'a retired trail', expect: 'change', hazards: ['retired'], arrange: stopping({}, { tags: { state: 'Retired' } }) },
    { ...stopped, name: 'another one records the same', expect: 'change', hazards: ['second-copy'], arrange: stopping({}, { recorder: true }) },
    { ...stopped, name: 'a trail of the organization', expect: 'change', hazards: ['organization-trail'], arrange: stopping({ IsOrganizationTrail: true }) },
    { ...stopped, name: 'a trail that logs', expect: 'compliant', arrange: trail({}, { logs: true }) },
    gone,
  ],
});

const validation = common('LogFileValidationEnabled');
describeRemediator(enableLogFileValidation, {
  account,
  scenarios: [
    { ...validation, name: 'a trail without it', expect: 'change', arrange: trail(), breakAgain: updated({ EnableLogFileValidation: false }) },
    { ...validation, name: 'someone has just turned it off', expect: 'change', arrange: trail({}, { logs: true }), event: named('UpdateTrail') },
    { ...validation, name: 'a trail with it', expect: 'compliant', arrange: trail({ EnableLogFileValidation: true }) },
    gone,
  ],
});

const target = {
  logGroupArn: 'arn:aws:logs:us-east-1:123456789012:log-group:trails:*',
  roleArn: 'arn:aws:iam::123456789012:role/trails-to-logs',
};
// moto does not take a log group away from a trail again.
const ministack = await startMinistack();
afterAll(() => ministack.close());
const sending = { ...common('CloudWatchLogsLogGroupArn', 'CloudWatchLogsRoleArn'), parameters: target };
describeRemediator(sendToCloudWatchLogs, {
  account: { endpoint: ministack.endpoint, accountId: ministack.account },
  scenarios: [
    {
      ...sending,
      name: 'a trail that goes to its bucket alone',
      expect: 'change',
      arrange: trail(),
      breakAgain: updated({ CloudWatchLogsLogGroupArn: '', CloudWatchLogsRoleArn: '' }),
    },
    { ...sending, name: 'no log group and no role are named', expect: 'manual', parameters: {}, arrange: trail() },
    {
      ...sending,
      name: 'a trail that is sent to another group',
      expect: 'compliant',
      arrange: async (sdk) => {
        const ref = await trail()(sdk);
        const CloudWatchLogsLogGroupArn = target.logGroupArn.replace('trails', 'others');
        await client(sdk).send(new UpdateTrailCommand({ Name: ref.id, CloudWatchLogsLogGroupArn, CloudWatchLogsRoleArn: target.roleArn }));
        return ref;
      },
    },
    gone,
  ],
});

const key = (name: string) => `arn:aws:kms:us-east-1:123456789012:key/${name}`;
const encrypting = { ...common('KmsKeyId'), parameters: { kmsKeyArn: key('of-the-policy') }, breakAgain: updated({ KmsKeyId: '' }) };
describeRemediator(encryptWithKms, {
  account,
  scenarios: [
    { ...encrypting, name: 'a trail without a key', expect: 'change', arrange: trail() },
    { ...encrypting, name: 'someone has just made one', expect: 'change', arrange: trail({}, { logs: true }), event: named('CreateTrail') },
    { ...encrypting, name: 'no key is named', expect: 'manual', parameters: {}, arrange: trail() },
    { ...encrypting, name: 'a trail with a key of its own', expect: 'compliant', arrange: trail({ KmsKeyId: key('of-its-own') }) },
    gone,
  ],
});

/** Every trail of the account goes, then those that are asked for come. */
const onlyTrails =
  (...make: readonly ((sdk: Sdk) => Promise<unknown>)[]) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const { trailList = [] } = await client(sdk).send(new DescribeTrailsCommand({}));
    for (const { TrailARN: Name, HomeRegion: region = sdk.region } of trailList)
      await client({ ...sdk, config: { ...sdk.config, region } }).send(new DeleteTrailCommand({ Name: Name?.split('/').at(-1) }));
    for (const each of make) await each(sdk);
    return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: GLOBAL_REGION });
  };
const bucketOf = async (sdk: Sdk) => {
  await new S3Client(sdk.config).send(new CreateBucketCommand({ Bucket: 'all-trails' }));
};
const everywhere: Pick<Scenario, 'parameters' | 'breakAgain'> = {
  parameters: { bucket: 'all-trails' },
  breakAgain: async (sdk) => {
    await client(sdk).send(new DeleteTrailCommand({ Name: 'management-events' }));
  },
};
// An account of its own: the trails of others would count.
const alone = await startMinistack();
afterAll(() => alone.close());
describeRemediator(enableMultiRegionTrail, {
  account: { endpoint: alone.endpoint, accountId: alone.account },
  scenarios: [
    { ...everywhere, name: 'an account without a trail', expect: 'change', arrange: onlyTrails(bucketOf) },
    {
      ...everywhere,
      name: 'someone has just deleted the last one',
      expect: 'change',
      arrange: onlyTrails(bucketOf),
      event: ({ account: owner }) =>
        cloudTrailEvent({ account: owner, region: 'us-east-1', service: 'cloudtrail', operation: 'DeleteTrail', request: { name: 'x' } }),
    },
    {
      ...everywhere,
      name: 'one of a single region is left',
      expect: 'change',
      hazards: ['second-copy'],
      arrange: onlyTrails(bucketOf, trail({ IsMultiRegionTrail: false }, { logs: true })),
    },
    {
      ...everywhere,
      name: 'the trail is there, and was never started',
      expect: 'manual',
      arrange: onlyTrails(bucketOf, trail({ Name: 'management-events', S3BucketName: 'all-trails' })),
    },
    { ...everywhere, name: 'no bucket is named', expect: 'manual', parameters: {}, arrange: onlyTrails() },
    { ...everywhere, name: 'another one is stopped', expect: 'manual', arrange: onlyTrails(trail()) },
    { ...everywhere, name: 'a trail of all regions', expect: 'compliant', arrange: onlyTrails(trail({}, { logs: true })) },
    {
      ...everywhere,
      name: 'one that leaves out what is read',
      expect: 'manual',
      parameters: {},
      arrange: onlyTrails(async (sdk) => {
        const { id } = await trail({}, { logs: true })(sdk);
        await client(sdk).send(
          new PutEventSelectorsCommand({ TrailName: id, EventSelectors: [{ ReadWriteType: 'WriteOnly', IncludeManagementEvents: true }] }),
        );
      }),
    },
  ],
});

/** The trail `objects` of all regions, which records so much. */
const recording =
  (EventSelectors: EventSelector[], { logs = true } = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    await onlyTrails(trail({ Name: 'objects' }, { logs }))(sdk);
    await client(sdk).send(new PutEventSelectorsCommand({ TrailName: 'objects', EventSelectors }));
    return resource({ type: 'AWS::::Account', id: sdk.account, account: sdk.account, region: sdk.region });
  };
const management: EventSelector = { ReadWriteType: 'All', IncludeManagementEvents: true, DataResources: [], ExcludeManagementEventSources: [] };
const objects: EventSelector = { ReadWriteType: 'All', IncludeManagementEvents: false, DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }] };
const recorded: Pick<Scenario, 'parameters' | 'rest' | 'breakAgain'> = {
  parameters: { trail: 'objects' },
  rest: async (sdk) => {
    const { EventSelectors } = await client(sdk).send(new GetEventSelectorsCommand({ TrailName: 'objects' }));
    // Whether its selectors are its own, the trail says as well.
    const { HasCustomEventSelectors: _, ...trail } = (await client(sdk).send(new GetTrailCommand({ Name: 'objects' }))).Trail ?? {};
    return JSON.stringify([EventSelectors?.[0], trail]);
  },
  breakAgain: async (sdk) => {
    await client(sdk).send(new PutEventSelectorsCommand({ TrailName: 'objects', EventSelectors: [management] }));
  },
};
for (const remediator of [enableObjectWriteDataEvents, enableObjectReadDataEvents])
  describeRemediator(remediator, {
    account: { endpoint: alone.endpoint, accountId: alone.account },
    scenarios: [
      { ...recorded, name: 'a trail of management events', expect: 'change', arrange: recording([management]) },
      {
        ...recorded,
        name: 'someone has just taken them out',
        expect: 'change',
        arrange: recording([{ ...management, ExcludeManagementEventSources: ['kms.amazonaws.com'] }]),
        event: ({ account: owner, region }) =>
          cloudTrailEvent({ account: owner, region, service: 'cloudtrail', operation: 'PutEventSelectors', request: { trailName: 'objects' } }),
      },
      { ...recorded, name: 'no trail is named', expect: 'manual', parameters: {}, arrange: recording([management]) },
      { ...recorded, name: 'the trail is stopped', expect: 'manual', arrange: recording([management], { logs: false }) },
      { ...recorded, name: 'a trail that records them', expect: 'compliant', arrange: recording([management, objects]) },
    ],
  });
