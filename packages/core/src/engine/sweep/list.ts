// What there is in a place: by the lists of its services, in which many resources show at once that there is nothing to do.
import type { Gap } from '../../journal.js';
import type { Json, JsonObject } from '../../model/json.js';
import { GLOBAL_REGION, partitionOf, type ResourceRef, resource } from '../../model/resource.js';
import type { Discovered, Glance, Remediator } from '../../remediator/define.js';
import { isIdle } from '../../remediator/idle.js';
import { LOOKING, SharedReads } from '../gate.js';
import { parametersOf, type Runtime } from '../runtime.js';
import type { SweepTarget } from '../types.js';

/** Remediators of the same types of resources, narrow before wide: what they list they list together, and each resource is gone through by all of them. */
export interface Group {
  /** Its types. */
  readonly key: string;
  readonly remediators: readonly Remediator[];
}

/** Those that share a type, also by way of a third one, are one group. */
export function groupsOf(remediators: readonly Remediator[]): readonly Group[] {
  let groups: { types: Set<string>; remediators: Remediator[] }[] = [];
  for (const remediator of remediators) {
    const [same, others] = [true, false].map((is) => groups.filter(({ types }) => remediator.resourceTypes.some((type) => types.has(type)) === is));
    const joined = { types: new Set(remediator.resourceTypes), remediators: [remediator] };
    for (const each of same ?? []) {
      for (const type of each.types) joined.types.add(type);
      joined.remediators.unshift(...each.remediators);
    }
    groups = [...(others ?? []), joined];
  }
  return groups.map(({ types, remediators: of }) => ({ key: [...types].sort().join(','), remediators: of.toSorted((a, b) => a.breadth - b.breadth) }));
}

/** A resource that is observed individually, and its remediators. */
export interface Candidate {
  readonly ref: ResourceRef;
  readonly name: string;
  readonly remediators: readonly Remediator[];
}

/** The result of the lists of a group. */
export interface Listing {
  /** In an order that does not depend on the order of the lists, so that a sweep continues where another has stopped, and skips nothing. */
  readonly candidates: readonly Candidate[];
  /** Resources of which a list shows that there is nothing to do, by remediator. */
  readonly idle: ReadonlyMap<string, number>;
  /** What kept the list of a remediator from coming to its end. */
  readonly failed: ReadonlyMap<string, unknown>;
}

/** Names a resource in its account. */
export function nameOf(ref: Pick<ResourceRef, 'region' | 'type' | 'id'>): string {
  return `${ref.region}/${ref.type}/${ref.id}`;
}

/** The gaps that a sweep of a remediator meets in a place. */
export function standingHere(gaps: readonly Gap[], { id, global }: Pick<Remediator, 'id' | 'global'>, { account, region }: SweepTarget): readonly Gap[] {
  return gaps.filter(
    ({ remediator, members, resource: ref }) =>
      remediator === id && members === null && ref.account === account && (ref.region === region || (global && ref.region === GLOBAL_REGION)),
  );
}

/** A list was not completed, because there was no time left. */
export class OutOfTime extends Error {}

/** Pages that are kept for the other remediators of a group, which come to them at the same time: a list may be longer than a process has memory. */
const PAGES = 16;

/**
 * Lists the resources of a group. Resources with open gaps in the journal are observed, whatever a list shows: only a read shows that a gap is
 * closed, also if the resource is gone.
 */
