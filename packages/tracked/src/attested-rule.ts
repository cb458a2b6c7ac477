import { defineRemediator, GLOBAL_REGION, type Remediator } from '@redress/core';
import { packageRef } from './package-ref.js';
import type { TrackedRule } from './tracked-rule.js';

const day = (time: number) => new Date(time).toISOString().slice(0, 10);

/**
 * What only a person can say of an account: AWS Config evaluates nothing for a process check. The gap is closed for as long as somebody's word for it
 * holds (`redress attest`), and open before and after. Nothing of AWS is read, and nothing is changed.
 *
 * @example attestedRule({ identifier: 'AWS_CONFIG_PROCESS_CHECK', name: 'security-awareness-program-exists', types: ['AWS::::Account'] })
 * @see https://docs.aws.amazon.com/config/latest/developerguide/process-checks.html
 */
export function attestedRule({ name }: Pick<TrackedRule, 'name'>): Remediator {
  const id = `attested-${name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')}`;
  return defineRemediator({
    id,
    title: `Have a person attest ${name}`,
    package: packageRef,
    resourceTypes: ['AWS::::Account'],
    controls: [],
    // The identifier is one for all process checks.
    triggers: { configRules: [name] },
    ceiling: 'notify',
    global: true,
    attested: true,
    blindSpots: ['Whether it is true: a person attests it, and nothing checks it.'],
    hazards: [],
    uses: { reads: [], writes: [], undoes: [] },
    observe: async ({ attestation }) => ({
      state: { word: attestation === null ? null : { by: attestation.by.name, at: attestation.at, until: attestation.until, evidence: attestation.evidence } },
      tags: 'untaggable',
    }),
    plan({ state: { word }, resource, observedAt }) {
      if (word !== null && word.until > observedAt)
        return { status: 'compliant', message: `Attested only by ${word.by} on ${day(word.at)}, until ${day(word.until)}: ${word.evidence}` };
      return {
        status: 'manual',
        message:
          word === null
            ? `Nobody has attested ${name} for ${resource.account}.`
            : `The attestation of ${name} by ${word.by} on ${day(word.at)} expired on ${day(word.until)}.`,
        steps: [
          'Check whether it is true, and where that is documented.',
          `redress attest ${name} --account ${resource.account} --until DATE --evidence 'LINK OR DOCUMENT'`,
        ],
      };
    },
    async *discover({ account }) {
      yield { type: 'AWS::::Account', id: account, region: GLOBAL_REGION };
    },
  });
}
