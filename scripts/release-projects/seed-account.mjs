// What a function needs of an account, in an emulated one: journal and kill switch; and a bucket without the encryption that its policy asks for.
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { JOURNAL_TABLE } from '@redress/evidence/aws';

const endpoint = process.env.ENDPOINT;
const { TimeToLiveSpecification: _, ...table } = JOURNAL_TABLE;
await new DynamoDBClient({ endpoint }).send(new CreateTableCommand({ ...table, TableName: 'journal' }));
const s3 = new S3Client({ endpoint, forcePathStyle: true });
for (const Bucket of ['journal', 'open']) await s3.send(new CreateBucketCommand({ Bucket }));
await new SSMClient({ endpoint }).send(new PutParameterCommand({ Name: 'stop', Value: 'none', Type: 'String' }));
console.log(JSON.stringify({ seeded: true }));
