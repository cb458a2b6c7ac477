import { Argument, Command, CommanderError, Option } from 'commander';
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
import { type Answer, columnsOf, type Io } from './io.js';
import { printable, printableJson } from './printable.js';

export { processIo } from './io.js';

/** What an embedder or a test gives instead of the built-in parts. */
export type RunOverrides = Overrides;

const ENDINGS = `
Exit code: 0 done; 1 something failed, has to be run again, or needs a person; 2 the command, the policy or a file is wrong.
Of evidence verify: 0 intact; 1 tampered; 2 incomplete; 3 no trusted key has sealed.
Of reconcile: 0 both agree; 1 they differ; 2 nothing differs, but not everything could be compared.
With --json there is exactly one JSON document on standard output, also for an error.`;

const FILES = 'files and folders: JSON, one document or one a line, also gzip; - is standard input';
const FROM = ['--from <place>', 'ACCOUNT or ACCOUNT/REGION of compliance details that do not say it'] as const;
const ACCOUNTS = 'accounts, organizational units (ou-…) or all of the organization (default: that of the credentials)';
const REGIONS = 'regions, or all that are enabled (default: --region)';
const CONCURRENCY = 'places, of one account and region each, at the same time (default: 10)';
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
  const program = build(own, overrides, (given) => {
    answer = given;
  });
  const capture = (command: Command, path: readonly string[]): void => {
    const examples = EXAMPLES[path.join(' ')] ?? [];
    command
      .exitOverride()
      .configureHelp({ showGlobalOptions: true })
      .addHelpText('after', examples.length === 0 ? '' : `\nExamples:\n${examples.map(({ command: called, does }) => `  ${called}\n      ${does}`).join('\n')}`)
      .configureOutput({
        getOutHelpWidth: () => columnsOf(own),
        getErrHelpWidth: () => columnsOf(own),
        writeOut: (text) => {
          said += text;
        },
        writeErr: () => undefined,
      })
      .showSuggestionAfterError();
    for (const child of command.commands) capture(child, [...path, child.name()]);
  };
  capture(program, []);
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

