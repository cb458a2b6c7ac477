import { type Digest, digestOf, EFFECTS, formatResource, isRecord, type Json, type Notification, type Outcome, REVERSIBLE, streamOf } from '@redress/core';
import { codeChange } from './iac.js';
import { clean, clip, quoted } from './text.js';

/** One word for each outcome, as titles have it. */
export function wordOf(outcome: Outcome): string {
  return WORDS[outcome][0];
}

/** How much a person has to do with it. */
export type Severity = 'info' | 'ask' | 'problem';

/** A heading with lines below it. */
export interface Section {
  readonly label: string;
  readonly lines: readonly string[];
  /** Shown as it is: code. */
  readonly code?: boolean;
}

/** What to type. */
export interface Command {
  readonly label: string;
  readonly command: string;
}

/** A page about it. */
export interface Link {
  readonly label: string;
  readonly url: string;
}

/**
 * What a channel delivers. Every text in it is clean: secrets are replaced and control characters escaped, before anything is cut. Only
 * `notification` is as it came.
 */
export interface Message {
  /** Identifies a notice: equal for the same resource, remediator, plan, outcome and request for an approval. */
  readonly key: Digest;
  /** Identifies its subject, whatever the outcome: resource and remediator. Tickets have it. */
  readonly about: Digest;
  readonly plan: Digest | null;
  readonly severity: Severity;
  readonly title: string;
  readonly summary: string;
  readonly facts: readonly (readonly [label: string, text: string])[];
  readonly sections: readonly Section[];
  readonly commands: readonly Command[];
  readonly links: readonly Link[];
  /** What it is of; null for a summary of what was held back. */
  readonly notification: Notification | null;
}

/** What messages are made with. */
export interface MessageOptions {
  /** How `redress` is called where people are; default `redress`. */
  readonly command?: string;
  /** Function URL of the approvals: added to their commands. */
  readonly approvalsUrl?: string;
  /** Where each person's own console is (`redress console --port`): links to its pages are added. Default: none is. */
  readonly consoleUrl?: string;
  readonly links?: (notification: Notification) => readonly Link[];
  /** Besides the built-in patterns of secrets. Give them the flag `g`. */
  readonly secrets?: readonly RegExp[];
}

const WORDS: Readonly<Record<Outcome, readonly [word: string, severity: Severity]>> = {
  remediated: ['Closed', 'info'],
  flagged: ['Flagged, still open', 'ask'],
  'no-op': ['Nothing to do', 'info'],
  planned: ['Would be changed', 'ask'],
  notified: ['Open', 'ask'],
  exempt: ['Exempt', 'info'],
  denied: ['Held back', 'problem'],
  'awaiting-approval': ['Approval needed', 'ask'],
  'awaiting-runbook': ['A runbook is running', 'info'],
  superseded: ['Drifted', 'info'],
  failed: ['Failed', 'problem'],
  partial: ['Partly done', 'problem'],
  unknown: ['Outcome unknown', 'problem'],
  'rolled-back': ['Rolled back', 'info'],
  contested: ['Someone keeps undoing it', 'problem'],
};

/** What a deadline is one of. */
const ENDS: Readonly<Partial<Record<Outcome, string>>> = { 'awaiting-approval': 'The request expires', exempt: 'The exception expires' };

/** Names what a notification is about: resource and remediator. */
function aboutOf({ resource, remediator }: Pick<Notification, 'resource' | 'remediator'>): Digest {
  return digestOf({ resource: streamOf(resource), remediator: remediator.id });
}

