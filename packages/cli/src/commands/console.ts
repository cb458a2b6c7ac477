import { join } from 'node:path';
import { type ApprovalDesk, folderSource, type HealthFact, journalSource, type RecordSource, startConsole } from '@redress/console';
import { countOf, type Live, messageOf, parseDuration, type Stop } from '@redress/core';
import { MEANS, verdictOf } from '@redress/report';
import { approvalDesk, callerOf } from '../approval-desk.js';
import { type Composition, hasJournal, type Overrides, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { interruptible } from '../interrupt.js';
import type { Answer, Io } from '../io.js';
import { numberOf } from '../numbers.js';
import { printable } from '../printable.js';
import { verified } from './evidence.js';
import { aroundOf, environmentsOf } from './history.js';
import { calendarOf, deadlinesOf, exceptionInputs, policyInputs } from './report.js';

/** Options of `redress console`. */
export interface ConsoleCommandOptions {
  readonly port?: string;
  readonly url?: string;
  readonly readOnly?: boolean;
  readonly trust?: string;
  readonly calendar?: string;
  readonly refresh?: string;
}

/** `redress console --json`, when it has ended. */
export interface ConsoleDocument {
  readonly origin: string;
  /** Answers that were given. */
  readonly answers: readonly { readonly approval: string; readonly verdict: 'approve' | 'deny'; readonly by: string }[];
}

const REFRESH = 'PT5M';

type Warn = (message: string, error: unknown) => void;

/** Serves the pages on this machine until it is interrupted. It decides nothing: what is answered there is answered as `redress approvals` does. */
export async function consoleCommand(io: Io, composition: Composition, options: ConsoleCommandOptions, { signal }: Overrides, json: boolean): Promise<Answer> {
  const port = numberOf(options.port ?? '0', '--port', 0, 65_535);
  const everything = parseDuration(options.refresh ?? REFRESH);
  if (everything === null || everything < 1_000)
    throw new CliError('cli/usage', `--refresh ${JSON.stringify(options.refresh)} is not a duration of a second or more.`, { next: 'For example: PT5M' });
  const { calendar, named } = await calendarOf(io, options.calendar);
  const { data, clock, redact } = composition;
  if (!(await hasJournal(data)))
    throw new CliError('cli/not-found', `There is no journal in ${data.shown}.`, {
      place: { file: data.shown },
      next: 'Give its folder with --data, or `--journal aws:TABLE/BUCKET`; `redress run` makes a folder.',
    });
  const answers: ConsoleDocument['answers'][number][] = [];
  const { source, close } = await sourceOf(composition, everything);
  // With --json standard output is one document, at the end.
  const say = (text: string) => (json ? io.stderr(`${text}\n`) : io.stdout(`${text}\n`));
  const warn: Warn = (message, error) => io.stderr(`warning: ${printable(message)}: ${printable(messageOf(error))}\n`);
  const stop = interruptible(signal);
  try {
    say(`Reading the records of ${printable(data.shown)} …`);
    const running = await startConsole({
      ...{ source, port, now: clock.now },
      desk: deskOf(composition, options.url, warn, (answer) => answers.push(answer)),
      approver: async () => {
        if (options.readOnly === true) throw new CliError('cli/usage', 'it was started with --read-only.');
        return { name: await callerOf(composition), verified: options.url !== undefined };
      },
      knowledge: {
        journal: redact(data.shown),
        ...{ around: aroundOf(composition), environments: environmentsOf(composition), exceptions: exceptionInputs(composition), calendar },
        remediators: composition.remediators.map(({ id }) => id),
        closedWithin: deadlinesOf(composition),
        inputs: [...policyInputs(composition), ...named],
      },
      health: healthOf(io, composition, options, stop.signal),
      onWarning: warn,
    });
    try {
      say(`The console is for one browser on this machine. Press Ctrl-C to stop it:\n  ${running.url}`);
      await ended(stop.signal);
    } finally {
      await running.close();
    }
    const document: ConsoleDocument = { origin: running.origin, answers: redact(answers) };
    return { json: document, text: `Answers given: ${answers.length}.`, exit: 0 };
  } finally {
    stop.end();
    await close();
  }
}

async function sourceOf({ data, clock }: Composition, everything: number): Promise<{ readonly source: RecordSource; close(): Promise<void> }> {
  if (data.aws === null) return { source: folderSource(data.directory), close: async () => undefined };
  const journal = await openJournal(data, { create: false, clock });
  return { source: journalSource(journal, { now: clock.now, everything }), close: async () => journal.close?.() };
}

/** The desk of the command line, without secrets; and who is to be notified of what an answer came to is notified then, and not when the console ends. */
function deskOf(composition: Composition, url: string | undefined, warn: Warn, answered: (answer: ConsoleDocument['answers'][number]) => void): ApprovalDesk {
  const desk = approvalDesk(composition, url);
  return {
    show: async (id) => composition.redact(await desk.show(id)),
    answer: async (id, verdict, reason) => {
      const answer = await desk.answer(id, verdict, reason);
      answered({ approval: id, verdict, by: answer.by });
      // It is answered, whoever can be notified of it.
      await composition.notify?.flush?.({ all: true }).catch((error: unknown) => warn('people could not be notified', error));
      return composition.redact(answer);
    },
  };
}

/** What is known besides records: the kill switch, the policy, and what the verifier says of the ledger. */
function healthOf(io: Io, composition: Composition, options: ConsoleCommandOptions, ending: AbortSignal): () => Promise<readonly HealthFact[]> {
  const { killSwitch } = composition.parts();
  let ledger: HealthFact = { name: 'Ledger', state: 'mind', text: 'It is being verified.', next: null };
  void ledgerFact(io, composition, options, ending).then((fact) => {
    ledger = fact;
  });
  return async () => [await stopFact(killSwitch, composition), ...policyFacts(composition), ledger];
}

async function stopFact(killSwitch: Stop | Live<Stop> | undefined, { data }: Composition): Promise<HealthFact> {
  const name = 'Kill switch';
  try {
    const stop = typeof killSwitch === 'object' ? await killSwitch.read() : (killSwitch ?? 'none');
    if (stop !== 'none')
      return {
        name,
        state: 'bad',
        text: stop === 'everything' ? 'It stops changes and rollbacks.' : 'It stops changes.',
        next: `Find out why; then remove ${join(data.shown, 'STOP')}, or set its parameter to none.`,
      };
    return { name, state: 'good', text: 'As far as can be read from here, it stops nothing.', next: null };
  } catch (error) {
    return { name, state: 'bad', text: `It cannot be read, so no changes are made: ${messageOf(error)}`, next: null };
  }
}

function policyFacts({ policySource }: Composition): readonly HealthFact[] {
  if (policySource.kind !== 'absent') return [];
  return [{ name: 'Policy', state: 'mind', text: 'There is no policy, so everything is notify-only.', next: 'Give one with --policy.' }];
}

async function ledgerFact(io: Io, { data }: Composition, options: ConsoleCommandOptions, ending: AbortSignal): Promise<HealthFact> {
  const name = 'Ledger';
  if (data.aws !== null)
    return { name, state: 'mind', text: 'A journal on AWS is not verified here.', next: '`redress evidence verify` copies it, and verifies the copy.' };
  try {
    const report = await verified(io, data.directory, options.trust === undefined ? {} : { trust: options.trust }, ending);
    const verdict = verdictOf(report);
    const sealed =
      report.checkpoint === null ? '' : ` Sealed: ${countOf(report.checkpoint.size, 'entry', 'entries')}. Not yet: ${countOf(report.unsealed, 'record')}.`;
    const [first] = report.findings;
    return {
      name,
      state: verdict === 'intact' ? 'good' : verdict === 'unsealed' ? 'mind' : 'bad',
      text: `When the console started, it was ${verdict}. ${MEANS[verdict]}${sealed}${first === undefined ? '' : ` First finding: ${first.message}`}`,
      next: verdict === 'intact' ? null : verdict === 'unsealed' ? '`redress evidence seal` seals the journal.' : '`redress evidence verify` has the details.',
    };
  } catch (error) {
    return { name, state: 'bad', text: `It could not be verified: ${messageOf(error)}`, next: null };
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
