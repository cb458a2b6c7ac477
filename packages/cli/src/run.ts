import { Argument, type Command, CommanderError, Option } from 'commander';
import type { AttestCommandOptions } from './commands/attest.js';
import type { BundleCommandOptions } from './commands/bundle.js';
import type { ConsoleCommandOptions } from './commands/console.js';
import type { CoverageOptions } from './commands/coverage.js';
import type { DoctorOptions } from './commands/doctor.js';
import type { BundleOptions, ExportOptions, ProofOptions, VerifyCommandOptions } from './commands/evidence.js';
import type { ExceptionOptions } from './commands/exceptions.js';
import type { PackOptions } from './commands/generate-config.js';
import type { GenerateIamOptions } from './commands/generate-iam.js';
import type { HistoryOptions } from './commands/history.js';
import type { BreakOptions, KeyOptions, RestoredOptions, RotateOptions, SealOptions } from './commands/ledger.js';
import type { PlanOptions } from './commands/plan.js';
import type { ReconcileOptions } from './commands/reconcile.js';
import type { ReportOptions } from './commands/report.js';
import type { RecoverOptions } from './commands/rollback.js';
import type { RollbackAllOptions } from './commands/rollback-all.js';
import type { SweepCommandOptions } from './commands/sweep.js';
import type { TemplateOptions } from './commands/template.js';
import type { Composition, GlobalOptions, Overrides } from './compose.js';
import { EXAMPLES } from './help/examples.js';
import { SHELLS, type Shell } from './help/shells.js';
import { specOf } from './help/spec.js';
import { Subcommand } from './help/subcommand.js';
import { type Answer, columnsOf, type Io } from './io.js';
import { printable, printableJson } from './printable.js';

export { processIo } from './io.js';

/** What an embedder or a test gives instead of the built-in parts. */
export type RunOverrides = Overrides;

const ENDINGS = `
Exit code: 0 done; 1 something failed, has to be run again, or needs a person; 2 the command, the policy or a file is invalid.
evidence verify: 0 intact; 1 tampered; 2 incomplete; 3 not sealed by a trusted key.
reconcile: 0 no differences; 1 differences; 2 no differences, but not everything could be compared.
With --json, standard output is exactly one JSON document, also for an error.`;

const FILES = 'files and folders: JSON or JSON lines, optionally gzip; - is standard input';
const FROM = ['--from <place>', 'ACCOUNT or ACCOUNT/REGION, for compliance details that do not contain it'] as const;
const ACCOUNTS = 'accounts, organizational units (ou-…) or all of the organization (default: that of the credentials)';
const REGIONS = 'regions, or all enabled regions (default: --region)';
const CONCURRENCY = 'how many places (one account and region each) to read in parallel (default: 10)';
const FROM_OR_HERE = [FROM[0], `${FROM[1]} (default: that of the credentials, and --region)`] as const;

/**
 * Runs the command line in this process.
 *
 * @example const exit = await run(['normalize', 'event.json', '--json'], processIo());
 * @param argv without interpreter and script.
 * @returns the exit code; never throws for what is in arguments and files.
 */
