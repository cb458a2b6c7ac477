import { GLOBAL_REGION, type Remediator, resource } from '@redress/core';
import { faultMatrix, type Operation, reportedGap, SimulatedError } from '@redress/testing';
import { expect, it } from 'vitest';
import {
  enableLogFileValidation,
  enableMultiRegionTrail,
  enableObjectReadDataEvents,
  enableObjectWriteDataEvents,
  encryptWithKms,
  restartLogging,
  sendToCloudWatchLogs,
} from '../src/index.js';

interface Trail {
  IsLogging: boolean;
  /** Epoch milliseconds: when it was started, or stopped; null: neither. */
  changed?: number | null;
  LogFileValidationEnabled: boolean;
  CloudWatchLogsLogGroupArn?: string;
  CloudWatchLogsRoleArn?: string;
  KmsKeyId?: string;
  S3BucketName: string;
  selectors?: readonly object[];
  tags: { Key: string; Value: string }[];
}
/** Not long before the matrix begins. */
const STOPPED = Date.parse('2026-11-24T09:00:00Z');
type Named = { readonly Name: string };
const trails = (custom: Record<string, unknown>) => custom as Record<string, Trail>;
const trailOf = (custom: Record<string, unknown>, name: string): Trail => {
  const found = trails(custom)[name];
  if (found === undefined) throw new SimulatedError('TrailNotFoundException', 404);
  return found;
};
const described = (custom: Record<string, unknown>, Name: string, account: string) => {
  const { IsLogging: _, changed: ____, tags: __, selectors: ___, ...trail } = trailOf(custom, Name);
  return {
    ...trail,
    Name,
    IsMultiRegionTrail: true,
    IsOrganizationTrail: false,
    HomeRegion: 'us-east-1',
    TrailARN: `arn:aws:cloudtrail:us-east-1:${account}:trail/${Name}`,
  };
};
const MANAGEMENT = { IncludeManagementEvents: true, ReadWriteType: 'All' };
/** As much of CloudTrail as the package uses. */
const cloudtrail: Readonly<Record<string, Operation>> = {
  DescribeTrails: ({ custom }, { trailNameList: names = Object.keys(custom).sort() }: { readonly trailNameList?: string[] }, { account }) => ({
    trailList: names.filter((name) => trails(custom)[name] !== undefined).map((name) => described(custom, name, account)),
  }),
  CreateTrail: ({ custom }, { Name, S3BucketName }: Named & Pick<Trail, 'S3BucketName'>) => {
    if (trails(custom)[Name] !== undefined) throw new SimulatedError('TrailAlreadyExistsException', 400);
    trails(custom)[Name] = { ...sound(), IsLogging: false, changed: null, S3BucketName };
    return {};
  },
  GetEventSelectors: ({ custom }, { TrailName }: { readonly TrailName: string }) => {
    const { selectors } = trailOf(custom, TrailName.split('/').at(-1) ?? '');
    return { EventSelectors: selectors ?? [MANAGEMENT] };
  },
  PutEventSelectors: ({ custom }, { TrailName, EventSelectors }: { readonly TrailName: string; readonly EventSelectors: readonly object[] }) => {
    trailOf(custom, TrailName.split('/').at(-1) ?? '').selectors = EventSelectors;
    return {};
  },
  GetTrail: ({ custom }, { Name }: Named, { account }) => ({ Trail: described(custom, Name, account) }),
  GetTrailStatus: ({ custom }, { Name }: Named) => {
    const { IsLogging, changed = STOPPED } = trailOf(custom, Name.split('/').at(-1) ?? '');
    return { IsLogging, ...(changed === null ? {} : { [IsLogging ? 'StartLoggingTime' : 'StopLoggingTime']: new Date(changed) }) };
  },
  ListTrails: ({ custom }, _: object, { account }) => ({ Trails: Object.keys(custom).map((name) => described(custom, name, account)) }),
  DeleteTrail: ({ custom }, { Name }: Named) => {
    trailOf(custom, Name);
    delete custom[Name];
    return {};
  },
  ListTags: ({ custom }, { ResourceIdList: [arn = ''] }: { readonly ResourceIdList: string[] }) => ({
    ResourceTagList: [{ ResourceId: arn, TagsList: trailOf(custom, arn.split('/').at(-1) ?? '').tags }],
  }),
  StartLogging: ({ custom }, { Name }: Named) => {
    const trail = trailOf(custom, Name.split('/').at(-1) ?? '');
    Object.assign(trail, { IsLogging: true, changed: (trail.changed ?? STOPPED) + 1000 });
    return {};
  },
  StopLogging: ({ custom }, { Name }: Named) => {
    trailOf(custom, Name.split('/').at(-1) ?? '').IsLogging = false;
    return {};
  },
  UpdateTrail: (
    { custom },
    {
      Name,
      EnableLogFileValidation: validates,
      CloudWatchLogsLogGroupArn: group,
      CloudWatchLogsRoleArn: role,
      KmsKeyId: key,
    }: Named & Record<string, string | boolean | undefined>,
  ) => {
    const trail = trailOf(custom, String(Name));
    if (typeof validates === 'boolean') trail.LogFileValidationEnabled = validates;
    for (const [member, value] of [
      ['CloudWatchLogsLogGroupArn', group],
      ['CloudWatchLogsRoleArn', role],
      ['KmsKeyId', key],
    ] as const) {
      if (value === '') delete trail[member];
      else if (typeof value === 'string') trail[member] = value;
    }
    return {};
  },
};

