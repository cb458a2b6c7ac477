// Replies made from the model: what a service answered, with each member that it may leave out left out, and each that it may add added, by turns.
import { isDeepStrictEqual } from 'node:util';
import { type Assessment, type Discovered, isRedressError, type Json, messageOf, type Observation, type Remediator, toJson } from '@redress/core';
import { awsError, classifyAwsError } from '../../../packages/core/src/engine/aws-errors.js';
import type { Call, Walked } from './calls.js';
import type { OperationModel, Shape } from './models.js';

type Path = readonly (string | number)[];

/** One reply that differs from the one that came in one place. */
export interface Variation {
  readonly kind: 'without' | 'with';
  /** `Clusters[0].Encrypted` */
  readonly at: string;
  readonly reply: object;
  /** What was added. */
  readonly added?: unknown;
}

const written = (path: Path) =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');

/** So many elements of a list are varied, besides those that name the resource: the others are alike. */
const ELEMENTS = 2;
/** So deep goes what is added. */
const DEPTH = 3;

type Parent = Record<string | number, unknown>;
const shallow = (value: unknown): Parent => (Array.isArray(value) ? [...value] : { ...(value as object) }) as Parent;

/** What is not on the path is the same in both. */
function changed(reply: object, path: Path, change: (parent: Parent, last: string | number) => void): object {
  const copy = shallow(reply);
  let parent = copy;
  for (const step of path.slice(0, -1)) {
    const inner = shallow(parent[step]);
    parent[step] = inner;
    parent = inner;
  }
  change(parent, path.at(-1) as string | number);
  return copy;
}

/**
 * All variations of a reply, but for those that take the name of the resource away: what is not named is not it. What the model says to be there always is
 * left alone.
 */
export function* variations({ output, shapes }: OperationModel, reply: object, resource: string): Generator<Variation> {
  const names = (value: unknown) => JSON.stringify(value).includes(resource);
  function* at(name: string, value: unknown, path: Path): Generator<Variation> {
    const shape = shapes[name] as Shape;
    if (shape.type === 'list' && Array.isArray(value)) {
      for (const [index, element] of value.entries()) if (index < ELEMENTS || names(element)) yield* at(shape.member as string, element, [...path, index]);
      return;
    }
    if (shape.type !== 'structure' || typeof value !== 'object' || value === null) return;
    for (const [member, of] of Object.entries(shape.members ?? {})) {
      const there = (value as Record<string, unknown>)[member];
      const where = [...path, member];
      if (there === undefined) {
        const added = made(shapes, of, member, DEPTH);
        yield { kind: 'with', at: written(where), added, reply: changed(reply, where, (parent, last) => void (parent[last] = structuredClone(added))) };
        continue;
      }
      if (shape.required?.includes(member) !== true && !isNameOf(resource, there))
        yield { kind: 'without', at: written(where), reply: changed(reply, where, (parent, last) => void delete parent[last]) };
      yield* at(of, there, where);
    }
  }
  if (output !== null) yield* at(output, reply, []);
}

/** Whether a member names the resource: by its id, by a part of it, or by its ARN. */
const isNameOf = (resource: string, there: unknown) => typeof there === 'string' && (there.endsWith(resource) || resource.split('/').includes(there));

/** A value of a shape, with all members. */
export function made(shapes: OperationModel['shapes'], name: string, member: string, depth: number): unknown {
  const shape = shapes[name] as Shape;
  switch (shape.type) {
    case 'structure':
      return depth === 0 ? {} : Object.fromEntries(Object.entries(shape.members ?? {}).map(([each, of]) => [each, made(shapes, of, each, depth - 1)] as const));
    case 'list':
      return depth === 0 ? [] : [made(shapes, shape.member as string, member, depth - 1)];
    case 'map':
      return depth === 0 ? {} : { [String(made(shapes, shape.key as string, 'key', 0))]: made(shapes, shape.value as string, member, depth - 1) };
    case 'boolean':
      return true;
    case 'timestamp':
      return new Date('2026-02-03T04:05:06Z');
    case 'blob':
      return new TextEncoder().encode('made');
    case 'string':
      if (shape.enum !== undefined) return shape.enum.at(-1);
      return /Policy(?:Document)?$/.test(member) ? '{"Version":"2012-10-17","Statement":[]}' : 'made-of-the-model'.padEnd(shape.min ?? 0, '-');
    default:
      return Math.max(shape.min ?? 0, Math.min(shape.max ?? 7, 7));
  }
}

