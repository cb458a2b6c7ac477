import { describe, expect, it } from 'vitest';
import { ACCOUNT, facts } from '../internal/testing/facts.js';
import { definePolicy, parsePolicy } from '../policy/policy.js';
import { known } from './guardrail.js';
import { managedByIac, managerOf } from './iac.js';

describe('who manages a resource', () => {
  it.each([
    [{ 'aws:cloudformation:stack-name': 'payments', Name: 'x' }, 'CloudFormation', 'payments'],
    [{ 'aws:cloudformation:stack-id': 'arn:aws:cloudformation:…' }, 'CloudFormation', 'arn:aws:cloudformation:…'],
    [{ 'aws:servicecatalog:provisionedProductArn': 'arn:…' }, 'Service Catalog', 'arn:…'],
    [{ ManagedBy: 'Terraform' }, 'Terraform', 'Terraform'],
    [{ 'managed-by': 'terraform' }, 'Terraform', 'terraform'],
    [{ managed_by: 'tf' }, 'Terraform', 'tf'],
    [{ provisioner: 'pulumi' }, 'Pulumi', 'pulumi'],
    [{ terraform: 'true' }, 'Terraform', 'true'],
    [{ 'terraform-workspace': 'prod' }, 'Terraform', 'prod'],
    [{ 'pulumi:stack': 'prod' }, 'Pulumi', 'prod'],
    [{ CreatedBy: 'cdk' }, 'the AWS CDK', 'cdk'],
    [{ IaC: 'OpenTofu 1.9' }, 'OpenTofu', 'OpenTofu 1.9'],
    [{ source: 'serverless' }, 'a serverless framework', 'serverless'],
    [{ provisioned_by: 'ansible' }, 'Ansible', 'ansible'],
    [{ 'crossplane-name': 'x' }, 'Crossplane', 'x'],
    [{ opentofu: 'yes' }, 'OpenTofu', 'yes'],
    [{ deployedBy: 'cloudformation' }, 'CloudFormation', 'cloudformation'],
    // What people write.
    [{ ManagedBy: 'Terragrunt' }, 'Terragrunt', 'Terragrunt'],
    [{ Terragrunt: 'live/prod/vpc' }, 'Terragrunt', 'live/prod/vpc'],
    [{ TerragruntPath: 'live/prod/vpc' }, 'Terragrunt', 'live/prod/vpc'],
    [{ 'infra:managed-by': 'terraform' }, 'Terraform', 'terraform'],
    [{ 'acme/managed_by': 'Terraform Cloud' }, 'Terraform', 'Terraform Cloud'],
    [{ infra_managed_by: 'terraform' }, 'Terraform', 'terraform'],
    [{ InfraManagedBy: 'terraform' }, 'Terraform', 'terraform'],
    [{ 'MANAGED BY': 'TERRAFORM' }, 'Terraform', 'TERRAFORM'],
    [{ ManagedByTerraform: 'true' }, 'Terraform', 'true'],
    [{ terraform_managed: 'yes' }, 'Terraform', 'yes'],
    [{ 'acme:terraform': 'true' }, 'Terraform', 'true'],
    [{ tf: 'true' }, 'Terraform', 'true'],
    [{ tf_module: 'vpc' }, 'Terraform', 'vpc'],
    [{ 'tfc-workspace': 'prod' }, 'Terraform', 'prod'],
    [{ managed_by: 'AFT' }, 'Account Factory for Terraform', 'AFT'],
    [{ ManagedBy: 'cdktf' }, 'CDK for Terraform', 'cdktf'],
    [{ module: 'terraform-aws-modules/vpc' }, 'Terraform', 'terraform-aws-modules/vpc'],
    [{ repository: 'acme/terraform-live' }, 'Terraform', 'acme/terraform-live'],
    [{ Description: 'Managed by Terraform' }, 'Terraform', 'Managed by Terraform'],
    [{ Owner: 'terraform' }, 'Terraform', 'terraform'],
    [{ ManagedWith: 'tofu' }, 'OpenTofu', 'tofu'],
    [{ 'deployment-tool': 'aws-cdk' }, 'the AWS CDK', 'aws-cdk'],
    [{ DeployedWith: 'sam-cli' }, 'a serverless framework', 'sam-cli'],
    [{ created_using: 'AWS_CDK' }, 'the AWS CDK', 'AWS_CDK'],
    [{ ManagedBy: 'StackSets' }, 'CloudFormation', 'StackSets'],
    [{ 'app.kubernetes.io/managed-by': 'Helm' }, 'Kubernetes', 'Helm'],
    [{ ManagedBy: 'ArgoCD' }, 'Kubernetes', 'ArgoCD'],
    [{ CreatedBy: 'Jenkins' }, 'a pipeline', 'Jenkins'],
    [{ deployed_by: 'github-actions' }, 'a pipeline', 'github-actions'],
    [{ iac: 'true' }, 'infrastructure as code', 'true'],
    [{ ManagedBy: 'IaC' }, 'infrastructure as code', 'IaC'],
    [{ 'infrastructure-as-code': 'yes' }, 'infrastructure as code', 'yes'],
    [{ yor_trace: '5f2a' }, 'infrastructure as code', '5f2a'],
    // What services and controllers put on what they own.
    [{ 'aws:cloudformation:logical-id': 'Group' }, 'CloudFormation', 'Group'],
    [{ 'aws:eks:cluster-name': 'prod' }, 'Amazon EKS', 'prod'],
    [{ 'eks:nodegroup-name': 'workers' }, 'Amazon EKS', 'workers'],
    [{ 'kubernetes.io/cluster/prod': 'owned' }, 'Kubernetes', 'owned'],
    [{ KubernetesCluster: 'prod' }, 'Kubernetes', 'prod'],
    [{ 'kubernetes.io/service-name': 'shop/web' }, 'Kubernetes', 'shop/web'],
    [{ 'elbv2.k8s.aws/cluster': 'prod' }, 'the AWS Load Balancer Controller', 'prod'],
    [{ 'ingress.k8s.aws/stack': 'shop/web' }, 'the AWS Load Balancer Controller', 'shop/web'],
    [{ 'service.k8s.aws/resource': 'ManagedLBSecurityGroup' }, 'the AWS Load Balancer Controller', 'ManagedLBSecurityGroup'],
    [{ 'services.k8s.aws/controller-version': 's3-1.0' }, 'AWS Controllers for Kubernetes', 's3-1.0'],
    [{ 'karpenter.sh/nodepool': 'default' }, 'Karpenter', 'default'],
    [{ 'sigs.k8s.io/cluster-api-provider-aws/cluster/prod': 'owned' }, 'Cluster API', 'owned'],
    [{ 'ebs.csi.aws.com/cluster': 'true' }, 'the EBS CSI driver', 'true'],
    [{ 'alpha.eksctl.io/cluster-name': 'prod' }, 'eksctl', 'prod'],
    [{ 'red-hat-managed': 'true' }, 'OpenShift', 'true'],
    [{ 'aws-control-tower': 'managed-by-control-tower' }, 'AWS Control Tower', 'managed-by-control-tower'],
    [{ ManagedBy: 'AWS Control Tower' }, 'AWS Control Tower', 'AWS Control Tower'],
    [{ Accelerator: 'AWSAccelerator' }, 'Landing Zone Accelerator', 'AWSAccelerator'],
    [{ 'aws:elasticmapreduce:job-flow-id': 'j-1' }, 'Amazon EMR', 'j-1'],
    [{ 'elasticbeanstalk:environment-name': 'shop' }, 'Elastic Beanstalk', 'shop'],
    [{ 'aws:autoscaling:groupName': 'web' }, 'EC2 Auto Scaling', 'web'],
    [{ 'aws:somethingnew:id': 'x' }, 'the AWS service of aws:somethingnew:id', 'x'],
    // The first by name, whatever order they come in.
    [{ managedBy: 'pulumi', CreatedBy: 'terraform' }, 'Terraform', 'terraform'],
    [{ CreatedBy: 'terraform', managedBy: 'pulumi' }, 'Terraform', 'terraform'],
  ])('%j', (tags, tool, name) => {
    expect(managerOf(tags as unknown as Record<string, string>)).toMatchObject({ tool, name, tag: expect.stringMatching(/./) });
  });
  it.each([
    {},
    { Name: 'terraform-state' },
    { CreatedBy: 'alice' },
    { terraform: 'false' },
    { team: 'cdk' },
    { ManagedBy: 'the platform team' },
    { notManagedBy: 'terraform' },
    { managedByWhom: 'terraform' },
    { 'my-terraform': 'x' },
    { 'not-managed-by': 'terraform' },
    { ManagedByTerraform: 'no' },
    { iac: 'false' },
    { owner: 'sam' },
    { Description: 'reads the Terraform state' },
    { 'kubernetes.io/cluster/prod': 'shared' },
    { 'kubernetes.io/role/elb': '1' },
    { 'karpenter.sh/discovery': 'prod' },
    { 'aws:createdBy': 'AssumedRole:x' },
    { 'aws:ec2launchtemplate:id': 'lt-1' },
    { TransformFactor: 'x' },
    { tfl: 'x' },
    { 'cost-center': 'platform' },
  ])('nobody: %j', (tags) => {
    expect(managerOf(tags as unknown as Record<string, string>)).toBeNull();
  });
});

