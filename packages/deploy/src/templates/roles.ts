// Roles and their permissions, as managed policies of the account, because audits want no inline policies.
import type { JsonObject } from '@redress/core';
import { ref, type TemplateResource, when } from './template.js';

/** A role of a template with the parameter PermissionsBoundaryArn, and its trust. */
export interface RoleOptions {
  readonly description: string;
  /** The principal that may assume it: a service, optionally with a condition. */
  readonly trusts: { readonly service: string; readonly condition?: JsonObject };
  readonly statements: readonly JsonObject[];
  /** Policies of the template that other roles share. */
  readonly shares?: readonly string[];
  /** The condition under which the role is created. */
  readonly condition?: string;
}

/** The role, and a managed policy named after the role with the suffix `Policy`. */
export function role(name: string, { description, trusts, statements, shares = [], condition }: RoleOptions): Record<string, TemplateResource> {
  const policy = `${name}Policy`;
  return {
    [policy]: managed(`Permissions of the role ${name} of Redress.`, statements, condition),
    [name]: {
      Type: 'AWS::IAM::Role',
      ...(condition === undefined ? {} : { Condition: condition }),
      Properties: {
        Description: description,
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: trusts.service },
              Action: 'sts:AssumeRole',
              ...(trusts.condition === undefined ? {} : { Condition: trusts.condition }),
            },
          ],
        },
        PermissionsBoundary: when('HasBoundary', ref('PermissionsBoundaryArn')),
        ManagedPolicyArns: [...shares, policy].map(ref),
      },
    },
  };
}

/** A customer managed policy. IAM allows 6,144 characters, without spaces. */
export function managed(Description: string, statements: readonly JsonObject[], condition?: string, more: JsonObject = {}): TemplateResource {
  return {
    Type: 'AWS::IAM::ManagedPolicy',
    ...(condition === undefined ? {} : { Condition: condition }),
    Properties: { Description, ...more, PolicyDocument: { Version: '2012-10-17', Statement: [...statements] } },
  };
}
