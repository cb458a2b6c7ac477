import { type Decoder, verdict } from '../draft.js';
import { elements, text } from '../read.js';
import { claimOfId } from '../resource-ids.js';

/** AWS gives a resource at most 50 tags. */
const MAX_KEYS = 50;

/**
 * `Tag Change on Resource`: which tags of a resource changed. It matters if the exception tag is one of them: a resource that was exempt may have a
 * gap now, and people are notified of a resource that has the tag from now on.
 *
 * @see https://docs.aws.amazon.com/tag-editor/latest/userguide/monitor-tags-with-eventbridge.html
 */
export const tagChange: Decoder = (detail, context) => {
  const account = typeof context.account === 'string' ? context.account : null;
  const claim = claimOfId(context.resources[0], account);
  const keys = elements(detail['changed-tag-keys'])
    .slice(0, MAX_KEYS)
    .map((key) => text(key, 128))
    .filter((key) => key !== null);
  const about =
    claim === null ? verdict('ignored', 'The tags are of a resource that is not known here.') : verdict('candidate', 'Tags of the resource changed.');
  return {
    source: 'tag',
    kind: 'tag-change',
    id: context.envelope?.id ?? undefined,
    ...(keys.length === 0 ? verdict('ignored', 'The event names no tag.') : about),
    account: context.account,
    region: context.region,
    resources: claim === null ? [] : [claim],
    observedAt: context.envelope?.time ?? null,
    extra: { changedTagKeys: keys },
  };
};
