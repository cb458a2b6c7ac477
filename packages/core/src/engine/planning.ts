import { subjectsOf } from '../guardrails/fights.js';
import type { Shown } from '../guardrails/freshness.js';
import type { Approval } from '../journal.js';
import { RedressError } from '../model/errors.js';
import { canonicalJson, deepFreeze, digestOf, isRecord, type Json, toJson } from '../model/json.js';
import type { Assessment, Change, Hazard, Plan } from '../model/plan.js';
import type { ResourceRef } from '../model/resource.js';
import type { Remediator } from '../remediator/define.js';

/** Changes of one assessment that are decided on, executed and rolled back together. */
export interface Part {
  /** Equal for the same part of a later assessment of the same resource. */
  readonly key: string;
  readonly changes: readonly Change[];
  readonly hazards: readonly Hazard[];
  /** What a person has approved as one. */
  readonly approval?: Pick<Approval, 'id' | 'fresh'>;
}

/** An approval, and whether a part is what was approved. */
export interface Approved extends Pick<Approval, 'id' | 'fresh' | 'subjects'> {
  holds(part: Part): boolean;
}

/**
 * Divides the changes of an assessment by what decides on them: what the event shows to be new, their hazards, and the exceptions that are on
 * some of them only. So a new rule is revoked at once while an old one in the same group waits for an approval. Changes without a subject stay
 * together.
 *
 * @param apart What sets a change apart from the others; empty for most.
 */
export function partition(
  assessment: Assessment,
  shown: Shown,
  approved: readonly Approved[] = [],
  apart: (change: Change) => string = () => '',
): readonly Part[] {
  if (assessment.status !== 'change') return [];
  const common = assessment.hazards ?? [];
  const hazardsOf = (changes: readonly Change[]) => uniqueHazards([...common, ...changes.flatMap((change) => change.hazards ?? [])]);
  let rest = assessment.changes;
  const asked: Part[] = [];
  for (const each of approved) {
    const changes = rest.filter((change) => subjectsOf([change]).some((subject) => each.subjects.includes(subject)));
    const part: Part = { key: `approved|${each.id}`, changes, hazards: hazardsOf(changes), approval: { id: each.id, fresh: each.fresh } };
    // An exception that came after the approval applies only to its part: the rest is requested again.
    if (changes.length === 0 || !each.holds(part) || new Set(changes.map(apart)).size > 1) continue;
    asked.push(part);
    rest = rest.filter((change) => !changes.includes(change));
  }
  const parts = new Map<string, Change[]>();
  for (const change of rest) {
    const fresh = shown === 'all' || (shown !== 'nothing' && change.subject !== undefined && shown.has(change.subject));
    const alone = change.subject !== undefined;
    const key = alone
      ? `${fresh ? 'fresh' : 'old'}|${(change.hazards ?? [])
          .map((hazard) => `${hazard.effect}:${hazard.code}`)
          .sort()
          .join(',')}`
      : `${fresh ? 'fresh' : 'old'}|together`;
    const by = apart(change);
    const whole = by === '' ? key : `${key}|${by}`;
    parts.set(whole, [...(parts.get(whole) ?? []), change]);
  }
  // Fresh and without hazard first: what may happen at once should not wait for what may not.
  const others = [...parts.entries()]
    .sort(([a], [b]) => (a.startsWith('fresh') ? 0 : 1) - (b.startsWith('fresh') ? 0 : 1) || a.length - b.length || (a < b ? -1 : 1))
    .map(([key, changes]): Part => ({ key, changes, hazards: hazardsOf(changes) }));
  return [...asked, ...others];
}

function uniqueHazards(hazards: readonly Hazard[]): readonly Hazard[] {
  return [...new Map(hazards.map((hazard) => [canonicalJson(toJson(hazard)), hazard])).values()];
}

/**
 * The plan for a part, named by its digest.
 *
 * @throws {RedressError} `remediator/invalid` when the remediator planned something that is not data.
 */
export function makePlan(remediator: Remediator, ref: ResourceRef, before: Json, part: Pick<Part, 'changes' | 'hazards'>): Plan {
  const content = {
    schema: 1 as const,
    remediator: { id: remediator.id, package: remediator.package.name, version: remediator.package.version },
    resource: ref,
    before,
    changes: part.changes,
    hazards: part.hazards,
  };
  try {
    const plain = toJson(content);
    return deepFreeze({ ...plain, digest: digestOf(plain) }) as unknown as Plan;
  } catch (cause) {
    throw new RedressError('remediator/invalid', `${remediator.id} planned something that is not data.`, { cause });
  }
}

/** Whether a plan matches its digest; plans come back from stores. */
export function isPlan(value: unknown): value is Plan {
  if (!isRecord(value)) return false;
  const { digest, ...content } = value;
  return value['schema'] === 1 && Array.isArray(value['changes']) && digest === digestOf(content);
}

/** What stays the same of a change when it is planned again: its call. */
function changeKey(change: Change): string {
  return digestOf(toJson({ service: change.call.service, operation: change.call.operation, input: change.call.input, subject: change.subject ?? null }));
}

/** The changes of a plan that a later assessment still needs. */
export function remaining(changes: readonly Change[], assessment: Assessment): readonly Change[] {
  if (assessment.status !== 'change') return [];
  const later = new Set(assessment.changes.map(changeKey));
  const subjects = new Set(assessment.changes.map((change) => change.subject).filter((subject) => subject !== undefined));
  return changes.filter((change) => later.has(changeKey(change)) || (change.subject !== undefined && subjects.has(change.subject)));
}

/** Whether an assessment asks, for the resource as a whole, for something that a plan did not: then the resource is another than it was planned for. */
export function unplanned(changes: readonly Change[], assessment: Assessment): boolean {
  if (assessment.status !== 'change') return false;
  const planned = new Set(changes.map(changeKey));
  return assessment.changes.some((change) => change.resolves && change.subject === undefined && !planned.has(changeKey(change)));
}
