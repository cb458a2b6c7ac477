import type { Json } from '../model/json.js';
import { defineGuardrail } from './guardrail.js';

/** What manages a resource, as its tags have it. */
export interface Manager {
  readonly tool: string;
  /** The stack, or what else the tags name. */
  readonly name: string;
  readonly tag: string;
}

const TOOLS: readonly (readonly [RegExp, string])[] = [
  [/terraform|\btf\b/i, 'Terraform'],
  [/tofu/i, 'OpenTofu'],
  [/pulumi/i, 'Pulumi'],
  [/cloudformation|\bcfn\b/i, 'CloudFormation'],
  [/\bcdk\b/i, 'the AWS CDK'],
  [/serverless|\bsam\b/i, 'a serverless framework'],
  [/crossplane/i, 'Crossplane'],
  [/ansible/i, 'Ansible'],
];

/** Who manages a resource, as far as its own tags say: CloudFormation always says so, others where people tag what they make. */
export function managerOf(tags: Readonly<Record<string, string>>): Manager | null {
  const stack = tags['aws:cloudformation:stack-name'] ?? tags['aws:cloudformation:stack-id'];
  if (stack !== undefined) return { tool: 'CloudFormation', name: stack, tag: 'aws:cloudformation:stack-name' };
  const catalog = tags['aws:servicecatalog:provisionedProductArn'];
  if (catalog !== undefined) return { tool: 'Service Catalog', name: catalog, tag: 'aws:servicecatalog:provisionedProductArn' };
  for (const [key, value] of Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const plain = key.toLowerCase().replace(/[^a-z]/g, '');
    // `ManagedBy: terraform`, `provisioner: pulumi`, `iac: cdk`
    if (/^(?:managedby|managed|provisionedby|provisioner|createdby|createdwith|deployedby|iac|iactool|source)$/.test(plain)) {
      const found = TOOLS.find(([pattern]) => pattern.test(value));
      if (found !== undefined) return { tool: found[1], name: value, tag: key };
    }
    // `terraform: true`, `terraform-workspace: payments`, `pulumi:stack: prod`
    const own = /^(terraform|tofu|opentofu|pulumi|crossplane)/.exec(plain);
    if (own !== null && value.toLowerCase() !== 'false') return { tool: TOOLS.find(([pattern]) => pattern.test(plain))?.[1] ?? key, name: value, tag: key };
  }
  return null;
}

/** What infrastructure as code manages is changed there: the next deployment would take a fix back. */
export const managedByIac = defineGuardrail({
  id: 'managed-by-iac',
  needs: ['policy', 'observation'],
  evaluate: ({ policy, observation }) => {
    if (observation === 'gone') return { effect: 'allow', code: 'gone', message: 'The resource is gone.' };
    const tags = observation.tags === 'untaggable' ? {} : observation.tags;
    const manager = managerOf(tags);
    if (manager === null) return { effect: 'allow', code: 'not-managed', message: 'No tag says that infrastructure as code manages it.' };
    const data: { [key: string]: Json } = { tool: manager.tool, name: manager.name, tag: manager.tag };
    return {
      effect: policy.managedByIac,
      code: policy.managedByIac === 'allow' ? 'managed-allowed' : 'managed',
      message: `${manager.tool} manages it (${manager.tag}: ${manager.name}): change it in the code, or the next deployment takes the fix back.`,
      data,
    };
  },
});
