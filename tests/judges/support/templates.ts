// Every template that is generated, with what each option adds to it.
import { conformancePack, hubTemplate, memberConfigTemplate, memberEventsTemplate, memberRoleTemplate, printTemplate, printYaml } from '@redress/deploy';
import { runbookRemediators } from '@redress/remediator-ssm';
import { all } from '../../support/trigger-events.js';

const remediators = all;
/** With a remediator that runs a document of Systems Manager, and another tag. */
const more = { remediators: [...all, ...runbookRemediators], exceptionTag: 'acme:exempt' };

export const templates = {
  hub: hubTemplate({ remediators, approvers: ['arn:aws:iam::111111111111:role/SecurityLead'] }),
  'hub-runbooks': hubTemplate(more),
  'member-role': memberRoleTemplate({ remediators }),
  'member-role-runbooks': memberRoleTemplate(more),
  'member-events': memberEventsTemplate({ remediators }),
  'member-events-runbooks': memberEventsTemplate(more),
  'member-config': memberConfigTemplate({ remediators }),
};

/** Name of a file, and its text, in the form that people get. */
export function templateFiles(): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(templates).map(([name, template]) => [`${name}.json`, printTemplate(template, 'json')])),
    // What Config takes is a CloudFormation template of two types.
    'conformance-pack.yaml': printYaml(conformancePack({ remediators })),
  };
}
