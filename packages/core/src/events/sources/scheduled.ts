import { type Decoder, keyOf, verdict } from '../draft.js';
import { scalars, text } from '../read.js';

/**
 * `Scheduled Event`: a tick of an EventBridge rule or schedule, which asks for a sweep.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
 */
export const scheduled: Decoder = (_detail, context) => {
  const ruleArn = text(context.resources[0]);
  const at = context.envelope?.time ?? null;
  // Of a rule, not the envelope's id: a tick may be delivered more than once.
  const id = keyOf(ruleArn, at);
  return {
    source: 'scheduled',
    kind: 'scheduled',
    id,
    ...verdict('evaluate', 'A schedule asks for a sweep.'),
    account: context.account,
    region: context.region,
    observedAt: at,
    extra: scalars({ ruleArn }),
  };
};
