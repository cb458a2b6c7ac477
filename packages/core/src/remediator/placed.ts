import type { Json, JsonObject } from '../model/json.js';
import type { ResourceRef } from '../model/resource.js';

const PLACE = /\{(partition|account|region)\}/g;

/**
 * Parameters for one resource: in every text `{partition}`, `{account}` and `{region}` stand for those of the resource. So one policy names the log
 * bucket, the log group or the key of each account and region.
 *
 * @example placed({ bucket: 'logs-{account}-{region}' }, resource) // { bucket: 'logs-111111111111-eu-west-1' }
 */
export function placed(parameters: JsonObject, resource: Pick<ResourceRef, 'partition' | 'account' | 'region'>): JsonObject {
  // Most name no place.
  if (!JSON.stringify(parameters)?.includes('{', 1)) return parameters;
  return inPlace(parameters, resource) as JsonObject;
}

function inPlace(value: Json, resource: Pick<ResourceRef, 'partition' | 'account' | 'region'>): Json {
  if (typeof value === 'string') return value.replaceAll(PLACE, (_, name: 'partition' | 'account' | 'region') => resource[name]);
  if (Array.isArray(value)) return value.map((each) => inPlace(each, resource));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, inPlace(of as Json, resource)]));
}
