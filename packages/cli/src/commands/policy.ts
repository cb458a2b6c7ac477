import { formatPlace, RedressError } from '@redress/core';
import type { Composition } from '../compose.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';
import { modeWords, type RemediatorDocument, remediatorsCommand } from './remediators.js';

/** `redress policy check`: composing has checked policy, register and parameters already; here is what they say. */
export function policyCheckCommand(io: Io, composition: Composition): Answer {
  const { policy, register, policySource } = composition;
  const documents = remediatorsCommand(io, composition).json as readonly RemediatorDocument[];
  const modes = documents.map(({ id, modes: each }) => ({ id, modes: each }));
  const warnings = documents.flatMap(aboveCeiling);
  const now = composition.clock.now();
  refuseTooLong(composition);
  const exceptions = register.entries.map((entry) => ({
    id: entry.id,
    owner: entry.owner,
    expires: new Date(entry.expires).toISOString(),
    live: entry.expires > now,
  }));
  const json = {
    valid: true,
    policy: policy.digest,
    policySource,
    register: register.digest,
    stop: policy.stop,
    environments: policy.environments.map(({ name, accounts, organizationalUnits = [], accountTags = [], after }) => ({
      name,
      accounts,
      organizationalUnits,
      accountTags,
      after: after?.environment ?? null,
    })),
    remediators: modes,
    limits: policy.limits,
    exceptions,
    warnings,
  };
  const paint = painter(io);
  const lines = [
    `${paint('green', 'The policy is valid')}: ${printable(policySource.file ?? policySource.kind)} (${policy.digest})`,
    ...(policy.stop === 'none' ? [] : [paint('red', `The kill switch of the policy stops ${policy.stop}.`)]),
    ...policy.environments.map(({ name, accounts, organizationalUnits = [], accountTags = [] }) => {
      const members = [...accounts, ...organizationalUnits, ...accountTags.map(({ key, value }) => `${key}=${value}`)];
      return printable(`environment ${name}: ${members.length === 0 ? 'no account' : members.join(', ')}`);
    }),
    ...(policy.environments.length === 0 ? ['There is no environment, so every account is notify-only.'] : []),
    ...warnings.map(({ message }) => `${paint('yellow', 'warning')}  ${printable(message)}`),
    ...modes.map((each) => printable(`${each.id}  ${modeWords(each.modes)}`)),
    ...exceptions.map(
      (each) =>
        `exception ${printable(each.id)} of ${printable(each.owner)}: ${each.live ? `until ${each.expires}` : paint('yellow', `expired on ${each.expires}; it exempts nothing`)}`,
    ),
  ];
  return { json, text: lines.join('\n'), exit: 0 };
}

/** How much each mode does; what a policy says above the ceiling of a remediator has no effect. */
const DOES: Readonly<Record<string, number>> = { off: 0, notify: 1, plan: 1, approve: 2, enforce: 3 };

/** Modes that a remediator never gets to: whoever wrote them expects more than will be. */
function aboveCeiling({
  id,
  ceiling,
  modes,
}: RemediatorDocument): readonly { readonly remediator: string; readonly environment: string; readonly message: string }[] {
  return Object.entries(modes)
    .filter(([, mode]) => (DOES[mode] ?? 0) > (DOES[ceiling] ?? 3))
    .map(([environment, mode]) => ({
      remediator: id,
      environment,
      message: `${id}: ${mode} in ${environment} is above its ceiling, ${ceiling}. The policy cannot raise it.`,
    }));
}

/** @throws {RedressError} `register/invalid` for entries that live longer than the policy allows, each with its place */
function refuseTooLong({ policy, register, clock }: Pick<Composition, 'policy' | 'register' | 'clock'>): void {
  const { longest } = policy.exceptions;
  if (longest === undefined) return;
  const late = register.entries.flatMap(({ id, expires }, index) =>
    expires > clock.now() + longest ? [{ id, expires, place: register.placeOf([index, 'expires']) }] : [],
  );
  const [first] = late;
  if (first === undefined) return;
  const days = Math.floor(longest / 86_400_000);
  const lines = late.map(({ id, expires, place }) => `${formatPlace(place)}: ${id} ends on ${new Date(expires).toISOString()}`);
  throw new RedressError('register/invalid', `Exceptions may last for at most ${days} days (exceptions.longest of the policy):\n  ${lines.join('\n  ')}`, {
    place: first.place,
    next: 'Give them an earlier expiry date, and renew them while the risk is still accepted.',
  });
}
