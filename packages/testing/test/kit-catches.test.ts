import { type Assessment, type Journal, type Json, type Remediator, resource } from '@redress/core';
import { memoryJournal } from '@redress/evidence';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failuresOf, USES } from '../src/check.js';
import { type ConformanceOptions, checkRemediator } from '../src/index.js';
import { broken, encryptThings, ToyClient, toy, toyCloud, toyOptions, toyScenarios } from './toy.js';

let cloud: Awaited<ReturnType<typeof toyCloud>>;
beforeAll(async () => {
  cloud = await toyCloud();
});
afterAll(() => cloud.close());

const { observe, plan } = encryptThings;
type Plan = Remediator['plan'];
/** Does something to a plan before it is answered. */
const planning = (change: (assessment: Assessment & { status: 'change' }, args: Parameters<Plan>[0]) => Assessment): Partial<Remediator> => ({
  plan: (args) => {
    const assessment = plan(args);
    return assessment.status === 'change' ? change(assessment, args) : assessment;
  },
});
/** Does something to each change. */
const changing = (change: (each: (Assessment & { status: 'change' })['changes'][number], args: Parameters<Plan>[0]) => object): Partial<Remediator> =>
  planning((assessment, args) => ({ ...assessment, changes: assessment.changes.map((each) => ({ ...each, ...change(each, args) })) }));
const observing = (
  change: (observation: Exclude<Awaited<ReturnType<typeof observe>>, 'gone'>, args: Parameters<typeof observe>[0]) => object,
): Partial<Remediator> => ({
  observe: async (args) => {
    const observation = await observe(args);
    return observation === 'gone' ? 'gone' : ({ ...observation, ...change(observation, args) } as typeof observation);
  },
});
/** The same remediator on another client. */
const onClient = (client: new (config: never) => ToyClient): Partial<Remediator> => {
  const { operations } = toy;
  const sdk = async () => ({ ...(await toy.sdk()), client: (config: object, attempts: number) => new client({ ...config, maxAttempts: attempts } as never) });
  const runtime = { ...toy, sdk, operations };
  const on = (uses: Remediator['uses']['reads']) => uses.map((use) => ({ ...use, service: runtime }));
  return { uses: { reads: on(encryptThings.uses.reads), writes: on(encryptThings.uses.writes), undoes: on(encryptThings.uses.undoes) } };
};

class Sneaky extends ToyClient {
  override async send(command: { operation: string; input: { Id?: string } }): Promise<unknown> {
    if (command.operation === 'GetThing') await super.send({ operation: 'PutNote', input: { Id: command.input.Id, Note: 'seen' } });
    return super.send(command);
  }
}
class Twice extends ToyClient {
  override async send(command: { operation: string; input: object }): Promise<unknown> {
    if (command.operation === 'PutEncryption') await super.send(command);
    return super.send(command);
  }
}
class Stubborn extends ToyClient {
  constructor(config: { endpoint: string; maxAttempts?: number }) {
    super({ ...config, maxAttempts: 3 });
  }
}

