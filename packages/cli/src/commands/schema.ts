import type { Remediator } from '@redress/core';
import { policySchema, registerSchema } from '@redress/core/schema';
import { CliError } from '../errors.js';
import type { Answer } from '../io.js';
import { printableJson } from '../printable.js';

/** JSON Schema of the policy or the register, with the remediators that are installed. */
export function schemaCommand(remediators: readonly Remediator[], what: string): Answer {
  if (what !== 'policy' && what !== 'register')
    throw new CliError('cli/usage', `There is no schema for ${JSON.stringify(what)}.`, { next: 'Known: policy, register' });
  const json = what === 'policy' ? policySchema(remediators) : registerSchema(remediators);
  return { json, text: printableJson(json), exit: 0, verbatim: true };
}
