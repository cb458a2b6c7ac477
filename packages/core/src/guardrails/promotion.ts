import type { TrackedExecution } from '../journal.js';
import { environmentOf, modeOf } from '../policy/policy.js';
import { defineGuardrail } from './guardrail.js';

/** `1.4.2` → `1.4`: a patch changes nothing that has to be proven again. */
function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/**
 * How many fixes there are of which no two are of one resource or of one day: ten on one day, or ten of one resource, prove little more than
 * one. The largest matching of resources and days.
 */
export function distinctFixes(fixes: readonly { readonly resource: string; readonly day: string }[]): number {
  const days = new Map<string, string[]>();
  for (const { resource, day } of fixes) days.set(resource, [...(days.get(resource) ?? []), day]);
  const taken = new Map<string, string>();
  const place = (resource: string, tried: Set<string>): boolean => {
    for (const day of days.get(resource) ?? []) {
      if (tried.has(day)) continue;
      tried.add(day);
      const holder = taken.get(day);
      if (holder === undefined || place(holder, tried)) {
        taken.set(day, resource);
        return true;
      }
    }
    return false;
  };
  return [...days.keys()].filter((resource) => place(resource, new Set())).length;
}

/** Failures: the effect of one of them has to be understood before it is promoted. */
const BAD: readonly TrackedExecution['outcome'][] = ['failed', 'partial', 'unknown', 'contested'];

/**
 * Lower environments first, measured: a higher environment enforces only what the journal shows to have worked below, with the same minor
 * version and parameters. Drills prove nothing. After one rollback or failure in the meantime an approval is needed.
 */
export const promotion = defineGuardrail({
  id: 'environments',
  needs: ['policy', 'track'],
  evaluate: ({ now, policy, remediator, resource, parameters, track }) => {
    const environment = environmentOf(policy, resource.account);
    if (environment?.after == null || modeOf(policy, remediator.id, resource.account) !== 'enforce')
      return { effect: 'allow', code: 'no-gate', message: 'No lower environment has to prove it first.' };
    const { environment: below, fixes: needed, bake } = environment.after;
    const accounts = policy.environments.find((each) => each.name === below)?.accounts ?? [];
    const same = track.filter(
      (each) =>
        accounts.includes(each.resource.account) &&
        each.remediator === remediator.id &&
        !each.drill &&
        each.rollbackOf === null &&
        each.closedAt <= now &&
        each.parameters === parameters &&
        minorOf(each.version) === minorOf(remediator.version),
    );
    const fixes = same.filter((each) => each.verified && !each.rolledBack && (each.outcome === 'remediated' || each.outcome === 'flagged'));
    const count = distinctFixes(
      fixes.map((each) => ({
        resource: `${each.resource.account}/${each.resource.region}/${each.resource.type}/${each.resource.id}`,
        day: day(each.closedAt),
      })),
    );
    const first = fixes.reduce((earliest, each) => Math.min(earliest, each.closedAt), Number.POSITIVE_INFINITY);
    const bad = same.filter(
      (each) => (each.rolledBack || (BAD.includes(each.outcome) && !each.retryable && each.denied !== true)) && each.closedAt > now - bake,
    );
    const missing = [
      ...(count < needed ? [`${count} of ${needed} verified fixes on distinct resources and days`] : []),
      ...(count > 0 && now - first < bake ? [`the first of them ${Math.floor((now - first) / 86_400_000)} of ${Math.ceil(bake / 86_400_000)} days old`] : []),
      ...bad.map((each) => `execution ${each.execution} ended as ${each.rolledBack ? 'rolled back' : each.outcome}`),
    ];
    if (missing.length === 0)
      return {
        effect: 'allow',
        code: 'promoted',
        message: `${below} has proven it: ${count} verified fixes on distinct resources and days, none rolled back.`,
        data: { environment: below, executions: fixes.map((each) => each.execution).slice(0, 20) },
      };
    // What is missing changes with each fix; what is asked of the approver does not.
    return {
      effect: 'approve',
      code: 'promotion-unproven',
      message: `${environment.name} comes after ${below}, which has not proven it with this version and these parameters: ${missing.join('; ')}.`,
      data: { environment: environment.name, after: below },
    };
  },
});

const day = (time: number) => new Date(time).toISOString().slice(0, 10);
