// AWS's own models of its services judge each call that a remediator sends, what it makes of replies that lack something, and what its writes leave out.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, classifyAwsError, type Json, toJson } from '@redress/core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { emptyMoto } from '../../scripts/moto.mjs';
import { versionOf } from '../../scripts/setup.mjs';
import { type Call, type Walked, walk } from './support/calls.js';
import { ABSENCES, ERRORS, LEFT_OUT } from './support/exceptions.js';
import { conformanceKits } from './support/kits.js';
import { type OperationModel, startModels } from './support/models.js';
import { plansPage } from './support/plans.js';
import { dropped, hazardsOf, listing, type PlannedWrite, REPLACES, type Reading, reading, variations, writesOf } from './support/replies.js';

const kits = await conformanceKits();
const models = startModels();
afterAll(() => models.close());
let walked: readonly Walked[] = [];
/** How AWS names a service, by `remediator service`: remediators of Classic Load Balancers have another one than others under the same name. */
let serviceIds: ReadonlyMap<string, string> = new Map();
beforeAll(async () => {
  const all: Walked[] = [];
  for (const kit of kits) {
    await emptyMoto(inject('moto'));
    all.push(...(await walk(kit)));
  }
  walked = all;
  serviceIds = new Map(all.flatMap(({ kit, calls }) => calls.map(({ service, serviceId }) => [`${kit.remediator.id} ${service}`, serviceId] as const)));
});

const nameOf = ({ serviceId, operation }: Pick<Call, 'serviceId' | 'operation'>) => `${serviceId}:${operation}`;
const distinct = (all: Iterable<string>) => [...new Set(all)].sort();
const calls = () => walked.flatMap((each) => each.calls);

it('accepts the input of every call in every scenario, and refuses what its model does not have', async ({ task }) => {
  const problems: string[] = [];
  for (const { kit, scenario, calls: sent } of walked)
    for (const call of sent)
      for (const problem of await models.validate(call.serviceId, call.operation, call.input))
        problems.push(`${kit.remediator.id}, ${scenario.name}: ${nameOf(call)}: ${problem}`);
  expect(distinct(problems)).toEqual([]);

  const sent = calls();
  const declared = distinct(
    kits.flatMap(({ remediator: { uses } }) =>
      [...uses.reads, ...uses.writes, ...uses.undoes, ...(uses.undoesByPerson ?? [])].flatMap(({ service, operations }) =>
        operations.map((each) => `${service.id}:${each}`),
      ),
    ),
  );
  const used = new Set(sent.map(({ service, operation }) => `${service}:${operation}`));
  const never = declared.filter((each) => !used.has(each));
  task.meta.said = `${sent.length} calls of ${new Set(sent.map(nameOf)).size} operations, by ${kits.length} remediators in ${walked.length} scenarios; ${(await models.unread()).length} patterns that Python cannot read${never.length === 0 ? '' : `; declared, and never sent here: ${never.join(', ')}`}`;
  expect(never).toEqual([]);
  expect(sent.length).toBeGreaterThan(3000);

  // It has eyes: each kind of mistake, made in a call that was sent.
  const of = (operation: string) => sent.find((call) => call.operation === operation) as Call;
  const broken = async (operation: string, change: object) => {
    const { serviceId, input } = of(operation);
    return (await models.validate(serviceId, operation, { ...input, ...change })).join('\n');
  };
  expect(await broken('ModifyDBInstance', { BackupRetentionPeriods: 7 })).toContain('Unknown parameter in input: "BackupRetentionPeriods"');
  expect(await broken('ModifyDBInstance', { BackupRetentionPeriod: '7' })).toContain('Invalid type for parameter BackupRetentionPeriod');
  expect(await broken('ModifyDBInstance', { DBInstanceIdentifier: undefined })).toContain('Missing required parameter in input: "DBInstanceIdentifier"');
  expect(await broken('PutBucketVersioning', { VersioningConfiguration: { Status: 'On' } })).toContain('"On" is none of Enabled, Suspended');
  expect(await broken('UpdateAccountPasswordPolicy', { MinimumPasswordLength: 200 })).toContain('200 is more than 128');
  expect(await broken('UpdateAccountPasswordPolicy', { MinimumPasswordLength: 5 })).toContain('valid min value: 6');
  expect(await broken('PutRetentionPolicy', { logGroupName: 'a b' })).toContain('does not match');
});

