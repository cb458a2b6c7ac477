/**
 * What the deployed functions are made of, by the variables of their environment. No bundler in here: this is what is bundled.
 *
 * @packageDocumentation
 */
import {
  accountRegions,
  type ConnectAwsOptions,
  connectAws,
  memberRoles,
  messageVisibility,
  onlyDeclared,
  organization,
  parameterStop,
  parameterTags,
  queueMessages,
  readConfigRules,
} from '@redress/connect';
import {
  type Connect,
  createRedress,
  type Guardrail,
  inOrganization,
  isAccountId,
  isLive,
  isRedressError,
  isRegion,
  type Live,
  messageOf,
  type Notify,
  needsOrganization,
  type Organization,
  type Policy,
  type PolicyInput,
  parsePolicy,
  parseRegister,
  partitionOf,
  type RedactionOptions,
  RedressError,
  type RedressOptions,
  type Register,
  type RegisterInput,
  type Remediator,
  regionsOf,
} from '@redress/core';
import { awsJournal, copyCheckpoint, kmsSigner, sealAws, witnessOf } from '@redress/evidence/aws';
import {
  type ApprovalHandler,
  type ConfigHandler,
  createApprovalHandler,
  createConfigHandler,
  createHandler,
  createSealHandler,
  type Handler,
  type HandlerOptions,
  type SealHandler,
} from '@redress/lambda-runtime';
// Not from the whole package: what makes messages is loaded with the first of them.
import { notifierFromEnvironment } from '@redress/notify/environment';

// For entries: their lists are loaded when they are asked for.
export { lateRemediators } from '@redress/core';

/** What {@link fromEnvironment} takes: what a `redress.config.mjs` exports, and what the policy file says. */
export interface FunctionParts {
  readonly remediators: readonly Remediator[];
  /** Default: an empty one, under which everything is notify-only. */
  readonly policy?: Policy | PolicyInput | Live<Policy>;
  /** Default: an empty register; with a policy that names one nothing starts. */
  readonly exceptions?: Register | RegisterInput | Live<Register>;
  /** Added to the built-in ones. A policy with `rules` needs `celRules()` of `@redress/core/cel` among them. */
  readonly guardrails?: readonly Guardrail[];
  /** Default: the topic of `REDRESS_TOPIC_ARN`. */
  readonly notify?: Notify;
  /** Names and patterns of secrets besides what is known, and the key. Default: that of the journal. */
  readonly redaction?: RedactionOptions;
  /** Default: the member roles of the environment. */
  readonly connect?: Connect;
  /** Default: that of `REDRESS_ORGANIZATION`, where it is set. */
  readonly organization?: Organization;
}

