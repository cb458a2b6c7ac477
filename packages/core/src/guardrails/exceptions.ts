import { tagFirstSeenKey } from '../journal.js';
import type { Change } from '../model/plan.js';
import type { Policy } from '../policy/policy.js';
import { type ExceptionEntry, inScope, meantKey } from '../policy/register.js';
import { editDistance } from '../policy/validate.js';
import type { Tagged } from '../remediator/define.js';
import { allow, iso } from './answer.js';
import { callOf } from './fights.js';
import { defineGuardrail, type Facts, type Readable } from './guardrail.js';
import { isRefused } from './refusals.js';

/** How long an exception tag without a register entry holds back, from its first sight: 3 days. */
const TAG_GRACE = 3 * 86_400_000;

type Asked = Pick<Readable<'policy' | 'register' | 'observation'>, 'policy' | 'register' | 'observation' | 'resource' | 'remediator' | 'alsoPlannedBy'>;

/** What people have said of a change: entries whose scope holds it, and the exception tag; each with what it is on. */
interface Said {
  readonly entries: readonly {
    readonly entry: ExceptionEntry;
    readonly on: Tagged /** The remediator that it names, where that is another. */;
    readonly from?: string;
  }[];
  readonly tag: { readonly on: Tagged /** The part; null: it is on the resource, or on what uses it. */; readonly part: string | null } | null;
  /** What of it is said of the part alone; empty: nothing. */
  readonly apart: string;
}

/** What an exception may be on: the resource itself, and what uses it. */
function heldBy({ observation, resource }: Pick<Asked, 'observation' | 'resource'>): [Tagged, ...Tagged[]] {
  if (observation === 'gone') return [{ ...resource, tags: {} }];
  const { tags, usedBy = [] } = observation;
  return [{ type: resource.type, id: resource.id, tags: tags === 'untaggable' ? {} : tags }, ...usedBy];
}

function partsOf({ observation }: Pick<Asked, 'observation'>, subject: string | undefined): readonly Tagged[] {
  return observation === 'gone' || subject === undefined ? [] : (observation.parts ?? []).filter((each) => each.subject === subject);
}

function saidOf(asked: Asked, change: Change | null): Said {
  const { policy, register, resource, remediator, alsoPlannedBy } = asked;
  const whole = heldBy(asked);
  const of = (held: [Tagged, ...Tagged[]], ids: readonly string[]) =>
    register.entries.flatMap((entry) => {
      for (const id of ids) {
        const on = inScope(entry, resource, id, held);
        if (on !== null) return [{ entry, on, ...(id === remediator.id ? {} : { from: id }) }];
      }
      return [];
    });
  const tagged = (held: readonly Tagged[], part: string | null) => {
    const on = held.find((each) => Object.keys(each.tags).some((key) => meantKey(key) === meantKey(policy.exceptions.tag)));
    return on === undefined ? null : { on, part };
  };
  const common: Said = { entries: of(whole, [remediator.id]), tag: tagged(whole, null), apart: '' };
  const subject = change?.subject;
  const parts = partsOf(asked, subject);
  // An exception from another remediator is one from its calls, whoever plans them.
  const others = change === null ? [] : (alsoPlannedBy.get(callOf(change)) ?? []);
  if (parts.length === 0 && others.length === 0) return common;
  const own = of([...whole, ...parts], [remediator.id, ...others]).filter(({ entry }) => !common.entries.some((each) => each.entry === entry));
  const tag = common.tag ?? tagged(parts, subject ?? null);
  // The three days run separately for each tagged part.
  const apart = [...own.map(({ entry }) => entry.id), ...(tag === common.tag ? [] : [subject ?? ''])].join(' ');
  return { entries: [...common.entries, ...own], tag, apart };
}

/**
 * What sets a change apart from the others of a resource: an exception on a part holds for that part, and only for it; what AWS refuses for a
 * part holds up no other. Empty where nothing is said of the change that is not said of the whole resource.
 */
export function setApart(facts: Facts, change: Change): string {
  const { policy, register, observation } = facts;
  if (!policy.ok || !register.ok || !observation.ok) return '';
  const { apart } = saidOf({ ...facts, policy: policy.value, register: register.value, observation: observation.value }, change);
  return isRefused(facts, change) ? `${apart} refused` : apart;
}

