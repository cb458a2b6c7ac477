import { type Gap, type GapDigest, isLike, type Notification, type Outcome } from '@redress/core';

/** What has to be so for a route to be taken: all that is given, one value of each. `*` in a value stands for any text. */
export interface RouteCondition {
  /** Value of the first of the owner tags that the resource has. */
  readonly owner?: string | readonly string[];
  readonly tags?: Readonly<Record<string, string | readonly string[]>>;
  readonly environment?: string | readonly string[];
  readonly account?: string | readonly string[];
  readonly remediator?: string | readonly string[];
  readonly outcome?: Outcome | readonly Outcome[];
}

/** Who is notified of what. */
export interface Route {
  readonly when: RouteCondition;
  /** Names of channels; empty: nobody. The journal has it either way. */
  readonly to: readonly string[];
  /** Go on to later routes, too. */
  readonly continue?: boolean;
}

/** Tags that name an owner, unless others are given. */
export const OWNER_TAGS: readonly string[] = ['owner', 'team'];

/** Whose a resource is, as its tags say: tag names are compared without their case. */
export function ownerOf(tags: Notification['tags'], ownerTags: readonly string[] = OWNER_TAGS): string | null {
  for (const wanted of ownerTags) {
    const found = Object.entries(tags ?? {}).find(([key, value]) => key.toLowerCase() === wanted.toLowerCase() && value.trim() !== '');
    if (found !== undefined) return found[1].trim();
  }
  return null;
}

/**
 * The channels of a notification: those of the first route that matches, and of later ones while it says `continue`; if none matches, the default.
 *
 * @returns names, each once
 */
export function channelsFor(
  notification: Routed,
  { routes, fallback, ownerTags }: { readonly routes: readonly Route[]; readonly fallback: readonly string[]; readonly ownerTags: readonly string[] },
): readonly string[] {
  const found: string[] = [];
  for (const route of routes) {
    if (!holds(route.when, notification, ownerTags)) continue;
    found.push(...route.to);
    if (route.continue !== true) return [...new Set(found)];
  }
  // Routes that only add leave the rest to the default.
  return [...new Set([...found, ...fallback])];
}

/**
 * The channels that a digest names a gap to: those that were notified of it, as far as they are there still. Its tags are not in the journal, so
 * of what nobody was notified of only routes without owner and tags hold.
 */
export function channelsOfGap(
  {
    told,
    environment,
    resource,
    remediator,
    outcome,
  }: Pick<Gap, 'told' | 'resource' | 'remediator' | 'outcome'> & Pick<GapDigest['gaps'][number], 'environment'>,
  names: readonly string[],
  routing: Parameters<typeof channelsFor>[1],
): readonly string[] {
  const there = (told?.channels ?? []).filter((name) => names.includes(name));
  return there.length > 0 ? there : channelsFor({ tags: null, environment, resource, remediator: { id: remediator }, outcome }, routing);
}

/** What routes look at. */
type Routed = Pick<Notification, 'tags' | 'environment' | 'resource' | 'outcome'> & { readonly remediator: { readonly id: string } };

function holds(when: RouteCondition, { tags, environment, resource, remediator, outcome }: Routed, ownerTags: readonly string[]): boolean {
  const is = (wanted: string | readonly string[] | undefined, value: string | null) =>
    wanted === undefined || (value !== null && [wanted].flat().some((each) => isLike(value, each)));
  return (
    is(when.owner, ownerOf(tags, ownerTags)) &&
    is(when.environment, environment) &&
    is(when.account, resource.account) &&
    is(when.remediator, remediator.id) &&
    is(when.outcome, outcome) &&
    Object.entries(when.tags ?? {}).every(([key, wanted]) => is(wanted, tags !== null && Object.hasOwn(tags, key) ? (tags[key] ?? null) : null))
  );
}
