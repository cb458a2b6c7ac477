import type { GuardrailResult } from './guardrails/guardrail.js';
import type { Finding } from './model/finding.js';
import type { Outcome } from './model/outcome.js';
import type { Plan } from './model/plan.js';
import type { ResourceRef } from './model/resource.js';

/** What people are told. */
export interface Notification {
  readonly outcome: Outcome;
  readonly remediator: { readonly id: string; readonly title: string };
  readonly resource: ResourceRef;
  /** One sentence. */
  readonly message: string;
  readonly reasons: readonly GuardrailResult[];
  readonly plan: Plan | null;
  readonly steps: readonly string[];
  readonly finding: Finding | null;
  readonly execution: string | null;
  /** What to approve or deny: `redress approvals approve …`. */
  readonly approval: string | null;
}

/** Tells people. What it throws is logged and never changes an outcome. */
export type Notify = (notification: Notification) => Promise<void>;
