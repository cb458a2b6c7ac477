// What is deployed, what the functions do, and what the doctor looks for are written in three packages, and have to agree.

import { fromEnvironment } from '@redress/bundle/runtime';
import { type Connect, canaryPattern, definePolicy, defineRegister, eventPatterns, type JsonObject, known, normalize } from '@redress/core';
import { hubTemplate } from '@redress/deploy';
import { memoryJournal } from '@redress/evidence';
import { createHandler } from '@redress/lambda-runtime';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { logOfEachTest } from '../../../../tests/support/lambda-log.js';
import { openedEvent, revokeOpenRules, Widgets } from '../../../../tests/support/widgets.js';
import { builtinRemediators as remediators } from '../builtin.js';
import type { PlaceFacts, RuleFact, Wanted } from './facts.js';
import { ruleChecks } from './place-checks.js';

const CANARY = '/redress/canary';
const template = hubTemplate({ remediators });
const resources = Object.entries(template.Resources);

/** References as they are once it is deployed. */
function resolved(value: unknown): JsonObject {
  return JSON.parse(
    JSON.stringify(value)
      .replaceAll('{"Ref":"Canary"}', JSON.stringify(CANARY))
      .replace(/\{"Fn::GetAtt":\["(\w+)","Arn"\]\}/g, '"arn:$1"'),
  ) as JsonObject;
}
const rules: RuleFact[] = resources
  .filter(([, each]) => each.Type === 'AWS::Events::Rule' && (each.Properties as JsonObject)['EventBusName'] === undefined)
  .map(([name, each]) => {
    const {
      EventPattern = null,
      State,
      Targets,
    } = resolved(each.Properties) as { EventPattern?: JsonObject; State?: string; Targets?: { Arn: string; DeadLetterConfig?: { Arn: string } }[] };
    return {
      name,
      enabled: State === 'ENABLED',
      pattern: EventPattern,
      targets: (Targets ?? []).map((each) => ({ arn: each.Arn, deadLetters: each.DeadLetterConfig?.Arn ?? null })),
    };
  });
const wanted: Wanted = { patterns: [...eventPatterns(remediators), canaryPattern(CANARY)], configTypes: [], securityHub: false, globalRegion: 'us-east-1' };
const place = (region: string): PlaceFacts => ({
  account: '111111111111',
  region,
  trails: known([]),
  recorders: known([]),
  channels: known(0),
  rules: known(rules),
  securityHub: known(false),
});