export async function list(
  runtime: Runtime,
  group: Group,
  target: SweepTarget,
  how: { readonly stands: readonly Gap[]; readonly over: () => boolean; readonly onPage: (found: number) => void },
): Promise<Listing> {
  const shared = new SharedReads(undefined, { most: PAGES });
  const found = new Map<string, { ref: ResourceRef; remediators: Set<Remediator> }>();
  const idle = new Map<string, number>();
  const failed = new Map<string, unknown>();
  const add = (remediator: Remediator, ref: ResourceRef) => {
    const name = nameOf(ref);
    const known = found.get(name) ?? { ref, remediators: new Set() };
    found.set(name, known);
    known.remediators.add(remediator);
  };
  const one = async (remediator: Remediator) => {
    const stands = standingHere(how.stands, remediator, target);
    const names = new Set(stands.map((gap) => nameOf(gap.resource)));
    for (const { resource: ref } of stands) add(remediator, ref);
    try {
      for await (const page of pagesOf(runtime, remediator, target, shared)) {
        for (const each of page) {
          if (each.idle && !names.has(nameOf(each.ref))) idle.set(remediator.id, (idle.get(remediator.id) ?? 0) + 1);
          else add(remediator, each.ref);
        }
        how.onPage(page.length);
        if (how.over()) throw new OutOfTime('Its time ran out while it was listed.');
      }
    } catch (error) {
      failed.set(remediator.id, error);
    }
  };
  await Promise.all(group.remediators.map(one));
  const order = (of: Set<Remediator>) => group.remediators.filter((each) => of.has(each));
  const candidates = [...found].map(([name, { ref, remediators }]) => ({ name, ref, remediators: order(remediators) }));
  return { candidates: candidates.sort((a, b) => (a.name < b.name ? -1 : 1)), idle, failed };
}

interface Listed {
  readonly ref: ResourceRef;
  readonly idle: boolean;
}

/** What a remediator finds in a place, each page as it comes. */
async function* pagesOf(runtime: Runtime, remediator: Remediator, target: SweepTarget, shared: SharedReads): AsyncGenerator<readonly Listed[]> {
  const args = await argsOf(runtime, remediator, target, shared);
  const refOf = (each: Discovered) => refIn(remediator, args, each);
  if (remediator.observeMany !== undefined) {
    for await (const page of remediator.observeMany(args)) yield page.map((each) => ({ ref: refOf(each), idle: isIdleAt(runtime, remediator, args, each) }));
    return;
  }
  for await (const each of remediator.discover?.(args) ?? []) yield [{ ref: refOf(each), idle: false }];
}

type Args = Parameters<NonNullable<Remediator['discover']>>[0];

async function argsOf(runtime: Runtime, remediator: Remediator, { account, region }: SweepTarget, shared: SharedReads | null): Promise<Args> {
  const place = { account, region, partition: partitionOf(region) };
  const parameters: JsonObject = parametersOf(await runtime.readPolicy(), remediator);
  return { ...place, parameters, aws: runtime.gate.reads(remediator, place, LOOKING, null, shared) };
}

function refIn({ global }: Pick<Remediator, 'global'>, { account, region, partition }: Omit<Args, 'aws'>, each: Discovered): ResourceRef {
  return resource({ type: each.type, id: each.id, account, region: each.region ?? (global ? GLOBAL_REGION : region), partition });
}

function isIdleAt(runtime: Runtime, remediator: Remediator, args: Args, glance: Glance<Json, unknown>): boolean {
  // A running runbook ends with a read of its own.
  if (remediator.runbook !== undefined) return false;
  return isIdle(remediator, glance, { resource: refIn(remediator, args, glance), parameters: args.parameters, observedAt: runtime.clock.now() });
}

/** Resources that a remediator would observe, each once; none if it cannot be swept. */
export async function* discovered(runtime: Runtime, remediator: Remediator, where: SweepTarget): AsyncGenerator<ResourceRef> {
  const args = await argsOf(runtime, remediator, where, null);
  const seen = new Set<string>();
  for await (const each of remediator.discover?.(args) ?? []) {
    const ref = refIn(remediator, args, each);
    const name = nameOf(ref);
    if (seen.has(name)) continue;
    seen.add(name);
    if (seen.size > REMEMBERED) for (const oldest of seen) if (seen.delete(oldest)) break;
    yield ref;
  }
}

/** Discovery may name a resource twice in consecutive pages; this many are remembered. */
const REMEMBERED = 10_000;
