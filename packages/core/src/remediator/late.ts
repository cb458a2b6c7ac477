import { RedressError } from '../model/errors.js';
import { canonicalJson, toJson } from '../model/json.js';
import type { Remediator } from './define.js';
import { present } from './present.js';

/** The members that select a remediator and schedule it, which are plain data. `controls`, and the names of `apiCalls`, are facts as well. */
const FACTS = [
  'contract',
  'id',
  'package',
  'resourceTypes',
  'exceptionTypes',
  'configRules',
  'showsNew',
  'ceiling',
  'freshWithin',
  'settle',
  'breadth',
  'global',
  'whenResolved',
  'attested',
  'runbook',
  'alsoFoundBy',
] as const satisfies readonly (keyof Remediator)[];

/** The members that need the definition: all others. */
const DEFINED: Readonly<Record<Exclude<keyof Remediator, (typeof FACTS)[number] | 'controls' | 'apiCalls' | 'late'>, true>> = {
  title: true,
  blindSpots: true,
  hazards: true,
  rollback: true,
  inCode: true,
  passes: true,
  uses: true,
  parameterSchema: true,
  parameters: true,
  identify: true,
  equivalent: true,
  effective: true,
  judge: true,
  observe: true,
  plan: true,
  glance: true,
  observeMany: true,
  discover: true,
};

/** What is known of a remediator before its definition is loaded. Plain JSON. */
export interface RemediatorFacts extends Pick<Remediator, (typeof FACTS)[number]> {
  /** Control ids by framework: a start reads all of them. */
  readonly controls: Readonly<Record<string, readonly string[]>>;
  /** Names of the calls that it reads: `s3:PutBucketPolicy`. */
  readonly calls: readonly string[];
}

/**
 * The facts of a remediator, for {@link lateRemediators}.
 *
 * @example const facts = s3Remediators.map(remediatorFacts);
 */
export function remediatorFacts(remediator: Remediator): RemediatorFacts {
  const controls = Object.fromEntries(
    [...Map.groupBy(remediator.controls, ({ framework }) => framework)].map(([framework, refs]) => [framework, refs.map(({ id }) => id)]),
  );
  return { ...present(remediator, FACTS), controls, calls: Object.keys(remediator.apiCalls) } as unknown as RemediatorFacts;
}

/**
 * Remediators whose definitions are loaded when a finding, a sweep or a person asks for them. `createRedress` takes them like any others: it loads
 * a definition before it uses more than the facts. Whoever else uses one waits for {@link loaded} first.
 *
 * @param load the list that holds them, such as a late import of a package. It is called once; after a failure it is called again.
 * @example lateRemediators(facts, async () => (await import('@redress/remediator-s3')).s3Remediators)
 * @throws {RedressError} `remediator/invalid` from `load`, if the list has no such remediator, or its facts differ; `remediator/not-loaded` from a member
 * that needs the definition
 */
export function lateRemediators(facts: readonly RemediatorFacts[], load: () => Promise<readonly Remediator[]>): readonly Remediator[] {
  let list: Promise<readonly Remediator[]> | null = null;
  const once = () => {
    list ??= load().catch((cause: unknown) => {
      list = null;
      throw new RedressError('remediator/not-loaded', 'The definitions of remediators could not be loaded.', { cause, retryable: true });
    });
    return list;
  };
  return facts.map((each) => lateRemediator(each, once));
}

function lateRemediator(facts: RemediatorFacts, load: () => Promise<readonly Remediator[]>): Remediator {
  const { calls, controls, ...members } = facts;
  const { id } = members;
  let definition: Remediator | null = null;
  const defined = (): Remediator => {
    if (definition === null) throw new RedressError('remediator/not-loaded', `The definition of ${id} is not loaded yet.`, { next: 'Await `loaded` first.' });
    return definition;
  };
  const reader = (name: string): Remediator['apiCalls'][string] => {
    return (call) => defined().apiCalls[name]?.(call) ?? [];
  };
  const remediator = {
    ...members,
    controls: Object.entries(controls).flatMap(([framework, ids]) => ids.map((control) => ({ framework, id: control }))),
    apiCalls: Object.fromEntries(calls.map((name) => [name, reader(name)])),
    late: {
      get loaded() {
        return definition !== null;
      },
      async load() {
        if (definition !== null) return;
        const found = (await load()).find((each) => each.id === id);
        // What was routed, checked and agreed to was this one.
        if (found === undefined || text(remediatorFacts(found)) !== text(facts))
          throw new RedressError('remediator/invalid', `${id} is not the remediator that this code was made with.`, { next: 'Make the bundle again.' });
        definition = found;
      },
    },
  };
  for (const name of Object.keys(DEFINED) as (keyof typeof DEFINED)[])
    Object.defineProperty(remediator, name, { enumerable: true, get: () => defined()[name] });
  return Object.freeze(remediator) as unknown as Remediator;
}

const text = (facts: RemediatorFacts) => canonicalJson(toJson(facts));

/**
 * Loads the definitions of remediators, where they are not loaded yet.
 *
 * @example const [remediator] = await loaded([late]);
 * @throws {RedressError} `remediator/not-loaded`, `remediator/invalid`
 */
export async function loaded<T extends readonly Pick<Remediator, 'late'>[]>(remediators: T): Promise<T> {
  await Promise.all(remediators.map(({ late }) => late?.load()));
  return remediators;
}
