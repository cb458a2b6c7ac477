import { formatResource } from '../model/resource.js';
import { environmentOf, modeOf } from '../policy/policy.js';
import { inScope } from '../policy/register.js';
import { circuitBreaker } from './breaker.js';
import { freeze, windows } from './calendar.js';
import { fights } from './fights.js';
import { defineGuardrail, type Guardrail, type GuardrailResult } from './guardrail.js';
import { managedByIac } from './iac.js';
import { principal } from './principal.js';
import { promotion } from './promotion.js';
import { settling } from './settling.js';

/** How long an exception tag without a register entry holds back, from its first sight: 3 days. */
export const TAG_GRACE = 3 * 86_400_000;

type Answer = Omit<GuardrailResult, 'guardrail'>;
const allow = (code: string, message: string, data?: GuardrailResult['data']): Answer => ({
  effect: 'allow',
  code,
  message,
  ...(data === undefined ? {} : { data }),
});
const iso = (time: number) => new Date(time).toISOString();

const killSwitch = defineGuardrail({
  id: 'kill-switch',
  needs: ['policy', 'stop'],
  evaluate: ({ policy, stop }) => {
    const strictest =
      stop === 'everything' || policy.stop === 'everything' ? 'everything' : stop === 'changes' || policy.stop === 'changes' ? 'changes' : 'none';
    return strictest === 'none' ? allow('go', 'The kill switch is off.') : { effect: 'deny', code: 'stopped', message: `The kill switch stops ${strictest}.` };
  },
});

const SOURCES: Readonly<Record<string, readonly string[]>> = {
  'config-compliance-change': ['aws.config'],
  'configuration-item-change': ['aws.config'],
  'finding-imported': ['aws.securityhub'],
  'finding-imported-v2': ['aws.securityhub'],
  'finding-custom-action': ['aws.securityhub'],
  'tag-change': ['aws.tag'],
};

const authenticity = defineGuardrail({
  id: 'authenticity',
  needs: ['policy', 'identity'],
  evaluate: ({ trigger, policy, identity, resource }) => {
    if (identity.account !== resource.account)
      return {
        effect: 'deny',
        code: 'foreign-account',
        message: `The credentials are of account ${identity.account}; the resource is in ${resource.account}.`,
      };
    if (trigger.by !== 'finding') return allow('asked', 'Asked for directly.');
    const { finding } = trigger;
    const { envelope } = finding;
    if (envelope === null)
      return { effect: 'approve', code: 'no-envelope', message: 'The input came without an EventBridge envelope, so nothing says that AWS sent it.' };
    const expected = finding.kind === 'api-call' && finding.call !== null ? [`aws.${finding.call.service}`] : SOURCES[finding.kind];
    if (envelope.source === null || expected === undefined || !expected.includes(envelope.source)) {
      return {
        effect: 'deny',
        code: 'wrong-source',
        message: `An event of this kind comes from ${expected?.join(', ') ?? 'nowhere that is known'}, not from ${envelope.source ?? 'no source'}.`,
      };
    }
    if (envelope.account !== resource.account) {
      // A delegated administrator's Security Hub sends findings of its members. Nothing else may speak for another account:
      // an account that may put events on our bus could otherwise forge them.
      const administrator = expected[0] === 'aws.securityhub' && envelope.account !== null && policy.administrators.includes(envelope.account);
      if (!administrator)
        return {
          effect: 'deny',
          code: 'foreign-envelope',
          message: `Account ${envelope.account ?? 'unknown'} sent an event about account ${resource.account}.`,
        };
    }
    return allow('authentic', `${envelope.source} of account ${envelope.account ?? ''} sent it.`);
  },
});

const replay = defineGuardrail({
  id: 'replay',
  needs: [],
  evaluate: ({ trigger }) =>
    trigger.by === 'finding' && trigger.finding.replayed
      ? {
          effect: 'deny',
          code: 'replayed',
          message: `An archive replay (${trigger.finding.envelope?.replayName ?? 'unnamed'}) sent it again; replays are recorded, not acted on.`,
        }
      : allow('first-hand', 'Not a replay.'),
});

