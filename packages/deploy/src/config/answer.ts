import { oneType, type Remediator } from '@redress/core';
import { defaults, does, inputOf, neededFor, type ParametersOf } from './managed-rules.js';

/**
 * The best response to a rule or a control.
 *
 * - `closes`: a remediator closes what the rule finds, if the policy allows it.
 * - `asks`: a remediator can close it after a person has approved that.
 * - `reports`: a check of Redress detects it; people close it.
 * - `attested`: a person attests whether it is met.
 * - `tracked`: only its source says whether it is open.
 */
export type Answer = 'closes' | 'asks' | 'reports' | 'attested' | 'tracked';
/** Every {@link Answer}, the best first. */
export const ANSWERS: readonly Answer[] = ['closes', 'asks', 'reports', 'attested', 'tracked'];

/** The rule for process checks: a person judges it, and Config does not evaluate it. */
const PROCESS_CHECK = 'AWS_CONFIG_PROCESS_CHECK';

/** A Config rule, as in a conformance pack. */
export interface AskedRule {
  readonly identifier: string;
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The resource types that it evaluates; empty: unknown. */
  readonly types: readonly string[];
  /** Types to which the pack limits it; absent or empty: the rule decides. */
  readonly scope?: readonly string[];
}

/** What is done about a rule, by which remediators, and why not more. */
export interface RuleAnswer {
  readonly answer: Answer;
  /** One sentence; empty if there is nothing to add. */
  readonly because: string;
  /** Narrow before wide. */
  readonly remediators: readonly Remediator[];
}

/**
 * What remediators do about a Config rule. Omit remediators that only follow the verdict of a rule.
 *
 * @param parametersOf Parameters from the policy. If a rule checks for something other than what a remediator changes, it stays open.
 * @example answerTo({ identifier: 'INCOMING_SSH_DISABLED', name: 'restricted-ssh', parameters: {}, types: [] }, ec2Remediators)
 */
export function answerTo(rule: AskedRule, remediators: readonly Remediator[], parametersOf: ParametersOf = defaults): RuleAnswer {
  const { identifier, name, parameters, types } = rule;
  if (identifier === PROCESS_CHECK) return { answer: 'attested', because: 'AWS Config does not evaluate it. A person attests it.', remediators: [] };
  const knowing = remediators
    .filter((each) => each.configRules.some((known) => known === identifier || known === name))
    .sort((a, b) => a.breadth - b.breadth || (a.id < b.id ? -1 : 1));
  const said = (answer: Answer, because = ''): RuleAnswer => {
    const left = types.filter((type) => !knowing.some((each) => each.resourceTypes.includes(oneType(type))));
    const partly = knowing.length === 0 || left.length === 0 || types.length === 0 ? '' : `Not for ${left.join(', ')}.`;
    return { answer, because: [because, partly].filter((each) => each !== '').join(' '), remediators: knowing };
  };
  if (knowing.length === 0) return said('tracked', 'No remediator evaluates it.');
  const fixing = knowing.filter((each) => does(each) === 'fix');
  if (fixing.length === 0)
    return said('reports', knowing.some((each) => does(each) === 'flag') ? 'It is flagged. People close it.' : 'People are notified. They close it.');
  const needed = neededFor(identifier, remediators);
  if (needed === null) return said('reports', 'The rule checks more than remediators change.');
  const differing = Object.entries(inputOf(identifier, knowing, parametersOf)).filter(([key, value]) => (parameters[key] ?? value) !== value);
  if (differing.length > 0)
    return said('reports', differing.map(([key, value]) => `The rule has ${key} ${parameters[key]}, but the policy has ${value}.`).join(' '));
  if (needed.some((each) => each.ceiling !== 'enforce')) return said('asks', 'A part of it needs an approval.');
  const alone = fixing.filter((each) => each.ceiling === 'enforce');
  if (alone.some((each) => each.freshWithin === null)) return said('closes');
  return said('asks', alone.length > 0 ? 'Without an approval, only what an event shows to be new is changed.' : '');
}
