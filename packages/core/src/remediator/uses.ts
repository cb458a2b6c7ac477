import type { Remediator } from './define.js';
import type { OperationUse, ServiceRuntime } from './service.js';

/**
 * The reads that a role gets, of those that a remediator declares. The fix role gets none: the read role finds, decides on, confirms and
 * verifies a fix. The rollback role makes its own reads, because there was no decision before.
 *
 * @example readsFor(remediator.uses, 'rollback')
 */
export function readsFor(uses: Pick<Remediator['uses'], 'reads' | 'finds' | 'decides'>, access: 'read' | 'write' | 'rollback'): readonly OperationUse[] {
  const { reads, finds = [], decides = [] } = uses;
  if (access === 'write') return [];
  const withheld = access === 'read' ? [] : [...finds, ...decides];
  const isWithheld = (service: ServiceRuntime, name: string) => withheld.some((each) => each.service === service && each.operations.includes(name));
  return reads.map((use) => ({ ...use, operations: use.operations.filter((name) => !isWithheld(use.service, name)) }));
}