let counter = 0;
type Bad = [what: string, change: Partial<Remediator>, check: RegExp, problem: RegExp, options?: Partial<ConformanceOptions>];
const bad: readonly Bad[] = [
  ['writes while it looks, beside the gate', onClient(Sneaky), /dry run/, /dry run: 1 writing calls on the wire \(toy:PutNote\)/],
  ['sends each write twice', onClient(Twice), /fixed once/, /2 writing calls on the wire for 1 change/],
  ['repeats a write whose reply was lost', onClient(Stubborn), /whose reply is lost/, /with lost-reply: 2 writing calls had an effect for 1 change/],
  [
    'does not see what it did',
    { plan: (args) => plan({ ...args, state: { ...(args.state as object), encrypted: false } as Json }) },
    /fixed once/,
    /did not change anything|still wants to change|unknown/,
  ],
  [
    'changes what is compliant',
    { plan: (args) => plan({ ...args, state: { ...(args.state as object), encrypted: false } as Json }) },
    /left to people/,
    /expected compliant: 1 writing calls|expected compliant: 2 writing calls/,
  ],
  [
    'changes another thing',
    changing((_, { parameters }) => ({
      call: toy.call('PutEncryption', { Id: 'another', Encrypted: true }),
      summary: `encrypt another ${JSON.stringify(parameters)}`,
    })),
    /fixed once/,
    /did not change anything/,
  ],
  [
    'changes more than it sees',
    {
      ...changing((_, { resource: ref }) => ({ call: toy.call('ReplaceThing', { Id: ref.id }) })),
      uses: { ...encryptThings.uses, writes: [toy.pick('ReplaceThing')] },
    },
    /fixed once/,
    /what may not change has changed/,
  ],
  [
    'sees another state when it verifies',
    observing(({ state }, { purpose }) => (purpose === 'verification' ? { state: { ...(state as object), note: 'verified' } } : {})),
    /fixed once/,
    /may not depend on the `purpose`/,
  ],
  [
    'sees another state when it confirms',
    observing(({ state }, { purpose }) => (purpose === 'confirmation' ? { state: { ...(state as object), note: 'confirmed' } } : {})),
    /sees the same/,
    /a confirmation that was given what the decision found observes another state/,
  ],
  [
    'confirms by tags that it has read before',
    observing((_, { purpose, earlier }) => (purpose === 'confirmation' && earlier == null ? { tags: {} } : {})),
    /sees the same/,
    /a confirmation that was not given what the decision found observes other `tags`/,
  ],
  [
    'forgets what uses it when it confirms',
    {
      exceptionTypes: ['Toy::Door'],
      ...observing((_, { purpose }) => ({ usedBy: purpose === 'confirmation' ? [] : [{ type: 'Toy::Door', id: 'door-1', tags: {} }] })),
    },
    /sees the same/,
    /observes other `usedBy`/,
  ],
  [
    'takes it for gone when it confirms',
    { observe: async (args) => (args.purpose === 'confirmation' ? 'gone' : observe(args)) },
    /sees the same/,
    /says that it is gone; the decision did not/,
  ],
  ['asks the clock', changing((each) => ({ summary: `${each.summary} on ${new Date().toISOString().slice(0, 4)}` })), /pure/, /plan asks the clock/],
  [
    'asks for the time by Date.now',
    planning((assessment) => (Date.now() > 0 ? assessment : { status: 'compliant' })),
    /pure/,
    /plan asks the clock \(Date\.now\)/,
  ],
  ['throws dice', changing((each) => ({ summary: `${each.summary} ${Math.random()}` })), /pure/, /Math\.random|differently/],
  ['counts', changing((each) => ({ summary: `${each.summary} ${counter++}` })), /pure/, /answers differently when it is asked the same again/],
  [
    'writes into what it is given',
    {
      plan: (args) => {
        (args.state as { note: string }).note = 'seen';
        return plan(args);
      },
    },
    /pure|dry run/,
    /plan throws when it is asked again|could not be looked at/,
  ],
  [
    'depends on the order of keys',
    changing((each, { state }) => ({ summary: `${each.summary} ${Object.keys(state as object).join()}` })),
    /pure/,
    /order of the keys/,
  ],
  ['plans what is not JSON', changing((each) => ({ call: { ...each.call, input: { ...each.call.input, At: new Date(0) } } })), /dry run|pure/, /./],
  [
    'observes what changes by itself',
    observing(({ state }) => ({ state: { ...(state as object), looked: counter++ } })),
    /dry run/,
    /observe different states/,
  ],
  [
    'does not restore',
    changing((_, { resource: ref }) => ({ undo: { calls: [toy.call('PutEncryption', { Id: ref.id, Encrypted: true })], restores: 'exact' } })),
    /rolled back/,
    /the rollback ended as unknown/,
  ],
  [
    'says that it restores exactly, and does not',
    {
      ...changing((_, { resource: ref }) => ({ undo: { calls: [toy.call('PutEncryption', { Id: ref.id, Encrypted: true })], restores: 'exact' } })),
      equivalent: () => true,
    },
    /rolled back/,
    /restores exactly/,
  ],
  ['has an undo without calls', changing(() => ({ undo: { calls: [], restores: 'exact' } })), /dry run/, /its undo has no calls/],
  [
    'undoes with what it did not declare for it',
    changing((_, { resource: ref }) => ({ undo: { calls: [toy.call('PutNote', { Id: ref.id, Note: '' })], restores: 'exact' } })),
    /rolled back/,
    /does not declare toy:PutNote/,
  ],
  [
    'declares a write that it does not need',
    { uses: { ...encryptThings.uses, writes: [toy.pick('PutEncryption', 'PutNote')] } },
    /uses all/,
    /toy:PutNote is declared among the writes/,
  ],
  ['declares a read that it does not need', { ...onClient(ToyClient), discover: null }, /uses all/, /toy:ListThings is declared among the reads/],
  ['ignores the tags', observing(() => ({ tags: {} })), /exception/, /observe has to give the tags/],
  ['says that it has no tags', observing(() => ({ tags: 'untaggable' })), /dry run/, /observe says that it is untaggable/],
  [
    'takes a refused read for good news',
    { observe: async (args) => observe(args).catch(() => ({ state: { encrypted: true, note: '' }, tags: {} })) },
    /cannot be read/,
    /GetThing denied: taken for good news/,
  ],
  [
    'takes every error for a missing resource',
    { observe: async (args) => observe(args).catch(() => 'gone' as const) },
    /cannot be read/,
    /ListTags denied: taken for good news/,
  ],
  [
    'reads no tags when it may not',
    {
      observe: async (args) => {
        try {
          return await observe(args);
        } catch {
          return { state: { encrypted: false, note: '' }, context: { website: false }, tags: {} };
        }
      },
    },
    /cannot be read/,
    /ListTags denied: 1 writing calls/,
  ],
  ['does not see its own resource', { observe: async () => 'gone' }, /dry run/, /observe says that it is gone/],
  ['forgets a hazard', planning((assessment) => ({ ...assessment, hazards: [] })), /dry run/, /hazard website is expected and not seen/],
  [
    'has a hazard that no scenario knows',
    planning((assessment) => ({ ...assessment, hazards: [{ code: 'mystery', effect: 'approve', message: 'Who knows.' }] })),
    /dry run/,
    /hazard mystery is seen/,
  ],
  ['does not declare a hazard', { hazards: [] }, /dry run/, /hazard website is in the plan, but not declared/],
  [
    'declares a hazard with another effect',
    { hazards: (encryptThings.hazards ?? []).map((each) => ({ ...each, effect: 'notify' as const })) },
    /dry run/,
    /declared with the effect notify, but the plan says approve/,
  ],
  [
    'declares a hazard that no scenario shows',
    { hazards: [...(encryptThings.hazards ?? []), { code: 'ghost', effect: 'approve', what: 'Who knows.', advice: 'Nothing.' }] },
    /declared/,
    /hazard ghost is declared, and no scenario shows it/,
  ],
  [
    'declares a hazard and not what to do then',
    { hazards: (encryptThings.hazards ?? []).map((each) => ({ ...each, advice: ' ' })) },
    /declared/,
    /hazard website: say what could break, and what a person does then/,
  ],
  [
    'brings back less than it declares',
    changing((each) => ({ undo: { ...each.undo, restores: 'equivalent' as const } })),
    /dry run/,
    /its undo is equivalent, but `rollback` declares exact/,
  ],
  [
    'destroys with its undo, and declares no loss',
    changing((each) => ({ undo: { ...each.undo, destroys: 'the key' } })),
    /dry run/,
    /its undo destroys the key, but `rollback.not` is empty/,
  ],
  [
    'cannot take back what it declares to be exact',
    changing(() => ({ undo: { irreversible: 'the plain text is gone' } })),
    /dry run/,
    /it cannot be rolled back, but `rollback` declares exact/,
  ],
  [
    'takes any parameter',
    { parameters: (input) => ({ exceptNoted: (input as { exceptNoted?: boolean } | undefined)?.exceptNoted === true }) },
    /declared/,
    /an unknown parameter is accepted/,
  ],
  [
    'wants a parameter without a default',
    {
      parameters: (input) => {
        if ((input as { exceptNoted?: boolean } | undefined)?.exceptNoted === undefined) throw new Error('exceptNoted is missing');
        return encryptThings.parameters(input);
      },
    },
    /declared/,
    /do not have a default/,
  ],
  ['names no blind spot', { blindSpots: [] }, /declared/, /blindSpots is empty/],
  ['may at most notify, and writes', { ceiling: 'notify' }, /declared/, /ceiling is notify, but it declares writes/],
  ['is asked by nothing', { configRules: [], discover: null }, /declared/, /nothing will ever ask it/],
  [
    'throws on a record that it does not expect',
    { apiCalls: { 'toy:PutEncryption': ({ request }) => [{ id: String((request as { thing: { id: string } }).thing.id) }] } },
    /declared/,
    /the reader of toy:PutEncryption throws/,
  ],
  ['is not found by its own discovery', { discover: async function* () {} }, /sweep/, /discover does not find/],
  ['hides by its list what is open', { observeMany: listing({ encrypted: true, note: '' }) }, /a list shows/, /observeMany says of thing.*observe says/],
  [
    'hides at a glance what is open',
    { glance: async () => ({ state: { encrypted: true, note: '' } }) },
    /whatever a look is for/,
    /a glance shows that there is nothing to do for thing.*; a look says change/,
  ],
  ['leaves out of its list what is open', { observeMany: listing(null, () => false) }, /a list shows/, /observeMany does not list/],
  [
    'claims to resolve what stays open',
    {
      plan: (args) =>
        (args.state as { note: string; encrypted: boolean }).encrypted
          ? { status: 'manual', message: 'Now someone has to re-encrypt its history.' }
          : plan(args),
    },
    /fixed once|left to people|dry run/,
    /a person has to act|expected compliant/,
  ],
  [
    'is told of what it has done as of something new',
    {},
    /ten equal events/,
    /in a row: 0 records name the execution/,
    { journal: (options) => forgetful(memoryJournal(options), 'closed') },
  ],
  [
    'is fixed again right after a rollback',
    {},
    /rolled back/,
    /next event after a rollback: 1 writing calls/,
    { journal: (options) => forgetful(memoryJournal(options), 'hold') },
  ],
];

