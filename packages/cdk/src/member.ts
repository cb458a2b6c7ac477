import type { Remediator } from '@redress/core';
import { type AskedRule, memberConfigTemplate, memberEventsTemplate, memberRoleTemplate, type Narrowing, type ParametersOf } from '@redress/deploy';
import { type IRole, Role } from 'aws-cdk-lib/aws-iam';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';
import { acknowledge, included } from './included.js';

/** What {@link RedressMemberRole} takes. */
export interface RedressMemberRoleProps {
  /** The roles may do what these declare, and nothing else. */
  readonly remediators: readonly Remediator[];
  /** ARNs of the roles of the hub: `hub.roles`, or the output `HubRoleArns`. */
  readonly hubRoleArns: readonly string[];
  /** Who may roll back: the approval role of the hub, and people's. Default: nobody, and no rollback role. */
  readonly rollbackRoleArns?: readonly string[];
  /** The same as that of the hub. */
  readonly externalId: string;
  /** How the names of the roles begin, as in the hub; default `Redress`. */
  readonly rolePrefix?: string;
  /** Policy that bounds the roles; default: each gets a boundary of its own, made from what the remediators declare for it. */
  readonly permissionsBoundaryArn?: string;
  /** That of the policy; default `redress:exception`. */
  readonly exceptionTag?: string;
  /** Whether IAM, too, refuses to change what has the exception tag, also when the tag was left behind; default true. */
  readonly refuseTagged?: boolean;
  /** Parameters of remediators, as the policy has them: they name the roles that may be passed. Default: their own defaults. */
  readonly parametersOf?: ParametersOf;
  /** How actions of your own remediators are narrowed; see `NARROWING` of `@redress/deploy`. */
  readonly narrowing?: Readonly<Record<string, Narrowing>>;
}

/**
 * The roles of one account: once in each account, that of the hub too. Read, fix and rollback are apart.
 *
 * @example new RedressMemberRole(this, 'Roles', { remediators: s3Remediators, hubRoleArns, externalId: 'o-abc123-redress' });
 */
export class RedressMemberRole extends Construct {
  readonly readRole: IRole;
  readonly fixRole: IRole;
  /** Null where nobody may roll back. */
  readonly rollbackRole: IRole | null;
  /** Every resource as a typed L1, by its name in the template. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: RedressMemberRoleProps) {
    super(scope, id);
    const { remediators, exceptionTag, refuseTagged, parametersOf, narrowing } = props;
    const source = memberRoleTemplate({
      remediators,
      ...(exceptionTag === undefined ? {} : { exceptionTag }),
      ...(parametersOf === undefined ? {} : { parametersOf }),
      ...(narrowing === undefined ? {} : { narrowing }),
    });
    this.template = included(this, source, {
      HubRoleArns: props.hubRoleArns,
      RollbackRoleArns: props.rollbackRoleArns,
      ExternalId: props.externalId,
      RolePrefix: props.rolePrefix,
      PermissionsBoundaryArn: props.permissionsBoundaryArn,
      RefuseTagged: refuseTagged === undefined ? undefined : String(refuseTagged),
    });
    acknowledge(this.template, source);
    const role = (name: string) => Role.fromRoleArn(this, name, this.template.getResource(`${name}Role`).getAtt('Arn').toString());
    this.readRole = role('Read');
    this.fixRole = role('Fix');
    this.rollbackRole = (props.rollbackRoleArns ?? []).length === 0 ? null : role('Rollback');
  }
}

/** What {@link RedressMemberEvents} takes. */
export interface RedressMemberEventsProps {
  /** Whose events are forwarded. */
  readonly remediators: readonly Remediator[];
  /** ARN of the hub's bus: `hub.bus.eventBusArn`, or the output `BusArn`. */
  readonly hubBusArn: string;
  /** That of the policy; default `redress:exception`. */
  readonly exceptionTag?: string;
  /** Permissions boundary of the role. */
  readonly permissionsBoundaryArn?: string;
}

/**
 * Forwards the events of one account and region to the hub: in each region with resources, and in us-east-1, where IAM events arrive. In the
 * hub's own account and region it makes nothing.
 *
 * @example new RedressMemberEvents(this, 'Events', { remediators: iamRemediators, hubBusArn });
 */
export class RedressMemberEvents extends Construct {
  /** What could not be forwarded. */
  readonly undeliveredQueue: IQueue;
  /** Every resource as a typed L1, by its name in the template. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: RedressMemberEventsProps) {
    super(scope, id);
    const { remediators, exceptionTag } = props;
    const source = memberEventsTemplate({ remediators, ...(exceptionTag === undefined ? {} : { exceptionTag }) });
    this.template = included(this, source, { HubBusArn: props.hubBusArn, PermissionsBoundaryArn: props.permissionsBoundaryArn });
    acknowledge(this.template, source);
    this.undeliveredQueue = Queue.fromQueueArn(this, 'Undelivered', this.template.getResource('Undelivered').getAtt('Arn').toString());
  }
}

/** What {@link RedressMemberConfig} takes. */
export interface RedressMemberConfigProps {
  /** Whose Config rules are made. */
  readonly remediators: readonly Remediator[];
  /** ARN of the function that answers: `hub.config.functionArn`, or the output `ConfigFunctionArn`. */
  readonly configFunctionArn: string;
  /** Bucket of the stack's region with the packs: the files of `packFiles`, or of `redress generate conformance-pack --out FOLDER`. */
  readonly packBucket: string;
  /** How their keys begin. */
  readonly packPrefix?: string;
  /** Parameters of remediators, as the policy has them; default: their own defaults. */
  readonly parametersOf?: ParametersOf;
  /** Rules of a conformance pack, with its parameters; default: only those that remediators know. */
  readonly rules?: readonly AskedRule[];
  /** How the Automation document is called; default `Redress-Remediate`. */
  readonly documentName?: string;
  /** How the conformance pack is called; default `redress`. */
  readonly packName?: string;
  /** Permissions boundary of the role. */
  readonly permissionsBoundaryArn?: string;
}

/**
 * AWS Config of one account and region: rules, and in the region of the hub remediations that ask it. The account needs a configuration recorder.
 *
 * @example new RedressMemberConfig(this, 'Config', { remediators: s3Remediators, configFunctionArn, packBucket: 'packs-eu-west-1' });
 */
export class RedressMemberConfig extends Construct {
  /** Every resource as a typed L1, by its name in the template. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: RedressMemberConfigProps) {
    super(scope, id);
    const { remediators, parametersOf, rules } = props;
    const source = memberConfigTemplate({
      remediators,
      ...(parametersOf === undefined ? {} : { parametersOf }),
      ...(rules === undefined ? {} : { rules }),
    });
    this.template = included(this, source, {
      ConfigFunctionArn: props.configFunctionArn,
      DocumentName: props.documentName,
      PackName: props.packName,
      PackBucket: props.packBucket,
      PackPrefix: props.packPrefix,
      PermissionsBoundaryArn: props.permissionsBoundaryArn,
    });
    acknowledge(this.template, source);
  }
}