/** What a tag that says who manages something is answered with. */
const managerBy = (key: string, value: string) => managerOf({ [key]: value })?.tool ?? null;

describe('a common name of a tool', () => {
  it.each<[string, readonly string[]]>([
    ['Terragrunt', ['terragrunt', 'gruntwork terragrunt']],
    ['CDK for Terraform', ['cdktf', 'CDK for Terraform']],
    ['Account Factory for Terraform', ['AccountFactory', 'aft']],
    ['Terraform', ['terraform', 'spacelift', 'terrateam', 'tf', 'tfc', 'tfe', 'hcp', 'atlantis', 'env0', 'scalr']],
    ['OpenTofu', ['tofu']],
    ['Pulumi', ['pulumi']],
    ['Landing Zone Accelerator', ['AWSAccelerator', 'landing zone', 'lza']],
    ['AWS Control Tower', ['control-tower']],
    ['CloudFormation', ['cloudformation', 'StackSet', 'sceptre', 'cfn']],
    ['the AWS CDK', ['cdk']],
    ['a serverless framework', ['serverless', 'amplify', 'chalice', 'zappa', 'sam', 'sst', 'copilot']],
    ['Crossplane', ['crossplane']],
    ['AWS Controllers for Kubernetes', ['ack']],
    ['Cluster API', ['cluster-api', 'capa', 'capi']],
    ['Ansible', ['ansible']],
    ['Service Catalog', ['service catalog']],
    ['Elastic Beanstalk', ['beanstalk']],
    ['Karpenter', ['karpenter']],
    ['the AWS Load Balancer Controller', ['aws-load-balancer-controller', 'alb-controller', 'alb-ingress-controller']],
    ['Kubernetes', ['kubernetes', 'eksctl', 'openshift', 'eks', 'k8s', 'kops', 'helm', 'argo cd', 'argo', 'flux', 'flux cd', 'fluxcd']],
    ['configuration management', ['saltstack', 'chef', 'puppet', 'salt']],
    [
      'a pipeline',
      [
        ...['jenkins', 'github-action', 'gitlab', 'codepipeline', 'codebuild', 'codedeploy', 'azure-devops', 'circleci', 'spinnaker', 'bitbucket'],
        ...['buildkite', 'ci/cd', 'octopus deploy'],
      ],
    ],
    ['infrastructure as code', ['infrastructure-as-code', 'gitops', 'iac', 'as code', 'automation']],
  ])('%s', (tool, names) => {
    expect(names.map((name) => [name, managerBy('managed-by', name)])).toEqual(names.map((name) => [name, tool]));
  });

  it('short names match only as whole words', () => {
    for (const other of ['craft', 'tfl', 'samuel', 'asst', 'hacker', 'leaks', 'asphalt', 'salty', 'octopus', 'encode', 'hcpx'])
      expect(managerBy('managed-by', other), other).toBeNull();
  });
});