/** Tags that are almost the exception tag. People expect an exemption of them, and they give none. */
function nearMisses(held: readonly Tagged[], { exceptions }: Policy): string[] {
  const wanted = meantKey(exceptions.tag);
  const letters = (key: string) => key.replaceAll(/[^\p{L}\p{N}]/gu, '');
  const [namespace, ...rest] = wanted.split(/[:/]/);
  const isNear = (key: string) =>
    key !== wanted &&
    (editDistance(letters(key), letters(wanted)) <= Math.floor(letters(wanted).length / 6) ||
      (rest.length > 0 && key.split(/[:/_. -]/)[0] === namespace && /exempt|except|exclu|ignore|skip|suppress/.test(key)));
  return held.flatMap((each) =>
    Object.keys(each.tags)
      .filter((key) => isNear(meantKey(key)))
      .map((key) => `${each.id} has the tag ${key}, which is not the exception tag ${exceptions.tag}, and has no effect.`),
  );
}

/** Accepted risks: a live entry exempts, with or without the tag; the tag alone holds for three days. */
export const exceptions = defineGuardrail({
  id: 'exceptions',
  needs: ['policy', 'register', 'observation', 'history'],
  evaluate: ({ now, policy, register, observation, history, resource, remediator, changes, alsoPlannedBy }) => {
    if (observation === 'gone') return allow('gone', 'The resource is gone.');
    const asked = { policy, register, observation, resource, remediator, alsoPlannedBy };
    // Changes of which something else is said are decided on apart. Should they come together all the same, what holds for one holds for all.
    const said = changes.length === 0 ? [saidOf(asked, null)] : changes.map((change) => saidOf(asked, change));
    const covering = said.flatMap((each) => each.entries);
    const live = covering.find(({ entry }) => entry.expires > now);
    const named = (each: Tagged) => (each.id === resource.id && each.type === resource.type ? {} : { on: { type: each.type, id: each.id } });
    const shown = (each: Tagged) => ('on' in named(each) ? each.id : 'it');
    if (live !== undefined) {
      const { id, expires, reason, owner, approver } = live.entry;
      return {
        effect: 'exempt',
        code: 'exception',
        message: `Exception ${id} covers ${shown(live.on)} until ${iso(expires)}: ${reason} (owner ${owner}, approved by ${approver}).`,
        data: { id, owner, approver, expires: iso(expires), ...named(live.on), ...(live.from === undefined ? {} : { from: live.from }) },
      };
    }
    const ended = [...new Map(covering.map(({ entry }) => [entry.id, entry])).values()];
    const expired = ended.length === 0 ? '' : ` Exception ${ended.map((entry) => `${entry.id} expired on ${iso(entry.expires)}`).join(', ')}.`;
    const tagged = said.find((each) => each.tag !== null)?.tag ?? null;
    if (tagged === null) {
      const parts = changes.flatMap((change) => partsOf(asked, change.subject));
      const hints = [...new Set(nearMisses([...heldBy(asked), ...parts], policy))];
      return {
        ...allow(ended.length === 0 ? 'no-exception' : 'exception-expired', `No live exception covers it.${expired}`, { expired: ended.map(({ id }) => id) }),
        ...(hints.length === 0 ? {} : { hint: hints.slice(0, 3).join(' ') }),
      };
    }
    const { on, part } = tagged;
    const until = (history.tagFirstSeen[tagFirstSeenKey(remediator.id, part)] ?? now) + TAG_GRACE;
    const { tag } = policy.exceptions;
    const data = { tag, ...named(on), ...(part === null ? {} : { part }) };
    const has = `${shown(on) === 'it' ? 'It' : on.id} has the tag ${tag}`;
    return now < until
      ? {
          effect: 'notify',
          code: 'tag-without-entry',
          message: `${has}, but no live register entry: notification only until ${iso(until)}, then the tag has no effect.${expired}`,
          data: { ...data, until: iso(until) },
        }
      : allow('tag-without-effect', `${has}, but for more than three days no live register entry; the tag has no effect.${expired}`, data);
  },
});
