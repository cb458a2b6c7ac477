import type { Ceiling, Mode, Policy, Remediator } from '@redress/core';
import { ANSWERS, type Answer, answerTo, does, type ParametersOf } from '@redress/deploy';
import type { ConfigPack, Framework } from '@redress/frameworks';
import { isTracked } from '@redress/tracked';

/** What the journal said of a remediator at last. */
export interface LastResult {
  readonly time: string;
  /** Of an execution or a decision, or `complete` of a sweep; of what people attest `attested`, or `ended`. */
  readonly outcome: string;
  /** Gaps that stand. */
  readonly open: number;
  /** Of what people attest: whose word it is, until when and in which account; the one that ends first. */
  readonly word?: { readonly by: string; readonly until: string; readonly account: string };
}

/** A remediator of a row. */
interface CoveredBy {
  readonly remediator: string;
  readonly does: 'fix' | 'flag' | 'tell';
  readonly ceiling: Ceiling;
  /** What it does in each environment: the mode of the policy, at most the ceiling; `*` where there are no environments. */
  readonly modes: Readonly<Record<string, Mode>>;
  /** Null: the journal knows of nothing, or there is none. */
  readonly last: LastResult | null;
}

/** One line of `redress coverage`. */
export interface CoverageRow {
  /** Name of the rule, or number of the control. */
  readonly id: string;
  /** Of a managed rule; null for a control. */
  readonly identifier: string | null;
  /** `partly`: some checks of a control are looked for. `none`: nothing here answers it. `retired`: AWS reports it no more. */
  readonly answer: Answer | 'partly' | 'none' | 'retired';
  readonly because: string;
  readonly by: readonly CoveredBy[];
  /** Of a control: checks of the framework's source, and those that a remediator is for; null for a rule. */
  readonly checks: { readonly all: number; readonly covered: number } | null;
  readonly paragraphs: readonly string[];
  readonly sources: readonly string[];
}

/** What rows are made of. */
export interface CoverageInput {
  readonly remediators: readonly Remediator[];
  readonly policy: Pick<Policy, 'environments' | 'remediators'>;
  readonly parametersOf: ParametersOf;
  readonly last: ReadonlyMap<string, LastResult>;
}

/** Each rule of a pack: who answers it, and how. */
export function packRows(pack: ConfigPack, input: CoverageInput): readonly CoverageRow[] {
  const judging = input.remediators.filter((each) => !isTracked(each));
  const tracking = input.remediators.filter(isTracked);
  return pack.rules.map((rule): CoverageRow => {
    const { name, identifier, paragraphs, sources } = rule;
    const { answer, because, remediators } = answerTo(rule, judging, input.parametersOf);
    // What a person attests is asked for by its name: the identifier is one for all process checks.
    const attesting = answer === 'attested' ? tracking.filter(({ attested, configRules }) => attested === true && configRules.includes(name)) : [];
    if (answer === 'tracked') {
      // What nobody follows is not tracked.
      const by = tracking.filter(({ configRules }) => configRules.includes(name) || configRules.includes(identifier));
      const row = { id: name, identifier, by: by.map((each) => coveredBy(each, input)), checks: null, paragraphs, sources };
      if (by.length === 0) return { ...row, answer: 'none', because: 'No remediator evaluates it, and the policy does not track it.' };
      return { ...row, answer, because: 'Only its source says whether it is open.' };
    }
    return {
      id: name,
      identifier,
      answer,
      because,
      by: [...remediators, ...attesting].map((each) => coveredBy(each, input)),
      checks: null,
      paragraphs,
      sources,
    };
  });
}

/**
 * Each control of a framework: who answers it, and how. A remediator names the control, or a check of it; with a check that nobody is for the
 * control is answered in part, which the row says.
 */
export function frameworkRows(framework: Framework, input: CoverageInput): readonly CoverageRow[] {
  return framework.controls.map(({ id, checks, manual, retired, source }) => {
    const naming = input.remediators.filter((each) => each.controls.some((control) => control.framework === framework.name && control.id === id));
    const looking = (check: string) => input.remediators.filter(({ alsoFoundBy }) => alsoFoundBy?.['prowler']?.includes(check) === true);
    const covered = checks.filter((check) => looking(check).length > 0);
    const by = [...new Set([...naming, ...checks.flatMap(looking)])];
    const found = by.length === 0 ? null : best(by);
    const left = checks.filter((check) => !covered.includes(check));
    // One of many checks is not the control.
    const isPart = found !== null && naming.length === 0 && left.length > 0;
    const row = { id, identifier: null, by: by.map((each) => coveredBy(each, input)), paragraphs: [], sources: [source] };
    const counts = { all: checks.length, covered: covered.length };
    if (retired) return { ...row, answer: 'retired', because: 'AWS has withdrawn it.', checks: counts };
    if (by.length > 0 && by.every(isTracked)) return { ...row, answer: 'tracked', because: 'Only its source says whether it is open.', checks: counts };
    if (isPart) return { ...row, answer: 'partly', because: `In part: no remediator covers ${left.join(', ')}.`, checks: counts };
    if (found !== null) return { ...row, answer: found, because: '', checks: counts };
    return manual
      ? { ...row, answer: 'attested', because: 'The framework marks it as a manual check.', checks: counts }
      : { ...row, answer: 'none', because: 'No remediator covers it.', checks: counts };
  });
}

/** The best that one of them does. */
function best(remediators: readonly Remediator[]): Answer {
  const answers = remediators.map((each): Answer => {
    if (does(each) !== 'fix' || each.ceiling === 'notify') return 'reports';
    return each.ceiling === 'enforce' && each.freshWithin === null ? 'closes' : 'asks';
  });
  return ANSWERS.find((answer) => answers.includes(answer)) ?? 'reports';
}

function coveredBy(remediator: Remediator, { policy, last }: CoverageInput): CoveredBy {
  return {
    remediator: remediator.id,
    does: does(remediator),
    ceiling: remediator.ceiling,
    modes: effectiveModes(remediator, policy),
    last: last.get(remediator.id) ?? null,
  };
}

const WEAKEST_FIRST: readonly Mode[] = ['off', 'notify', 'plan', 'approve', 'enforce'];

/** The modes of the policy, none above what the remediator may do at most. */
function effectiveModes(remediator: Pick<Remediator, 'id' | 'ceiling'>, { environments, remediators }: CoverageInput['policy']): Record<string, Mode> {
  const modes = Object.hasOwn(remediators, remediator.id) ? (remediators[remediator.id]?.modes ?? {}) : {};
  const most = WEAKEST_FIRST.indexOf(remediator.ceiling);
  const capped = (mode: Mode): Mode => WEAKEST_FIRST[Math.min(WEAKEST_FIRST.indexOf(mode), most)] ?? 'notify';
  // Without environments no account is in one, so whatever is written only notifies; `off` stays off.
  if (environments.length === 0) return { '*': modes['*'] === 'off' ? 'off' : 'notify' };
  return Object.fromEntries(environments.map(({ name }) => [name, capped(modes[name] ?? modes['*'] ?? 'notify')]));
}