/** What the model of an error says of something that is missing: by its name, its status or its description. */
const saysMissing = ({ name, code, status, says }: OperationModel['errors'][number]) => ({
  byName: /not_?found|no_?such|not_?exist|non_?exist/i.test(`${name} ${code}`) || status === 404,
  byWords:
    /n.t exist|not exist|nonexistent|doesn.t have a PublicAccessBlock|not found|be found|.t find|refer to an existing|does not currently exist|there is no\b/i.test(
      says,
    ),
});
/** As the SDK throws it: by the name of the shape, and by the code where it does not know the shape. */
const takenFor = ({ name, code, status }: OperationModel['errors'][number]) =>
  distinct([name, code].map((each) => classifyAwsError(Object.assign(new Error('said so'), { name: each, $metadata: { httpStatusCode: status } })).code)).join(
    ' or ',
  );

it('recognizes every error that reports a missing resource, and no other one', async ({ task }) => {
  const read = new Set(
    kits.flatMap(({ remediator: { uses } }) => uses.reads.flatMap(({ service, operations }) => operations.map((each) => `${service.id}:${each}`))),
  );
  const operations = new Map(calls().flatMap((call) => (read.has(`${call.service}:${call.operation}`) ? [[nameOf(call), call] as const] : [])));
  const found = new Set<string>();
  const count = { errors: 0, missing: 0 };
  const without = new Set<string>();
  for (const [name, { serviceId, operation }] of operations) {
    const { errors } = await models.describe(serviceId, operation);
    if (errors.length === 0) without.add(serviceId);
    for (const error of errors) {
      const { byName, byWords } = saysMissing(error);
      const as = takenFor(error);
      count.errors++;
      if (byName || byWords) count.missing++;
      if ((byName || byWords) !== (as === 'aws/gone') || (as === 'aws/gone' && !byWords)) found.add(`${name} ${error.name}: ${as}`);
    }
  }
  task.meta.said = `${count.missing} of ${count.errors} errors of ${operations.size} reads say that something is missing; reads of ${distinct(without).join(', ')} have no errors in their models`;
  expect({
    left: distinct([...found].filter((each) => !ERRORS.some(({ what }) => what.test(each)))),
    unused: ERRORS.filter(({ what }) => ![...found].some((each) => what.test(each))).map(({ what }) => String(what)),
  }).toEqual({ left: [], unused: [] });
  expect(count.missing).toBeGreaterThan(50);
  // It has eyes: names that are not known yet, and one that says nothing of it.
  const error = (name: string, status = 400, says = 'It does not exist.') => ({ name, code: name, status, says });
  expect([error('VolumeVanished'), error('VolumeNotFoundFault'), error('Odd', 404)].map(takenFor)).toEqual(['aws/invalid', 'aws/gone', 'aws/gone']);
  expect([error('VolumeVanished'), error('ValidationException', 400, 'It is too long.')].map(saysMissing)).toEqual([
    { byName: false, byWords: true },
    { byName: false, byWords: false },
  ]);
});

/** `SecurityGroupRules[3].Tags[0]` → `SecurityGroupRules[].Tags[]` */
const place = (at: string) => at.replaceAll(/\[\d+\]/g, '[]');
const GAP: readonly string[] = ['change', 'manual'];
const FINE: readonly string[] = ['compliant', 'not-applicable'];

