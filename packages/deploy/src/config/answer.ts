import type { Remediator } from '@redress/core';
import { defaults, does, inputOf, neededFor, type ParametersOf } from './managed-rules.js';

/**
 * What is done about a rule or a control.
 *
 * - `closes`: a remediator closes what it finds, when the policy lets it.
 * - `asks`: a remediator can close it, and a person has to approve that.
 * - `reports`: a look of our own sees it; people close it.
 * - `attested`: a person says whether it is so.
 * - `tracked`: its source alone says whether it is open.
 */
export type Answer = 'closes' | 'asks' | 'reports' | 'attested' | 'tracked';
/** Every {@link Answer}, the best first. */
export const ANSWERS: readonly Answer[] = ['closes', 'asks', 'reports', 'attested', 'tracked'];

/** The rule that a person judges: Config does not evaluate it. */
const PROCESS_CHECK = 'AWS_CONFIG_PROCESS_CHECK';

/** A Config rule, as a conformance pack has it. */
export interface AskedRule {
  readonly identifier: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What it evaluates; empty: not known. */
  readonly types: readonly string[];
  /** Types that the pack bounds it to; absent or empty: it leaves that to the rule. */
  readonly scope?: readonly string[];
}

/** What is done about a rule, by whom, and why not more. */
export interface RuleAnswer {
  readonly answer: Answer;
  /** One sentence; empty where nothing is left to say. */
  readonly because: string;
  /** Narrow before wide. */
  readonly remediators: readonly Remediator[];
}

/**
 * What remediators do about a Config rule. Those that only follow a rule's own word are not to be among them.
 *
 * @param parametersOf as the policy has them: a rule that looks for something else than what is changed stays open
 * @example answerTo({ identifier: 'INCOMING_SSH_DISABLED', name: 'restricted-ssh', parameters: {}, types: [] }, ec2Remediators)
 */
export function answerTo(rule: AskedRule, remediators: readonly Remediator[], parametersOf: ParametersOf = defaults): RuleAnswer {
  const { identifier, name, parameters, types } = rule;
  if (identifier === PROCESS_CHECK) return { answer: 'attested', because: 'AWS Config does not evaluate it. A person attests it.', remediators: [] };
  const knowing = remediators
    .filter((each) => each.configRules.some((known) => known === identifier || known === name))
    .sort((a, b) => a.breadth - b.breadth || (a.id < b.id ? -1 : 1));
  const said = (answer: Answer, because = ''): RuleAnswer => {
    const left = types.filter((type) => !knowing.some((each) => each.resourceTypes.includes(type)));
    const partly = knowing.length === 0 || left.length === 0 || types.length === 0 ? '' : `Not for ${left.join(', ')}.`;
    return { answer, because: [because, partly].filter((each) => each !== '').join(' '), remediators: knowing };
  };
  if (knowing.length === 0) return said('tracked', 'No remediator evaluates it.');
  const fixing = knowing.filter((each) => does(each) === 'fix');
  if (fixing.length === 0)
    return said('reports', knowing.some((each) => does(each) === 'flag') ? 'It is flagged. People close it.' : 'People are notified. They close it.');
  const needed = neededFor(identifier, knowing);
  if (needed === null) return said('reports', 'The rule checks more than remediators change.');
  const differing = Object.entries(inputOf(identifier, knowing, parametersOf)).filter(([key, value]) => (parameters[key] ?? value) !== value);
  if (differing.length > 0)
    return said('reports', differing.map(([key, value]) => `The rule has ${key} ${parameters[key]}, but the policy has ${value}.`).join(' '));
  if (needed.some((each) => each.ceiling !== 'enforce')) return said('asks', 'A part of it needs an approval.');
  const alone = fixing.filter((each) => each.ceiling === 'enforce');
  if (alone.some((each) => each.freshWithin === null)) return said('closes');
  return said('asks', alone.length > 0 ? 'Without an approval, only what an event shows to be new is changed.' : '');
}
