// Plans on a key of the emulated account, with a runbook that was reviewed.
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateDocumentCommand, DescribeDocumentCommand, SSMClient } from '@aws-sdk/client-ssm';
import { connectAws } from '@redress/connect';
import { createRedress, definePolicy } from '@redress/core';
import { enableKeyRotationByRunbook } from '@redress/remediator-ssm';

const endpoint = process.env.ENDPOINT;
const Name = 'AWSConfigRemediation-EnableKeyRotation';
const ssm = new SSMClient({ endpoint });
await ssm.send(new CreateDocumentCommand({ Name, DocumentType: 'Automation', DocumentFormat: 'JSON', Content: '{"schemaVersion":"0.3","mainSteps":[]}' }));
const { Document } = await ssm.send(new DescribeDocumentCommand({ Name, DocumentVersion: '1' }));
const { KeyMetadata } = await new KMSClient({ endpoint }).send(new CreateKeyCommand({}));
const policy = definePolicy({
  version: 1,
  environments: { dev: { accounts: ['123456789012'] } },
  remediators: { 'kms-enable-key-rotation-by-runbook': { dev: 'approve', parameters: { documentHash: Document?.Hash ?? null } } },
});
const redress = createRedress({ remediators: [enableKeyRotationByRunbook], policy, connect: connectAws({ endpoint }) });
const resource = { partition: 'aws', account: '123456789012', region: 'us-east-1', type: 'AWS::KMS::Key', id: KeyMetadata?.KeyId ?? '' };
const passes = await redress.plan('kms-enable-key-rotation-by-runbook', resource);
redress.close();
console.log(JSON.stringify([passes].flat().flatMap((pass) => pass.plan?.changes.map((change) => change.call.operation) ?? [])));
