import { canonicalJson, type EventPattern, GLOBAL_SERVICES, isRecord, type Json, type JsonObject, toJson } from '@redress/core';
import { fail, ok, read, unknown, warn } from './check.js';
import type { Check, PlaceFacts, RecorderFact, RuleFact, TrailFact, Wanted } from './facts.js';

const at = ({ account, region }: Pick<PlaceFacts, 'account' | 'region'>) => `${account} ${region}`;

/**
 * Whether calls become events: EventBridge gets them from a trail that records management events that write.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
 */
export function trailChecks(place: PlaceFacts): readonly Check[] {
  const where = at(place);
  return read('trail', where, place.trails, (all) => {
    const here = all.filter((trail) => trail.multiRegion || trail.homeRegion === place.region);
    if (here.length === 0)
      return all.length === 0
        ? [
            fail(
              'trail-missing',
              where,
              'No trail records this region.',
              'Create a multi-region trail with management events; without one no API call becomes an event.',
            ),
          ]
        : [fail('trail-single-region', where, `${names(all)}: records only another region.`, 'Make the trail a multi-region one.')];
    const good = here.find((trail) => trail.logging.ok && trail.logging.value.on && trail.writes.ok && trail.writes.value);
    if (good !== undefined) {
      const error = good.logging.ok ? good.logging.value.deliveryError : null;
      return [
        good.multiRegion
          ? ok('trail', where, `${good.name} records it.`)
          : warn('trail-single-region', where, `${good.name} records this region only.`, 'A multi-region trail also records regions that are opened later.'),
        ...(error === null ? [] : [warn('trail-delivery', where, `${good.name} cannot deliver: ${error}`, 'Correct the bucket or its policy.')]),
      ];
    }
    return here.map((trail) => {
      if (trail.logging.ok && !trail.logging.value.on)
        return fail('trail-stopped', where, `${trail.name} does not log.`, `aws cloudtrail start-logging --name ${trail.name}`);
      if (trail.writes.ok && !trail.writes.value)
        return fail(
          'trail-no-write-events',
          where,
          `${trail.name} does not record write management events.`,
          'Let it record management events, at least write events.',
        );
      const unread = [trail.logging, trail.writes].find((fact) => !fact.ok);
      return unknown('trail', where, `${trail.name}: ${unread !== undefined && !unread.ok ? unread.error : ''}`);
    });
  });
}

/**
 * Whether AWS Config records the types that the remediators handle.
 *
 * @see https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html
 */
export function recorderChecks(place: PlaceFacts, wanted: Wanted): readonly Check[] {
  const where = at(place);
  if (wanted.configTypes.length === 0) return [];
  const recorders = read('recorder', where, place.recorders, (all) => {
    if (all.length === 0) return [fail('recorder-missing', where, 'AWS Config has no recorder.', 'Turn AWS Config on. Until then no rule finds anything.')];
    return all.flatMap((recorder): Check[] => {
      if (!recorder.recording) return [fail('recorder-off', where, `${recorder.name} does not record.`, 'aws configservice start-configuration-recorder')];
      const missing = wanted.configTypes.filter((type) => !records(recorder, type, place.region === wanted.globalRegion));
      const found: Check[] = [];
      if (missing.length > 0)
        found.push(
          fail(
            'recorder-types',
            where,
            `${recorder.name} does not record ${missing.join(', ')}.`,
            'Add the types, or record all types. Until then their rules find nothing.',
          ),
        );
      if (recorder.lastStatus === 'FAILURE')
        found.push(fail('recorder-failing', where, `${recorder.name}: its last recording failed.`, 'Check its role, and the delivery channel.'));
      if (recorder.daily)
        found.push(warn('recorder-daily', where, `${recorder.name} records once a day.`, 'Record continuously; otherwise findings arrive up to a day late.'));
      return found.length > 0 ? found : [ok('recorder', where, `${recorder.name} records what is needed.`)];
    });
  });
  const channels = read('delivery-channel', where, place.channels, (count) => [
    count > 0
      ? ok('delivery-channel', where, 'It has one.')
      : fail('delivery-channel-missing', where, 'AWS Config has no delivery channel.', 'Create one: a recorder does not start without it.'),
  ]);
  return [...recorders, ...channels];
}

