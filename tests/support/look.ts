import type { Assessment, Claim, Json, Remediator, ResourceRef } from '@redress/core';

/** The response of a service: a value for every call of an operation, or a function of the input. */
export type Replies = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Runs one look on given responses, and returns its result. A missing response throws; a response that is an Error is thrown. */
export async function look(
  remediator: Remediator,
  ref: ResourceRef,
  replies: Replies,
  { parameters: given = {}, now = 0 }: { readonly parameters?: object; readonly now?: number } = {},
): Promise<
  { readonly state: Json; readonly assessment: Assessment; readonly judge: (claim?: Partial<Claim>) => readonly string[] | null | undefined } | 'gone'
> {
  const parameters = remediator.parameters(given);
  const service = (name: string) =>
    new Proxy(
      {},
      {
        get: (_, operation: string) => async (input: unknown) => {
          const all = replies[name];
          if (all === undefined || !Object.hasOwn(all, operation)) throw new Error(`nobody said what ${name}:${operation} answers`);
          const reply = all[operation];
          const answer = typeof reply === 'function' ? await (reply as (input: unknown) => unknown)(input) : reply;
          if (answer instanceof Error) throw answer;
          return answer;
        },
      },
    );
  const aws = new Proxy({}, { get: (_, name: string) => service(name) });
  const seen = await remediator.observe({ aws, resource: ref, parameters, purpose: 'decision', observedAt: now } as never);
  if (seen === 'gone') return seen;
  const { state, context } = seen;
  return {
    state,
    assessment: remediator.plan({ state, context, resource: ref, parameters, observedAt: now } as never),
    judge: (claim = {}) =>
      remediator.judge?.({
        state,
        context,
        resource: ref,
        parameters,
        claim: { controls: [], configRule: null, isRule: () => false, parameters: null, observedAt: now, ...claim },
      } as never),
  };
}

async function seen(...args: Parameters<typeof look>) {
  const found = await look(...args);
  if (found === 'gone') throw new Error('It is there.');
  return found;
}

/** The assessment of an existing resource. */
export const assess = async (...args: Parameters<typeof look>): Promise<Assessment> => (await seen(...args)).assessment;
/** Its state, as a rollback compares it. */
export const stateOf = async (...args: Parameters<typeof look>): Promise<Json> => (await seen(...args)).state;
