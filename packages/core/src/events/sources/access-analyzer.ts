import { type Decoder, keyOf, type Verdict, verdict } from '../draft.js';
import { scalars, text, time } from '../read.js';
import { claimOf } from '../resource-ids.js';

/**
 * `Access Analyzer Finding`: a resource is open to somebody outside.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-eventbridge.html
 */
export const accessAnalyzer: Decoder = (detail) => {
  const findingId = text(detail.id);
  const status = text(detail.status, 64);
  const account = detail.accountId;
  const claim = claimOf({ type: detail.resourceType, id: detail.resource, region: detail.region, account: typeof account === 'string' ? account : null });
  const id = keyOf(findingId, text(detail.updatedAt, 64));
  return {
    source: 'access-analyzer',
    kind: 'finding',
    id,
    ...judge(findingId, detail.error, detail.isDeleted, status),
    account,
    region: detail.region,
    resources: claim === null ? [] : [claim],
    controls: [],
    state: status,
    observedAt: time(detail.updatedAt),
    extra: scalars({
      findingId,
      isPublic: typeof detail.isPublic === 'boolean' ? detail.isPublic : null,
      error: text(detail.error, 128),
    }),
  };
};

function judge(id: string | null, error: unknown, deleted: unknown, status: string | null): Verdict {
  if (id === null) return verdict('rejected', 'The finding has no id.');
  // The status of a deleted finding stays what it was.
  if (deleted === true) return verdict('resolved', 'The finding was deleted.');
  if (text(error) !== null) return verdict('ignored', `The analyzer could not read the resource: ${text(error, 128)}.`);
  if (status === 'RESOLVED' || status === 'ARCHIVED') return verdict('resolved', `The finding is ${status}.`);
  if (status !== 'ACTIVE') return verdict('record-only', `The status is ${status ?? 'missing'}, not ACTIVE.`);
  return verdict('candidate', 'The resource is accessible from outside.');
}
