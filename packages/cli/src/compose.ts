import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { connectAws, organization, parameterStop, readConfigRules } from '@redress/connect';
import {
  type Clock,
  type Connect,
  createRedress,
  definePolicy,
  defineRegister,
  type Guardrail,
  inOrganization,
  isLive,
  isRegion,
  type Journal,
  type Live,
  messageOf,
  type Notify,
  type Organization,
  type Policy,
  type PolicyInput,
  parsePolicy,
  parseRegister,
  partitionOf,
  type RedactionOptions,
  type Redress,
  RedressError,
  type RedressOptions,
  type Register,
  type RegisterInput,
  type Remediator,
  type Stop,
  systemClock,
  type Wait,
} from '@redress/core';
import { CliError } from './errors.js';
import type { Io } from './io.js';
import { PolicyParts } from './policy-parts.js';
import { printable } from './printable.js';
import { waitLine } from './waits.js';

/** The global options, as commander reads them. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly endpointUrl?: string;
  readonly profile?: string;
  readonly region?: string;
  readonly data?: string;
  readonly journal?: string;
  readonly stopParameter?: string;
  readonly policy?: string;
  readonly config?: string;
}

/** What `redress.config.mjs` may export as default. */
export interface ConfigFile {
  /** Instead of the built-in ones: list those that you want, too. */
  readonly remediators?: readonly Remediator[];
  /** Added to the built-in ones. */
  readonly guardrails?: readonly Guardrail[];
  readonly notify?: Notify;
  /** Instead of `redress.yaml`; `--policy` goes before it. */
  readonly policy?: Policy | PolicyInput | Live<Policy>;
  /** Instead of the register that the policy names. */
  readonly exceptions?: Register | RegisterInput | Live<Register>;
  readonly connect?: Connect;
  /** Names and patterns of secrets in addition to the known ones, and the key by which equal secrets are recognized. */
  readonly redaction?: RedactionOptions;
  /** The organization whose units and tags the policy names, and `--accounts` asks. Default: that of the credentials. */
  readonly organization?: Organization;
}

/** What an embedder or a test puts in the place of the outer world. */
export interface Overrides {
  readonly remediators?: readonly Remediator[];
  readonly connect?: Connect;
  readonly organization?: Organization;
  readonly clock?: Clock;
  /** Ends a command that runs until it is stopped (default: an interrupt from the terminal). */
  readonly signal?: AbortSignal;
}

const DEFAULT_DATA = '.redress';
const DEFAULT_POLICY = 'redress.yaml';
const DEFAULT_CONFIG = 'redress.config.mjs';

/** Everything that a command needs, put together. */
export interface Composition {
  readonly remediators: readonly Remediator[];
  /** The policy as it was at the start, as it was written: units and tags of an organization stand for no account in it. */
  readonly policy: Policy;
  readonly register: Register;
  /** Of the configuration file. */
  readonly guardrails: readonly Guardrail[];
  /** `absent`: there is no file, so everything is notify-only. */
  readonly policySource: { readonly kind: 'file' | 'config' | 'absent'; readonly file: string | null };
  /** Files that were read, by absolute path; null where there is none, or something else stands in for it. */
  readonly sources: {
    readonly config: string | null;
    readonly policy: string | null;
    readonly register: string | null;
    readonly ownRemediators: boolean;
    readonly ownConnect: boolean;
  };
  readonly region: string;
  readonly data: Data;
  readonly connect: Connect;
  readonly organization: Organization;
  /** The credentials of the environment, whatever the configuration makes of them. */
  readonly ambient: Connect;
  /** The account of these credentials; it is asked for once. */
  account(): Promise<string>;
  /** Of the configuration file. */
  readonly notify: Notify | null;
  readonly clock: Clock;
  /** A value without secrets, also those of the configuration file. */
  redact<T>(value: T): T;
  /** What the engine is made of, for who makes a handler of it. */
  parts(options?: PartsOptions): Omit<RedressOptions, 'journal'>;
  /** The engine; with a journal only where something may change. */
  engine(options?: PartsOptions & { readonly journal?: Journal }): Redress;
  /** Whether the engine has warned: something failed that the command does not report otherwise. */
  warned(): boolean;
}

