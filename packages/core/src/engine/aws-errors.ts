import { messageOf, RedressError, type RedressErrorCode } from '../model/errors.js';
import { isRecord } from '../model/json.js';

/** The failure of an AWS call, and whether the call may have had its effect nevertheless. */
export interface AwsFailure {
  readonly code: Extract<RedressErrorCode, `aws/${string}`>;
  /** The service's own error code. */
  readonly name: string;
  readonly message: string;
  readonly requestId: string | null;
  readonly retryable: boolean;
  /** `refused`: nothing changed. `unknown`: the reply was lost, or does not show it. */
  readonly effect: 'refused' | 'unknown';
}

const DENIED =
  /^(?:AccessDenied|AccessDeniedException|Client\.UnauthorizedOperation|AuthFailure|Unauthorized.*|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|OptInRequired|NotAuthorized.*)$/;
const THROTTLED =
  /^(?:Throttl.*|RequestLimitExceeded|TooManyRequests.*|SlowDown|RequestThrottled.*|ProvisionedThroughputExceeded.*|LimitExceededException|EC2ThrottledException)$/;
// Credentials are renewed; the call was refused before it was looked at.
const EXPIRED = /^(?:ExpiredToken(?:Exception)?|RequestExpired|Client\.RequestExpired)$/;
// The service, the region or the emulator has no such operation, which many say with 404: that says nothing of a resource.
const NO_OPERATION = /^UnknownOperation(?:Exception)?$/;
// `WAFNonexistentItemException`, with 400.
const GONE = /(?:NotFound|NoSuch|DoesNotExist|Nonexistent)/;
const CONFLICT = /(?:Conflict|Duplicate|AlreadyExists|OperationAborted|ConcurrentModification|IncorrectState|DependencyViolation)/;

/**
 * Classifies anything that an SDK client throws.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
export function classifyAwsError(thrown: unknown): AwsFailure {
  const error = isRecord(thrown) || thrown instanceof Error ? (thrown as unknown as Record<string, unknown>) : {};
  const metadata = isRecord(error['$metadata']) ? error['$metadata'] : {};
  const status = typeof metadata['httpStatusCode'] === 'number' ? metadata['httpStatusCode'] : null;
  const name = typeof error['name'] === 'string' ? error['name'] : 'Unknown';
  const code = typeof error['Code'] === 'string' ? error['Code'] : name;
  const message = messageOf(thrown);
  const requestId = typeof metadata['requestId'] === 'string' ? metadata['requestId'] : null;
  const failure = (kind: AwsFailure['code'], retryable: boolean, effect: AwsFailure['effect']): AwsFailure => ({
    code: kind,
    name: code,
    message,
    requestId,
    retryable,
    effect,
  });

  // An emulator that lacks an operation answers HTML, which the SDK reports as a parse error.
  if (/char '<' is not expected|Unexpected token '?<|is not valid JSON|Deserialization error/i.test(message))
    return failure('aws/not-emulated', false, 'unknown');
  if (NO_OPERATION.test(code)) return failure('aws/not-emulated', false, 'refused');
  if (THROTTLED.test(code) || status === 429) return failure('aws/throttled', true, 'refused');
  if (EXPIRED.test(code)) return failure('aws/denied', true, 'refused');
  if (DENIED.test(code) || status === 401 || status === 403) return failure('aws/denied', false, 'refused');
  if (status !== null && status >= 500) return failure('aws/server', true, 'unknown');
  if (GONE.test(code) || status === 404) return failure('aws/gone', false, 'refused');
  if (CONFLICT.test(code) || status === 409 || status === 412) return failure('aws/conflict', true, 'refused');
  if (status !== null && status >= 400) return failure('aws/invalid', false, 'refused');
  if (status === null) return failure('aws/unreachable', true, 'unknown');
  return failure('aws/unknown', false, 'unknown');
}

/** An {@link AwsFailure} as an error, for reads. */
export function awsError(operation: string, failure: AwsFailure, cause: unknown): RedressError {
  const next: Record<string, string> = {
    'aws/denied': `Allow ${operation} for the role, or check for a service control policy that denies it.`,
    'aws/throttled': 'Try again later.',
    'aws/not-emulated':
      'The endpoint does not implement the operation. Check whether the service has it in that region, or use a real account or another emulator.',
    'aws/unreachable': 'Check endpoint, network and credentials.',
  };
  return new RedressError(failure.code, `${operation}: ${failure.name}: ${failure.message}`, {
    cause,
    retryable: failure.retryable,
    ...(next[failure.code] === undefined ? {} : { next: next[failure.code] as string }),
  });
}

/** Whether the error of a read means that the resource does not exist. */
export function isGone(thrown: unknown): boolean {
  return (isRecord(thrown) || thrown instanceof Error) && (thrown as { code?: unknown }).code === 'aws/gone';
}
