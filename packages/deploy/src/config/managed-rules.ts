import { type JsonObject, namesOfType, type Remediator } from '@redress/core';

/** Managed rules whose default name is not their identifier in lower case. */
const DEFAULT_NAMES: Readonly<Record<string, string>> = {
  INCOMING_SSH_DISABLED: 'restricted-ssh',
  RESTRICTED_INCOMING_TRAFFIC: 'restricted-common-ports',
};

/** Parameters of managed rules that have to agree with those of a remediator. Otherwise Config keeps reporting what is already right. */
const INPUTS: Readonly<Record<string, Readonly<Record<string, (parameters: JsonObject) => Readonly<Record<string, string>>>>>> = {
  ACCESS_KEYS_ROTATED: {
    'iam-flag-stale-access-key': ({ maxAgeDays }) => ({ maxAccessKeyAge: String(maxAgeDays) }),
    'iam-deactivate-stale-access-key': ({ maxAgeDays }) => ({ maxAccessKeyAge: String(maxAgeDays) }),
  },
  CW_LOGGROUP_RETENTION_PERIOD_CHECK: { 'logs-raise-retention': ({ minDays }) => ({ MinRetentionTime: String(minDays) }) },
  IAM_PASSWORD_POLICY: {
    'iam-strengthen-password-policy': ({ minLength, reusePrevention }) => ({
      MinimumPasswordLength: String(minLength),
      PasswordReusePrevention: String(reusePrevention),
    }),
    'iam-set-password-expiration': ({ maxAgeDays }) => ({ MaxPasswordAge: String(maxAgeDays) }),
  },
  IAM_USER_UNUSED_CREDENTIALS_CHECK: { 'iam-deactivate-unused-access-key': ({ maxUnusedDays }) => ({ maxCredentialUsageAge: String(maxUnusedDays) }) },
  VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS: {
    'ec2-revoke-sg-unauthorized-open-ports': ({ authorizedTcp, authorizedUdp }) => ({
      ...listed('authorizedTcpPorts', authorizedTcp),
      ...listed('authorizedUdpPorts', authorizedUdp),
    }),
  },
};
/** A list as the parameter of a rule. A rule accepts no empty list. */
const listed = (name: string, list: unknown): Readonly<Record<string, string>> => (Array.isArray(list) && list.length > 0 ? { [name]: list.join(',') } : {});

/**
 * Managed rules that check for more than one remediator changes, with the remediators that change all of it together. An empty list: what is fixed stays
 * non-compliant, and is reported again.
 */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  CLOUD_TRAIL_ENABLED: ['cloudtrail-enable-multi-region-trail', 'cloudtrail-restart-logging'],
  // A trail that exists is secured by the others.
  CLOUDTRAIL_SECURITY_TRAIL_ENABLED: [
    ...['cloudtrail-enable-multi-region-trail', 'cloudtrail-restart-logging'],
    ...['cloudtrail-enable-log-file-validation', 'cloudtrail-encrypt-with-kms'],
  ],
  MULTI_REGION_CLOUD_TRAIL_ENABLED: ['cloudtrail-enable-multi-region-trail', 'cloudtrail-restart-logging'],
  IAM_PASSWORD_POLICY: ['iam-strengthen-password-policy', 'iam-set-password-expiration'],
  // A copy is created, and people delete the original.
  RDS_SNAPSHOT_ENCRYPTED: [],
};

/** The remediators that together change everything a rule checks for; null: it checks for more than they change. Empty if any one is enough. */
export function neededFor(identifier: string, remediators: readonly Remediator[]): readonly Remediator[] | null {
  const all = TOGETHER[identifier];
  if (all === undefined) return [];
  const needed = all.flatMap((id) => remediators.find((each) => each.id === id) ?? []);
  return all.length > 0 && needed.length === all.length ? needed : null;
}

const IDENTIFIER = /^[A-Z0-9_]+$/;

