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
    title: `Ask a person whether ${name} is so`,
    package: packageRef,
    resourceTypes: ['AWS::::Account'],
    controls: [],
    // The identifier is one for all process checks.
    triggers: { configRules: [name] },
    ceiling: 'notify',
    global: true,
    attested: true,
    blindSpots: ['Whether it is so: a person says it, and nothing checks it.'],
    hazards: [],
    uses: { reads: [], writes: [], undoes: [] },
    observe: async ({ attestation }) => ({
      state: { word: attestation === null ? null : { by: attestation.by.name, at: attestation.at, until: attestation.until, evidence: attestation.evidence } },
      tags: 'untaggable',
    }),
    plan({ state: { word }, resource, observedAt }) {
      if (word !== null && word.until > observedAt)
        return { status: 'compliant', message: `By the word of ${word.by} alone, of ${day(word.at)}, until ${day(word.until)}: ${word.evidence}` };
      return {
        status: 'manual',
        message:
          word === null
            ? `Nobody has attested ${name} for ${resource.account}.`
            : `What ${word.by} attested of ${name} on ${day(word.at)} ended on ${day(word.until)}.`,
        steps: [
          'See whether it is so, and where that is written down.',
          `redress attest ${name} --account ${resource.account} --until DATE --evidence 'LINK OR DOCUMENT'`,
        ],
      };
    },
    async *discover({ account }) {
      yield { type: 'AWS::::Account', id: account, region: GLOBAL_REGION };
    },
  });
}
