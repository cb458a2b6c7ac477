import { MOST_CHANGES } from '../journal.js';
import { messageOf } from '../model/errors.js';
import { type Digest, deepFreeze, digestOf, isRecord, type JsonObject, toJson } from '../model/json.js';
import { isAccountId } from '../model/resource.js';
import * as z from '../parameters.js';
import type { Stop } from '../ports.js';
import { CEILINGS, type Ceiling } from '../remediator/ceiling.js';
import { parseDuration } from '../remediator/duration.js';
import { type Constant, checkAll, instant, type Mistake, mistakes, nearest, type PlaceOf, pathOnly } from './validate.js';

/**
 * What a remediator may do in an environment.
 *
 * - `enforce`: fix, if every guardrail allows it.
 * - `approve`: plan, and wait for an approval.
 * - `plan`: notify a person, with the plan.
 * - `notify`: notify a person. This is the default for everything that is not named.
 * - `off`: do nothing, and notify nobody.
 */
export type Mode = 'enforce' | 'approve' | 'plan' | 'notify' | 'off';
/** What a policy may let a remediator do. */
export const MODES = ['enforce', 'approve', 'plan', 'notify', 'off'] as const;

/** A named set of accounts with the same modes and limits. */
export interface Environment {
  readonly name: string;
  /** Account IDs; {@link inOrganization} adds those that units and tags select. */
  readonly accounts: readonly string[];
  /** Organizational units and roots of AWS Organizations (`ou-…`, `r-…`): all accounts below them, at any depth. */
  readonly organizationalUnits?: readonly string[];
  /** Tags of accounts in AWS Organizations. */
  readonly accountTags?: readonly AccountTag[];
  /** What a lower environment has to prove before this one may enforce; null for the lowest, or if `after: none` gives a reason. */
  readonly after: { readonly environment: string; readonly fixes: number /** Milliseconds. */; readonly bake: number } | null;
  /** Why `after` is `none`. */
  readonly because: string | null;
}

/** By what a limit counts. */
export type LimitKey = 'run' | 'remediator' | 'account' | 'region';

/** A maximum number of changes. */
export interface Limit {
  readonly per: readonly LimitKey[];
  readonly changes: number;
  /** Milliseconds; 0 for a limit per run. */
  readonly window: number;
}

