import type { Journal, StoredRecord } from '@redress/core';

/** A journal as a plain object, so that a test can replace one of its methods. */
export function bound(inner: Journal): { -readonly [K in keyof Journal]: Journal[K] } {
  return {
    kind: inner.kind,
    view: (ref) => inner.view(ref),
    begin: (request) => inner.begin(request),
    append: (entry) => inner.append(entry),
    finish: (request) => inner.finish(request),
    open: () => inner.open(),
    approvals: () => inner.approvals(),
    standing: (place) => inner.standing(place),
    trackRecord: (query) => inner.trackRecord(query),
    read: (query) => inner.read(query),
  };
}

/** All records of a journal, stream by stream. */
export async function recordsOf(journal: Pick<Journal, 'read'>): Promise<StoredRecord[]> {
  const all: StoredRecord[] = [];
  for await (const each of journal.read({ all: true })) all.push(each);
  return all;
}

/** Their kinds. */
export async function kindsOf(journal: Pick<Journal, 'read'>): Promise<string[]> {
  return (await recordsOf(journal)).map(({ record }) => record.kind);
}
