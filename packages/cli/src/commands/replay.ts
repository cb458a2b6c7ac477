import {
  countOf,
  createReplay,
  formatResource,
  needsOrganization,
  normalize,
  type Replay,
  type ReplayedPass,
  type ResourceRef,
  readRecordings,
  unwrap,
} from '@redress/core';
import { type Composition, hasJournal, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import { documentsOf, placeOf } from '../files/documents.js';
import { originOf, withOrigin } from '../files/origin.js';
import { type Answer, type Io, painter } from '../io.js';
import { type Left, LeftOver, leftLines } from '../left.js';
import { codeOf, VERDICTS, type Verdict, verdictOf } from '../plan/verdicts.js';
import { printable } from '../printable.js';

/** The result of replaying a past pass: the verdict of today, or why there is none. */
export type ReplayVerdict = Exclude<Verdict, 'not-read'> | 'undecidable' | 'repeat';

/** What a policy makes of one pass. */
interface Judged {
  readonly verdict: ReplayVerdict;
  readonly code: string;
  readonly message: string;
}

/** A pass of `replay`, as JSON. */
export interface ReplayedPassDocument extends Judged {
  readonly file: string;
  readonly line: number | null;
  /** The finding's id: of the event, or of the finding in it. */
  readonly finding: string;
  /** As of when it is judged: when it was decided on before; null when it was not. */
  readonly at: string | null;
  readonly remediator: string;
  readonly resource: ResourceRef;
  readonly changes: readonly string[];
}

/** `redress replay --json` */
export interface ReplayDocument {
  readonly policy: string;
  readonly policySource: Composition['policySource'];
  /** Documents read, and findings in them. */
  readonly documents: number;
  readonly findings: number;
  /** Findings without a pass, by disposition. */
  readonly counted: Readonly<Record<string, number>>;
  /** Why inputs are no events, each reason once. */
  readonly rejected: readonly Left[];
  /** Passes, by verdict and code. */
  readonly verdicts: readonly { readonly verdict: ReplayVerdict; readonly code: string; readonly count: number }[];
  /** The first of them; `left` says how many more there were. */
  readonly passes: readonly ReplayedPassDocument[];
  readonly left: number;
  /** With `--against`: what the other policy makes of the same. */
  readonly against: {
    readonly policy: string;
    readonly policySource: Composition['policySource'];
    /** Passes that end otherwise, by both verdicts. */
    readonly differences: readonly { readonly from: ReplayVerdict; readonly to: ReplayVerdict; readonly count: number }[];
    readonly passes: readonly (ReplayedPassDocument & { readonly to: Judged })[];
    readonly left: number;
  } | null;
  /** What could not be read, the first of it. */
  readonly problems: readonly string[];
}

/** Options of `redress replay`. */
export interface ReplayCommandOptions {
  /** Where compliance details are from that do not say it: `ACCOUNT` or `ACCOUNT/REGION`. */
  readonly from?: string;
  readonly against?: string;
  readonly most?: string;
}

const MOST = 200;
const MOST_PROBLEMS = 100;
/** Nothing has to be done here, so it is not a failure. */
const NOBODY = 'No remediator handles it.';

/** Events of the past, decided on by the policy of today; nothing is asked of AWS, changed or recorded. */
export async function replayCommand(
  io: Io,
  composition: Composition,
  compose: (policy: string) => Promise<Composition>,
  names: readonly string[],
  options: ReplayCommandOptions,
): Promise<Answer> {
  const most = options.most === undefined ? MOST : Number(options.most);
  if (!Number.isSafeInteger(most) || most < 0) throw new CliError('cli/usage', `--most ${JSON.stringify(options.most)} is not a number of passes.`);
  const origin = originOf(options.from, composition.region);
  const other = options.against === undefined ? null : await compose(options.against);
  for (const { policy } of [composition, ...(other === null ? [] : [other])])
    if (needsOrganization(policy))
      throw new CliError('cli/usage', 'The policy names units or tags of an organization, which a replay cannot resolve: it makes no calls to AWS.', {
        next: 'Give a policy that names the accounts by their ids.',
      });
  const journal = (await hasJournal(composition.data)) ? await openJournal(composition.data, { create: false }) : null;
  if (journal === null) io.stderr(`There is no journal in ${composition.data.shown}, so no state is known, and most findings are undecidable.\n`);
  try {
    const recordings = await readRecordings(journal ?? { read: async function* () {} });
    const replayOf = ({ policy, register, remediators, guardrails }: Composition): Replay =>
      createReplay({ remediators, policy, exceptions: register, guardrails, recordings, ...(journal === null ? {} : { history: journal }) });
    const [today, then] = [replayOf(composition), other === null ? null : replayOf(other)];

    const tally = new Map<string, { verdict: ReplayVerdict; code: string; count: number }>();
    const passes: ReplayedPassDocument[] = [];
    const differences = new Map<string, { from: ReplayVerdict; to: ReplayVerdict; count: number }>();
    const different: (ReplayedPassDocument & { to: Judged })[] = [];
    const left = new LeftOver();
    const problems: string[] = [];
    let [documents, findings, all, allDifferent] = [0, 0, 0, 0];

    for await (const read of withOrigin(documentsOf(io, names), async () => origin)) {
      const { file, line, value, problem } = read;
      documents++;
      if (problem !== null) {
        if (problems.length < MOST_PROBLEMS) problems.push(`${placeOf(read)}: ${problem}`);
        continue;
      }
      for (const envelope of unwrap(value)) {
        for (const finding of normalize(envelope)) {
          findings++;
          const replayed = await today.run(finding);
          const reason = replayed.length === 0 ? ((await today.unasked(finding)) ?? NOBODY) : '';
          left.add(placeOf(read), { finding, passes: replayed.map(({ pass }) => pass), reason, error: null });
          const compared = then === null ? [] : await then.run(finding);
          for (const each of replayed) {
            const judged = judge(each);
            count(tally, `${judged.verdict}/${judged.code}`, { verdict: judged.verdict, code: judged.code });
            const row = (): ReplayedPassDocument => ({ file, line, finding: finding.id, ...whatOf(each), ...judged });
            if (all++ < most) passes.push(row());
            if (then === null) continue;
            const to = counterpart(each, compared);
            if (to.verdict === judged.verdict) continue;
            count(differences, `${judged.verdict}/${to.verdict}`, { from: judged.verdict, to: to.verdict });
            if (allDifferent++ < most) different.push({ ...row(), to });
          }
        }
      }
    }
    const document: ReplayDocument = {
      policy: composition.policy.digest,
      policySource: composition.policySource,
      documents,
      findings,
      counted: left.counted,
      rejected: left.rejected,
      verdicts: sorted(tally),
      passes,
      left: all - passes.length,
      against:
        other === null
          ? null
          : {
              policy: other.policy.digest,
              policySource: other.policySource,
              differences: sorted(differences),
              passes: different,
              left: allDifferent - different.length,
            },
      problems,
    };
    return { json: document, text: human(io, document, left), exit: problems.length === 0 && left.rejected.length === 0 ? 0 : 1 };
  } finally {
    await journal?.close?.();
  }
}

function judge({ pass, status }: ReplayedPass): Judged {
  if (status === 'undecidable') return { verdict: 'undecidable', code: 'not-recorded', message: 'undecidable: state not recorded' };
  if (status === 'repeat') return { verdict: 'repeat', code: 'repeat', message: 'It repeated what an execution did.' };
  const verdict = verdictOf(pass);
  // Nothing is read here, so what could not be read is what was not recorded.
  if (verdict === 'not-read') return { verdict: 'undecidable', code: 'not-recorded', message: pass.message };
  return { verdict, code: codeOf(pass), message: pass.message };
}

const partOf = ({ pass }: ReplayedPass) => pass.plan?.changes.map((change) => change.summary).join('\n') ?? '';

/** The same part of the same pass under the other policy; its parameters may have made another plan of it. */
function counterpart(pass: ReplayedPass, others: readonly ReplayedPass[]): Judged {
  const same = others.filter((each) => each.pass.remediator === pass.pass.remediator && each.pass.resource.id === pass.pass.resource.id);
  const found = same.find((each) => partOf(each) === partOf(pass)) ?? same[0];
  return found === undefined ? { verdict: 'nothing-to-change', code: 'not-asked', message: 'No remediator handles it.' } : judge(found);
}

function whatOf({ pass, at }: ReplayedPass): Pick<ReplayedPassDocument, 'at' | 'remediator' | 'resource' | 'changes'> {
  return {
    at: at === null ? null : new Date(at).toISOString(),
    remediator: pass.remediator,
    resource: pass.resource,
    changes: pass.plan?.changes.map((change) => change.summary) ?? [],
  };
}

function count<T extends object>(map: Map<string, T & { count: number }>, key: string, what: T): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, { ...what, count: 1 });
  else known.count++;
}

