// Roles and what they may do: managed policies of the account, for audits ask that no policy is written into a role.
import type { JsonObject } from '@redress/core';
import { ref, type TemplateResource, when } from './template.js';

/** A role of a template with the parameter PermissionsBoundaryArn, and who may assume it. */
export interface RoleOptions {
  readonly description: string;
  /** Who assumes it: a service, and a condition if there is one. */
  readonly trusts: { readonly service: string; readonly condition?: JsonObject };
  readonly statements: readonly JsonObject[];
  /** Policies of the template that other roles have, too. */
  readonly shares?: readonly string[];
  /** The role is there where it holds. */
  readonly condition?: string;
}

/** The role, and a managed policy called as the role, with `Policy` behind it. */
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

/** A policy of the account's own. IAM takes 6,144 characters, without spaces. */
export function managed(Description: string, statements: readonly JsonObject[], condition?: string, more: JsonObject = {}): TemplateResource {
  return {
    Type: 'AWS::IAM::ManagedPolicy',
    ...(condition === undefined ? {} : { Condition: condition }),
    Properties: { Description, ...more, PolicyDocument: { Version: '2012-10-17', Statement: [...statements] } },
  };
}