/** What a reader makes of a reply. */
export type Reading =
  /** `cannot be read`: with a reason in words. */
  | { readonly is: 'unreadable'; readonly why: string }
  /** A mistake in the code, which met what it did not expect. */
  | { readonly is: 'crash'; readonly why: string }
  | { readonly is: 'gone' }
  | { readonly is: 'read'; readonly assessment: Assessment };

const question = (service: string, operation: string, input: object) => JSON.stringify([service, operation, toJson(input)]);
const isMistake = (error: unknown) =>
  error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError || error instanceof SyntaxError;
const failed = (name: string, error: unknown) => awsError(name, classifyAwsError(error), error);
const DENIED = Object.assign(new Error('Nothing is recorded about it.'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });

/** A reply of its own for each reader; its dates and bytes, which nobody changes, are the same. `structuredClone` takes several times as long. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copied(each)]));
}

/** What came of each question; it is looked up for every variation of every reply. */
const known = new WeakMap<readonly Call[], ReadonlyMap<string, Call>>();
function answersOf(calls: readonly Call[]): ReadonlyMap<string, Call> {
  const found = known.get(calls) ?? new Map(calls.map((call) => [question(call.service, call.operation, call.input), call]));
  known.set(calls, found);
  return found;
}

/** The reads of a remediator, answered by what was recorded, with some of it replaced. What was not asked then is denied now. */
function answered(remediator: Remediator, calls: readonly Call[], replaced: ReadonlyMap<Call, object>) {
  const answers = answersOf(calls);
  const asked = new Set<Call>();
  const aws: Record<string, Record<string, (input: object) => Promise<unknown>>> = {};
  for (const { service, operations } of remediator.uses.reads)
    for (const operation of operations) {
      aws[service.id] ??= {};
      (aws[service.id] as (typeof aws)[string])[operation] = async (input) => {
        const call = answers.get(question(service.id, operation, input));
        if (call === undefined) throw failed(`${service.id}:${operation}`, DENIED);
        asked.add(call);
        if ('error' in call.came) throw failed(`${service.id}:${operation}`, call.came.error);
        return copied(replaced.get(call) ?? call.came.reply);
      };
    }
  return { aws: aws as never, asked };
}

function thrown(error: unknown): Reading {
  const mistake = isMistake(error) && !isRedressError(error);
  return {
    is: mistake ? 'crash' : 'unreadable',
    why: mistake
      ? String((error as Error).stack)
          .split('\n')
          .slice(0, 3)
          .join(' ')
      : messageOf(error),
  };
}

/** The remediator's own batched look at the place, and what it says of the resource: `null`, that it has to be looked at. Besides: what was asked for it. */
export async function listing(
  { kit: { remediator }, look, sweep }: Walked,
  replaced: ReadonlyMap<Call, object>,
): Promise<{ readonly said: Reading | null; readonly asked: ReadonlySet<Call> }> {
  if (look === null || sweep === null) throw new Error('There was no sweep.');
  const { aws, asked } = answered(remediator, sweep.calls, replaced);
  const { resource, parameters, observedAt } = look;
  const args = { aws, account: sweep.account, region: sweep.region, partition: resource.partition, parameters } as never;
  const isIt = ({ type, id }: Discovered) => type === resource.type && id === resource.id;
  try {
    for await (const page of remediator.observeMany?.(args) ?? []) {
      const seen = page.find(isIt)?.seen;
      if (seen === undefined) continue;
      const assessment = seen === null ? null : remediator.plan({ state: toJson(seen.state), context: seen.context, resource, parameters, observedAt });
      return { said: assessment === null ? null : { is: 'read', assessment }, asked };
    }
    if (remediator.observeMany === undefined) for await (const found of remediator.discover?.(args) ?? []) if (isIt(found)) return { said: null, asked };
    return { said: { is: 'gone' }, asked };
  } catch (error) {
    return { said: thrown(error), asked };
  }
}

/** The remediator's own look and plan, on the replies of a dry run, with some of them replaced. */
export async function reading({ kit: { remediator }, look }: Walked, replaced: ReadonlyMap<Call, object>): Promise<Reading> {
  if (look === null) throw new Error('There was no look.');
  const { aws } = answered(remediator, look.calls, replaced);
  const { resource, parameters, observedAt } = look;
  let seen: Observation<Json, unknown> | 'gone';
  try {
    seen = await remediator.observe({ aws, resource, parameters, purpose: 'decision', earlier: null, attestation: null });
    if (seen === 'gone') return { is: 'gone' };
    return { is: 'read', assessment: remediator.plan({ state: toJson(seen.state), context: seen.context, resource, parameters, observedAt }) };
  } catch (error) {
    return thrown(error);
  }
}

