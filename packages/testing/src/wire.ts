import type { IncomingHttpHeaders } from 'node:http';
import { isReadOperation } from '@redress/core';

/** One request to AWS on the wire. Its names come from the request itself, not from the client that sent it. */
export interface WireCall {
  /** Signing name: the service in the credential scope of the signature. */
  readonly service: string;
  /** API operation; method and path if the request does not name it (`PUT /2015-03-31/functions`). */
  readonly operation: string;
  /** Whether `operation` is the API's own name. */
  readonly named: boolean;
  /** Whether it may change something. */
  readonly write: boolean;
  /** Status of the reply; null while it is in progress, and if the reply was cut off. */
  readonly status: number | null;
  /** Whether it reached the endpoint. */
  readonly forwarded: boolean;
  /** The fault that was injected into it. */
  readonly fault: FaultKind | null;
  /** Whether the emulator replied that it does not know the operation. */
  readonly notEmulated: boolean;
}

/** Kinds of faults of a call. */
export type FaultKind =
  /** Refused because a permission is missing. */
  | 'denied'
  /** Refused because there were too many calls. */
  | 'throttled'
  /** Refused because the resource does not exist. */
  | 'gone'
  /** Fails with status 500, and has no effect. */
  | 'server-error'
  /** It has its effect, but its reply never arrives. */
  | 'lost-reply'
  /** It arrives late. */
  | 'delay';

export type Protocol = 'ec2' | 'query' | 'json' | 'rest-json' | 'rest-xml' | 'cbor';

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

type Named = Pick<WireCall, 'service' | 'operation' | 'named' | 'write'> & { readonly protocol: Protocol };

/** Names a request. */
export function nameCall({ method, url, headers, body }: RequestHead): Named {
  const { pathname, searchParams } = new URL(url, 'http://endpoint.invalid');
  // Credential=AKIA…/20261124/us-east-1/ec2/aws4_request
  const service = /Credential=[^/]+\/\d{8}\/[^/]*\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '')?.[1] ?? 'unsigned';
  const by = (protocol: Protocol, operation: string): Named => ({ service, operation, named: true, write: !isReadOperation(operation), protocol });

  const cbor = /^\/service\/[^/]+\/operation\/([A-Za-z0-9]+)$/.exec(pathname);
  if (cbor?.[1] !== undefined && headers['smithy-protocol'] === 'rpc-v2-cbor') return by('cbor', cbor[1]);
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return by('json', target.slice(target.lastIndexOf('.') + 1));
  const form = (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded') ? new URLSearchParams(body.toString('utf8')) : searchParams;
  const action = form.get('Action');
  if (action !== null) return by(service === 'ec2' ? 'ec2' : 'query', action);
  // S3 Control signs as S3 does; settings of accounts have paths of their own.
  if (service === 's3' && pathname === '/v20180820/configuration/publicAccessBlock' && VERBS[method] !== undefined)
    return { ...by('rest-xml', `${VERBS[method]}PublicAccessBlock`), service: 's3control' };
  if (service === 's3' && !pathname.startsWith('/v20180820/')) {
    const operation = s3Operation(method, pathname, searchParams, headers);
    if (operation !== null) return { ...by('rest-xml', operation), write: method !== 'GET' && method !== 'HEAD' };
  }
  const protocol: Protocol = ['s3', 'route53', 'cloudfront'].includes(service) ? 'rest-xml' : 'rest-json';
  return { service, operation: `${method} ${pathname}`, named: false, write: method !== 'GET' && method !== 'HEAD', protocol };
}

/** S3 subresources: the name after the verb, for buckets and for objects. */
const S3: Readonly<Record<string, readonly [bucket: string, object?: string]>> = {
  accelerate: ['BucketAccelerateConfiguration'],
  acl: ['BucketAcl', 'ObjectAcl'],
  analytics: ['BucketAnalyticsConfiguration'],
  cors: ['BucketCors'],
  encryption: ['BucketEncryption'],
  'intelligent-tiering': ['BucketIntelligentTieringConfiguration'],
  inventory: ['BucketInventoryConfiguration'],
  'legal-hold': ['', 'ObjectLegalHold'],
  lifecycle: ['BucketLifecycleConfiguration'],
  location: ['BucketLocation'],
  logging: ['BucketLogging'],
  metrics: ['BucketMetricsConfiguration'],
  notification: ['BucketNotificationConfiguration'],
  'object-lock': ['ObjectLockConfiguration'],
  ownershipControls: ['BucketOwnershipControls'],
  policy: ['BucketPolicy'],
  policyStatus: ['BucketPolicyStatus'],
  publicAccessBlock: ['PublicAccessBlock'],
  replication: ['BucketReplication'],
  requestPayment: ['BucketRequestPayment'],
  retention: ['', 'ObjectRetention'],
  tagging: ['BucketTagging', 'ObjectTagging'],
  versioning: ['BucketVersioning'],
  website: ['BucketWebsite'],
};
const VERBS: Readonly<Record<string, string>> = { GET: 'Get', HEAD: 'Head', PUT: 'Put', DELETE: 'Delete' };
// These delete a bucket's configuration under another name than they put it.
const S3_ALIASES: Readonly<Record<string, string>> = { DeleteBucketLifecycleConfiguration: 'DeleteBucketLifecycle' };

