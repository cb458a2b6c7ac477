import { isAccountId } from '@redress/core';
import { type Composition, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import type { Answer, Io } from '../io.js';
import { printable } from '../printable.js';

/** Options of `redress attest`. */
export interface AttestCommandOptions {
  readonly account: readonly string[];
  readonly evidence: string;
  readonly until?: string;
  readonly withdraw?: boolean;
  readonly by?: string;
}

/** `redress attest`: records a person's attestation of what nothing can evaluate, and evaluates its gap again. */
export async function attestCommand(io: Io, composition: Composition, rule: string, options: AttestCommandOptions): Promise<Answer> {
  const attesting = composition.remediators.filter(({ attested }) => attested === true);
  const remediator = attesting.find(({ id, configRules }) => id === rule || configRules.includes(rule));
  if (remediator === undefined)
    throw new CliError('cli/not-found', `${JSON.stringify(rule)} is not a process check of the policy.`, {
      next:
        attesting.length === 0
          ? 'The policy tracks no process check. Name a pack with one: tracked: { packs: [apra-cpg-234] }.'
          : `Choose one of ${attesting.flatMap(({ configRules }) => configRules).join(', ')}.`,
    });
  const wrong = options.account.find((account) => !isAccountId(account));
  if (wrong !== undefined) throw new CliError('cli/usage', `${JSON.stringify(wrong)} is not an account id.`, { next: 'It has twelve digits.' });
  const until = untilOf(options);
  const journal = await openJournal(composition.data, { create: true, clock: composition.clock });
  const redress = composition.engine({ journal });
  const by = options.by ?? io.user;
  try {
    const attested: { readonly account: string; readonly at: string; readonly until: string; readonly outcome: string | null; readonly message: string }[] = [];
    for (const account of [...new Set(options.account)]) {
      const { attestation: word, passes } = await redress.attest(remediator.id, { account }, { by, until, evidence: options.evidence });
      const [pass] = passes;
      attested.push({
        account,
        at: new Date(word.at).toISOString(),
        until: new Date(word.until).toISOString(),
        outcome: pass?.outcome ?? null,
        message: pass?.message ?? '',
      });
    }
    const lines = attested.map(
      ({ account, until: end, outcome, message }) =>
        `${account}: ${until === null ? 'withdrawn' : `attested until ${end}`}; ${outcome ?? 'not evaluated'}: ${printable(message)}`,
    );
    return { json: { rule: remediator.configRules[0], remediator: remediator.id, by, evidence: options.evidence, attested }, text: lines.join('\n'), exit: 0 };
  } finally {
    redress.close();
    await journal.close?.();
  }
}

/** Null: withdrawn. A date is its end, in UTC. */
function untilOf({ until, withdraw = false }: AttestCommandOptions): number | null {
  if (withdraw === (until !== undefined))
    throw new CliError('cli/usage', 'An attestation either expires or is withdrawn.', { next: 'Give either --until or --withdraw.' });
  if (until === undefined) return null;
  const day = /^\d{4}-\d\d-\d\d$/.test(until);
  const time = Date.parse(day ? `${until}T23:59:59.999Z` : until);
  if (Number.isNaN(time) || (!day && !/(?:Z|[+-]\d\d:\d\d)$/.test(until)))
    throw new CliError('cli/usage', `${JSON.stringify(until)} is not a time.`, { next: 'Give a day, 2027-11-30, or a time with its offset.' });
  return time;
}
