import { eventPatterns } from '@redress/core';
import type { Composition } from '../compose.js';
import type { Answer } from '../io.js';
import { printable } from '../printable.js';
import { known } from './plan.js';

/** EventBridge patterns, one for each rule that is needed. */
export function patternsCommand(composition: Composition, options: { readonly remediator?: string[] }): Answer {
  const ids = options.remediator?.map((id) => known(composition, id).id);
  const patterns = eventPatterns(
    composition.remediators.filter((each) => ids === undefined || ids.includes(each.id)),
    { exceptionTag: composition.policy.exceptions.tag },
  );
  const lines = patterns.flatMap(({ name, description, pattern }) => [printable(`${name}: ${description}`), printable(JSON.stringify(pattern)), '']);
  return { json: patterns, text: lines.join('\n'), exit: 0, verbatim: true };
}
