import type { JsonObject } from '@redress/core';

/** A resource of a template, as plain data. */
export interface TemplateResource {
  readonly Type: string;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: 'Delete' | 'Retain' | 'RetainExceptOnCreate';
  readonly UpdateReplacePolicy?: 'Delete' | 'Retain';
  readonly Metadata?: JsonObject;
  readonly Properties: JsonObject;
}

/** A parameter of a template. */
export interface TemplateParameter {
  readonly Type: 'String' | 'Number' | 'CommaDelimitedList';
  readonly Description: string;
  readonly Default?: string | number;
  readonly AllowedPattern?: string;
  readonly AllowedValues?: readonly (string | number)[];
  readonly ConstraintDescription?: string;
  readonly MinValue?: number;
  readonly MaxValue?: number;
}

/** A CloudFormation template, as plain data: `JSON.stringify` gives a valid one. */
export interface Template {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Description: string;
  readonly Parameters: Readonly<Record<string, TemplateParameter>>;
  readonly Conditions: JsonObject;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs: Readonly<Record<string, { readonly Description: string; readonly Value: JsonObject; readonly Condition?: string }>>;
}

export const ref = (name: string): JsonObject => ({ Ref: name });
export const att = (resource: string, attribute = 'Arn'): JsonObject => ({ 'Fn::GetAtt': [resource, attribute] });
/** `Fn::Sub`, with `{Name}` instead of CloudFormation's dollar sign, so that no string here looks like a template literal. */
export const sub = (text: string): JsonObject => ({ 'Fn::Sub': text.replace(/\{([\w:.]+)\}/g, '$${$1}') });
/** A value if a condition holds; otherwise the property is omitted. */
export const when = (condition: string, value: JsonObject | string | number): JsonObject => ({ 'Fn::If': [condition, value, ref('AWS::NoValue')] });
/** Holds if a parameter is set. */
export const given = (parameter: string): JsonObject => ({ 'Fn::Not': [{ 'Fn::Equals': [ref(parameter), ''] }] });
/** Holds if a list parameter is set. */
export const listed = (parameter: string): JsonObject => ({ 'Fn::Not': [{ 'Fn::Equals': [{ 'Fn::Join': ['', ref(parameter)] }, ''] }] });

/** `config-compliance-change` as `ConfigComplianceChange`. */
export function logicalId(name: string): string {
  return name
    .split(/[^a-zA-Z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}

/** The parameter for a permission boundary of your own on the roles of a template. */
export const BOUNDARY: TemplateParameter = {
  Type: 'String',
  Default: '',
  Description: 'Permissions boundary of the role.',
  AllowedPattern: '^$|^arn:[^:]+:iam::(\\d{12}|aws):policy/.+$',
};
