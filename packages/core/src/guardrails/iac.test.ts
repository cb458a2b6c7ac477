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

describe('what a policy adds', () => {
  const managed = (tags: Record<string, string>, managedByTags?: readonly string[]) =>
    managerOf(tags, definePolicy({ version: 1, ...(managedByTags === undefined ? {} : { managedByTags }) }).managedByTags);
  it('a key, whatever it says but no, in whatever case', () => {
    expect(managed({ 'Acme:Stack': 'payments' })).toBeNull();
    expect(managed({ 'Acme:Stack': 'payments' }, ['acme:stack'])).toEqual({ tool: 'tooling of your own', name: 'payments', tag: 'Acme:Stack' });
    expect(managed({ 'acme:stack': 'false' }, ['acme:stack'])).toBeNull();
    expect(managed({ 'acme:stacks': 'payments' }, ['acme:stack'])).toBeNull();
    expect(managed({ 'acme:terraform-stack': 'payments' }, ['acme:terraform-stack'])).toMatchObject({ tool: 'Terraform' });
  });
  it('a key with a value, and no other', () => {
    expect(managed({ team: 'Platform' }, ['team=platform'])).toMatchObject({ tool: 'tooling of your own', name: 'Platform', tag: 'team' });
    expect(managed({ team: 'web' }, ['team=platform'])).toBeNull();
    expect(managed({ team: 'a=b' }, ['team = a=b'])).not.toBeNull();
  });
  it.each([[[]], [['']], [['=x']], [['team=']], [[1]], ['team']])('%j is refused', (managedByTags) => {
    expect(() => parsePolicy({ version: 1, managedByTags })).toThrow('managedByTags');
  });
});

describe('managed-by-iac', () => {
  it('knows the tags that the policy adds', () => {
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
    ['asks a person, and names the stack', undefined, 'approve', 'managed'],
    ['only tells', 'notify', 'notify', 'managed'],
    ['leaves it to the others', 'allow', 'allow', 'managed-allowed'],
  ])('%s', (_name, setting, effect, code) => {
    const answer = managedByIac.evaluate(facts({ policy: policy(setting), observation: known({ state: {}, tags }) }));
    expect(answer).toMatchObject({ effect, code, message: expect.stringContaining('payments'), data: { tool: 'CloudFormation', name: 'payments' } });
  });
  it.each([
    ['what uses it is managed, itself it is not', { state: {}, tags: {}, usedBy: [{ type: 'AWS::EC2::Instance', id: 'i-1', tags }] }, 'not-managed'],
    ['it has no tags', { state: {}, tags: 'untaggable' as const }, 'not-managed'],
    ['it is gone', 'gone' as const, 'gone'],
  ])('allows when %s', (_name, observation, code) => {
    expect(managedByIac.evaluate(facts({ policy: policy(), observation: known(observation) }))).toMatchObject({ effect: 'allow', code });
  });
});
