import type { JsonObject, Remediator } from '@redress/core';
import { printYaml } from '../templates/print.js';
import { att, BOUNDARY, given, ref, sub, type Template, when } from '../templates/template.js';
import { askDocument } from './ask-document.js';
import { ASK_DOCUMENT_NAME, type ConformancePack, conformancePack } from './conformance-pack.js';
import type { ParametersOf } from './managed-rules.js';

/** What goes into the template for AWS Config. */
export interface MemberConfigTemplateOptions {
  readonly remediators: readonly Remediator[];
  /** Parameters of remediators, as the policy has them; default: their own defaults. */
  readonly parametersOf?: ParametersOf;
}

/**
 * AWS Config in one account and region: the rules, and in the hub's region the Automation document by which Config asks Redress to remediate.
 * An Automation can only invoke a function of its own region; in others the rules find, and Redress acts on their events. The account needs
 * a configuration recorder.
 *
 * @example JSON.stringify(memberConfigTemplate({ remediators: s3Remediators }))
 * @see https://docs.aws.amazon.com/config/latest/developerguide/setup-autoremediation.html
 */
export function memberConfigTemplate({ remediators, parametersOf }: MemberConfigTemplateOptions): Template {
  const options = { remediators, ...(parametersOf === undefined ? {} : { parametersOf }) };
  const pack = (condition: string, made: ConformancePack): Template['Resources'][string] => ({
    Type: 'AWS::Config::ConformancePack',
    Condition: condition,
    Properties: {
      ConformancePackName: ref('PackName'),
      TemplateBody: printYaml(made),
      ...(made.Parameters === undefined
        ? {}
        : {
            ConformancePackInputParameters: [
              { ParameterName: 'AutomationAssumeRole', ParameterValue: att('AskRole') },
              { ParameterName: 'DocumentName', ParameterValue: ref('Document') },
            ],
          }),
    },
  });
  const asking = conformancePack(options);
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Redress, AWS Config of one account and region: rules, and where the hub is, remediations that ask it. It needs a configuration recorder.',
    Parameters: {
      ConfigFunctionArn: {
        Type: 'String',
        Description: 'Output ConfigFunctionArn of the hub.',
        AllowedPattern: '^arn:[^:]+:lambda:[a-z0-9-]+:\\d{12}:function:[^*?]+$',
      },
      DocumentName: {
        Type: 'String',
        Default: ASK_DOCUMENT_NAME,
        Description: 'How the Automation document is called. Not aws, amazon or amzn at its beginning.',
        AllowedPattern: '^[A-Za-z0-9_.-]{3,128}$',
      },
      PackName: { Type: 'String', Default: 'redress', Description: 'How the conformance pack is called.', AllowedPattern: '^[A-Za-z][A-Za-z0-9-]{0,50}$' },
      PermissionsBoundaryArn: BOUNDARY,
    },
    Conditions: {
      HasBoundary: given('PermissionsBoundaryArn'),
      Asks: { 'Fn::Equals': [{ 'Fn::Select': [3, { 'Fn::Split': [':', ref('ConfigFunctionArn')] }] }, ref('AWS::Region')] },
      Elsewhere: { 'Fn::Not': [{ Condition: 'Asks' }] },
    },
    Resources: {
      AskRole: {
        Type: 'AWS::IAM::Role',
        Condition: 'Asks',
        Properties: {
          Description: 'Redress: an Automation that AWS Config starts asks the hub. It may do nothing else.',
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'ssm.amazonaws.com' },
                Action: 'sts:AssumeRole',
                Condition: {
                  StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') },
                  ArnLike: { 'aws:SourceArn': sub('arn:{AWS::Partition}:ssm:*:{AWS::AccountId}:automation-execution/*') },
                },
              },
            ],
          },
          PermissionsBoundary: when('HasBoundary', ref('PermissionsBoundaryArn')),
          Policies: [
            {
              PolicyName: 'Ask',
              PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: ref('ConfigFunctionArn') }] },
            },
          ],
        },
      },
      Document: {
        Type: 'AWS::SSM::Document',
        Condition: 'Asks',
        Properties: {
          Name: ref('DocumentName'),
          DocumentType: 'Automation',
          DocumentFormat: 'JSON',
          UpdateMethod: 'NewVersion',
          Content: askDocument({ functionArn: ref('ConfigFunctionArn'), roleArn: att('AskRole') }) as JsonObject,
        },
      },
      AskingPack: pack('Asks', asking),
      Pack: pack('Elsewhere', conformancePack({ ...options, remediation: false })),
    },
    Outputs: {
      AskRoleArn: { Description: 'For remediations of your own: AutomationAssumeRole.', Value: att('AskRole'), Condition: 'Asks' },
      DocumentName: { Description: 'For remediations of your own: TargetId.', Value: ref('Document'), Condition: 'Asks' },
    },
  };
}