/** What an engine is made of besides. */
interface PartsOptions {
  readonly policy?: Policy;
  readonly notify?: boolean;
  /** Hears what the engine waits for; default: a line on standard error. */
  readonly onWait?: (wait: Wait) => void;
  /** What the command itself says went wrong, so that it is not said twice. */
  readonly reported?: keyof typeof REPORTED;
}

/** The engine's warnings about what its answers hold, too. */
const REPORTED = { findings: /^finding .* could not be handled$/s, sweeps: /^the sweep of .* failed$/s };

/** How to compose. */
interface ComposeOptions {
  /** The command needs the identity of the credentials: it is requested at once, concurrently with everything else. */
  readonly asksWho?: boolean;
}

/**
 * Reads configuration, policy and register, and checks them against the remediators.
 *
 * @throws {CliError} {@link RedressError}
 */
export async function compose(io: Io, options: GlobalOptions, overrides: Overrides, { asksWho = false }: ComposeOptions = {}): Promise<Composition> {
  const { config, file: configFile } = await loadConfig(io, options.config);
  const region = regionOf(io, options);
  const endpoint = options.endpointUrl === undefined ? undefined : endpointOf(options.endpointUrl);
  const ambient =
    overrides.connect ??
    connectAws({ ...(endpoint === undefined ? {} : { endpoint }), ...(options.profile === undefined ? {} : { profile: options.profile }) });
  const connect = overrides.connect ?? config.connect ?? ambient;
  const ask = accountOfAmbient(ambient, region);
  let early = asksWho ? ask() : null;
  if (early !== null) await begun(early);
  // The first caller gets that answer, even if it is a failure.
  const account = () => {
    const answer = early ?? ask();
    early = null;
    return answer;
  };
  const judging = await remediatorsOf(config, overrides);
  const data = dataOf(io, options);
  const members =
    overrides.organization ??
    config.organization ??
    organization({ region, ...(endpoint === undefined ? {} : { endpoint }), ...(options.profile === undefined ? {} : { profile: options.profile }) });

  // Names that nobody knows are refused before anything is done, together with all other mistakes.
  const needs = new PolicyParts(judging, config.guardrails ?? []);
  const { guardrails } = needs;
  const { live: policy, source } = policyOf(io, options, config, needs);
  const register = registerOf(io, config, policy, source.file);
  const now = await policy.read();
  const remediators = needs.remediators(now);
  const registerNow = await register.read();
  const probe = createRedress({
    remediators,
    policy: now,
    exceptions: registerNow,
    connect,
    guardrails,
    ...(config.redaction === undefined ? {} : { redaction: config.redaction }),
  });
  probe.close();
  const kind = source.kind === 'default' ? ((await exists(resolve(io.cwd, DEFAULT_POLICY))) ? ('file' as const) : ('absent' as const)) : source.kind;
  if (kind === 'absent') io.stderr(`There is no ${DEFAULT_POLICY} here, so the policy is empty: everything is notify-only, and nothing is changed.\n`);

  const stop = stopOf(io, options, data);
  const clock = overrides.clock ?? systemClock;
  const here = inOrganization(policy, members, {
    clock,
    ambiguous: (account, environments) =>
      io.stderr(`warning: account ${account} is in two environments of the policy (${environments.join(', ')}), and therefore in none\n`),
  });

  let warned = false;
  const parts = (more: PartsOptions = {}): Omit<RedressOptions, 'journal'> => ({
    remediators,
    policy: more.policy ?? here,
    exceptions: register,
    connect,
    configRules: readConfigRules(),
    killSwitch: stop,
    onWarning: (message, error) => {
      warned = true;
      if (more.reported === undefined || !REPORTED[more.reported].test(message)) io.stderr(`warning: ${printable(message)}: ${printable(messageOf(error))}\n`);
    },
    onWait: more.onWait ?? ((wait) => io.stderr(`${waitLine(wait)}\n`)),
    guardrails,
    ...(config.redaction === undefined ? {} : { redaction: config.redaction }),
    ...(config.notify === undefined || more.notify === false ? {} : { notify: config.notify }),
    ...(overrides.clock === undefined ? {} : { clock: overrides.clock }),
  });
  return {
    remediators,
    policy: now,
    register: registerNow,
    guardrails,
    policySource: { kind, file: kind === 'file' ? source.file : null },
    sources: {
      config: configFile,
      policy: kind === 'file' && source.file !== null ? resolve(io.cwd, source.file) : null,
      register:
        config.exceptions !== undefined || now.exceptions.register === null ? null : resolve(io.cwd, registerFile(now.exceptions.register, source.file)),
      ownRemediators: config.remediators !== undefined,
      ownConnect: config.connect !== undefined,
    },
    region,
    data,
    connect,
    organization: members,
    ambient,
    account,
    notify: config.notify ?? null,
    clock,
    redact: probe.redact,
    parts,
    warned: () => warned,
    engine: ({ journal, ...more } = {}) => {
      if (journal !== undefined && data.aws !== null && options.stopParameter === undefined)
        io.stderr('warning: the kill switch of the functions that share this journal is not read: give its parameter with --stop-parameter\n');
      return createRedress({ ...parts(more), ...(journal === undefined ? {} : { journal }) });
    },
  };
}

