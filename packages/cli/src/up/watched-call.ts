import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isReadOperation, isRecord, type JsonObject } from '@redress/core';

/** A request to the emulator, as it went by. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What CloudTrail would call it. */
export interface WatchedCall {
  readonly service: string;
  readonly region: string;
  readonly operation: string;
  readonly request: JsonObject;
}

// Sub-resources of buckets, by the query that names them.
const BUCKET: Readonly<Record<string, string>> = {
  encryption: 'BucketEncryption',
  publicAccessBlock: 'BucketPublicAccessBlock',
  policy: 'BucketPolicy',
  acl: 'BucketAcl',
  website: 'BucketWebsite',
  tagging: 'BucketTagging',
};

/**
 * The write that a request is, in CloudTrail's spelling; null for reads, and for what is not known here: EC2 and IAM, buckets, and services that
 * speak JSON by target. Parameters are those of the request alone; CloudTrail adds those of the answer.
 */
export function watchedCall({ method, url, headers, body }: Seen): WatchedCall | null {
  const [, region, service] = /Credential=[^/]+\/\d{8}\/([^/]*)\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '') ?? [];
  if (region === undefined || service === undefined) return null;
  const known = service === 's3' ? bucketCall(method, url) : (queryCall(headers, body) ?? targetCall(headers, body));
  return known === null || isReadOperation(known.operation) ? null : { service, region, ...known };
}

type Known = Pick<WatchedCall, 'operation' | 'request'>;

function bucketCall(method: string, url: string): Known | null {
  const { pathname, searchParams } = new URL(url, 'http://emulator.invalid');
  const [bucket = '', key = ''] = pathname.slice(1).split('/');
  if (bucket === '' || key !== '' || (method !== 'PUT' && method !== 'DELETE')) return null;
  const part = Object.keys(BUCKET).find((name) => searchParams.has(name));
  const verb = method === 'PUT' ? 'Put' : 'Delete';
  if (part === undefined && [...searchParams.keys()].some((name) => name !== 'x-id')) return null;
  const operation = part === undefined ? (method === 'PUT' ? 'CreateBucket' : 'DeleteBucket') : `${verb}${BUCKET[part]}`;
  return { operation, request: { bucketName: bucket } };
}

function queryCall(headers: IncomingHttpHeaders, body: Buffer): Known | null {
  if (!(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) return null;
  const form = new URLSearchParams(body.toString('utf8'));
  const operation = form.get('Action');
  if (operation === null) return null;
  const tree: Tree = new Map();
  for (const [name, value] of form) if (name !== 'Action' && name !== 'Version') plant(tree, name.split('.'), value);
  return { operation, request: unfold(tree) as JsonObject };
}

type Tree = Map<string, Tree | string>;

function plant(tree: Tree, [head = '', ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) {
    tree.set(head, value);
    return;
  }
  const below = tree.get(head);
  const next: Tree = below instanceof Map ? below : new Map();
  tree.set(head, next);
  plant(next, rest, value);
}

/** `IpPermissions.1.FromPort=22` as CloudTrail writes it: `ipPermissions: { items: [{ fromPort: 22 }] }`. */
function unfold(tree: Tree | string, name = ''): JsonObject | string | number {
  // Of numbers, only ports matter; a user may be called 42.
  if (typeof tree === 'string') return /Port$/.test(name) && /^-?\d+$/.test(tree) ? Number(tree) : tree;
  const entries = [...tree];
  if (entries.length > 0 && entries.every(([name]) => /^\d+$/.test(name))) return { items: entries.map(([, each]) => unfold(each)) };
  return Object.fromEntries(entries.map(([name, each]) => [name.charAt(0).toLowerCase() + name.slice(1), unfold(each, name)]));
}

function targetCall(headers: IncomingHttpHeaders, body: Buffer): Known | null {
  const target = headers['x-amz-target'];
  if (typeof target !== 'string') return null;
  try {
    const request: unknown = JSON.parse(body.toString('utf8'));
    return isRecord(request) ? { operation: target.slice(target.lastIndexOf('.') + 1), request: request as JsonObject } : null;
  } catch {
    // Not JSON: nothing can be reported.
    return null;
  }
}

/** The record that CloudTrail writes of a call that succeeded. */
export function cloudTrailRecord(call: WatchedCall, account: string, userAgent: string): JsonObject {
  const time = new Date().toISOString().replace(/\.\d{3}Z$/, 'Z');
  return {
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', principalId: 'AIDALOCALTWIN', arn: `arn:aws:iam::${account}:user/you`, accountId: account, userName: 'you' },
    eventTime: time,
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.operation,
    awsRegion: call.region,
    sourceIPAddress: '127.0.0.1',
    userAgent,
    requestParameters: call.request,
    responseElements: null,
    requestID: randomUUID(),
    eventID: randomUUID(),
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: account,
    eventCategory: 'Management',
  };
}
