import { type Live, RedressError, type Stop } from '@redress/core';

/** Options of {@link parameterStop} and {@link parameterKey}. */
export interface ParameterStopOptions {
  /** Name or ARN of the parameter. */
  readonly name: string;
  /** Region of the parameter; default: that of the environment. */
  readonly region?: string;
  /** Profile of the shared configuration files; default: that of the environment. */
  readonly profile?: string;
  /** Endpoint, for an emulator. */
  readonly endpoint?: string;
}

const STOPS: readonly string[] = ['none', 'changes', 'everything'] satisfies readonly Stop[];

/**
 * The kill switch in a parameter of the Systems Manager Parameter Store: `none`, `changes` or `everything`. It is read each time, which the engine does
 * right before each write. If the parameter is missing, unreadable, or has another value, everything stops, because the engine denies what it cannot read.
 *
 * @example createHandler({ …, killSwitch: parameterStop({ name: process.env.REDRESS_STOP_PARAMETER ?? '' }) })
 * @throws {RedressError} `compose/invalid` without a name; `read` throws `aws/unreachable` if it cannot read the parameter, and `aws/unknown` for another
 *   value.
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
export function parameterStop(options: ParameterStopOptions): Live<Stop> {
  const { name } = options;
  // Without a name nobody could stop anything, and nobody would know.
  if (name.trim() === '')
    throw new RedressError('compose/invalid', 'The kill switch has no parameter.', { next: 'Set REDRESS_STOP_PARAMETER, or give a name.' });
  const parameter = reader(options);
  return {
    async read() {
      let value: string | undefined;
      try {
        value = await parameter();
      } catch (cause) {
        throw new RedressError('aws/unreachable', `The kill switch ${name} cannot be read.`, {
          cause,
          retryable: true,
          next: 'Check that the parameter exists, and that the role may ssm:GetParameter it.',
        });
      }
      if (value === undefined || !STOPS.includes(value))
        throw new RedressError('aws/unknown', `The kill switch ${name} says ${JSON.stringify(value ?? null)}, which is not one of ${STOPS.join(', ')}.`, {
          next: `Set it to one of ${STOPS.join(', ')}.`,
        });
      return value as Stop;
    },
  };
}

/**
 * A redaction key in a parameter of type `SecureString`, which its own KMS key protects: for `redaction.key`. It is read when the first secret is found. The
 * role needs `ssm:GetParameter`, and `kms:Decrypt` for a customer managed key.
 *
 * @example createHandler({ …, redaction: { key: parameterKey({ name: '/redress/redaction-key' }) } })
 * @throws {RedressError} `compose/invalid` without a name; the returned function throws `aws/unreachable`
 */
export function parameterKey(options: ParameterStopOptions): () => Promise<string> {
  const { name } = options;
  if (name.trim() === '') throw new RedressError('compose/invalid', 'The redaction key has no parameter.', { next: 'Give a name.' });
  const parameter = reader(options, true);
  return async () => {
    try {
      return (await parameter()) ?? '';
    } catch (cause) {
      throw new RedressError('aws/unreachable', `The redaction key ${name} cannot be read.`, {
        cause,
        retryable: true,
        next: 'Check that the parameter exists, and that the role may ssm:GetParameter it, and kms:Decrypt with its key.',
      });
    }
  };
}

/** Reads a parameter. The SDK is loaded with the first read. */
function reader({ name, region, profile, endpoint }: ParameterStopOptions, decrypt = false): () => Promise<string | undefined> {
  let client: Promise<() => Promise<string | undefined>> | null = null;
  const made = async () => {
    const { GetParameterCommand, SSMClient } = await import('./parameter-client.js');
    const ssm = new SSMClient({
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 2000, requestTimeout: 3000, throwOnRequestTimeout: true },
    });
    return async () => (await ssm.send(new GetParameterCommand({ Name: name, ...(decrypt ? { WithDecryption: true } : {}) }))).Parameter?.Value?.trim();
  };
  return async () => {
    client ??= made();
    return (await client)();
  };
}