/**
 * Waits until a request is on its way, or its promise is settled: its answer takes a while, in which everything else is loaded. What it comes to, whoever
 * needs it finds out.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#http
 */
async function begun(request: Promise<unknown>): Promise<void> {
  const { subscribe, unsubscribe } = process.getBuiltinModule('node:diagnostics_channel');
  let started = (): void => undefined;
  const sent = new Promise<void>((done) => {
    started = done;
  });
  subscribe('http.client.request.start', started);
  const settled = request.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([sent, settled]);
  unsubscribe('http.client.request.start', started);
  // A turn for the socket to open, and one to write.
  for (let turn = 0; turn < 2; turn++) await Promise.race([settled, new Promise((done) => setImmediate(done))]);
}

function accountOfAmbient(ambient: Connect, region: string): () => Promise<string> {
  let asked: Promise<string> | null = null;
  const ask = async () => {
    // Whose the credentials are is not known before it is asked for; no account has this id.
    const connection = await ambient({ partition: partitionOf(region), account: '000000000000', region, access: 'read', execution: null });
    return (await connection.identity()).account;
  };
  return () => {
    asked ??= ask().catch((error: unknown) => {
      // A failure is not kept: whoever asks again may be answered.
      asked = null;
      throw error;
    });
    return asked;
  };
}

async function remediatorsOf(config: ConfigFile, overrides: Overrides): Promise<readonly Remediator[]> {
  return overrides.remediators ?? config.remediators ?? (await import('./builtin.js')).builtinRemediators;
}

/** The remediators alone, for commands that need no policy. */
export async function installedRemediators(io: Io, options: GlobalOptions, overrides: Overrides): Promise<readonly Remediator[]> {
  return remediatorsOf((await loadConfig(io, options.config)).config, overrides);
}

/** The region of the global options, or of the environment. */
export function regionOf(io: Io, options: GlobalOptions): string {
  const given = [options.region, io.env['AWS_REGION'], io.env['AWS_DEFAULT_REGION']].find((each) => each !== undefined && each !== '') ?? 'us-east-1';
  if (!isRegion(given) || given === 'aws-global')
    throw new CliError('cli/usage', `${JSON.stringify(given)} is not a region name.`, { next: 'For example: --region eu-west-1' });
  return given;
}

export function endpointOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new CliError('cli/usage', `${JSON.stringify(text)} is not an http or https URL.`, { next: 'For example: --endpoint-url http://127.0.0.1:5000' });
  return text;
}

/** The configuration, and the absolute path of its file; an empty one and null when there is none. */
async function loadConfig(io: Io, given: string | undefined): Promise<{ config: ConfigFile; file: string | null }> {
  const shown = given ?? DEFAULT_CONFIG;
  const file = resolve(io.cwd, shown);
  if (!(await exists(file))) {
    if (given === undefined) return { config: {}, file: null };
    throw new CliError('cli/config', `There is no file ${shown}.`, { place: { file: shown }, next: 'Give an existing file, or omit --config.' });
  }
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (cause) {
    throw new CliError('cli/config', `${shown} cannot be loaded: ${messageOf(cause)}`, {
      place: { file: shown },
      next: 'It must be an ECMAScript module whose default export is an object.',
      cause,
    });
  }
  if (typeof module.default !== 'object' || module.default === null)
    throw new CliError('cli/config', `${shown} has no default export that is an object.`, {
      place: { file: shown },
      next: 'export default { remediators: […] };',
    });
  const known = ['remediators', 'guardrails', 'notify', 'policy', 'exceptions', 'connect', 'redaction', 'organization'];
  const unknown = Object.keys(module.default).find((key) => !known.includes(key));
  // A guardrail under a mistyped name would silently not hold.
  if (unknown !== undefined)
    throw new CliError('cli/config', `${shown}: ${JSON.stringify(unknown)} is unknown; allowed: ${known.join(', ')}`, { place: { file: shown } });
  return { config: module.default as ConfigFile, file };
}

