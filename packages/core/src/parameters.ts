/**
 * Schemas of parameters: the functions of `zod/mini` that remediators need, under the same names. Core bundles them, so that a remediator package
 * needs no schema library. A schema of any other library works as well, if it is a Standard Schema.
 *
 * @packageDocumentation
 * @example
 * import * as z from '@redress/core/parameters';
 * const parameters = z.strictObject({ minDays: z._default(z.int().check(z.gte(1), z.lte(35)), 7).check(z.describe('Backups are kept for this many days.')) });
 * @see https://zod.dev/packages/mini
 * @see https://standardschema.dev
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as mini from 'zod/mini';

declare const presence: unique symbol;
declare const checked: unique symbol;

/** Whether a member may be absent: required, absent in input and output (`optional`), or filled in (`_default`). */
export type Presence = 'required' | 'optional' | 'default';

/**
 * A schema, with the type that it takes (`Input`) and the type that it returns (`Output`).
 *
 * @example const days: Schema<number> = int().check(gte(1));
 */
export interface Schema<Output = unknown, Input = Output, P extends Presence = Presence> extends StandardSchemaV1<Input, Output> {
  /** Only in types. */
  readonly [presence]?: P;
  /** The same schema with further checks. */
  check(...checks: readonly Check<Output>[]): Schema<Output, Input, P>;
}

/** A condition on a value in addition to its type. `describe` is a check without a condition. */
export interface Check<in T> {
  /** Only in types. */
  readonly [checked]?: (value: T) => void;
}

type AnySchema = Schema<unknown, unknown>;
type Shape = Readonly<Record<string, AnySchema>>;
type PresenceOf<S> = S extends Schema<unknown, unknown, infer P> ? P : never;
type Flat<T> = { [K in keyof T]: T[K] };
type OutputsOf<S extends Shape> = Flat<
  { -readonly [K in keyof S as PresenceOf<S[K]> extends 'optional' ? never : K]: output<S[K]> } & {
    -readonly [K in keyof S as PresenceOf<S[K]> extends 'optional' ? K : never]?: output<S[K]>;
  }
>;
type InputsOf<S extends Shape> = Flat<
  { -readonly [K in keyof S as PresenceOf<S[K]> extends 'required' ? K : never]: input<S[K]> } & {
    -readonly [K in keyof S as PresenceOf<S[K]> extends 'required' ? never : K]?: input<S[K]>;
  }
>;
type Literal = string | number | boolean | null;

/** Output type of a schema, with defaults. */
export type output<S> = S extends StandardSchemaV1<unknown, infer Output> ? Output : never;
/** Input type of a schema. */
export type input<S> = S extends StandardSchemaV1<infer Input, unknown> ? Input : never;

/** Any value. */
export const unknown = mini.unknown as unknown as () => Schema<unknown, unknown, 'required'>;
/** A text. */
export const string = mini.string as unknown as () => Schema<string, string, 'required'>;
/** A whole number that JavaScript holds exactly. */
export const int = mini.int as unknown as () => Schema<number, number, 'required'>;
/** True or false. */
export const boolean = mini.boolean as unknown as () => Schema<boolean, boolean, 'required'>;
/** This value, or one of these. */
export const literal = mini.literal as unknown as <const T extends Literal>(values: T | readonly T[]) => Schema<T, T, 'required'>;
const enumOf = mini.enum as unknown as <const T extends string>(values: readonly T[]) => Schema<T, T, 'required'>;