export async function run(argv: readonly string[], own: Io, overrides: RunOverrides = {}): Promise<number> {
  // Known before the arguments are parsed, since parsing them may fail.
  const json = wantsJson(argv);
  let said = '';
  let answer: Answer | null = null;
  const program = build(own, overrides, {
    answer: (given) => {
      answer = given;
    },
    help: (text) => {
      said += text;
    },
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      own.stdout(json ? `${printableJson({ text: said })}\n` : said);
      return 0;
    }
    const [{ CliError, explain }, { discreet, printClean }] = await Promise.all([import('./errors.js'), import('./output.js')]);
    const told =
      error instanceof CommanderError && /help/.test(error.code)
        ? new CliError('cli/usage', 'No command is given.', { next: '`redress --help` shows commands and options.' })
        : error;
    const { document, text, exit } = explain(told);
    if (json) printClean(own, document);
    else discreet(own).stderr(text);
    return exit;
  }
  const given = answer as Answer | null;
  if (given === null) return 2;
  (await import('./output.js')).print(own, json, given);
  return given.exit;
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** Where a command line stores its result. */
interface Ends {
  answer(given: Answer): void;
  help(text: string): void;
}

/** The examples of a command, after its help. */
function examplesOf(command: Command): string {
  const path: string[] = [];
  for (let at = command; at.parent !== null; at = at.parent) path.unshift(at.name());
  const examples = EXAMPLES[path.join(' ')] ?? [];
  return examples.length === 0 ? '' : `\nExamples:\n${examples.map(({ command: called, does }) => `  ${called}\n      ${does}`).join('\n')}`;
}

function build(own: Io, overrides: RunOverrides, { answer, help }: Ends): Command {
  let io = own;
  const program = new Subcommand('redress')
    // Commands below get these as they are made.
    .exitOverride()
    // No text of ours has colors, which the default searches each word for.
    .configureHelp({ showGlobalOptions: true, displayWidth: (text) => text.length })
    .configureOutput({
      getOutHelpWidth: () => columnsOf(own),
      getErrHelpWidth: () => columnsOf(own),
      writeOut: help,
      writeErr: () => undefined,
    })
    .showSuggestionAfterError()
    .addHelpText('afterAll', ({ command }) => examplesOf(command))
    .description('Closes AWS security gaps automatically, safely, and with proof.')
    .version(version())
    .option('--json', 'one JSON document on standard output')
    .option('--endpoint-url <url>', 'endpoint for all services, for an emulator')
    .option('--profile <name>', 'profile of the shared AWS configuration')
    .option('--region <name>', 'region (default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1)')
    .option('--data <folder>', 'journal and kill switch (default: .redress)')
    .option('--journal <place>', 'the journal on AWS, instead of the one in --data: aws:TABLE/BUCKET or aws:TABLE/BUCKET/PREFIX')
    .option('--stop-parameter <name>', 'kill switch in an SSM parameter, in addition to the file STOP in --data: none, changes or everything')
    .option('--policy <file>', 'policy (default: redress.yaml; without one everything is notify-only)')
    .option('--config <file>', 'your remediators and guardrails (default: redress.config.mjs, if it exists)')
    .addHelpText('after', ENDINGS);
  // Help is shown without what commands need: each is loaded when it is asked for.
  program.hook('preAction', async () => {
    io = (await import('./output.js')).discreet(own);
  });
  const composed = async (work: (composition: Composition) => Answer | Promise<Answer>, how: { readonly asksWho?: boolean } = {}) => {
    const { compose } = await import('./compose.js');
    const composition = await compose(io, program.opts<GlobalOptions>(), overrides, how);
    const given = await work(composition);
    let failed = composition.warned();
    try {
      // What was held back would be gone with this process.
      await composition.notify?.flush?.({ all: true });
    } catch (error) {
      failed = true;
      const { messageOf } = await import('@redress/core');
      io.stderr(`warning: some notifications could not be delivered: ${printable(messageOf(error))}\n`);
    }
    // A notification that was not delivered is work that is not done.
    const clean = given.verbatim === true ? given : composition.redact({ json: given.json, text: given.text });
    answer({ ...given, ...clean, exit: failed && given.exit === 0 ? 1 : given.exit });
  };
  const data = async () => (await import('./compose.js')).dataOf(io, program.opts<GlobalOptions>());
  const json = () => program.opts<GlobalOptions>().json === true;
  program
    .command('normalize')
    .description('show what is read from files, as findings; needs no account')
    .argument('<file...>', FILES)
    .option(...FROM)
    .action(async (files: string[], options: { from?: string }) =>
      answer(
        await (await import('./commands/normalize.js')).normalizeCommand(
          io,
          files,
          options,
          (await import('./compose.js')).regionOf(io, program.opts<GlobalOptions>()),
        ),
      ),
    );
  program
    .command('plan')
    .description('show what would be done, or why not; reads the account, changes and records nothing')
    .argument('[file...]', FILES)
    .option(...FROM_OR_HERE)
    .option('--live', 'read the account instead of events')
    .option('--details', 'show each change as a difference of before and after, with its undo')
    .option('--calls', 'like --details, with each call to AWS')
    .addOption(
      new Option('--output <format>', 'output format; csv and ndjson have one gap per row (default: table)').choices([
        'table',
        'json',
        'ndjson',
        'csv',
        'markdown',
      ]),
    )
    .option('--remediator <id...>', 'with --live: only these remediators')
    .option('--accounts <id...>', `with --live: ${ACCOUNTS}`)
    .option('--in <region...>', `with --live: ${REGIONS}`)
    .option('--concurrency <number>', `with --live: ${CONCURRENCY}`)
    .addOption(new Option('--account <id...>').hideHelp())
    .action((files: string[], options: PlanOptions) => {
      // Ahead of what takes its time: a long look never begins in silence.
      if (options.live === true) io.stderr('Reading configuration, policy and register.\n');
      return composed(async (composition) => (await import('./commands/plan.js')).planCommand(io, composition, files, options, overrides), {
        asksWho: options.live === true && options.accounts === undefined && options.account === undefined,
      });
    });
  program
    .command('run')
    .description('handle events end to end, as the Lambda does')
    .argument('<file...>', FILES)
    .option(...FROM_OR_HERE)
    .action((files: string[], options: { from?: string }) =>
      composed(async (composition) => (await import('./commands/run.js')).runCommand(io, composition, files, options)),
    );
  program
    .command('sweep')
    .description('find what events missed, and handle it on the same path')
    .option('--remediator <id...>', 'only these')
    .option('--accounts <id...>', ACCOUNTS)
    .option('--in <region...>', REGIONS)
    .option('--concurrency <number>', CONCURRENCY)
    .option('--per-second <number>', 'most resources per second and place (default: as many as the budgets of calls allow)')
    .option('--restart', 'start over, instead of resuming where the last sweep stopped')
    .addOption(new Option('--account <id...>').hideHelp())
    .action((options: SweepCommandOptions) =>
      composed(async (composition) => (await import('./commands/sweep.js')).sweepCommand(io, composition, options, overrides)),
    );
  program
    .command('replay')
    .description('show how the current policy decides on past events; makes no call to AWS')
    .argument('<file...>', FILES)
    .option(...FROM)
    .option('--against <policy>', 'another policy: show which outcomes differ under it')
    .option('--most <number>', 'how many passes to show (default: 200); all are counted')
    .action((files: string[], options: { against?: string; most?: string; from?: string }) =>
      composed(async (composition) => {
        const { compose } = await import('./compose.js');
        const other = (policy: string) => compose(io, { ...program.opts<GlobalOptions>(), policy }, overrides);
        return (await import('./commands/replay.js')).replayCommand(io, composition, other, files, options);
      }),
    );
  program
    .command('rollback')
    .description('roll back an execution, or with --all every fix of a period')
    .argument('[execution]', 'as `redress history` shows it')
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who does it (default: the user of the operating system)')
    .option('--accept-loss', 'accept that the undo destroys something, or that it may overwrite a later change')
    .option('--hold <duration>', 'leave the resource alone for this long afterwards (default: P7D)')
    .option('--all', 'every execution after --since, newest first; only shows them unless --yes is given')
    .option('--since <when>', 'with --all: a duration before now (PT1H), a date (its start, UTC) or a time')
    .option('--remediator <id...>', 'with --all: only these remediators')
    .option('--yes', 'with --all: do it')
    .action((execution: string | undefined, options: RollbackAllOptions & { all?: boolean }) =>
      composed(async (composition) => {
        if ((execution === undefined) !== (options.all === true))
          throw new (await import('./errors.js')).CliError('cli/usage', 'Give an execution, or --all with --since.');
        if (execution === undefined) return (await import('./commands/rollback-all.js')).rollbackAllCommand(io, composition, options);
        return (await import('./commands/rollback.js')).rollbackCommand(io, composition, execution, options);
      }),
    );
  const approvals = program.command('approvals').description('plans that need an approval');
  const AT = ['--url <url>', 'send a signed request to this Function URL of the approvals (default: use the journal of the data folder)'] as const;
  approvals
    .command('list')
    .description('list the plans that need an approval')
    .option(...AT)
    .action((options: { url?: string }) =>
      composed(async (composition) => (await import('./commands/approvals.js')).approvalsListCommand(io, composition, options)),
    );
  approvals
    .command('show')
    .description('show what would be done, why it needs an approval, and its blind spots')
    .argument('<approval>', 'as `redress approvals list` shows it')
    .option(...AT)
    .action((id: string, options: { url?: string }) =>
      composed(async (composition) => (await import('./commands/approvals.js')).approvalsShowCommand(io, composition, id, options)),
    );
  for (const verdict of ['approve', 'deny'] as const)
    approvals
      .command(verdict)
      .description(
        verdict === 'approve'
          ? 'approve: exactly the plan that was shown is carried out, if the resource has not drifted'
          : 'deny: the plan is not carried out, and not asked for again for a while',
      )
      .argument('<approval>', 'as `redress approvals list` shows it')
      .requiredOption('--reason <text>', 'why')
      .option(...AT)
      .action((id: string, options: { reason: string; url?: string }) =>
        composed(async (composition) => (await import('./commands/approvals.js')).approvalsAnswerCommand(io, composition, id, verdict, options)),
      );
  const breakers = program.command('breakers').description('circuit breakers: remediators that change nothing until a person closes the breaker');
  breakers
    .command('list')
    .description('list the open circuit breakers')
    .action(() => composed(async (composition) => (await import('./commands/breakers.js')).breakersListCommand(io, composition)));
  breakers
    .command('close')
    .description('close a circuit breaker: the remediator may make changes again')
    .argument('<remediator>')
    .requiredOption('--account <id>', 'in this account')
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who does it (default: the user of the operating system)')
    .action((remediator: string, options: { account: string; reason: string; by?: string }) =>
      composed(async (composition) => (await import('./commands/breakers.js')).breakersCloseCommand(io, composition, remediator, options)),
    );
  program
    .command('retry')
    .description('retry what AWS refused on a resource (AccessDenied); without this, it is not retried for a week')
    .argument('<resource>', 'a resource id, or TYPE/ID')
    .option('--reason <text>', 'why')
    .option('--by <name>', 'who does it (default: the user of the operating system)')
    .action((subject: string, options: { reason?: string; by?: string }) =>
      composed(async (composition) => (await import('./commands/retry.js')).retryCommand(io, composition, subject, options)),
    );
  program
    .command('attest')
    .description('attest a process check, which nothing can evaluate; its gap counts as closed until the attestation expires')
    .argument('<rule>', 'the rule, as `redress coverage` shows it')
    .requiredOption('--account <id...>', 'in these accounts')
    .requiredOption('--evidence <text>', 'the evidence for it: a document, a ticket, a link')
    .option('--until <date>', 'when it expires; at most 366 days from now')
    .option('--withdraw', 'withdraw the attestation')
    .option('--by <name>', 'who does it (default: the user of the operating system)')
    .action((rule: string, options: AttestCommandOptions) =>
      composed(async (composition) => (await import('./commands/attest.js')).attestCommand(io, composition, rule, options)),
    );
  const exceptions = program.command('exceptions').description('the exceptions register: accepted risks, with owner, approver and expiry date');
  exceptions
    .command('list')
    .description('list every entry, and how often it was used')
    .action(() => composed(async (composition) => (await import('./commands/exceptions.js')).exceptionsListCommand(io, composition)));
  exceptions
    .command('check')
    .description('list the entries that expire soon, have expired, or were never used; run it on a schedule')
    .option('--within <duration>', 'list entries that expire within this time (default: P14D)')
    .action((options: { within?: string }) =>
      composed(async (composition) => (await import('./commands/exceptions.js')).exceptionsCheckCommand(io, composition, options)),
    );
  exceptions
    .command('add')
    .description('add an entry to the register')
    .argument('<id>', 'used once')
    .option('--resource <id...>', 'ids as in findings, ARNs, or URLs of the AWS console')
    .option('--account <id...>', 'accounts')
    .option('--in <region...>', 'regions')
    .option('--type <type...>', 'CloudFormation types')
    .option('--tag <key=value...>', 'tags')
    .option('--remediator <id...>', 'only these remediators')
    .requiredOption('--reason <text>', 'why the risk is accepted')
    .requiredOption('--owner <name>', 'who owns the risk')
    .requiredOption('--approver <name>', 'who accepted it; never the owner')
    .requiredOption('--expires <when>', 'a duration from now (P90D), or a moment')
    .option('--ticket <id>', 'the ticket that documents it')
    .option('--control <text>', 'the compensating control')
    .action((id: string, options: ExceptionOptions) =>
      composed(async (composition) => (await import('./commands/exceptions.js')).exceptionsAddCommand(io, composition, id, options)),
    );
  exceptions
    .command('expire')
    .description('expire an entry now; it stays in the register')
    .argument('<id>')
    .action((id: string) => composed(async (composition) => (await import('./commands/exceptions.js')).exceptionsExpireCommand(io, composition, id)));
  program
    .command('recover')
    .description('close executions whose worker is gone, after reading the resource')
    .option('--execution <id>', 'only this one: its worker is gone, and its clock was ahead, so that its lease would never expire')
    .option('--reason <text>', 'with --execution: how you know that its worker is gone')
    .option('--by <name>', 'with --execution: who (default: the user of the operating system)')
    .action((options: RecoverOptions) => composed(async (composition) => (await import('./commands/rollback.js')).recoverCommand(io, composition, options)));
  program
    .command('doctor')
    .description('check the policy, the register and the journal, and with --live also the account and the deployment; only reads')
    .option('--live', 'check the account, too')
    .option('--stack <name>', 'with --live: the CloudFormation stack of the deployment')
    .option('--function <name>', 'with --live: the function that handles events (default: that of --stack)')
    .option('--approvals <name>', 'with --live: the function of the approvals (default: that of --stack)')
    .option('--account <id...>', 'with --live: these accounts (default: that of the credentials)')
    .option('--in <region...>', 'with --live: these regions (default: --region, and where global services report)')
    .option('--remediator <id...>', 'only what these remediators need')
    .option('--probe', 'with --live: ask EC2 with a dry run whether fixes are allowed')
    .option('--canary <parameter>', 'parameter of the canary (default: that of the function)')
    .action((options: DoctorOptions) => composed(async (composition) => (await import('./commands/doctor.js')).doctorCommand(io, composition, options)));
  program
    .command('history')
    .description('show what changed, when, why, and because of which event')
    .argument('[resource]', 'a resource id, TYPE/ID, or an execution (default: everything)')
    .option('--since <when>', 'start of the range: a duration before now (P7D), a date (its start, UTC) or a time')
    .option('--until <when>', 'end of the range, likewise; a date includes the whole day (UTC)')
    .option('--account <id...>', 'in these accounts')
    .option('--environment <name...>', 'in accounts of these environments of the policy')
    .option('--remediator <id...>', 'of these')
    .option('--outcome <name...>', 'with this outcome: remediated, rolled-back, denied, open and so on')
    .option('--actor <text...>', 'caused or done by: part of an ARN, a session or a name')
    .option('--approver <text...>', 'approved by: part of a name, of a plan or of the exception that covers it')
    .option('--resource <id...>', 'of these resources or executions: ids, TYPE/ID, or executions')
    .option('--ticket <id...>', 'with these tickets: of an exception, or named in a reason')
    .option('--output <format>', 'table (one entry per line), json, ndjson or csv (default: text)')
    .action((subject: string | undefined, options: HistoryOptions) => {
      const work = async (composition: Composition | null) =>
        (await import('./commands/history.js')).historyCommand(io, await data(), subject, options, composition);
      // What the policy and the register say is asked for only where it can make a difference.
      return Object.keys(options).length > 0 ? composed(work) : work(null).then(answer);
    });
  program
    .command('report')
    .description('write the report of a period for auditors: one page without network access or scripts, and CSV, OSCAL, OCSF and proofs')
    .requiredOption('--from <when>', 'start of the period: a date (UTC), a time, or a duration before now')
    .requiredOption('--to <when>', 'end of the period; a date includes the whole day (UTC)')
    .requiredOption('--out <folder>', 'the folder to write; nothing is replaced')
    .option('--pack <name...>', 'coverage of these conformance packs (default: apra-cpg-234)')
    .option('--framework <name...>', 'coverage of these frameworks (default: fsbp and cis-7.0)')
    .option('--calendar <file>', 'business days: JSON with zone, weekend and holidays (default: Monday to Friday in Australia/Sydney)')
    .option('--sample <number>', 'size of the sample of changes (default: 25)')
    .option('--seed <text>', 'seed of the sample (default: the root of the sealed tree)')
    .option('--proofs <which>', 'proofs of all changes, of the sample or of none (default: all; above 2,000 changes the sample)')
    .option('--trust <file>', 'the trusted keys (default: redress.trust.json, if it exists)')
    .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere')
    .option('--anchor <place...>', 'where checkpoints were kept: files, folders, or git repositories')
    .option('--witness <key...>', 'witnesses that must have cosigned')
    .option('--retention <days>', 'the required retention of documents')
    .action((options: ReportOptions) => composed(async (composition) => (await import('./commands/report.js')).reportCommand(io, composition, options)));
  program
    .command('console')
    .description('show the pages of the report live, in a browser on this machine, with the plans that need an approval')
    .option('--port <number>', 'the port on 127.0.0.1; 0 is any (default: 0)')
    .option('--url <url>', 'send signed answers to this Function URL of the approvals (default: use the journal)')
    .option('--read-only', 'do not answer approvals')
    .option('--trust <file>', 'the trusted keys (default: redress.trust.json, if it exists)')
    .option('--calendar <file>', 'business days: JSON with zone, weekend and holidays (default: Monday to Friday in Australia/Sydney)')
    .option('--refresh <duration>', 'with a journal on AWS: how often to read all of it; approvals and open gaps show at once (default: PT5M)')
    .action((options: ConsoleCommandOptions) =>
      composed(async (composition) => (await import('./commands/console.js')).consoleCommand(io, composition, options, overrides, json())),
    );
  program
    .command('explain')
    .description('explain why Redress acted or did not, and what to do next')
    .argument('<subject>', 'an execution, a resource id, or TYPE/ID')
    .action(async (subject: string) => answer(await (await import('./commands/explain.js')).explainCommand(io, await data(), subject)));
  program
    .command('reconcile')
    .description('compare the records with CloudTrail: find changes by Redress without a record, and records without a change')
    .argument('[trail...]', 'log files of CloudTrail, their folders, or s3://BUCKET/PREFIX')
    .option('--lookup', 'read the last 90 days of CloudTrail (LookupEvents) in accounts and regions')
    .option('--accounts <id...>', `only these; with --lookup: ${ACCOUNTS}`)
    .option('--in <region...>', `with --lookup: ${REGIONS}`)
    .option('--since <when>', 'start of the period: a duration before now, a date (its start, UTC) or a time (default: P7D)')
    .option('--until <when>', 'end of the period, likewise; a date includes the whole day (UTC) (default: now)')
    .option('--grace <duration>', 'how long a record waits for CloudTrail before it counts as a ghost (default: P1D)')
    .option('--delay <duration>', 'how long CloudTrail may take to deliver (default: PT15M)')
    .option('--principal <name...>', 'who else acts for Redress, in addition to those in the records: ARNs, or names of roles')
    .option('--ignore <operation...>', 'other calls by roles of Redress, as CloudTrail names them: ssm:PutParameter')
    .action((trail: string[], options: ReconcileOptions) => {
      const work = async (composition: Composition | null) =>
        (await import('./commands/reconcile.js')).reconcileCommand(io, await data(), program.opts<GlobalOptions>(), trail, options, composition);
      return options.lookup === true ? composed(work) : work(null).then(answer);
    });
  const evidence = program.command('evidence').description('verify, seal and export the records');
  evidence
    .command('verify')
    .description('verify every record, seal and document offline, and name the first invalid one; copies a journal on AWS first')
    .option('--table <name>', 'the table of a journal on AWS, like --journal')
    .option('--bucket <name>', 'its bucket')
    .option('--trust <file>', 'the trusted keys (default: redress.trust.json, if it exists)')
    .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere: the ledger must contain each of them')
    .option('--anchor <place...>', 'where checkpoints were kept: files, folders, or git repositories (all commits are read)')
    .option('--witness <key...>', 'witnesses that must have cosigned the checkpoint, or one that was kept: NAME+ID+KEY')
    .option('--retention <days>', 'the required retention of documents: a missing document that is older has expired, and is not a finding')
    .option('--threads <number>', 'how many threads to use for a large ledger (default: one per core, at most 4)')
    .action(async (options: VerifyCommandOptions) =>
      answer(await (await import('./commands/evidence.js')).evidenceVerifyCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  evidence
    .command('key')
    .description('make the key that seals records, and the trust file that verifies them')
    .requiredOption('--origin <name>', 'name of the ledger, which is in every checkpoint: example.com/redress')
    .option('--out <file>', 'the private key (default: redress.key)')
    .option('--trust <file>', 'the trust file, for auditors (default: redress.trust.json)')
    .option('--kms <key>', 'ARN, id or alias of an Ed25519 key in KMS, instead of a private key in a file')
    .action(async (options: KeyOptions) => answer(await (await import('./commands/ledger.js')).evidenceKeyCommand(io, program.opts<GlobalOptions>(), options)));
  evidence
    .command('seal')
    .description('sign a checkpoint over all records, even if none is new; run it on a schedule')
    .option('--key <file>', 'the private key (default: redress.key)')
    .option('--trust <file>', 'the trust file, with the keys that were replaced (default: redress.trust.json, if it exists)')
    .option('--kms <key>', 'ARN, id or alias of a key in KMS, instead of a private key in a file')
    .option('--origin <name>', 'with --kms: name of the ledger (default: that of the trust file)')
    .option('--anchor <place...>', 'also copy the checkpoint to a folder, or to s3://BUCKET/PREFIX')
    .option('--witness <witness...>', 'also ask these witnesses to cosign the checkpoint (C2SP tlog-witness): "NAME+ID+KEY URL"')
    .option('--lock-days <number>', 'with a journal on AWS: lock what is stored for this many days (default: that of the bucket)')
    .option('--documents-days <number>', 'move the documents of sealed records to an archive, kept for this many days (default: they are not moved)')
    .option('--all', 'with a journal on AWS: read all streams, not only those in the index')
    .action(async (options: SealOptions) =>
      answer(await (await import('./commands/ledger.js')).evidenceSealCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  evidence
    .command('rotate')
    .description('replace the key that seals: the ledger announces the new key under the old one. If it is interrupted, run it again')
    .requiredOption('--reason <text>', 'why; kept in the ledger with the name of the caller')
    .option('--key <file>', 'the private key to replace; the new key takes its place, and the old one is kept next to it (default: redress.key)')
    .option('--trust <file>', 'the trust file: gets the new key, and the time until which the old one may sign (default: redress.trust.json)')
    .option('--kms <key>', 'ARN, id or alias of the key in KMS to replace, instead of one in a file')
    .option('--next-kms <key>', 'ARN, id or alias of the new key in KMS, instead of a new one in a file')
    .option('--origin <name>', 'with --kms: name of the ledger (default: that of the trust file)')
    .option('--anchor <place...>', 'also copy the checkpoint to a folder, or to s3://BUCKET/PREFIX')
    .option('--lock-days <number>', 'with a journal on AWS: lock what is stored for this many days (default: that of the bucket)')
    .action(async (options: RotateOptions) =>
      answer(await (await import('./commands/ledger.js')).evidenceRotateCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  evidence
    .command('break')
    .description(
      'continue with a new key after the key was lost: the ledger records by whom and why, and verify reports the break. If it is interrupted, run it again',
    )
    .requiredOption('--lost <key>', 'the lost key, as verify names it: NAME+ID')
    .requiredOption('--reason <text>', 'how it was lost; kept in the ledger with the name of the caller')
    .option('--key <file>', 'the file of the new private key; an existing file is kept next to it (default: redress.key)')
    .option('--trust <file>', 'the trust file: gets the new key, and the time until which the lost one may sign (default: redress.trust.json)')
    .option('--kms <key>', 'ARN, id or alias of the new key in KMS, instead of a new one in a file')
    .option('--anchor <place...>', 'also copy the checkpoint to a folder, or to s3://BUCKET/PREFIX')
    .option('--lock-days <number>', 'with a journal on AWS: lock what is stored for this many days (default: that of the bucket)')
    .action(async (options: BreakOptions) =>
      answer(await (await import('./commands/ledger.js')).evidenceBreakCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  evidence
    .command('restored')
    .description(
      'restore what a table on AWS lost when it was restored from a backup, from sealed entries and archives, and allow its use: until then no execution starts on it',
    )
    .option('--trust <file>', 'the keys that may have sealed (default: redress.trust.json, if it exists)')
    .requiredOption('--reason <text>', 'why it was restored from a backup; kept with the name of the caller')
    .action(async (options: RestoredOptions) => answer(await (await import('./commands/ledger.js')).evidenceRestoredCommand(io, await data(), options)));
  evidence
    .command('proof')
    .description('write the proof that a record is in the sealed ledger (.tlog-proof), for someone without the ledger')
    .argument('<record>', 'STREAM/SEQ: the stream by its digest, the start of its digest, or the id of its resource; SEQ is the number of the record in it')
    .option('--out <file>', 'the file to write; nothing is replaced (default: STREAM-SEQ.tlog-proof)')
    .action(async (record: string, options: ProofOptions) =>
      answer(await (await import('./commands/evidence.js')).evidenceProofCommand(io, await data(), record, options)),
    );
  evidence
    .command('bundle')
    .description('write sealed records with their proofs, documents and the checkpoint as one self-contained file')
    .option('--record <record...>', 'STREAM/SEQ, as for proof')
    .option('--resource <id...>', 'all records of a resource, or of a stream')
    .option('--execution <id...>', 'all records of an execution')
    .option('--out <file>', 'the file to write; nothing is replaced (default: evidence.bundle.json)')
    .action(async (options: BundleOptions) => answer(await (await import('./commands/evidence.js')).evidenceBundleCommand(io, await data(), options)));
  evidence
    .command('export')
    .description('copy a journal on AWS into a folder, byte for byte, or write any journal in another format')
    .option('--table <name>', 'the table of a journal on AWS, like --journal')
    .option('--bucket <name>', 'its bucket')
    .option('--format <name>', 'write one file instead of a copy: ocsf (one event per line), oscal-ar (assessment results) or oscal-poam (open gaps)')
    .option('--out <path>', 'the folder, without a journal in it (default: evidence), or the file (default: redress.…)')
    .option('--store', 'also store the documents in items of the table in the bucket, so that its Object Lock keeps them')
    .option('--lock-days <number>', 'with --store: for how many days each is locked, from the date of its record (default: that of the bucket)')
    .action(async (options: ExportOptions) =>
      answer(await (await import('./commands/evidence.js')).evidenceExportCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  program
    .command('remediators')
    .description('list the remediators, what the policy allows them, and the IAM actions they need')
    .action(() => composed(async (composition) => (await import('./commands/remediators.js')).remediatorsCommand(io, composition)));
  program
    .command('coverage')
    .description(
      'show how each rule of a conformance pack, or control of a framework, is covered: by which remediator, in which mode, and with which last result',
    )
    .option('--pack <name>', 'apra-cpg-234, or a file: a conformance pack of AWS Config')
    .option('--framework <name>', 'fsbp, cis-3.0, cis-5.0, cis-6.0, cis-7.0, nist-800-53 or pci-4')
    .option('--format <name>', 'table, json or csv (default: table)')
    .action((options: CoverageOptions) => composed(async (composition) => (await import('./commands/coverage.js')).coverageCommand(io, composition, options)));
  program
    .command('patterns')
    .description('EventBridge patterns that deliver the events of the remediators')
    .option('--remediator <id...>', 'only these')
    .action((options: { remediator?: string[] }) =>
      composed(async (composition) => (await import('./commands/patterns.js')).patternsCommand(composition, options)),
    );
  const generate = program.command('generate').description('generate templates, IAM policies and AWS Config rules from the remediators');
  generate
    .command('template <which>')
    .description('a CloudFormation template: hub, sealer (in the same region), member-role (once per account), member-events or member-config (per region)')
    .option('--remediator <id...>', 'only these')
    .option('--approver <arn...>', 'hub: roles and users, also of other accounts, that may call the approval endpoint')
    .option('--pack <name>', 'member-config: the rules of apra-cpg-234, or of a file (default: those that remediators know)')
    .option('--format <name>', 'yaml or json (default: yaml)')
    .action((which: string, options: TemplateOptions) =>
      composed(async (composition) => (await import('./commands/template.js')).templateCommand(io, composition, which, options)),
    );
  generate
    .command('iam <which>')
    .description('an IAM policy, from the permissions that remediators declare: read, fix, rollback, auditor (reads the journal) or boundary')
    .option('--remediator <id...>', 'only these')
    .option('--account <id>', 'the account of the role (default: the account that the policy is in)')
    .option('--in <region...>', 'only in these regions')
    .option('--no-exception-tag', 'fix: IAM does not check the exception tag')
    .option('--part <number>', 'read, fix, rollback: the number of the managed policy, if one is not enough')
    .option('--for <role>', 'boundary: only for read, fix or rollback (default: one for all three)')
    .option('--table <name>', 'auditor: the table of the journal')
    .option('--bucket <name>', 'auditor: its bucket')
    .option('--format <name>', 'json or yaml (default: json)')
    .action((which: string, options: GenerateIamOptions) =>
      composed(async (composition) => (await import('./commands/generate-iam.js')).generateIamCommand(composition, which, options)),
    );
  generate
    .command('ssm-document')
    .description('the Automation document with which AWS Config asks Redress to remediate')
    .option('--function <arn>', 'the function that answers: output ConfigFunctionArn of the hub')
    .option('--role <arn>', 'the role that may invoke it')
    .option('--format <name>', 'yaml or json (default: yaml)')
    .action(async (options: { function?: string; role?: string; format?: string }) =>
      answer((await import('./commands/generate-config.js')).ssmDocumentCommand(options)),
    );
  generate
    .command('conformance-pack')
    .description('the AWS Config rules that remediators know, with remediations that ask Redress')
    .option('--remediator <id...>', 'only these')
    .option('--pack <name>', 'the rules of apra-cpg-234, or of a file, with its parameters (default: those that remediators know)')
    .option('--no-remediation', 'only rules: Redress acts on their events')
    .option('--out <folder>', 'write the files for a bucket, with and without remediations, split as AWS Config requires')
    .option('--format <name>', 'yaml or json (default: yaml)')
    .action((options: PackOptions) =>
      composed(async (composition) => (await import('./commands/generate-config.js')).conformancePackCommand(io, composition, options)),
    );
  generate
    .command('fsbp')
    .description('list which remediator covers which control of AWS Foundational Security Best Practices, and its ceiling')
    .option('--remediator <id...>', 'only these')
    .option('--format <name>', 'yaml, json or csv (default: yaml)')
    .action((options: { remediator?: string[]; format?: string }) =>
      composed(async (composition) => (await import('./commands/generate-config.js')).fsbpCommand(composition, options)),
    );
  program
    .command('bundle')
    .description('build the code of the Lambda functions as a ZIP, with the current remediators, policy and exceptions register')
    .option('--out <folder>', 'the folder to write (default: redress-bundle)')
    .option('--remediator <id...>', 'only these')
    .option('--entry <file>', 'your own module instead, which exports handler and approvals')
    .option('--plain', 'do not prune the bundle')
    .option('--prove', 'call every declared operation in a plain and in a pruned bundle, and compare the results')
    .action((options: BundleCommandOptions) => composed(async (composition) => (await import('./commands/bundle.js')).bundleCommand(io, composition, options)));
  const up = program
    .command('up')
    .description('watch an emulated account: open a port in it, and see it closed')
    .option('--port <number>', 'the port on 127.0.0.1; 0 is any (default: 4599)')
    .option('--python <path>', 'start the emulator with this Python, which has moto; for a running one use --endpoint-url')
    .option('--visibility <seconds>', 'a message that was not handled is delivered again after this time (default: 120)')
    .action(async (options: { port?: string; python?: string; visibility?: string }) =>
      answer(await (await import('./commands/up.js')).upCommand(io, program.opts<GlobalOptions>(), overrides, options)),
    );
  up.command('inject')
    .description('send events that an emulator does not send: AWS Config, Security Hub')
    .argument('<file...>', FILES)
    .option('--port <number>', 'port of the running `redress up` (default: 4599)')
    .action(async (files: string[], _: object, command: Command) =>
      answer(await (await import('./commands/up.js')).upInjectCommand(io, files, command.optsWithGlobals<{ port?: string }>())),
    );
  const fresh = program.command('new').description('scaffold your own package');
  fresh
    .command('remediator')
    .description('a working remediator, with a test that runs the conformance kit')
    .argument('<name>', 'its id, with your own prefix: acme-dynamodb-protect-tables')
    .option('--dir <folder>', 'the folder (default: one with its name)')
    .option('--setting', 'declare one setting: where its value is, which value is wanted, how it is written')
    .action(async (name: string, options: { dir?: string; setting?: boolean }) =>
      answer(await (await import('./commands/new.js')).newRemediatorCommand(io, name, options)),
    );
  fresh
    .command('handler')
    .description('a deployment of your own: remediators, a policy under which everything is notify-only, and an exceptions register')
    .argument('[folder]', 'where', 'redress')
    .action(async (folder: string) => {
      const { builtinRemediators: remediators } = await import('./builtin.js');
      answer(await (await import('./commands/new.js')).newHandlerCommand(io, remediators, folder));
    });
  program
    .command('schema')
    .description('JSON Schema of the policy or the register, for completion and checks in editors')
    .argument('<what>', 'policy or register')
    .action(async (what: string) => {
      const { installedRemediators } = await import('./compose.js');
      const remediators = await installedRemediators(io, program.opts<GlobalOptions>(), overrides);
      answer((await import('./commands/schema.js')).schemaCommand(remediators, what));
    });
  program
    .command('completion')
    .description('completion script for a shell')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { completionOf } = await import('./help/completion.js');
      const text = completionOf(specOf(program), shell);
      answer({ json: { shell, script: text }, text, verbatim: true, exit: 0 });
    });
  program
    .command('man')
    .description('the manual page, for man(1)')
    .action(async () => {
      const { manOf } = await import('./help/man.js');
      const text = manOf(specOf(program), ENDINGS);
      answer({ json: { text }, text, verbatim: true, exit: 0 });
    });
  program
    .command('policy')
    .description('the policy')
    .command('check')
    .description('check the policy and the exceptions register, and show what they mean')
    .action(() => composed(async (composition) => (await import('./commands/policy.js')).policyCheckCommand(io, composition)));
  return program;
}

function version(): string {
  // Next to `src` and next to `dist`. Importing `node:fs` would load all of it, for `--help` too.
  const manifest: unknown = JSON.parse(process.getBuiltinModule('node:fs').readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const { version: of } = manifest as { readonly version?: unknown };
  return typeof of === 'string' ? printable(of) : '0.0.0';
}
