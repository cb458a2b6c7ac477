import type { Refusal } from '../journal.js';
import { RedressError } from '../model/errors.js';
import { formatResource, type ResourceRef, resource } from '../model/resource.js';
import { persist } from './recorder.js';
import type { Runtime } from './runtime.js';

/** Records that a person wants tried again what AWS has refused on a resource; answers what that is. It is tried when the resource is met next. */
export async function retry(
  runtime: Runtime,
  input: ResourceRef,
  { by, reason = '' }: { readonly by: string; readonly reason?: string },
): Promise<readonly Refusal[]> {
  const stop = (message: string, next: string): never => {
    throw new RedressError('retry/refused', message, { next });
  };
  const ref = resource(input);
  if (by.trim() === '') stop('A retry needs a person.', 'Give who requests it.');
  const { refusals } = await runtime.needJournal('Trying again').view(ref);
  const [newest] = refusals;
  if (newest === undefined) return stop(`There is no refused call on ${formatResource(ref)} to retry.`, '`redress history` shows what happened.');
  const message = `${by} (unverified) requested a retry: ${[...new Set(refusals.map((each) => each.operation))].join(', ')}${reason === '' ? '' : `: ${reason}`}`;
  await persist(runtime, (journal) =>
    journal.append({ kind: 'approval', resource: ref, remediator: newest.remediator, body: { retry: { by: { name: by, verified: false } }, reason, message } }),
  );
  return refusals;
}
