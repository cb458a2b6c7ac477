import { environmentOf, modeOf } from '../policy/policy.js';
import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

/** What the policy allows a remediator to do in an environment. Remediators that it does not name are notify-only. */
export const mode = defineGuardrail({
  id: 'mode',
  needs: ['policy'],
  evaluate: ({ policy, remediator, resource }) => {
    const environment = environmentOf(policy, resource.account);
    const value = modeOf(policy, remediator.id, resource.account);
    const where = environment === null ? `account ${resource.account}, which is in no environment` : `environment ${environment.name}`;
    const data = { mode: value, environment: environment?.name ?? null };
    switch (value) {
      case 'enforce':
        return allow('enforce', `${remediator.id} is enforced in ${where}.`, data);
      case 'approve':
        return { effect: 'approve', code: 'mode-approve', message: `${remediator.id} needs an approval in ${where}.`, data };
      case 'off':
        return { effect: 'deny', code: 'mode-off', message: `${remediator.id} is off in ${where}.`, data };
      default:
        return { effect: 'notify', code: `mode-${value}`, message: `${remediator.id} changes nothing in ${where} (mode ${value}).`, data };
    }
  },
});
