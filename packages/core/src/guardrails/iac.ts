import type { Json } from '../model/json.js';
import { sayingOf, wordsOf } from '../model/words.js';
import type { ManagedByTag } from '../policy/policy.js';
import { defineGuardrail } from './guardrail.js';

/** What manages a resource, according to its tags. */
export interface Manager {
  readonly tool: string;
  /** The stack, or another name in the tags. */
  readonly name: string;
  readonly tag: string;
}

/**
 * Tools by what tags call them, the narrower before the wider: what is found anywhere in a name, and what has to be a word of it. Only the values
 * of tags that say who manages something are looked at.
 */
const TOOLS: readonly { readonly tool: string; readonly anywhere: readonly string[]; readonly words?: readonly string[] }[] = [
  { tool: 'Terragrunt', anywhere: ['terragrunt'] },
  { tool: 'CDK for Terraform', anywhere: ['cdktf', 'cdkforterraform'] },
  { tool: 'Account Factory for Terraform', anywhere: ['accountfactory'], words: ['aft'] },
  { tool: 'Terraform', anywhere: ['terraform', 'spacelift', 'terrateam'], words: ['tf', 'tfc', 'tfe', 'hcp', 'atlantis', 'env0', 'scalr'] },
  { tool: 'OpenTofu', anywhere: ['tofu'] },
  { tool: 'Pulumi', anywhere: ['pulumi'] },
  { tool: 'Landing Zone Accelerator', anywhere: ['awsaccelerator', 'landingzone'], words: ['lza'] },
  { tool: 'AWS Control Tower', anywhere: ['controltower'] },
  { tool: 'CloudFormation', anywhere: ['cloudformation', 'stackset', 'sceptre'], words: ['cfn'] },
  { tool: 'the AWS CDK', anywhere: [], words: ['cdk'] },
  { tool: 'a serverless framework', anywhere: ['serverless', 'amplify', 'chalice', 'zappa'], words: ['sam', 'sst', 'copilot'] },
  { tool: 'Crossplane', anywhere: ['crossplane'] },
  { tool: 'AWS Controllers for Kubernetes', anywhere: [], words: ['ack'] },
  { tool: 'Cluster API', anywhere: ['clusterapi'], words: ['capa', 'capi'] },
  { tool: 'Ansible', anywhere: ['ansible'] },
  { tool: 'Service Catalog', anywhere: ['servicecatalog'] },
  { tool: 'Elastic Beanstalk', anywhere: ['beanstalk'] },
  { tool: 'Karpenter', anywhere: ['karpenter'] },
  { tool: 'the AWS Load Balancer Controller', anywhere: ['loadbalancercontroller'], words: ['alb controller', 'alb ingress controller'] },
  { tool: 'Kubernetes', anywhere: ['kubernetes', 'eksctl', 'openshift'], words: ['eks', 'k8s', 'kops', 'helm', 'argo cd', 'argo', 'flux', 'flux cd'] },
  { tool: 'configuration management', anywhere: ['saltstack'], words: ['chef', 'puppet', 'salt'] },
  {
    tool: 'a pipeline',
    anywhere: [
      'jenkins',
      'githubaction',
      'gitlab',
      'codepipeline',
      'codebuild',
      'codedeploy',
      'azuredevops',
      'circleci',
      'spinnaker',
      'bitbucket',
      'buildkite',
    ],
    words: ['ci cd', 'octopus deploy'],
  },
  { tool: 'infrastructure as code', anywhere: ['infrastructureascode', 'gitops'], words: ['iac', 'as code', 'automation'] },
];

/** Keys whose value says who manages something, by their last words: `ManagedBy`, `infra:managed-by`, `app.kubernetes.io/managed-by`. */
const SAYS_WHO: readonly string[] = [
  ...['managed', 'provisioned', 'created', 'deployed', 'built', 'generated', 'maintained', 'controlled', 'automated', 'orchestrated'].flatMap((done) =>
    ['by', 'with', 'using', 'via', 'through', 'from'].map((how) => `${done}${how}`),
  ),
  ...['managed', 'provisioner', 'creator', 'deployer', 'manager', 'orchestrator', 'automation', 'deployment', 'source', 'origin', 'tool', 'tooling'],
  ...['iac', 'iactool', 'infrastructureascode', 'deploymenttool', 'deploymentmethod', 'provisioningtool'],
];
/** Keys whose value may name people or anything else: there a word is too little (`owner: sam`), and the name of a tool is not. */
const MAY_SAY: readonly string[] = ['owner', 'ownedby', 'module', 'template', 'repo', 'repository', 'gitrepo', 'gitfile', 'codepath'];
/** What a description says: `Managed by Terraform`. */
const IN_PROSE: readonly string[] = ['managed by', 'managed with', 'created by', 'provisioned by', 'deployed by'];

