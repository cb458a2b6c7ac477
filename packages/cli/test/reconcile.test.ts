// The command over a bucket, and where CloudTrail cannot be asked.
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, inject, it } from 'vitest';
import { ACCOUNT, AT, DAY, event, keyOf, packed, REGION, workplace } from './support/trail.js';

const endpoint = inject('moto');
const { reconcile, recorded } = workplace('--endpoint-url', endpoint, '--region', 'us-east-1');

it('a bucket is read like a folder, and only objects of the period are requested', async () => {
  const [one = '', two = ''] = await recorded('r-1', 'r-2');
  const s3 = new S3Client({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' }, forcePathStyle: true });
  const Bucket = `trail-${crypto.randomUUID()}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const [Key, Body] of [
    [`p/${keyOf(AT)}`, packed(event('r-1', one))],
    [`p/${keyOf(AT, ACCOUNT, 'more')}`, packed(event('r-2', two))],
    [`p/${keyOf(AT - 40 * DAY)}`, Buffer.from('damaged')],
    [`p/AWSLogs/${ACCOUNT}/Config/x`, Buffer.from('damaged')],
  ] as const)
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  expect(await reconcile(`s3://${Bucket}/p`)).toMatchObject({
    exit: 0,
    json: { status: 'agrees', records: { calls: 2, confirmed: 2 }, trail: { files: 2, records: 2 }, errors: [] },
  });
  await s3.send(new PutObjectCommand({ Bucket, Key: `p/${keyOf(AT, ACCOUNT, 'bad')}`, Body: 'damaged' }));
  expect(await reconcile(`s3://${Bucket}/p/AWSLogs/${ACCOUNT}/`)).toMatchObject({
    exit: 2,
    json: { status: 'incomplete', errors: [{ code: 'trail/damaged', place: { file: `s3://${Bucket}/p/${keyOf(AT, ACCOUNT, 'bad')}` } }] },
  });
  expect(await reconcile(`s3://${Bucket}-other/p`)).toMatchObject({ exit: 2, json: { error: { code: 'cli/file' } } });
  expect(await reconcile(`s3://${Bucket}/empty/`)).toMatchObject({
    exit: 2,
    json: { error: { code: 'cli/file', message: expect.stringContaining('There is no file') } },
  });
  s3.destroy();
});

it('an account whose LookupEvents fails is an error with its place, and none of its records is a ghost', async () => {
  await recorded('r-1');
  // This emulator does not know LookupEvents.
  const { exit, json } = await reconcile('--lookup', '--in', REGION);
  expect(json.errors).toMatchObject([{ code: 'trail/unreadable', place: { file: `cloudtrail:LookupEvents 123456789012/${REGION}` } }]);
  expect(json).toMatchObject({ status: 'incomplete', discrepancies: [], uncovered: [{ account: ACCOUNT, records: 1 }] });
  expect(exit).toBe(2);
});
