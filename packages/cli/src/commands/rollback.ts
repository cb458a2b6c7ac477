import { LONGEST_LEASE, parseDuration, type RollbackOptions } from '@redress/core';
import { type Composition, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';
import { isHandled, passDocument, passLines } from './run.js';

/** Options of `redress rollback`. */
export interface RollbackCommandOptions {
  readonly reason: string;
  readonly by?: string;
  readonly acceptLoss?: boolean;
  readonly hold?: string;
}

/**
 * Who takes back, and why.
 *
 * @throws {CliError} `cli/usage`
 */
export function rollbackSettings(io: Io, options: RollbackCommandOptions): RollbackOptions {
  const by = options.by ?? io.user;
  if (by.trim() === '') throw new CliError('cli/usage', 'The name of the caller is unknown.', { next: 'Give it with --by NAME.' });
  if (options.reason.trim() === '') throw new CliError('cli/usage', 'A rollback needs a reason.', { next: 'Give it with --reason TEXT.' });
  const hold = options.hold === undefined ? undefined : parseDuration(options.hold);
  if (hold === null || hold === 0) throw new CliError('cli/usage', `${JSON.stringify(options.hold)} is not a duration such as 7d, 12h or P7D.`);
  return { by, reason: options.reason, ...(options.acceptLoss === true ? { acceptLoss: true } : {}), ...(hold === undefined ? {} : { hold }) };
}

/** Takes an execution back. */
export async function rollbackCommand(io: Io, composition: Composition, execution: string, options: RollbackCommandOptions): Promise<Answer> {
  const settings = rollbackSettings(io, options);
  const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
  const redress = composition.engine({ journal });
  try {
    const pass = passDocument(await redress.rollback(execution, settings));
    return { json: pass, text: passLines(pass, painter(io)).join('\n'), exit: pass.outcome === 'rolled-back' ? 0 : 1 };
  } finally {
    redress.close();
    await journal.close?.();
  }
}

/** Options of `redress recover`. */
export interface RecoverOptions {
  readonly execution?: string;
  readonly reason?: string;
  readonly by?: string;
}

/** Closes executions whose worker is gone; with `--execution` one whose lease says that it is not. */
export async function recoverCommand(io: Io, composition: Composition, { execution, reason, by }: RecoverOptions): Promise<Answer> {
  if ((execution === undefined) !== (reason === undefined))
    throw new CliError('cli/usage', 'Closing one execution needs --execution and --reason.', { next: '`redress recover` shows those that are open.' });
  const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
  const redress = composition.engine({ journal });
  try {
    const made = execution === undefined ? await redress.recover() : [await redress.recoverExecution(execution, { by: by ?? io.user, reason: reason ?? '' })];
    const passes = made.map(passDocument);
    const closed = passes.filter((pass) => pass.outcome !== 'busy');
    const problems = passes.filter((pass) => pass.outcome === 'busy').map((pass) => `${pass.execution ?? ''}: ${pass.message}`);
    // What is still leased is assumed to have a worker.
    const open = (await journal.open()).map(({ execution: id, resource, remediator, begunAt, leaseUntil }) => ({
      execution: id,
      resource,
      remediator,
      begunAt: new Date(begunAt).toISOString(),
      leaseUntil: new Date(leaseUntil).toISOString(),
    }));
    const paint = painter(io);
    // Nobody else can close it before.
    const ahead = (leaseUntil: string) =>
      Date.parse(leaseUntil) > composition.clock.now() + LONGEST_LEASE
        ? ': the clock of its worker was ahead; if the worker is gone, `redress recover --execution` closes it'
        : '';
    const lines = [
      ...closed.flatMap((pass) => passLines(pass, paint)),
      ...open.map((each) => `${paint('yellow', 'still open')}  ${each.execution}, leased until ${each.leaseUntil}${ahead(each.leaseUntil)}`),
      ...problems.map((problem) => `${paint('red', 'could not be closed')}  ${printable(problem)}`),
      ...(closed.length === 0 && open.length === 0 ? ['No execution is open.'] : []),
    ];
    const done = problems.length === 0 && closed.every((pass) => isHandled(pass) || pass.outcome === 'failed');
    return { json: { closed, open, problems }, text: lines.join('\n'), exit: done ? 0 : 1 };
  } finally {
    redress.close();
    await journal.close?.();
  }
}
