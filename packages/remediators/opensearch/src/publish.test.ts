import { type Assessment, resource } from '@redress/core';
import { describe, expect, it } from 'vitest';
import { publishErrorLogs } from './index.js';

const REF = resource({ type: 'AWS::OpenSearch::Domain', id: 'search', account: '111111111111', region: 'eu-west-1' });
const group = (name: string) => `arn:aws:logs:eu-west-1:111111111111:log-group:${name}`;
const on = (name: string) => ({ CloudWatchLogsLogGroupArn: group(name), Enabled: true });
const off = (name: string) => ({ CloudWatchLogsLogGroupArn: group(name), Enabled: false });

async function assess(found: object, parameters: object = { logGroup: group('errors') }): Promise<Assessment> {
  const aws = { es: { DescribeDomain: async () => ({ DomainStatus: { DomainName: 'search', ...found } }), ListTags: async () => ({ TagList: [] }) } };
  const given = publishErrorLogs.parameters(parameters);
  const seen = await publishErrorLogs.observe({ aws, resource: REF, parameters: given, purpose: 'decision' } as never);
  if (seen === 'gone') throw new Error('It is there.');
  return publishErrorLogs.plan({ state: seen.state, context: seen.context, resource: REF, parameters: given, observedAt: 0 } as never);
}
const changeOf = (assessment: Assessment) => (assessment.status === 'change' ? assessment.changes[0] : undefined);

const NEWEST = { ServiceSoftwareOptions: { UpdateAvailable: false, UpdateStatus: 'COMPLETED' } };

describe('error logs', () => {
  it('are published in addition to the other logs', async () => {
    const change = changeOf(await assess({ LogPublishingOptions: { SEARCH_SLOW_LOGS: on('slow'), INDEX_SLOW_LOGS: off('index') } }));
    expect(change?.call.input).toEqual({ DomainName: 'search', LogPublishingOptions: { SEARCH_SLOW_LOGS: on('slow'), ES_APPLICATION_LOGS: on('errors') } });
    expect(change?.undo).toMatchObject({
      restores: 'exact',
      calls: [{ input: { DomainName: 'search', LogPublishingOptions: { SEARCH_SLOW_LOGS: on('slow'), ES_APPLICATION_LOGS: off('errors') } } }],
    });
  });
  it('that are published elsewhere stay there', async () => {
    expect((await assess({ LogPublishingOptions: { ES_APPLICATION_LOGS: on('own') } })).status).toBe('compliant');
  });
  it('need a log group in the policy', async () => {
    expect(await assess({}, {})).toMatchObject({ status: 'manual', message: expect.stringContaining('logGroup') });
  });
  it('go to the log group in the account and region of the domain', async () => {
    const { call } = changeOf(await assess({}, { logGroup: 'arn:aws:logs:{region}:{account}:log-group:errors' })) ?? {};
    expect(call?.input).toMatchObject({ LogPublishingOptions: { ES_APPLICATION_LOGS: on('errors') } });
  });
  it.each(['arn:aws:logs:us-east-1:111111111111:log-group:errors', 'arn:aws:logs:{region}:222222222222:log-group:errors'])(
    'do not go to %s, which OpenSearch Service would refuse',
    async (logGroup) => {
      expect(await assess({}, { logGroup })).toMatchObject({
        status: 'manual',
        message: expect.stringContaining('only to log groups in the account and region'),
      });
    },
  );
  it('of a domain that is being changed wait', async () => {
    expect(await assess(NEWEST)).toMatchObject({ status: 'change', hazards: [] });
    for (const busy of [{ Processing: true }, { UpgradeProcessing: true }])
      expect(await assess(busy)).toMatchObject({ status: 'manual', steps: ['Wait until it is active.'] });
  });
  it.each([
    ['the newest', NEWEST, []],
    ['not the newest', { ServiceSoftwareOptions: { UpdateAvailable: true, UpdateStatus: 'ELIGIBLE' } }, ['blue-green']],
    ['one that cannot be updated now', { ServiceSoftwareOptions: { UpdateAvailable: false, UpdateStatus: 'NOT_ELIGIBLE' } }, ['blue-green']],
    ['about to be updated', { ServiceSoftwareOptions: { UpdateAvailable: false, UpdateStatus: 'PENDING_UPDATE' } }, ['blue-green']],
    ['said without that', { ServiceSoftwareOptions: { CurrentVersion: 'R20261101' } }, ['blue-green']],
    ['not said', {}, ['blue-green']],
  ])('of a domain whose service software is %s are a hazard if that could move it to new nodes', async (_, found, codes) => {
    const assessment = await assess(found);
    expect(assessment.status === 'change' ? assessment.hazards?.map(({ code }) => code) : assessment).toEqual(codes);
  });
});

it.each([
  ['search', { id: 'search' }],
  ['arn:aws:es:eu-west-1:111111111111:domain/search', { id: 'search', region: 'eu-west-1' }],
  ['111111111111/search', { id: 'search' }],
  ['222222222222/search', null],
])('%s is the domain, or nothing in this account', async (id, named) => {
  expect(await publishErrorLogs.identify?.({ aws: {}, resource: { ...REF, id } } as never)).toEqual(named);
});
