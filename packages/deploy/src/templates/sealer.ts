import type { JsonObject } from '@redress/core';
import { journalStatements } from '../iam/journal.js';
import { encryptable, keyStatement } from './encryption.js';
import { lambda, log } from './functions.js';
import { alarm, missing, NAMESPACE } from './hub-watch.js';
import { queue, queuePolicy } from './queue.js';
import { role } from './roles.js';
import { target } from './rules.js';
import { att, BOUNDARY, given, ref, sub, type Template, type TemplateParameter, when } from './template.js';

/** Seconds: enough for the first seal of a journal that was not sealed for a long time. */
const TIMEOUT = 900;
const MEMORY_MB = 1024;
const HOUR = 3600;
/** The signing key: that of the stack, until another one has replaced it. */
const KEY: JsonObject = { 'Fn::If': ['HasKey', ref('KeyArn'), att('SealKey')] };
/** How a key signs checkpoints: the message itself, which is what verifiers expect. */
const SIGNING: JsonObject = { StringEquals: { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' } };

/**
 * The sealer: once next to the hub, in its account and region. A schedule, a function with a role of its own, the key that signs checkpoints, and alarms.
 *
 * It is a separate stack, so that people other than the operators of the hub may own it. Only its function signs, and no role of the hub may write what it
 * writes. It reads the journal and adds to its log. It records nothing, and has no permissions on other resources.
 *
 * @example JSON.stringify(sealerTemplate())
 */
export function sealerTemplate(): Template {
  const function_ = lambda('index.seal', 'SealerRole', 'SealerLog', TIMEOUT, 1, {
    REDRESS_TABLE: ref('TableName'),
    REDRESS_BUCKET: ref('BucketName'),
    REDRESS_LOCK_DAYS: ref('EvidenceRetentionDays'),
    REDRESS_SEAL_KEY: KEY,
    REDRESS_SEAL_ORIGIN: ref('Origin'),
    REDRESS_SEAL_REPLACED: ref('ReplacedKeys'),
    REDRESS_SEAL_NEXT_KEY: ref('NextKeyArn'),
    REDRESS_SEAL_ROTATION_BY: ref('RotationBy'),
    REDRESS_SEAL_ROTATION_REASON: ref('RotationReason'),
    REDRESS_DOCUMENTS_DAYS: ref('DocumentsDays'),
    REDRESS_WITNESSES: ref('Witnesses'),
    REDRESS_ANCHOR_BUCKET: ref('AnchorBucket'),
    NODE_OPTIONS: '--enable-source-maps',
  });
  return encryptable({
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Redress, the sealer: signs a checkpoint over all records on a schedule, even if none is new. Deploy it next to the hub.',
    Parameters: parameters(),
    Conditions: {
      HasBoundary: given('PermissionsBoundaryArn'),
      HasCodeVersion: given('CodeVersion'),
      HasAnchor: given('AnchorBucket'),
      HasKey: given('KeyArn'),
      HasNextKey: given('NextKeyArn'),
      HasWitnesses: given('Witnesses'),
      Reserves: { 'Fn::Equals': [ref('ReserveConcurrency'), 'true'] },
    },
    Resources: {
      SealKey: {
        Type: 'AWS::KMS::Key',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          Description: 'Signs checkpoints of the evidence of Redress.',
          KeySpec: 'ECC_NIST_EDWARDS25519',
          KeyUsage: 'SIGN_VERIFY',
          PendingWindowInDays: 30,
          KeyPolicy: { Version: '2012-10-17', Statement: [...keyStatements()] },
        },
      },
      ...role('SealerRole', {
        description: 'Assumed by the function that seals records.',
        trusts: { service: 'lambda.amazonaws.com' },
        statements: statements(),
      }),
      Sealer: { ...function_, Properties: { ...function_.Properties, MemorySize: MEMORY_MB } },
      SealerLog: log(),
      SealerInvocations: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: ref('Sealer'),
          Qualifier: '$LATEST',
          MaximumRetryAttempts: 2,
          MaximumEventAgeInSeconds: HOUR,
          DestinationConfig: { OnFailure: { Destination: att('Undelivered') } },
        },
      },
      SealRule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          Description: 'Seals the records since the last seal.',
          ScheduleExpression: ref('Schedule'),
          State: 'ENABLED',
          Targets: [target({ to: att('Sealer'), deadLetters: 'Undelivered' })],
        },
      },
      SealPermission: {
        Type: 'AWS::Lambda::Permission',
        Properties: { Action: 'lambda:InvokeFunction', FunctionName: ref('Sealer'), Principal: 'events.amazonaws.com', SourceArn: att('SealRule') },
      },
      Undelivered: queue(),
      UndeliveredPolicy: queuePolicy('Undelivered', ['SealRule']),
      ...alarms(),
    },
    Outputs: {
      KeyArn: { Description: 'The signing key: `redress evidence key --kms` makes its trust file.', Value: KEY },
      Origin: { Description: 'Name of the ledger, for `redress evidence key --origin`.', Value: ref('Origin') },
      RoleArn: { Description: 'Role that writes copies of checkpoints: for the policy of AnchorBucket.', Value: att('SealerRole') },
      FunctionArn: { Description: 'Invoke it to seal now.', Value: att('Sealer') },
      UndeliveredUrl: { Description: 'Messages that could not be delivered, and seals that failed three times.', Value: ref('Undelivered') },
    },
  });
}

