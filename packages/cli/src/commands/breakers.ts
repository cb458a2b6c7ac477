import { isAccountId } from '@redress/core';
import { type Composition, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';

interface OpenBreaker {
  readonly remediator: string;
  readonly account: string;
  readonly since: string;
  readonly reason: string;
}

/** `redress breakers list` */
export async function breakersListCommand(io: Io, composition: Composition): Promise<Answer> {
  const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
  try {
    const open = new Map<string, OpenBreaker>();
    for await (const { record } of journal.read({ all: true })) {
      if (record.kind !== 'breaker') continue;
      const { account } = record.resource;
      const key = `${account}/${record.remediator}`;
      if (record.body['breaker'] === 'open')
        open.set(key, { remediator: record.remediator, account, since: record.time, reason: String(record.body['reason'] ?? '') });
      else open.delete(key);
    }
    const paint = painter(io);
    const lines = [...open.values()].map(
      (each) => `${paint('red', 'open')}  ${each.remediator}  ${each.account}  since ${each.since}: ${printable(each.reason)}`,
    );
    return { json: [...open.values()], text: lines.length === 0 ? 'No circuit breaker is open.' : lines.join('\n'), exit: 0 };
  } finally {
    await journal.close?.();
  }
}

/** `redress breakers close` */
export async function breakersCloseCommand(
  io: Io,
  composition: Composition,
  remediator: string,
  options: { readonly account: string; readonly by?: string; readonly reason: string },
): Promise<Answer> {
  if (!isAccountId(options.account))
    throw new CliError('cli/usage', `${JSON.stringify(options.account)} is not an account.`, { next: 'Give its 12 digits with --account.' });
  const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
  const redress = composition.engine({ journal });
  const by = options.by ?? io.user;
  try {
    await redress.closeBreaker(remediator, { account: options.account }, { by, reason: options.reason });
    return {
      json: { remediator, account: options.account, by, reason: options.reason },
      text: `Closed: ${remediator} may make changes in ${options.account} again.`,
      exit: 0,
    };
  } finally {
    redress.close();
    await journal.close?.();
  }
}