/** What is wrong with a reading of a reply that lacks a member, where the whole reply showed a gap. */
function taken(whole: Reading, now: Reading): readonly string[] {
  if (whole.is !== 'read' || !GAP.includes(whole.assessment.status)) return [];
  if (now.is === 'gone') return ['gone'];
  if (now.is !== 'read') return [];
  if (FINE.includes(now.assessment.status)) return [now.assessment.status];
  // A change that a person was asked about is made without one.
  if (now.assessment.status !== 'change' || whole.assessment.status !== 'change') return [];
  const left = hazardsOf(now.assessment);
  return [...hazardsOf(whole.assessment)].filter((code) => !left.has(code)).map((code) => `without the hazard ${code}`);
}

/** Reads of the look of a scenario, each with its model. */
async function readsOf(look: { readonly calls: readonly Call[] }) {
  const found: { call: Call; model: OperationModel; reply: object }[] = [];
  for (const call of look.calls)
    if ('reply' in call.came) found.push({ call, model: await models.describe(call.serviceId, call.operation), reply: call.came.reply });
  return found;
}

/** Members that the writes of a plan leave out, although they were read. */
async function leftOut(
  { kit: { remediator } }: Walked,
  writes: readonly PlannedWrite[],
  read: Awaited<ReturnType<typeof readsOf>>,
  replaced: ReadonlyMap<Call, object>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const write of writes) {
    if (!REPLACES.test(write.operation)) continue;
    const serviceId = serviceIds.get(`${remediator.id} ${write.service}`);
    if (serviceId === undefined) throw new Error(`${remediator.id}: ${write.service}:${write.operation} is planned, and the service was never asked.`);
    const own = read.filter(({ call }) => call.serviceId === serviceId).map(({ call, model, reply }) => ({ model, reply: replaced.get(call) ?? reply }));
    for (const member of dropped(await models.describe(serviceId, write.operation), write.input, own))
      found.push(`${write.purpose} ${serviceId}:${write.operation} ${member}`);
  }
  return found;
}

it('no response with a missing or an additional member breaks a reader, or counts as compliant; and a write that replaces has everything that was read', async ({
  task,
}) => {
  const [crashes, absences, drops] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const count = { replies: 0, gaps: 0, unreadable: 0, lists: 0 };
  for (const each of walked) {
    const { look, scenario, kit } = each;
    const where = `${kit.remediator.id}, ${scenario.name}`;
    if (look === null) throw new Error(`${where}: there was no look.`);
    if (look.observation === 'gone') continue;
    const whole = await reading(each, new Map());
    if (whole.is !== 'read' || whole.assessment.status !== scenario.expect)
      throw new Error(`${where}: on the replies that came, it reads ${whole.is === 'read' ? whole.assessment.status : JSON.stringify(whole)}.`);
    const read = await readsOf(look);
    for (const drop of await leftOut(each, writesOf(whole.assessment), read, new Map())) drops.add(drop);
    for (const { call, model, reply } of read)
      for (const { kind, at, reply: varied } of variations(model, reply, look.resource.id)) {
        const replaced = new Map([[call, varied]]);
        const now = await reading(each, replaced);
        count.replies++;
        if (GAP.includes(scenario.expect)) count.gaps++;
        if (now.is === 'unreadable') count.unreadable++;
        if (now.is === 'crash') crashes.add(`${kit.remediator.id} ${nameOf(call)} ${kind} ${place(at)}: ${now.why}`);
        if (now.is === 'read') for (const drop of await leftOut(each, writesOf(now.assessment), read, replaced)) drops.add(drop);
        if (kind === 'without') for (const what of taken(whole, now)) absences.add(`${kit.remediator.id} ${nameOf(call)} ${place(at)}: ${what}`);
      }
  }
  for (const each of walked) {
    const { look, sweep, scenario, kit } = each;
    if (sweep === null || look === null || look.observation === 'gone' || kit.remediator.discover === null) continue;
    const whole = await listing(each, new Map());
    // It may be looked at on its own, but not be passed over.
    if (whole.said !== null && !(whole.said.is === 'read' && GAP.includes(whole.said.assessment.status)))
      throw new Error(`${kit.remediator.id}, ${scenario.name}: on the replies that came, the batched look says ${JSON.stringify(whole.said)}.`);
    for (const { call, model, reply } of await readsOf({ calls: [...whole.asked] }))
      for (const { kind, at, reply: varied } of variations(model, reply, look.resource.id)) {
        const { said } = await listing(each, new Map([[call, varied]]));
        count.lists++;
        if (said?.is === 'unreadable') count.unreadable++;
        if (said?.is === 'crash') crashes.add(`${kit.remediator.id} ${nameOf(call)} ${kind} ${place(at)}, in a sweep: ${said.why}`);
        if (kind === 'with' || said === null || said.is === 'unreadable' || said.is === 'crash') continue;
        const passed = said.is === 'gone' ? 'passed over' : FINE.includes(said.assessment.status) ? said.assessment.status : null;
        if (passed !== null) absences.add(`${kit.remediator.id} ${nameOf(call)} ${place(at)}: ${passed} by a sweep`);
      }
  }
  const excepted = (found: ReadonlySet<string>, exceptions: readonly { readonly what: RegExp; readonly why: string }[]) => ({
    left: distinct([...found].filter((each) => !exceptions.some(({ what }) => what.test(each)))),
    unused: exceptions.filter(({ what }) => ![...found].some((each) => what.test(each))).map(({ what }) => String(what)),
  });
  task.meta.said = `${count.replies} replies, ${count.gaps} of them of a gap, and ${count.lists} of lists for sweeps; ${count.unreadable} could not be read, and nothing was concluded; ${absences.size} absences that mean something, and ${drops.size} members that a write leaves out, are excepted with ${ABSENCES.length + LEFT_OUT.length} reasons`;
  expect([...crashes]).toEqual([]);
  expect(excepted(absences, ABSENCES)).toEqual({ left: [], unused: [] });
  expect(excepted(drops, LEFT_OUT)).toEqual({ left: [], unused: [] });
  expect(count.gaps).toBeGreaterThan(8000);
  expect(count.lists).toBeGreaterThan(2000);
  expect(count.unreadable).toBeGreaterThan(1000);
});

