// Ten plans that are unlike the others, as the page docs/plans.md shows them: what was there, what is sent, and what undoes it.
import { type Change, isRecord, type Json } from '@redress/core';
import type { Walked } from './calls.js';

/** A remediator, and what is unusual about its plan in the first scenario that it changes. */
const PLANS: readonly { readonly id: string; readonly why: string }[] = [
  {
    id: 'iam-strengthen-password-policy',
    why: 'The call replaces the whole policy, so it carries everything that the account has set, and the undo does too. If there was no policy, the undo deletes it.',
  },
  {
    id: 'lambda-remove-public-permission',
    why: 'One statement is limited to the account, in a policy document that is written as a whole. The write names the revision that was read, so AWS refuses it if anybody has changed the policy since.',
  },
  {
    id: 'cloudtrail-enable-multi-region-trail',
    why: 'It takes two calls, each with its own undo, in reverse order. No role of Redress may send the undo: a person does.',
  },
  {
    id: 'rds-export-logs-to-cloudwatch',
    why: 'Which logs there are depends on the engine. Only those that are missing are turned on, and the undo turns off only these.',
  },
  {
    id: 'elbv2-redirect-http-to-https',
    why: 'The default action of a listener is replaced. The undo writes the actions that were there, with their order and their targets.',
  },
  {
    id: 'kms-remove-public-key-policy',
    why: 'The key policy is written as a whole. The statement that opens the key to everybody is limited to the account. AWS refuses a policy that locks its owner out.',
  },
  {
    id: 'ec2-enable-vpc-flow-logs',
    why: 'A role is passed to another service, so the permission to pass it is limited to that service. The ID for the undo is in the response: it is recorded with the call.',
  },
  {
    id: 's3-require-tls',
    why: 'One statement is added to a bucket policy. All other statements stay as they are. If there was no policy, the undo deletes it.',
  },
  { id: 'securityhub-enable', why: 'A service is turned on. The undo would delete findings, so only a person sends it, and has to accept the loss.' },
  { id: 'rds-add-to-backup-plan', why: 'A selection is added to a plan that the policy names. The undo deletes that selection by the ID from the response.' },
];

/** What differs from run to run, replaced by what it is. */
function stable(text: string): string {
  const known = new Map<string, string>();
  const named = (found: string, kind: string) => {
    const before = known.get(found);
    if (before !== undefined) return before;
    const name = `${kind}-${[...known.values()].filter((each) => each.startsWith(`${kind}-`)).length + 1}`;
    known.set(found, name);
    return name;
  };
  return text
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, (found) => named(found, 'uuid'))
    .replaceAll(/\b([a-z][a-z-]*)-(?:[0-9a-f]{12,}|[0-9A-Z]{20,})\b/g, (found, kind: string) => named(found, kind))
    .replaceAll(/\b[0-9a-f]{16}\b/g, (found) => named(found, 'id'))
    .replaceAll(/\b20\d\d-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)/g, 'TIME');
}

/** Policy documents in calls are text in text: as documents they can be read. */
function readable(value: Json): Json {
  if (Array.isArray(value)) return value.map(readable);
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, readable(member as Json)]));
  if (typeof value !== 'string' || !/^\{.*\}$/s.test(value)) return value;
  try {
    return { 'as text': readable(JSON.parse(value) as Json) };
  } catch {
    return value;
  }
}

const shown = ({ call, undo }: Change): Json => ({
  call: `${call.service}:${call.operation}`,
  input: readable(call.input as Json),
  undo: 'calls' in undo ? undo.calls.map((each) => ({ call: `${each.service}:${each.operation}`, input: readable(each.input as Json) })) : undo.irreversible,
});

function section({ id, why }: (typeof PLANS)[number], walked: readonly Walked[]): string {
  const found = walked.find((each) => each.kit.remediator.id === id && each.look?.assessment?.status === 'change');
  const { look } = found ?? {};
  if (found === undefined || look == null || look.observation === 'gone' || look.assessment?.status !== 'change')
    throw new Error(`${id} has no such scenario.`);
  const { changes } = look.assessment;
  const block = (value: Json) => ['```json', JSON.stringify(value, null, 2), '```'].join('\n');
  return stable(
    [
      `## ${id}`,
      why,
      `*${found.scenario.name}*: ${changes.map(({ summary }) => summary).join('; ')}.`,
      'What was there:',
      block(readable(look.observation.state)),
      changes.length === 1 ? 'What is sent, and what undoes it:' : 'What is sent, in this order, and what undoes it, in reverse:',
      ...changes.map((change) => block(shown(change as Change))),
    ].join('\n\n'),
  );
}

/** The page, from what was seen on the emulators. */
export function plansPage(walked: readonly Walked[]): string {
  return `${[
    '# Ten plans and their undo',
    'What a remediator would do is data before anything happens: the calls with their input, and the calls that undo them. It is what a person approves, what the journal keeps, and what `redress plan --live --json` prints. Ten plans that are unlike the others are shown here.',
    'They were recorded on emulators, with the scenarios of the conformance tests. `npm run judges -- --only botocore` records them again, carries them out, rolls them back, has each call judged by AWS’s own models, and fails if this page differs. Names and IDs are shortened.',
    ...PLANS.map((plan) => section(plan, walked)),
  ].join('\n\n')}\n`;
}