describe('a key that names a manager', () => {
  const done = ['managed', 'provisioned', 'created', 'deployed', 'built', 'generated', 'maintained', 'controlled', 'automated', 'orchestrated'];
  const how = ['by', 'with', 'using', 'via', 'through', 'from'];
  const names = ['managed', 'provisioner', 'creator', 'deployer', 'manager', 'orchestrator', 'automation', 'deployment', 'source', 'origin', 'tool', 'tooling'];
  const kinds = ['iac', 'iac-tool', 'infrastructure-as-code', 'deployment-tool', 'deployment-method', 'provisioning-tool'];
  it.each([...done.flatMap((each) => how.map((preposition) => `${each}-${preposition}`)), ...names, ...kinds])('%s', (key) => {
    // A word is enough; of people it says nothing.
    expect([managerBy(key, 'sam-cli'), managerBy(key, 'alice')]).toEqual(['a serverless framework', null]);
  });
  it.each(['owner', 'owned-by', 'module', 'template', 'repo', 'repository', 'git-repo', 'git_file', 'code_path'])(
    '%s: only by the name of a tool, not by a word that may be a person',
    (key) => {
      expect([managerBy(key, 'terraform-live'), managerBy(key, 'sam')]).toEqual(['Terraform', null]);
    },
  );
  it.each(['managed by', 'Managed with', 'created by', 'provisioned by', 'Deployed by'])('a description: %s', (phrase) => {
    expect([managerBy('description', `${phrase} Terraform`), managerBy('description', `${phrase} sam`)]).toEqual(['Terraform', null]);
  });
});

