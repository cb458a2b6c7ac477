// Stands in front of the emulator, and keeps the resource policies of functions, which it does not have.
import { createHash } from 'node:crypto';
import { inFrontOf, json, refusal } from '../../../../tests/support/in-front.js';

const PATH = /^\/2026-07-09\/resource-policy\/([^?]+)/;

/** Policies by the ARNs of their functions. */
export type Policies = Map<string, string>;

/** Starts it. What is put replaces the whole policy, and only the revision that it names. */
export async function policiesInFrontOf(emulator: string) {
  const policies: Policies = new Map();
  // As Lambda's: a UUID.
  const revisionOf = (policy: string) =>
    createHash('sha256')
      .update(policy)
      .digest('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
  const described = (Policy: string) => json({ Policy, RevisionId: revisionOf(Policy) });
  const front = await inFrontOf(emulator, ({ method, path, body }) => {
    const arn = decodeURIComponent(PATH.exec(path)?.[1] ?? '');
    if (arn === '') return null;
    const old = policies.get(arn);
    if (method === 'GET') return old === undefined ? refusal('ResourceNotFoundException', 404) : described(old);
    const { Policy, RevisionId } = JSON.parse(body) as { readonly Policy: string; readonly RevisionId?: string };
    if (RevisionId !== undefined && (old === undefined || RevisionId !== revisionOf(old))) return refusal('PreconditionFailedException', 412);
    policies.set(arn, Policy);
    return described(Policy);
  });
  return { ...front, policies };
}
