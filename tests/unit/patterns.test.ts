import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePolicy, eventPatterns, type Finding, namesOfType, normalize, type Remediator } from '@redress/core';
import { opensearchRemediators } from '@redress/remediator-opensearch';
import { describe, expect, it } from 'vitest';
import { route } from '../../packages/core/src/engine/route.js';
import * as fixtures from '../../packages/core/src/events/fixtures/events.js';
import { matchesPattern } from '../support/event-pattern.js';
import { all, triggerEvents } from '../support/trigger-events.js';

const patterns = eventPatterns(all);
const policy = definePolicy({ version: 1 });

const delivered = (event: unknown) => patterns.filter(({ pattern }) => matchesPattern(event, pattern)).map(({ name }) => name);
const routed = (findings: readonly Finding[]) => findings.flatMap((finding) => route(finding, all, policy).routes.map((each) => each.remediator.id));

/** What our patterns have to leave out, by the normalizer's own words. */
const NEVER =
  /^The call failed|only reads\.$|^The control passed|^The finding is archived|^A proactive evaluation|^The rule found the resource compliant|^The rule does not apply/;

/** Whether patterns and normalizer agree on an event. */
function disagreement(event: unknown): string | null {
  const findings = normalize(event);
  const asked = routed(findings);
  const names = delivered(event);
  if (asked.length > 0 && names.length === 0) return `${[...new Set(asked)].join(', ')} would be asked, but no pattern lets it through`;
  // Reports that a gap is closed come for who asks for them, by the resource's type.
  if (names.some((name) => !/-resolved/.test(name)) && asked.length === 0 && findings.every((finding) => NEVER.test(finding.reason)))
    return `${names.join(', ')} lets it through: ${findings.map((finding) => finding.reason).join(' ')}`;
  if (asked.length > 0 && names.length > 1) return `${names.join(' and ')} both let it through: it would come twice`;
  return null;
}

type Members = Record<string, unknown>;

