import { hubTemplate, memberConfigTemplate, memberEventsTemplate, memberRoleTemplate, printTemplate, sealerTemplate, type Template } from '@redress/deploy';
import type { Composition } from '../compose.js';
import { CliError } from '../errors.js';
import type { Answer, Io } from '../io.js';
import { chosen, parametersOf, rulesOf } from './generate-config.js';

/** What can be deployed, by the name that the command gives it. */
const TEMPLATES = {
  hub: hubTemplate,
  'member-role': memberRoleTemplate,
  'member-events': memberEventsTemplate,
  'member-config': memberConfigTemplate,
  sealer: () => sealerTemplate(),
} as const;

/** Options of `redress generate template`. */
export interface TemplateOptions {
  readonly remediator?: string[];
  /** ARNs of roles and users, of any account, that may call the approval endpoint. */
  readonly approver?: string[];
  /** Of member-config: a pack of AWS, or a file. */
  readonly pack?: string;
  readonly format?: string;
}

/** A CloudFormation template for the remediators of a composition. It says nothing of the policy's modes: they are in the function's code. */
export async function templateCommand(io: Pick<Io, 'cwd'>, composition: Composition, which: string, options: TemplateOptions): Promise<Answer> {
  if (!Object.hasOwn(TEMPLATES, which))
    throw new CliError('cli/usage', `There is no template ${JSON.stringify(which)}.`, { next: `Choose one of ${Object.keys(TEMPLATES).join(', ')}.` });
  if (options.approver !== undefined && which !== 'hub')
    throw new CliError('cli/usage', `The template ${which} has no approvers.`, { next: 'Only the hub has an approval endpoint: use --approver with hub.' });
  if (options.pack !== undefined && which !== 'member-config')
    throw new CliError('cli/usage', `The template ${which} has no conformance pack.`, {
      next: 'Only member-config has rules of AWS Config: use --pack with member-config.',
    });
  const format = options.format ?? 'yaml';
  if (format !== 'yaml' && format !== 'json')
    throw new CliError('cli/usage', `There is no format ${JSON.stringify(format)}.`, { next: 'Choose yaml or json.' });
  const template: Template = TEMPLATES[which as keyof typeof TEMPLATES]({
    remediators: chosen(composition, options),
    exceptionTag: composition.policy.exceptions.tag,
    parametersOf: parametersOf(composition),
    ...(await rulesOf(io, options.pack)),
    ...(options.approver === undefined ? {} : { approvers: [...new Set(options.approver)] }),
  });
  return { json: template, text: printTemplate(template, format).trimEnd(), exit: 0, verbatim: true };
}