/**
 * What tools and services put on what they own: keys, or how they begin where they end in a separator. `aws:` is reserved: nobody but a service
 * writes such a tag. `karpenter.sh/discovery` and `kubernetes.io/role/…` are not among them: people put those on what is theirs.
 *
 * @see https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
 * @see https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#resource-tags
 */
const MARKS: readonly (readonly [key: string, tool: string])[] = [
  ['aws:cloudformation:', 'CloudFormation'],
  ['aws:servicecatalog:', 'Service Catalog'],
  ['aws:autoscaling:', 'EC2 Auto Scaling'],
  ['aws:elasticbeanstalk:', 'Elastic Beanstalk'],
  ['elasticbeanstalk:', 'Elastic Beanstalk'],
  ['aws:eks:', 'Amazon EKS'],
  ['eks:', 'Amazon EKS'],
  ['node.k8s.amazonaws.com/', 'Amazon EKS'],
  ['cluster.k8s.amazonaws.com/', 'Amazon EKS'],
  ['aws:ecs:', 'Amazon ECS'],
  ['amazonecsmanaged', 'Amazon ECS'],
  ['aws:elasticmapreduce:', 'Amazon EMR'],
  ['aws:batch:', 'AWS Batch'],
  ['awsbatchservicetag', 'AWS Batch'],
  ['aws:cloud9:', 'AWS Cloud9'],
  ['aws-control-tower', 'AWS Control Tower'],
  ['awselasticdisasterrecoverymanaged', 'Elastic Disaster Recovery'],
  ['awsapplicationmigrationservicemanaged', 'Application Migration Service'],
  ['accelerator', 'Landing Zone Accelerator'],
  ['aws-cdk:', 'the AWS CDK'],
  ['aws-chalice', 'a serverless framework'],
  ['copilot-application', 'a serverless framework'],
  ['sst:', 'a serverless framework'],
  ['elbv2.k8s.aws/', 'the AWS Load Balancer Controller'],
  ['ingress.k8s.aws/', 'the AWS Load Balancer Controller'],
  ['service.k8s.aws/', 'the AWS Load Balancer Controller'],
  ['gateway.k8s.aws/', 'the AWS Load Balancer Controller'],
  ['services.k8s.aws/', 'AWS Controllers for Kubernetes'],
  ['karpenter.sh/nodepool', 'Karpenter'],
  ['karpenter.sh/nodeclaim', 'Karpenter'],
  ['karpenter.sh/provisioner-name', 'Karpenter'],
  ['karpenter.sh/managed-by', 'Karpenter'],
  ['karpenter.k8s.aws/', 'Karpenter'],
  ['ebs.csi.aws.com/', 'the EBS CSI driver'],
  ['csivolumename', 'the EBS CSI driver'],
  ['kubernetes.io/cluster/', 'Kubernetes'],
  ['kubernetes.io/created-for/', 'Kubernetes'],
  ['kubernetes.io/service-name', 'Kubernetes'],
  ['kubernetes.io/ingress-name', 'Kubernetes'],
  ['kubernetescluster', 'Kubernetes'],
  ['sigs.k8s.io/cluster-api-provider-aws/', 'Cluster API'],
  ['eksctl.cluster.k8s.io/', 'eksctl'],
  ['alpha.eksctl.io/', 'eksctl'],
  ['kops.k8s.io/', 'kOps'],
  ['red-hat-managed', 'OpenShift'],
  ['red-hat-clustertype', 'OpenShift'],
  ['openshift_', 'OpenShift'],
  ['yor_trace', 'infrastructure as code'],
  ['yor_name', 'infrastructure as code'],
  ['tf', 'Terraform'],
];
const marks = (key: string, mark: string) => (/[:/_]$/.test(mark) ? key.startsWith(mark) : key === mark);
/** Reserved as well, and no sign that a service goes on managing it: who made it, from which template, from which backup. */
const NO_MARK = /^aws:(?:createdby|ec2launchtemplate|backup)\b/;

const NO: readonly string[] = ['false', 'no', 'none', 'n', 'off', '0'];
const YES: readonly string[] = ['true', 'yes', 'y', 'on', '1'];
const isNo = (value: string) => NO.includes(value.trim().toLowerCase());

/** The tool that a text names: by a name that is nothing else, or, where who manages something is all that it can say, by a word. */
function toolIn(text: string, by: 'name' | 'word' = 'word'): string | undefined {
  const letters = wordsOf(text).join('');
  return TOOLS.find(({ anywhere, words = [] }) => anywhere.some((each) => letters.includes(each)) || (by === 'word' && sayingOf(text, words) !== null))?.tool;
}