// Recorded in one region only, where global types are asked for.
const GLOBAL_TYPE = /^AWS::IAM::(?:User|Group|Role|Policy)$/;

function records(recorder: RecorderFact, type: string, globalHere: boolean): boolean {
  // Settings of an account are no resource of AWS Config.
  if (type === 'AWS::::Account') return true;
  if (GLOBAL_TYPE.test(type)) {
    if (!globalHere) return true;
    return (recorder.all && recorder.global) || recorder.types.includes(type) || (recorder.except.length > 0 && !recorder.except.includes(type));
  }
  if (recorder.all) return true;
  return recorder.except.length > 0 ? !recorder.except.includes(type) : recorder.types.includes(type);
}

/** Whether Security Hub is on, where its controls are asked. */
export function securityHubChecks(place: PlaceFacts, wanted: Wanted): readonly Check[] {
  if (!wanted.securityHub) return [];
  const where = at(place);
  return read('security-hub', where, place.securityHub, (on) => [
    on
      ? ok('security-hub', where, 'It is on.')
      : warn(
          'security-hub-off',
          where,
          'Security Hub is off.',
          'Turn it on if its controls should find gaps. AWS Config rules and API calls are received without it.',
        ),
  ]);
}

/** EventBridge takes lists in any order. */
function comparable(pattern: JsonObject): string {
  const sorted = (value: Json): Json => {
    if (Array.isArray(value)) return [...value].map(sorted).sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
    return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, sorted(member as Json)])) : value;
  };
  return canonicalJson(sorted(toJson(pattern)));
}

function isLike(rule: RuleFact, want: EventPattern): boolean {
  return rule.pattern !== null && comparable(rule.pattern) === comparable(want.pattern);
}

/** Whether two patterns are about the same: such rules are compared. */
function isNear(one: JsonObject, other: JsonObject): boolean {
  const sources = ({ source }: JsonObject) => (Array.isArray(source) ? source : []);
  return kindOf(one) === kindOf(other) && sources(one).some((source) => sources(other).includes(source));
}

function kindOf(pattern: JsonObject): string {
  const detail = isRecord(pattern['detail']) ? (pattern['detail'] as JsonObject) : {};
  const lane = isRecord(detail['newEvaluationResult'])
    ? detail['newEvaluationResult']['complianceType']
    : isRecord(detail['findings'])
      ? (detail['findings']['Compliance'] ?? detail['findings']['compliance'] ?? null)
      : null;
  return comparable({ type: pattern['detail-type'] ?? null, lane: (lane ?? null) as Json });
}

function isGlobal({ pattern }: Pick<EventPattern, 'pattern'>): boolean {
  const sources = Array.isArray(pattern['source']) ? pattern['source'] : [];
  return (
    pattern['detail-type'] !== undefined &&
    comparable({ t: pattern['detail-type'] }) === comparable({ t: ['AWS API Call via CloudTrail'] }) &&
    sources.some((source) => typeof source === 'string' && GLOBAL_SERVICES.has(source.replace(/^aws\./, '')))
  );
}

/** What is required of a region that is checked only for its global services: nothing else may be used there. */
export function ofGlobalServices(wanted: Wanted): Wanted {
  return { ...wanted, patterns: wanted.patterns.filter(isGlobal), configTypes: [], securityHub: false };
}

/**
 * Whether the rules of a region let through what the remediators of the policy ask for, and nothing is lost on the way from them.
 *
 * `targets` are ARNs that events are to go to: queue, bus. None means that nobody knows. `inGlobalRegion` are the rules where global services
 * report: a rule for them elsewhere is only idle when there is one there.
 */