const log = logOfEachTest();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the template of the hub', () => {
  it.each(['us-east-1', 'eu-west-1'])('has rules that doctor accepts, in %s', (region) => {
    const checks = ruleChecks(place(region), wanted, ['arn:Queue'], known(rules));
    expect(checks.filter((each) => each.status !== 'ok')).toEqual([]);
    expect(checks.length).toBeGreaterThan(5);
  });

  it('has the names that doctor looks up', () => {
    expect([template.Resources['Function']?.Type, template.Resources['Approvals']?.Type]).toEqual(['AWS::Lambda::Function', 'AWS::Lambda::Function']);
    const text = JSON.stringify(template.Resources['Function']?.Properties);
    for (const name of [
      'REDRESS_POLICY_DIGEST',
      'REDRESS_REGISTER_DIGEST',
      'REDRESS_STOP_PARAMETER',
      'REDRESS_CANARY_PARAMETER',
      'REDRESS_TABLE',
      'REDRESS_BUCKET',
      'REDRESS_MEMBER_ROLE',
    ])
      expect(text).toContain(`"${name}"`);
    expect(template.Resources['ApprovalsUrl']?.Properties).toMatchObject({ AuthType: 'AWS_IAM' });
  });

  it.each(['Function', 'Approvals', 'Config'])('sets for %s all variables that the functions read, and no others', (name) => {
    const properties = template.Resources[name]?.Properties as { Environment: { Variables: JsonObject } } | undefined;
    const set = Object.keys(properties?.Environment.Variables ?? {}).filter((each) => each.startsWith('REDRESS_'));
    const read = new Set<string>();
    const values: Readonly<Record<string, string>> = {
      REDRESS_TABLE: 'redress-journal',
      REDRESS_BUCKET: 'redress-evidence',
      REDRESS_STOP_PARAMETER: 'redress-stop',
      REDRESS_POLICY_DIGEST: definePolicy({ version: 1 }).digest,
      REDRESS_REGISTER_DIGEST: defineRegister([]).digest,
      REDRESS_READ_ROLE: 'RedressRead',
      REDRESS_MEMBER_ROLE: 'RedressFix',
      REDRESS_EXTERNAL_ID: 'external',
      REDRESS_SWEEP_REGIONS: 'eu-west-1',
      REDRESS_ACCOUNT: '111111111111',
      AWS_REGION: 'eu-west-1',
    };
    const env = new Proxy(values, {
      get(target, key) {
        if (typeof key === 'string') read.add(key);
        return Reflect.get(target, key) as unknown;
      },
    });
    fromEnvironment({ remediators }, env);
    expect([...read].filter((each) => each.startsWith('REDRESS_')).sort()).toEqual(set.sort());
  });

  it('sends a schedule that the handler recognizes, and has alarms for metrics that the handler writes', async () => {
    const tick = resources
      .flatMap(([, each]) => ((each.Properties as { Targets?: { Input?: string }[] }).Targets ?? []).map((target) => target.Input))
      .find((input) => input?.includes('canary'));
    const aws = new Widgets();
    aws.put('w', ['open-1']);
    const sent: string[] = [];
    const queued: string[] = [];
    const time = Date.parse('2026-11-24T06:00:00Z');
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'redress');
    const handler = createHandler({
      remediators: [revokeOpenRules],
      policy: definePolicy({ version: 1, environments: { dev: { accounts: ['111111111111'] } }, remediators: { 'widget-revoke-open': { dev: 'enforce' } } }),
      journal: memoryJournal(),
      connect: aws.connect as Connect,
      clock: { now: () => time, sleep: async () => undefined },
      canary: { parameter: CANARY, send: async (input) => void sent.push(input.ResourceId) },
      sweep: {
        targets: [{ account: '111111111111', region: 'us-east-1' }],
        queue: {
          send: async (messages) => void queued.push(...messages.map(({ body }) => body)),
          regions: async (_, enabled) => ({ enabled, left: [{ region: 'eu-west-1', reason: 'denied', message: 'AccessDenied' }] }),
        },
      },
    });
    const context = { getRemainingTimeInMillis: () => 300_000 };
    await handler({ Records: [{ messageId: 'm', eventSource: 'aws:sqs', body: tick ?? '' }] }, context);
    expect(sent).toEqual([CANARY]);
    const called = {
      ...openedEvent('w', 'open-1', time - 1000),
      source: 'aws.ssm',
      detail: {
        eventVersion: '1.09',
        eventTime: new Date(time).toISOString(),
        eventSource: 'ssm.amazonaws.com',
        eventName: 'AddTagsToResource',
        awsRegion: 'us-east-1',
        readOnly: false,
        eventType: 'AwsApiCall',
        recipientAccountId: '111111111111',
        requestParameters: { resourceType: 'Parameter', resourceId: CANARY, tags: [] },
      },
    };
    expect(normalize(called)[0]?.call?.operation).toBe('AddTagsToResource');
    await handler(called, context);
    await handler(openedEvent('w', 'open-1', time - 1000), context);
    await handler(
      {
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        account: '111111111111',
        region: 'us-east-1',
        time: new Date(time).toISOString(),
        resources: ['arn:r'],
        id: 't',
        detail: {},
      },
      context,
    );
    // The account, then its region.
    for (const body of queued) await handler({ Records: [{ messageId: 's', eventSource: 'aws:sqs', body }] }, context);
    expect(queued).toHaveLength(2);
    const written = new Map<string, string[]>();
    for (const line of log.metrics) {
      const { _aws } = line as { _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] } };
      for (const { Namespace, Dimensions, Metrics } of _aws.CloudWatchMetrics)
        for (const { Name } of Metrics) written.set(`${Namespace} ${Name}`, Dimensions[0] ?? []);
    }
    // What is counted from the log, by the template itself.
    for (const [, each] of resources)
      if (each.Type === 'AWS::Logs::MetricFilter') {
        const [made] = (each.Properties as { MetricTransformations?: { MetricNamespace: string; MetricName: string }[] }).MetricTransformations ?? [];
        written.set(`${made?.MetricNamespace ?? ''} ${made?.MetricName ?? ''}`, []);
      }
    // Alarms, and widgets of the dashboard: [namespace, metric, dimension, value, …].
    const watched = resources
      .filter(([, each]) => each.Type === 'AWS::CloudWatch::Alarm')
      .map(([, each]) => each.Properties as { Namespace?: unknown; MetricName?: string })
      .filter((each) => each.Namespace === 'Redress')
      .map((each) => [`Redress ${each.MetricName ?? ''}`, [] as string[]] as const);
    const { DashboardBody } = (template.Resources['Dashboard']?.Properties ?? {}) as { DashboardBody?: { 'Fn::Sub': string } };
    const body = DashboardBody?.['Fn::Sub'] ?? '';
    const shown = [...body.matchAll(/\["Redress","(\w+)"(?:,"(\w+)","[\w-]+")?/g)].map(
      (match) => [`Redress ${match[1]}`, match[2] === undefined ? [] : [match[2]]] as const,
    );
    expect(watched.length).toBeGreaterThan(1);
    expect(shown.length).toBeGreaterThan(4);
    for (const [name, dimensions] of [...watched, ...shown]) expect([name, written.get(name)]).toEqual([name, dimensions]);
  });
});
