import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** The most that a remediator may do, and changes that cannot be undone. */
export const ceiling = defineGuardrail({
  id: 'ceiling',
  needs: [],
  evaluate: ({ remediator, changes }) => {
    const [why] = changes.flatMap(({ undo }) => ('irreversible' in undo ? [undo.irreversible] : []));
    if (why !== undefined && remediator.ceiling !== 'notify') return { effect: 'approve', code: 'irreversible', message: `A change cannot be undone: ${why}` };
    if (remediator.ceiling === 'enforce') return allow('always-safe', 'This change may be made automatically.');
    return { effect: remediator.ceiling, code: `ceiling-${remediator.ceiling}`, message: `The ceiling of ${remediator.id} is ${remediator.ceiling}.` };
  },
});
