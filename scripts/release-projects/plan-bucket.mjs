// Plans on a bucket of the emulated account.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { connectAws } from '@redress/connect';
import { createRedress, definePolicy } from '@redress/core';
import { s3Remediators } from '@redress/remediator-s3';

const endpoint = process.env.ENDPOINT;
await new S3Client({ endpoint, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket: 'rehearsal' }));
const redress = createRedress({ remediators: s3Remediators, policy: definePolicy({ version: 1 }), connect: connectAws({ endpoint }) });
const resource = { partition: 'aws', account: '123456789012', region: 'us-east-1', type: 'AWS::S3::Bucket', id: 'rehearsal' };
const passes = await redress.plan('s3-enforce-default-encryption', resource);
redress.close();
console.log(JSON.stringify([passes].flat().flatMap((pass) => pass.plan?.changes.map((change) => change.call.operation) ?? [])));
