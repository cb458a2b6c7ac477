import { CreateTagsCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateKeyCommand, EnableKeyRotationCommand, KMSClient, ScheduleKeyDeletionCommand, TagResourceCommand } from '@aws-sdk/client-kms';
import {
  AddTagsToResourceCommand,
  CreateDocumentCommand,
  DescribeDocumentCommand,
  ModifyDocumentPermissionCommand,
  SSMClient,
  StartAutomationExecutionCommand,
} from '@aws-sdk/client-ssm';
import { type ResourceRef, resource } from '@redress/core';
import { cloudTrailEvent, configComplianceEvent, describeRemediator, type Scenario, type Sdk, securityHubEvent } from '@redress/testing';
import { afterAll, inject } from 'vitest';
import { enableKeyRotationByRunbook, makeDocumentPrivate, reportAssociationNoncompliance, reportPatchNoncompliance } from '../src/index.js';
import { automationService, DOCUMENT, HASH } from './automation-service.js';
import { nodesInFrontOf } from './nodes.js';

declare module 'vitest' {
  interface ProvidedContext {
    moto: string;
  }
}

const service = await automationService(inject('moto'));
afterAll(() => service.close());

async function key(sdk: Sdk, more: object = {}): Promise<ResourceRef> {
  const { KeyMetadata } = await new KMSClient(sdk.config).send(new CreateKeyCommand({ Tags: [{ TagKey: 'team', TagValue: 'payments' }], ...more }));
  return resource({ type: 'AWS::KMS::Key', id: KeyMetadata?.KeyId ?? '', account: sdk.account, region: sdk.region });
}
const common: Pick<Scenario, 'tag' | 'parameters'> = {
  parameters: { documentHash: HASH },
  tag: async (sdk, ref, TagKey, TagValue) => {
    await new KMSClient(sdk.config).send(new TagResourceCommand({ KeyId: ref.id, Tags: [{ TagKey, TagValue }] }));
  },
};

describeRemediator(enableKeyRotationByRunbook, {
  account: { endpoint: service.endpoint },
  scenarios: [
    { ...common, name: 'a key that is not rotated', expect: 'change', arrange: (sdk) => key(sdk) },
    {
      ...common,
      name: 'reported by Security Hub, under its ARN',
      expect: 'change',
      arrange: (sdk) => key(sdk),
      event: (ref) => securityHubEvent({ resource: ref, control: 'KMS.4', resourceId: `arn:aws:kms:${ref.region}:${ref.account}:key/${ref.id}` }),
    },
    {
      ...common,
      name: 'someone has just turned it off',
      expect: 'change',
      arrange: (sdk) => key(sdk),
      event: (ref) =>
        cloudTrailEvent({ account: ref.account, region: ref.region, service: 'kms', operation: 'DisableKeyRotation', request: { keyId: ref.id } }),
    },
    { name: 'a runbook that nobody has reviewed', expect: 'manual', arrange: (sdk) => key(sdk) },
    { name: 'a runbook that is another than was reviewed', expect: 'manual', parameters: { documentHash: 'b'.repeat(64) }, arrange: (sdk) => key(sdk) },
    {
      ...common,
      name: 'a key that is rotated, and whose Automation has ended',
      expect: 'compliant',
      arrange: async (sdk) => {
        const ref = await key(sdk);
        const Parameters = { KeyId: [ref.id] };
        await new SSMClient(sdk.config).send(
          new StartAutomationExecutionCommand({ DocumentName: DOCUMENT, DocumentVersion: '1', Parameters, ClientToken: crypto.randomUUID() }),
        );
        await new KMSClient(sdk.config).send(new EnableKeyRotationCommand({ KeyId: ref.id }));
        return ref;
      },
      event: (ref) => ({
        version: '0',
        id: crypto.randomUUID(),
        'detail-type': 'EC2 Automation Execution Status-change Notification',
        source: 'aws.ssm',
        account: ref.account,
        region: ref.region,
        time: new Date().toISOString(),
        resources: [],
        detail: {
          ExecutionId: service.started.find((each) => each.parameters['KeyId']?.[0] === ref.id)?.id,
          Definition: DOCUMENT,
          DefinitionVersion: '1',
          Status: 'Success',
        },
      }),
    },
    { ...common, name: 'a key to sign with', expect: 'not-applicable', arrange: (sdk) => key(sdk, { KeyUsage: 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256' }) },
    {
      ...common,
      name: 'a key that is about to be deleted',
      expect: 'not-applicable',
      arrange: async (sdk) => {
        const ref = await key(sdk);
        await new KMSClient(sdk.config).send(new ScheduleKeyDeletionCommand({ KeyId: ref.id, PendingWindowInDays: 7 }));
        return ref;
      },
    },
    {
      name: 'a key that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::KMS::Key', id: crypto.randomUUID(), account: sdk.account, region: sdk.region }),
    },
  ],
});

const share = async (sdk: Sdk, Name: string, AccountIdsToAdd: string[]) => {
  await new SSMClient(sdk.config).send(new ModifyDocumentPermissionCommand({ Name, PermissionType: 'Share', AccountIdsToAdd }));
};
const ownDocument =
  (shared: string[], tags: Readonly<Record<string, string>> = {}) =>
  async (sdk: Sdk): Promise<ResourceRef> => {
    const Name = sdk.name('document');
    const Tags = Object.entries({ team: 'operations', ...tags }).map(([Key, Value]) => ({ Key, Value }));
    const Content = JSON.stringify({ schemaVersion: '2.2', description: 'says nothing', mainSteps: [] });
    await new SSMClient(sdk.config).send(new CreateDocumentCommand({ Name, Content, DocumentType: 'Command', DocumentFormat: 'JSON', Tags }));
    if (shared.length > 0) await share(sdk, Name, shared);
    return resource({ type: 'AWS::SSM::Document', id: Name, account: sdk.account, region: sdk.region });
  };
const documents: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: async (sdk, ref, Key, Value) => {
    await new SSMClient(sdk.config).send(new AddTagsToResourceCommand({ ResourceType: 'Document', ResourceId: ref.id, Tags: [{ Key, Value }] }));
  },
  rest: async (sdk, ref) => JSON.stringify((await new SSMClient(sdk.config).send(new DescribeDocumentCommand({ Name: ref.id }))).Document),
  breakAgain: (sdk, ref) => share(sdk, ref.id, ['all']),
};
describeRemediator(makeDocumentPrivate, {
  account: { endpoint: inject('moto') },
  scenarios: [
    { ...documents, name: 'everybody has it', expect: 'change', arrange: ownDocument(['all']) },
    {
      ...documents,
      name: 'someone has just shared it',
      expect: 'change',
      arrange: ownDocument(['all']),
      event: ({ account, region, id }) => cloudTrailEvent({ account, region, service: 'ssm', operation: 'ModifyDocumentPermission', request: { name: id } }),
    },
    { ...documents, name: 'it is published', expect: 'change', hazards: ['shared-on-purpose'], arrange: ownDocument(['all'], { state: 'published' }) },
    { ...documents, name: 'one account has it', expect: 'compliant', arrange: ownDocument(['222222222222']) },
    {
      name: 'a document that is gone',
      expect: 'compliant',
      arrange: async (sdk) => resource({ type: 'AWS::SSM::Document', id: sdk.name('gone'), account: sdk.account, region: sdk.region }),
    },
  ],
});