function s3Operation(method: string, pathname: string, query: URLSearchParams, headers: IncomingHttpHeaders): string | null {
  const [bucket = '', ...rest] = pathname.slice(1).split('/');
  const key = rest.join('/');
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : null;
  const verb = VERBS[method];
  if (verb === undefined) return method === 'POST' && query.has('delete') ? 'DeleteObjects' : null;
  for (const [name, [ofBucket, ofObject]] of Object.entries(S3)) {
    if (!query.has(name)) continue;
    const what = key === '' ? ofBucket : ofObject;
    if (what === undefined || what === '') return null;
    return S3_ALIASES[verb + what] ?? verb + what;
  }
  if (key === '') {
    if (method === 'GET')
      return query.has('versions')
        ? 'ListObjectVersions'
        : query.has('uploads')
          ? 'ListMultipartUploads'
          : query.get('list-type') === '2'
            ? 'ListObjectsV2'
            : 'ListObjects';
    return method === 'PUT' ? 'CreateBucket' : `${verb}Bucket`;
  }
  return method === 'PUT' && headers['x-amz-copy-source'] !== undefined ? 'CopyObject' : `${verb}Object`;
}

const CODES: Readonly<Record<'denied' | 'throttled' | 'gone' | 'server-error', Readonly<Record<Protocol, readonly [status: number, code: string]>>>> = {
  denied: {
    ec2: [403, 'UnauthorizedOperation'],
    query: [403, 'AccessDenied'],
    json: [400, 'AccessDeniedException'],
    cbor: [400, 'AccessDeniedException'],
    'rest-json': [403, 'AccessDeniedException'],
    'rest-xml': [403, 'AccessDenied'],
  },
  throttled: {
    ec2: [503, 'RequestLimitExceeded'],
    query: [400, 'Throttling'],
    json: [400, 'ThrottlingException'],
    cbor: [400, 'ThrottlingException'],
    'rest-json': [429, 'TooManyRequestsException'],
    'rest-xml': [503, 'SlowDown'],
  },
  gone: {
    ec2: [400, 'InvalidResource.NotFound'],
    query: [404, 'NoSuchEntity'],
    json: [400, 'ResourceNotFoundException'],
    cbor: [400, 'ResourceNotFoundException'],
    'rest-json': [404, 'ResourceNotFoundException'],
    'rest-xml': [404, 'NoSuchBucket'],
  },
  'server-error': {
    ec2: [500, 'InternalError'],
    query: [500, 'InternalFailure'],
    json: [500, 'InternalServerError'],
    cbor: [500, 'InternalServerError'],
    'rest-json': [500, 'InternalServerError'],
    'rest-xml': [500, 'InternalError'],
  },
};

/** An error reply in the form of the request's protocol. */
export function errorReply(
  kind: keyof typeof CODES,
  protocol: Protocol,
  code?: string,
): { readonly status: number; readonly headers: Record<string, string>; readonly body: Buffer } {
  const [status, usual] = CODES[kind][protocol];
  const name = code ?? usual;
  const message = `Injected by the conformance kit: ${kind}.`;
  const id = '00000000-0000-4000-8000-000000000000';
  const xml = (text: string) => ({
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': id, 'x-amz-request-id': id },
    body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`),
  });
  switch (protocol) {
    case 'ec2':
      return xml(`<Response><Errors><Error><Code>${name}</Code><Message>${message}</Message></Error></Errors><RequestID>${id}</RequestID></Response>`);
    case 'query':
      return xml(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error><RequestId>${id}</RequestId></ErrorResponse>`,
      );
    case 'rest-xml':
      return xml(`<Error><Code>${name}</Code><Message>${message}</Message><RequestId>${id}</RequestId></Error>`);
    case 'cbor':
      return {
        status,
        headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', 'x-amzn-requestid': id },
        body: cborTexts({ __type: name, message }),
      };
    default: {
      const type = protocol === 'json' ? 'application/x-amz-json-1.1' : 'application/json';
      return {
        status,
        headers: { 'content-type': type, 'x-amzn-errortype': name, 'x-amzn-requestid': id },
        body: Buffer.from(JSON.stringify({ __type: name, message })),
      };
    }
  }
}

/** A CBOR map of texts (RFC 8949, 3.1): all that an error needs. */
function cborTexts(members: Readonly<Record<string, string>>): Buffer {
  const head = (major: number, length: number) =>
    length < 24 ? Buffer.from([(major << 5) | length]) : Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
  const text = (value: string) => Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  const entries = Object.entries(members);
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, value]) => [text(key), text(value)])]);
}