export {
  /** One of these texts. */
  enumOf as enum,
};
/** A list. */
export const array = mini.array as unknown as <O, I>(item: Schema<O, I>) => Schema<O[], I[], 'required'>;
/** Members by any name. */
export const record = mini.record as unknown as <O, I>(key: Schema<string>, value: Schema<O, I>) => Schema<Record<string, O>, Record<string, I>, 'required'>;
/** A value of any of these schemas: the first one that fits is used. */
export const union = mini.union as unknown as <const S extends readonly AnySchema[]>(options: S) => Schema<output<S[number]>, input<S[number]>, 'required'>;
/** An object with these members, and no others. Parameters are such an object. */
export const strictObject = mini.strictObject as unknown as <S extends Shape>(shape: S) => Schema<OutputsOf<S>, InputsOf<S>, 'required'>;
/** An object with these members, and any others. */
export const looseObject = mini.looseObject as unknown as <S extends Shape>(
  shape: S,
) => Schema<OutputsOf<S> & Record<string, unknown>, InputsOf<S> & Record<string, unknown>, 'required'>;
/** The value, or null. */
export const nullable = mini.nullable as unknown as <O, I>(schema: Schema<O, I>) => Schema<O | null, I | null, 'required'>;
/** A member that may be absent. */
export const optional = mini.optional as unknown as <O, I>(schema: Schema<O, I>) => Schema<O | undefined, I | undefined, 'optional'>;
/** A member that is filled in if it is absent. */
export const _default = mini._default as unknown as <O, I>(schema: Schema<O, I>, value: NoInfer<O>) => Schema<O, I | undefined, 'default'>;

/** What it is for, in one sentence: the documentation and editors show it. */
export const describe = mini.describe as unknown as (text: string) => Check<unknown>;
/** A text that matches. `wrong` says what a text that does not match is not. */
export const regex = mini.regex as unknown as (pattern: RegExp, wrong?: string) => Check<string>;
/** A text with this prefix. */
export const startsWith = mini.startsWith as unknown as (prefix: string, wrong?: string) => Check<string>;
/** A minimum number of characters or entries. */
export const minLength = mini.minLength as unknown as (least: number, wrong?: string) => Check<{ readonly length: number }>;
/** At least. */
export const gte = mini.gte as unknown as (least: number, wrong?: string) => Check<number>;
/** At most. */
export const lte = mini.lte as unknown as (most: number, wrong?: string) => Check<number>;
/**
 * Your own condition.
 *
 * @param wrong what an invalid value is not: a text, or a function of the value
 */
export const refine = <T>(holds: (value: T) => boolean, wrong?: string | ((value: T) => string)): Check<T> =>
  mini.refine<T>(holds, typeof wrong === 'function' ? { error: ({ input: value }) => wrong(value as T) } : wrong) as unknown as Check<T>;

const PLACES = '{partition}, {account} and {region}';

/**
 * The name of a bucket. It contains no placeholders: bucket names are global, so anybody could create one whose name can be guessed, and receive what is
 * written to it.
 *
 * @example optional(bucketName()).check(describe('The bucket that receives the logs.'))
 */
export const bucketName = (): Schema<string, string, 'required'> => string().check(regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'a bucket name'));
/** The ARN of a KMS key, which may contain `{partition}`, `{account}` and `{region}`: those of the resource. */
export const kmsKeyArn = (): Schema<string, string, 'required'> =>
  string().check(
    regex(
      /^arn:(?:aws[a-z-]*|\{partition\}):kms:(?:[a-z0-9-]+|\{region\}):(?:[0-9]{12}|\{account\}):key\/[\w-]+$/,
      `the ARN of a KMS key, which may contain ${PLACES}`,
    ),
  );
/** The ARN of a log group, without `:*` at its end, which may contain `{partition}`, `{account}` and `{region}`: those of the resource. */
export const logGroupArn = (): Schema<string, string, 'required'> =>
  string().check(
    regex(
      /^arn:(?:aws[a-z-]*|\{partition\}):logs:(?:[a-z0-9-]+|\{region\}):(?:[0-9]{12}|\{account\}):log-group:(?:[\w/.#-]|\{(?:partition|account|region)\})+$/,
      `the ARN of a log group, without :* at its end, which may contain ${PLACES}`,
    ),
  );
/** The ARN of a role, which may contain `{partition}` and `{account}`: those of the resource. */
export const roleArn = (): Schema<string, string, 'required'> =>
  string().check(
    regex(
      /^arn:(?:aws[a-z-]*|\{partition\}):iam::(?:[0-9]{12}|\{account\}):role\/[\w+=,.@/-]+$/,
      'the ARN of a role, which may contain {partition} and {account}',
    ),
  );
