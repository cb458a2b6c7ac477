import { EFFECTS, formatResource, isRecord, type JsonObject, type Outcome, type ResourceRef } from '@redress/core';
import type { Data } from '../compose.js';
import { type Answer, type Io, painter } from '../io.js';
import { onceEach } from '../passes.js';
import { printable } from '../printable.js';
import { causeOf, entriesOf, type HistoryEntry, noticeOf } from './history.js';

/** `redress explain --json`: the last that happened under each remediator, or one execution. */
export interface Explanation {
  readonly time: string;
  readonly resource: ResourceRef;
  readonly remediator: string;
  readonly execution: string | null;
  /** Null while it is open. */
  readonly outcome: string | null;
  /** What happened, in one sentence. */
  readonly what: string;
  /** Whether anybody was notified, as the records say; null where they say nothing of it: an execution has a record only of what could not be delivered. */
  readonly notice: string | null;
  /** When a sweep last saw it so, ISO 8601; null: none has since, or it does not stand. */
  readonly seenUntil: string | null;
  /** Why: what caused it, and what each guardrail that restricted it said. */
  readonly why: readonly string[];
  /** What a person may do now. */
  readonly next: readonly string[];
}

const WHAT: Readonly<Record<Outcome, string>> = {
  remediated: 'It made the change, and a second read found nothing left to change.',
  flagged: 'It marked the resource for people. The gap is still open.',
  'no-op': 'It changed nothing, because there was nothing to change.',
  planned: 'It showed the plan, and changed nothing.',
  notified: 'It changed nothing: a person has to decide.',
  exempt: 'It left the resource alone, because an exception covers it.',
  denied: 'It changed nothing, because that was forbidden.',
  'awaiting-approval': 'It changed nothing, and needs an approval.',
  'awaiting-runbook': 'It waits for a runbook to end.',
  superseded: 'The resource changed after the plan, or AWS refused the call because of another change, so the decision was not carried out.',
  failed: 'It tried, but changed nothing.',
  partial: 'It made some of the changes, but not all.',
  unknown: 'It could not be determined whether the change was made.',
  'rolled-back': 'It rolled the change back.',
  contested: 'It stopped, because someone keeps undoing the change.',
};

/** By code of a guardrail's answer. */
const NEXT: Readonly<Record<string, string>> = {
  'mode-notify': 'To let it act, name the remediator and this environment in the policy: `enforce`, or `approve` to be asked.',
  'mode-plan': 'To let it act, change its mode in the policy from `plan` to `enforce`.',
  'mode-off': 'It is off in the policy. Nothing to do, unless that is a mistake.',
  'mode-approve': 'Review the plan, and approve or deny it: `redress approvals list`.',
  'promotion-unproven': 'Approve it (`redress approvals list`), or wait until the lower environment has proven it. The message says what is missing.',
  'ceiling-notify': 'This remediator never makes changes. Close the gap by hand.',
  'ceiling-approve': 'This remediator always needs an approval. Review the plan, and approve or deny it: `redress approvals list`.',
  irreversible: 'The change cannot be undone. If that is acceptable, approve it: `redress approvals list`.',
  exception: 'Nothing, while the risk is accepted. To close the gap earlier, remove the entry from the register.',
  'tag-without-entry': 'Register the exception (owner, approver, expiry date), or remove the tag: after three days it has no effect.',
  'not-fresh': 'Nothing shows that it is new, so something may depend on it. Find out, then approve it (`redress approvals list`), or record an exception.',
  held: 'Someone rolled it back recently. Talk to them before the hold ends: after it, the gap is fixed again.',
  contested: 'Someone keeps undoing the fix. Talk to them, and agree on an exception or on the fix. After seven days it is tried again.',
  managed: 'Change it in the code that manages it. If it is urgent, approve it (`redress approvals list`), and change the code before the next deployment.',
  'outside-window': 'Nothing until a window opens: a sweep finds it then. In an emergency, make the change by hand.',
  grace:
    'It is changed automatically after the grace period, by the next sweep or event. Until then, `redress approvals deny` stops it, `approve` does it now, and `redress exceptions add` exempts the resource.',
  tripped: 'Find out why this many changes were made or failed. Then run `redress breakers close`.',
  'asked-already': 'Answer the open request: `redress approvals list` shows it, and what it would change.',
  'refused-before':
    'AWS refuses the call. Allow it where it is denied (the authorization id identifies the decision in IAM), or record an exception. Then run `redress retry`.',
  'approval-denied': 'Someone denied it. When that request has expired, a new one is sent. Talk to them before then.',
  'secret-in-plan': 'Move the secret out of the setting (Secrets Manager, Parameter Store) and rotate it, or make the change by hand.',
  settling: 'It has just changed. The same event, or a sweep, decides on it when it has settled.',
  frozen: 'Nothing until the freeze ends; a sweep finds it then. In an emergency, make the change by hand.',
  stopped: 'The kill switch is on. Find out why before you turn it off.',
  'limit-run': 'The limit of a run was reached. Check whether this many changes were intended. The next sweep finds what was left.',
  'limit-window': 'The limit of the time window was reached. Check whether this many changes were intended. The next sweep finds what was left.',
  'foreign-account': 'The credentials belong to another account: give `connect` a role of the resource’s account.',
  'foreign-envelope':
    'Another account sent the event. If it is your Security Hub administrator, name it in the policy. Otherwise find out who puts events on your bus.',
  'wrong-source': 'The event does not come from the service that sends such events. Find out who puts events on your bus.',
  replayed: 'It is an archive replay. Nothing to do.',
  'own-call': 'Redress made that call itself. Nothing to do.',
  'call-failed': 'The call changed nothing. Nothing to do.',
  'call-read-only': 'The call changed nothing. Nothing to do.',
  'no-envelope': 'The event came without its envelope: send the whole EventBridge event.',
  unreadable: 'Something could not be read. See the message. The usual cause is a missing permission (`redress remediators --json` lists them).',
  'guardrail-failed': 'A guardrail is broken. Correct it: until then no changes are made.',
};
const NEXT_OF_OUTCOME: Readonly<Partial<Record<Outcome, string>>> = {
  failed: 'See the message; the same event, or a sweep, tries again.',
  partial: 'Check what is still open. A sweep retries the rest; `redress rollback` rolls the execution back.',
  unknown: 'Check the resource yourself: it is not known whether the change was made. Then run `redress sweep`.',
  flagged: 'Close the gap by hand. The mark is removed when it is closed.',
};