type PolicyPlace = { kind: 'file' | 'config' | 'default'; file: string | null };

function policyOf(io: Io, options: GlobalOptions, config: ConfigFile, needs: PolicyParts): { live: Live<Policy>; source: PolicyPlace } {
  if (options.policy === undefined && config.policy !== undefined) {
    const { policy } = config;
    const read = async () => {
      const value = isLive<Policy>(policy)
        ? await policy.read()
        : 'digest' in policy
          ? (policy as Policy)
          : await needs.read((also) => parsePolicy(policy, { also }));
      await needs.load(value);
      return value;
    };
    const value = isLive<Policy>(policy) ? null : read();
    // Where something else is refused first nobody reads it.
    value?.catch(() => undefined);
    return { live: { read: () => value ?? read() }, source: { kind: 'config', file: null } };
  }
  const shown = options.policy ?? DEFAULT_POLICY;
  const empty = options.policy === undefined ? definePolicy({ version: 1 }) : null;
  const live = liveFile(
    io,
    shown,
    async (text, file) => {
      const { readPolicy } = await import('@redress/core/yaml');
      return needs.read((also) => readPolicy(text, file, also));
    },
    (cause) => {
      if (empty !== null && isAbsent(cause)) return empty;
      throw new RedressError('policy/invalid', `The policy ${shown} cannot be read: ${reasonOf(cause)}`, {
        place: { file: shown },
        next: 'Give an existing file with --policy.',
        cause,
      });
    },
  );
  return { live, source: { kind: options.policy === undefined ? 'default' : 'file', file: shown } };
}

/** The register that the policy names, relative to the policy's own file. */
function registerOf(io: Io, config: ConfigFile, policy: Live<Policy>, policyFile: string | null): Live<Register> {
  if (config.exceptions !== undefined) {
    const { exceptions } = config;
    if (exceptions !== null && isLive<Register>(exceptions)) return exceptions;
    const value = exceptions !== null && 'digest' in exceptions ? (exceptions as Register) : parseRegister(exceptions);
    return { read: async () => value };
  }
  const none = defineRegister([]);
  const files = new Map<string, Live<Register>>();
  return {
    read: async () => {
      const named = (await policy.read()).exceptions.register;
      if (named === null) return none;
      const shown = registerFile(named, policyFile);
      let live = files.get(shown);
      if (live === undefined) {
        live = liveFile(
          io,
          shown,
          async (text, name) => (await import('@redress/core/yaml')).readRegister(text, name),
          (cause) => {
            throw new RedressError('register/invalid', `The exceptions register ${shown}, which the policy names, cannot be read: ${reasonOf(cause)}`, {
              place: { file: shown },
              next: 'Create it (an empty list is `[]`), or remove `exceptions.register` from the policy.',
              cause,
            });
          },
        );
        files.set(shown, live);
      }
      return live.read();
    },
  };
}

/** A register is named relative to the file that names it. */
function registerFile(named: string, policyFile: string | null): string {
  return isAbsolute(named) || policyFile === null ? named : join(dirname(policyFile), named);
}

/** A file that is read again each time, and parsed again when its text changed. */
function liveFile<T>(io: Io, shown: string, parse: (text: string, file: string) => Promise<T>, unreadable: (cause: unknown) => T): Live<T> {
  let last: { text: string; value: T } | null = null;
  return {
    read: async () => {
      let text: string;
      try {
        text = await readFile(resolve(io.cwd, shown), 'utf8');
      } catch (cause) {
        return unreadable(cause);
      }
      if (last?.text !== text) last = { text, value: await parse(text, shown) };
      return last.value;
    },
  };
}

