import type { JsonObject, Remediator } from '@redress/core';
import { role } from '../templates/roles.js';
import { att, BOUNDARY, given, ref, sub, type Template } from '../templates/template.js';
import type { AskedRule } from './answer.js';
import { askDocument } from './ask-document.js';
import { ASK_DOCUMENT_NAME, packFiles } from './conformance-pack.js';
import type { ParametersOf } from './managed-rules.js';

/** Input of the template for AWS Config. */
export interface MemberConfigTemplateOptions {
  readonly remediators: readonly Remediator[];
  /** Parameters of remediators from the policy; default: their own defaults. */
  readonly parametersOf?: ParametersOf;
  /** Rules of a conformance pack, with its parameters; default: only those that remediators support. */
  readonly rules?: readonly AskedRule[];
}

/**
 * AWS Config in one account and region: the rules and, in the hub's region, the Automation document through which Config calls Redress. An Automation can
 * only invoke a function in its own region. In other regions the rules only find, and Redress acts on their events. The account needs a configuration
 * recorder.
 *
 * @example JSON.stringify(memberConfigTemplate({ remediators: s3Remediators }))
 * @see https://docs.aws.amazon.com/config/latest/developerguide/setup-autoremediation.html
 */
export function memberConfigTemplate({ remediators, parametersOf, rules }: MemberConfigTemplateOptions): Template {
  const files = packFiles({ remediators, ...(parametersOf === undefined ? {} : { parametersOf }), ...(rules === undefined ? {} : { rules }) });
  const packs = (asks: boolean) =>
    files
      .filter((file) => file.asks === asks)
      .map((file, index): [string, Template['Resources'][string]] => {
        const number = index === 0 ? '' : String(index + 1);
        return [
          `${asks ? 'AskingPack' : 'Pack'}${number}`,
          {
            Type: 'AWS::Config::ConformancePack',
            Condition: asks ? 'Asks' : 'Elsewhere',
            Properties: {
              ConformancePackName: index === 0 ? ref('PackName') : sub(`{PackName}-${number}`),
              TemplateS3Uri: sub(`s3://{PackBucket}/{PackPrefix}${file.name}`),
              ...(file.text.includes('AutomationAssumeRole:')
                ? {
                    ConformancePackInputParameters: [
                      { ParameterName: 'AutomationAssumeRole', ParameterValue: att('AskRole') },
                      { ParameterName: 'DocumentName', ParameterValue: ref('Document') },
                    ],
                  }
                : {}),
            },
          },
        ];
      });
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description:
      'Redress, AWS Config in one account and region: rules, and in the region of the hub also remediations that ask it. It needs a configuration recorder.',
    Parameters: {
      ConfigFunctionArn: {
        Type: 'String',
        Description: 'Output ConfigFunctionArn of the hub.',
        AllowedPattern: '^arn:[^:]+:lambda:[a-z0-9-]+:\\d{12}:function:[^*?]+$',
      },
      DocumentName: {
        Type: 'String',
        Default: ASK_DOCUMENT_NAME,
        Description: 'Name of the Automation document. It cannot start with aws, amazon or amzn.',
        AllowedPattern: '^[A-Za-z0-9_.-]{3,128}$',
      },
      PackBucket: {
        Type: 'String',
        Description: 'Bucket in this region with the packs: the files from `redress generate conformance-pack --out FOLDER`.',
        AllowedPattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
      },
      PackPrefix: { Type: 'String', Default: '', Description: 'Key prefix of the packs.', AllowedPattern: '^$|^[\\w!.*()/-]{1,512}$' },
      PackName: { Type: 'String', Default: 'redress', Description: 'Name of the conformance pack.', AllowedPattern: '^[A-Za-z][A-Za-z0-9-]{0,50}$' },
      PermissionsBoundaryArn: BOUNDARY,
    },
    Conditions: {
      HasBoundary: given('PermissionsBoundaryArn'),
      Asks: { 'Fn::Equals': [{ 'Fn::Select': [3, { 'Fn::Split': [':', ref('ConfigFunctionArn')] }] }, ref('AWS::Region')] },
      Elsewhere: { 'Fn::Not': [{ Condition: 'Asks' }] },
    },
    Resources: {
      ...role('AskRole', {
        description: 'Redress: lets an Automation that AWS Config starts ask the hub, and nothing else.',
        trusts: {
          service: 'ssm.amazonaws.com',
          condition: {
            StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') },
            ArnLike: { 'aws:SourceArn': sub('arn:{AWS::Partition}:ssm:*:{AWS::AccountId}:automation-execution/*') },
          },
        },
        statements: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: ref('ConfigFunctionArn') }],
        condition: 'Asks',
      }),
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
      ...Object.fromEntries([...packs(true), ...packs(false)]),
    },
    Outputs: {
      AskRoleArn: { Description: 'For remediations of your own: AutomationAssumeRole.', Value: att('AskRole'), Condition: 'Asks' },
      DocumentName: { Description: 'For remediations of your own: TargetId.', Value: ref('Document'), Condition: 'Asks' },
    },
  };
}