/** A scenario that was walked, with a remediator that is changed on purpose. */
function spoilt(id: string, change: (remediator: Walked['kit']['remediator']) => object): Walked {
  const each = walked.find(({ kit, scenario }) => kit.remediator.id === id && scenario.expect === 'change') as Walked;
  return { ...each, kit: { ...each.kit, remediator: { ...each.kit.remediator, ...change(each.kit.remediator) } } };
}

it('detects a reader that crashes, one that treats a missing member as compliant, and a write that drops a member', async () => {
  // What each of them is told is a reply without the list that it needs.
  const lacking = async (each: Walked) => {
    const [first] = await readsOf(each.look as NonNullable<Walked['look']>);
    if (first === undefined) throw new Error('There was no read.');
    return new Map([[first.call, {}]]);
  };
  type Asked = {
    aws: { rds: { DescribeDBInstances(input: object): Promise<{ DBInstances?: { BackupRetentionPeriod: number }[] }> } };
    resource: { id: string };
  };
  const observing = (make: (reply: { DBInstances?: { BackupRetentionPeriod: number }[] }) => object) => ({
    observe: async ({ aws, resource }: Asked) => make(await aws.rds.DescribeDBInstances({ DBInstanceIdentifier: resource.id })),
    plan: ({ state }: { state: { days: number } }) => (state.days >= 7 ? { status: 'compliant', message: '' } : { status: 'manual', message: '', steps: [] }),
  });
  const crashing = spoilt('rds-enable-automated-backups', () =>
    observing((reply) => ({ state: { days: (reply.DBInstances as never[])[0]?.['BackupRetentionPeriod'] ?? 0 }, tags: {} })),
  );
  expect((await reading(crashing, new Map())).is).toBe('read');
  expect((await reading(crashing, await lacking(crashing))).is).toBe('crash');
  const guessing = spoilt('rds-enable-automated-backups', () =>
    observing((reply) => ({ state: { days: reply.DBInstances?.[0]?.BackupRetentionPeriod ?? 7 }, tags: {} })),
  );
  expect(taken(await reading(guessing, new Map()), await reading(guessing, await lacking(guessing)))).toEqual(['compliant']);
  const vanishing = spoilt('rds-enable-automated-backups', () => ({
    ...observing(() => ({})),
    observe: async ({ aws, resource }: Asked) => {
      const days = (await aws.rds.DescribeDBInstances({ DBInstanceIdentifier: resource.id })).DBInstances?.[0]?.BackupRetentionPeriod;
      return days === undefined ? 'gone' : { state: { days }, tags: {} };
    },
  }));
  expect(taken(await reading(vanishing, new Map()), await reading(vanishing, await lacking(vanishing)))).toEqual(['gone']);

  // Writes that replace: the password policy without what they were read to have, and a rule of encryption without its bucket key.
  const drops = async (id: string, read: string, less: (input: Record<string, any>) => object) => {
    const each = walked.find(
      ({ kit, scenario, look }) =>
        kit.remediator.id === id && scenario.expect === 'change' && look?.calls.some(({ operation, came }) => operation === read && 'reply' in came),
    ) as Walked;
    const now = await reading(each, new Map());
    if (now.is !== 'read') throw new Error(`${id} was not read.`);
    const writes = writesOf(now.assessment)
      .slice(0, 1)
      .map((write) => ({ ...write, input: less(structuredClone(write.input) as Record<string, any>) }));
    return leftOut(each, writes, await readsOf(each.look as NonNullable<Walked['look']>), new Map());
  };
  expect(await drops('iam-strengthen-password-policy', 'GetAccountPasswordPolicy', ({ AllowUsersToChangePassword: _, ...input }) => input)).toContain(
    'fix IAM:UpdateAccountPasswordPolicy AllowUsersToChangePassword',
  );
  expect(
    await drops(
      's3-block-public-access-private-bucket',
      'GetPublicAccessBlock',
      ({ PublicAccessBlockConfiguration: { BlockPublicAcls: _, ...rest }, ...input }) => ({
        ...input,
        PublicAccessBlockConfiguration: rest,
      }),
    ),
  ).toContain('fix S3:PutPublicAccessBlock PublicAccessBlockConfiguration.BlockPublicAcls');
});

