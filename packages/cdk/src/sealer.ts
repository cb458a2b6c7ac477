import { RedressError } from '@redress/core';
import { sealerTemplate } from '@redress/deploy';
import { type IRole, Role } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { type Code, type IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';
import { acknowledge, codeAt, included } from './included.js';

/** What {@link RedressSealer} takes. */
export interface RedressSealerProps {
  /** A folder with index.mjs, which exports `seal`, or code from elsewhere (an S3 object, an asset): that of the hub. */
  readonly code: string | Code;
  /** Name of the ledger, which is in every checkpoint and never changes: `example.com/redress`. */
  readonly origin: string;
  /** The journal: `hub.table.tableName`, or the output `TableName` of the hub. */
  readonly tableName: string;
  /** Where its evidence is: `hub.bucket.bucketName`, or the output `BucketName`. */
  readonly bucketName: string;
  /** Where alarms go: `hub.notices.topicArn`, or the output `NoticesArn`. */
  readonly noticesArn: string;
  /** Days in which nobody can delete the log; default 365, as for the hub. */
  readonly evidenceRetentionDays?: number;
  /** Public keys that have signed for this ledger before, as the trust file has them. */
  readonly replacedKeys?: readonly string[];
  /** That of the hub, where it has one: table and bucket are encrypted with it. */
  readonly encryptionKeyArn?: string;
  /** ARN of the key that signs, when it has replaced the key of this stack. That one signs nothing more then. */
  readonly keyArn?: string;
  /**
   * Replaces the key that signs: the next seal says so under the old key, and from then on the new one seals. When the log of the function says that it
   * was replaced (`key-rotated`), give its ARN as `keyArn`, and leave this out: until then the role may sign with both.
   */
  readonly rotation?: {
    /** An Ed25519 key of KMS whose policy leaves it to the policies of the account, or names the role. */
    readonly nextKeyArn: string;
    /** Who replaces it, and why. It stays in the ledger. */
    readonly by: string;
    readonly reason: string;
  };
  /** Days for which each seal keeps the documents of its records, in an archive of its own; without it they stay where they are. */
  readonly documentsDays?: number;
  /** How often what was recorded is sealed: `rate(5 minutes)`, `rate(15 minutes)`, `rate(1 hour)` (the default) or `rate(3 hours)`. */
  readonly schedule?: string;
  /** Bucket, of another account as a rule, that gets a copy of each checkpoint. Its policy has to let `role` put objects. */
  readonly anchorBucket?: string;
  /** Who is asked to cosign each checkpoint (C2SP tlog-witness): key and URL of each. */
  readonly witnesses?: readonly { readonly key: string; readonly url: string }[];
  /** Default true. A new account may be too small for it. */
  readonly reserveConcurrency?: boolean;
  /** Days that logs are kept, as CloudWatch has them; default 90. */
  readonly logRetentionDays?: number;
  /** Permissions boundary of the role. */
  readonly permissionsBoundaryArn?: string;
}

/**
 * The sealer: once next to the hub, in its account and region, best in a stack of its own. It signs a checkpoint over all that was recorded, also when
 * nothing was. Others than those who run the hub may own it: nobody but its function signs with its key.
 *
 * @example new RedressSealer(new Stack(app, 'Sealer'), 'Sealer', { code: 'dist', origin: 'example.com/redress', tableName, bucketName, noticesArn });
 * @throws {RedressError} `compose/invalid`: an origin, a schedule or another value that the template does not take
 */
export class RedressSealer extends Construct {
  /** Invoke it to seal now. */
  readonly function: IFunction;
  /** The signing key: `redress evidence key --kms` makes its trust file. That of the stack stays when the stack is deleted. */
  readonly key: IKey;
  /** Who puts copies of checkpoints. */
  readonly role: IRole;
  /** Messages that could not be delivered, and seals that failed three times. */
  readonly undeliveredQueue: IQueue;
  /** Every resource as a typed L1, by its name in the template. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: RedressSealerProps) {
    super(scope, id);
    const { rotation } = props;
    if (rotation !== undefined && (rotation.nextKeyArn === '' || [rotation.by, rotation.reason].some((each) => each.trim() === '')))
      throw new RedressError('compose/invalid', 'A rotation has to name the next key, and who replaces the key and why.', {
        next: 'Give rotation: { nextKeyArn, by, reason }. They are in the ledger for good.',
      });
    const source = sealerTemplate();
    this.template = included(this, source, {
      ...codeAt(this, props.code, 'sealer'),
      Origin: props.origin,
      TableName: props.tableName,
      BucketName: props.bucketName,
      NoticesArn: props.noticesArn,
      EvidenceRetentionDays: props.evidenceRetentionDays,
      ReplacedKeys: props.replacedKeys?.join(','),
      EncryptionKeyArn: props.encryptionKeyArn,
      KeyArn: props.keyArn,
      NextKeyArn: props.rotation?.nextKeyArn,
      RotationBy: props.rotation?.by,
      RotationReason: props.rotation?.reason,
      DocumentsDays: props.documentsDays,
      Schedule: props.schedule,
      AnchorBucket: props.anchorBucket,
      Witnesses: props.witnesses?.map(({ key, url }) => `${key} ${url}`).join(','),
      ReserveConcurrency: props.reserveConcurrency === undefined ? undefined : String(props.reserveConcurrency),
      LogRetentionDays: props.logRetentionDays,
      PermissionsBoundaryArn: props.permissionsBoundaryArn,
    });
    acknowledge(this.template, source);
    const arn = (name: string) => this.template.getResource(name).getAtt('Arn').toString();
    this.function = LambdaFunction.fromFunctionAttributes(this, 'SealerFunction', { functionArn: arn('Sealer'), sameEnvironment: true });
    this.key = Key.fromKeyArn(this, 'Key', props.keyArn ?? arn('SealKey'));
    this.role = Role.fromRoleArn(this, 'Role', arn('SealerRole'));
    this.undeliveredQueue = Queue.fromQueueArn(this, 'Undelivered', arn('Undelivered'));
  }
}
