import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { type Digest, isRecord, RedressError } from '@redress/core';
import { blobFile, FORMAT, streamFile } from '../layout.js';
import { blobKey, lineOf, recordKey, streamKey, streamNamed } from './journal.js';
import { type Item, Store, type StoreOptions } from './store.js';

/** What {@link exportJournal} takes. */
export interface ExportOptions extends StoreOptions {
  /** Made when it is missing; must hold nothing yet. */
  readonly directory: string;
}

/** What {@link exportJournal} wrote. */
export interface ExportReport {
  readonly streams: number;
  readonly records: number;
  readonly documents: number;
  /**
   * Streams whose head counts records that are not there, or another newest one, or fewer than there are: records were removed at the end,
   * written anew, or put in behind it. The copy cannot show it, since a folder has no heads.
   */
  readonly cut: readonly { readonly stream: Digest; readonly head: number; readonly records: number }[];
}

/** Documents on their way at once. */
const AT_ONCE = 16;
/** More than a stream has. */
const LAST = recordKey(999_999_999_999);

/**
 * Copies a journal into a folder that `verifyFolder` reads: the lines byte for byte as they were hashed. Reads only, and judges nothing: what
 * was tampered with is copied as it is, for the verifier to name.
 *
 * @example await exportJournal({ table: 'redress', bucket: 'redress-evidence', directory: 'copy' }); verifyFolder('copy');
 * @throws {RedressError} `journal/unavailable`; `journal/invalid` when the folder holds a journal already.
 */
export async function exportJournal(options: ExportOptions): Promise<ExportReport> {
  const { directory } = options;
  if ((await exists(`${directory}/FORMAT`)) || (await exists(`${directory}/streams`)))
    throw new RedressError('journal/invalid', `There is a journal in ${directory} already, or a part of one.`, {
      next: 'Give a folder that is empty or does not exist.',
    });
  const store = new Store(options);
  try {
    await mkdir(`${directory}/streams`, { recursive: true });
    let records = 0;
    let documents = 0;
    const cut: ExportReport['cut'][number][] = [];
    const copied = new Set<Digest>();
    const streams = await store.partitions('stream#');
    for (const pk of streams) {
      const stream = streamNamed(pk);
      // Before the records: whatever it counts has to be among them.
      const head = await store.get({ pk, sk: 'head' });
      const file = streamFile(directory, stream);
      await mkdir(dirname(file), { recursive: true });
      const out = createWriteStream(file);
      let count = 0;
      let digest = '';
      let counted = '';
      const pending = new Set<Promise<void>>();
      for await (const item of store.query({ pk: streamKey(stream), from: recordKey(0), to: LAST })) {
        const line = (await lineOf(store, item)) ?? '';
        if (!out.write(`${line}\n`)) await once(out, 'drain');
        count++;
        digest = line.slice(0, line.indexOf(' '));
        if (String(count) === head?.['seq']?.N) counted = digest;
        for (const blob of blobsOf(line)) {
          if (copied.has(blob)) continue;
          copied.add(blob);
          const task = copy(store, directory, blob).then((done) => {
            if (done) documents++;
            pending.delete(task);
          });
          // Told when it is waited for, which may be later.
          task.catch(() => undefined);
          pending.add(task);
          if (pending.size >= AT_ONCE) await Promise.race(pending);
        }
      }
      await Promise.all(pending);
      out.end();
      await finished(out);
      records += count;
      // What was appended meanwhile a head counts that is read after it; what none counts no journal has written.
      const after = count > Number(head?.['seq']?.N ?? 0) ? await store.get({ pk, sk: 'head' }) : head;
      if (isCut(head, count, counted) || count > Number(after?.['seq']?.N ?? 0)) cut.push({ stream, head: Number(head?.['seq']?.N ?? 0), records: count });
    }
    // Last: what was copied in part must not pass for the whole.
    await writeFile(`${directory}/FORMAT`, FORMAT);
    return { streams: streams.length, records, documents, cut };
  } finally {
    await store.close();
  }
}

function isCut(head: Item | null, records: number, counted: string): boolean {
  return head === null || records < Number(head['seq']?.N) || counted !== head['digest']?.S;
}

async function copy(store: Store, directory: string, digest: Digest): Promise<boolean> {
  const text = await store.text(blobKey(digest));
  // Its retention has ended, or it was removed: the verifier says so.
  if (text === null) return false;
  const file = blobFile(directory, digest);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return true;
}

/** The documents of a line, as far as it can be read. */
function blobsOf(line: string): Digest[] {
  try {
    const record: unknown = JSON.parse(line.slice(line.indexOf(' ') + 1));
    const blobs = isRecord(record) ? record['blobs'] : null;
    return isRecord(blobs) ? Object.values(blobs).filter((each): each is Digest => typeof each === 'string' && /^sha256:[0-9a-f]{64}$/.test(each)) : [];
  } catch {
    return [];
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
