import { describe, expect, it } from 'vitest';
import { ACCOUNT, facts } from '../internal/testing/facts.js';
import { parsePolicy } from '../policy/policy.js';
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
  ])('nobody: %j', (tags) => {
    expect(managerOf(tags as unknown as Record<string, string>)).toBeNull();
  });
});

describe('managed-by-iac', () => {
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
