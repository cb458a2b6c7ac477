import { type Decoder, uniqueClaims, verdict } from '../draft.js';
import { text } from '../read.js';
import { claimOfId } from '../resource-ids.js';

/** An event of AWS that none of the decoders is for: dropped, and named, so that a rule that matches too much is seen. */
export const other: Decoder = (detail, context) => ({
  source: 'other',
  kind: 'unsupported',
  ...verdict(
    'ignored',
    `No finding: ${text(context.envelope?.source, 128) ?? 'unknown source'}, ${text(context.envelope?.detailType, 128) ?? 'unknown type'}.`,
  ),
  id: context.envelope?.id ?? undefined,
  account: context.account,
  region: context.region,
  resources: uniqueClaims(context.resources.slice(0, 32).map((id) => claimOfId(id, typeof context.account === 'string' ? context.account : null))),
  state: text(detail.state, 64),
  observedAt: context.envelope?.time ?? null,
});