describe('a mark of a tool or a service', () => {
  it.each<[string, readonly string[]]>([
    ['CloudFormation', ['aws:cloudformation:']],
    ['Service Catalog', ['aws:servicecatalog:']],
    ['EC2 Auto Scaling', ['aws:autoscaling:']],
    ['Elastic Beanstalk', ['aws:elasticbeanstalk:', 'elasticbeanstalk:']],
    ['Amazon EKS', ['aws:eks:', 'eks:', 'node.k8s.amazonaws.com/', 'cluster.k8s.amazonaws.com/']],
    ['Amazon ECS', ['aws:ecs:', 'AmazonECSManaged']],
    ['Amazon EMR', ['aws:elasticmapreduce:']],
    ['AWS Batch', ['aws:batch:', 'AWSBatchServiceTag']],
    ['AWS Cloud9', ['aws:cloud9:']],
    ['AWS Control Tower', ['aws-control-tower']],
    ['Elastic Disaster Recovery', ['AWSElasticDisasterRecoveryManaged']],
    ['Application Migration Service', ['AWSApplicationMigrationServiceManaged']],
    ['Landing Zone Accelerator', ['Accelerator']],
    ['the AWS CDK', ['aws-cdk:']],
    ['a serverless framework', ['aws-chalice', 'copilot-application', 'sst:']],
    ['the AWS Load Balancer Controller', ['elbv2.k8s.aws/', 'ingress.k8s.aws/', 'service.k8s.aws/', 'gateway.k8s.aws/']],
    ['AWS Controllers for Kubernetes', ['services.k8s.aws/']],
    ['Karpenter', ['karpenter.sh/nodepool', 'karpenter.sh/nodeclaim', 'karpenter.sh/provisioner-name', 'karpenter.sh/managed-by', 'karpenter.k8s.aws/']],
    ['the EBS CSI driver', ['ebs.csi.aws.com/', 'CSIVolumeName']],
    ['Kubernetes', ['kubernetes.io/cluster/', 'kubernetes.io/created-for/', 'kubernetes.io/service-name', 'kubernetes.io/ingress-name', 'KubernetesCluster']],
    ['Cluster API', ['sigs.k8s.io/cluster-api-provider-aws/']],
    ['eksctl', ['eksctl.cluster.k8s.io/', 'alpha.eksctl.io/']],
    ['kOps', ['kops.k8s.io/']],
    ['OpenShift', ['red-hat-managed', 'red-hat-clustertype', 'openshift_']],
    ['infrastructure as code', ['yor_trace', 'yor_name']],
    ['Terraform', ['tf']],
  ])('%s', (tool, keys) => {
    for (const mark of keys) {
      const isBeginning = /[:/_]$/.test(mark);
      // Without its separator it is another key, and so is what only begins like a whole one.
      const [owned, other] = isBeginning ? [`${mark}x`, `${mark.slice(0, -1)}x`] : [mark, `${mark}x`];
      expect([owned, managerBy(owned, 'v'), managerBy(` ${owned.toUpperCase()} `, 'v'), managerBy(owned, 'No')]).toEqual([owned, tool, tool, null]);
      expect(managerBy(other, 'v'), other).not.toBe(tool);
    }
  });

  it('of an unknown service counts, except for one without a current owner', () => {
    expect(managerBy('aws:newthing:id', 'v')).toBe('the AWS service of aws:newthing:id');
    for (const key of ['aws:createdBy', 'aws:ec2launchtemplate:version', 'aws:backup:source-resource']) expect(managerBy(key, 'v'), key).toBeNull();
    expect(managerBy('aws:backupplan:id', 'v')).toBe('the AWS service of aws:backupplan:id');
    expect(managerBy('my:aws:thing', 'v')).toBeNull();
  });

  it('does not count if a cluster only shares the resource', () => {
    expect(managerBy('kubernetes.io/cluster/prod', ' Shared ')).toBeNull();
    expect(managerBy('kubernetes.io/cluster/prod', 'shared-vpc')).toBe('Kubernetes');
    expect(managerBy('kubernetes.io/service-name', 'shared')).toBe('Kubernetes');
  });
});

