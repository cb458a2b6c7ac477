import type { Json, JsonObject } from '../model/json.js';
import { GLOBAL_REGION, type ResourceRef } from '../model/resource.js';

type Place = Pick<ResourceRef, 'partition' | 'account' | 'region'>;

/**
 * Parameters for one resource: in every text `{partition}`, `{account}` and `{region}` stand for those of the resource. So one policy names the log group,
 * the key or the role of each account and region. A global resource has no region, so `{region}` stays as it is. What has braces of other templates around
 * it stays, too: `{{region}}`, `${region}`.
 *
 * @example placed({ logGroup: 'arn:{partition}:logs:{region}:{account}:log-group:errors' }, resource)
 */
export function placed(parameters: JsonObject, place: Place): JsonObject {
  // Most name no place.
  return JSON.stringify(parameters)?.includes('{', 1) ? (inPlace(parameters, place) as JsonObject) : parameters;
}

function inPlace(value: Json, place: Place): Json {
  if (typeof value === 'string')
    return value.replaceAll(/(?<![{$])\{(partition|account|region)\}(?!\})/g, (text, name: keyof Place) =>
      name === 'region' && place.region === GLOBAL_REGION ? text : place[name],
    );
  if (Array.isArray(value)) return value.map((each) => inPlace(each, place));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, inPlace(of as Json, place)]));
}
