import type { Disposition, EnvelopeInfo, Finding, FindingKind, FindingSource, ResourceClaim } from '../model/finding.js';
import { type Digest, digestOf, digestText } from '../model/json.js';
import { copyJson, MAX_TEXT, text } from './read.js';
import { foreignAccount } from './resource-ids.js';

/** What a source's decoder makes of an event: a finding without what its wrappers know. */
export interface Draft extends Partial<Omit<Finding, 'id' | 'account' | 'region' | 'envelope' | 'replayed' | 'via' | 'itemId'>> {
  /** The source's own key; without one, a digest of the event. */
  readonly id?: string | undefined;
  readonly source: FindingSource;
  readonly kind: FindingKind;
  readonly disposition: Disposition;
  readonly reason: string;
  /** As the event has it; checked for all sources in one place. */
  readonly account?: unknown;
  readonly region?: unknown;
}

/** A source's decoder: total for everything that JSON can hold. */
export type Decoder = (detail: Readonly<Record<string, unknown>>, context: DecoderContext) => Draft | readonly Draft[];

/** What a decoder may use in addition to the event's detail. */
export interface DecoderContext {
  /** The EventBridge envelope; null for a bare form. */
  readonly envelope: EnvelopeInfo | null;
  /** Its `account` and `region` as written: for sources that have no other. */
  readonly account: unknown;
  readonly region: unknown;
  readonly resources: readonly unknown[];
  /** Most bytes of JSON text inside the event. */
  readonly maxBytes: number;
}

/** A disposition and its reason. */
export interface Verdict {
  readonly disposition: Disposition;
  readonly reason: string;
}

/** A verdict, for one-line decisions. */
export function verdict(disposition: Disposition, reason: string): Verdict {
  return { disposition, reason };
}

/** A verdict on what says two things of one: neither is believed, since one of them was put there. */
export function contradicts(what: string): Verdict {
  return verdict('rejected', `The event contradicts itself: ${what}.`);
}

/** A verdict, unless an ARN that it names is of another account: what would be acted on is not said then. */
export function foreign(ids: readonly unknown[], account: unknown, otherwise: Verdict): Verdict {
  if (otherwise.disposition !== 'candidate') return otherwise;
  const other = ids.map((id) => foreignAccount(id, account)).find((each) => each !== null);
  return other == null ? otherwise : contradicts(`it is from account ${text(account, 32)}, but names a resource of account ${other}`);
}

/** An idempotency key of parts; null when one is missing. A digest stands for one that is too long: cutting it could make two keys equal. */
export function keyOf(...parts: readonly (string | number | null)[]): string | undefined {
  if (parts.includes(null)) return undefined;
  const key = parts.join('|');
  return key.length > MAX_TEXT ? digestText(key) : key;
}

/** A key for an event that has none. */
export function digestOfAnything(value: unknown): Digest {
  try {
    return typeof value === 'string' ? digestText(value) : digestOf(copyJson(value).value);
  } catch {
    // Getters that throw, revoked proxies: there is nothing to digest.
    return digestText('unreadable');
  }
}

const ACCOUNT = /^[0-9]{12}$/;
// Wider than the regions that exist: whether one can be acted on is decided when the resource is validated.
const REGION = /^[a-z]{2,12}(?:-[a-z0-9]{1,20}){1,4}$/;

/** What a finding has from its envelope and wrappers. */
export interface Around {
  readonly envelope: EnvelopeInfo | null;
  readonly via: readonly string[];
  readonly itemId: string | null;
  /** A key for a finding that has none of its own. */
  readonly key: () => string;
}

/** Keys of findings without one of their own: a digest of the event, which is made once, however many there are. */
export function keysOf(body: unknown): () => string {
  let digest: Digest | null = null;
  let count = 0;
  return () => {
    digest ??= digestOfAnything(body);
    return count++ === 0 ? digest : `${digest}/${count}`;
  };
}

/** A finding, frozen, of a draft. A value in it that cannot be right makes it `rejected`, unless it was to be dropped anyway. */
export function finish(draft: Draft, around: Around): Finding {
  let { disposition, reason } = draft;
  const reject = (why: string): null => {
    if (disposition !== 'ignored' && disposition !== 'rejected') {
      disposition = 'rejected';
      reason = why;
    }
    return null;
  };
  const account = absent(draft.account)
    ? null
    : typeof draft.account === 'string' && ACCOUNT.test(draft.account)
      ? draft.account
      : reject('The account is not a text of 12 digits.');
  // Some sources write that they have none, where the resource or the envelope does.
  const given = draft.region === 'N/A' ? (draft.resources?.find((each) => each.region !== undefined)?.region ?? around.envelope?.region) : draft.region;
  const region = absent(given) ? null : typeof given === 'string' && REGION.test(given) ? given : reject('The region does not have the form of a region name.');
  if (disposition === 'candidate') {
    if (account === null) reject('The event names no account.');
    else if (region === null) reject('The event names no region.');
  }
  const resources = draft.resources ?? NONE;
  for (const claim of resources) Object.freeze(claim);
  return Object.freeze({
    id: draft.id ?? around.key(),
    source: draft.source,
    kind: draft.kind,
    disposition,
    reason,
    account,
    region,
    resources: Object.freeze(resources),
    controls: Object.freeze(draft.controls ?? NONE),
    configRule: draft.configRule ?? null,
    state: draft.state ?? null,
    previousState: draft.previousState ?? null,
    actor: draft.actor == null ? null : Object.freeze(draft.actor),
    observedAt: draft.observedAt ?? null,
    call: draft.call == null ? null : Object.freeze(draft.call),
    replayed: around.envelope !== null && around.envelope.replayName !== null,
    envelope: around.envelope,
    via: around.via,
    itemId: around.itemId,
    extra: Object.freeze(draft.extra ?? {}),
  });
}

const NONE: readonly never[] = Object.freeze([]);

function absent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** The first of values that is there: for members that one of several places gives. */
export function firstOf(...values: readonly unknown[]): unknown {
  for (let i = 0; i < values.length; i++) if (!absent(values[i])) return values[i];
  return undefined;
}

/** Claims without repetitions, in order. */
export function uniqueClaims(claims: readonly (ResourceClaim | null)[]): readonly ResourceClaim[] {
  const kept: ResourceClaim[] = [];
  for (const claim of claims) {
    // A list with holes has elements that are not there.
    if (claim !== null && claim !== undefined && !kept.some((other) => other.type === claim.type && other.id === claim.id && other.region === claim.region))
      kept.push(claim);
  }
  return kept;
}
