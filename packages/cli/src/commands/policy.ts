import type { Composition } from '../compose.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';
import { modeWords, type RemediatorDocument, remediatorsCommand } from './remediators.js';

/** `redress policy check`: composing has checked policy, register and parameters already; here is what they say. */
export function policyCheckCommand(io: Io, composition: Composition): Answer {
  const { policy, register, policySource } = composition;
  const modes = (remediatorsCommand(io, composition).json as readonly RemediatorDocument[]).map(({ id, modes: each }) => ({ id, modes: each }));
  const now = composition.clock.now();
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
    ...modes.map((each) => printable(`${each.id}: ${modeWords(each.modes)}`)),
    ...exceptions.map(
      (each) =>
        `exception ${printable(each.id)} of ${printable(each.owner)}: ${each.live ? `until ${each.expires}` : paint('yellow', `expired on ${each.expires}; it exempts nothing`)}`,
    ),
  ];
  return { json, text: lines.join('\n'), exit: 0 };
}