/** What is kept of an operation: the members of its input, and a digest of all that its model says of either side. */
interface Kept {
  readonly input: readonly string[];
  readonly digests: readonly [input: string, output: string];
}
interface Reviewed {
  readonly botocore: string;
  readonly operations: Readonly<Record<string, Kept>>;
}

/** The version, and then an operation a line. */
const linesOf = ({ botocore, operations }: Reviewed) =>
  [{ botocore }, ...Object.entries(operations).map(([name, each]) => ({ name, ...each }))].map((each) => `${JSON.stringify(each)}\n`).join('');
function reviewedIn(text: string): Reviewed {
  const [{ botocore }, ...rest] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line)) as [{ botocore: string }, ...({ name: string } & Kept)[]];
  return { botocore, operations: Object.fromEntries(rest.map(({ name, ...each }) => [name, each])) };
}
const REVIEWED = join(import.meta.dirname, 'botocore-shapes.jsonl');

/** The paths of an input; what is within itself once. */
function paths(shapes: OperationModel['shapes'], name: string, at: string, within: readonly string[]): string[] {
  const shape = shapes[name];
  if (shape === undefined || within.includes(name)) return [];
  const further = [...within, name];
  if (shape.type === 'list') return paths(shapes, shape.member as string, `${at}[]`, further);
  if (shape.type !== 'structure') return [];
  return Object.entries(shape.members ?? {}).flatMap(([member, of]) => {
    const here = at === '' ? member : `${at}.${member}`;
    return [`${here}${shape.required?.includes(member) === true ? '!' : ''}`, ...paths(shapes, of, here, further)];
  });
}