const failedCall = defineGuardrail({
  id: 'failed-call',
  needs: [],
  evaluate: ({ trigger }) => {
    const call = trigger.by === 'finding' ? trigger.finding.call : null;
    if (call === null) return allow('no-call', 'No API call is involved.');
    if (call.errorCode !== null) return { effect: 'deny', code: 'call-failed', message: `The call failed with ${call.errorCode}: nothing changed.` };
    if (call.readOnly) return { effect: 'deny', code: 'call-read-only', message: 'The call only read.' };
    return allow('call-succeeded', 'The call succeeded.');
  },
});

const selfEvent = defineGuardrail({
  id: 'self-event',
  needs: ['policy', 'identity'],
  evaluate: ({ trigger, policy, identity }) => {
    const actor = trigger.by === 'finding' ? trigger.finding.actor : null;
    if (actor === null) return allow('no-actor', 'The event names no actor.');
    const ours = [identity.arn, ...policy.self].map(principal);
    const theirs = [actor.arn, actor.issuerArn].filter((arn) => arn !== null).map(principal);
    return theirs.some((arn) => ours.includes(arn))
      ? { effect: 'deny', code: 'own-call', message: `Redress itself (${actor.issuerArn ?? actor.arn ?? ''}) made the call.` }
      : allow('other-actor', 'Someone else made the call.');
  },
});

const mode = defineGuardrail({
  id: 'mode',
  needs: ['policy'],
  evaluate: ({ policy, remediator, resource }) => {
    const environment = environmentOf(policy, resource.account);
    const value = modeOf(policy, remediator.id, resource.account);
    const where = environment === null ? `account ${resource.account}, which is in no environment` : `environment ${environment.name}`;
    const data = { mode: value, environment: environment?.name ?? null };
    switch (value) {
      case 'enforce':
        return allow('enforce', `${remediator.id} is enforced in ${where}.`, data);
      case 'approve':
        return { effect: 'approve', code: 'mode-approve', message: `${remediator.id} needs an approval in ${where}.`, data };
      case 'off':
        return { effect: 'deny', code: 'mode-off', message: `${remediator.id} is off in ${where}.`, data };
      default:
        return { effect: 'notify', code: `mode-${value}`, message: `${remediator.id} only tells in ${where} (mode ${value}).`, data };
    }
  },
});

const ceiling = defineGuardrail({
  id: 'ceiling',
  needs: [],
  evaluate: ({ remediator, changes }) => {
    const irreversible = changes.find((change) => 'irreversible' in change.undo);
    if (irreversible !== undefined && remediator.ceiling !== 'notify') {
      const why = 'irreversible' in irreversible.undo ? irreversible.undo.irreversible : '';
      return { effect: 'approve', code: 'irreversible', message: `A change cannot be undone: ${why}` };
    }
    if (remediator.ceiling === 'enforce') return allow('always-safe', 'This change is of the class that may be made automatically.');
    return { effect: remediator.ceiling, code: `ceiling-${remediator.ceiling}`, message: `${remediator.id} may at most ${remediator.ceiling}.` };
  },
});