/** The functions that the hub runs. */
export interface Functions {
  /** Queue, schedules, direct calls. */
  readonly handler: Handler;
  /** The approvals' Function URL. */
  readonly approvals: ApprovalHandler;
  /** What AWS Config's remediations ask, where the hub serves them. */
  readonly config: ConfigHandler;
  /** Seals what was recorded, on a schedule of its own. */
  readonly seal: SealHandler;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The handlers of a deployed hub, composed by the variables that its template sets:
 *
 * | Variable | What it is |
 * | --- | --- |
 * | `REDRESS_TABLE`, `REDRESS_BUCKET` | the journal; needed |
 * | `REDRESS_LOCK_DAYS` | days that its documents are locked, from when they were stored last; the bucket has to have Object Lock |
 * | `REDRESS_READ_ROLE`, `REDRESS_MEMBER_ROLE`, `REDRESS_ROLLBACK_ROLE` | names of the roles in each member account: read, fix and rollback. A session has the name of its execution, and only the permissions that its remediator declares. Without any of them the function's own credentials are used, which reach its own account only |
 * | `REDRESS_EXTERNAL_ID` | what these roles ask for |
 * | `REDRESS_STOP_PARAMETER` | the kill switch, read before each write; needed |
 * | `REDRESS_POLICY_DIGEST`, `REDRESS_REGISTER_DIGEST` | policy and exceptions register have to have these digests, or nothing starts; needed, but for what is read live |
 * | `REDRESS_SWEEP_REGIONS`, `REDRESS_ACCOUNT` | what a schedule sweeps: these regions (`all`: those that are enabled) of the policy's accounts, as it is at that time, of this one, and of those of the organization |
 * | `REDRESS_SWEEP_QUEUE` | address of the FIFO queue that has a message for each place that is swept. Without it the schedule's own invocation sweeps all of them |
 * | `REDRESS_ORGANIZATION`, `REDRESS_ORGANIZATION_ROLE` | the organization whose accounts are swept, and whose units and tags the policy may name; a role of its management account or of a delegated administrator to ask with, else the function's own credentials |
 * | `REDRESS_CANARY_PARAMETER` | the canary |
 * | `REDRESS_SEAL_KEY`, `REDRESS_SEAL_ORIGIN` | the key of KMS that signs checkpoints, and the name of the ledger; the sealer needs them, the journal and nothing else |
 * | `REDRESS_SEAL_REPLACED` | public keys that have signed before, separated by commas |
 * | `REDRESS_SEAL_NEXT_KEY`, `REDRESS_SEAL_ROTATION_BY`, `REDRESS_SEAL_ROTATION_REASON` | a key of KMS that replaces the one that signs, who replaces it and why |
 * | `REDRESS_DOCUMENTS_DAYS` | days for which each seal keeps the documents of its records, in an archive of its own; without it, or with 0, they stay where they are |
 * | `REDRESS_WITNESSES` | who is asked to cosign each checkpoint (C2SP tlog-witness): key and URL of each, with a space between them, separated by commas |
 * | `REDRESS_ANCHOR_BUCKET` | where each checkpoint is copied |
 * | `REDRESS_TOPIC_ARN` | topic of the notices to people |
 * | `AWS_ENDPOINT_URL` | an emulator |
 *
 * What is missing or wrong stops the function at its start: then nothing is handled, and the queue keeps what comes.
 *
 * @example export const { handler, approvals, config, seal } = fromEnvironment({ remediators, policy, exceptions });
 * @throws {RedressError} `compose/invalid` naming the variable; `policy/invalid`, `register/invalid`, `notify/invalid`
 */
export function fromEnvironment(parts: FunctionParts, env: Environment = process.env): Functions {
  const value = (name: string): string | null => {
    const text = env[name]?.trim();
    return text === undefined || text === '' ? null : text;
  };
  const needed = (name: string, what: string): string => {
    const text = value(name);
    if (text === null)
      throw new RedressError('compose/invalid', `The variable ${name} is not set: ${what}.`, {
        next: 'Set it on the function; the template of `redress generate template hub` does.',
      });
    return text;
  };
  const endpoint = value('AWS_ENDPOINT_URL');
  const at = endpoint === null ? {} : { endpoint };
  const journalAt = () => ({
    table: needed('REDRESS_TABLE', 'the journal has no table'),
    bucket: needed('REDRESS_BUCKET', 'the journal has no bucket'),
    ...locked(value('REDRESS_LOCK_DAYS')),
    ...at,
  });
  const mine = env['_HANDLER']?.split('.').at(-1);
  const seal = once(() => sealerOf(journalAt(), value, needed, at));
  if (mine === 'seal') {
    // What was recorded is sealed whatever the policy says, and whether it can be read at all.
    seal();
    const none = () => Promise.reject(new RedressError('compose/invalid', 'This function only seals.'));
    return { handler: none, approvals: none, config: none, seal: () => seal()() };
  }

  // Nobody notices code that was bundled without its exceptions, but what they were to leave alone.
  const digestOf = (name: string, what: string, given: object | undefined) =>
    given !== undefined && isLive(given) ? value(name) : needed(name, `nothing says which ${what} was reviewed`);
  const policy = policyOf(parts.policy ?? { version: 1 }, digestOf('REDRESS_POLICY_DIGEST', 'policy', parts.policy));
  const exceptions = registerOf(parts.exceptions ?? [], digestOf('REDRESS_REGISTER_DIGEST', 'exceptions register', parts.exceptions));
  const journal = awsJournal(journalAt());
  const notify = parts.notify ?? notifierFromEnvironment(env);
  const members = parts.organization ?? organizationOf(value, at);
  const { remediators, guardrails } = parts;
  const connect = parts.connect ?? connectAws({ ...rolesOf(remediators, value), ...at });
  const here = policyHere(policy, members, (written) =>
    createRedress({
      remediators,
      policy: written,
      connect,
      ...(parts.exceptions === undefined ? {} : { exceptions }),
      ...(guardrails === undefined ? {} : { guardrails }),
    }).close(),
  );
  const options: RedressOptions & { journal: typeof journal } = {
    remediators,
    policy: here,
    // Without one the engine refuses a policy that names one.
    ...(parts.exceptions === undefined ? {} : { exceptions }),
    journal,
    connect,
    configRules: readConfigRules(),
    // Without it nobody could stop the function but by deleting it.
    killSwitch: parameterStop({ name: needed('REDRESS_STOP_PARAMETER', 'there would be no kill switch'), ...at }),
    ...(guardrails === undefined ? {} : { guardrails }),
    ...(notify === null ? {} : { notify }),
    ...(parts.redaction === undefined ? {} : { redaction: parts.redaction }),
  };
  const canary = value('REDRESS_CANARY_PARAMETER');
  const targets = targetsOf(here, members, value);
  const queue = queueOf(connect, value, at);

  const handler = once(() =>
    createHandler({
      ...options,
      ...(targets === null ? {} : { sweep: { targets, ...(queue === null ? {} : { queue }) } }),
      ...(canary === null ? {} : { canary: { parameter: canary, send: parameterTags(at) } }),
      changeVisibility: messageVisibility(at),
    }),
  );
  const approvals = once(() => createApprovalHandler(options));
  const config = once(() => createConfigHandler(options));
  // The one that this sandbox is for is made now: a mistake shows at the start, not at the first message.
  if (mine === 'approvals') approvals();
  else if (mine === 'config') config();
  else handler();
  return {
    handler: (event, context) => handler()(event, context),
    approvals: (event, context) => approvals()(event, context),
    config: (event, context) => config()(event, context),
    seal: () => seal()(),
  };
}

/** What seals the journal: with a key of KMS, and copies of checkpoints where there is a bucket for them. */
function sealerOf(
  journal: Parameters<typeof awsJournal>[0],
  value: Value,
  needed: (name: string, what: string) => string,
  at: { readonly endpoint?: string },
): SealHandler {
  const key = needed('REDRESS_SEAL_KEY', 'nothing signs checkpoints');
  const origin = needed('REDRESS_SEAL_ORIGIN', 'the ledger has no name');
  const replaced = (value('REDRESS_SEAL_REPLACED') ?? '').split(',').filter((each) => each !== '');
  const witnesses = (value('REDRESS_WITNESSES') ?? '').split(',').filter((each) => each !== '');
  const bucket = value('REDRESS_ANCHOR_BUCKET');
  const documentsFor = daysIn('REDRESS_DOCUMENTS_DAYS', value('REDRESS_DOCUMENTS_DAYS'), 0);
  const next = value('REDRESS_SEAL_NEXT_KEY');
  const change = next === null ? null : { next, by: needed('REDRESS_SEAL_ROTATION_BY', WHO), reason: needed('REDRESS_SEAL_ROTATION_REASON', WHO) };
  return createSealHandler({
    seal: async () =>
      sealAws({
        ...{ ...journal, replaced, signer: await kmsSigner({ key, origin, ...at }), witnesses: await Promise.all(witnesses.map(witnessOf)) },
        ...(documentsFor > 0 ? { documentsFor } : {}),
        ...(change === null ? {} : { rotation: { ...change, next: await kmsSigner({ key: change.next, origin, ...at }) } }),
      }),
    ...(bucket === null ? {} : { copy: async (checkpoint: string) => copyCheckpoint({ bucket, ...at }, checkpoint) }),
  });
}

const WHO = 'who replaces the key of the ledger, and why, is recorded';

function locked(days: string | null): { readonly lockDays?: number } {
  return days === null ? {} : { lockDays: daysIn('REDRESS_LOCK_DAYS', days, 1) };
}

/** Days that a variable says; 0 where it says nothing. */
function daysIn(name: string, text: string | null, least: number): number {
  const days = Number(text ?? 0);
  if (text !== null && !(/^(0|[1-9]\d{0,4})$/.test(text) && days >= least && days <= 36_500))
    throw new RedressError('compose/invalid', `The variable ${name} is ${JSON.stringify(text)}, which is not a number of days.`, {
      next: 'Set it to at most 36500, as the template does, or remove it.',
    });
  return days;
}

function policyOf(given: NonNullable<FunctionParts['policy']>, digest: string | null): Policy | Live<Policy> {
  const pinned = (policy: Policy): Policy => asked('policy', policy, 'REDRESS_POLICY_DIGEST', digest);
  if (isLive(given)) return { read: async () => pinned(await given.read()) };
  return pinned('digest' in given ? (given as Policy) : parsePolicy(given));
}

function registerOf(given: NonNullable<FunctionParts['exceptions']>, digest: string | null): Register | Live<Register> {
  const pinned = (register: Register): Register => asked('exceptions register', register, 'REDRESS_REGISTER_DIGEST', digest);
  if (isLive(given)) return { read: async () => pinned(await given.read()) };
  return pinned('digest' in given ? (given as Register) : parseRegister(given));
}

/** What was reviewed, and nothing else. */
function asked<T extends Pick<Policy, 'digest'>>(what: string, found: T, variable: string, digest: string | null): T {
  if (digest === null || found.digest === digest) return found;
  throw new RedressError('compose/invalid', `The ${what} in this code is ${found.digest}, and ${variable} asks for ${digest}.`, {
    next: `Deploy the code with the reviewed ${what}, or the digest of this one: \`redress bundle\` prints it.`,
  });
}

type Value = (name: string) => string | null;

/** The roles that the member template makes; none where the function works with its own credentials, in its own account. */
function rolesOf(remediators: readonly Remediator[], value: Value): ConnectAwsOptions {
  const [read, fix] = [value('REDRESS_READ_ROLE'), value('REDRESS_MEMBER_ROLE')];
  const rollback = value('REDRESS_ROLLBACK_ROLE');
  if (read === null && fix === null && rollback === null) return {};
  // Half of them would mean the function's own credentials for the other half, which nobody meant.
  if (read === null || fix === null)
    throw new RedressError('compose/invalid', `The variable ${read === null ? 'REDRESS_READ_ROLE' : 'REDRESS_MEMBER_ROLE'} is not set, but another role is.`, {
      next: 'Set both, and REDRESS_EXTERNAL_ID, or none of them.',
    });
  const externalId = value('REDRESS_EXTERNAL_ID') ?? '';
  return {
    ...memberRoles({ read, fix, externalId, ...(rollback === null ? {} : { rollback }) }),
    // One role fixes for all remediators; a session of it may do what its own remediator declares.
    sessionPolicy: onlyDeclared(remediators),
  };
}

/** The organization that the function asks; null: none. */
function organizationOf(value: Value, at: { readonly endpoint?: string }): Organization | null {
  const [id, roleArn, externalId] = [value('REDRESS_ORGANIZATION'), value('REDRESS_ORGANIZATION_ROLE'), value('REDRESS_EXTERNAL_ID')];
  if (id === null) return null;
  return organization({ ...(roleArn === null ? {} : { roleArn, ...(externalId === null ? {} : { externalId }) }), ...at });
}

/** A policy with the accounts of the organization; as it was written where it names none of its units and tags. */
function policyHere(policy: Policy | Live<Policy>, members: Organization | null, check: (written: Policy) => void): Policy | Live<Policy> {
  const written = isLive(policy) ? null : policy;
  if (written !== null && !needsOrganization(written)) return written;
  if (members === null) {
    if (written === null) return policy;
    throw new RedressError('compose/invalid', 'The policy names units or tags of an organization, and REDRESS_ORGANIZATION is not set.', {
      next: 'Set it (parameter OrganizationId of the hub), or name the accounts by their ids.',
    });
  }
  // Its mistakes show at the start, and not at the first message.
  if (written !== null) check(written);
  return inOrganization(policy, members, {
    ambiguous: (account, environments) =>
      say('an account is in two environments of the policy, and therefore in none', { kind: 'policy-ambiguous', account, environments }),
  });
}

/** A line of the log that no handler writes. */
function say(message: string, attributes: object): void {
  process.stdout.write(`${JSON.stringify({ level: 'WARN', message, timestamp: new Date().toISOString(), service: 'redress', ...attributes })}\n`);
}

type Sweep = NonNullable<HandlerOptions['sweep']>;

/** Where a schedule sweeps; null: nowhere. What may change is asked at each schedule. */
function targetsOf(policy: Policy | Live<Policy>, members: Organization | null, value: Value): Sweep['targets'] | null {
  const given = (value('REDRESS_SWEEP_REGIONS') ?? '').split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()]));
  if (given.length === 0) return null;
  const regions = given.join() === 'all' ? regionsOf(partitionOf(value('AWS_REGION') ?? 'us-east-1')) : given;
  if (regions !== given && value('REDRESS_SWEEP_QUEUE') === null)
    throw new RedressError(
      'compose/invalid',
      'REDRESS_SWEEP_REGIONS is all, but REDRESS_SWEEP_QUEUE is not set: the enabled regions would not be determined.',
      {
        next: 'Name the regions, or set REDRESS_SWEEP_QUEUE.',
      },
    );
  const wrong = regions.find((each) => !isRegion(each) || each === 'aws-global');
  if (wrong !== undefined)
    throw new RedressError('compose/invalid', `REDRESS_SWEEP_REGIONS: ${JSON.stringify(wrong)} is not a region.`, {
      next: 'For example: eu-west-1,us-east-1; or all',
    });
  const own = value('REDRESS_ACCOUNT');
  if (own !== null && !isAccountId(own))
    throw new RedressError('compose/invalid', `REDRESS_ACCOUNT: ${JSON.stringify(own)} is not an account ID.`, { next: 'Give 12 digits.' });
  const placesOf = ({ environments }: Policy, more: readonly string[]) => {
    const accounts = new Set([...environments.flatMap((each) => each.accounts), ...(own === null ? [] : [own]), ...more]);
    if (accounts.size === 0)
      throw new RedressError('compose/invalid', 'There are regions to sweep, but no account: the policy names none, and REDRESS_ACCOUNT is not set.', {
        next: 'Set REDRESS_ACCOUNT, name the accounts in the environments of the policy, or leave REDRESS_SWEEP_REGIONS out.',
      });
    return [...accounts].flatMap((account) => regions.map((region) => ({ account, region })));
  };
  if (members === null) return isLive(policy) ? async () => placesOf(await policy.read(), []) : placesOf(policy, []);
  return async () => {
    const known = isLive(policy) ? await policy.read() : policy;
    try {
      return placesOf(known, await members.accounts());
    } catch (error) {
      // Nobody lets us ask: what is known is swept, and it is said that more may be forgotten. Anything else fares better the next time.
      if (!isRedressError(error) || error.code !== 'aws/denied' || error.retryable) throw error;
      return { targets: placesOf(known, []), left: [`accounts of the organization may be missed: ${messageOf(error)}`] };
    }
  };
}

/** The queue of sweeps; null: none. */
function queueOf(connect: Connect, value: Value, at: { readonly endpoint?: string }): NonNullable<Sweep['queue']> | null {
  const url = value('REDRESS_SWEEP_QUEUE');
  return url === null ? null : { send: queueMessages(url, at), regions: accountRegions(connect, value('AWS_REGION') ?? 'us-east-1') };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