/** Says why, and what next. */
export async function explainCommand(io: Io, data: Data, subject: string): Promise<Answer> {
  const entries = (await entriesOf(data, subject)).filter(({ kind }) => kind === 'execution' || kind === 'decision');
  const last = new Map<string, HistoryEntry>();
  // Of one execution there is one; of a resource, what happened last under each remediator.
  for (const entry of entries) last.set(`${entry.resource.account}/${entry.resource.region}/${entry.resource.type}/${entry.remediator}`, entry);
  const explanations = [...last.values()].map(explain);
  const paint = painter(io);
  const text = explanations
    .flatMap((each) => [
      `${paint('bold', printable(formatResource(each.resource)))}  ${printable(each.remediator)}  ${each.time}`,
      `  ${printable(each.what)}`,
      ...(each.notice === null ? [] : [`  ${printable(each.notice)}`]),
      ...(each.seenUntil === null ? [] : [`  Sweeps confirmed it until ${each.seenUntil}.`]),
      ...each.why.map((line) => `  why   ${printable(line)}`),
      ...each.next.map((line) => `  next  ${printable(line)}`),
    ])
    .join('\n');
  return { json: explanations, text, exit: 0 };
}

function explain(entry: HistoryEntry): Explanation {
  const reasons = entry.reasons.filter(isRecord) as unknown as JsonObject[];
  // Of several answers the most restrictive decided.
  const decided = EFFECTS.map((effect) => reasons.filter((reason) => reason['effect'] === effect)).findLast((each) => each.length > 0) ?? [];
  const outcome = entry.outcome as Outcome | null;
  const cause = causeOf(entry);
  const acted = outcome === 'remediated' || outcome === 'rolled-back' || outcome === 'no-op';
  const codes = decided.map((reason) => String(reason['code']));
  const { message, reasons: said } = onceEach(
    entry.message ?? '',
    decided.map((reason) => ({ message: String(reason['message']), code: String(reason['code']) })),
  );
  const next = [
    ...(acted ? [] : codes.map((code) => NEXT[code])),
    outcome === null ? undefined : NEXT_OF_OUTCOME[outcome],
    outcome === null ? 'It is open: if its worker is gone, the next event, a sweep or `redress recover` closes it.' : undefined,
    outcome === 'awaiting-approval' && entry.approval !== null ? `redress approvals show ${entry.approval}` : undefined,
    outcome === 'remediated' && entry.execution !== null ? `If it was a mistake: redress rollback ${entry.execution} --reason "…"` : undefined,
  ].filter((line) => line !== undefined);
  return {
    time: entry.time,
    resource: entry.resource,
    remediator: entry.remediator,
    execution: entry.execution,
    outcome: entry.outcome,
    what: [
      outcome === null ? 'It has started to change something, and is not closed yet.' : WHAT[outcome],
      ...(entry.changes.length === 0 ? [] : [`The plan: ${entry.changes.join('; ')}.`]),
    ].join(' '),
    notice: (entry.kind === 'execution' || outcome === 'no-op') && entry.notices.length === 0 ? null : noticeOf(entry),
    seenUntil: entry.seenUntil,
    why: [
      ...(cause === '' ? [] : [cause]),
      ...(acted ? [] : said.map((reason) => `${reason.message} (${reason.code})`)),
      ...(message === null || message === '' ? [] : [message]),
    ],
    next: [...new Set(next)],
  };
}