describe('event patterns', () => {
  it('agree with the normalizer on every kind of event', () => {
    const problems = triggerEvents().flatMap(([name, event]) => {
      const problem = disagreement(event);
      return problem === null ? [] : [`${name}: ${problem}`];
    });
    // A trigger is a call that changes something: one marked as reading is no such event, and EventBridge sends none to a rule by default.
    expect(problems.filter((problem) => !/"readOnly":true/.test(problem))).toEqual([]);
  });

  it('deliver something to every remediator', () => {
    const reached = new Set(triggerEvents().flatMap(([, event]) => (delivered(event).length > 0 ? routed(normalize(event)) : [])));
    expect([...reached].sort()).toEqual(all.map((each) => each.id).sort());
  });

  it('omit events that no remediator handles', () => {
    const { detail } = fixtures.apiCall() as { detail: Members };
    expect(delivered(fixtures.apiCall({ eventName: 'RunInstances' }))).toEqual([]);
    expect(delivered({ ...fixtures.apiCall(), source: 'acme.ec2', detail })).toEqual([]);
    expect(delivered(fixtures.guarddutyFinding())).toEqual([]);
    expect(delivered(fixtures.tick())).toEqual([]);
    expect(delivered(fixtures.tagChanged(['team']))).toEqual([]);
    const other = fixtures.complianceChange() as { detail: Members };
    expect(delivered({ ...other, detail: { ...other.detail, resourceType: 'AWS::Lambda::Function' } })).toEqual([]);
  });

  it('deliver events under every name that AWS has for a resource', () => {
    const own = eventPatterns(opensearchRemediators);
    const { detail, ...around } = fixtures.complianceChange() as { detail: Members };
    const asff = (type: string, control: string) =>
      fixtures.asffImported({ Compliance: { Status: 'FAILED', SecurityControlId: control }, Resources: [{ Type: type, Id: 'search', Region: 'eu-west-1' }] });
    const events = [
      ...namesOfType('AWS::OpenSearch::Domain').map((resourceType) => ({ ...around, detail: { ...detail, resourceType, resourceId: 'search' } })),
      asff('AwsOpenSearchServiceDomain', 'Opensearch.4'),
      asff('AwsElasticsearchDomain', 'ES.4'),
    ];
    for (const event of events) expect(own.filter(({ pattern }) => matchesPattern(event, pattern))).toHaveLength(1);
  });

  it('follow the exception tag of the policy', () => {
    const own = eventPatterns(all, { exceptionTag: 'acme:exempt' });
    const names = (tag: string) => own.filter(({ pattern }) => matchesPattern(fixtures.tagChanged([tag]), pattern)).map(({ name }) => name);
    expect([names('acme:exempt'), names('ACME:Exempt'), names('redress:exception')]).toEqual([['exception-tag'], ['exception-tag'], []]);
  });

  it('fit into a rule, each with a name of its own', () => {
    for (const { name, pattern } of patterns) {
      expect(JSON.stringify(pattern).length, name).toBeLessThanOrEqual(2048);
      expect(`redress-${name}`).toMatch(/^[a-z0-9-]{1,64}$/);
    }
    expect(new Set(patterns.map(({ name }) => name)).size).toBe(patterns.length);
  });

  it('are split if a rule cannot hold them', () => {
    const apiCalls = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`ec2:MakeSomethingOfALongName${at}`, () => []]));
    const many = eventPatterns([{ resourceTypes: [], controls: [], configRules: [], apiCalls, whenResolved: false }]);
    expect(many.length).toBeGreaterThan(1);
    const names = many.filter(({ name }) => name !== 'exception-tag').flatMap(({ pattern }) => (pattern['detail'] as { eventName: string[] }).eventName);
    expect([...names].sort()).toEqual(
      Object.keys(apiCalls)
        .map((call) => call.slice(4))
        .sort(),
    );
    expect(new Set(many.map(({ name }) => name)).size).toBe(many.length);
    for (const { pattern } of many) expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(2048);
  });

  it('have the calls of many services in one rule, separated by service, and those of global services apart', () => {
    const apiCalls = Object.fromEntries(['ec2:MakeThing', 's3:MakeThing', 's3:DropThing', 'iam:MakeThing'].map((call) => [call, () => []]));
    const made = eventPatterns([{ resourceTypes: [], controls: [], configRules: [], apiCalls, whenResolved: false }]);
    const through = (service: string, eventName: string, more: Members = {}) =>
      made
        .filter(({ pattern }) =>
          matchesPattern(fixtures.apiCall({ eventSource: `${service}.amazonaws.com`, eventName, ...more }, { source: `aws.${service}` }), pattern),
        )
        .map(({ name }) => name);
    expect(through('ec2', 'MakeThing')).toEqual(['cloudtrail']);
    expect(through('s3', 'DropThing')).toEqual(['cloudtrail']);
    // A call of the same name, of a service that has no trigger of that name.
    expect(through('ec2', 'DropThing')).toEqual([]);
    expect(through('rds', 'MakeThing')).toEqual([]);
    expect(through('s3', 'MakeThing', { errorCode: 'AccessDenied' })).toEqual([]);
    expect(through('iam', 'MakeThing')).toEqual(['cloudtrail-global']);
  });

  it('deliver resolved findings to remediators that handle them', () => {
    const [closing] = all.filter((each) => each.configRules.length > 0).map((each): Remediator => ({ ...each, whenResolved: true }));
    const some = eventPatterns([closing as Remediator]);
    const event = fixtures.complianceChange('COMPLIANT') as { detail: Members };
    const own = { ...event, detail: { ...event.detail, resourceType: closing?.resourceTypes[0] } };
    expect(some.filter(({ pattern }) => matchesPattern(own, pattern))).toHaveLength(1);
  });
});

const FOLDER = process.env['REDRESS_EVENT_SAMPLES'];
// With a folder of recorded events: patterns and normalizer agree on them, too.
it('agree on recorded events, if there are some', () => {
  const files =
    FOLDER === undefined
      ? []
      : readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json') && !file.endsWith('expected.json'));
  const problems = files.flatMap((file) => {
    const event: unknown = JSON.parse(readFileSync(join(FOLDER as string, file), 'utf8'));
    if (typeof event !== 'object' || event === null || !('detail-type' in event)) return [];
    const problem = disagreement(event);
    return problem === null ? [] : [`${file}: ${problem}`];
  });
  expect(problems).toEqual([]);
});