/** A period in which nothing is changed. */
export interface Freeze {
  /** Null: in all of them, and in accounts that are in none. */
  readonly environments: readonly string[] | null;
  /** Epoch milliseconds; `to` is the first moment after it. */
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

/** A maintenance window, in local time. */
export interface Window {
  /** Null: in all of them. */
  readonly environments: readonly string[] | null;
  /** Null: every day. */
  readonly days: readonly Weekday[] | null;
  /** Minutes since midnight. If `to` is not after `from`, the window ends on the next day. */
  readonly from: number;
  readonly to: number;
  /** IANA name, for example `Australia/Sydney`. */
  readonly timezone: string;
}

/** Time to object before a change that needs no approval. */
export interface GracePeriod {
  /** Null: in all of them. */
  readonly environments: readonly string[] | null;
  /** Ids; null: all of them. */
  readonly remediators: readonly string[] | null;
  /** Milliseconds from the first notice to the change. */
  readonly period: number;
  /** How long before its end people are reminded, in milliseconds, longest first. */
  readonly remind: readonly number[];
}

/** Names of days, as in a policy. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** Days of the week, in three letters. */
export type Weekday = (typeof WEEKDAYS)[number];

/** A rule of your own, in CEL. */
export interface Rule {
  readonly when: string;
  readonly effect: 'approve' | 'notify' | 'deny';
  readonly because: string;
}

/** By when a gap has to be closed, counted from when it appeared. */
export interface GapDeadline {
  /** Null: in all of them, and in accounts that are in none. */
  readonly environments: readonly string[] | null;
  /** Ids; null: all of them. */
  readonly remediators: readonly string[] | null;
  /** Only gaps of remediators with one of these ceilings; null: all of them. */
  readonly ceilings: readonly Ceiling[] | null;
  /** Milliseconds. */
  readonly within: number;
}

/** A tag with which your own tooling marks what it manages. */
export interface ManagedByTag {
  /** Compared without regard to case. */
  readonly key: string;
  /** Null: any value, except one that means no. */
  readonly value: string | null;
}

/** A tag of an account in AWS Organizations. Key and value are case-sensitive. */
export interface AccountTag {
  readonly key: string;
  readonly value: string;
}

/** A validated policy. */
export interface Policy {
  /** Identifies this policy; recorded with each decision. */
  readonly digest: Digest;
  readonly stop: Stop;
  /** Lowest first. */
  readonly environments: readonly Environment[];
  readonly remediators: Readonly<Record<string, RemediatorPolicy>>;
  readonly exceptions: {
    readonly tag: string;
    readonly register: string | null;
    /** The longest time from now until an entry may expire, in milliseconds. Absent: the policy sets none. */
    readonly longest?: number;
  };
  readonly limits: readonly Limit[];
  readonly freeze: readonly Freeze[];
  /** If an environment has windows, changes are made only in them. */
  readonly windows: readonly Window[];
  /** If several apply to a remediator in an environment, the longest counts. */
  readonly grace: readonly GracePeriod[];
  /** If several apply to a gap, the shortest counts. */
  readonly deadlines: readonly GapDeadline[];
  /** The decision on a change of a resource that infrastructure as code manages; `allow` leaves it to the other guardrails. */
  readonly managedByIac: 'approve' | 'notify' | 'allow';
  /** Tags with which your own tooling marks what it manages, in addition to the known ones. */
  readonly managedByTags: readonly ManagedByTag[];
  /** ARNs of the principals that may approve, by environment. */
  readonly approvers: Readonly<Record<string, readonly string[]>>;
  /** Checked by `celRules` of `@redress/core/cel`. */
  readonly rules: readonly Rule[];
  /** Names of your own Config rules → managed-rule identifiers. */
  readonly configRules: Readonly<Record<string, string>>;
  /** Config rules and controls that are tracked as AWS reports them, because no remediator evaluates them. */
  readonly tracked: {
    /** IDs of packs: all of their rules. */
    readonly packs: readonly string[];
    /** Rules by name. */
    readonly rules: Readonly<
      Record<string, { /** Of a managed rule; null: one of your own. */ readonly identifier: string | null; readonly types: readonly string[] }>
    >;
    /** Controls of Security Hub by ID: `RDS.5`. */
    readonly controls: Readonly<Record<string, { readonly types: readonly string[] }>>;
  };
  /** Accounts whose Security Hub may send findings of other accounts. */
  readonly administrators: readonly string[];
  /** Role or user ARNs whose calls are Redress's own, in addition to the connected identity. */
  readonly self: readonly string[];
  /** Finds places in the file it was read from. */
  readonly placeOf: PlaceOf;
}

/** A remediator's part of a policy. */
export interface RemediatorPolicy {
  /** By environment; `*` for a policy without environments or with exactly one. */
  readonly modes: Readonly<Record<string, Mode>>;
  readonly parameters: JsonObject;
}

/**
 * Ids of organizational units and roots.
 *
 * @see https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html
 */
export const ORGANIZATIONAL_UNIT = /^(?:r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$/;
const accountId = z.string().check(z.refine(isAccountId, 'is not a 12-digit account id (quote it: "111111111111")'));
const unit = z
  .string()
  .check(
    z.refine(
      (value) => ORGANIZATIONAL_UNIT.test(value),
      'is not the id of an organizational unit or a root, such as ou-ab12-cdefgh34 (its name is not its id)',
    ),
  );
const accountTag = z.string().check(z.refine((value) => /^[^\s=*][^=*]*=[^*]*[^*\s][^*]*$/.test(value), 'is not key=value, without wildcards'));
/** No time that a policy names is longer: what is meant for ever is a mode or an exception. Milliseconds. */
const LONGEST = 366 * 86_400_000;
const duration = z.string().check(
  z.refine((text) => (parseDuration(text) ?? 0) > 0, 'is not a duration such as 7d, 90 days, PT1H or P7D'),
  z.refine((text) => (parseDuration(text) ?? 0) <= LONGEST, 'is longer than 366 days'),
);
const text = z.string().check(z.refine((value) => value.trim() !== '', 'is empty'));
const mode = z.enum(MODES);
const clock = z.string().check(z.refine((value) => /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(value), 'is not a time of day, such as "22:00" (in quotes)'));
// A wildcard, or the root of an account, would be everybody there.
const approver = z
  .string()
  .check(
    z.refine(
      (value) => /^arn:aws(?:-cn|-us-gov)?:(?:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]+|sts::\d{12}:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+)$/.test(value),
      'is not the ARN of a role or user, such as arn:aws:iam::111111111111:role/SecurityLead',
    ),
  );
/** Pattern for the name of a Config rule. It excludes ARNs and IDs (`config-rule-a1b2c3`), because no event names a rule by them. */
export const CONFIG_RULE_NAME = '^(?!\\s)(?!arn:)(?!config-rule-[0-9a-z]{6}$).{1,128}(?<!\\s)$';
/** When people are reminded where a policy does not say: a day before. */
const LAST_REMINDER = 86_400_000;
const positive = z.int().check(z.gte(1, 'must be 1 or more'));

const schema = z.strictObject({
  version: z.literal(1),
  stop: z.optional(z.enum(['none', 'changes', 'everything'])),
  environments: z.optional(
    z.record(
      z.string(),
      z.strictObject({
        accounts: z.optional(z.array(accountId)),
        organizationalUnits: z.optional(z.array(unit).check(z.minLength(1, 'names no organizational unit; leave it out'))),
        accountTags: z.optional(z.array(accountTag).check(z.minLength(1, 'names no tag; leave it out'))),
        after: z.optional(z.union([z.literal('none'), z.strictObject({ environment: text, fixes: positive, bake: duration })])),
        because: z.optional(text),
      }),
    ),
  ),
  remediators: z.optional(z.record(z.string(), z.union([mode, z.looseObject({ parameters: z.optional(z.record(z.string(), z.unknown())) })]))),
  exceptions: z.optional(z.strictObject({ tag: z.optional(text), register: z.optional(text), longest: z.optional(duration) })),
  limits: z.optional(
    z.array(
      z.strictObject({
        per: z.array(z.enum(['run', 'remediator', 'account', 'region'])).check(z.minLength(1, 'names nothing to count by')),
        changes: z.int().check(z.gte(0, 'must be 0 or more')),
        window: z.optional(duration),
      }),
    ),
  ),
  freeze: z.optional(
    z.array(
      z.strictObject({
        environments: z.optional(z.array(text).check(z.minLength(1, 'names no environment; leave it out for all of them'))),
        from: instant,
        to: instant,
        reason: text,
      }),
    ),
  ),
  windows: z.optional(
    z.array(
      z.strictObject({
        environments: z.optional(z.array(text).check(z.minLength(1, 'names no environment; leave it out for all of them'))),
        days: z.optional(z.array(z.enum(WEEKDAYS)).check(z.minLength(1, 'names no day; leave it out for every day'))),
        from: clock,
        to: clock,
        timezone: z.string().check(z.refine(isTimezone, 'is not a time zone, such as Australia/Sydney or UTC')),
      }),
    ),
  ),
  grace: z.optional(
    z.array(
      z.strictObject({
        environments: z.optional(z.array(text).check(z.minLength(1, 'names no environment; leave it out for all of them'))),
        remediators: z.optional(z.array(text).check(z.minLength(1, 'names no remediator; leave it out for all of them'))),
        period: duration,
        remind: z.optional(z.array(duration)),
      }),
    ),
  ),
  deadlines: z.optional(
    z.array(
      z.strictObject({
        environments: z.optional(z.array(text).check(z.minLength(1, 'names no environment; leave it out for all of them'))),
        remediators: z.optional(z.array(text).check(z.minLength(1, 'names no remediator; leave it out for all of them'))),
        ceilings: z.optional(z.array(z.enum(CEILINGS)).check(z.minLength(1, 'names no class; leave it out for all of them'))),
        within: duration,
      }),
    ),
  ),
  managedByIac: z.optional(z.enum(['approve', 'notify', 'allow'])),
  managedByTags: z.optional(
    z
      .array(z.string().check(z.refine((value) => /^[^\s=][^=]*(?:=.*\S.*)?$/.test(value), 'is neither the key of a tag nor key=value')))
      .check(z.minLength(1, 'names no tag; leave it out for those that are known')),
  ),
  approvers: z.optional(z.record(z.string(), z.array(approver).check(z.minLength(1, 'names nobody; leave it out when nobody may approve')))),
  rules: z.optional(z.array(z.strictObject({ when: text, effect: z.enum(['approve', 'notify', 'deny']), because: text }))),
  configRules: z.optional(z.record(z.string(), text)),
  tracked: z.optional(
    z.strictObject({
      packs: z.optional(z.array(text)),
      rules: z.optional(
        z.record(
          z.string(),
          z.strictObject({
            identifier: z.optional(z.string().check(z.regex(/^[A-Z0-9_]+$/, 'is not the identifier of a managed rule, such as RDS_MULTI_AZ_SUPPORT'))),
            types: z
              .array(z.string().check(z.regex(/^AWS::[A-Za-z0-9]*::[A-Za-z0-9]+$/, 'is not a type of AWS Config, such as AWS::RDS::DBInstance')))
              .check(z.minLength(1, 'names no type')),
          }),
        ),
      ),
      controls: z.optional(
        z.record(
          z.string(),
          z.strictObject({
            types: z
              .array(z.string().check(z.regex(/^AWS::[A-Za-z0-9]*::[A-Za-z0-9]+$/, 'is not a type, such as AWS::RDS::DBInstance')))
              .check(z.minLength(1, 'names no type')),
          }),
        ),
      ),
    }),
  ),
  securityHub: z.optional(z.strictObject({ administrators: z.array(accountId) })),
  self: z.optional(z.array(z.string().check(z.startsWith('arn:', 'is not an ARN')))),
});

/** Input of {@link definePolicy}, in the form of `redress.yaml`. */
export type PolicyInput = Constant<Omit<z.input<typeof schema>, 'remediators'>> & {
  /** By ID: a mode, or modes by environment and `parameters`. */
  readonly remediators?: {
    readonly [remediator: string]: Mode | { readonly [environmentOrParameters: string]: Mode | { readonly [parameter: string]: unknown } };
  };
};

/** Limits that apply if a policy names none. */
export const DEFAULT_LIMITS: readonly Limit[] = deepFreeze([
  { per: ['run'], changes: 25, window: 0 },
  { per: ['remediator', 'account'], changes: 10, window: 3_600_000 },
]);

/**
 * Creates a validated policy. Everything that it does not name is notify-only.
 *
 * @example
 * const policy = definePolicy({
 *   version: 1,
 *   environments: { dev: { accounts: ['111111111111'] } },
 *   remediators: { 'ec2-revoke-sg-open-ssh': { dev: 'enforce' } },
 * });
 * @throws {RedressError} `policy/invalid` with every mistake, its place and what is allowed.
 */
export function definePolicy(input: PolicyInput): Policy {
  return parsePolicy(input);
}

/** What an environment names, each of it in one environment alone. */
const OWNED = [
  ['accounts', 'account'],
  ['organizationalUnits', 'organizational unit'],
  ['accountTags', 'tag'],
] as const;

/** Options of {@link parsePolicy}. */
export interface PolicyParsing {
  /** Finds places for errors; `readPolicy` of `@redress/core/yaml` gives lines. */
  readonly placeOf?: PlaceOf;
  /** Finds further mistakes in the part that can be read, so that they are reported together. */
  readonly also?: (policy: Policy) => readonly Mistake[];
}

/**
 * {@link definePolicy} for input of unknown type, which may not be a policy.
 *
 * @example parsePolicy(JSON.parse(text))
 * @throws {RedressError} `policy/invalid` with every mistake, its place and what is allowed.
 */
export function parsePolicy(input: unknown, { placeOf = pathOnly, also = () => [] }: PolicyParsing = {}): Policy {
  const { data: raw, found: unfit, original } = checkAll(schema, input, { version: 1 });
  if (raw === null) throw mistakes('policy/invalid', 'The policy', unfit, placeOf);
  const found: Mistake[] = [];
  // Also those that do not fit: they are named, and have their place.
  const order = namesIn(input, 'environments');

  const environments: Environment[] = [];
  const owner = new Map<string, string>();
  for (const [name, each] of Object.entries(raw.environments ?? {})) {
    if (each.accounts === undefined && each.organizationalUnits === undefined && each.accountTags === undefined)
      found.push({ path: ['environments', name, 'accounts'], message: 'is missing (array); or give organizationalUnits, or accountTags' });
    if (!/^[a-z][a-z0-9-]*$/.test(name)) found.push({ path: ['environments', name], message: 'an environment name is lower case: letters, digits, hyphens' });
    for (const [member, what] of OWNED)
      for (const [index, entry] of (each[member] ?? []).entries()) {
        const before = owner.get(entry);
        if (before !== undefined)
          found.push({ path: ['environments', name, member, index], message: `${what} ${entry} is also in ${before}; an account is in one environment` });
        owner.set(entry, name);
      }
    const lower = order.slice(0, order.indexOf(name));
    if (lower.length > 0 && each.after === undefined) {
      found.push({
        path: ['environments', name],
        message: 'an environment above the lowest needs after: { environment, fixes, bake }, or after: none with because',
      });
    }
    if (lower.length === 0 && each.after !== undefined && each.after !== 'none') {
      found.push({ path: ['environments', name, 'after'], message: 'the lowest environment (the first) comes after none' });
    }
    if (each.after === 'none' && each.because === undefined)
      found.push({ path: ['environments', name, 'after'], message: 'after: none needs because: why no lower environment has to prove it' });
    const after =
      each.after === undefined || each.after === 'none'
        ? null
        : { environment: each.after.environment, fixes: each.after.fixes, bake: parseDuration(each.after.bake) ?? 0 };
    if (after !== null && !lower.includes(after.environment)) {
      found.push({
        path: ['environments', name, 'after', 'environment'],
        message: `${JSON.stringify(after.environment)} is not a lower environment; allowed: ${lower.join(', ') || 'none'}`,
      });
    }
    environments.push({
      name,
      accounts: each.accounts ?? [],
      // Only where they are given: the digest of a policy without them stays as it is.
      ...(each.organizationalUnits === undefined ? {} : { organizationalUnits: each.organizationalUnits }),
      ...(each.accountTags === undefined ? {} : { accountTags: each.accountTags.map(accountTagOf) }),
      after,
      because: each.because ?? null,
    });
  }

  const remediators: Record<string, RemediatorPolicy> = {};
  for (const id of namesIn(input, 'remediators')) if (id !== '__proto__') remediators[id] = { modes: {}, parameters: {} };
  for (const [id, each] of Object.entries(raw.remediators ?? {})) {
    const path = ['remediators', id];
    if (typeof each === 'string') {
      if (order.length > 1)
        found.push({
          path,
          message: `a single mode is only possible with one environment; say for which: ${order.map((name) => `${name}: ${each}`).join(', ')}`,
        });
      remediators[id] = { modes: { '*': each }, parameters: {} };
      continue;
    }
    const modes: Record<string, Mode> = {};
    for (const [key, value] of Object.entries(each)) {
      if (key === 'parameters') continue;
      if (!order.includes(key)) {
        const near = nearest(key, order);
        found.push({
          path: [...path, key],
          message: `${JSON.stringify(key)} is not an environment${near === null ? '' : ` (did you mean ${near}?)`}; allowed: ${[...order, 'parameters'].join(', ')}`,
        });
      } else if (!MODES.includes(value as Mode)) {
        found.push({ path: [...path, key], message: `${JSON.stringify(value)} is not allowed; allowed: ${MODES.join(', ')}` });
      } else modes[key] = value as Mode;
    }
    try {
      remediators[id] = { modes, parameters: toJson((each.parameters ?? {}) as JsonObject) };
    } catch (error) {
      // YAML has numbers that JSON has not.
      found.push({ path: [...path, 'parameters'], message: messageOf(error) });
    }
  }

  const limits: Limit[] = [];
  (raw.limits ?? []).forEach((each, index) => {
    const perRun = each.per.includes('run');
    if (perRun && each.window !== undefined) found.push({ path: ['limits', index, 'window'], message: 'a limit per run has no window' });
    if (!perRun && each.window === undefined) found.push({ path: ['limits', index], message: 'window is missing (for example PT1H)' });
    if (!perRun && each.changes > MOST_CHANGES)
      found.push({ path: ['limits', index, 'changes'], message: `${each.changes} is above the most that a journal counts in a window: ${MOST_CHANGES}` });
    limits.push({ per: each.per, changes: each.changes, window: each.window === undefined ? 0 : (parseDuration(each.window) ?? 0) });
  });
  const known = (name: string, path: Mistake['path']) => {
    if (!order.includes(name)) found.push({ path, message: `${JSON.stringify(name)} is not an environment; allowed: ${order.join(', ') || 'none'}` });
  };
  for (const name of Object.keys(raw.approvers ?? {})) known(name, ['approvers', name]);
  const windows = (raw.windows ?? []).map((each, index): Window => {
    for (const [at, name] of (each.environments ?? []).entries()) known(name, ['windows', index, 'environments', at]);
    const [from, to] = [minutesOf(each.from), minutesOf(each.to)];
    if (from === to) found.push({ path: ['windows', index, 'to'], message: 'is the same as from: such a window is empty or endless' });
    return { environments: each.environments ?? null, days: each.days ?? null, from, to, timezone: each.timezone };
  });
  const grace = (raw.grace ?? []).map((each, index): GracePeriod => {
    for (const [at, name] of (each.environments ?? []).entries()) known(name, ['grace', index, 'environments', at]);
    const period = parseDuration(each.period) ?? 0;
    const remind = each.remind?.map((text) => parseDuration(text) ?? 0) ?? (period > LAST_REMINDER ? [LAST_REMINDER] : []);
    remind.forEach((before, at) => {
      if (before >= period) found.push({ path: ['grace', index, 'remind', at], message: 'is not shorter than the period: that is the first notice' });
      if (remind.indexOf(before) !== at) found.push({ path: ['grace', index, 'remind', at], message: 'is there twice' });
    });
    return { environments: each.environments ?? null, remediators: each.remediators ?? null, period, remind: [...remind].sort((a, b) => b - a) };
  });
  const deadlines = (raw.deadlines ?? []).map((each, index): GapDeadline => {
    for (const [at, name] of (each.environments ?? []).entries()) known(name, ['deadlines', index, 'environments', at]);
    const { environments: where = null, remediators: of = null, ceilings = null, within } = each;
    return { environments: where, remediators: of, ceilings, within: parseDuration(within) ?? 0 };
  });
  const freeze = (raw.freeze ?? []).map((each, index): Freeze => {
    for (const [at, name] of (each.environments ?? []).entries()) known(name, ['freeze', index, 'environments', at]);
    const [from, to] = [Date.parse(each.from), Date.parse(each.to)];
    if (!(from < to)) found.push({ path: ['freeze', index, 'to'], message: 'is not after from' });
    return { environments: each.environments ?? null, from, to, reason: each.reason };
  });
  const named = [
    ...Object.keys(raw.configRules ?? {}).map((name) => ['configRules', name]),
    ...Object.keys(raw.tracked?.rules ?? {}).map((name) => ['tracked', 'rules', name]),
  ];
  for (const path of named) {
    const name = path.at(-1) ?? '';
    if (!new RegExp(CONFIG_RULE_NAME).test(name))
      found.push({
        path,
        message: `${JSON.stringify(name)} is not the name of a Config rule: give its name, not its ARN or id, without spaces around it`,
      });
  }

  const content = {
    stop: raw.stop ?? 'none',
    environments,
    remediators,
    exceptions: {
      tag: raw.exceptions?.tag ?? 'redress:exception',
      register: raw.exceptions?.register ?? null,
      // Only where it is given: the digest of a policy without it stays as it is.
      ...(raw.exceptions?.longest === undefined ? {} : { longest: parseDuration(raw.exceptions.longest) ?? 0 }),
    },
    limits: raw.limits === undefined ? DEFAULT_LIMITS : limits,
    freeze,
    windows,
    grace,
    deadlines,
    managedByIac: raw.managedByIac ?? 'approve',
    managedByTags: (raw.managedByTags ?? []).map(tagOf),
    approvers: raw.approvers ?? {},
    rules: raw.rules ?? [],
    configRules: raw.configRules ?? {},
    tracked: {
      packs: raw.tracked?.packs ?? [],
      rules: Object.fromEntries(
        Object.entries(raw.tracked?.rules ?? {}).map(([name, { identifier, types }]) => [name, { identifier: identifier ?? null, types }]),
      ),
      controls: raw.tracked?.controls ?? {},
    },
    administrators: raw.securityHub?.administrators ?? [],
    self: raw.self ?? [],
  } satisfies Omit<Policy, 'digest' | 'placeOf'>;
  const policy: Policy = deepFreeze({ ...content, digest: digestOf(toJson(content)), placeOf });
  const all = [...unfit, ...[...found, ...also(policy)].map(({ path, message }) => ({ path: original(path), message }))];
  if (all.length > 0) throw mistakes('policy/invalid', 'The policy', all, placeOf);
  return policy;
}

function namesIn(input: unknown, section: string): readonly string[] {
  const found = isRecord(input) ? input[section] : undefined;
  return isRecord(found) ? Object.keys(found) : [];
}

function tagOf(text: string): ManagedByTag {
  const at = text.indexOf('=');
  return at < 0 ? { key: text.trim(), value: null } : { key: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

function accountTagOf(text: string): AccountTag {
  const at = text.indexOf('=');
  return { key: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

function minutesOf(clock: string): number {
  return Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
}

function isTimezone(value: string): boolean {
  try {
    // Offsets such as +10:00 are taken too by some runtimes, and know no daylight saving.
    return /^[A-Za-z]/.test(value) && new Intl.DateTimeFormat('en-US', { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
}

/** The grace period before a remediator's changes in an account; null: none. Of several, the longest counts, so that none shortens another. */
export function graceOf(policy: Pick<Policy, 'environments' | 'grace'>, remediator: string, account: string): GracePeriod | null {
  const environment = policy.environments.find(({ accounts }) => accounts.includes(account));
  const mine = policy.grace.filter(
    (each) =>
      (each.environments === null || (environment !== undefined && each.environments.includes(environment.name))) &&
      (each.remediators === null || each.remediators.includes(remediator)),
  );
  return mine.reduce<GracePeriod | null>((longest, each) => (longest === null || each.period > longest.period ? each : longest), null);
}

/**
 * The time from the appearance of a gap until it has to be closed, for a remediator in an account, in milliseconds; null: the policy sets none. Of
 * several, the shortest counts.
 */
export function closedWithin(
  policy: Pick<Policy, 'environments' | 'deadlines'>,
  { id, ceiling }: { readonly id: string; readonly ceiling: Ceiling },
  account: string,
): number | null {
  const name = environmentOf(policy, account)?.name;
  const mine = policy.deadlines.filter(
    ({ environments, remediators, ceilings }) =>
      (environments === null || (name !== undefined && environments.includes(name))) &&
      (remediators === null || remediators.includes(id)) &&
      (ceilings === null || ceilings.includes(ceiling)),
  );
  return mine.length === 0 ? null : Math.min(...mine.map(({ within }) => within));
}

/** The environment that contains an account, or null. */
export function environmentOf(policy: Pick<Policy, 'environments'>, account: string): Environment | null {
  return policy.environments.find((environment) => environment.accounts.includes(account)) ?? null;
}

/** The environment that {@link enforcing} puts an account into that is in none. */
const HYPOTHETICAL = 'if-enforced';

/**
 * The same policy, except that it enforces a remediator in an account, to find out what would be decided then. Nothing acts on it.
 *
 * @example modeOf(enforcing(policy, 'ec2-revoke-sg-open-ssh', '111111111111'), 'ec2-revoke-sg-open-ssh', '111111111111') === 'enforce'
 */
export function enforcing(policy: Policy, remediator: string, account: string): Policy {
  const parameters = Object.hasOwn(policy.remediators, remediator) ? policy.remediators[remediator]?.parameters : undefined;
  const environment = environmentOf(policy, account);
  const { name } = environment ?? { name: HYPOTHETICAL };
  return {
    ...policy,
    // In front: it must not become the highest environment.
    environments:
      environment === null ? [{ name: HYPOTHETICAL, accounts: [account], after: null, because: null }, ...policy.environments] : policy.environments,
    remediators: { ...policy.remediators, [remediator]: { modes: { [name]: 'enforce' }, parameters: parameters ?? {} } },
  };
}

/** The mode of a remediator in an account: notify for everything that is not named. */
export function modeOf(policy: Policy, remediator: string, account: string): Mode {
  const entry = Object.hasOwn(policy.remediators, remediator) ? policy.remediators[remediator] : undefined;
  const environment = environmentOf(policy, account);
  // An account in no environment is notify-only, whatever the remediator's mode; `off` stays off.
  if (entry === undefined) return 'notify';
  const of = (name: string) => (Object.hasOwn(entry.modes, name) ? entry.modes[name] : undefined);
  const mode = (environment === null ? undefined : of(environment.name)) ?? of('*') ?? 'notify';
  return environment === null && mode !== 'off' ? 'notify' : mode;
}
