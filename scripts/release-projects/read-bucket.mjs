// What a bucket's encryption is, and what the journal has about it.
import { GetBucketEncryptionCommand, S3Client } from '@aws-sdk/client-s3';
import { awsJournal } from '@redress/evidence/aws';

const endpoint = process.env.ENDPOINT;
const encryption = await new S3Client({ endpoint, forcePathStyle: true }).send(new GetBucketEncryptionCommand({ Bucket: 'open' })).then(
  ({ ServerSideEncryptionConfiguration: found }) => found?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
  (error) => error.name,
);
const journal = awsJournal({ table: 'journal', bucket: 'journal', endpoint });
const resource = { partition: 'aws', account: '123456789012', region: 'us-east-1', type: 'AWS::S3::Bucket', id: 'open' };
const kinds = [];
for await (const { record } of journal.read({ resource })) kinds.push(record.kind);
await journal.close?.();
console.log(JSON.stringify({ encryption, kinds }));
