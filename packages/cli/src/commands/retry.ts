import { formatResource, type Journal, namesOfType, type Refusal, type ResourceRef, streamOf } from '@redress/core';
import { type Composition, openJournal } from '../compose.js';
import { CliError } from '../errors.js';
import type { Answer, Io } from '../io.js';
import { printable } from '../printable.js';

/** `redress retry`: has what AWS refused on a resource tried again, and records who wants it. */
export async function retryCommand(
  io: Io,
  composition: Composition,
  subject: string,
  options: { readonly reason?: string; readonly by?: string },
): Promise<Answer> {
  const journal = await openJournal(composition.data, { create: false, clock: composition.clock });
  const redress = composition.engine({ journal });
  const by = options.by ?? io.user;
  const { reason } = options;
  try {
    const named = await resourcesNamed(journal, subject);
    if (named.length === 0)
      throw new CliError('cli/not-found', `The journal in ${composition.data.shown} has no record of ${JSON.stringify(subject)}.`, {
        next: 'Give a resource id or TYPE/ID, as `redress history` shows it.',
      });
    const withRefusals: ResourceRef[] = [];
    for (const ref of named) if ((await journal.view(ref)).refusals.length > 0) withRefusals.push(ref);
    const retried: { readonly resource: ResourceRef; readonly refusals: readonly Refusal[] }[] = [];
    // Where there is nothing to be tried again, the engine says so.
    for (const ref of withRefusals.length === 0 ? named.slice(0, 1) : withRefusals)
      retried.push({ resource: ref, refusals: await redress.retry(ref, { by, ...(reason === undefined ? {} : { reason }) }) });
    const lines = retried.flatMap(({ resource, refusals }) =>
      refusals.map(
        (each) =>
          `${printable(formatResource(resource))}: ${printable(each.operation)}, refused on ${new Date(each.at).toISOString()} (${printable(each.by)}), is tried again the next time the resource is handled.`,
      ),
    );
    return { json: { by, reason: reason ?? null, retried }, text: [...lines, '`redress sweep` does so now.'].join('\n'), exit: 0 };
  } finally {
    redress.close();
    await journal.close?.();
  }
}

/** Resources of that id, or TYPE/ID, that the journal knows. */
async function resourcesNamed(journal: Journal, subject: string): Promise<readonly ResourceRef[]> {
  const found = new Map<string, ResourceRef>();
  for await (const { record } of journal.read({ all: true })) {
    const { resource } = record;
    if (resource.id === subject || namesOfType(resource.type).some((type) => `${type}/${resource.id}` === subject)) found.set(streamOf(resource), resource);
  }
  return [...found.values()];
}
