import { describe, expect, it } from 'vitest';
import { type AwsFailure, awsError, classifyAwsError, isGone } from './aws-errors.js';

/** As an SDK client throws it. */
const thrown = (name: string, status?: number, over: object = {}) =>
  Object.assign(new Error('said so'), { name, $metadata: { ...(status === undefined ? {} : { httpStatusCode: status }), requestId: 'r-1' } }, over);
const kind = (error: unknown) => {
  const { code, retryable, effect } = classifyAwsError(error);
  return [code, retryable, effect];
};

describe('a failure by its name', () => {
  const DENIED = ['aws/denied', false, 'refused'];
  const EXPIRED = ['aws/denied', true, 'refused'];
  const THROTTLED = ['aws/throttled', true, 'refused'];
  const GONE = ['aws/gone', false, 'refused'];
  const CONFLICT = ['aws/conflict', true, 'refused'];
  it.each<[string, unknown[]]>([
    ['AccessDenied', DENIED],
    ['AccessDeniedException', DENIED],
    ['UnauthorizedOperation', DENIED],
    ['Client.UnauthorizedOperation', DENIED],
    ['AuthFailure', DENIED],
    ['UnauthorizedException', DENIED],
    ['InvalidClientTokenId', DENIED],
    ['UnrecognizedClientException', DENIED],
    ['SignatureDoesNotMatch', DENIED],
    ['OptInRequired', DENIED],
    ['NotAuthorizedException', DENIED],
    ['ExpiredToken', EXPIRED],
    ['ExpiredTokenException', EXPIRED],
    ['RequestExpired', EXPIRED],
    ['Client.RequestExpired', EXPIRED],
    ['Throttling', THROTTLED],
    ['ThrottlingException', THROTTLED],
    ['RequestLimitExceeded', THROTTLED],
    ['TooManyRequestsException', THROTTLED],
    ['SlowDown', THROTTLED],
    ['RequestThrottledException', THROTTLED],
    ['ProvisionedThroughputExceededException', THROTTLED],
    ['LimitExceededException', THROTTLED],
    ['EC2ThrottledException', THROTTLED],
    ['InvalidGroup.NotFound', GONE],
    ['ResourceNotFoundException', GONE],
    ['NoSuchBucket', GONE],
    ['NoSuchEntity', GONE],
    ['QueueDoesNotExist', GONE],
    ['WAFNonexistentItemException', GONE],
    // A service that has no such operation says nothing of a resource.
    ['UnknownOperationException', ['aws/not-emulated', false, 'refused']],
    ['UnknownOperation', ['aws/not-emulated', false, 'refused']],
    ['ConflictException', CONFLICT],
    ['InvalidPermission.Duplicate', CONFLICT],
    ['EntityAlreadyExists', CONFLICT],
    ['OperationAborted', CONFLICT],
    ['ConcurrentModificationException', CONFLICT],
    ['IncorrectState', CONFLICT],
    ['DependencyViolation', CONFLICT],
    ['InvalidParameterValue', ['aws/invalid', false, 'refused']],
    // Those of whole names are of these alone.
    ['NotAccessDenied', ['aws/invalid', false, 'refused']],
    ['AccessDeniedByDesign', ['aws/invalid', false, 'refused']],
    ['UnThrottled', ['aws/invalid', false, 'refused']],
    ['VpcLimitExceededException', ['aws/invalid', false, 'refused']],
    ['TokenRequestExpired', ['aws/invalid', false, 'refused']],
    ['ExpiredTokenExceptions', ['aws/invalid', false, 'refused']],
  ])('%s', (name, expected) => {
    expect(kind(thrown(name, 400))).toEqual(expected);
  });

  it('recognizes that a service has no such operation, even with the status of a missing resource', () => {
    expect(kind(thrown('UnknownOperationException', 404))).toEqual(['aws/not-emulated', false, 'refused']);
  });

  it('reads the member that S3 uses', () => {
    expect(classifyAwsError(thrown('Error', 400, { Code: 'SlowDown' }))).toMatchObject({ code: 'aws/throttled', name: 'SlowDown' });
    expect(classifyAwsError(thrown('SlowDown', 400, { Code: 7 }))).toMatchObject({ code: 'aws/throttled', name: 'SlowDown' });
  });
});