/** A batched observe that says the same of everything that it lists. */
function listing(
  state: { readonly encrypted: boolean; readonly note: string } | null,
  lists: () => boolean = () => true,
): NonNullable<Remediator['observeMany']> {
  return async function* ({ aws }) {
    const { Ids = [] } = await (aws as { toy: { ListThings(input: object): Promise<{ Ids?: string[] }> } }).toy.ListThings({});
    yield Ids.filter(lists).map((id) => ({ type: 'AWS::Toy::Thing', id, seen: state === null ? null : { state } }));
  };
}

/** A journal that does not keep one of its promises: the kit is the last to notice. */
function forgetful(journal: Journal, what: 'closed' | 'hold'): Journal {
  const bound = new Proxy(journal, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return {
    ...{
      kind: journal.kind,
      append: bound.append,
      open: bound.open,
      approvals: bound.approvals,
      standing: bound.standing,
      trackRecord: bound.trackRecord,
      read: bound.read,
      finish: bound.finish,
      begin: bound.begin,
    },
    async view(ref) {
      const view = await bound.view(ref);
      return what === 'hold' ? { ...view, holds: [] } : { ...view, closed: [] };
    },
  };
}

/** The checks that are to catch something; all of them, where one needs the others. */
const trying = (check: RegExp) => (name: string) => check.test(name) || check.test(USES);

it.each<Bad>(bad)('catches a remediator that %s', async (_, change, check, problem, options) => {
  const failures = await failuresOf(broken(change), { ...toyOptions(cloud.endpoint), ...options }, trying(check));
  const caught = failures.filter((failure) => check.test(failure.check) && problem.test(failure.problem));
  expect(caught, `it says instead: ${JSON.stringify(failures, null, 1)}`).not.toEqual([]);
});

it.each([
  ['no compliant scenario', toyScenarios.filter((scenario) => scenario.expect !== 'compliant'), /declared/, /no scenario is compliant/],
  ['no change', toyScenarios.filter((scenario) => scenario.expect !== 'change'), /declared/, /no scenario without hazard expects a change/],
  ['two scenarios with the same name', [...toyScenarios, ...toyScenarios], /declared/, /two scenarios have one name/],
  [
    'steps whose first one leaves nothing open',
    toyScenarios.map((scenario) => (scenario.expect === 'change' ? { ...scenario, steps: true } : scenario)),
    /fixed once/,
    /nothing stays open after the first/,
  ],
])('refuses %s', async (_, scenarios, check, problem) => {
  const failures = await failuresOf(encryptThings, toyOptions(cloud.endpoint, scenarios), trying(check));
  expect(failures.map((failure) => failure.problem).join('\n')).toMatch(problem);
});

it('reports a failed arrangement, and continues', async () => {
  const failures = await checkRemediator(
    encryptThings,
    toyOptions(cloud.endpoint, [...toyScenarios, { name: 'impossible', expect: 'compliant', arrange: async () => Promise.reject(new Error('no such thing')) }]),
  );
  expect(new Set(failures.map((failure) => failure.scenario))).toEqual(new Set(['impossible']));
  expect(failures[0]?.problem).toBe('the check could not be carried out: no such thing');
});

it('names a missing resource', async () => {
  const failures = await checkRemediator(
    encryptThings,
    toyOptions(cloud.endpoint, [
      ...toyScenarios,
      {
        name: 'missing',
        expect: 'change',
        arrange: async (sdk) => resource({ type: 'AWS::Toy::Thing', id: 'missing', account: sdk.account, region: sdk.region }),
      },
    ]),
  );
  expect(failures.map((failure) => failure.problem)).toContain('the arranged resource is not seen: observe says that it is gone');
});

it('accepts compliant for a missing resource', async () => {
  const failures = await checkRemediator(
    encryptThings,
    toyOptions(cloud.endpoint, [
      ...toyScenarios,
      {
        name: 'missing',
        expect: 'compliant',
        arrange: async (sdk) => resource({ type: 'AWS::Toy::Thing', id: 'missing', account: sdk.account, region: sdk.region }),
      },
    ]),
  );
  expect(failures).toEqual([]);
});
