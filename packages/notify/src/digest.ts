import { countOf, digestOf, formatResource, type GapDigest, OUTCOMES } from '@redress/core';
import { type Message, type MessageOptions, type Section, wordOf } from './message.js';
import { clean, clip } from './text.js';

/** Lines of one remediator in one account; the others are counted. */
const LISTED = 20;
const DAY = 86_400_000;

/** What stands open, as one message; null where there is nothing. Pure. */
export function digestMessage({ day, at, gaps, unsaid }: GapDigest, options: Pick<MessageOptions, 'command' | 'secrets'> = {}): Message | null {
  if (gaps.length === 0 && unsaid.length === 0) return null;
  const safe = (text: string) => clean(text, options.secrets);
  const command = options.command ?? 'redress';
  const date = (time: number) => new Date(time).toISOString().slice(0, 10);
  const groups = Map.groupBy(gaps, ({ remediator, resource }) => `${remediator} ${resource.account}`);
  const sections: Section[] = [...groups.values()]
    .sort((a, b) => b.length - a.length)
    .map((group) => {
      const [first] = group as [GapDigest['gaps'][number]];
      const where = `${first.resource.account}${first.environment === null ? '' : ` (${first.environment})`}`;
      // What a limit holds back alike is one line, however much it is.
      const [alike, own] = [group.filter(({ held }) => held !== null), group.filter(({ held }) => held === null)];
      const held = [...Map.groupBy(alike, (each) => each.held)].map(
        ([code, each]) => `${each.length} held back for the same reason (${code}), since ${date(each[0]?.since ?? at)}`,
      );
      return {
        label: safe(`${first.title} (${first.remediator}): ${where}: ${group.length}`),
        lines: [
          ...own.slice(0, LISTED).map((gap) => safe(clip(lineOf(gap, at), 400))),
          ...(own.length > LISTED ? [`and ${own.length - LISTED} more`] : []),
          ...held.map(safe),
        ],
      };
    });
  const late = unsaid.map((each) =>
    safe(
      clip(
        `${OUTCOMES.includes(each.outcome as never) ? wordOf(each.outcome as never) : each.outcome}: ${formatResource(each.resource)}: ${each.message}`,
        400,
      ),
    ),
  );
  const waiting = gaps.filter(({ approval, held }) => approval !== null && held === null).length;
  return {
    key: digestOf({
      digest: day,
      gaps: gaps.map(({ key, resource }) => [key, formatResource(resource)]),
      unsaid: unsaid.map(({ of, resource }) => [of, formatResource(resource)]),
    }),
    about: digestOf('digest'),
    plan: null,
    severity: 'ask',
    title: gaps.length === 0 ? `${day}: gaps without a notification` : `${day}: ${gaps.length === 1 ? '1 gap is' : `${gaps.length} gaps are`} open`,
    summary: 'Nothing has changed since you were notified.',
    facts: waiting === 0 ? [] : [['Waiting for an approval', String(waiting)]],
    sections: [...(late.length === 0 ? [] : [{ label: 'Not delivered before', lines: late }]), ...sections],
    commands: [...(waiting === 0 ? [] : [{ label: 'Approvals', command: `${command} approvals list` }]), { label: 'Explain', command: `${command} history` }],
    links: [],
    notification: null,
  };
}

function lineOf({ resource, outcome, message, since, seen, approval, deadline }: GapDigest['gaps'][number], at: number): string {
  const days = Math.floor((at - since) / DAY);
  const age = `${countOf(days, 'day')}, last seen ${new Date(seen).toISOString()}`;
  const waits = approval === null ? '' : `, ${approval}`;
  const ends = deadline === null ? '' : `, until ${new Date(deadline).toISOString()}`;
  return `${formatResource(resource)}: ${wordOf(outcome)}${waits}${ends}: ${age}: ${message}`;
}