export function ruleChecks(place: PlaceFacts, wanted: Wanted, targets: readonly string[], inGlobalRegion: PlaceFacts['rules'] | null = null): readonly Check[] {
  const where = at(place);
  return read('rule', where, place.rules, (rules) => {
    const withPattern = rules.filter((rule): rule is RuleFact & { pattern: JsonObject } => rule.pattern !== null);
    const mayHaveTarget = (rule: RuleFact) => targets.length === 0 || rule.targets.some((target) => targets.includes(target.arn));
    return wanted.patterns.flatMap((want): Check[] => {
      const same = withPattern.filter((rule) => isLike(rule, want));
      if (isGlobal(want) && place.region !== wanted.globalRegion) {
        const heard = inGlobalRegion?.ok === true && inGlobalRegion.value.some((rule) => rule.enabled && isLike(rule, want));
        return (heard ? [] : same.filter(mayHaveTarget)).map((rule) =>
          warn(
            'rule-wrong-region',
            `${where} ${rule.name}`,
            `It matches ${want.name}, which is reported in ${wanted.globalRegion} only.`,
            `Deploy it in ${wanted.globalRegion}.`,
          ),
        );
      }
      const one = same.find((rule) => rule.enabled && mayHaveTarget(rule)) ?? same.find(mayHaveTarget) ?? same[0];
      if (one === undefined) {
        const near = withPattern.find(
          (rule) =>
            isNear(rule.pattern, want.pattern) && (targets.length === 0 ? rule.name.includes(want.name) || /redress/i.test(rule.name) : mayHaveTarget(rule)),
        );
        return near === undefined
          ? [
              fail(
                'rule-missing',
                `${where} ${want.name}`,
                'No rule matches these events.',
                'Deploy the template of this version again; `redress patterns` prints the pattern.',
              ),
            ]
          : [
              fail(
                'rule-drift',
                `${where} ${near.name}`,
                `Its pattern differs from that of ${want.name}: ${differences(near.pattern, want.pattern)}`,
                'Deploy the template of this version again; `redress patterns` prints the pattern.',
              ),
            ];
      }
      const named = `${where} ${one.name}`;
      if (!one.enabled) return [fail('rule-disabled', named, 'It is disabled.', `aws events enable-rule --name ${one.name} --region ${place.region}`)];
      if (one.targets.length === 0) return [fail('rule-no-target', named, 'It has no target.', 'Deploy the template again.')];
      if (!mayHaveTarget(one))
        return [
          fail(
            'rule-foreign-target',
            named,
            `Its target is ${one.targets.map((target) => target.arn).join(', ')}.`,
            'Change its target to the queue of the deployment.',
          ),
        ];
      const bare = one.targets.filter((target) => target.deadLetters === null);
      return bare.length > 0
        ? [warn('rule-no-dead-letters', named, 'Events that cannot be delivered are lost.', 'Give its target a dead-letter queue.')]
        : [ok('rule', named, `It matches ${want.name}.`)];
    });
  });
}

function differences(seen: JsonObject, wanted: JsonObject): string {
  const words = (pattern: JsonObject) => new Set(JSON.stringify(pattern).match(/"[^"]+"/g) ?? []);
  const [have, want] = [words(seen), words(wanted)];
  const some = (list: string[]) => `${list.slice(0, 5).join(', ')}${list.length > 5 ? ` and ${list.length - 5} more` : ''}`;
  const missing = [...want].filter((word) => !have.has(word));
  const more = [...have].filter((word) => !want.has(word));
  return [...(missing.length > 0 ? [`without ${some(missing)}`] : []), ...(more.length > 0 ? [`with ${some(more)}`] : [])].join('; ') || 'other conditions';
}

const names = (trails: readonly TrailFact[]) => trails.map((trail) => trail.name).join(', ');
