import type { ParameterStopOptions } from './parameter-stop.js';

/** Input of Systems Manager's `AddTagsToResource`, for a parameter. */
export interface ParameterTags {
  readonly ResourceType: 'Parameter';
  readonly ResourceId: string;
  readonly Tags: { Key: string; Value: string }[];
}

/**
 * Tags a parameter of the Systems Manager Parameter Store, as a canary's event.
 *
 * @example createHandler({ …, canary: { parameter: 'redress-canary', send: parameterTags() } })
 * @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
 */
export function parameterTags({ region, profile, endpoint }: Omit<ParameterStopOptions, 'name'> = {}): (input: ParameterTags) => Promise<unknown> {
  return async (input) => {
    const { AddTagsToResourceCommand, SSMClient } = await import('./parameter-client.js');
    const client = new SSMClient({
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
    });
    try {
      return await client.send(new AddTagsToResourceCommand(input));
    } finally {
      client.destroy();
    }
  };
}
