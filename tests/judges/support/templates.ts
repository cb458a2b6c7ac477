// Every template that is generated, with what each option adds to it.
import {
  conformancePack,
  hubTemplate,
  memberConfigTemplate,
  memberEventsTemplate,
  memberRoleTemplate,
  printTemplate,
  printYaml,
  sealerTemplate,
} from '@redress/deploy';
import { packOf } from '@redress/frameworks';
import { remediators as everyOne } from '@redress/remediators';
import { all as remediators } from '../../support/trigger-events.js';

const { rules } = await packOf('apra-cpg-234');
/** With every remediator of every package, one that runs a document of Systems Manager among them, and another tag. */
const more = { remediators: everyOne, exceptionTag: 'acme:exempt' };

export const templates = {
  hub: hubTemplate({ remediators, approvers: ['arn:aws:iam::111111111111:role/SecurityLead'] }),
  'hub-all': hubTemplate(more),
  'member-role': memberRoleTemplate({ remediators }),
  'member-role-all': memberRoleTemplate(more),
  'member-events': memberEventsTemplate({ remediators }),
  'member-events-all': memberEventsTemplate(more),
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