describe('a failure by its status', () => {
  it.each<[number | undefined, string, boolean, string]>([
    [429, 'aws/throttled', true, 'refused'],
    [401, 'aws/denied', false, 'refused'],
    [403, 'aws/denied', false, 'refused'],
    [404, 'aws/gone', false, 'refused'],
    [409, 'aws/conflict', true, 'refused'],
    [412, 'aws/conflict', true, 'refused'],
    [400, 'aws/invalid', false, 'refused'],
    [499, 'aws/invalid', false, 'refused'],
    [500, 'aws/server', true, 'unknown'],
    [503, 'aws/server', true, 'unknown'],
    [399, 'aws/unknown', false, 'unknown'],
    [200, 'aws/unknown', false, 'unknown'],
    [undefined, 'aws/unreachable', true, 'unknown'],
  ])('%s', (status, ...expected) => {
    expect(kind(thrown('Oops', status))).toEqual(expected);
  });

  it('of a server that does not report the result may have had an effect, whatever its name', () => {
    expect(kind(thrown('ConflictException', 500))).toEqual(['aws/server', true, 'unknown']);
    expect(kind(thrown('NoSuchBucket', 500))).toEqual(['aws/server', true, 'unknown']);
    // What was refused before it was looked at was refused.
    expect(kind(thrown('SlowDown', 503))).toEqual(['aws/throttled', true, 'refused']);
  });
});

it.each([
  "char '<' is not expected.:1:1",
  'Unexpected token < in JSON at position 0',
  'Unexpected token \'<\', "<html>" is not valid JSON',
  '"Not Found" is not valid JSON',
  'Deserialization error: to see the raw response, inspect the hidden field',
])('an emulator without an operation returns what the SDK cannot read: %s', (message) => {
  expect(kind(Object.assign(new Error(message), { name: 'SyntaxError', $metadata: { httpStatusCode: 404 } }))).toEqual(['aws/not-emulated', false, 'unknown']);
});

it('a failure has what the service returned and nothing else', () => {
  expect(classifyAwsError(thrown('NoSuchKey', 404))).toEqual({
    code: 'aws/gone',
    name: 'NoSuchKey',
    message: 'said so',
    requestId: 'r-1',
    retryable: false,
    effect: 'refused',
  } satisfies AwsFailure);
  const nothing = { name: 'Unknown', requestId: null, code: 'aws/unreachable' };
  expect(classifyAwsError('down')).toMatchObject({ ...nothing, message: 'down' });
  expect(classifyAwsError(undefined)).toMatchObject(nothing);
  expect(classifyAwsError({ name: 7, $metadata: 'x' })).toMatchObject(nothing);
  expect(classifyAwsError({ $metadata: { httpStatusCode: '404', requestId: 7 } })).toMatchObject(nothing);
  expect(classifyAwsError({ name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } })).toMatchObject({ code: 'aws/gone', name: 'NoSuchKey' });
});

describe('as an error', () => {
  const failure = (code: AwsFailure['code']): AwsFailure => ({ code, name: 'Oops', message: 'said so', requestId: null, retryable: true, effect: 'unknown' });
  it("it names the call, the service's message, and the next step", () => {
    const cause = new Error('cause');
    const error = awsError('s3:GetBucketAcl', failure('aws/denied'), cause);
    expect(error).toMatchObject({ code: 'aws/denied', message: 's3:GetBucketAcl: Oops: said so', retryable: true, cause });
    expect(error.next).toContain('s3:GetBucketAcl');
    for (const code of ['aws/throttled', 'aws/not-emulated', 'aws/unreachable'] as const)
      expect(awsError('s3:GetBucketAcl', failure(code), cause).next, code).toMatch(/\w/);
    // Nobody can do anything about the others.
    expect(awsError('s3:GetBucketAcl', { ...failure('aws/server'), retryable: false }, cause)).toMatchObject({ retryable: false });
    expect(awsError('s3:GetBucketAcl', failure('aws/server'), cause).next).toBe(awsError('s3:GetBucketAcl', failure('aws/gone'), cause).next);
  });

  it('only this error means that a resource is missing', () => {
    expect(isGone(awsError('s3:GetBucketAcl', failure('aws/gone'), null))).toBe(true);
    expect(isGone({ code: 'aws/gone' })).toBe(true);
    expect(isGone(awsError('s3:GetBucketAcl', failure('aws/denied'), null))).toBe(false);
    for (const other of [null, undefined, 'aws/gone', Object.assign(() => 0, { code: 'aws/gone' })]) expect(isGone(other)).toBe(false);
  });
});
