// Every template that is generated, with what each option adds to it.
import {
  conformancePack,
  hubTemplate,
  memberConfigTemplate,
  memberEventsTemplate,
  memberRoleTemplate,
  type Narrowing,
  printTemplate,
  printYaml,
  sealerTemplate,
} from '@redress/deploy';
import { packOf } from '@redress/frameworks';
import { runbookRemediators } from '@redress/remediator-ssm';
import { all } from '../../support/trigger-events.js';

const remediators = all;
const { rules } = await packOf('apra-cpg-234');
/** Of an action that the packages' own remediators do not use: without it, it is allowed on every resource, which checkov finds. */
const of = (name: string, ...resources: string[]): Narrowing => ({ name, resources, rest: 'Every one of the account.' });
const narrowing = {
  'kms:EnableKeyRotation': of('Keys', 'arn:{partition}:kms:{region}:{account}:key/*'),
  'kms:DisableKeyRotation': of('Keys', 'arn:{partition}:kms:{region}:{account}:key/*'),
  'ssm:StartAutomationExecution': of(
    'Runbooks',
    'arn:{partition}:ssm:{region}::automation-definition/*',
    'arn:{partition}:ssm:{region}:{account}:automation-definition/*',
  ),
};
/** With a remediator that runs a document of Systems Manager, and another tag. */
const more = { remediators: [...all, ...runbookRemediators], exceptionTag: 'acme:exempt' };

export const templates = {
  hub: hubTemplate({ remediators, approvers: ['arn:aws:iam::111111111111:role/SecurityLead'] }),
  'hub-runbooks': hubTemplate(more),
  'member-role': memberRoleTemplate({ remediators }),
  'member-role-runbooks': memberRoleTemplate({ ...more, narrowing }),
  'member-events': memberEventsTemplate({ remediators }),
  'member-events-runbooks': memberEventsTemplate(more),
  'member-config': memberConfigTemplate({ remediators }),
  'member-config-apra': memberConfigTemplate({ remediators, rules }),
  sealer: sealerTemplate(),
};

/** Name of a file, and its text, in the form that people get. */
export function templateFiles(): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(templates).map(([name, template]) => [`${name}.json`, printTemplate(template, 'json')])),
    // What Config takes is a CloudFormation template of two types.
    'conformance-pack.yaml': printYaml(conformancePack({ remediators })),
    'conformance-pack-apra.yaml': printYaml(conformancePack({ remediators, rules })),
  };
}