describe('a boolean value', () => {
  it.each(['false', 'no', 'none', 'n', 'off', '0', ' False ', 'NO'])('%j: nothing manages it', (value) => {
    expect([managerBy('terraform', value), managerBy('ManagedByTerraform', value), managerBy('iac', value)]).toEqual([null, null, null]);
  });
  it.each(['true', 'yes', 'y', 'on', '1', ' True ', 'YES'])('%j: infrastructure as code does', (value) => {
    const keys = ['iac', 'managed-by-iac', 'infrastructure-as-code', 'acme:infrastructure_as_code'];
    expect(keys.map((key) => managerBy(key, value))).toEqual(keys.map(() => 'infrastructure as code'));
    expect(managerBy('iac-reviewed', value)).toBeNull();
  });
  it('has to be a known one', () => {
    expect(managerBy('iac', 'perhaps')).toBeNull();
  });
});

it.each<[string, string]>([
  ['terraform-workspace', 'Terraform'],
  ['terragrunt_dir', 'Terragrunt'],
  ['opentofu', 'OpenTofu'],
  ['tofu-stack', 'OpenTofu'],
  ['pulumi:project', 'Pulumi'],
  ['crossplane-kind', 'Crossplane'],
  ['cdktf-stack', 'CDK for Terraform'],
  ['tf-workspace', 'Terraform'],
  ['tfc_module', 'Terraform'],
  ['tf_state', 'Terraform'],
  ['tf-managed', 'Terraform'],
  ['tfStack', 'Terraform'],
  ['cloudformation-stack', 'CloudFormation'],
  ['ansible-playbook', 'Ansible'],
  ['acme:terraform', 'Terraform'],
  ['acme/terraform', 'Terraform'],
  ['ManagedByTerraform', 'Terraform'],
  ['stack-managed-by-terraform', 'Terraform'],
])('a key with a tool in it: %s', (key, tool) => {
  expect(managerBy(key, 'prod')).toBe(tool);
  // It has to be how it begins.
  expect(managerBy(`my-${key}`.replace(/[:/].*|managed.*/i, 'x'), 'prod')).toBeNull();
});

it('a negated tag has no effect', () => {
  expect(managerBy('not-managed-by', 'terraform')).toBeNull();
  expect(managerBy('terraform-not', 'prod')).toBeNull();
});

it('a stack is named before the other tags', () => {
  expect(managerOf({ ManagedBy: 'terraform', 'aws:cloudformation:stack-id': 'arn:x' })).toEqual({
    tool: 'CloudFormation',
    name: 'arn:x',
    tag: 'aws:cloudformation:stack-name',
  });
  expect(managerOf({ 'aws:cloudformation:logical-id': 'Group', 'aws:cloudformation:stack-name': 'payments' })).toMatchObject({ name: 'payments' });
  expect(managerOf({ ManagedBy: 'terraform', Zone: 'x', 'pulumi:stack': 'prod' })).toEqual({ tool: 'Terraform', name: 'terraform', tag: 'ManagedBy' });
});

