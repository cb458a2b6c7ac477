import { RedressError } from './errors.js';
import { type Digest, digestOf } from './json.js';

/** The AWS partitions that Redress knows. */
export type Partition = 'aws' | 'aws-cn' | 'aws-us-gov';

/** The region of resources that have none, such as IAM users. So sweeps of many regions lead to one action. */
export const GLOBAL_REGION = 'aws-global';

/**
 * One AWS resource, by canonical type and native id.
 *
 * `type` is the CloudFormation and AWS Config name (`AWS::EC2::SecurityGroup`), the one of {@link oneType} if there are several. `id` is the id the
 * service's own API takes: group id, bucket name, user name, log group name, 12-digit account for `AWS::::Account`.
 */
export interface ResourceRef {
  readonly type: string;
  readonly id: string;
  /** 12 digits. */
  readonly account: string;
  /** For example `us-east-1`; `aws-global` for resources without one. */
  readonly region: string;
  readonly partition: Partition;
}

const TYPE = /^AWS::[A-Za-z0-9]*::[A-Za-z0-9]+(?:::[A-Za-z0-9]+)*$/;
const REGION = /^(?:aws-global|[a-z]{2,8}(?:-[a-z]+)+-[0-9]{1,2})$/;
const ACCOUNT = /^[0-9]{12}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

// AWS Config and Security Hub have a type for each engine of a domain. Its ARN, its API and its settings are the same, and an upgrade changes the engine.
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([['AWS::Elasticsearch::Domain', 'AWS::OpenSearch::Domain']]);

/**
 * The one type that a resource has here, if AWS has several names for it. Two types would be two resources: an exception, a hold or a lease of one
 * would not cover the other.
 *
 * @example oneType('AWS::Elasticsearch::Domain') // 'AWS::OpenSearch::Domain'
 */
export function oneType(type: string): string {
  return OTHER_NAMES.get(type) ?? type;
}

/**
 * All names that AWS has for a type, the one of {@link oneType} first: for what AWS is asked, and for what people write.
 *
 * @example namesOfType('AWS::OpenSearch::Domain') // ['AWS::OpenSearch::Domain', 'AWS::Elasticsearch::Domain']
 */
export function namesOfType(type: string): readonly string[] {
  const one = oneType(type);
  return [one, ...[...OTHER_NAMES].flatMap(([other, of]) => (of === one ? [other] : []))];
}

/** Whether a text is a 12-digit AWS account id. */
export function isAccountId(value: unknown): value is string {
  return typeof value === 'string' && ACCOUNT.test(value);
}

/** Whether a text has the form of a region name, or is `aws-global`. */
export function isRegion(value: unknown): value is string {
  return typeof value === 'string' && REGION.test(value);
}

/** The partition of a region name. */
export function partitionOf(region: string): Partition {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}

/**
 * Creates a validated {@link ResourceRef}, by the one type that {@link oneType} gives.
 *
 * @example resource({ type: 'AWS::S3::Bucket', id: 'invoices', account: '111111111111', region: 'eu-west-1' })
 * @throws {RedressError} `resource/invalid` naming the invalid member. Empty and wildcard IDs are refused: an empty selection must never mean
 *   everything.
 */
export function resource(input: { type: string; id: string; account: string; region: string; partition?: Partition }): ResourceRef {
  const refuse = (member: string, why: string): never => {
    throw new RedressError('resource/invalid', `Resource ${member} ${why}.`, {
      place: { path: member },
      next: 'Give the canonical type, the native id, a 12-digit account and a region.',
    });
  };
  if (typeof input.type !== 'string' || !TYPE.test(input.type)) refuse('type', `${JSON.stringify(input.type)} is not of the form AWS::Service::Type`);
  if (typeof input.id !== 'string' || input.id.trim() === '' || input.id === '*') refuse('id', `${JSON.stringify(input.id)} is empty or a wildcard`);
  if (input.id.length > 2048 || CONTROL.test(input.id)) refuse('id', 'is too long or holds control characters');
  if (!isAccountId(input.account)) refuse('account', `${JSON.stringify(input.account)} is not 12 digits`);
  if (!isRegion(input.region)) refuse('region', `${JSON.stringify(input.region)} is not a region name`);
  const partition = input.partition ?? partitionOf(input.region);
  if (input.region !== GLOBAL_REGION && partition !== partitionOf(input.region)) refuse('partition', `${partition} does not hold region ${input.region}`);
  return Object.freeze({ type: oneType(input.type), id: input.id, account: input.account, region: input.region, partition });
}

/** The name of a resource's stream and lease: equal for equal resources, whichever source names them. */
export function streamOf(ref: ResourceRef): Digest {
  // In the order in which they are hashed.
  return digestOf({ account: ref.account, id: ref.id, partition: ref.partition, region: ref.region, type: ref.type });
}

/** A short text for people: `AWS::S3::Bucket invoices (111111111111, eu-west-1)`. */
export function formatResource(ref: ResourceRef): string {
  return `${ref.type} ${ref.id} (${ref.account}, ${ref.region})`;
}