/** A managed Config rule that remediators support. */
export interface KnownRule {
  /** `INCOMING_SSH_DISABLED`. */
  readonly identifier: string;
  /** Its default name, `restricted-ssh`. Findings of a rule with this name reach the remediators. */
  readonly name: string;
  /** The type of what it evaluates, as AWS Config names it. */
  readonly resourceType: string;
  /** Narrow before wide. */
  readonly remediators: readonly Remediator[];
  /** Parameters of the rule that have to agree with those of the remediator. */
  readonly input: Readonly<Record<string, string>>;
  /** Whether a remediator can automatically close what the rule finds when Config calls, which does not show that anything is new; otherwise the reason. */
  readonly remediable: true | string;
}

/** Returns the parameters of a remediator; by default its own defaults. */
export type ParametersOf = (remediator: Remediator) => JsonObject;

export const defaults: ParametersOf = (remediator) => remediator.parameters(undefined);

/**
 * The managed rules that remediators support, by identifier. A remediator lists identifiers and default names together, because findings have either. A name
 * that is not the default name of an identifier belongs to a custom rule, which only its owner can create.
 */
export function knownRules(remediators: readonly Remediator[], parametersOf: ParametersOf = defaults): readonly KnownRule[] {
  const identifiers = [...new Set(remediators.flatMap((each) => each.configRules.filter((rule) => IDENTIFIER.test(rule))))].sort();
  return identifiers.map((identifier) => {
    const knowing = remediators.filter((each) => each.configRules.includes(identifier)).sort((a, b) => a.breadth - b.breadth || (a.id < b.id ? -1 : 1));
    return {
      identifier,
      name: DEFAULT_NAMES[identifier] ?? nameOf(identifier),
      resourceType: evaluatedBy(identifier, knowing[0]?.resourceTypes[0] ?? ''),
      remediators: knowing,
      input: inputOf(identifier, knowing, parametersOf),
      remediable: remediable(identifier, knowing, remediators),
    };
  });
}

/** Names in `configRules` that belong to no managed rule in it. */
export function customRules(remediator: Pick<Remediator, 'configRules'>): readonly string[] {
  const names = remediator.configRules.filter((rule) => IDENTIFIER.test(rule)).flatMap((rule) => [nameOf(rule), DEFAULT_NAMES[rule]]);
  return remediator.configRules.filter((rule) => !IDENTIFIER.test(rule) && !names.includes(rule));
}

/** What a rule calls resources of a type: if AWS Config has several names for it, each has rules of its own, which begin with its service. */
export function evaluatedBy(identifier: string, type: string): string {
  return namesOfType(type).find((name) => identifier.startsWith(`${name.split('::')[1]?.toUpperCase()}_`)) ?? type;
}

const nameOf = (identifier: string) => identifier.toLowerCase().replaceAll('_', '-');

/** The parameters that a rule needs to agree with the changes of a remediator; empty if they cannot disagree. */
export function inputOf(identifier: string, remediators: readonly Remediator[], parametersOf: ParametersOf): Readonly<Record<string, string>> {
  const inputs = Object.entries(INPUTS[identifier] ?? {}).map(([id, from]) => {
    const source = remediators.find((each) => each.id === id);
    return source === undefined ? {} : from(parametersOf(source));
  });
  return Object.assign({}, ...inputs);
}

function remediable(identifier: string, remediators: readonly Remediator[], all: readonly Remediator[]): true | string {
  const needed = neededFor(identifier, all);
  if (needed === null) return 'it checks more than remediators change';
  if (needed.some((each) => each.ceiling !== 'enforce')) return 'a part of what it checks needs an approval';
  if (remediators.some((each) => does(each) === 'fix' && each.ceiling === 'enforce' && each.freshWithin === null)) return true;
  if (remediators.some((each) => does(each) === 'fix')) return 'automatic changes are made only to what an event shows to be new';
  return remediators.some((each) => does(each) === 'flag') ? 'it is flagged, and stays open' : 'people are only notified';
}

/** The most that a remediator does: it fixes, sets a flag that it removes once the gap is closed, or notifies. */
export function does(remediator: Pick<Remediator, 'uses' | 'whenResolved'>): 'fix' | 'flag' | 'tell' {
  if (remediator.uses.writes.length === 0) return 'tell';
  return remediator.whenResolved ? 'flag' : 'fix';
}
