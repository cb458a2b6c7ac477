import type { JsonObject } from '../model/json.js';
import type { ResourceRef } from '../model/resource.js';

/**
 * Parameters for one resource: in every text `{partition}`, `{account}` and `{region}` stand for those of the resource. So one policy names the log
 * bucket, the log group or the key of each account and region.
 *
 * @example placed({ bucket: 'logs-{account}-{region}' }, resource) // { bucket: 'logs-111111111111-eu-west-1' }
 */
export function placed(parameters: JsonObject, resource: Pick<ResourceRef, 'partition' | 'account' | 'region'>): JsonObject {
  // No name of a place has a character that JSON would escape.
  const text = JSON.stringify(parameters) ?? '';
  const here = text.replaceAll(/\{(partition|account|region)\}/g, (_, name: 'partition' | 'account' | 'region') => resource[name]);
  return here === text ? parameters : (JSON.parse(here) as JsonObject);
}
