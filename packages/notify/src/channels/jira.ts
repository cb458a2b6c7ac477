import { isRecord, type JsonObject, RedressError } from '@redress/core';
import { type Delivery, type HttpRequest, request, type Secret, secretValue } from '../http.js';
import { clip } from '../text.js';
import type { TicketPort, TicketText } from './tickets.js';

/** Of a description or comment. */
const MOST = 32_000;
const KEY = /^[A-Z][A-Z0-9_]{1,99}$/;

/** What {@link jira} takes. */
export interface JiraOptions {
  /** `https://example.atlassian.net` */
  readonly site: string;
  readonly project: string;
  /** Name; default `Task`. */
  readonly issueType?: string;
  /** Whose API token it is. */
  readonly email: string;
  readonly token: Secret;
  /** More fields of a new issue: `priority`, `components`, … */
  readonly fields?: JsonObject;
}

/**
 * Jira Cloud, REST API version 3. The key of a ticket is a label; whatever transition leads to a status of the category *done* closes it.
 *
 * @throws {RedressError} `notify/invalid`
 * @see https://developer.atlassian.com/cloud/jira/platform/rest/v3/
 */
export function jira(options: JiraOptions): TicketPort {
  if (!KEY.test(options.project)) throw new RedressError('notify/invalid', `${JSON.stringify(options.project)} is not the key of a Jira project.`);
  const site = options.site.replace(/\/+$/, '');
  const hosts = URL.canParse(site) ? [new URL(site).hostname] : [];
  const call = async (path: string, delivery: Delivery, more: Partial<HttpRequest> = {}) => {
    const authorization = `Basic ${Buffer.from(`${options.email}:${await secretValue(options.token)}`).toString('base64')}`;
    return (await request({ url: `${site}/rest/api/3${path}`, headers: { authorization }, hosts, ...more }, delivery)).json;
  };
  const idOf = (issue: unknown): string | null =>
    isRecord(issue) && typeof issue['id'] === 'string' && /^[0-9]{1,20}$/.test(issue['id']) ? issue['id'] : null;
  const comment: TicketPort['comment'] = async ({ id }, text, delivery) => {
    await call(`/issue/${id}/comment`, delivery, { body: { body: documentOf(text) } });
  };
  return {
    async find(key, delivery) {
      const jql = `project = "${options.project}" AND labels = "${key}" AND statusCategory != Done ORDER BY created ASC`;
      const found = await call('/search/jql', delivery, { body: { jql, fields: ['status'], maxResults: 1 } });
      const issues = isRecord(found) && Array.isArray(found['issues']) ? found['issues'] : null;
      // No answer is not "none": that would open one each time.
      if (issues === null) throw new RedressError('notify/failed', 'Jira answered a search without issues in it.');
      const id = idOf(issues[0]);
      return id === null ? null : { id };
    },
    async open(key, text, delivery) {
      const fields = {
        ...options.fields,
        project: { key: options.project },
        issuetype: { name: options.issueType ?? 'Task' },
        summary: clip(text.title, 250),
        description: documentOf(text),
        labels: [key, 'redress'],
      };
      const id = idOf(await call('/issue', delivery, { body: { fields }, attempts: 1 }));
      if (id === null) throw new RedressError('notify/failed', 'Jira answered without the id of the new issue.');
      return { id };
    },
    comment,
    async close(ticket, text, delivery) {
      await comment(ticket, text, delivery);
      const answer = await call(`/issue/${ticket.id}/transitions`, delivery, { method: 'GET' });
      const transitions = isRecord(answer) && Array.isArray(answer['transitions']) ? answer['transitions'] : [];
      const done = transitions.filter(isRecord).find((each) => {
        const to = isRecord(each['to']) ? each['to'] : {};
        return isRecord(to['statusCategory']) && to['statusCategory']['key'] === 'done';
      });
      if (typeof done?.['id'] !== 'string') throw new RedressError('notify/failed', 'The Jira issue has no transition to a status that is done.');
      await call(`/issue/${ticket.id}/transitions`, delivery, { body: { transition: { id: done['id'] } } });
    },
  };
}

/** Text as an Atlassian document: text nodes, which nothing interprets. */
function documentOf({ body }: TicketText): JsonObject {
  return { type: 'doc', version: 1, content: [{ type: 'codeBlock', attrs: { language: 'text' }, content: [{ type: 'text', text: short(body) }] }] };
}

/** What has to stay, the commands, is at the end. */
export function short(body: string): string {
  if (body.length <= MOST) return body;
  const half = MOST / 2 - 20;
  return `${clip(body, half)}\n\n[…]\n\n${body.slice(-half).replace(/^[\udc00-\udfff]/, '')}`;
}
