import { deepFreeze, digestOf, isRecord, type Json, messageOf, type Remediator, toJson } from '@redress/core';
import type { Look } from './bench.js';

/** Plans again with frozen input, and returns what shows that `plan` is not a pure function of its input. */
export function impurities(remediator: Remediator, look: Look): string[] {
  if (look.observation === 'gone' || look.assessment === null) return [];
  const { state, context } = look.observation;
  const problems: string[] = [];
  const input = () => ({ resource: look.resource, parameters: look.parameters, observedAt: look.observedAt });
  const planned = (given: Json, more: unknown): string | null => {
    try {
      return digestOf(toJson(remediator.plan({ ...input(), state: given, context: more })));
    } catch (error) {
      problems.push(`plan throws when it is asked again: ${messageOf(error)}`);
      return null;
    }
  };
  let first: string;
  try {
    first = digestOf(toJson(look.assessment));
  } catch (error) {
    return [`plan answers what is not JSON: ${messageOf(error)}`];
  }
  const frozenState = deepFreeze(structuredClone(state));
  const frozenContext = deepFreeze(structuredClone(context));
  const { value: again, consulted } = watchingAmbient(() => planned(frozenState, frozenContext));
  if (consulted.length > 0)
    problems.push(`plan asks ${consulted.join(' and ')}: everything that it depends on has to come in as an argument (observedAt is the time)`);
  if (again !== null && again !== first) problems.push('plan answers differently when it is asked the same again');
  // What means the same has to give the same plan, or its digest names an accident.
  const turned = planned(reversedKeys(frozenState) as Json, reversedKeys(frozenContext));
  if (turned !== null && again === first && turned !== first) problems.push('plan depends on the order of the keys in its input');
  return problems;
}

function reversedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return deepFreeze(value.map(reversedKeys));
  if (!isRecord(value)) return value;
  return deepFreeze(
    Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, member]) => [key, reversedKeys(member)]),
    ),
  );
}

/** Runs something synchronous, and returns what it requested from its environment. */
function watchingAmbient<T>(run: () => T): { value: T; consulted: readonly string[] } {
  const consulted = new Set<string>();
  const restore: (() => void)[] = [];
  const watch = <O extends object, K extends keyof O & string>(object: O, key: K, name: string) => {
    const original = object[key];
    if (typeof original !== 'function') return;
    const watched = function (this: unknown, ...args: unknown[]) {
      consulted.add(name);
      return Reflect.apply(original, this, args);
    };
    object[key] = watched as O[K];
    restore.push(() => {
      object[key] = original;
    });
  };
  const RealDate = Date;
  globalThis.Date = new Proxy(RealDate, {
    construct(target, args, newTarget) {
      if (args.length === 0) consulted.add('the clock (new Date())');
      return Reflect.construct(target, args, newTarget === globalThis.Date ? target : newTarget);
    },
    apply: () => {
      consulted.add('the clock (Date())');
      return RealDate();
    },
  });
  restore.push(() => {
    globalThis.Date = RealDate;
  });
  watch(RealDate, 'now', 'the clock (Date.now)');
  watch(Math, 'random', 'Math.random');
  watch(performance, 'now', 'the clock (performance.now)');
  watch(crypto, 'randomUUID', 'crypto.randomUUID');
  watch(crypto, 'getRandomValues', 'crypto.getRandomValues');
  watch(globalThis, 'fetch', 'the network (fetch)');
  try {
    return { value: run(), consulted: [...consulted] };
  } finally {
    for (const undo of restore.reverse()) undo();
  }
}