/** The account may administer the key. Only the function may sign, and only whole messages. */
function keyStatements(): readonly JsonObject[] {
  return [
    {
      ...{ Sid: 'Account', Effect: 'Allow', Principal: { AWS: sub('arn:{AWS::Partition}:iam::{AWS::AccountId}:root') }, Resource: '*' },
      Action: [
        'kms:CancelKeyDeletion',
        'kms:DescribeKey',
        'kms:DisableKey',
        'kms:EnableKey',
        'kms:GetKeyPolicy',
        'kms:GetKeyRotationStatus',
        'kms:GetPublicKey',
        'kms:ListResourceTags',
        'kms:PutKeyPolicy',
        'kms:ScheduleKeyDeletion',
        'kms:TagResource',
        'kms:UntagResource',
        'kms:UpdateKeyDescription',
      ],
    },
    // A replaced key signs nothing more.
    unlessReplaced({ Sid: 'Sealer', Effect: 'Allow', Principal: { AWS: att('SealerRole') }, Action: 'kms:Sign', Resource: '*', Condition: SIGNING }),
    unlessReplaced({ Sid: 'SealerReads', Effect: 'Allow', Principal: { AWS: att('SealerRole') }, Action: 'kms:GetPublicKey', Resource: '*' }),
  ];
}

function statements(): readonly JsonObject[] {
  const objects = (path: string) => sub(`arn:{AWS::Partition}:s3:::{BucketName}/${path}`);
  const table = 'arn:{AWS::Partition}:dynamodb:{AWS::Region}:{AWS::AccountId}:table/{TableName}';
  const copies = sub('arn:{AWS::Partition}:s3:::{AnchorBucket}/*');
  return [
    { Sid: 'Log', Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: att('SealerLog') },
    ...journalStatements('sealer', {
      ...{ table: sub(table), indexes: sub(`${table}/index/*`), bucket: sub('arn:{AWS::Partition}:s3:::{BucketName}'), objects: objects('*') },
      sealer: { log: objects('ledger/*'), own: objects('sealer/*'), checkpoint: objects('ledger/checkpoint') },
    }),
    { Sid: 'Undelivered', Effect: 'Allow', Action: 'sqs:SendMessage', Resource: att('Undelivered') },
    // Copies are created, and never replaced.
    when('HasAnchor', { Sid: 'Anchor', Effect: 'Allow', Action: 's3:PutObject', Resource: copies, Condition: { Null: { 's3:if-none-match': 'false' } } }),
    when('HasAnchor', { Sid: 'AnchorRead', Effect: 'Allow', Action: 's3:GetObject', Resource: copies }),
    ...signs('Key', 'HasKey', 'KeyArn'),
    ...signs('NextKey', 'HasNextKey', 'NextKeyArn'),
    keyStatement('Key', true),
  ];
}

const unlessReplaced = (statement: JsonObject): JsonObject => ({ 'Fn::If': ['HasKey', ref('AWS::NoValue'), statement] });

/** A key outside of the stack: its key policy has to delegate to the policies of the account, or name the role. */
const signs = (name: string, condition: string, parameter: string): JsonObject[] => [
  when(condition, { Sid: `${name}Sign`, Effect: 'Allow', Action: 'kms:Sign', Resource: ref(parameter), Condition: SIGNING }),
  when(condition, { Sid: `${name}Read`, Effect: 'Allow', Action: 'kms:GetPublicKey', Resource: ref(parameter) }),
];

function alarms(): Template['Resources'] {
  const counted = (MetricName: string): JsonObject => ({ Namespace: NAMESPACE, MetricName, Statistic: 'Sum', Period: HOUR });
  const made = {
    SealMissingAlarm: missing(
      'Nothing was sealed for six hours: newer records could be removed without a trace. The log of the sealer shows why.',
      'Sealed',
      3 * HOUR,
    ),
    SealErrorsAlarm: alarm('The sealer ended with an error. See its log; `ledger/corrupt` means that the evidence was changed.', {
      Namespace: 'AWS/Lambda',
      Dimensions: [{ Name: 'FunctionName', Value: ref('Sealer') }],
      MetricName: 'Errors',
      Statistic: 'Sum',
    }),
    SealSkippedAlarm: alarm('Records could not be sealed: they were changed, or are missing. `redress evidence verify` names them.', counted('SealSkipped')),
    CheckpointNotCopiedAlarm: {
      ...alarm(
        'A checkpoint could not be copied to the other bucket. Until one is copied, nothing there shows that the log was set back.',
        counted('CheckpointNotCopied'),
      ),
      Condition: 'HasAnchor',
    },
    CheckpointNotCosignedAlarm: {
      ...alarm('A witness has not cosigned a checkpoint. The log of the sealer shows which, why, and what to do.', counted('CheckpointNotCosigned')),
      Condition: 'HasWitnesses',
    },
    UndeliveredAlarm: alarm('The schedule could not invoke the sealer, or a seal failed three times. The message attributes show why.', {
      Namespace: 'AWS/SQS',
      Dimensions: [{ Name: 'QueueName', Value: att('Undelivered', 'QueueName') }],
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Statistic: 'Maximum',
    }),
  };
  // The topic is that of the hub.
  return Object.fromEntries(
    Object.entries(made).map(([name, each]) => [name, { ...each, Properties: { ...each.Properties, AlarmActions: [ref('NoticesArn')] } }]),
  );
}