function sorted<T extends { readonly count: number }>(map: ReadonlyMap<string, T>): readonly T[] {
  return [...map].sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1)).map(([, each]) => each);
}

const words = (verdict: ReplayVerdict) => (verdict === 'undecidable' ? 'undecidable' : verdict === 'repeat' ? 'repeats' : VERDICTS[verdict].words);

function human(io: Io, document: ReplayDocument, left: LeftOver): string {
  const paint = painter(io);
  const lines: string[] = [];
  const row = (pass: ReplayedPassDocument) =>
    printable(
      `${pass.at ?? 'not recorded'}  ${formatResource(pass.resource)}  ${pass.remediator}${pass.changes.length === 0 ? '' : `: ${pass.changes.join('; ')}`}`,
    );
  const more = (left: number) => (left === 0 ? [] : [`  … and ${left} more; --most shows them.`]);
  if (document.against === null) {
    for (const pass of document.passes) {
      lines.push(`${paint('bold', words(pass.verdict))}  ${row(pass)}`);
      if (!['would-fix', 'would-flag', 'repeat', 'nothing-to-change'].includes(pass.verdict)) lines.push(`  ${printable(pass.message)}`);
    }
    lines.push(...more(document.left));
  } else {
    for (const pass of document.against.passes) {
      lines.push(`${words(pass.verdict)} → ${paint('bold', words(pass.to.verdict))}  ${row(pass)}`);
      lines.push(`  ${printable(pass.to.message)}`);
    }
    lines.push(...more(document.against.left));
  }
  for (const problem of document.problems) lines.push(`${paint('red', 'problem')}  ${printable(problem)}`);
  lines.push(...leftLines(left, paint));
  lines.push(`${countOf(document.findings, 'finding')} in ${countOf(document.documents, 'document')}.`);
  for (const { verdict, code, count: n } of document.verdicts) lines.push(`  ${String(n).padStart(8)}  ${words(verdict)} (${printable(code)})`);
  if (document.against !== null) {
    const total = document.against.differences.reduce((sum, each) => sum + each.count, 0);
    lines.push(`Under ${printable(document.against.policySource.file ?? 'the other policy')} ${total} outcomes differ${total === 0 ? '.' : ':'}`);
    for (const { from, to, count: n } of document.against.differences) lines.push(`  ${String(n).padStart(8)}  ${words(from)} → ${words(to)}`);
  }
  lines.push('No call was made to AWS. Nothing was changed or recorded.');
  return lines.join('\n');
}