const exceptions = defineGuardrail({
  id: 'exceptions',
  needs: ['policy', 'register', 'observation', 'history'],
  evaluate: ({ now, policy, register, observation, history, resource, remediator }) => {
    if (observation === 'gone') return allow('gone', 'The resource is gone.');
    const tags = observation.tags === 'untaggable' ? {} : observation.tags;
    const covering = register.entries.filter((entry) => inScope(entry, resource, remediator.id, tags));
    const live = covering.find((entry) => entry.expires > now);
    if (live !== undefined) {
      return {
        effect: 'exempt',
        code: 'exception',
        message: `Exception ${live.id} covers it until ${iso(live.expires)}: ${live.reason} (owner ${live.owner}, approved by ${live.approver}).`,
        data: { id: live.id, owner: live.owner, approver: live.approver, expires: iso(live.expires) },
      };
    }
    const expired = covering.length === 0 ? '' : ` Exception ${covering.map((entry) => `${entry.id} expired on ${iso(entry.expires)}`).join(', ')}.`;
    // Tag keys are case-sensitive in AWS, and people are not.
    const wanted = policy.exceptions.tag.toLowerCase();
    if (!Object.keys(tags).some((key) => key.toLowerCase() === wanted))
      return allow(covering.length === 0 ? 'no-exception' : 'exception-expired', `No live exception covers it.${expired}`, {
        expired: covering.map((entry) => entry.id),
      });
    const first = history.tagFirstSeen[remediator.id] ?? now;
    const until = first + TAG_GRACE;
    return now < until
      ? {
          effect: 'notify',
          code: 'tag-without-entry',
          message: `It has the tag ${policy.exceptions.tag}, but no live register entry: only told until ${iso(until)}, then the tag has no effect.${expired}`,
          data: { tag: policy.exceptions.tag, until: iso(until) },
        }
      : allow(
          'tag-without-effect',
          `It has the tag ${policy.exceptions.tag}, but for more than three days no live register entry; the tag has no effect.${expired}`,
          { tag: policy.exceptions.tag },
        );
  },
});

const hazards = defineGuardrail({
  id: 'hazards',
  needs: ['observation', 'assessment'],
  evaluate: ({ hazards: found }) => {
    const worst = found.find((hazard) => hazard.effect === 'notify') ?? found[0];
    if (worst === undefined) return allow('no-hazard', 'No hazard is known.');
    return {
      effect: worst.effect,
      code: worst.code,
      message: found.map((hazard) => hazard.message).join(' '),
      data: { hazards: found.map((hazard) => hazard.code) },
    };
  },
});

/** Facts gained from {@link shownBy} come in through the changes: see `freshness`. */
export function freshness(shown: (subject: string | undefined) => boolean): Guardrail {
  return defineGuardrail({
    id: 'freshness',
    needs: [],
    evaluate: ({ remediator, changes, resource }) => {
      if (remediator.freshWithin === null) return allow('not-needed', 'It does not matter how old this gap is.');
      const stale = changes.filter((change) => !shown(change.subject));
      if (changes.length > 0 && stale.length === 0) return allow('fresh', 'The event shows the change itself, and is recent.');
      return {
        effect: 'approve',
        code: 'not-fresh',
        message: `Nothing shows that this was made within the last ${Math.round(remediator.freshWithin / 60_000)} minutes, so something may depend on it: ${stale.map((change) => change.subject ?? formatResource(resource)).join(', ')}.`,
        data: { subjects: stale.map((change) => change.subject ?? resource.id) },
      };
    },
  });
}

const hold = defineGuardrail({
  id: 'hold',
  needs: ['history'],
  evaluate: ({ now, history, remediator }) => {
    const live = history.holds.find((each) => each.remediator === remediator.id && each.until > now);
    return live === undefined
      ? allow('no-hold', 'No hold is in force.')
      : {
          effect: 'notify',
          code: 'held',
          message: `It was rolled back by ${live.owner} (${live.execution}); only told until ${iso(live.until)}.`,
          data: { execution: live.execution, until: iso(live.until) },
        };
  },
});

const perRun = defineGuardrail({
  id: 'limits',
  needs: ['policy'],
  evaluate: ({ policy, run }) => {
    const limit = policy.limits.find((each) => each.per.includes('run') && run.changes >= each.changes);
    return limit === undefined
      ? allow('within-limits', 'Within the limits per run; limits per hour are reserved as the execution begins.')
      : {
          effect: 'deny',
          code: 'limit-run',
          message: `This run has made ${run.changes} changes; the policy allows ${limit.changes}.`,
          data: { limit: limit.changes },
        };
  },
});

/** The guardrails that always hold, `freshness` apart, which is made per pass. One's own can only be added. */
export const builtinGuardrails: readonly Guardrail[] = [
  killSwitch,
  authenticity,
  replay,
  failedCall,
  selfEvent,
  mode,
  promotion,
  freeze,
  windows,
  ceiling,
  exceptions,
  managedByIac,
  hazards,
  settling,
  hold,
  fights,
  circuitBreaker,
  perRun,
];