/** Where the journal is, and the folder of the kill switch. */
export interface Data {
  /** As the person gave it. */
  readonly shown: string;
  readonly directory: string;
  /** A journal on AWS, instead of the one in the folder. */
  readonly aws: AwsPlace | null;
}

/** Table and bucket of a journal on AWS, and how they are reached. */
export interface AwsPlace {
  readonly table: string;
  readonly bucket: string;
  readonly prefix?: string;
  readonly region: string;
  readonly endpoint?: string;
  readonly profile?: string;
}

export function dataOf(io: Io, options: GlobalOptions): Data {
  const shown = options.data ?? DEFAULT_DATA;
  const directory = resolve(io.cwd, shown);
  if (options.journal === undefined) return { shown, directory, aws: null };
  const [, table, bucket, prefix] = /^aws:([A-Za-z0-9_.-]{3,255})\/([a-z0-9.-]{3,63})(?:\/(.*))?$/.exec(options.journal) ?? [];
  if (table === undefined || bucket === undefined)
    throw new CliError('cli/usage', `${JSON.stringify(options.journal)} is not a journal.`, {
      next: 'For example: --journal aws:redress-journal/redress-evidence',
    });
  return { shown: options.journal, directory, aws: awsPlace(io, options, { table, bucket, ...(prefix === undefined || prefix === '' ? {} : { prefix }) }) };
}

/** A table and a bucket in the region and with the credentials of the global options. */
export function awsPlace(io: Io, options: GlobalOptions, where: { readonly table: string; readonly bucket: string; readonly prefix?: string }): AwsPlace {
  return {
    ...where,
    region: regionOf(io, options),
    ...(options.endpointUrl === undefined ? {} : { endpoint: endpointOf(options.endpointUrl) }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
  };
}

/** `STOP` in the data folder stops changes; with the word `everything` in it, rollbacks too. */
export function killSwitch(data: Data): Live<Stop> {
  return {
    read: async () => {
      try {
        return (await readFile(join(data.directory, 'STOP'), 'utf8')).includes('everything') ? 'everything' : 'changes';
      } catch (cause) {
        if (isAbsent(cause)) return 'none';
        // A switch that cannot be read is a deny: the engine sees to it.
        throw cause;
      }
    },
  };
}

/** The kill switch of this folder and, where it is named, that of the functions that share the journal: either stops. */
function stopOf(io: Io, options: GlobalOptions, data: Data): Live<Stop> {
  const file = killSwitch(data);
  if (options.stopParameter === undefined) return file;
  if (options.stopParameter.trim() === '')
    throw new CliError('cli/usage', '--stop-parameter is empty.', { next: 'Give the output StopParameterName of the hub.' });
  const parameter = parameterStop({
    name: options.stopParameter,
    region: regionOf(io, options),
    ...(options.endpointUrl === undefined ? {} : { endpoint: endpointOf(options.endpointUrl) }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
  });
  return {
    read: async () => {
      const stops = [await file.read(), await parameter.read()];
      return stops.includes('everything') ? 'everything' : stops.includes('changes') ? 'changes' : 'none';
    },
  };
}

/** Whether there is a journal; one on AWS is taken to be there. */
export async function hasJournal(data: Data): Promise<boolean> {
  return data.aws !== null || exists(data.directory);
}

/** Opens the journal: that on AWS, or that of the data folder. */
export async function openJournal(data: Data, options: { readonly create: boolean; readonly clock?: Clock }): Promise<Journal> {
  const clock = options.clock === undefined ? {} : { clock: options.clock };
  if (data.aws !== null) return (await import('@redress/evidence/aws')).awsJournal({ ...data.aws, ...clock });
  if (!options.create && !(await exists(data.directory))) {
    throw new CliError('cli/not-found', `There is no journal in ${data.shown}.`, {
      place: { file: data.shown },
      next: 'Give its folder with --data, or `--journal aws:TABLE/BUCKET`; `redress run` makes a folder.',
    });
  }
  return (await import('@redress/evidence')).folderJournal({ directory: data.directory, ...clock });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (isAbsent(cause)) return false;
    throw new CliError('cli/file', `${path} cannot be read: ${reasonOf(cause)}`, { place: { file: path }, cause });
  }
}

function isAbsent(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** Why a file cannot be read, without its path, which is said already. */
export function reasonOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a folder';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    default:
      return messageOf(cause);
  }
}