/** The message of a notification; pure. */
export function messageOf(notification: Notification, options: MessageOptions = {}): Message {
  const { outcome, resource, remediator, plan, reasons, finding, execution } = notification;
  const { grace } = notification;
  const [word, severity] = grace === undefined ? WORDS[outcome] : ([grace.notice === 0 ? 'Will be changed' : 'Reminder: will be changed', 'ask'] as const);
  const safe = (text: string) => clean(text, options.secrets);
  const about = aboutOf(notification);
  const section = (label: string, lines: readonly string[], code?: boolean): readonly Section[] =>
    lines.length === 0 ? [] : [{ label, lines: lines.map(safe), ...(code === true ? { code } : {}) }];

  const gravest = Math.max(-1, ...reasons.map((each) => EFFECTS.indexOf(each.effect)));
  const decisive = reasons.filter((each) => EFFECTS.indexOf(each.effect) === gravest);
  const changes = plan?.changes ?? [];
  const done = REVERSIBLE.includes(outcome) || outcome === 'rolled-back';
  const code = codeChange(notification);
  const facts: (readonly [string, string])[] = [
    ['Remediator', `${remediator.title} (${remediator.id})`],
    ['Resource', formatResource(resource)],
    ...(notification.environment === null ? [] : [['Environment', notification.environment] as const]),
    ['When', new Date(notification.at).toISOString()],
    ...(grace === undefined ? [] : [['Changed automatically', `after ${new Date(grace.ends).toISOString()}, unless somebody denies it before`] as const]),
    ...(notification.deadline === undefined ? [] : [[ENDS[outcome] ?? 'Deadline', new Date(notification.deadline).toISOString()] as const]),
    ...(notification.since === undefined ? [] : [['Open since', new Date(notification.since).toISOString()] as const]),
    ['Caused by', causeOf(notification)],
    ...(finding === null || finding.controls.length === 0 ? [] : [['Controls', finding.controls.join(', ')] as const]),
    ...(execution === null ? [] : [['Execution', execution] as const]),
    ...(plan === null ? [] : [['Plan', plan.digest] as const]),
  ];
  return {
    // A reminder is not a repeat of the first notice. A new request has another id, so the earlier command answers nothing.
    key: digestOf({
      about,
      plan: plan?.digest ?? null,
      outcome,
      ...(notification.approval === null ? {} : { approval: notification.approval }),
      ...(grace === undefined ? {} : { notice: grace.notice }),
      ...(notification.deadline === undefined ? {} : { deadline: notification.deadline }),
    }),
    about,
    plan: plan?.digest ?? null,
    severity,
    title: clip(safe(`${word}: ${remediator.title}: ${formatResource(resource)}`), 300),
    summary: safe(notification.message),
    facts: facts.map(([label, text]) => [label, safe(text)]),
    sections: [
      ...section(
        'Why',
        decisive.map((each) => `${each.message} (${each.guardrail}: ${each.code})`),
      ),
      ...section('Note', notification.hints ?? []),
      ...section(
        done ? 'Changed' : 'Would change',
        changes.map((each) => each.summary),
      ),
      ...section('Before and after', done && plan !== null && notification.after !== null ? differences(plan.before, notification.after) : []),
      ...section(
        'Rollback',
        outcome === 'rolled-back'
          ? []
          : changes.map(({ undo }) =>
              'irreversible' in undo ? `not possible: ${undo.irreversible}` : undo.destroys === undefined ? `${undo.restores}` : `destroys ${undo.destroys}`,
            ),
      ),
      ...section(
        'Could break',
        [...(plan?.hazards ?? []), ...changes.flatMap((each) => each.hazards ?? [])].map((each) => `${each.message} (${each.code})`),
      ),
      ...section('Still open', notification.open),
      ...section('To do', notification.steps),
      ...(code === null ? [] : [...section('Change the code', [code.where]), ...section(code.language, code.lines, true)]),
      ...section('What no read shows', notification.blindSpots),
    ],
    commands: commandsOf(notification, options).map(({ label, command }) => ({ label, command: safe(command) })),
    links: [
      ...consoleLinks(notification, options.consoleUrl),
      ...(options.links?.(notification) ?? []).filter(({ url }) => /^https:\/\/[^\s<>"|]+$/.test(url)).map(({ label, url }) => ({ label: safe(label), url })),
    ],
    notification,
  };
}

/** Pages of the console about it, where people have said where theirs is. */
function consoleLinks({ approval, execution, resource }: Notification, base: string | undefined): readonly Link[] {
  if (base === undefined) return [];
  const at = base.replace(/\/$/, '');
  return [
    ...(approval === null ? [] : [{ label: 'Answer in the console', url: `${at}/approvals/${encodeURIComponent(approval)}` }]),
    ...(execution === null ? [] : [{ label: 'The fix in the console', url: `${at}/fixes/${encodeURIComponent(execution)}` }]),
    { label: 'The resource in the console', url: `${at}/resources/${streamOf(resource).slice('sha256:'.length)}` },
  ];
}

function causeOf({ finding }: Notification): string {
  if (finding === null) return 'not known: found by a sweep, or requested by a person';
  const call = finding.call === null ? '' : `, ${finding.call.service}:${finding.call.operation}`;
  const { actor } = finding;
  const who = actor === null ? 'not named' : (actor.arn ?? actor.issuerArn ?? actor.invokedBy ?? 'not named');
  return `${who} (${finding.source}${call}${finding.observedAt === null ? '' : `, ${finding.observedAt}`})`;
}

/** What a person can do about it, ready to be typed. */
function commandsOf({ outcome, approval, execution, resource, remediator, grace }: Notification, options: MessageOptions): readonly Command[] {
  const redress = options.command ?? 'redress';
  const at = options.approvalsUrl === undefined ? '' : ` --url ${quoted(options.approvalsUrl)}`;
  const commands: Command[] = [];
  if (approval !== null) {
    commands.push({ label: 'Look', command: `${redress} approvals show ${quoted(approval)}${at}` });
    commands.push({ label: grace === undefined ? 'Approve' : 'Do it now', command: `${redress} approvals approve ${quoted(approval)} --reason "…"${at}` });
    commands.push({ label: 'Deny', command: `${redress} approvals deny ${quoted(approval)} --reason "…"${at}` });
  }
  if (execution !== null && REVERSIBLE.includes(outcome))
    commands.push({ label: 'Roll it back', command: `${redress} rollback ${quoted(execution)} --reason "…"` });
  if (outcome !== 'exempt' && outcome !== 'rolled-back' && outcome !== 'no-op' && outcome !== 'superseded')
    commands.push({
      label: 'Exempt',
      command:
        `${redress} exceptions add EXC-1 --resource ${quoted(resource.id)} --account ${resource.account} --type ${resource.type} ` +
        `--remediator ${quoted(remediator.id)} --reason "…" --owner "…" --approver "…" --expires P90D`,
    });
  commands.push({ label: 'Explain', command: `${redress} explain ${quoted(resource.id)}` });
  return commands;
}

/** What differs between two states, one line for each place; at most 20. */
export function differences(before: Json, after: Json): readonly string[] {
  const was = new Map(leaves(before, ''));
  const is = new Map(leaves(after, ''));
  const lines: string[] = [];
  for (const path of new Set([...was.keys(), ...is.keys()])) {
    const [old, now] = [was.get(path), is.get(path)];
    if (old === now) continue;
    lines.push(`${path === '' ? 'state' : path}: ${clip(old ?? 'absent', 200)} → ${clip(now ?? 'absent', 200)}`);
  }
  return lines.length <= 20 ? lines : [...lines.slice(0, 20), `and ${lines.length - 20} more`];
}

function leaves(value: Json, path: string): [path: string, text: string][] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [[path, '[]']];
    // Members of a list with a name of their own are compared by it: one less does not move the others.
    return (value as readonly Json[]).flatMap((each, index) =>
      leaves(each, `${path}[${isRecord(each) && typeof each['id'] === 'string' ? each['id'] : index}]`),
    );
  }
  if (isRecord(value)) {
    const members = Object.entries(value) as [string, Json][];
    return members.length === 0 ? [[path, '{}']] : members.flatMap(([name, each]) => leaves(each, path === '' ? name : `${path}.${name}`));
  }
  return [[path, JSON.stringify(value)]];
}
