import { allow } from './answer.js';
import { defineGuardrail } from './guardrail.js';

const SOURCES: Readonly<Record<string, readonly string[]>> = {
  'config-compliance-change': ['aws.config'],
  'configuration-item-change': ['aws.config'],
  'finding-imported': ['aws.securityhub'],
  'finding-imported-v2': ['aws.securityhub'],
  'finding-custom-action': ['aws.securityhub'],
  'tag-change': ['aws.tag'],
  'automation-status': ['aws.ssm'],
};

/** Who may send findings for an account: AWS itself, from the service that sends such events, and Security Hub's administrators. */
export const authenticity = defineGuardrail({
  id: 'authenticity',
  needs: ['policy', 'identity'],
  evaluate: ({ trigger, policy, identity, resource }) => {
    if (identity.account !== resource.account)
      return {
        effect: 'deny',
        code: 'foreign-account',
        message: `The credentials belong to account ${identity.account}; the resource is in ${resource.account}.`,
      };
    if (trigger.by !== 'finding') return allow('asked', 'Requested directly.');
    const { finding } = trigger;
    const { envelope } = finding;
    if (envelope === null) {
      // Whoever may invoke the function can request what a sweep would find anyway. In a wrapper it came another way.
      if (finding.kind === 'config-remediation' && finding.via.length === 0)
        return allow('asked-by-config', 'AWS Config asks, by an Automation that may invoke this function.');
      return { effect: 'approve', code: 'no-envelope', message: 'The input came without an EventBridge envelope, so nothing proves that AWS sent it.' };
    }
    const expected = finding.kind === 'api-call' && finding.call !== null ? [`aws.${finding.call.service}`] : SOURCES[finding.kind];
    if (envelope.source === null || expected === undefined || !expected.includes(envelope.source)) {
      return {
        effect: 'deny',
        code: 'wrong-source',
        message: `An event of this kind comes from ${expected?.join(', ') ?? 'nowhere that is known'}, not from ${envelope.source ?? 'no source'}.`,
      };
    }
    if (envelope.account !== resource.account) {
      // A delegated administrator's Security Hub sends findings of its members. Nothing else may speak for another account:
      // an account that may put events on our bus could otherwise forge them.
      const administrator = expected[0] === 'aws.securityhub' && envelope.account !== null && policy.administrators.includes(envelope.account);
      if (!administrator)
        return {
          effect: 'deny',
          code: 'foreign-envelope',
          message: `Account ${envelope.account ?? 'unknown'} sent an event about account ${resource.account}.`,
        };
    }
    return allow('authentic', `${envelope.source} of account ${envelope.account ?? ''} sent it.`);
  },
});