const nodes = await nodesInFrontOf(inject('moto'));
afterAll(() => nodes.close());
for (const [remediator, type, kind] of [
  [reportPatchNoncompliance, 'AWS::SSM::PatchCompliance', 'Patch'],
  [reportAssociationNoncompliance, 'AWS::SSM::AssociationCompliance', 'Association'],
] as const) {
  const item = (ComplianceType: string, Status: string, Id: string) => ({ ComplianceType, Status, Id, Title: `title of ${Id}`, Severity: 'CRITICAL' });
  const node =
    (...items: readonly (readonly [string, string, string])[]) =>
    async (sdk: Sdk) => {
      const { Instances } = await new EC2Client(sdk.config).send(new RunInstancesCommand({ ImageId: 'ami-12c6146b', MinCount: 1, MaxCount: 1 }));
      const id = Instances?.[0]?.InstanceId ?? '';
      nodes.put(
        id,
        items.map((each) => item(...each)),
      );
      return resource({ type, id, account: sdk.account, region: sdk.region });
    };
  const tagInstance: Scenario['tag'] = async (sdk, { id }, Key, Value) => {
    await new EC2Client(sdk.config).send(new CreateTagsCommand({ Resources: [id], Tags: [{ Key, Value }] }));
  };
  const other = kind === 'Patch' ? 'Association' : 'Patch';

  describeRemediator(remediator, {
    account: { endpoint: nodes.endpoint },
    scenarios: [
      { name: 'a node that does not comply', expect: 'manual', arrange: node([kind, 'NON_COMPLIANT', 'KB1'], [kind, 'COMPLIANT', 'KB2']), tag: tagInstance },
      {
        name: 'named as AWS Config names it',
        expect: 'manual',
        arrange: node([kind, 'NON_COMPLIANT', 'KB1']),
        tag: tagInstance,
        event: ({ account, region, id }) =>
          configComplianceEvent({
            resource: resource({ type, id, account, region }),
            resourceId: `AWS::SSM::ManagedInstanceInventory/${id}`,
            rule: String(remediator.configRules[1]),
          }),
      },
      {
        name: 'a machine from elsewhere',
        expect: 'manual',
        arrange: async (sdk) => {
          const id = `mi-${sdk.name('x').slice(2)}00000`.slice(0, 20);
          nodes.put(id, [item(kind, 'NON_COMPLIANT', 'KB1')]);
          return resource({ type, id, account: sdk.account, region: sdk.region });
        },
        tag: async (sdk, { id }, Key, Value) => {
          await new SSMClient(sdk.config).send(new AddTagsToResourceCommand({ ResourceType: 'ManagedInstance', ResourceId: id, Tags: [{ Key, Value }] }));
        },
      },
      {
        name: 'a node that complies with these, and not with others',
        expect: 'compliant',
        arrange: node([kind, 'COMPLIANT', 'KB1'], [other, 'NON_COMPLIANT', 'other']),
        tag: tagInstance,
      },
      { name: 'a node that was never scanned', expect: 'compliant', arrange: node(), tag: tagInstance },
      {
        name: 'a node that is managed no more',
        expect: 'compliant',
        arrange: async (sdk) => resource({ type, id: 'i-00000000000000000', account: sdk.account, region: sdk.region }),
      },
    ],
  });
}
