import { hubTemplate, memberEventsTemplate, memberRoleTemplate, printTemplate, type Template } from '@redress/deploy';
import type { Composition } from '../compose.js';
import { CliError } from '../errors.js';
import type { Answer } from '../io.js';
import { known } from './plan.js';

/** What can be deployed, by the name that the command gives it. */
const TEMPLATES = { hub: hubTemplate, 'member-role': memberRoleTemplate, 'member-events': memberEventsTemplate } as const;

/** A CloudFormation template for the remediators of a composition. It says nothing of the policy: that is in the function's code. */
export function templateCommand(composition: Composition, which: string, options: { readonly remediator?: string[]; readonly format?: string }): Answer {
  if (!Object.hasOwn(TEMPLATES, which))
    throw new CliError('cli/usage', `There is no template ${JSON.stringify(which)}.`, { next: `Choose one of ${Object.keys(TEMPLATES).join(', ')}.` });
  const format = options.format ?? 'yaml';
  if (format !== 'yaml' && format !== 'json')
    throw new CliError('cli/usage', `There is no format ${JSON.stringify(format)}.`, { next: 'Choose yaml or json.' });
  const ids = options.remediator?.map((id) => known(composition, id).id);
  const remediators = composition.remediators.filter((each) => ids === undefined || ids.includes(each.id));
  const template: Template = TEMPLATES[which as keyof typeof TEMPLATES]({ remediators, exceptionTag: composition.policy.exceptions.tag });
  return { json: template, text: printTemplate(template, format).trimEnd(), exit: 0 };
}