describe('the tags of a policy', () => {
  const managed = (tags: Record<string, string>, managedByTags?: readonly string[]) =>
    managerOf(tags, definePolicy({ version: 1, ...(managedByTags === undefined ? {} : { managedByTags }) }).managedByTags);
  it('are a key with any value except no, in any case', () => {
    expect(managed({ 'Acme:Stack': 'payments' })).toBeNull();
    expect(managed({ 'Acme:Stack': 'payments' }, ['acme:stack'])).toEqual({ tool: 'tooling of your own', name: 'payments', tag: 'Acme:Stack' });
    expect(managed({ 'acme:stack': 'false' }, ['acme:stack'])).toBeNull();
    expect(managed({ 'acme:stacks': 'payments' }, ['acme:stack'])).toBeNull();
    expect(managed({ 'acme:terraform-stack': 'payments' }, ['acme:terraform-stack'])).toMatchObject({ tool: 'Terraform' });
  });
  it('are a key with a value, and no other value', () => {
    expect(managed({ team: 'Platform' }, ['team=platform'])).toMatchObject({ tool: 'tooling of your own', name: 'Platform', tag: 'team' });
    expect(managed({ team: 'web' }, ['team=platform'])).toBeNull();
    expect(managed({ team: 'a=b' }, ['team = a=b'])).not.toBeNull();
    expect(managed({ Team: ' PLATFORM ' }, ['team=Platform'])).toMatchObject({ tool: 'tooling of your own' });
    expect(managed({ team: 'terraform' }, ['team=terraform'])).toMatchObject({ tool: 'Terraform' });
    // Also one that reads like a no.
    expect(managed({ automated: 'off' }, ['automated=off'])).toMatchObject({ tool: 'tooling of your own' });
    expect(managed({ team: 'platform' }, ['group', 'team=platform'])).not.toBeNull();
  });
  it.each([[[]], [['']], [['=x']], [['team=']], [[1]], ['team']])('%j is refused', (managedByTags) => {
    expect(() => parsePolicy({ version: 1, managedByTags })).toThrow('managedByTags');
  });
});

describe('managed-by-iac', () => {
  it('uses the tags of the policy', () => {
    const added = known(definePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, managedByTags: ['acme:stack'] }));
    expect(managedByIac.evaluate(facts({ policy: added, observation: known({ state: {}, tags: { 'acme:stack': 'payments' } }) }))).toMatchObject({
      effect: 'approve',
      code: 'managed',
      data: { name: 'payments', tag: 'acme:stack' },
    });
  });
  const policy = (managedByIac?: string) =>
    known(parsePolicy({ version: 1, environments: { dev: { accounts: [ACCOUNT] } }, ...(managedByIac === undefined ? {} : { managedByIac }) }));
  const tags = { 'aws:cloudformation:stack-name': 'payments' };
  it.each([
    ['requires an approval, and names the stack', undefined, 'approve', 'managed'],
    ['only notifies', 'notify', 'notify', 'managed'],
    ['leaves the decision to other guardrails', 'allow', 'allow', 'managed-allowed'],
  ])('%s', (_name, setting, effect, code) => {
    const answer = managedByIac.evaluate(facts({ policy: policy(setting), observation: known({ state: {}, tags }) }));
    expect(answer).toMatchObject({ effect, code, message: expect.stringContaining('payments'), data: { tool: 'CloudFormation', name: 'payments' } });
  });
  it.each([
    ['what uses it is managed, and it is not', { state: {}, tags: {}, usedBy: [{ type: 'AWS::EC2::Instance', id: 'i-1', tags }] }, 'not-managed'],
    ['it has no tags', { state: {}, tags: 'untaggable' as const }, 'not-managed'],
    ['it is gone', 'gone' as const, 'gone'],
  ])('allows if %s', (_name, observation, code) => {
    expect(managedByIac.evaluate(facts({ policy: policy(), observation: known(observation) }))).toMatchObject({ effect: 'allow', code });
  });
});