/** Where a part of an input is, and what it says. */
interface Node {
  readonly path: string;
  readonly name: string;
  readonly shape: Shape;
  readonly values: readonly Readonly<Record<string, unknown>>[];
}

/** The structures that an input is made of; those of a list are one. */
function nodes(shapes: OperationModel['shapes'], name: string, values: readonly unknown[], path: string): Node[] {
  const shape = shapes[name] as Shape;
  if (shape.type === 'list')
    return nodes(
      shapes,
      shape.member as string,
      values.flatMap((each) => (Array.isArray(each) ? each : [])),
      path,
    );
  const objects = values.filter((each): each is Record<string, unknown> => typeof each === 'object' && each !== null);
  if (shape.type !== 'structure' || objects.length === 0) return [];
  const inner = Object.entries(shape.members ?? {}).flatMap(([member, of]) =>
    nodes(
      shapes,
      of,
      objects.flatMap((each) => (each[member] === undefined ? [] : [each[member]])),
      path === '' ? member : `${path}.${member}`,
    ),
  );
  return [{ path, name, shape, values: objects }, ...inner];
}

/** Every member that a reply has a value for, by name and by the type of its shape; and by the structure that it is in. */
interface Returned {
  readonly members: Set<string>;
  readonly structures: Map<string, unknown[]>;
}

/** By reply: each is compared with the writes of all variations of the others. */
const returned = new WeakMap<object, Returned>();
function returnedIn({ output, shapes }: OperationModel, reply: object): Returned {
  const known = returned.get(reply);
  if (known !== undefined) return known;
  const into: Returned = { members: new Set(), structures: new Map() };
  const add = (name: string, value: unknown): void => {
    const shape = shapes[name] as Shape;
    if (Array.isArray(value)) for (const each of value) add(shape.member as string, each);
    else if (shape.type === 'structure' && typeof value === 'object' && value !== null) {
      const same = into.structures.get(name);
      if (same === undefined) into.structures.set(name, [value]);
      else same.push(value);
      for (const [member, of] of Object.entries(shape.members ?? {})) {
        const there = (value as Record<string, unknown>)[member];
        if (there === undefined || there === null) continue;
        for (const each of [member, `${name}.${member}`]) into.members.add(`${each}:${shapes[of]?.type}`);
        add(of, there);
      }
    }
  };
  if (output !== null) add(output, reply);
  returned.set(reply, into);
  return into;
}

/** Operations that may replace more than they name. */
export const REPLACES = /^(?:Put|Update|Modify|Set)[A-Z]/;

/**
 * Members of the input of a write that it does not carry, although a read has returned them. A structure of the input is compared with those of its own
 * shape, where a reply has some, and else with all of it.
 */
export function dropped(write: OperationModel, input: object, read: readonly { readonly model: OperationModel; readonly reply: object }[]): readonly string[] {
  if (write.input === null) return [];
  const there = read.map(({ model, reply }) => returnedIn(model, reply));
  return nodes(write.shapes, write.input, [input], '').flatMap(({ path, name, shape, values }) => {
    const alike = there.flatMap(({ structures }) => structures.get(name) ?? []);
    // As it was read.
    if (alike.length > 0 && values.every((each) => alike.some((other) => isDeepStrictEqual(toJson(other), toJson(each))))) return [];
    const known = alike.length > 0 ? `${name}.` : '';
    return Object.entries(shape.members ?? {}).flatMap(([member, of]) =>
      values.some((each) => each[member] !== undefined) || !there.some(({ members }) => members.has(`${known}${member}:${write.shapes[of]?.type}`))
        ? []
        : [path === '' ? member : `${path}.${member}`],
    );
  });
}

/** A write of an assessment, and what it is for. */
export interface PlannedWrite {
  readonly purpose: 'fix' | 'undo';
  readonly service: string;
  readonly operation: string;
  readonly input: object;
}

/** The writes of an assessment: of its changes, and of their undos. */
export function writesOf(assessment: Assessment): readonly PlannedWrite[] {
  if (assessment.status !== 'change') return [];
  return assessment.changes.flatMap(({ call, undo }) => [
    { purpose: 'fix' as const, ...call },
    ...('calls' in undo ? undo.calls.map((each) => ({ purpose: 'undo' as const, ...each })) : []),
  ]);
}

/** Codes of the hazards of an assessment: what makes a person decide. */
export function hazardsOf(assessment: Assessment): ReadonlySet<string> {
  if (assessment.status !== 'change') return new Set();
  return new Set([...(assessment.hazards ?? []), ...assessment.changes.flatMap((each) => each.hazards ?? [])].map(({ code }) => code));
}