/** A key with the tool in it: `terraform`, `terraform-workspace`, `acme:terraform`, `pulumi:stack`, `TerragruntPath`. */
const OWN_KEY = /^(?:terraform|terragrunt|opentofu|tofu|pulumi|crossplane|cdktf|tfc?(?:workspace|module|state|managed|stack)|cloudformation|ansible)/;

/** Who manages a resource by one of its tags, or null. */
function toolBy(key: string, value: string, added: readonly ManagedByTag[]): string | null {
  const plain = key.trim().toLowerCase();
  if (added.some((each) => each.key.toLowerCase() === plain && (each.value === null ? !isNo(value) : each.value.toLowerCase() === value.trim().toLowerCase())))
    return toolIn(value) ?? toolIn(key) ?? 'tooling of your own';
  // A cluster shares what it only uses.
  if (isNo(value) || (plain.includes('/cluster/') && value.trim().toLowerCase() === 'shared')) return null;
  const mark = MARKS.find(([each]) => marks(plain, each));
  if (mark !== undefined) return mark[1];
  if (plain.startsWith('aws:') && !NO_MARK.test(plain)) return `the AWS service of ${key}`;
  const words = wordsOf(key);
  // `not-managed-by` says the opposite.
  if (words.includes('not')) return null;
  const endings = words.map((_, from) => words.slice(from).join(''));
  const whole = endings[0] ?? '';
  const named =
    // `ManagedBy: terraform`, `infra:managed-by: terraform`, `iac: cdk`
    (endings.some((ending) => SAYS_WHO.includes(ending)) ? toolIn(value) : undefined) ??
    // `owner: terraform`, `module: terraform-aws-modules/vpc`, `description: Managed by Terraform`
    (endings.some((ending) => MAY_SAY.includes(ending)) || sayingOf(value, IN_PROSE) !== null ? toolIn(value, 'name') : undefined);
  if (named !== undefined) return named;
  // `terraform: true`, `acme:terraform: true`, `pulumi:stack: prod`; `ManagedByTerraform: true`
  const parts = [whole, ...key.split(/[:/]/).map((part) => wordsOf(part).join(''))];
  const after = endings.flatMap((ending) => SAYS_WHO.filter((who) => ending.startsWith(who)).map((who) => ending.slice(who.length)));
  if ([...parts, ...after].some((part) => OWN_KEY.test(part))) return toolIn(key) ?? key;
  // `iac: true`, `managed-by-iac: yes`
  return endings.some((ending) => ending === 'iac' || ending === 'infrastructureascode') && YES.includes(value.trim().toLowerCase())
    ? 'infrastructure as code'
    : null;
}

/**
 * What manages a resource, as far as its own tags show. CloudFormation and AWS services always tag what they manage. Other tools do so only if people
 * configure it.
 *
 * @param added the tags that a policy adds, `managedByTags`.
 * @example managerOf({ 'infra:managed-by': 'terragrunt' }) // { tool: 'Terragrunt', name: 'terragrunt', tag: 'infra:managed-by' }
 */
export function managerOf(tags: Readonly<Record<string, string>>, added: readonly ManagedByTag[] = []): Manager | null {
  const stack = tags['aws:cloudformation:stack-name'] ?? tags['aws:cloudformation:stack-id'];
  if (stack !== undefined) return { tool: 'CloudFormation', name: stack, tag: 'aws:cloudformation:stack-name' };
  for (const [key, value] of Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const tool = toolBy(key, value, added);
    if (tool !== null) return { tool, name: value, tag: key };
  }
  return null;
}

/** A resource that something else manages should be changed there: infrastructure as code, or the controller that owns it, would revert a fix. */
export const managedByIac = defineGuardrail({
  id: 'managed-by-iac',
  needs: ['policy', 'observation'],
  evaluate: ({ policy, observation }) => {
    if (observation === 'gone') return { effect: 'allow', code: 'gone', message: 'The resource is gone.' };
    const tags = observation.tags === 'untaggable' ? {} : observation.tags;
    const manager = managerOf(tags, policy.managedByTags);
    if (manager === null) return { effect: 'allow', code: 'not-managed', message: 'No tag says that infrastructure as code or a service manages it.' };
    const data: { [key: string]: Json } = { tool: manager.tool, name: manager.name, tag: manager.tag };
    return {
      effect: policy.managedByIac,
      code: policy.managedByIac === 'allow' ? 'managed-allowed' : 'managed',
      message: `${manager.tool} manages it (${manager.tag}: ${manager.name}): change it there, or the next deployment reverts the fix.`,
      data,
    };
  },
});
