import { BatchUpdateFindingsCommand, SecurityHubClient, type SecurityHubClientConfig } from '@aws-sdk/client-securityhub';
import { countOf, type Notification, RedressError, SECURITY_HUB_AUTHOR } from '@redress/core';
import type { Message } from '../message.js';
import { clip } from '../text.js';
import { sdkConfig } from './aws.js';
import type { Channel } from './channel.js';

/** Findings of one call. */
const MOST_FINDINGS = 100;
/** Characters of a note. */
const MOST_IN_A_NOTE = 512;

/** What {@link securityHubChannel} takes. */
export interface SecurityHubOptions {
  /** Default `securityhub`. */
  readonly name?: string;
  /** Default: the region of the finding, with the credentials in use. Those of the administrator account may update findings of its members. */
  readonly client?: SecurityHubClientConfig;
}

/**
 * Writes a note on the Security Hub finding that caused a pass, and sets its workflow: RESOLVED only if everything that was asked about
 * it was changed and verified, NOTIFIED otherwise. A pass without a Security Hub finding is ignored.
 *
 * The update itself comes back as an import. It is set to RESOLVED or NOTIFIED then, with a note by `redress` that is newer than the
 * evaluation, and `normalize` ignores that.
 *
 * @see https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchUpdateFindings.html
 */
export function securityHubChannel({ name = 'securityhub', client }: SecurityHubOptions = {}): Channel {
  const clients = new Map<string, SecurityHubClient>();
  const clientFor = (region: string): SecurityHubClient => {
    const there = clients.get(region) ?? new SecurityHubClient(sdkConfig({ region, ...client }));
    clients.set(region, there);
    return there;
  };
  /** The result of each part that a finding asks for: several remediators, several plans. */
  const parts = new Map<string, Map<string, boolean>>();

  return {
    name,
    held: { atOnce: MOST_FINDINGS },
    tells: ({ notification }) => identified(notification) !== null,
    async send(messages, { signal }) {
      /** Findings with the same note and status go in one call. */
      const updates = new Map<
        string,
        { region: string; status: 'RESOLVED' | 'NOTIFIED'; text: string; ids: Map<string, { Id: string; ProductArn: string }> }
      >();
      for (const message of messages) {
        const finding = identified(message.notification);
        if (finding === null) continue;
        const { region, Id, ProductArn, version } = finding;
        const at = `${region}|${Id}|${version}`;
        const mine = parts.get(at) ?? new Map<string, boolean>();
        mine.set(`${message.about}|${message.plan}`, isResolved(message.notification));
        parts.delete(at);
        parts.set(at, mine);
        if (parts.size > 1000) parts.delete(parts.keys().next().value ?? '');
        const status = [...mine.values()].every(Boolean) ? 'RESOLVED' : 'NOTIFIED';
        const text = noteOf(message);
        // The last word on a finding counts.
        for (const update of updates.values()) update.ids.delete(`${region}|${Id}`);
        const key = JSON.stringify([region, status, text]);
        const update = updates.get(key) ?? { region, status, text, ids: new Map() };
        update.ids.set(`${region}|${Id}`, { Id, ProductArn });
        updates.delete(key);
        updates.set(key, update);
      }
      for (const { region, status, text, ids } of updates.values()) {
        const identifiers = [...ids.values()];
        for (let from = 0; from < identifiers.length; from += MOST_FINDINGS) {
          const { UnprocessedFindings = [] } = await clientFor(region).send(
            new BatchUpdateFindingsCommand({
              FindingIdentifiers: identifiers.slice(from, from + MOST_FINDINGS),
              Note: { Text: text, UpdatedBy: SECURITY_HUB_AUTHOR },
              Workflow: { Status: status },
            }),
            { abortSignal: signal },
          );
          const [first] = UnprocessedFindings;
          if (first !== undefined)
            throw new RedressError(
              'notify/failed',
              `Security Hub did not update ${countOf(UnprocessedFindings.length, 'finding')}: ${first.ErrorCode ?? 'without a reason'}`,
            );
        }
      }
    },
  };
}

/** Changed, looked at again, and nothing is left open. */
function isResolved(notification: Notification | null): boolean {
  return notification?.outcome === 'remediated' && notification.open.length === 0 && (notification.plan?.changes.every((each) => each.resolves) ?? false);
}

interface Identified {
  readonly Id: string;
  readonly ProductArn: string;
  readonly region: string;
  /** Of the finding: a later version is judged again. */
  readonly version: string;
}

function identified(notification: Notification | null): Identified | null {
  const finding = notification?.finding ?? null;
  if (finding === null || finding.source !== 'securityhub' || finding.region === null) return null;
  const { findingId, productArn } = finding.extra;
  if (typeof findingId !== 'string' || typeof productArn !== 'string') return null;
  return { Id: findingId, ProductArn: productArn, region: finding.region, version: finding.id };
}

/** What happened, and the first thing to type. */
function noteOf({ title, summary, facts, commands, notification }: Message): string {
  const [first] = commands;
  // Of a change that is made automatically: when, and how to stop it.
  const coming = notification?.grace !== undefined;
  const command = coming ? commands.find(({ label }) => label === 'Deny') : first;
  const when = coming ? facts.flatMap(([label, text]) => (label === 'Changed automatically' ? [` ${label} ${text}.`] : [])).join('') : '';
  const tail = command === undefined || command.command.length > 200 ? '' : ` ${command.label}: ${command.command}`;
  return `${clip(`Redress: ${title}.${when} ${summary}`, MOST_IN_A_NOTE - tail.length)}${tail}`;
}
