import { type Live, RedressError, type Stop } from '@redress/core';

/** What {@link parameterStop} takes. */
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
 * The kill switch in a parameter of the Systems Manager Parameter Store: `none`, `changes` or `everything`. It is read anew each time, which
 * the engine does right before each write. A parameter that is missing, cannot be read, or says anything else stops: the engine denies what
 * it cannot read.
 *
 * @example createHandler({ …, killSwitch: parameterStop({ name: process.env.REDRESS_STOP_PARAMETER ?? '' }) })
 * @throws {RedressError} `compose/invalid` without a name; `read` throws what cannot be read as `aws/unreachable`, and another value as `aws/unknown`.
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
 */
export function parameterStop({ name, region, profile, endpoint }: ParameterStopOptions): Live<Stop> {
  // Without a name nobody could stop anything, and nobody would know.
  if (name.trim() === '')
    throw new RedressError('compose/invalid', 'The kill switch has no parameter.', { next: 'Set REDRESS_STOP_PARAMETER, or give a name.' });
  let client: Promise<{ read: () => Promise<string | undefined> }> | null = null;
  const made = async () => {
    const { GetParameterCommand, SSMClient } = await import('./parameter-client.js');
    const ssm = new SSMClient({
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 2000, requestTimeout: 3000, throwOnRequestTimeout: true },
    });
    return { read: async () => (await ssm.send(new GetParameterCommand({ Name: name }))).Parameter?.Value };
  };
  return {
    async read() {
      let value: string | undefined;
      try {
        client ??= made();
        value = (await (await client).read())?.trim();
      } catch (cause) {
        throw new RedressError('aws/unreachable', `The kill switch ${name} cannot be read.`, {
          cause,
          retryable: true,
          next: 'Check that the parameter exists, and that the role may ssm:GetParameter it.',
        });
      }
      if (value === undefined || !STOPS.includes(value))
        throw new RedressError('aws/unknown', `The kill switch ${name} says ${JSON.stringify(value ?? null)}, which is none of ${STOPS.join(', ')}.`, {
          next: `Set it to one of ${STOPS.join(', ')}.`,
        });
      return value as Stop;
    },
  };
}