/** All that the model says of one side, by the shapes that are reached from there. */
function digest(model: OperationModel, from: string | null): string {
  const reached = new Set<string>();
  const go = (name: string | undefined): void => {
    if (name === undefined || reached.has(name)) return;
    reached.add(name);
    const { members = {}, member, key, value } = model.shapes[name] ?? { type: '' };
    for (const next of [...Object.values(members), member, key, value]) go(next);
  };
  go(from ?? undefined);
  const text = canonicalJson(toJson([...reached].sort().map((name) => [name, model.shapes[name] ?? null])) as unknown as Json);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function kept(model: OperationModel): Kept {
  // Of a read its input is small, and what it may ask for is not what can go wrong.
  return { input: paths(model.shapes, model.input ?? '', '', []).slice(0, 400), digests: [digest(model, model.input), digest(model, model.output)] };
}

/** What is another than it was when it was reviewed. */
function changesOf(before: Reviewed['operations'], now: Reviewed['operations']): readonly string[] {
  return distinct([...Object.keys(before), ...Object.keys(now)]).flatMap((name) => {
    const [was, is] = [before[name], now[name]];
    if (was === undefined || is === undefined) return [`${name}: ${was === undefined ? 'not reviewed yet' : 'not used any more'}`];
    const [more, less] = [is.input.filter((each) => !was.input.includes(each)), was.input.filter((each) => !is.input.includes(each))];
    return [
      ...(more.length === 0 ? [] : [`${name}: its input has ${more.join(', ')}`]),
      ...(less.length === 0 ? [] : [`${name}: its input has no ${less.join(', ')} any more`]),
      ...(more.length + less.length === 0 && was.digests[0] !== is.digests[0] ? [`${name}: types, limits or values of its input changed`] : []),
      ...(was.digests[1] !== is.digests[1] ? [`${name}: its reply changed`] : []),
    ];
  });
}

it('has the reviewed version, and the reviewed model of each operation', async ({ task }) => {
  const operations: Record<string, Kept> = {};
  for (const { serviceId, operation } of [...new Map(calls().map((call) => [nameOf(call), call])).values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)))
    operations[nameOf({ serviceId, operation })] = kept(await models.describe(serviceId, operation));
  const now: Reviewed = { botocore: versionOf('botocore'), operations };
  if (process.env['REDRESS_REVIEWED'] === '1') writeFileSync(REVIEWED, linesOf(now));
  const before = reviewedIn(readFileSync(REVIEWED, 'utf8'));
  task.meta.said = `${Object.keys(operations).length} operations as reviewed, botocore ${now.botocore}`;
  expect(changesOf(before.operations, operations), 'REDRESS_REVIEWED=1 writes what is there now, once each line of this is reviewed').toEqual([]);
  expect(before.botocore).toBe(now.botocore);

  // It has eyes: a member more, one less, another limit, another reply, an operation more.
  const name = 'RDS:ModifyDBInstance';
  const one = operations[name] as Kept;
  const other = (change: Partial<Kept>) => changesOf(before.operations, { ...operations, [name]: { ...one, ...change } });
  expect(other({ input: [...one.input, 'Shade'] })).toEqual([`${name}: its input has Shade`]);
  expect(other({ input: one.input.filter((each) => each !== 'MultiAZ') })).toEqual([`${name}: its input has no MultiAZ any more`]);
  expect(other({ digests: ['0', one.digests[1]] })).toEqual([`${name}: types, limits or values of its input changed`]);
  expect(other({ digests: [one.digests[0], '0'] })).toEqual([`${name}: its reply changed`]);
  expect(changesOf(before.operations, { ...operations, 'RDS:Paint': one })).toEqual(['RDS:Paint: not reviewed yet']);
});

it('recorded the ten plans of the documentation', () => {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'plans.md');
  const page = plansPage(walked);
  if (process.env['REDRESS_REVIEWED'] === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
});
