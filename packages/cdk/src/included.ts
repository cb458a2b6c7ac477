import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRecord, RedressError } from '@redress/core';
import { LINT_EXCEPTIONS, printTemplate, type Template } from '@redress/deploy';
import { type CfnResource, Stack, Token, Validations } from 'aws-cdk-lib';
import { CfnManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import type { Construct } from 'constructs';

/** What is given for a template's parameter. */
type ParameterValue = string | number | readonly string[] | undefined;

/**
 * Includes a template, so that each of its resources is a typed L1 construct. Its parameters are replaced by values, checked here as
 * CloudFormation would have checked them.
 *
 * @throws {RedressError} `compose/invalid`: a value that the parameter does not take
 */
export function included(scope: Construct, template: Template, values: Readonly<Record<string, ParameterValue>>): CfnInclude {
  const parameters = Object.fromEntries(
    Object.entries(template.Parameters).map(([name, parameter]) => {
      const value = values[name] ?? parameter.Default;
      for (const each of [value].flat()) check(name, each, parameter);
      // The default of a list is written as a text.
      return [name, parameter.Type === 'CommaDelimitedList' && typeof value === 'string' ? value.split(',') : value];
    }),
  );
  // CfnInclude reads a file, and only while it is made.
  const folder = mkdtempSync(join(tmpdir(), 'redress-cdk-'));
  try {
    const templateFile = join(folder, 'template.json');
    writeFileSync(templateFile, printTemplate(template, 'json'));
    return new CfnInclude(scope, 'Template', { templateFile, preserveLogicalIds: false, parameters });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function check(name: string, value: string | number | undefined, parameter: Template['Parameters'][string]): void {
  if (value !== undefined && Token.isUnresolved(value)) return;
  const { AllowedPattern, AllowedValues, MinValue = -Infinity, MaxValue = Infinity } = parameter;
  const fits =
    value !== undefined &&
    (AllowedPattern === undefined || new RegExp(AllowedPattern).test(String(value))) &&
    (AllowedValues === undefined || AllowedValues.includes(value)) &&
    (typeof value !== 'number' || (value >= MinValue && value <= MaxValue));
  if (!fits) throw new RedressError('compose/invalid', `${name} cannot be ${JSON.stringify(value) ?? 'left out'}.`, { next: parameter.Description });
}

/** Where code is, as parameters of a template: from a folder, an asset or S3. */
export function codeAt(scope: Construct, given: string | Code, whose: string): Readonly<Record<string, ParameterValue>> {
  const code = (typeof given === 'string' ? Code.fromAsset(given) : given).bind(scope).s3Location;
  if (code === undefined) throw new TypeError(`The code of the ${whose} comes from a folder, an asset or S3; inline code and images do not fit.`);
  return { CodeBucket: code.bucketName, CodeKey: code.objectKey, CodeVersion: code.objectVersion };
}

/** Suppresses findings of cdk-nag, each with its reason. Wildcards in resources are named one by one, so that a wildcard in an action is still found. */
export function acknowledge(template: CfnInclude, source: Template): void {
  for (const [name, { Type }] of Object.entries(source.Resources)) {
    const resource = template.getResource(name);
    for (const { id, reason } of LINT_EXCEPTIONS.filter((each) => each.type === Type && each.id.startsWith('AwsSolutions'))) {
      const findings = id === 'AwsSolutions-IAM5' ? wildcards(resource).map((text) => `${id}[Resource::${text}]`) : [id];
      for (const finding of findings) Validations.of(resource).acknowledge({ id: finding, reason });
    }
  }
}

/** Resources with a wildcard in a policy, as cdk-nag writes them. */
function wildcards(resource: CfnResource): readonly string[] {
  if (!(resource instanceof CfnManagedPolicy)) return [];
  const { Statement = [] } = Stack.of(resource).resolve(resource.policyDocument) as { Statement?: { Resource?: unknown }[] };
  const resources = Statement.flatMap((statement) => [statement.Resource].flat());
  return [...new Set(resources.map(flat).filter((text) => text.includes('*')))];
}

function flat(value: unknown): string {
  if (!isRecord(value)) return String(value);
  const [[name, operand] = ['', null]] = Object.entries(value);
  switch (name) {
    case 'Ref':
      return `<${String(operand)}>`;
    case 'Fn::GetAtt':
      return `<${(operand as string[]).join('.')}>`;
    case 'Fn::Sub':
      return String(operand).replace(/\$\{([^}]+)\}/g, '<$1>');
    case 'Fn::Join': {
      const [separator, parts] = operand as [string, unknown[]];
      return parts.map(flat).join(separator);
    }
    default:
      return JSON.stringify(value);
  }
}