function parameters(): Readonly<Record<string, TemplateParameter>> {
  const bucket = '[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]';
  const key = '^$|^arn:[^:]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$';
  return {
    CodeBucket: { Type: 'String', Description: 'Bucket with the code as a ZIP file, in this region, as for the hub. index.mjs exports seal.' },
    CodeKey: { Type: 'String', Description: 'Its key.' },
    CodeVersion: { Type: 'String', Default: '', Description: 'Its version, in a bucket with versions.' },
    TableName: { Type: 'String', Description: 'Output TableName of the hub.', AllowedPattern: '^[\\w.-]{3,255}$' },
    BucketName: { Type: 'String', Description: 'Output BucketName of the hub.', AllowedPattern: `^${bucket}$` },
    NoticesArn: { Type: 'String', Description: 'Output NoticesArn of the hub.', AllowedPattern: '^arn:[^:]+:sns:.+$' },
    EvidenceRetentionDays: {
      Type: 'Number',
      Default: 365,
      MinValue: 1,
      MaxValue: 36_500,
      Description: 'For this many days nobody can delete the log, as for the hub.',
    },
    Origin: {
      Type: 'String',
      Description: 'Name of the ledger, for example example.com/redress. It is in every checkpoint and never changes.',
      AllowedPattern: '^[^\\s+]{1,200}$',
    },
    ReplacedKeys: {
      Type: 'String',
      Default: '',
      Description: 'Public keys that signed for this ledger before, as in the trust file, separated by commas.',
      AllowedPattern: '^\\S{0,2000}$',
    },
    KeyArn: {
      Type: 'String',
      Default: '',
      Description: 'The key that signs, if it has replaced the key of this stack. Empty: the key of this stack signs.',
      AllowedPattern: key,
    },
    NextKeyArn: {
      Type: 'String',
      Default: '',
      Description: 'A key that replaces the signing key: the next seal announces it, and it signs from then on. Give RotationBy and RotationReason.',
      AllowedPattern: key,
    },
    RotationBy: {
      Type: 'String',
      Default: '',
      Description: 'Who replaces the key. It stays in the ledger.',
      AllowedPattern: '^[^\\x00-\\x1f\\x7f]{0,100}$',
    },
    RotationReason: {
      Type: 'String',
      Default: '',
      Description: 'Why the key is replaced. It stays in the ledger.',
      AllowedPattern: '^[^\\x00-\\x1f\\x7f]{0,400}$',
    },
    DocumentsDays: {
      Type: 'Number',
      Default: 0,
      MinValue: 0,
      MaxValue: 36_500,
      Description: 'Days for which each seal keeps the documents of its records, in its own archive. 0: they stay where they are.',
    },
    Schedule: {
      Type: 'String',
      Default: 'rate(1 hour)',
      AllowedValues: ['rate(5 minutes)', 'rate(15 minutes)', 'rate(1 hour)', 'rate(3 hours)'],
      Description: 'Schedule of the seals.',
    },
    Witnesses: {
      Type: 'String',
      Default: '',
      Description: 'Witnesses that are asked to cosign each checkpoint (C2SP tlog-witness): NAME+ID+KEY URL, separated by commas.',
      AllowedPattern: '^$|^[^\\s,]+ https://[^\\s,]+(,[^\\s,]+ https://[^\\s,]+)*$',
    },
    AnchorBucket: {
      Type: 'String',
      Default: '',
      Description: 'Bucket that gets a copy of each checkpoint, usually in another account. Its policy has to let RoleArn put objects.',
      AllowedPattern: `^$|^${bucket}$`,
    },
    ReserveConcurrency: {
      Type: 'String',
      Default: 'true',
      AllowedValues: ['true', 'false'],
      Description: 'Reserve concurrency for the function. The quota of a new account may be too small.',
    },
    LogRetentionDays: {
      Type: 'Number',
      Default: 90,
      AllowedValues: [1, 7, 14, 30, 60, 90, 180, 365, 400, 731, 1827, 3653],
      Description: 'Log retention in days.',
    },
    PermissionsBoundaryArn: BOUNDARY,
  };
}
