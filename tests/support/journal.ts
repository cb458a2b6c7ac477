import type { Journal } from '@redress/core';

/** A journal as a plain object, so that a test can replace one of its methods. */
export function bound(inner: Journal): Journal {
  return {
    kind: inner.kind,
    view: (ref) => inner.view(ref),
    begin: (request) => inner.begin(request),
    append: (entry) => inner.append(entry),
    finish: (request) => inner.finish(request),
    open: () => inner.open(),
    approvals: () => inner.approvals(),
    trackRecord: (query) => inner.trackRecord(query),
    read: (query) => inner.read(query),
  };
}