const TARGET = { logGroupArn: 'arn:aws:logs:us-east-1:111111111111:log-group:trails:*', roleArn: 'arn:aws:iam::111111111111:role/trails' };
const KEY = { kmsKeyArn: 'arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab' };
const sound = (): Trail => ({
  IsLogging: true,
  LogFileValidationEnabled: true,
  CloudWatchLogsLogGroupArn: TARGET.logGroupArn,
  CloudWatchLogsRoleArn: TARGET.roleArn,
  KmsKeyId: KEY.kmsKeyArn,
  S3BucketName: 'all-trails',
  tags: [{ Key: 'team', Value: 'security' }],
});

it.each<[id: string, Remediator, broken: Readonly<Record<string, unknown>>, parameters: Readonly<Record<string, string>>]>([
  [restartLogging.id, restartLogging, { IsLogging: false }, {}],
  [enableLogFileValidation.id, enableLogFileValidation, { LogFileValidationEnabled: false }, {}],
  [sendToCloudWatchLogs.id, sendToCloudWatchLogs, { CloudWatchLogsLogGroupArn: undefined, CloudWatchLogsRoleArn: undefined }, TARGET],
  [encryptWithKms.id, encryptWithKms, { KmsKeyId: undefined }, KEY],
])('%s survives every fault at every call', async (_, remediator, broken, parameters) => {
  const report = await faultMatrix(remediator, {
    services: { cloudtrail },
    parameters,
    arrange(account) {
      Object.assign(account.state.custom, { beside: { ...sound(), selectors: [] }, subject: sound() });
      const [member] = Object.keys(broken) as [keyof Trail];
      const subject = () => trailOf(account.state.custom, 'subject');
      return reportedGap({
        resource: resource({ type: 'AWS::CloudTrail::Trail', id: 'subject', account: account.account, region: 'us-east-1' }),
        rule: String(remediator.configRules[1]),
        open: () => Object.assign(subject(), broken),
        isOpen: () => trails(account.state.custom)['subject'] !== undefined && subject()[member] === broken[member],
        others: {
          delete: () => delete account.state.custom['subject'],
          fix: () => Object.assign(subject(), sound()),
          change: () => subject().tags.push({ Key: 'more', Value: 'x' }),
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(200);
});

it('cloudtrail-enable-multi-region-trail survives every fault at every call', async () => {
  const report = await faultMatrix(enableMultiRegionTrail, {
    services: { cloudtrail },
    parameters: { bucket: 'all-trails' },
    // It is created and started, and stopped and deleted.
    calls: 2,
    // A trail that exists may be the work of somebody else.
    finishedByPeople: true,
    arrange(account) {
      const { custom } = account.state;
      trails(custom)['management-events'] = sound();
      const logs = () => Object.values(trails(account.state.custom)).some(({ IsLogging }) => IsLogging);
      return reportedGap({
        resource: resource({ type: 'AWS::::Account', id: account.account, account: account.account, region: GLOBAL_REGION }),
        rule: 'multi-region-cloudtrail-enabled',
        open: () => {
          delete trails(account.state.custom)['management-events'];
        },
        isOpen: () => !logs(),
        others: {
          fix: () => {
            trails(account.state.custom)['management-events'] = sound();
          },
          change: () => {
            const trail = trails(account.state.custom)['management-events'];
            if (trail !== undefined) delete trail.KmsKeyId;
          },
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(80);
});

it.each([enableObjectWriteDataEvents, enableObjectReadDataEvents])('$id survives every fault at every call', async (remediator) => {
  const report = await faultMatrix(remediator, {
    services: { cloudtrail },
    parameters: { trail: 'subject' },
    arrange(account) {
      const { custom } = account.state;
      const OBJECTS = { ReadWriteType: 'All', IncludeManagementEvents: false, DataResources: [{ Type: 'AWS::S3::Object', Values: ['arn:aws:s3'] }] };
      Object.assign(custom, { beside: sound(), subject: { ...sound(), selectors: [MANAGEMENT, OBJECTS] } });
      return reportedGap({
        resource: resource({ type: 'AWS::::Account', id: account.account, account: account.account, region: 'us-east-1' }),
        rule: 'cloudtrail-s3-dataevents-enabled',
        open: () => {
          trailOf(account.state.custom, 'subject').selectors = [MANAGEMENT];
        },
        isOpen: () => trailOf(account.state.custom, 'subject').selectors?.length === 1,
        others: {
          fix: () => {
            trailOf(account.state.custom, 'subject').selectors = [MANAGEMENT, OBJECTS];
          },
        },
      });
    },
  });
  expect(report.broken).toEqual([]);
  expect(report.injected).toBeGreaterThan(150);
});
