import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { messageOf } from '@redress/core';
import { mayHold } from '@redress/evidence/reconcile';
import { CliError } from '../errors.js';
import { type Document, documents } from '../files/documents.js';
import { isCompanion } from '../files/foreign.js';
import { inOrder } from '../in-order.js';
import { type Gathered, OneFile } from './trail.js';

/** Objects that are read at the same time. */
const AT_ONCE = 16;

/** A bucket and a prefix in it. */
export interface BucketPlace {
  readonly bucket: string;
  readonly prefix: string;
}

/**
 * `s3://BUCKET/PREFIX`; null for what does not begin like that.
 *
 * @throws {CliError} `cli/usage`
 */
export function bucketPlace(text: string): BucketPlace | null {
  if (!text.startsWith('s3://')) return null;
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined)
    throw new CliError('cli/usage', `${JSON.stringify(text)} is not a bucket.`, { next: 'For example: s3://my-trail/AWSLogs/111111111111' });
  return { bucket, prefix };
}

/**
 * Reads the files of a trail in a bucket. Folders of other days, accounts and services are not listed.
 *
 * @throws {CliError} `cli/file` when the bucket cannot be listed
 */
export async function gatherBucket(config: object, place: BucketPlace, gathered: Gathered): Promise<void> {
  // The bucket of a trail may be in another region than what is asked for.
  const client = new S3Client({ ...config, followRegionRedirects: true, maxAttempts: 5 });
  try {
    let found = 0;
    for await (const keys of listed(client, place, gathered)) {
      found += keys.length;
      await inOrder(keys, AT_ONCE, (key) => read(client, place.bucket, key, gathered));
    }
    if (found === 0) {
      const shown = `s3://${place.bucket}/${place.prefix}`;
      throw new CliError('cli/file', `There is no file for that period in ${shown}.`, { place: { file: shown } });
    }
  } finally {
    client.destroy();
  }
}

async function* listed(client: S3Client, { bucket, prefix }: BucketPlace, gathered: Gathered): AsyncGenerator<readonly string[]> {
  const folders = [prefix];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    let token: string | undefined;
    do {
      try {
        const {
          Contents = [],
          CommonPrefixes = [],
          NextContinuationToken,
        } = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, Delimiter: '/', ...(token === undefined ? {} : { ContinuationToken: token }) }),
        );
        // A folder that the console has made is an object with a slash at its end.
        yield Contents.flatMap(({ Key }) =>
          Key === undefined || Key.endsWith('/') || isCompanion(Key.replace(/^.*\//, '')) || !mayHold(Key, gathered.tree) ? [] : [Key],
        );
        folders.push(...CommonPrefixes.flatMap(({ Prefix }) => (Prefix !== undefined && mayHold(Prefix, gathered.tree) ? [Prefix] : [])));
        token = NextContinuationToken;
      } catch (cause) {
        const shown = `s3://${bucket}/${folder}`;
        throw new CliError('cli/file', `${shown} cannot be listed: ${messageOf(cause)}`, { place: { file: shown }, cause });
      }
    } while (token !== undefined);
  }
}

async function read(client: S3Client, bucket: string, key: string, gathered: Gathered): Promise<void> {
  const file = `s3://${bucket}/${key}`;
  const found: Document[] = [];
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    for await (const document of documents({ file, claims: true }, Body as AsyncIterable<Buffer>)) found.push(document);
  } catch (cause) {
    gathered.errors.push({ code: 'trail/unreadable', message: `It cannot be read: ${messageOf(cause)}`, place: { file } });
    return;
  }
  const one = new OneFile(file, gathered);
  for (const document of found) one.add(document);
  one.end();
}