function build(own: Io, overrides: RunOverrides, answer: (answer: Answer) => void): Command {
  let io = own;
  const program = new Command('redress')
    .description('Closes AWS security gaps automatically, safely, and with proof.')
    .version(version())
    .option('--json', 'one JSON document on standard output')
    .option('--endpoint-url <url>', 'endpoint of all services, for an emulator')
    .option('--profile <name>', 'profile of the shared AWS configuration')
    .option('--region <name>', 'region (default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1)')
    .option('--data <folder>', 'journal and kill switch (default: .redress)')
    .option('--journal <place>', 'aws:TABLE/BUCKET, with a prefix as aws:TABLE/BUCKET/PREFIX: the journal on AWS, instead of the one in --data')
    .option('--stop-parameter <name>', 'kill switch in an SSM parameter, besides the file STOP in --data: none, changes or everything')
    .option('--policy <file>', 'policy (default: redress.yaml; without one everything is only told)')
    .option('--config <file>', 'remediators and guardrails of your own (default: redress.config.mjs, if it is there)')
    .addHelpText('after', ENDINGS);
  // Help is shown without what commands need: each is loaded when it is asked for.
  program.hook('preAction', async () => {
    io = (await import('./output.js')).discreet(own);
  });
  const composed = async (work: (composition: Composition) => Answer | Promise<Answer>) => {
    const { compose } = await import('./compose.js');
    const composition = await compose(io, program.opts<GlobalOptions>(), overrides);
    const given = await work(composition);
    let failed = composition.warned();
    try {
      // What was held back would be gone with this process.
      await composition.notify?.flush?.({ all: true });
    } catch (error) {
      failed = true;
      const { messageOf } = await import('@redress/core');
      io.stderr(`warning: some of it could not be told: ${printable(messageOf(error))}\n`);
    }
    // What somebody was to be told, and was not, is not done.
    const clean = given.verbatim === true ? given : composition.redact({ json: given.json, text: given.text });
    answer({ ...given, ...clean, exit: failed && given.exit === 0 ? 1 : given.exit });
  };
  const data = async () => (await import('./compose.js')).dataOf(io, program.opts<GlobalOptions>());
  const json = () => program.opts<GlobalOptions>().json === true;
  program
    .command('normalize')
    .description('what is read out of files, as findings; needs no account')
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
    .description('what would be done, and why not; reads the account, changes and records nothing')
    .argument('[file...]', FILES)
    .option(...FROM_OR_HERE)
    .option('--live', 'look at the account instead of at events')
    .option('--details', 'each change as a difference of before and after, and its undo')
    .option('--calls', 'with details, also each call to AWS')
    .addOption(
      new Option('--output <format>', 'how it is shown; csv and ndjson have a row a gap (default: table)').choices([
        'table',
        'json',
        'ndjson',
        'csv',
        'markdown',
      ]),
    )
    .option('--remediator <id...>', 'with --live: only these')
    .option('--accounts <id...>', `with --live: ${ACCOUNTS}`)
    .option('--in <region...>', `with --live: ${REGIONS}`)
    .option('--concurrency <number>', `with --live: ${CONCURRENCY}`)
    .addOption(new Option('--account <id...>').hideHelp())
    .action((files: string[], options: PlanOptions) => {
      // Ahead of what takes its time: a long look never begins in silence.
      if (options.live === true) io.stderr('Reading configuration, policy and register.\n');
      return composed(async (composition) => (await import('./commands/plan.js')).planCommand(io, composition, files, options, overrides));
    });
  program
    .command('run')
    .description('events the whole way, as the Lambda would')
    .argument('<file...>', FILES)
    .option(...FROM_OR_HERE)
    .action((files: string[], options: { from?: string }) =>
      composed(async (composition) => (await import('./commands/run.js')).runCommand(io, composition, files, options)),
    );
  program
    .command('sweep')
    .description('looks for what events missed, and puts it on the same way')
    .option('--remediator <id...>', 'only these')
    .option('--accounts <id...>', ACCOUNTS)
    .option('--in <region...>', REGIONS)
    .option('--concurrency <number>', CONCURRENCY)
    .option('--per-second <number>', 'resources per second and place, at most (default: as many as the budgets of calls allow)')
    .option('--restart', 'begin from the start, instead of going on where the last sweep was stopped')
    .addOption(new Option('--account <id...>').hideHelp())
    .action((options: SweepCommandOptions) =>
      composed(async (composition) => (await import('./commands/sweep.js')).sweepCommand(io, composition, options, overrides)),
    );
  program
    .command('replay')
    .description('what the policy of today makes of events of the past; asks nothing of AWS')
    .argument('<file...>', FILES)
    .option(...FROM)
    .option('--against <policy>', 'another policy: show what ends otherwise under it')
    .option('--most <number>', 'passes to show (default: 200); all are counted')
    .action((files: string[], options: { against?: string; most?: string; from?: string }) =>
      composed(async (composition) => {
        const { compose } = await import('./compose.js');
        const other = (policy: string) => compose(io, { ...program.opts<GlobalOptions>(), policy }, overrides);
        return (await import('./commands/replay.js')).replayCommand(io, composition, other, files, options);
      }),
    );
  program
    .command('rollback')
    .description('takes an execution back, or with --all a bad hour')
    .argument('[execution]', 'as `redress history` shows it')
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who (default: the user of the operating system)')
    .option('--accept-loss', 'go on although the undo destroys something, or may overwrite what came later')
    .option('--hold <duration>', 'leave the resource alone for this long afterwards (default: P7D)')
    .option('--all', 'every execution since --since, newest first; shows them first')
    .option('--since <when>', 'with --all: a duration back from now (PT1H), or a moment')
    .option('--remediator <id...>', 'with --all: only of these')
    .option('--yes', 'with --all: do it')
    .action((execution: string | undefined, options: RollbackAllOptions & { all?: boolean }) =>
      composed(async (composition) => {
        if ((execution === undefined) !== (options.all === true))
          throw new (await import('./errors.js')).CliError('cli/usage', 'Give an execution, or --all with --since.');
        if (execution === undefined) return (await import('./commands/rollback-all.js')).rollbackAllCommand(io, composition, options);
        return (await import('./commands/rollback.js')).rollbackCommand(io, composition, execution, options);
      }),
    );
  const approvals = program.command('approvals').description('plans that wait for a person');
  const AT = ['--url <url>', 'the Function URL of the approvals, with a signed request (default: the journal of the data folder)'] as const;
  approvals
    .command('list')
    .description('what waits')
    .option(...AT)
    .action((options: { url?: string }) =>
      composed(async (composition) => (await import('./commands/approvals.js')).approvalsListCommand(io, composition, options)),
    );
  approvals
    .command('show')
    .description('what would be done, why it asks, and what no read can tell')
    .argument('<approval>', 'as `redress approvals list` shows it')
    .option(...AT)
    .action((id: string, options: { url?: string }) =>
      composed(async (composition) => (await import('./commands/approvals.js')).approvalsShowCommand(io, composition, id, options)),
    );
  for (const verdict of ['approve', 'deny'] as const)
    approvals
      .command(verdict)
      .description(
        verdict === 'approve' ? 'yes: exactly what was shown is done, if the resource is still as it was' : 'no: it is not asked for again for a while',
      )
      .argument('<approval>', 'as `redress approvals list` shows it')
      .requiredOption('--reason <text>', 'why')
      .option(...AT)
      .action((id: string, options: { reason: string; url?: string }) =>
        composed(async (composition) => (await import('./commands/approvals.js')).approvalsAnswerCommand(io, composition, id, verdict, options)),
      );
  const breakers = program.command('breakers').description('circuit breakers: remediators that change nothing until a person has looked');
  breakers
    .command('list')
    .description('those that are open')
    .action(() => composed(async (composition) => (await import('./commands/breakers.js')).breakersListCommand(io, composition)));
  breakers
    .command('close')
    .description('lets a remediator change things again')
    .argument('<remediator>')
    .requiredOption('--account <id>', 'in this account')
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who (default: the user of the operating system)')
    .action((remediator: string, options: { account: string; reason: string; by?: string }) =>
      composed(async (composition) => (await import('./commands/breakers.js')).breakersCloseCommand(io, composition, remediator, options)),
    );
  program
    .command('retry')
    .description('has tried again what AWS refused on a resource (AccessDenied), which is kept for a week')
    .argument('<resource>', 'a resource id, or TYPE/ID')
    .option('--reason <text>', 'why')
    .option('--by <name>', 'who (default: the user of the operating system)')
    .action((subject: string, options: { reason?: string; by?: string }) =>
      composed(async (composition) => (await import('./commands/retry.js')).retryCommand(io, composition, subject, options)),
    );
  program
    .command('attest')
    .description('says that something is so which nothing can evaluate: a process check; the gap is closed until then')
    .argument('<rule>', 'name of the rule, as `redress coverage` shows it')
    .requiredOption('--account <id...>', 'in these accounts')
    .requiredOption('--evidence <text>', 'what it rests on: a document, a ticket, a link')
    .option('--until <date>', 'until when it holds; at most 366 days')
    .option('--withdraw', 'it holds no more')
    .option('--by <name>', 'who (default: the user of the operating system)')
    .action((rule: string, options: AttestCommandOptions) =>
      composed(async (composition) => (await import('./commands/attest.js')).attestCommand(io, composition, rule, options)),
    );
  const exceptions = program.command('exceptions').description('the exceptions register: accepted risks, with owner, approver and end');
  exceptions
    .command('list')
    .description('every entry, and how often it has held something back')
    .action(() => composed(async (composition) => (await import('./commands/exceptions.js')).exceptionsListCommand(io, composition)));
  exceptions
    .command('check')
    .description('what a person has to look at: entries that end soon, have ended, or were never used; for a schedule')
    .option('--within <duration>', 'remind so long before the end (default: P14D)')
    .action((options: { within?: string }) =>
      composed(async (composition) => (await import('./commands/exceptions.js')).exceptionsCheckCommand(io, composition, options)),
    );
  exceptions
    .command('add')
    .description('writes an entry into the register')
    .argument('<id>', 'used once')
    .option('--resource <id...>', 'ids as findings have them, ARNs, or addresses of pages in the AWS console')
    .option('--account <id...>', 'accounts')
    .option('--in <region...>', 'regions')
    .option('--type <type...>', 'CloudFormation types')
    .option('--tag <key=value...>', 'tags')
    .option('--remediator <id...>', 'only from these')
    .requiredOption('--reason <text>', 'why the risk is accepted')
    .requiredOption('--owner <name>', 'whose it is')
    .requiredOption('--approver <name>', 'who accepted it; never the owner')
    .requiredOption('--expires <when>', 'a duration from now (P90D), or a moment')
    .option('--ticket <id>', 'where it is written up')
    .option('--control <text>', 'what keeps the risk small meanwhile')
    .action((id: string, options: ExceptionOptions) =>
      composed(async (composition) => (await import('./commands/exceptions.js')).exceptionsAddCommand(io, composition, id, options)),
    );
  exceptions
    .command('expire')
    .description('ends an entry now; it stays in the register')
    .argument('<id>')
    .action((id: string) => composed(async (composition) => (await import('./commands/exceptions.js')).exceptionsExpireCommand(io, composition, id)));
  program
    .command('recover')
    .description('closes executions whose worker is gone, by looking at the resource')
    .option('--execution <id>', 'only this one, whose worker is gone and had a clock that was ahead: its lease lasts for longer than any does')
    .option('--reason <text>', 'with --execution: how you know that its worker is gone')
    .option('--by <name>', 'with --execution: who (default: the user of the operating system)')
    .action((options: RecoverOptions) => composed(async (composition) => (await import('./commands/rollback.js')).recoverCommand(io, composition, options)));
  program
    .command('doctor')
    .description('what keeps Redress from working: policy, register and journal; with --live the account and what is deployed; reads only')
    .option('--live', 'look at the account, too')
    .option('--stack <name>', 'with --live: the CloudFormation stack of the deployment')
    .option('--function <name>', 'with --live: the function that handles events (default: that of --stack)')
    .option('--approvals <name>', 'with --live: the function of the approvals (default: that of --stack)')
    .option('--account <id...>', 'with --live: these accounts (default: that of the credentials)')
    .option('--in <region...>', 'with --live: these regions (default: --region, and where global services report)')
    .option('--remediator <id...>', 'only what these need')
    .option('--probe', 'with --live: ask EC2, by a dry run, whether fixes are allowed')
    .option('--canary <parameter>', 'parameter of the canary (default: that of the function)')
    .action((options: DoctorOptions) => composed(async (composition) => (await import('./commands/doctor.js')).doctorCommand(io, composition, options)));
  program
    .command('history')
    .description('what changed, when, why, and by which event')
    .argument('[resource]', 'a resource id, TYPE/ID, or an execution (default: everything)')
    .option('--since <when>', 'a duration back from now (P7D), a date (from its first moment, UTC) or a moment')
    .option('--until <when>', 'the same; a date is meant to its end (UTC)')
    .option('--account <id...>', 'in these accounts')
    .option('--environment <name...>', 'in accounts of these environments of the policy')
    .option('--remediator <id...>', 'of these')
    .option('--outcome <name...>', 'with this end: remediated, rolled-back, denied, open and so on')
    .option('--actor <text...>', 'caused or done by: part of an ARN, a session or a name')
    .option('--approver <text...>', 'approved by: part of a name, of a plan or of the exception that covers it')
    .option('--resource <id...>', 'of these: ids, TYPE/ID, or executions')
    .option('--ticket <id...>', 'under these: of an exception, or named in the reason of a person')
    .option('--output <format>', 'table (one line an entry), json, ndjson or csv (default: in words)')
    .action((subject: string | undefined, options: HistoryOptions) => {
      const work = async (composition: Composition | null) =>
        (await import('./commands/history.js')).historyCommand(io, await data(), subject, options, composition);
      // What the policy and the register say is asked for only where it can make a difference.
      return Object.keys(options).length > 0 ? composed(work) : work(null).then(answer);
    });
  program
    .command('report')
    .description('what auditors read: one page of a period, without network or script, with CSV, OSCAL, OCSF and proofs next to it')
    .requiredOption('--from <when>', 'begin of the period: a date (UTC), a moment, or a duration back from now')
    .requiredOption('--to <when>', 'its end; a date is meant to its end (UTC)')
    .requiredOption('--out <folder>', 'where it is written; nothing is replaced')
    .option('--pack <name...>', 'coverage of these conformance packs (default: apra-cpg-234)')
    .option('--framework <name...>', 'coverage of these frameworks (default: fsbp and cis-7.0)')
    .option('--calendar <file>', 'business days: JSON with zone, weekend and holidays (default: Monday to Friday in Australia/Sydney)')
    .option('--sample <number>', 'how many changes the sample has (default: 25)')
    .option('--seed <text>', 'what the sample is drawn by (default: the root of the sealed tree)')
    .option('--proofs <which>', 'proofs of all changes, of the sample or of none (default: all, of more than 2,000 changes the sample)')
    .option('--trust <file>', 'keys that are trusted to seal (default: redress.trust.json, if it is there)')
    .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere')
    .option('--anchor <place...>', 'where checkpoints were kept: files, folders, or git repositories')
    .option('--witness <key...>', 'witnesses that must have cosigned')
    .option('--retention <days>', 'how long documents were to be kept')
    .action((options: ReportOptions) => composed(async (composition) => (await import('./commands/report.js')).reportCommand(io, composition, options)));
  program
    .command('console')
    .description('the same pages live, in a browser on this machine: what is open, what was fixed, and plans that wait for an approver')
    .option('--port <number>', 'where it listens, on 127.0.0.1; 0 is any (default: 0)')
    .option('--url <url>', 'answers by the Function URL of the approvals, with a signed request (default: the journal)')
    .option('--read-only', 'shows, and answers nothing')
    .option('--trust <file>', 'keys that are trusted to seal (default: redress.trust.json, if it is there)')
    .option('--calendar <file>', 'business days: JSON with zone, weekend and holidays (default: Monday to Friday in Australia/Sydney)')
    .option('--refresh <duration>', 'of a journal on AWS: read all of it again after so long; what waits and is open shows at once (default: PT5M)')
    .action((options: ConsoleCommandOptions) =>
      composed(async (composition) => (await import('./commands/console.js')).consoleCommand(io, composition, options, overrides, json())),
    );
  program
    .command('explain')
    .description('in plain words: why it acted or did not, and what to do next')
    .argument('<subject>', 'an execution, a resource id, or TYPE/ID')
    .action(async (subject: string) => answer(await (await import('./commands/explain.js')).explainCommand(io, await data(), subject)));
  program
    .command('reconcile')
    .description('compares the records with CloudTrail: changes by Redress without a record, and records without a change')
    .argument('[trail...]', 'log files of CloudTrail, their folders, or s3://BUCKET/PREFIX')
    .option('--lookup', 'ask the last 90 days of CloudTrail (LookupEvents) in accounts and regions')
    .option('--accounts <id...>', `only these; with --lookup: ${ACCOUNTS}`)
    .option('--in <region...>', `with --lookup: ${REGIONS}`)
    .option('--since <when>', 'a duration back from now, or a moment (default: P7D)')
    .option('--until <when>', 'the same (default: now)')
    .option('--grace <duration>', 'a record waits so long for CloudTrail before it is a ghost (default: P1D)')
    .option('--delay <duration>', 'CloudTrail delivers within this time (default: PT15M)')
    .option('--principal <name...>', 'who acts for Redress, besides those whom the records name: ARNs, or names of roles')
    .option('--ignore <operation...>', 'what a role of Redress does besides, as CloudTrail names it: ssm:PutParameter')
    .action((trail: string[], options: ReconcileOptions) => {
      const work = async (composition: Composition | null) =>
        (await import('./commands/reconcile.js')).reconcileCommand(io, await data(), program.opts<GlobalOptions>(), trail, options, composition);
      return options.lookup === true ? composed(work) : work(null).then(answer);
    });
  const evidence = program.command('evidence').description('the records');
  evidence
    .command('verify')
    .description('checks every record, seal and document, offline; names the first bad one. Of a journal on AWS it makes a copy first')
    .option('--table <name>', 'the table of a journal on AWS, like --journal')
    .option('--bucket <name>', 'its bucket')
    .option('--trust <file>', 'keys that are trusted to seal (default: redress.trust.json, if it is there)')
    .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere: the ledger must begin with what each says')
    .option('--anchor <place...>', 'where checkpoints were kept: files, folders, or git repositories, of which all commits are looked at')
    .option('--witness <key...>', 'witnesses that must have cosigned the checkpoint or one that was kept: NAME+ID+KEY')
    .option('--retention <days>', 'how long documents were to be kept: one that is missing since has expired, and is not a finding')
    .option('--threads <number>', 'how many threads share the work of a large ledger (default: as many as the machine runs at once, at most 4)')
    .action(async (options: VerifyCommandOptions) =>
      answer(await (await import('./commands/evidence.js')).evidenceVerifyCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  evidence
    .command('key')
    .description('makes the key that seals records, and the trust file that verifies them')
    .requiredOption('--origin <name>', 'name of the ledger, which is in every checkpoint: example.com/redress')
    .option('--out <file>', 'the private key (default: redress.key)')
    .option('--trust <file>', 'the trust file, for auditors (default: redress.trust.json)')
    .option('--kms <key>', 'ARN, id or alias of an Ed25519 key of KMS that seals, instead of a private key in a file')
    .action(async (options: KeyOptions) => answer(await (await import('./commands/ledger.js')).evidenceKeyCommand(io, program.opts<GlobalOptions>(), options)));
  evidence
    .command('seal')
    .description('signs a checkpoint over all records, also when there are no new ones; for a schedule')
    .option('--key <file>', 'the private key (default: redress.key)')
    .option('--trust <file>', 'with the keys that it has replaced (default: redress.trust.json, if it is there)')
    .option('--kms <key>', 'ARN, id or alias of a key of KMS, instead of a private key in a file')
    .option('--origin <name>', 'with --kms: name of the ledger (default: that of the trust file)')
    .option('--anchor <place...>', 'also copy the checkpoint there: a folder, or s3://BUCKET/PREFIX')
    .option('--witness <witness...>', 'also ask these to cosign the checkpoint (C2SP tlog-witness): "NAME+ID+KEY URL", its key and where it is asked')
    .option('--lock-days <number>', 'of a journal on AWS: lock what is stored for this many days (default: as the bucket says)')
    .option('--documents-days <number>', 'move documents of what is sealed into an archive, kept for this many days (default: they stay where they are)')
    .option('--all', 'of a journal on AWS: look at all streams, not at those of the index alone')
    .action(async (options: SealOptions) =>
      answer(await (await import('./commands/ledger.js')).evidenceSealCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  evidence
    .command('rotate')
    .description(
      'replaces the key that seals: the ledger says so under the old key, and the new one seals from then on. If it is interrupted, call it once more',
    )
    .requiredOption('--reason <text>', 'why; kept in the ledger with the name of who says so')
    .option('--key <file>', 'the private key that is replaced, as for seal; the new one takes its place, and it is kept next to it (default: redress.key)')
    .option('--trust <file>', 'the trust file: it gets the new key, and the time until which the old one signs (default: redress.trust.json)')
    .option('--kms <key>', 'ARN, id or alias of the key of KMS that is replaced, instead of one in a file')
    .option('--next-kms <key>', 'ARN, id or alias of the key of KMS that replaces it, instead of a new one in a file')
    .option('--origin <name>', 'with --kms: name of the ledger (default: that of the trust file)')
    .option('--anchor <place...>', 'also copy the checkpoint there: a folder, or s3://BUCKET/PREFIX')
    .option('--lock-days <number>', 'of a journal on AWS: lock what is stored for this many days (default: as the bucket says)')
    .action(async (options: RotateOptions) =>
      answer(await (await import('./commands/ledger.js')).evidenceRotateCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  evidence
    .command('break')
    .description(
      'goes on sealing with a new key where the one before is lost and can announce nothing: the ledger says so, by whom and why, and verify names it. If it is interrupted, call it once more',
    )
    .requiredOption('--lost <key>', 'the key that is lost, as verify names it: NAME+ID')
    .requiredOption('--reason <text>', 'how it was lost; kept in the ledger with the name of who says so')
    .option('--key <file>', 'where the new private key goes; one that is there is kept next to it (default: redress.key)')
    .option('--trust <file>', 'the trust file: it gets the new key, and the time until which the lost one signs (default: redress.trust.json)')
    .option('--kms <key>', 'ARN, id or alias of the key of KMS that goes on, instead of a new one in a file')
    .option('--anchor <place...>', 'also copy the checkpoint there: a folder, or s3://BUCKET/PREFIX')
    .option('--lock-days <number>', 'of a journal on AWS: lock what is stored for this many days (default: as the bucket says)')
    .action(async (options: BreakOptions) =>
      answer(await (await import('./commands/ledger.js')).evidenceBreakCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  evidence
    .command('restored')
    .description(
      'writes back what a table on AWS that was set back has lost, from the sealed entries and archives, and says that it may be used: until then nothing begins on it',
    )
    .option('--trust <file>', 'keys that may have sealed (default: redress.trust.json, if it is there)')
    .requiredOption('--reason <text>', 'why it was set back; kept with the name of who says so')
    .action(async (options: RestoredOptions) => answer(await (await import('./commands/ledger.js')).evidenceRestoredCommand(io, await data(), options)));
  evidence
    .command('proof')
    .description('writes the proof that a record is in the sealed ledger (.tlog-proof), for someone who does not get the rest')
    .argument('<record>', 'STREAM/SEQ: the stream by its digest, or how that begins, or by the id of its resource; the number of the record in it')
    .option('--out <file>', 'the proof; nothing is replaced (default: STREAM-SEQ.tlog-proof)')
    .action(async (record: string, options: ProofOptions) =>
      answer(await (await import('./commands/evidence.js')).evidenceProofCommand(io, await data(), record, options)),
    );
  evidence
    .command('bundle')
    .description('writes sealed records with their proofs, documents and the checkpoint as one file that verifies alone')
    .option('--record <record...>', 'STREAM/SEQ, as for proof')
    .option('--resource <id...>', 'all records of a resource, or of a stream')
    .option('--execution <id...>', 'all records of an execution')
    .option('--out <file>', 'the bundle; nothing is replaced (default: evidence.bundle.json)')
    .action(async (options: BundleOptions) => answer(await (await import('./commands/evidence.js')).evidenceBundleCommand(io, await data(), options)));
  evidence
    .command('export')
    .description('copies a journal on AWS into a folder, byte for byte, for someone who has no access to it; or writes any in a format of others')
    .option('--table <name>', 'the table of a journal on AWS, like --journal')
    .option('--bucket <name>', 'its bucket')
    .option('--format <name>', 'ocsf (events, one a line), oscal-ar (assessment results) or oscal-poam (what is open): one file, instead of a copy')
    .option('--out <path>', 'the folder, which must hold no journal yet (default: evidence); or the file (default: redress.…)')
    .option('--store', 'also store in the bucket the documents that travel in items of the table, so that its Object Lock keeps them')
    .option('--lock-days <number>', 'with --store: days that each is locked, from the date of its record (default: as the bucket says)')
    .action(async (options: ExportOptions) =>
      answer(await (await import('./commands/evidence.js')).evidenceExportCommand(io, await data(), program.opts<GlobalOptions>(), options)),
    );
  program
    .command('remediators')
    .description('which there are, what the policy lets them do, and which IAM actions they need')
    .action(() => composed(async (composition) => (await import('./commands/remediators.js')).remediatorsCommand(io, composition)));
  program
    .command('coverage')
    .description('which rule of a conformance pack, or control of a framework, is answered: how, by whom, in which mode, and with which last result')
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
  const generate = program.command('generate').description('what is deployed, from the remediators');
  generate
    .command('template <which>')
    .description('a CloudFormation template: hub, sealer (next to it), member-role (once per account), member-events or member-config (per region)')
    .option('--remediator <id...>', 'for these only')
    .option('--approver <arn...>', 'hub: roles and users, also of other accounts, that may call the approval endpoint')
    .option('--pack <name>', 'member-config: the rules of apra-cpg-234, or of a file (default: those that remediators know)')
    .option('--format <name>', 'yaml or json (default: yaml)')
    .action((which: string, options: TemplateOptions) =>
      composed(async (composition) => (await import('./commands/template.js')).templateCommand(io, composition, which, options)),
    );
  generate
    .command('iam <which>')
    .description('a policy of IAM, from what the remediators declare: read, fix, rollback, auditor (reads the journal) or boundary')
    .option('--remediator <id...>', 'for these only')
    .option('--account <id>', 'the account of the role (default: that of whoever has the policy)')
    .option('--in <region...>', 'in these regions only')
    .option('--no-exception-tag', 'fix: IAM does not look at the exception tag')
    .option('--part <number>', 'read, fix, rollback: which of several managed policies, where one is too short')
    .option('--for <role>', 'boundary: for read, fix or rollback alone (default: one for all three)')
    .option('--table <name>', 'auditor: the table of the journal')
    .option('--bucket <name>', 'auditor: its bucket')
    .option('--format <name>', 'json or yaml (default: json)')
    .action((which: string, options: GenerateIamOptions) =>
      composed(async (composition) => (await import('./commands/generate-iam.js')).generateIamCommand(composition, which, options)),
    );
  generate
    .command('ssm-document')
    .description('the Automation document by which AWS Config asks Redress to remediate')
    .option('--function <arn>', 'of the function that answers: output ConfigFunctionArn of the hub')
    .option('--role <arn>', 'of the role that may invoke it')
    .option('--format <name>', 'yaml or json (default: yaml)')
    .action(async (options: { function?: string; role?: string; format?: string }) =>
      answer((await import('./commands/generate-config.js')).ssmDocumentCommand(options)),
    );
  generate
    .command('conformance-pack')
    .description('the Config rules that remediators know, and remediations that ask Redress')
    .option('--remediator <id...>', 'for these only')
    .option('--pack <name>', 'the rules of apra-cpg-234, or of a file, with its parameters (default: those that remediators know)')
    .option('--no-remediation', 'rules only: Redress acts on their events')
    .option('--out <folder>', 'write the files for a bucket: with remediations and without, in as many as AWS Config needs')
    .option('--format <name>', 'yaml or json (default: yaml)')
    .action((options: PackOptions) =>
      composed(async (composition) => (await import('./commands/generate-config.js')).conformancePackCommand(io, composition, options)),
    );
  generate
    .command('fsbp')
    .description('which remediator answers which control of AWS Foundational Security Best Practices, and what it does at most')
    .option('--remediator <id...>', 'for these only')
    .option('--format <name>', 'yaml, json or csv (default: yaml)')
    .action((options: { remediator?: string[]; format?: string }) =>
      composed(async (composition) => (await import('./commands/generate-config.js')).fsbpCommand(composition, options)),
    );
  program
    .command('bundle')
    .description('the code of the Lambda functions as a ZIP: remediators, policy and exceptions register as they are now')
    .option('--out <folder>', 'where it is written (default: redress-bundle)')
    .option('--remediator <id...>', 'with these only')
    .option('--entry <file>', 'a module of your own, which exports handler and approvals, instead')
    .option('--plain', 'leave everything in, as the bundler makes it')
    .option('--prove', 'call every declared operation in a plain and in a pruned bundle, and compare')
    .action((options: BundleCommandOptions) => composed(async (composition) => (await import('./commands/bundle.js')).bundleCommand(io, composition, options)));
  const up = program
    .command('up')
    .description('an emulated account that Redress watches: open a port in it, and see it closed')
    .option('--port <number>', 'where it listens, on this machine only; 0 is any (default: 4599)')
    .option('--python <path>', 'starts the emulator with this Python, which has moto; or give one that runs with --endpoint-url')
    .option('--visibility <seconds>', 'a message that was not handled comes again after so long (default: 120)')
    .action(async (options: { port?: string; python?: string; visibility?: string }) =>
      answer(await (await import('./commands/up.js')).upCommand(io, program.opts<GlobalOptions>(), overrides, options)),
    );
  up.command('inject')
    .description('puts events in that an emulator does not send: Config, Security Hub')
    .argument('<file...>', FILES)
    .option('--port <number>', 'of the running twin (default: 4599)')
    .action(async (files: string[], _: object, command: Command) =>
      answer(await (await import('./commands/up.js')).upInjectCommand(io, files, command.optsWithGlobals<{ port?: string }>())),
    );
  const fresh = program.command('new').description('a package of your own, to begin with');
  fresh
    .command('remediator')
    .description('a remediator that works, with its test by the conformance kit')
    .argument('<name>', 'its id, with a prefix of your own: acme-dynamodb-protect-tables')
    .option('--dir <folder>', 'where (default: a folder of its name)')
    .option('--setting', 'as the declaration of one setting: where its value is, what is wanted, how it is written')
    .action(async (name: string, options: { dir?: string; setting?: boolean }) =>
      answer(await (await import('./commands/new.js')).newRemediatorCommand(io, name, options)),
    );
  fresh
    .command('handler')
    .description('what is deployed: remediators, a policy under which everything only tells, and a register of exceptions')
    .argument('[folder]', 'where', 'redress')
    .action(async (folder: string) => {
      const { builtinRemediators: remediators } = await import('./builtin.js');
      answer(await (await import('./commands/new.js')).newHandlerCommand(io, remediators, folder));
    });
  program
    .command('schema')
    .description('JSON Schema of policy or register, for editors that complete and check')
    .argument('<what>', 'policy or register')
    .action(async (what: string) => {
      const { installedRemediators } = await import('./compose.js');
      const remediators = await installedRemediators(io, program.opts<GlobalOptions>(), overrides);
      answer((await import('./commands/schema.js')).schemaCommand(remediators, what));
    });
  program
    .command('completion')
    .description('completion for a shell: commands, options, and what they take')
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
    .description('whether policy and exceptions register are valid, and what they say')
    .action(() => composed(async (composition) => (await import('./commands/policy.js')).policyCheckCommand(io, composition)));
  return program;
}

function version(): string {
  // Beside `src` and beside `dist`. To import `node:fs` would load all of it, for `--help` too.
  const manifest: unknown = JSON.parse(process.getBuiltinModule('node:fs').readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const { version: of } = manifest as { readonly version?: unknown };
  return typeof of === 'string' ? printable(of) : '0.0.0';
}
