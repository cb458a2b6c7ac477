// The code to change, of plans as they really are.
import { CreateBucketCommand, DeleteBucketEncryptionCommand, S3Client } from '@aws-sdk/client-s3';
import { createRedress, definePolicy, resource } from '@redress/core';
import { blockPublicAccess, enforceDefaultEncryption } from '@redress/remediator-s3';
import { testConnect } from '@redress/testing';
import { expect, inject, it } from 'vitest';
import { codeChange } from '../src/index.js';
import { sample } from '../src/internal/sample.js';

it('of a bucket: default encryption and blocked public access, in both languages', async () => {
  const endpoint = inject('moto');
  const s3 = new S3Client({ region: 'us-east-1', endpoint, forcePathStyle: true });
  const id = `notify-${crypto.randomUUID()}`;
  await s3.send(new CreateBucketCommand({ Bucket: id }));
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket: id }));
  const redress = createRedress({
    remediators: [enforceDefaultEncryption, blockPublicAccess],
    policy: definePolicy({ version: 1 }),
    connect: testConnect({ endpoint }),
  });
  const at = resource({ type: 'AWS::S3::Bucket', id, account: '123456789012', region: 'us-east-1' });
  const code = async (remediator: string, tags: Record<string, string>) => {
    const [pass] = await redress.plan(remediator, at);
    return codeChange(sample({ plan: pass?.plan ?? null, resource: at, reasons: [], tags }))?.lines.join('\n');
  };
  const terraform = { ManagedBy: 'terraform' };
  const stack = { 'aws:cloudformation:stack-name': 'web' };
  expect(await code('s3-enforce-default-encryption', stack)).toContain('SSEAlgorithm: "AES256"');
  expect(await code('s3-enforce-default-encryption', terraform)).toContain('sse_algorithm = "AES256"');
  expect(await code('s3-block-public-access-private-bucket', stack)).toContain('RestrictPublicBuckets: true');
  expect(await code('s3-block-public-access-private-bucket', terraform)).toContain(`bucket = ${JSON.stringify(id)}`);
  redress.close();
});
