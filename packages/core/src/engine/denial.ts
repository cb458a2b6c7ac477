import type { Facts } from '../guardrails/guardrail.js';
import { exceptionTagged, identityDigest } from '../guardrails/refusals.js';
import { digestOf, type JsonObject } from '../model/json.js';
import type { Change } from '../model/plan.js';
import type { AwsFailure } from './aws-errors.js';

/** What denies a call. */
export interface Denial {
  /** ARN of the policy where AWS names it; else the type of policy, or the error. */
  readonly by: string;
  /** `service-control-policy`, `permissions-boundary`, …; null where AWS does not say. */
  readonly policyType: string | null;
  /** For `iam-toolbox:GetRequestAuthorizationDetails`, which knows the policies for at least 24 hours; null where there is none. */
  readonly authorizationId: string | null;
}

/** Errors of credentials: whose call it is was not even known. */
const CREDENTIALS: readonly string[] = ['AuthFailure', 'InvalidClientTokenId', 'UnrecognizedClientException', 'SignatureDoesNotMatch'];
const POLICY =
  /(?:explicit deny in an?|because no) ((?:identity-based|resource-based|session|service control|resource control|VPC endpoint) policy|permissions boundary)(?:: (arn:[^\s,;]+?)(?=[.,;\s]|$))?/i;
const AUTHORIZATION_ID = /authorization[ _-]?id(?:entifier)?["']?\s*(?:is|[:=])?\s*["']?([0-9a-z]{1,256})\b/i;

/**
 * What AWS says about a call that it refuses permanently; null for anything else: throttling and expired credentials are transient.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 * @see https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/API_GetRequestAuthorizationDetails.html
 */
export function denialOf({ code, name, message, retryable }: Pick<AwsFailure, 'code' | 'name' | 'message' | 'retryable'>): Denial | null {
  if (code !== 'aws/denied' || retryable || CREDENTIALS.includes(name)) return null;
  const [, type, arn] = POLICY.exec(message) ?? [];
  const words = type?.toLowerCase().replace('vpc', 'VPC');
  const missing = /because no /i.test(message) ? 'no ' : 'a ';
  return {
    by: arn ?? (words === undefined ? name : `${missing}${words}`.replace('a identity', 'an identity')),
    policyType: type?.toLowerCase().replaceAll(' ', '-') ?? null,
    authorizationId: AUTHORIZATION_ID.exec(message)?.[1] ?? null,
  };
}

/** A denial in a sentence, with what brings the call again. */
export function toldOf({ by, policyType, authorizationId }: Denial): string {
  const who = policyType === null ? 'AWS does not say by which policy' : by.startsWith('no ') ? `${by} allows it` : `denied by ${by}`;
  const id = authorizationId === null ? '' : `, authorization id ${authorizationId}`;
  return `(${who}${id}). It is tried again when the policy or the role of Redress changes, after seven days, or by \`redress retry\`.`;
}

/** The part of an execution's outcome about a call of its plan that was refused permanently; empty if there was none. */
export function deniedBody(
  { failure, done, unsure }: { readonly failure: AwsFailure | null; readonly done: number; readonly unsure: number },
  changes: readonly Change[],
  facts: Pick<Facts, 'policy' | 'identity' | 'observation'>,
): JsonObject {
  const denial = failure === null || unsure > 0 ? null : denialOf(failure);
  const change = changes[done];
  if (denial === null || change === undefined) return {};
  const { service, operation, input } = change.call;
  return {
    denied: {
      ...denial,
      calls: [{ operation: `${service}:${operation}`, subject: change.subject ?? null, call: digestOf({ service, operation, input }) }],
      // What it was refused under: when it is otherwise, it is worth another try.
      policy: facts.policy.ok ? facts.policy.value.digest : null,
      role: facts.identity.ok ? identityDigest(facts.identity.value) : null,
      tagged: facts.policy.ok && facts.observation.ok && exceptionTagged(facts.policy.value, facts.observation.value),
    },
  };
}
