import { isRecord, RedressError } from '@redress/core';
import { type Delivery, type HttpRequest, request, type Secret, secretValue } from '../http.js';
import { clip } from '../text.js';
import { short } from './jira.js';
import type { TicketPort } from './tickets.js';

/** What {@link serviceNow} takes. */
export interface ServiceNowOptions {
  /** `https://example.service-now.com` */
  readonly instance: string;
  /** Default `incident`. */
  readonly table?: string;
  /** A user with a password, or an OAuth token. */
  readonly auth: { readonly user: string; readonly password: Secret } | { readonly token: Secret };
  /** More columns of a new ticket: `assignment_group`, `category`, … */
  readonly fields?: Readonly<Record<string, string>>;
  /** Columns that close one. Default: those of an incident, state *Resolved*. */
  readonly closedAs?: Readonly<Record<string, string>>;
}

const URGENCY = { info: '3', ask: '2', problem: '1' } as const;

/**
 * ServiceNow, Table API. The key of a ticket is its correlation id.
 *
 * @throws {RedressError} `notify/invalid`
 * @see https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html
 */
export function serviceNow(options: ServiceNowOptions): TicketPort {
  const table = options.table ?? 'incident';
  if (!/^[a-z0-9_]{1,80}$/.test(table)) throw new RedressError('notify/invalid', `${JSON.stringify(table)} is not a ServiceNow table.`);
  const instance = options.instance.replace(/\/+$/, '');
  const hosts = URL.canParse(instance) ? [new URL(instance).hostname] : [];
  const { auth, closedAs = { state: '6', close_code: 'Solution provided' } } = options;
  const call = async (path: string, delivery: Delivery, more: Partial<HttpRequest> = {}) => {
    const authorization =
      'token' in auth
        ? `Bearer ${await secretValue(auth.token)}`
        : `Basic ${Buffer.from(`${auth.user}:${await secretValue(auth.password)}`).toString('base64')}`;
    const { json } = await request({ url: `${instance}/api/now/table/${table}${path}`, headers: { authorization }, hosts, ...more }, delivery);
    return isRecord(json) ? json['result'] : undefined;
  };
  const idOf = (row: unknown): string | null =>
    isRecord(row) && typeof row['sys_id'] === 'string' && /^[0-9a-f]{32}$/.test(row['sys_id']) ? row['sys_id'] : null;
  return {
    async find(key, delivery) {
      const query = new URLSearchParams({ sysparm_query: `correlation_id=${key}^active=true^stateNOT IN6,7,8`, sysparm_limit: '1', sysparm_fields: 'sys_id' });
      const rows = await call(`?${query}`, delivery, { method: 'GET' });
      if (!Array.isArray(rows)) throw new RedressError('notify/failed', 'ServiceNow answered a search without rows in it.');
      const id = idOf(rows[0]);
      return id === null ? null : { id };
    },
    async open(key, text, delivery) {
      const row = {
        urgency: URGENCY[text.severity],
        ...options.fields,
        short_description: clip(text.title, 160),
        description: short(text.body),
        correlation_id: key,
        correlation_display: 'Redress',
      };
      const id = idOf(await call('', delivery, { body: row, attempts: 1 }));
      if (id === null) throw new RedressError('notify/failed', 'ServiceNow answered without the id of the new ticket.');
      return { id };
    },
    async comment({ id }, text, delivery) {
      await call(`/${id}`, delivery, { method: 'PATCH', body: { work_notes: short(text.body) } });
    },
    async close({ id }, text, delivery) {
      await call(`/${id}`, delivery, { method: 'PATCH', body: { ...closedAs, close_notes: short(text.body) } });
    },
  };
}
